//! Writing a snapshot, while the engine goes on.

use super::{Head, KEPT, SectionHead, SnapshotReport, file_name, list, section};
use crate::disk::{Access, Stream};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::place::SHARDS;
use sm3::{Digest, Sm3};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is written goes to the disk in pieces of so many bytes.
const BUFFER_BYTES: usize = 1 << 20;

/// A snapshot that is on the disk and has no name yet: what it saw may not be durable.
#[derive(Debug)]
#[must_use = "it gets its name by `Engine::name_snapshot`"]
pub struct Copied {
    folder: PathBuf,
    partial: PathBuf,
    begun: Instant,
    report: SnapshotReport,
}

impl Copied {
    /// The newest record in it.
    pub fn last(&self) -> u64 {
        self.report.last
    }
}

impl Engine {
    /// Writes a snapshot into `folder`, which is made if it is missing, and lets older ones go. One
    /// thread at a time calls this; it blocks on the disk, and until what it saw is durable.
    ///
    /// # Errors
    /// When the file can't be written, or the journal latched first. Older snapshots stay then.
    pub fn write_snapshot(&self, folder: &Path) -> Result<SnapshotReport, EngineError> {
        let copied = self.copy_snapshot(folder)?;
        self.watermark().wait_blocking(copied.last())?;
        self.name_snapshot(copied)
    }

    /// The first half of [`Engine::write_snapshot`]: copies every shard.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn copy_snapshot(&self, folder: &Path) -> Result<Copied, EngineError> {
        let begun = Instant::now();
        let partial = folder.join("writing.partial");
        let report = self.make_folder_and_copy(folder, &partial);
        let report = report.map_err(|source| EngineError::Snapshot {
            path: partial.clone(),
            source,
        })?;
        Ok(Copied {
            folder: folder.to_owned(),
            partial,
            begun,
            report,
        })
    }

    /// The second half: gives it its name, once what it saw is durable.
    ///
    /// # Errors
    /// When that fails.
    pub fn name_snapshot(&self, copied: Copied) -> Result<SnapshotReport, EngineError> {
        // Nothing that a crash could undo may get a name.
        assert!(
            copied.report.last <= self.watermark().durable(),
            "a snapshot gets its name once all that it saw is durable"
        );
        let mut report = copied.report;
        report.path = copied.folder.join(file_name(report.last));
        self.disk()
            .rename(&copied.partial, &report.path)
            .and_then(|()| self.disk().sync_folder(&copied.folder))
            .and_then(|()| list(self.disk(), &copied.folder))
            .map(|all| {
                for old in all.into_iter().skip(KEPT) {
                    let _kept_a_while_longer = self.disk().remove(&old);
                }
            })
            .map_err(|source| EngineError::Snapshot {
                path: report.path.clone(),
                source,
            })?;
        report.took = copied.begun.elapsed();
        Ok(report)
    }

    fn make_folder_and_copy(
        &self,
        folder: &Path,
        partial: &Path,
    ) -> std::io::Result<SnapshotReport> {
        self.disk().make_folder(folder)?;
        match self.disk().remove(partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => self.copy(partial),
        }
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
        let file = self.disk().open(path, Access::Create)?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, Stream::new(Arc::clone(&file)));
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
        let out = out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        // The head again, now that all of it is known.
        Stream::new(Arc::clone(&file)).write_all(&head.to_bytes())?;
        file.sync()?;
        let (last, took) = (head.last, Duration::ZERO);
        Ok(SnapshotReport {
            path: path.to_owned(),
            last,
            bytes: out.position(),
            took,
            held_max,
        })
    }
}
