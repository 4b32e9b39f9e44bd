//! The seals of one kind in a folder, in order, each naming the one before it.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::error::SealError;
use super::form::{SEAL_BYTES_MAX, Seal};
use super::period::Kind;
use crate::journal::GENESIS;

/// More seals than three hundred years have days: a folder with more of them is not one of ours.
const SEALS_MAX: usize = 120_000;

/// All seals of one kind, from the first to the newest.
#[derive(Clone, Debug)]
pub struct Row {
    kind: Kind,
    seals: Vec<Seal>,
}

impl Row {
    /// Days or months.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// From the first to the newest; numbers, periods and records ascend.
    pub fn seals(&self) -> &[Seal] {
        &self.seals
    }

    /// The newest.
    pub fn newest(&self) -> Option<&Seal> {
        self.seals.last()
    }

    pub(super) fn push(&mut self, seal: Seal) {
        self.seals.push(seal);
    }

    fn fault(&self, fault: String) -> SealError {
        SealError::Row {
            kind: self.kind.name(),
            fault,
        }
    }

    /// Whether every seal follows the one before it.
    fn check(&self) -> Result<(), SealError> {
        let mut before: Option<&Seal> = None;
        for seal in &self.seals {
            let wanted = before.map_or(1, |before| before.number + 1);
            let behind = before.map_or("the beginning".into(), |b| format!("{}", b.period));
            if seal.number != wanted {
                let text = format!(
                    "number {wanted} is missing between {behind} and {} (number {})",
                    seal.period, seal.number
                );
                return Err(self.fault(text));
            }
            let digest = before.map_or(GENESIS, Seal::digest);
            if seal.previous != digest {
                let text = format!(
                    "{} names another seal before it than that of {behind}: one of the two was exchanged",
                    seal.period
                );
                return Err(self.fault(text));
            }
            let ascends = before.is_none_or(|b| b.period < seal.period && b.last < seal.last);
            let is_same = before.is_none_or(|b| b.cell == seal.cell && b.journal == seal.journal);
            if !ascends || !is_same || seal.last == 0 {
                let text = format!("{} does not follow {behind}", seal.period);
                return Err(self.fault(text));
            }
            before = Some(seal);
        }
        Ok(())
    }
}

/// Reads the seals of a kind; a folder that is not there has none. Files with other names are left alone.
///
/// # Errors
/// [`SealError::Form`] names a file that is no seal, [`SealError::Row`] what is missing.
pub fn read_row(folder: &Path, kind: Kind) -> Result<Row, SealError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SealError::File { path, source }
    };
    let mut row = Row {
        kind,
        seals: Vec::new(),
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(row),
        entries => entries.map_err(failed(folder))?,
    };
    for entry in entries {
        let path = entry.map_err(failed(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with(kind.name()) || !name.ends_with(".seal") {
            continue;
        }
        if row.seals.len() == SEALS_MAX {
            return Err(row.fault(format!("the folder holds more than {SEALS_MAX}")));
        }
        let fault = |fault: String| SealError::Form {
            path: path.clone(),
            fault,
        };
        let file = fs::File::open(&path).map_err(failed(&path))?;
        let mut text = Vec::new();
        file.take(SEAL_BYTES_MAX as u64 + 1)
            .read_to_end(&mut text)
            .map_err(failed(&path))?;
        let text = String::from_utf8(text).map_err(|_| fault("it is not text".into()))?;
        let seal = Seal::parse(&text).map_err(fault)?;
        if *name != *seal.file_name() {
            return Err(fault(format!("its name should be {}", seal.file_name())));
        }
        row.seals.push(seal);
    }
    row.seals.sort_by_key(|seal| (seal.number, seal.period));
    row.check()?;
    Ok(row)
}
