//! Snapshots (快照): short starts. A snapshot is never needed for correctness: one that is damaged,
//! foreign or too old is left aside, and the journal tells all.
//!
//! ```text
//! file    = head | section for each catalog | section for each shard | SM3 of head and section heads
//! head    = "HUBUSNAP" | format u32 | secret 16 bytes | archived u64 | last u64 | time u64
//!         | catalogs u32 | shards u32 | chain 32 bytes
//! section = length u64 | stamp u64 | CRC-32 of the bytes u32 | bytes
//! ```
//! Numbers are little-endian. A catalog's bytes are its packed sources; `section` draws a shard's.
//! Each shard was copied under its own lock, at its own stamp: it has all records up to the stamp that
//! concern it and none behind. The world did not stop, so stamps differ; `last` is the highest, and
//! was durable before the file got its name; `chain` is the chain value of the batch that holds it.
//! The CRCs vouch for the bytes and the digest for their order and number.
//!
//! A journal that was put back from an older copy may take another course from there on, under the same
//! secret. `chain` tells such a snapshot from one of this course. And one that is whole and ahead of the
//! journal is no short cut but a witness: records were durable that are there no more. Then nothing starts.

mod read;
mod section;
mod shelve;
mod write;

use crate::disk::Disk;
use crate::journal::Chain;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use read::newest;
pub use write::Copied;

/// How many snapshots are kept.
const KEPT: usize = 2;

const MAGIC: &[u8; 8] = b"HUBUSNAP";
const FORMAT: u32 = 3;
const ENDING: &str = "snapshot";

/// What was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotReport {
    /// The file.
    pub path: PathBuf,
    /// The newest record in it.
    pub last: u64,
    /// Its size.
    pub bytes: u64,
    /// How long it took; of that, no shard was held longer than `held_max`.
    pub took: Duration,
    /// The longest that one shard was locked.
    pub held_max: Duration,
}

/// What stands before the sections.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    /// The cell's.
    secret: [u8; 16],
    /// Documents that ended up to here may be missing.
    archived: u64,
    /// The highest stamp.
    last: u64,
    /// When it was written: milliseconds since 1970-01-01 UTC.
    time_ms: u64,
    catalogs: u32,
    shards: u32,
    /// Chain value of the batch that holds `last` (zero when that is 0).
    chain: Chain,
}

// All but the secret.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("archived", &self.archived)
            .field("last", &self.last)
            .field("time_ms", &self.time_ms)
            .finish_non_exhaustive()
    }
}

const HEAD_BYTES: usize = 8 + 4 + 16 + 3 * 8 + 2 * 4 + size_of::<Chain>();
const SECTION_HEAD_BYTES: usize = 8 + 8 + 4;
const DIGEST_BYTES: usize = 32;

impl Head {
    fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.secret);
        for (at, number) in [self.archived, self.last, self.time_ms].iter().enumerate() {
            bytes[28 + 8 * at..36 + 8 * at].copy_from_slice(&number.to_le_bytes());
        }
        bytes[52..56].copy_from_slice(&self.catalogs.to_le_bytes());
        bytes[56..60].copy_from_slice(&self.shards.to_le_bytes());
        bytes[60..].copy_from_slice(&self.chain);
        bytes
    }

    /// The head, if these bytes are one of this format.
    fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Option<Head> {
        let long = |at: usize| bytes[at..].first_chunk().copied().map(u64::from_le_bytes);
        let short = |at: usize| bytes[at..].first_chunk().copied().map(u32::from_le_bytes);
        let known = bytes.starts_with(MAGIC) && short(8) == Some(FORMAT);
        Some(Head {
            secret: *bytes[12..].first_chunk()?,
            archived: long(28)?,
            last: long(36)?,
            time_ms: long(44)?,
            catalogs: short(52)?,
            shards: short(56)?,
            chain: *bytes[60..].first_chunk()?,
        })
        .filter(|_| known)
    }
}

/// What stands before the bytes of a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SectionHead {
    length: u64,
    stamp: u64,
    crc: u32,
}

impl SectionHead {
    fn of(stamp: u64, bytes: &[u8]) -> SectionHead {
        SectionHead {
            length: bytes.len() as u64,
            stamp,
            crc: crc32fast::hash(bytes),
        }
    }

    fn to_bytes(self) -> [u8; SECTION_HEAD_BYTES] {
        let mut bytes = [0; SECTION_HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.stamp.to_le_bytes());
        bytes[16..].copy_from_slice(&self.crc.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; SECTION_HEAD_BYTES]) -> Option<SectionHead> {
        Some(SectionHead {
            length: u64::from_le_bytes(*bytes.first_chunk()?),
            stamp: u64::from_le_bytes(*bytes[8..].first_chunk()?),
            crc: u32::from_le_bytes(*bytes[16..].first_chunk()?),
        })
    }
}

/// Reads a snapshot of no journal: its newest record and the number of rows.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_bytes(bytes: &[u8]) -> Result<(u64, u64), String> {
    let (head, mut state) = read::parse(bytes, bytes.len() as u64, Some(0), &|_| Ok(()))?;
    let shards = crate::engine::shard::Shards::ids();
    let rows = shards.map(|id| state.shards.get_mut(id).rows.len() as u64);
    Ok((head.last, rows.sum()))
}

/// Reads the bytes of one shard, and writes it again.
#[cfg(feature = "fuzzing")]
pub(crate) fn shard_again(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut shard = crate::engine::shard::Shard::default();
    section::fill(bytes, Some(0), &mut shard).ok()?;
    let mut again = Vec::new();
    section::put(&shard, &mut again);
    Some(again)
}

/// The name of the snapshot whose newest record is `last`: names sort as their records do.
fn file_name(last: u64) -> String {
    format!("{last:020}.{ENDING}")
}

/// The snapshots of a folder, newest first.
fn list(disk: &dyn Disk, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let names = disk.list(folder)?;
    let mut found: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    found.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
    found.sort_unstable_by(|a, b| b.cmp(a));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back_and_another_format_is_refused() {
        let head = Head {
            secret: [7; 16],
            archived: 1,
            last: 2,
            time_ms: 3,
            catalogs: 4,
            shards: 5,
            chain: [6; 32],
        };
        let mut bytes = head.to_bytes();
        assert_eq!(Head::from_bytes(&bytes), Some(head));
        bytes[8] = 9;
        assert_eq!(Head::from_bytes(&bytes), None);
        let section = SectionHead::of(11, b"bytes");
        assert_eq!(SectionHead::from_bytes(&section.to_bytes()), Some(section));
    }
}
