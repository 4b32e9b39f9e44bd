//! The archive (归档): documents that have ended, out of memory and on disk.
//!
//! Reading order: [`store`] is what stands on disk; [`run`] is what was taken since the last commit;
//! [`block`] is how documents of one record stand side by side; [`fill`] follows the journal;
//! [`cache`] keeps what was read.
//!
//! A document that began and ended in one record is kept as that record, byte for byte: nothing is
//! decoded on the way in, and [`document_of`] makes the document when somebody asks. Others are taken
//! from the engine, which lets go of them once they are committed here.

mod block;
mod cache;
mod fill;
mod folder;
mod run;
mod store;

use super::error::ViewError;
use crate::engine::watermark::Watermark;
use crate::journal::codec;
use crate::sync::Mutex;
use cache::Documents;
use hubu_kernel::document::Document;
use hubu_kernel::evolve::begin;
use hubu_kernel::ident::{DocumentId, Seq};
use hubu_kernel::record::{Body, Record};
use run::{Kept, Shelf};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::Store;

pub(crate) use fill::Fill;

/// The record of a document in a block, with its place in the journal; `None` also for bytes that are no block.
#[cfg(feature = "fuzzing")]
pub(crate) fn find_in_block(bytes: &[u8], count: u64) -> Option<(u64, &[u8])> {
    block::find(bytes, count).ok().flatten()
}

/// How an archive is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArchiveSettings {
    /// Memory for documents that were asked for, in bytes.
    pub cache_bytes: u64,
    /// What may wait for a commit, in bytes.
    pub commit_bytes: usize,
    /// How long it may wait.
    pub commit_after: Duration,
}

impl Default for ArchiveSettings {
    fn default() -> ArchiveSettings {
        ArchiveSettings {
            cache_bytes: 64 << 20,
            commit_bytes: 32 << 20,
            commit_after: Duration::from_secs(10),
        }
    }
}

/// See the module.
pub struct Archive {
    store: Store,
    shelf: Mutex<Shelf>,
    cache: Documents,
    settings: ArchiveSettings,
    committed: AtomicU64,
    mark: Arc<Watermark>,
}

impl Archive {
    /// Opens the archive in `folder`; an empty or missing folder becomes a new one.
    ///
    /// # Errors
    /// When the store can't be opened or holds something else.
    pub fn open(folder: &Path, settings: ArchiveSettings) -> Result<Archive, ViewError> {
        let store = Store::open(folder)?;
        let committed = store.watermark()?;
        Ok(Archive {
            store,
            shelf: Mutex::default(),
            cache: Documents::up_to(settings.cache_bytes),
            settings,
            committed: AtomicU64::new(committed),
            mark: Arc::new(Watermark::new(committed)),
        })
    }

    /// The record up to which all that ended is on disk here: what
    /// [`crate::engine::open::Options::archived`] asks for.
    pub fn watermark(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    /// The record up to which all that ended can be read here, on disk or not.
    pub fn mark(&self) -> &Arc<Watermark> {
        &self.mark
    }

    /// A document that ended; `None` when none of this name had by [`Archive::mark`]. It may read from disk.
    ///
    /// # Errors
    /// When the store fails or is damaged.
    pub fn get(&self, id: DocumentId) -> Result<Option<Arc<Document>>, ViewError> {
        if let Some(document) = self.cache.get(id) {
            return Ok(Some(document));
        }
        // What is waiting first: a commit puts it on disk before it takes it off the shelf.
        let waiting = self.shelf.lock().find(id);
        let kept = match waiting {
            Some(kept) => Some(kept),
            None => self.store.find(id)?,
        };
        let Some(kept) = kept else { return Ok(None) };
        let document = Arc::new(read(id, &kept)?);
        self.cache.put(id, &document);
        Ok(Some(document))
    }

    /// Bytes on disk.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn disk_bytes(&self) -> Result<u64, ViewError> {
        self.store.disk_bytes()
    }
}

fn read(id: DocumentId, kept: &Kept) -> Result<Document, ViewError> {
    let damaged = || ViewError::Damaged {
        place: format!("document {}", id.0),
    };
    match kept {
        Kept::Document(bytes) => {
            let document = codec::state::decode_document(&mut codec::cursor::Cursor::new(bytes));
            document.map_err(|_| damaged())
        }
        Kept::Record { seq, bytes } => {
            let record = codec::decode(bytes).map_err(|_| damaged())?;
            document_of(Seq(*seq), &record)
                .filter(|found| found.id == id)
                .ok_or_else(damaged)
        }
    }
}

/// The document that began and ended in the record at `seq`; `None` for any other record.
pub fn document_of(seq: Seq, record: &Record) -> Option<Document> {
    let Body::Decided(decided) = &record.body else {
        return None;
    };
    let entry = decided.entry.as_ref().filter(|_| decided.terminal)?;
    let mut document = begin(seq, record, decided.document, decided.state, entry);
    document.downstream = decided
        .spawned
        .iter()
        .map(|spawned| spawned.document)
        .collect();
    Some(document)
}
