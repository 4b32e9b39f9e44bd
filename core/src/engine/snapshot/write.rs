//! Writing a snapshot, while the engine goes on.

use super::{Head, KEPT, SectionHead, SnapshotReport, file_name, list, section};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::place::SHARDS;
use sm3::{Digest, Sm3};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// What is written goes to the disk in pieces of so many bytes.
const BUFFER_BYTES: usize = 1 << 20;

impl Engine {
    /// Writes a snapshot into `folder`, which is made if it is missing, and lets older ones go. One
    /// thread at a time calls this; it blocks on the disk, and until what it saw is durable.
    ///
    /// # Errors
    /// When the file can't be written, or the journal latched first. Older snapshots stay then.
    pub fn write_snapshot(&self, folder: &Path) -> Result<SnapshotReport, EngineError> {
        let start = Instant::now();
        let partial = folder.join("writing.partial");
        let at = |source| EngineError::Snapshot {
            path: partial.clone(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(at)?;
        let mut written = self.copy(&partial).map_err(at)?;
        // Nothing that a crash could undo may get a name.
        self.watermark().wait_blocking(written.last)?;
        let path = folder.join(file_name(written.last));
        std::fs::rename(&partial, &path)
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|source| EngineError::Snapshot {
                path: path.clone(),
                source,
            })?;
        for old in list(folder).map_err(at)?.into_iter().skip(KEPT) {
            let _kept_a_while_longer = std::fs::remove_file(old);
        }
        written.path = path;
        written.took = start.elapsed();
        Ok(written)
    }

    fn copy(&self, path: &Path) -> std::io::Result<SnapshotReport> {
        let mut head = Head {
            secret: self.secret(),
            archived: 0,
            last: 0,
            time_ms: self.clock().now_ms(),
            catalogs: self.catalogs().sources().len() as u32,
            shards: SHARDS as u32,
        };
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
        out.write_all(&head.to_bytes())?;
        let mut heads = Vec::with_capacity(SHARDS + 1);
        for sources in self.catalogs().sources() {
            heads.push(SectionHead::of(0, sources).to_bytes());
            out.write_all(heads[heads.len() - 1].as_slice())?;
            out.write_all(sources)?;
        }
        let (mut bytes, mut held_max, mut result) = (Vec::new(), Duration::ZERO, Ok(()));
        let mut put = |stamp: u64, bytes: &[u8]| {
            let section = SectionHead::of(stamp, bytes).to_bytes();
            heads.push(section);
            out.write_all(&section)?;
            out.write_all(bytes)
        };
        for id in crate::engine::shard::Shards::ids() {
            let held = Instant::now();
            bytes.clear();
            let stamp = self.look(id, |shard| section::put(shard, &mut bytes));
            held_max = held_max.max(held.elapsed());
            head.last = head.last.max(stamp);
            result = result.and_then(|()| put(stamp, &bytes));
        }
        result?;
        // Asked behind the last shard: what was forgotten since is not missing from any.
        head.archived = if self.archives() {
            self.archived()
        } else {
            head.last
        };
        let mut digest = Sm3::new();
        digest.update(head.to_bytes());
        heads.iter().for_each(|section| digest.update(section));
        out.write_all(&digest.finalize())?;
        let mut file = out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        let size = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&head.to_bytes())?;
        file.sync_all()?;
        let (last, took) = (head.last, Duration::ZERO);
        Ok(SnapshotReport {
            path: path.to_owned(),
            last,
            bytes: size,
            took,
            held_max,
        })
    }
}
