//! Reading snapshots: the newest one that is whole, this journal's, and of use with the archive at hand.

use super::{
    DIGEST_BYTES, HEAD_BYTES, Head, MAGIC, SECTION_HEAD_BYTES, SectionHead, list, section,
};
use crate::disk::{Access, Disk, Stream};
use crate::engine::error::EngineError;
use crate::engine::place::{SHARDS, ShardId};
use crate::engine::recover::{self, Recovered};
use crate::journal::{JournalReader, codec};
use hubu_kernel::record::Body;
use sm3::{Digest, Sm3};
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// The state of the newest snapshot in `folder` that is of use, and the record from which to replay.
///
/// # Errors
/// When the folder is there and can't be read. A snapshot that can't be used is only warned of.
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
    for path in paths {
        match read(disk, &path, archived, reader) {
            Ok(found) => {
                tracing::info!(path = %path.display(), from = found.1, "starting from a snapshot");
                return Ok(Some(found));
            }
            Err(reason) => {
                tracing::warn!(path = %path.display(), reason, "a snapshot is left aside");
            }
        }
    }
    Ok(None)
}

/// The state of one snapshot, or why it is of no use.
fn read(
    disk: &dyn Disk,
    path: &Path,
    archived: Option<u64>,
    reader: &dyn JournalReader,
) -> Result<(Recovered, u64), String> {
    let said = |error: std::io::Error| format!("it can't be read: {error}");
    let file = disk.open(path, Access::Read).map_err(said)?;
    let size = file.size().map_err(said)?;
    let mut file = BufReader::with_capacity(1 << 20, Stream::new(file));
    let mut bytes = [0; HEAD_BYTES];
    file.read_exact(&mut bytes).map_err(said)?;
    assert!(bytes.len() > MAGIC.len());
    let head = Head::from_bytes(&bytes).ok_or("it is no snapshot of this format")?;
    check_use(&head, archived, reader)?;
    let mut digest = Sm3::new();
    digest.update(bytes);
    let mut sections = Sections {
        file,
        digest,
        size,
        buffer: Vec::new(),
    };
    let mut state = Recovered::empty(archived);
    state.secret = Some(head.secret);
    state.last_ms = head.time_ms;
    for version in 1..=head.catalogs {
        let (_, packed) = sections.next()?;
        let version = u16::try_from(version).map_err(|_| "it has too many catalogs")?;
        let catalog = recover::compile(version, packed).map_err(|error| error.to_string())?;
        state.catalogs.push(Arc::new(catalog), Arc::from(packed));
    }
    let mut oldest = head.last;
    for id in 0..SHARDS {
        let (stamp, bytes) = sections.next()?;
        let shard = state.shards.get_mut(id as ShardId);
        section::fill(bytes, archived, shard).map_err(|error| format!("shard {id}: {error}"))?;
        (shard.stamp, shard.last) = (stamp, stamp);
        oldest = oldest.min(stamp);
    }
    sections.finish()?;
    state.last = oldest;
    Ok((state, oldest + 1))
}

fn check_use(head: &Head, archived: Option<u64>, reader: &dyn JournalReader) -> Result<(), String> {
    if head.shards as usize != SHARDS {
        return Err(format!("it has {} shards", head.shards));
    }
    let last = reader.last();
    if head.last > last {
        return Err(format!(
            "it is ahead of the journal: {} > {last}",
            head.last
        ));
    }
    let first = reader.record(1).map_err(|error| error.to_string())?;
    let secret = match codec::decode(&first).map(|record| record.body) {
        Ok(Body::Genesis { secret }) => Some(secret),
        _ => None,
    };
    if secret != Some(head.secret) {
        return Err("it is another journal's".into());
    }
    match archived {
        Some(archived) if archived < head.archived => Err(format!(
            "documents that ended up to {} may be missing, and the archive has them only up to {archived}",
            head.archived
        )),
        _ => Ok(()),
    }
}

struct Sections {
    file: BufReader<Stream>,
    digest: Sm3,
    size: u64,
    buffer: Vec<u8>,
}

impl Sections {
    /// Stamp and bytes of the next section.
    fn next(&mut self) -> Result<(u64, &[u8]), String> {
        let said = |error: std::io::Error| format!("it can't be read: {error}");
        let mut head = [0; SECTION_HEAD_BYTES];
        self.file.read_exact(&mut head).map_err(said)?;
        self.digest.update(head);
        let head = SectionHead::from_bytes(&head)
            .filter(|head| head.length <= self.size)
            .ok_or("a section is longer than the file")?;
        self.buffer.resize(head.length as usize, 0);
        self.file.read_exact(&mut self.buffer).map_err(said)?;
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
