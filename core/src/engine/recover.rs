//! Recovery (恢复): the state is what the journal says, and nothing else.
//!
//! One thread reads, checks and hands on; two others apply, each to its half of the shards. Both decode
//! every record, which costs less than handing decoded ones on: what one thread allocates and another
//! frees is dear. Shards that a snapshot brought ignore what is older than their stamp.
//! Some records are applied together: what they change comes from memory side by side.

use crate::engine::catalogs::Catalogs;
use crate::engine::error::{EngineError, misfit};
use crate::engine::place::{self, ShardId};
use crate::engine::replay::{check_catalogs, each_record, take_catalog, take_secret};
use crate::engine::shard::{Access, Evolving, Padded, Shard, Shards};
use crate::journal::{JournalError, JournalReader, codec};
use hubu_kernel::evolve::evolve;
use hubu_kernel::ident::Seq;
use hubu_kernel::record::{Body, Record};
use std::hint::black_box;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches that may wait between the reading and the applying thread.
const READ_AHEAD: usize = 16;

/// Records that are applied together.
const TOGETHER: usize = 16;

/// The state of a cell as its journal says it.
pub(crate) struct Recovered {
    pub(crate) shards: Shards,
    pub(crate) catalogs: Catalogs,
    /// The cell's secret; `None` for an empty journal.
    pub(crate) secret: Option<[u8; 16]>,
    /// The last record applied.
    pub(crate) last: u64,
    /// When it was decided: milliseconds since 1970-01-01 UTC.
    pub(crate) last_ms: u64,
    /// Records replayed.
    pub(crate) replayed: u64,
    /// Ended documents up to here are in the archive; `None` where there is none.
    archived: Option<u64>,
}

struct Read {
    first: u64,
    last: u64,
    payload: Vec<u8>,
}

/// Half of the shards, and what one thread needs to apply to them.
struct Half<'a> {
    shards: &'a mut [Padded],
    /// The first of them.
    from: usize,
    archived: Option<u64>,
    last: u64,
    last_ms: u64,
    replayed: u64,
}

impl Access for Half<'_> {
    fn concerns(&self, id: ShardId) -> bool {
        usize::from(id).wrapping_sub(self.from) < self.shards.len()
    }

    fn shard(&mut self, id: ShardId) -> &mut Shard {
        self.shards[usize::from(id) - self.from].get_mut()
    }

    fn keeps_retired(&self, seq: Seq) -> bool {
        self.archived.is_some_and(|archived| seq.0 > archived)
    }
}

/// What only one of the halves looks after.
struct Rest<'a> {
    catalogs: &'a mut Catalogs,
    secret: &'a mut Option<[u8; 16]>,
}

impl Recovered {
    /// The state before any record.
    pub(crate) fn empty(archived: Option<u64>) -> Recovered {
        Recovered {
            shards: Shards::new(),
            catalogs: Catalogs::default(),
            secret: None,
            last: 0,
            last_ms: 0,
            replayed: 0,
            archived,
        }
    }

    /// Applies all that the journal holds from `from` on.
    pub(crate) fn replay(
        &mut self,
        reader: &dyn JournalReader,
        from: u64,
    ) -> Result<(), EngineError> {
        self.replay_until(reader, from, u64::MAX)
    }

    /// Applies what the journal holds from `from` to `until`.
    pub(crate) fn replay_until(
        &mut self,
        reader: &dyn JournalReader,
        from: u64,
        until: u64,
    ) -> Result<(), EngineError> {
        let (archived, last, last_ms) = (self.archived, self.last, self.last_ms);
        let (low, high) = self.shards.halves();
        let half = |shards, from| Half {
            shards,
            from,
            archived,
            last,
            last_ms,
            replayed: 0,
        };
        let high = half(high, low.len());
        let mut low = half(low, 0);
        let rest = Rest {
            catalogs: &mut self.catalogs,
            secret: &mut self.secret,
        };
        std::thread::scope(|scope| {
            let (to_low, low_batches) = sync_channel::<Arc<Read>>(READ_AHEAD);
            let (to_high, high_batches) = sync_channel::<Arc<Read>>(READ_AHEAD);
            let reading =
                scope.spawn(move || read_ahead(reader, (from, until), &[to_low, to_high]));
            let mut high = high;
            let other = scope.spawn(move || high.apply_all(high_batches, (from, until), None));
            let applied = low.apply_all(low_batches, (from, until), Some(rest));
            let others = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            let read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
            applied
                .and(others)
                .and(read.map(drop).map_err(EngineError::from))
        })?;
        let Half {
            last,
            last_ms,
            replayed,
            ..
        } = low;
        (self.last, self.last_ms) = (last, last_ms);
        self.replayed += replayed;
        Ok(())
    }
}

impl Half<'_> {
    /// Applies batches until there are no more; an error drops the channel, which ends the reader.
    fn apply_all(
        &mut self,
        batches: Receiver<Arc<Read>>,
        (from, until): (u64, u64),
        mut rest: Option<Rest<'_>>,
    ) -> Result<(), EngineError> {
        let mut decoded = Vec::with_capacity(TOGETHER);
        for batch in batches {
            each_record((batch.first, batch.last), &batch.payload, |seq, bytes| {
                if seq < from || seq > until {
                    return Ok(());
                }
                let record = codec::decode_for_replay(bytes);
                let record = record.map_err(|source| EngineError::Record { seq, source })?;
                decoded.push((seq, record));
                match decoded.len() == TOGETHER {
                    true => self.apply_some(&mut decoded, &mut rest),
                    false => Ok(()),
                }
            })?;
        }
        self.apply_some(&mut decoded, &mut rest)
    }

    fn apply_some(
        &mut self,
        decoded: &mut Vec<(u64, Record)>,
        rest: &mut Option<Rest<'_>>,
    ) -> Result<(), EngineError> {
        decoded.iter().for_each(|(_, record)| self.warm(record));
        for (seq, record) in decoded.drain(..) {
            self.apply(seq, &record, rest.as_mut())?;
        }
        Ok(())
    }

    /// Looks at what a record changes.
    fn warm(&mut self, record: &Record) {
        let id = place::of_once(record.once.key);
        if self.concerns(id) {
            black_box(self.shard(id).once.get(record.once.key));
        }
        let Body::Decided(decided) = &record.body else {
            return;
        };
        for change in &decided.changes {
            let id = place::of_row(change.row);
            if self.concerns(id) {
                let row = self.shard(id).rows.get(place::slot(change.row));
                black_box(row.map(|row| row.approved));
            }
        }
    }

    fn apply(
        &mut self,
        seq: u64,
        record: &Record,
        rest: Option<&mut Rest<'_>>,
    ) -> Result<(), EngineError> {
        self.last = seq;
        self.last_ms = self.last_ms.max(record.time_ms);
        self.replayed += 1;
        let at = Seq(seq);
        match (&record.body, rest) {
            (Body::Genesis { secret }, Some(rest)) => take_secret(rest.secret, at, *secret),
            (Body::Catalog { version, sources }, Some(rest)) => {
                take_catalog(rest.catalogs, at, (*version, sources))
            }
            (Body::Genesis { .. } | Body::Catalog { .. }, None) => Ok(()),
            (Body::Decided(_) | Body::Refused(_), rest) => {
                // By one half for both.
                rest.map_or(Ok(()), |rest| {
                    check_catalogs(at, record, rest.catalogs.next())
                })?;
                self.apply_decided(at, record)
            }
        }
    }

    fn apply_decided(&mut self, seq: Seq, record: &Record) -> Result<(), EngineError> {
        let id = place::of_once(record.once.key);
        if self.concerns(id) {
            let shard = self.shard(id);
            if shard.stamp < seq.0 {
                shard.spend(record, seq);
            }
        }
        evolve(&mut Evolving { access: self, seq }, seq, record).map_err(misfit(seq))
    }
}

fn read_ahead(
    reader: &dyn JournalReader,
    (from, until): (u64, u64),
    appliers: &[SyncSender<Arc<Read>>],
) -> Result<u64, JournalError> {
    reader.scan(from, &mut |batch| {
        if batch.first > until {
            return false;
        }
        let read = Arc::new(Read {
            first: batch.first,
            last: batch.last,
            payload: batch.payload.to_vec(),
        });
        appliers
            .iter()
            .all(|applier| applier.send(Arc::clone(&read)).is_ok())
    })
}
