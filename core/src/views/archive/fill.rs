//! Filling the archive: takes what ended from each batch, and commits by size or age.

use super::Archive;
use super::run::Run;
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::read::Found;
use crate::journal::codec::state::encode_document;
use crate::journal::codec::step::peek_step;
use crate::journal::{GENESIS, Records, chain_at};
use crate::views::error::ViewError;
use crate::views::follow::Follower;
use hubu_kernel::ident::DocumentId;
use sm3::{Digest, Sm3};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Documents of several records that may wait for one commit: the engine keeps them as long.
const DOCUMENTS_MAX: usize = 16_384;

/// The archive's follower.
pub(crate) struct Fill {
    archive: Arc<Archive>,
    engine: Arc<Engine>,
    owner: [u8; 32],
    since: Instant,
}

impl Fill {
    /// A follower that goes on behind the archive's watermark.
    ///
    /// # Errors
    /// When the archive was built from another journal, from another course of it, or from more of it than there is.
    pub(crate) fn new(archive: Arc<Archive>, engine: Arc<Engine>) -> Result<Fill, ViewError> {
        let owner = Sm3::digest(engine.journal().record(1)?).into();
        match archive.store.owner()? {
            Some(other) if other != owner => {
                return Err(ViewError::Foreign("its first record is another".into()));
            }
            _ => {}
        }
        let (last, watermark) = (engine.watermark().durable(), archive.watermark());
        if watermark > last {
            return Err(ViewError::Engine(EngineError::JournalShort {
                by: "the archive".into(),
                holds: watermark,
                last,
            }));
        }
        let here = chain_at(&**engine.journal(), watermark)?;
        match (archive.store.chain()?, here) {
            (Some(there), Some(here)) if there != here => {
                let reason = "the journal took another course after it was put back from a copy";
                return Err(ViewError::Foreign(reason.into()));
            }
            _ => {}
        }
        Ok(Fill {
            archive,
            engine,
            owner,
            since: Instant::now(),
        })
    }

    fn take_record(&self, run: &mut Run, seq: u64, bytes: &[u8]) -> Result<(), ViewError> {
        let step = peek_step(bytes).map_err(|source| ViewError::Record { seq, source })?;
        let Some(step) = step.filter(|step| step.terminal) else {
            return Ok(());
        };
        if step.enters {
            run.push_record(step.document, seq, bytes);
            return Ok(());
        }
        let (Found::Here(document), _) = self.engine.document(step.document) else {
            return Err(ViewError::Lost {
                document: step.document,
                seq,
            });
        };
        let mut encoded = Vec::with_capacity(256);
        encode_document(&document, &mut encoded);
        run.push_document(step.document, encoded);
        Ok(())
    }

    fn is_due(&self, run: &Run) -> bool {
        let settings = &self.archive.settings;
        !run.is_empty()
            && (run.bytes >= settings.commit_bytes
                || run.documents.len() >= DOCUMENTS_MAX
                || self.since.elapsed() >= settings.commit_after)
    }

    fn commit(&mut self) -> Result<(), ViewError> {
        let run = self.archive.shelf.lock().close();
        let through = run.through;
        let chain = chain_at(&**self.engine.journal(), through)?.unwrap_or(GENESIS);
        self.archive.store.commit(&self.owner, &chain, &run)?;
        let ended: Vec<DocumentId> = run.documents.keys().copied().collect();
        self.archive.shelf.lock().committed(run);
        self.archive.committed.store(through, Ordering::Release);
        self.engine.note_archived(through);
        self.engine.forget_documents(ended);
        self.since = Instant::now();
        Ok(())
    }
}

impl Follower for Fill {
    fn take(&mut self, first: u64, last: u64, records: Records<'_>) -> Result<(), ViewError> {
        let mut shelf = self.archive.shelf.lock();
        let run = &mut shelf.open;
        if run.is_empty() {
            self.since = Instant::now();
        }
        for (seq, bytes) in (first..).zip(records) {
            self.take_record(run, seq, bytes)?;
        }
        run.through = last;
        Ok(())
    }

    fn rest(&mut self) -> Result<(), ViewError> {
        let due = self.is_due(&self.archive.shelf.lock().open);
        if due { self.commit() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), ViewError> {
        // Even with nothing in it: the next start need not look at these records again.
        let due = self.archive.shelf.lock().open.through > self.archive.watermark();
        if due { self.commit() } else { Ok(()) }
    }
}
