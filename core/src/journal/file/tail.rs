//! Judges what lies behind the last whole batch: a clean end, the torn remains of one unfinished write, or damage.
//!
//! Two facts tell them apart. Each batch is synced before the next is written, so behind a torn one nothing valid can
//! follow. And the space was zeros before, written by the disk in sectors, so a torn one still shows a sector of zeros.
//! What does not was whole once, and is damaged. The caller has seen that the file has its full size.

use super::scanner::Scanner;
use crate::journal::error::JournalError;
use crate::journal::header::{HEADER_BYTES, Header, MAGIC};

/// The unit that a disk writes wholly or not at all.
const SECTOR: u64 = 512;
/// Bytes looked through at once.
const PIECE: usize = 1 << 20;

/// What lies behind the last whole batch of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Zeros to the end.
    Clean,
    /// Remains of one unfinished write, up to this offset (exclusive).
    Torn { end: u64 },
    /// Something that was durable is there no more.
    Damage { reason: String },
}

/// Judges the rest of the scanner's segment from its position on, where no whole batch begins. `header` is the one found
/// there, if it was readable; `last` the record before.
pub(super) fn judge(
    scanner: &mut Scanner<'_>,
    header: Option<&Header>,
    last: u64,
) -> Result<Rest, JournalError> {
    let at = scanner.offset;
    let Some(end) = last_written(scanner, at)? else {
        return Ok(Rest::Clean);
    };
    let behind = at + header.map_or(1, |_| HEADER_BYTES as u64);
    if let Some((offset, later)) = find_batch(scanner, behind, end, last)? {
        return Ok(Rest::Damage {
            reason: format!(
                "yet the batch of records {}..={} follows at byte {offset}",
                later.first, later.last
            ),
        });
    }
    let length = header.map_or(0, |header| u64::from(header.length));
    if has_blank_sector(scanner, at, at + HEADER_BYTES as u64 + length)? {
        Ok(Rest::Torn { end })
    } else {
        Ok(Rest::Damage {
            reason: "yet every sector of it was written, so that it was whole once".into(),
        })
    }
}

/// Offset behind the last byte that is not zero, from `at` on; none when there is no such byte.
fn last_written(scanner: &mut Scanner<'_>, at: u64) -> Result<Option<u64>, JournalError> {
    let mut end = None;
    let mut offset = at;
    loop {
        let window = scanner.window(offset, PIECE)?;
        let bytes = scanner.bytes(window);
        if bytes.is_empty() {
            return Ok(end);
        }
        // Whole zero pieces are the rule; comparing them with themselves, shifted, is as quick as memory.
        let blank = bytes[0] == 0 && bytes[1..] == bytes[..bytes.len() - 1];
        if !blank && let Some(index) = bytes.iter().rposition(|byte| *byte != 0) {
            end = Some(offset + index as u64 + 1);
        }
        offset += bytes.len() as u64;
    }
}

/// The first valid header between two offsets that comes after record `last`.
fn find_batch(
    scanner: &mut Scanner<'_>,
    from: u64,
    end: u64,
    last: u64,
) -> Result<Option<(u64, Header)>, JournalError> {
    let owner = scanner.owner();
    let mut offset = from;
    while offset < end {
        let window = scanner.window(offset, PIECE)?;
        let bytes = scanner.bytes(window);
        for (index, candidate) in bytes.array_windows::<HEADER_BYTES>().enumerate() {
            if candidate[..4] != MAGIC {
                continue;
            }
            if let Ok(header) = Header::decode(candidate)
                && (header.journal, header.cell) == owner
                && header.first > last
            {
                return Ok(Some((offset + index as u64, header)));
            }
        }
        if bytes.len() < PIECE {
            break;
        }
        // The next piece overlaps, for a header that lies across the border.
        offset += (PIECE - HEADER_BYTES + 1) as u64;
    }
    Ok(None)
}

/// Whether the part of any sector between two offsets is all zero, or lies past the end of the segment.
fn has_blank_sector(scanner: &mut Scanner<'_>, from: u64, to: u64) -> Result<bool, JournalError> {
    let mut at = from;
    while at < to {
        if at >= scanner.segment.size {
            return Ok(true);
        }
        let border = (at / SECTOR + 1) * SECTOR;
        let length = (border.min(to) - at) as usize;
        let window = scanner.window(at, length)?;
        if scanner.bytes(window).iter().all(|byte| *byte == 0) {
            return Ok(true);
        }
        at = border;
    }
    Ok(false)
}
