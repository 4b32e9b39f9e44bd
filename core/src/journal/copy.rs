//! Copies of a journal (备份与恢复): its durable batches, checked on the way, in another place.
//!
//! Into a folder they go as they are, under the same number, epochs and chain values, so that whoever kept a chain value can
//! prove the copy by it; and a copy made earlier is gone on with. Into a database, or behind a batch that was cut short,
//! they get a new chain: then the records are the same, and so is the state that they make.

use std::path::Path;
use std::sync::Arc;

use super::error::JournalError;
use super::file::FileJournal;
use super::framing::{Records, push_record};
use super::setting::Settings;
use super::{Batch, Chain, Journal, JournalReader, StoredBatch};
use crate::disk::OsDisk;

/// What a copy came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Records that were there before.
    pub before: u64,
    /// The last record that is there now.
    pub last: u64,
    /// Batches copied.
    pub batches: u64,
    /// Bytes of records copied.
    pub bytes: u64,
}

/// Copies all that `source` holds, up to the record `until`, into a folder that is new or holds an earlier copy. `told` hears
/// of the last record copied so far, batch by batch.
///
/// # Errors
/// [`JournalError::Foreign`] when the folder holds something else, or a copy of another course of this journal; otherwise
/// as for reading the one and writing the other.
pub fn copy_into_folder(
    source: &dyn JournalReader,
    folder: &Path,
    settings: &Settings,
    until: u64,
    told: &mut dyn FnMut(u64),
) -> Result<(Copied, Chain), JournalError> {
    source.settle()?;
    let mut number = None;
    source.scan(1, &mut |batch| {
        number = Some(batch.journal);
        false
    })?;
    let number = number.ok_or(JournalError::NotFound { seq: 1, last: 0 })?;
    let mut target = FileJournal::open_numbered(Arc::new(OsDisk), folder, settings, Some(number))?;
    let begun = target.end();
    continues(source, begun, folder)?;
    let copied = copy(source, begun.0, until, told, &mut |batch| match batch {
        Piece::Whole(batch) => target.append_stored(&batch),
        Piece::Cut(batch) => target.append(&batch),
    })?;
    Ok((copied, target.end().1))
}

/// Copies the records of `source` up to `until` into a journal that is empty.
///
/// # Errors
/// [`JournalError::Foreign`] when it is not empty; otherwise as for reading the one and writing the other.
pub fn copy_into(
    source: &dyn JournalReader,
    target: &mut dyn Journal,
    until: u64,
    told: &mut dyn FnMut(u64),
) -> Result<Copied, JournalError> {
    if target.last() > 0 {
        return Err(JournalError::Foreign {
            place: "the journal to restore into".into(),
            reason: format!("it holds {} records; choose an empty one", target.last()),
        });
    }
    copy(source, 0, until, told, &mut |piece| match piece {
        Piece::Whole(batch) => target.append(&Batch {
            first: batch.first,
            last: batch.last,
            payload: batch.payload,
        }),
        Piece::Cut(batch) => target.append(&batch),
    })
}

/// What is copied at once.
enum Piece<'a> {
    /// A batch as it is.
    Whole(StoredBatch<'a>),
    /// The beginning of one.
    Cut(Batch<'a>),
}

fn copy(
    source: &dyn JournalReader,
    before: u64,
    until: u64,
    told: &mut dyn FnMut(u64),
    put: &mut dyn FnMut(Piece<'_>) -> Result<(), JournalError>,
) -> Result<Copied, JournalError> {
    let mut copied = Copied {
        before,
        last: before,
        batches: 0,
        bytes: 0,
    };
    let mut done = Ok(());
    source.scan(before + 1, &mut |batch| {
        if batch.first > until {
            return false;
        }
        let cut;
        let (piece, last, bytes) = if batch.last <= until {
            (Piece::Whole(batch), batch.last, batch.payload.len())
        } else {
            cut = beginning(&batch, until);
            let piece = Batch {
                first: batch.first,
                last: until,
                payload: &cut,
            };
            (Piece::Cut(piece), until, cut.len())
        };
        done = put(piece);
        copied.last = last;
        copied.batches += 1;
        copied.bytes += bytes as u64;
        told(last);
        done.is_ok() && last < until
    })?;
    done.map(|()| copied)
}

/// The records of a batch up to `until`.
fn beginning(batch: &StoredBatch<'_>, until: u64) -> Vec<u8> {
    assert!(
        (batch.first..batch.last).contains(&until),
        "a part of it is wanted"
    );
    let mut payload = Vec::new();
    let wanted = (until - batch.first + 1) as usize;
    Records::new(batch.payload)
        .take(wanted)
        .for_each(|record| push_record(&mut payload, record));
    payload
}

/// Whether the copy that ends so is a beginning of the source.
fn continues(
    source: &dyn JournalReader,
    (last, chain): (u64, Chain),
    folder: &Path,
) -> Result<(), JournalError> {
    if last == 0 {
        return Ok(());
    }
    let mut is_same = false;
    if last <= source.last() {
        source.scan(last, &mut |batch| {
            is_same = batch.last == last && *batch.chain == chain;
            false
        })?;
    }
    match is_same {
        true => Ok(()),
        false => Err(JournalError::Foreign {
            place: folder.display().to_string(),
            reason: format!(
                "its record {last} is not the journal's: it was cut there, or one of the two took another course after it was put back from a copy; copy into a new folder"
            ),
        }),
    }
}
