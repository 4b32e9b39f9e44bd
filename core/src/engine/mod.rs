//! The engine (引擎): state in sharded locks, the path of a command, reads, and recovery.
//!
//! Reading order: [`command`] and [`answer`] are what goes in and out; [`submit`] is the path;
//! [`intent`], [`signed`], [`plan`], [`choose`], [`guards`] and [`spawn`] prepare it without locks; [`held`], [`shard`],
//! [`rows`] and [`place`] are what it locks; [`group`], [`commit`], [`watermark`] and [`tail`] make it
//! durable and tell of it; [`recover`] begins it all again from the journal; [`standby`] follows the
//! journal of another; [`signatures`] checks those of a whole journal; [`read`] and [`list`] look, and [`freshness`]
//! says how old what they saw may be; [`veil`] seals sensitive fields, and [`show`] opens or masks them.
//!
//! **Invariant.** Whatever is in memory beyond the watermark is in the open batch or on its way to
//! the journal, in the order in which it was decided; nothing of it is told to anybody before the
//! watermark has passed it.

pub mod actor;
pub mod answer;
pub mod atomic;
pub mod beyond;
pub mod bulk;
pub mod catalogs;
mod choose;
pub mod command;
pub mod commit;
mod content;
pub mod digest;
pub mod error;
mod form;
pub mod freshness;
pub mod group;
mod guards;
mod held;
mod intent;
pub mod list;
mod look;
mod once;
pub mod open;
pub mod permit;
pub mod place;
mod plan;
pub mod read;
mod recover;
mod replay;
mod rows;
mod seen;
mod shard;
pub mod show;
pub mod signatures;
mod signed;
pub mod snapshot;
mod spawn;
mod spent;
pub mod standby;
mod submit;
pub mod tail;
mod undo;
mod veil;
mod walk;
pub mod watermark;

use crate::clock::Clock;
use crate::disk::Disk;
use crate::engine::answer::Answer;
use crate::engine::catalogs::Catalogs;
use crate::engine::commit::Committer;
use crate::engine::error::EngineError;
use crate::engine::group::{Group, GroupStats};
use crate::engine::once::Namer;
use crate::engine::shard::Shards;
use crate::engine::standby::Standing;
use crate::engine::tail::Tail;
use crate::engine::veil::Veil;
use crate::engine::watermark::{Durable, Latched, Watermark};
use crate::journal::{JournalReader, codec};
use crate::signing::register::Register;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use arc_swap::{ArcSwap, Guard};
use hubu_kernel::ident::{DocumentId, Seq};
use hubu_kernel::record::Record;
use std::sync::Arc;

/// One cell's engine: see the module. Cheap to share behind an [`Arc`].
pub struct Engine {
    state: Arc<ArcSwap<Shards>>,
    group: Arc<Group>,
    reader: Arc<dyn JournalReader>,
    catalogs: Catalogs,
    namer: Namer,
    veil: Veil,
    clock: Clock,
    horizon: AtomicU64,
    archives: AtomicBool,
    archived: AtomicU64,
    replayed: u64,
    disk: Arc<dyn Disk>,
    standing: Arc<Standing>,
    signers: Arc<Register>,
    committer: Mutex<Committer>,
}

impl Engine {
    /// The answer that a repeat gets: the first one, read back from the journal. It blocks on a disk
    /// or a database, so a network thread asks for it elsewhere.
    ///
    /// # Errors
    /// When the record can't be read.
    pub fn recall(&self, seq: Seq) -> Result<Option<Answer>, EngineError> {
        self.watermark().wait_blocking(seq.0)?;
        Ok(Answer::of(seq, &self.record(seq)?))
    }

    /// A durable record by its place. It blocks on a disk or a database.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn record(&self, seq: Seq) -> Result<Record, EngineError> {
        let bytes = self.reader.record(seq.0)?;
        codec::decode(&bytes).map_err(|source| EngineError::Record { seq: seq.0, source })
    }

    /// The versions of the catalog.
    pub fn catalogs(&self) -> &Catalogs {
        &self.catalogs
    }

    /// The clock that decisions are stamped with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Up to where all is durable.
    pub fn watermark(&self) -> &Watermark {
        &self.group.watermark
    }

    /// Resolves once `seq` is durable.
    pub fn durable(&self, seq: Seq) -> Durable<'_> {
        self.group.watermark.wait(seq.0)
    }

    /// Why nothing is accepted, for good or until there is room, if so.
    pub fn latched(&self) -> Option<Latched> {
        self.group.watermark.latched()
    }

    /// Whether that is until there is room on the disk or in the database, and then it goes on by itself.
    pub fn lacks_room(&self) -> bool {
        self.group.watermark.is_paused()
    }

    /// The newest durable batches, for views.
    pub fn tail(&self) -> &Tail {
        &self.group.tail
    }

    /// The journal, for views and feeds.
    pub fn journal(&self) -> &Arc<dyn JournalReader> {
        &self.reader
    }

    /// Counters of the commit path.
    pub fn commit_stats(&self) -> &GroupStats {
        &self.group.stats
    }

    /// Bytes and records that wait for the journal.
    pub fn waiting(&self) -> (usize, u64) {
        self.group.waiting()
    }

    /// The newest sequence number given out, durable or not.
    pub fn newest(&self) -> Seq {
        Seq(self.group.newest())
    }

    /// Records replayed when the engine was opened.
    pub fn replayed(&self) -> u64 {
        self.replayed
    }

    /// Keys spent before this record are forgotten: the retention has passed.
    pub fn forget_keys_before(&self, seq: Seq) {
        self.horizon.fetch_max(seq.0, Ordering::AcqRel);
        let state = self.state();
        for id in Shards::ids() {
            state.lock(id).once.retain(|spent| spent.seq() >= seq.0);
        }
    }

    /// The archive holds these ended documents: memory lets go of them.
    pub fn forget_documents(&self, ids: impl IntoIterator<Item = DocumentId>) {
        let state = self.state();
        for id in ids {
            state.lock(place::of_document(id)).retiring.remove(&id);
        }
    }

    /// Takes nothing more, waits until all that was taken is durable, and lets the journal go.
    pub fn close(&self) {
        self.group.close();
        self.end_commits();
        self.group.tail.close();
    }

    pub(crate) fn state(&self) -> Guard<Arc<Shards>> {
        self.state.load()
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn secret(&self) -> [u8; 16] {
        self.namer.secret()
    }

    pub(crate) fn namer(&self) -> &Namer {
        &self.namer
    }

    pub(crate) fn veil(&self) -> &Veil {
        &self.veil
    }

    pub(crate) fn horizon(&self) -> u64 {
        self.horizon.load(Ordering::Acquire)
    }

    pub(crate) fn archives(&self) -> bool {
        self.archives.load(Ordering::Acquire)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}
