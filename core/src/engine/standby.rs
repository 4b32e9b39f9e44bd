//! A standby (备机): follows the journal that another server writes, and goes on where that one stops.
//!
//! Its thread looks for news at a steady pace, applies them and shows them to readers and views, as if it had committed
//! them itself. Once the right to write is free it takes it, which raises the epoch, applies what is left, and then
//! *is* the journal's thread. Everything else of the engine is the same before and after.
//!
//! **Invariant.** What is applied is durable already, and is applied under the locks of everything that it touches; so
//! a reader never sees half of a record.

use crate::engine::Engine;
use crate::engine::commit::Commit;
use crate::engine::error::{EngineError, misfit};
use crate::engine::freshness::Behind;
use crate::engine::group::Writer;
use crate::engine::held::{Held, ShardSet};
use crate::engine::place::{self, ShardId};
use crate::engine::replay::{check_catalogs, each_record};
use crate::engine::shard::{Access, Evolving, Shard};
use crate::journal::{Chain, Journal, JournalError, StoredBatch, Watch, codec};
use crate::sync::Mutex;
use hubu_kernel::evolve::evolve;
use hubu_kernel::ident::{CatalogVersion, Seq};
use hubu_kernel::record::{Body, Record};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a standby looks for news.
const EVERY: Duration = Duration::from_millis(50);

/// What a standby's thread tells of itself.
#[derive(Default)]
pub(crate) struct Standing {
    trouble: Mutex<Option<String>>,
}

/// The standby's thread and what it needs.
pub(crate) struct Following {
    commit: Commit,
    watch: Box<dyn Watch>,
    standing: Arc<Standing>,
    archives: bool,
    /// The next version of the catalog, which cannot be put to use here while others rely on this one.
    next_catalog: CatalogVersion,
    /// The chain value of the batch that was applied last, once it was looked at.
    chain: Option<Chain>,
}

impl Engine {
    /// Whether another server writes the journal, so that commands are refused here. Once it is not so, it stays so.
    #[inline]
    pub fn is_standby(&self) -> bool {
        self.group.is_standby()
    }

    /// What a read that begins `now` may lack; `None` when it sees all that was answered before.
    #[inline]
    pub fn behind(&self, now: Instant) -> Option<Behind> {
        let age = self.group.freshness.age(now)?;
        let seq = Seq(self.watermark().durable());
        Some(Behind { age, seq })
    }

    /// Why a standby sees no news, if so.
    pub fn trouble(&self) -> Option<String> {
        self.standing.trouble.lock().clone()
    }
}

impl Following {
    pub(crate) fn new(
        commit: Commit,
        watch: Box<dyn Watch>,
        (standing, next_catalog, archives): (Arc<Standing>, CatalogVersion, bool),
    ) -> Following {
        Following {
            commit,
            watch,
            standing,
            archives,
            next_catalog,
            chain: None,
        }
    }

    /// Runs until the engine closes, as a standby or as what becomes of it.
    pub(crate) fn run(mut self, renew_every: Duration) {
        match self.follow() {
            Ok(Some(journal)) => self.commit.run(Writer::new(journal), renew_every),
            Ok(None) => {}
            Err(error) => self.commit.group.latch(&error.to_string()),
        }
    }

    /// The journal, once it is ours; `None` when the engine closes before that.
    fn follow(&mut self) -> Result<Option<Box<dyn Journal>>, EngineError> {
        loop {
            match self.step() {
                Ok(Some(journal)) => return Ok(Some(journal)),
                Ok(None) => self.note(None),
                Err(error) if may_pass(&error) => self.note(Some(error.to_string())),
                Err(error) => return Err(error),
            }
            if self.commit.group.is_closing_within(EVERY) {
                return Ok(None);
            }
        }
    }

    fn step(&mut self) -> Result<Option<Box<dyn Journal>>, EngineError> {
        let looked = Instant::now();
        let seen = self.watch.look()?;
        self.catch_up(seen.last)?;
        self.commit.group.freshness.set(Some(looked));
        if !seen.is_free {
            return Ok(None);
        }
        let journal = match self.watch.take_over() {
            Err(JournalError::Busy { .. }) => return Ok(None),
            taken => taken?,
        };
        self.catch_up(journal.last())?;
        assert_eq!(
            journal.last(),
            self.commit.group.newest(),
            "nothing is left to apply"
        );
        let (epoch, seconds) = (journal.epoch(), looked.elapsed().as_secs_f64());
        self.note(None);
        self.commit.group.set_standby(false);
        metrics::counter!("hubu_takeovers_total").increment(1);
        tracing::warn!(
            epoch,
            last = journal.last(),
            seconds,
            "took over: commands are served here now"
        );
        Ok(Some(journal))
    }

    fn note(&self, trouble: Option<String>) {
        let mut noted = self.standing.trouble.lock();
        match (&*noted, &trouble) {
            (None, Some(reason)) => {
                tracing::warn!(reason, "the journal can't be followed just now")
            }
            (Some(_), None) => tracing::info!("the journal is followed again"),
            _ => {}
        }
        *noted = trouble;
    }

    /// Applies what the journal holds up to `last`. Begins with the batch that is known, so that what follows is
    /// checked to follow that one.
    fn catch_up(&mut self, last: u64) -> Result<(), EngineError> {
        let known = self.commit.group.newest();
        if last == known {
            return Ok(());
        }
        let reader = Arc::clone(&self.commit.reader);
        let mut taken = Ok(());
        reader.scan(known, &mut |batch| {
            taken = self.take(&batch);
            taken.is_ok()
        })?;
        taken
    }

    fn take(&mut self, batch: &StoredBatch<'_>) -> Result<(), EngineError> {
        let group = &self.commit.group;
        let known = group.newest();
        let is_known = batch.last == known;
        let follows = batch.first == known + 1;
        let differs = self
            .chain
            .is_some_and(|chain| is_known && chain != *batch.chain);
        if differs || !(is_known || follows) {
            return Err(EngineError::Forked { seq: batch.first });
        }
        self.chain = Some(*batch.chain);
        if is_known {
            return Ok(());
        }
        each_record((batch.first, batch.last), batch.payload, |seq, bytes| {
            let record = codec::decode_for_replay(bytes);
            let record = record.map_err(|source| EngineError::Record { seq, source })?;
            self.apply(Seq(seq), &record)
        })?;
        assert_eq!(group.newest(), batch.last, "each record was taken");
        group.watermark.raise(batch.last);
        let _room = group
            .tail
            .push(batch.first, batch.last, batch.payload.to_vec());
        Ok(())
    }

    fn apply(&self, seq: Seq, record: &Record) -> Result<(), EngineError> {
        if matches!(record.body, Body::Genesis { .. } | Body::Catalog { .. }) {
            let version = self.next_catalog.0;
            return Err(EngineError::NewCatalog { version });
        }
        check_catalogs(seq, record, self.next_catalog)?;
        let mut touched = Touched::default();
        let once = place::of_once(record.once.key);
        touched.set.get_mut().add(once);
        evolve(
            &mut Evolving {
                access: &mut touched,
                seq,
            },
            seq,
            record,
        )
        .map_err(misfit(seq))?;
        let state = self.commit.state.load();
        let mut held = Held::lock(&state, touched.set.get_mut(), self.archives);
        self.commit.group.follow(seq.0);
        held.shard(once).spend(record, seq);
        evolve(
            &mut Evolving {
                access: &mut held,
                seq,
            },
            seq,
            record,
        )
        .map_err(misfit(seq))?;
        Ok(())
    }
}

/// Whether it is worth while to look again.
fn may_pass(error: &EngineError) -> bool {
    match error {
        EngineError::Journal(JournalError::Damage { .. }) => false,
        EngineError::Journal(_) => true,
        _ => false,
    }
}

/// Collects the shards that a record touches, and lets none be had.
#[derive(Default)]
struct Touched {
    set: RefCell<ShardSet>,
    nowhere: Shard,
}

impl Access for Touched {
    fn concerns(&self, id: ShardId) -> bool {
        self.set.borrow_mut().add(id);
        false
    }

    fn shard(&mut self, _: ShardId) -> &mut Shard {
        &mut self.nowhere
    }

    fn keeps_retired(&self, _: Seq) -> bool {
        false
    }
}
