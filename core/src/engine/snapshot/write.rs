//! Writing a snapshot, while the engine goes on.

use super::{Head, KEPT, SectionHead, SnapshotReport, file_name, list, section};
use crate::disk::{Access, DiskFile, Stream};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::place::SHARDS;
use crate::engine::shard::Shards;
use crate::journal::{GENESIS, chain_at};
use sm3::{Digest, Sm3};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is written goes to the disk in pieces of so many bytes.
const BUFFER_BYTES: usize = 1 << 20;

/// What it is called until it is whole.
const PARTIAL: &str = "writing.partial";

/// A snapshot whose shards are copied and that has no name yet: what it saw may not be durable.
#[must_use = "it gets its name by `Engine::name_snapshot`"]
pub struct Copied {
    folder: PathBuf,
    begun: Instant,
    draft: Draft,
}

impl Copied {
    /// The newest record in it.
    pub fn last(&self) -> u64 {
        self.draft.head.last
    }

    fn partial(&self) -> PathBuf {
        self.folder.join(PARTIAL)
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
        let partial = folder.join(PARTIAL);
        let copy = || {
            self.disk().make_folder(folder)?;
            match self.disk().remove(&partial) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut draft = Draft::begin(self, &partial)?;
            draft.put_shards(self)?;
            Ok(draft)
        };
        let draft = copy().map_err(|source| EngineError::Snapshot {
            path: partial.clone(),
            source,
        })?;
        Ok(Copied {
            folder: folder.to_owned(),
            begun,
            draft,
        })
    }

    /// The second half: ends it and gives it its name, once what it saw is durable.
    ///
    /// # Errors
    /// When that fails.
    pub fn name_snapshot(&self, mut copied: Copied) -> Result<SnapshotReport, EngineError> {
        let last = copied.last();
        // Nothing that a crash could undo may get a name.
        assert!(
            last <= self.watermark().durable(),
            "a snapshot gets its name once all that it saw is durable"
        );
        copied.draft.head.chain = chain_at(&**self.journal(), last)?.unwrap_or(GENESIS);
        let (partial, path) = (copied.partial(), copied.folder.join(file_name(last)));
        let finish = || {
            let bytes = copied.draft.finish()?;
            self.disk().rename(&partial, &path)?;
            self.disk().sync_folder(&copied.folder)?;
            for old in list(self.disk(), &copied.folder)?.into_iter().skip(KEPT) {
                let _kept_a_while_longer = self.disk().remove(&old);
            }
            Ok(bytes)
        };
        let (bytes, held_max) = finish().map_err(|source| EngineError::Snapshot {
            path: path.clone(),
            source,
        })?;
        Ok(SnapshotReport {
            path,
            last,
            bytes,
            took: copied.begun.elapsed(),
            held_max,
        })
    }
}

/// A snapshot being written.
struct Draft {
    head: Head,
    file: Arc<dyn DiskFile>,
    out: BufWriter<Stream>,
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
        let file = engine.disk().open(path, Access::Create)?;
        let mut draft = Draft {
            head,
            out: BufWriter::with_capacity(BUFFER_BYTES, Stream::new(Arc::clone(&file))),
            file,
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

    /// The digest at the end, the head in its room, and all of it durable. Its size in bytes, and how long the longest-held
    /// shard was.
    fn finish(mut self) -> io::Result<(u64, Duration)> {
        let head = self.head.to_bytes();
        let mut digest = Sm3::new();
        digest.update(head);
        digest.update(&self.heads);
        self.out.write_all(&digest.finalize())?;
        let out = self.out.into_inner();
        let bytes = out.map_err(io::IntoInnerError::into_error)?.position();
        Stream::new(Arc::clone(&self.file)).write_all(&head)?;
        self.file.sync()?;
        Ok((bytes, self.held_max))
    }
}
