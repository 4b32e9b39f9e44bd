//! Recovery (恢复): the state is what the journal says, and nothing else.
//!
//! One thread reads, checks and hands on; this one decodes and applies. Shards that a snapshot
//! brought ignore what is older than their stamp.

use crate::catalog::model::Catalog;
use crate::catalog::sources::Sources;
use crate::engine::catalogs::Catalogs;
use crate::engine::error::EngineError;
use crate::engine::place::{self, ShardId};
use crate::engine::shard::{Access, Evolving, Shard, Shards, Spent};
use crate::journal::{JournalError, JournalReader, Records, codec};
use hubu_kernel::evolve::evolve;
use hubu_kernel::ident::Seq;
use hubu_kernel::record::{Body, Record};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Batches that may wait between the reading and the applying thread.
const READ_AHEAD: usize = 16;

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
    payload: Vec<u8>,
}

impl Access for Recovered {
    fn shard(&mut self, id: ShardId) -> &mut Shard {
        self.shards.get_mut(id)
    }

    fn keeps_retired(&self, seq: Seq) -> bool {
        self.archived.is_some_and(|archived| seq.0 > archived)
    }
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
        let (full, batches) = sync_channel::<Read>(READ_AHEAD);
        let (spent, empty) = sync_channel::<Vec<u8>>(READ_AHEAD);
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || read_ahead(reader, from, &full, &empty));
            let applied = self.apply_all(&batches, &spent, from);
            // Ends the reader, should it still be handing on.
            drop(batches);
            let read = reading.join();
            applied?;
            match read {
                Ok(read) => read.map(|_| ()).map_err(EngineError::from),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn apply_all(
        &mut self,
        batches: &Receiver<Read>,
        spent: &SyncSender<Vec<u8>>,
        from: u64,
    ) -> Result<(), EngineError> {
        while let Ok(Read { first, payload }) = batches.recv() {
            for (seq, bytes) in (first..).zip(Records::new(&payload)) {
                if seq >= from {
                    self.apply(seq, bytes)?;
                }
            }
            let _reused_or_dropped = spent.try_send(payload);
        }
        Ok(())
    }

    fn apply(&mut self, seq: u64, bytes: &[u8]) -> Result<(), EngineError> {
        let record = codec::decode(bytes).map_err(|source| EngineError::Record { seq, source })?;
        self.last = seq;
        self.last_ms = self.last_ms.max(record.time_ms);
        self.replayed += 1;
        match &record.body {
            Body::Genesis { secret } => self.secret = Some(*secret),
            Body::Catalog { version, sources } => {
                // A snapshot brought the others.
                if *version == self.catalogs.next() {
                    let compiled = compile(version.0, sources)?;
                    self.catalogs.push(Arc::new(compiled), Arc::clone(sources));
                }
            }
            Body::Decided(_) | Body::Refused(_) => self.apply_decided(Seq(seq), &record),
        }
        Ok(())
    }

    fn apply_decided(&mut self, seq: Seq, record: &Record) {
        let once = record.once;
        let shard = self.shards.get_mut(place::of_once(once.key));
        if shard.stamp < seq.0 {
            shard.once.insert(
                once.key,
                Spent {
                    body: once.body,
                    seq: seq.0,
                },
            );
            shard.last = shard.last.max(seq.0);
        }
        evolve(&mut Evolving { access: self, seq }, seq, record);
    }
}

/// A catalog from the journal.
pub(crate) fn compile(version: u16, packed: &[u8]) -> Result<Catalog, EngineError> {
    let failed = |reason: String| EngineError::Catalog { version, reason };
    let sources = Sources::from_bytes(packed).map_err(|e| failed(e.to_string()))?;
    Catalog::from_sources(&sources).map_err(|e| failed(e.to_string()))
}

fn read_ahead(
    reader: &dyn JournalReader,
    from: u64,
    full: &SyncSender<Read>,
    empty: &Receiver<Vec<u8>>,
) -> Result<u64, JournalError> {
    reader.scan(from, &mut |batch| {
        let mut payload = empty.try_recv().unwrap_or_default();
        payload.clear();
        payload.extend_from_slice(batch.payload);
        full.send(Read {
            first: batch.first,
            payload,
        })
        .is_ok()
    })
}
