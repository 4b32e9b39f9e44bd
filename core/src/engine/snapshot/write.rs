//! Writing a snapshot, while the engine goes on.

use super::{Head, KEPT, SectionHead, SnapshotReport, file_name, list, section};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::place::SHARDS;
use crate::engine::shard::Shards;
use crate::journal::{GENESIS, chain_at};
use sm3::{Digest, Sm3};
use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
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
        let mut draft = Draft::begin(self, &partial).map_err(at)?;
        draft.put_shards(self).map_err(at)?;
        // Nothing that a crash could undo may get a name.
        self.watermark().wait_blocking(draft.head.last)?;
        draft.head.chain = chain_at(&**self.journal(), draft.head.last)?.unwrap_or(GENESIS);
        let mut written = draft.finish().map_err(at)?;
        written.path = folder.join(file_name(written.last));
        std::fs::rename(&partial, &written.path)
            .and_then(|()| File::open(folder)?.sync_all())
            .map_err(|source| EngineError::Snapshot {
                path: written.path.clone(),
                source,
            })?;
        for old in list(folder).map_err(at)?.into_iter().skip(KEPT) {
            let _kept_a_while_longer = std::fs::remove_file(old);
        }
        written.took = start.elapsed();
        Ok(written)
    }
}

/// A snapshot being written.
struct Draft {
    head: Head,
    out: BufWriter<File>,
    /// Of all sections so far: the digest is made from them.
    heads: Vec<u8>,
    held_max: Duration,
}

impl Draft {
    /// Room for the head, and the catalogs.
    fn begin(engine: &Engine, path: &Path) -> io::Result<Draft> {
        let head = Head {
            secret: engine.secret(),
            archived: 0,
            last: 0,
            time_ms: engine.clock().now_ms(),
            catalogs: engine.catalogs().sources().len() as u32,
            shards: SHARDS as u32,
            chain: GENESIS,
        };
        let mut draft = Draft {
            head,
            out: BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?),
            heads: Vec::new(),
            held_max: Duration::ZERO,
        };
        draft.out.write_all(&head.to_bytes())?;
        for sources in engine.catalogs().sources() {
            draft.put(0, sources)?;
        }
        Ok(draft)
    }

    fn put_shards(&mut self, engine: &Engine) -> io::Result<()> {
        let mut bytes = Vec::new();
        for id in Shards::ids() {
            let held = Instant::now();
            bytes.clear();
            let stamp = engine.look(id, |shard| section::put(shard, &mut bytes));
            self.held_max = self.held_max.max(held.elapsed());
            self.head.last = self.head.last.max(stamp);
            self.put(stamp, &bytes)?;
        }
        // Asked behind the last shard: what was forgotten since is not missing from any.
        self.head.archived = if engine.archives() {
            engine.archived()
        } else {
            self.head.last
        };
        Ok(())
    }

    fn put(&mut self, stamp: u64, bytes: &[u8]) -> io::Result<()> {
        let section = SectionHead::of(stamp, bytes).to_bytes();
        self.heads.extend_from_slice(&section);
        self.out.write_all(&section)?;
        self.out.write_all(bytes)
    }

    /// The digest at the end, the head in its room, and all of it durable. The report lacks its path and time.
    fn finish(mut self) -> io::Result<SnapshotReport> {
        let head = self.head.to_bytes();
        let mut digest = Sm3::new();
        digest.update(head);
        digest.update(&self.heads);
        self.out.write_all(&digest.finalize())?;
        let mut file = self
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let bytes = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&head)?;
        file.sync_all()?;
        Ok(SnapshotReport {
            path: std::path::PathBuf::new(),
            last: self.head.last,
            bytes,
            took: Duration::ZERO,
            held_max: self.held_max,
        })
    }
}
