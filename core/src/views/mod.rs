//! Views (视图): what is told of the journal, kept beside the engine and rebuildable from the journal.
//!
//! Reading order: [`follow`] drives them; [`live`] keeps work lists ([`worklist`]) and sums
//! ([`rollup`]) in memory; [`archive`] keeps ended documents on disk; [`feed`] tells all that happened;
//! [`standard`] fills tables for reports, where the feature `postgres` is built in.
//!
//! Every view has a mark: the record up to which it is built. A reader that must see an answer it was
//! given waits for the mark to pass that answer's record.

pub mod archive;
pub mod error;
pub mod feed;
mod follow;
pub mod live;
mod names;
pub mod rollup;
#[cfg(feature = "postgres")]
pub mod standard;
pub mod worklist;

use crate::engine::Engine;
#[cfg(feature = "postgres")]
use crate::engine::watermark::Watermark;
use archive::{Archive, Fill};
use error::ViewError;
use follow::Thread;
use live::{Keep, Live};
use std::sync::Arc;

/// The views of an engine, and the threads that keep them.
pub struct Views {
    live: Arc<Live>,
    archive: Option<Arc<Archive>>,
    threads: Vec<Thread>,
    /// Threads that need not come to the end: what they lack is made up for after the next start.
    restarting: Vec<Thread>,
}

impl Views {
    /// Starts the views in memory, and the archive where there is one; returns when those in memory are whole.
    ///
    /// # Errors
    /// When the archive is not this journal's, or a thread can't be started.
    pub fn start(engine: &Arc<Engine>, archive: Option<Archive>) -> Result<Views, ViewError> {
        let mut threads = Vec::new();
        let archive = archive.map(Arc::new);
        if let Some(archive) = &archive {
            let fill = Fill::new(Arc::clone(archive), Arc::clone(engine))?;
            let (after, mark) = (archive.watermark(), Arc::clone(archive.mark()));
            threads.push(Thread::start(
                "archive",
                Arc::clone(engine),
                mark,
                after,
                fill,
            )?);
        }
        let (live, keep, whole_at) = Keep::walk(Arc::clone(engine))?;
        let (after, mark) = (keep.after(), Arc::clone(live.mark()));
        threads.push(Thread::start(
            "live",
            Arc::clone(engine),
            mark,
            after,
            keep,
        )?);
        live.mark().wait_blocking(whole_at)?;
        Ok(Views {
            live,
            archive,
            threads,
            restarting: Vec::new(),
        })
    }

    /// Starts the projection into PostgreSQL; the mark rises with what is committed there. A database
    /// that is away is tried again.
    ///
    /// # Errors
    /// When the settings can't be understood, or a thread can't be started.
    #[cfg(feature = "postgres")]
    pub fn project(
        &mut self,
        engine: &Arc<Engine>,
        settings: standard::StandardSettings,
    ) -> Result<Arc<Watermark>, ViewError> {
        let mark = Arc::new(Watermark::new(0));
        self.restarting
            .push(standard::start(engine, settings, Arc::clone(&mark))?);
        Ok(mark)
    }

    /// Work lists and rollups.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Ended documents.
    pub fn archive(&self) -> Option<&Arc<Archive>> {
        self.archive.as_ref()
    }

    /// Waits until the views have taken all that the engine made durable before it was closed.
    pub fn finish(mut self) {
        self.threads.iter_mut().for_each(Thread::join);
        self.restarting.iter_mut().for_each(Thread::stop);
    }
}
