//! Reading snapshots: the newest one that is whole, this journal's, and of use with the archive at hand.

use super::{
    DIGEST_BYTES, HEAD_BYTES, Head, MAGIC, SECTION_HEAD_BYTES, SectionHead, list, section,
};
use crate::disk::{Access, Disk, Stream};
use crate::engine::error::EngineError;
use crate::engine::place::{SHARDS, ShardId};
use crate::engine::recover::Recovered;
use crate::engine::replay;
use crate::journal::{GENESIS, JournalReader, chain_at, codec};
use hubu_kernel::record::Body;
use sm3::{Digest, Sm3};
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// The state of the newest snapshot in `folder` that is of use, and the record from which to replay.
///
/// # Errors
/// When the folder is there and can't be read, or a snapshot shows that the journal has lost records. One that can't be
/// used for another reason is only warned of.
pub(crate) fn newest(
    disk: &dyn Disk,
    folder: &Path,
    archived: Option<u64>,
    reader: &dyn JournalReader,
) -> Result<Option<(Recovered, u64)>, EngineError> {
    let paths = match list(disk, folder) {
        Ok(paths) => paths,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(EngineError::Snapshot {
                path: folder.to_owned(),
                source,
            });
        }
    };
    if let Some(path) = paths.first()
        && reader.last() == 0
    {
        // Even a damaged one tells that there was a journal.
        return Err(EngineError::JournalShort {
            by: format!("the snapshot {}", path.display()),
            holds: last_named(path),
            last: 0,
        });
    }
    for path in paths {
        match read(disk, &path, archived, reader) {
            Ok(found) => {
                tracing::info!(path = %path.display(), from = found.1, "starting from a snapshot");
                return Ok(Some(found));
            }
            Err(Unfit::Ahead(holds)) => {
                return Err(EngineError::JournalShort {
                    by: format!("the snapshot {}", path.display()),
                    holds,
                    last: reader.last(),
                });
            }
            Err(Unfit::Aside(reason)) => {
                tracing::warn!(path = %path.display(), reason, "a snapshot is left aside");
            }
        }
    }
    Ok(None)
}

/// Why a snapshot can't be used.
enum Unfit {
    /// It is damaged, another journal's or too old: the journal tells all without it.
    Aside(String),
    /// It is whole and this journal's, and has this record, which the journal has no more.
    Ahead(u64),
}

impl From<String> for Unfit {
    fn from(reason: String) -> Unfit {
        Unfit::Aside(reason)
    }
}

impl From<&str> for Unfit {
    fn from(reason: &str) -> Unfit {
        Unfit::Aside(reason.into())
    }
}

/// The newest record of a snapshot, as its name says.
fn last_named(path: &Path) -> u64 {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    stem.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The state of one snapshot, or why it is of no use.
fn read(
    disk: &dyn Disk,
    path: &Path,
    archived: Option<u64>,
    reader: &dyn JournalReader,
) -> Result<(Recovered, u64), Unfit> {
    let file = disk.open(path, Access::Read).map_err(unreadable)?;
    let size = file.size().map_err(unreadable)?;
    let file = BufReader::with_capacity(1 << 20, Stream::new(file));
    let (head, state) = parse(file, size, archived, &|head| check_owner(head, reader))?;
    // Only a head that the digest vouches for may be a witness.
    check_course(&head, archived, reader)?;
    let from = state.last + 1;
    Ok((state, from))
}

fn unreadable(error: std::io::Error) -> String {
    format!("it can't be read: {error}")
}

/// The head and the state of a snapshot of `size` bytes, if `wanted` does not turn it down by its head alone.
pub(super) fn parse(
    file: impl Read,
    size: u64,
    archived: Option<u64>,
    wanted: &dyn Fn(&Head) -> Result<(), String>,
) -> Result<(Head, Recovered), String> {
    let (head, mut sections) = Sections::begin(file, size)?;
    wanted(&head)?;
    if head.shards as usize != SHARDS {
        return Err(format!("it has {} shards", head.shards));
    }
    let mut state = Recovered::empty(archived);
    state.secret = Some(head.secret);
    state.last_ms = head.time_ms;
    for version in 1..=head.catalogs {
        let (_, packed) = sections.next()?;
        let version = u16::try_from(version).map_err(|_| "it has too many catalogs")?;
        let catalog = replay::compile(version, packed).map_err(|error| error.to_string())?;
        state.catalogs.push(Arc::new(catalog), Arc::from(packed));
    }
    state.last = head.last;
    for id in 0..SHARDS {
        let (stamp, bytes) = sections.next()?;
        let shard = state.shards.get_mut(id as ShardId);
        section::fill(bytes, archived, shard).map_err(|error| format!("shard {id}: {error}"))?;
        let mut catalogs = shard
            .documents
            .values()
            .map(|document| document.entry.catalog);
        if !catalogs.all(|version| state.catalogs.find(version).is_some()) {
            return Err(format!(
                "shard {id}: it names a catalog that it does not bring"
            ));
        }
        (shard.stamp, shard.last) = (stamp, stamp);
        state.last = state.last.min(stamp);
    }
    sections.finish()?;
    Ok((head, state))
}

/// Reads a snapshot to its digest and makes nothing of it. A start from it needs the records behind the returned one.
pub(super) fn check(file: impl Read, size: u64) -> Result<u64, String> {
    let (head, mut sections) = Sections::begin(file, size)?;
    for _ in 0..head.catalogs {
        sections.next()?;
    }
    let mut oldest = head.last;
    for _ in 0..head.shards {
        let (stamp, _) = sections.next()?;
        oldest = oldest.min(stamp);
    }
    sections.finish()?;
    Ok(oldest)
}

fn check_owner(head: &Head, reader: &dyn JournalReader) -> Result<(), String> {
    let first = reader.record(1).map_err(|error| error.to_string())?;
    let secret = match codec::decode(&first).map(|record| record.body) {
        Ok(Body::Genesis { secret }) => Some(secret),
        _ => None,
    };
    if secret != Some(head.secret) {
        return Err("it is another journal's".into());
    }
    Ok(())
}

/// Whether the journal went the way that the snapshot saw, and came as far.
fn check_course(
    head: &Head,
    archived: Option<u64>,
    reader: &dyn JournalReader,
) -> Result<(), Unfit> {
    if head.last > reader.last() {
        return Err(Unfit::Ahead(head.last));
    }
    let chain = chain_at(reader, head.last).map_err(|error| error.to_string())?;
    if chain.unwrap_or(GENESIS) != head.chain {
        return Err("the journal took another course after it was put back from a copy".into());
    }
    match archived {
        Some(archived) if archived < head.archived => Err(Unfit::Aside(format!(
            "documents that ended up to {} may be missing, and the archive has them only up to {archived}",
            head.archived
        ))),
        _ => Ok(()),
    }
}

struct Sections<R> {
    file: R,
    digest: Sm3,
    size: u64,
    buffer: Vec<u8>,
}

impl<R: Read> Sections<R> {
    /// The head of a snapshot of `size` bytes, and the sections behind it.
    fn begin(mut file: R, size: u64) -> Result<(Head, Sections<R>), String> {
        let mut bytes = [0; HEAD_BYTES];
        file.read_exact(&mut bytes).map_err(unreadable)?;
        assert!(bytes.len() > MAGIC.len());
        let head = Head::from_bytes(&bytes).ok_or("it is no snapshot of this format")?;
        let mut digest = Sm3::new();
        digest.update(bytes);
        let buffer = Vec::new();
        let sections = Sections {
            file,
            digest,
            size,
            buffer,
        };
        Ok((head, sections))
    }

    /// Stamp and bytes of the next section.
    fn next(&mut self) -> Result<(u64, &[u8]), String> {
        let mut head = [0; SECTION_HEAD_BYTES];
        self.file.read_exact(&mut head).map_err(unreadable)?;
        self.digest.update(head);
        let head = SectionHead::from_bytes(&head)
            .filter(|head| head.length <= self.size)
            .ok_or("a section is longer than the file")?;
        self.buffer.resize(head.length as usize, 0);
        self.file.read_exact(&mut self.buffer).map_err(unreadable)?;
        if crc32fast::hash(&self.buffer) != head.crc {
            return Err("a section's checksum is wrong".into());
        }
        Ok((head.stamp, &self.buffer))
    }

    fn finish(mut self) -> Result<(), String> {
        let mut written = Vec::with_capacity(DIGEST_BYTES);
        self.file
            .read_to_end(&mut written)
            .map_err(|error| error.to_string())?;
        if written == self.digest.finalize().as_slice() {
            Ok(())
        } else {
            Err("its digest is wrong".into())
        }
    }
}
