//! Makes the seals that are wanting: for every day and month with records that is over and has none.
//!
//! A batch belongs to the period of its last record. The seal of a period covers all batches up to the last one that
//! belongs to it or to an earlier one; records of another time that stand among them (a clock was set back) are covered as
//! well. A period without records gets no seal, so that a row of seals depends on the journal alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use super::error::SealError;
use super::form::Seal;
use super::period::{Kind, Period, moment};
use super::row::{Row, read_row};
use crate::cipher::{SIGNATURE_BYTES, Signer, fill_random, to_hex};
use crate::journal::{Chain, GENESIS, JournalReader, Records, StoredBatch, codec};

/// What is to be sealed, and by whose clock.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Whose journal it is.
    pub cell: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
    /// The last day to seal, and no month; everything that is over when it is not given.
    pub until: Option<Period>,
}

/// Makes what is wanting in `folder`, oldest first, and gives it; nothing when all is sealed. Recomputes the chain over
/// everything that it seals.
///
/// # Errors
/// When the seals in the folder are no row or do not fit the journal: then nothing is made. [`SealError::NotOver`] when
/// `until` is not.
pub fn make_seals(
    reader: &dyn JournalReader,
    folder: &Path,
    signer: &dyn Signer,
    order: &Order,
) -> Result<Vec<Seal>, SealError> {
    let mut wanting = Vec::new();
    for kind in Kind::ALL {
        let under_way = Period::under_way(kind, order.now_ms);
        let until = order.until.filter(|until| until.kind() == kind);
        if let Some(until) = until.filter(|until| *until >= under_way) {
            return Err(SealError::NotOver(until.to_string()));
        }
        if order.until.is_some() && until.is_none() {
            continue;
        }
        let row = read_row(folder, kind)?;
        check_newest(&row, signer)?;
        wanting.push(Wanting::new(row, under_way, until));
    }
    // What stands in the last segment may not be on the disk yet, and a seal outlives a crash.
    reader.settle()?;
    collect(reader, &mut wanting)?;
    let mut made = Vec::new();
    for one in wanting {
        made.extend(one.write(folder, signer, order)?);
    }
    Ok(made)
}

/// The newest seal of a row must be this key's, if it says so.
fn check_newest(row: &Row, signer: &dyn Signer) -> Result<(), SealError> {
    let key = signer.public_key();
    match row.newest() {
        Some(newest) if newest.key == key.fingerprint() => {
            newest.verify(key).map_err(|error| SealError::Signature {
                period: newest.period.to_string(),
                fault: error.to_string(),
            })
        }
        _ => Ok(()),
    }
}

/// Reads what comes after the older of the newest seals, those included.
fn collect(reader: &dyn JournalReader, wanting: &mut [Wanting]) -> Result<(), SealError> {
    let from = wanting.iter().map(|one| one.sealed().0).min();
    let mut fault = None;
    let from = from.unwrap_or(0).max(1);
    if reader.last() >= from {
        reader.verify_from(from, &mut |batch| {
            fault = wanting.iter_mut().find_map(|one| one.take(&batch).err());
            fault.is_none()
        })?;
    }
    match fault {
        Some(fault) => Err(fault),
        None => wanting.iter().try_for_each(Wanting::check_end),
    }
}

/// One row, and the ends of the periods that stand behind it in the journal.
struct Wanting {
    row: Row,
    under_way: Period,
    until: Option<Period>,
    is_found: bool,
    journal: u64,
    ends: BTreeMap<Period, (u64, Chain)>,
}

impl Wanting {
    fn new(row: Row, under_way: Period, until: Option<Period>) -> Self {
        Self {
            is_found: row.newest().is_none(),
            row,
            under_way,
            until,
            journal: 0,
            ends: BTreeMap::new(),
        }
    }

    /// Where the newest seal ends: its last record and the chain value there.
    fn sealed(&self) -> (u64, Chain) {
        let newest = self.row.newest();
        newest.map_or((0, GENESIS), |newest| (newest.last, newest.chain))
    }

    fn take(&mut self, batch: &StoredBatch<'_>) -> Result<(), SealError> {
        let (last, chain) = self.sealed();
        self.journal = batch.journal;
        if batch.last < last {
            return Ok(());
        }
        if batch.last == last {
            let newest = self.row.newest();
            let is_same = newest.is_none_or(|newest| newest.journal == batch.journal);
            if chain != *batch.chain || !is_same {
                return Err(self.unfit("the journal holds something else there"));
            }
            self.is_found = true;
            return Ok(());
        }
        if !self.is_found {
            return Err(self.unfit("no batch ends there"));
        }
        let Some(bytes) = Records::new(batch.payload).last() else {
            return Ok(());
        };
        let head = codec::peek(bytes).map_err(|error| SealError::Journal {
            period: "what comes next".into(),
            last: batch.last,
            fault: error.to_string(),
        })?;
        let period = Period::of(self.row.kind(), head.time_ms);
        self.ends.insert(period, (batch.last, *batch.chain));
        Ok(())
    }

    fn check_end(&self) -> Result<(), SealError> {
        if self.is_found {
            return Ok(());
        }
        Err(self.unfit("the journal ends before it: its end was cut"))
    }

    fn unfit(&self, fault: &str) -> SealError {
        let newest = self.row.newest();
        SealError::Journal {
            period: newest.map_or_else(String::new, |newest| newest.period.to_string()),
            last: self.sealed().0,
            fault: fault.into(),
        }
    }

    /// Signs and writes one seal after another; each is whole and synced before the next names it.
    fn write(
        mut self,
        folder: &Path,
        signer: &dyn Signer,
        order: &Order,
    ) -> Result<Vec<Seal>, SealError> {
        let mut made = Vec::new();
        let mut end = self.sealed();
        for (period, (last, chain)) in std::mem::take(&mut self.ends) {
            if period >= self.under_way || self.until.is_some_and(|until| period > until) {
                break;
            }
            if last > end.0 {
                end = (last, chain);
            }
            let newest = self.row.newest();
            let is_new = newest.is_none_or(|n| period > n.period && end.0 > n.last);
            if !is_new {
                continue;
            }
            let mut seal = Seal {
                cell: order.cell,
                journal: self.journal,
                period,
                number: newest.map_or(1, |newest| newest.number + 1),
                last: end.0,
                chain: end.1,
                sealed: moment(order.now_ms),
                algorithm: signer.public_key().algorithm(),
                key: signer.public_key().fingerprint(),
                previous: newest.map_or(GENESIS, Seal::digest),
                signature: [0; SIGNATURE_BYTES],
            };
            seal.signature = signer.sign(seal.signed_text().as_bytes())?;
            // A device that signs something else than it was asked must not spoil the row.
            seal.verify(signer.public_key())?;
            write_new(folder, &seal.file_name(), &seal.text())?;
            self.row.push(seal.clone());
            made.push(seal);
        }
        Ok(made)
    }
}

/// Writes a file that is whole once it has its name, and never over another.
fn write_new(folder: &Path, name: &str, text: &str) -> Result<(), SealError> {
    let path = folder.join(name);
    let mut own = [0; 8];
    fill_random(&mut own)?;
    let unnamed = folder.join(format!("{name}.{}.new", to_hex(&own)));
    let steps = || {
        fs::create_dir_all(folder)?;
        let mut file = fs::File::create(&unnamed)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&unnamed, &path);
        fs::remove_file(&unnamed)?;
        linked?;
        fs::File::open(folder)?.sync_all()
    };
    steps().map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => SealError::Raced(path.clone()),
        _ => SealError::File {
            path: path.clone(),
            source,
        },
    })
}
