//! A shard: the rows, documents, series and keys that one lock guards.

use crate::engine::place::{self, ShardId};
use crate::engine::rows::Rows;
use crate::engine::spent::OnceTable;
use crate::sync::Mutex;
use hubu_kernel::document::Document;
use hubu_kernel::evolve::{Misfit, State, evolve};
use hubu_kernel::ident::{Division, DocumentId, RowId, Seq, TypeId, Year};
use hubu_kernel::record::{NewRow, Record};
use hubu_kernel::row::Row;
use std::collections::HashMap;
use std::sync::Arc;

/// A series of document numbers: gapless within division, year and type.
pub(crate) type SeriesKey = (Division, Year, TypeId);

type Map<K, V> = HashMap<K, V, hashbrown::DefaultHashBuilder>;

/// See the module. What every command touches comes first, in the cache line of the lock: between two
/// threads that take turns here, each line is a journey.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Shard {
    /// The newest record that changed this shard: a reader waits for it.
    pub(crate) last: u64,
    /// Records up to here are part of what the shard was restored from.
    pub(crate) stamp: u64,
    pub(crate) once: OnceTable,
    /// How many documents were named here.
    pub(crate) documents_named: u64,
    pub(crate) numbers: Map<SeriesKey, u64>,
    pub(crate) rows: Rows,
    pub(crate) documents: Map<DocumentId, Document>,
    /// Ended documents that the archive does not hold yet.
    pub(crate) retiring: Map<DocumentId, Arc<Document>>,
}

impl Shard {
    /// Remembers that a command's answer, `record`, stands at `seq`.
    pub(crate) fn spend(&mut self, record: &Record, seq: Seq) {
        self.once.insert(record, seq.0);
        self.last = self.last.max(seq.0);
    }
}

/// All shards of a cell.
pub(crate) struct Shards {
    shards: Box<[Padded]>,
}

/// Two locks never share a cache line.
#[repr(align(128))]
#[derive(Default)]
pub(crate) struct Padded(Mutex<Shard>);

impl Padded {
    /// The shard without a lock.
    pub(crate) fn get_mut(&mut self) -> &mut Shard {
        self.0.get_mut()
    }
}

impl Shards {
    pub(crate) fn new() -> Shards {
        Shards {
            shards: (0..place::SHARDS).map(|_| Padded::default()).collect(),
        }
    }

    pub(crate) fn lock(&self, id: ShardId) -> crate::sync::MutexGuard<'_, Shard> {
        crate::sync::lock_counted(&self.shards[usize::from(id)].0)
    }

    /// The shard without a lock: recovery is alone.
    pub(crate) fn get_mut(&mut self, id: ShardId) -> &mut Shard {
        self.shards[usize::from(id)].0.get_mut()
    }

    /// The shards below `SHARDS / 2`, and the others.
    pub(crate) fn halves(&mut self) -> (&mut [Padded], &mut [Padded]) {
        self.shards.split_at_mut(place::SHARDS / 2)
    }

    pub(crate) fn ids() -> impl Iterator<Item = ShardId> {
        (0..place::SHARDS).map(|n| n as ShardId)
    }
}

/// Somewhere shards can be had to change.
pub(crate) trait Access {
    /// Whether the shard may be had here.
    fn concerns(&self, _: ShardId) -> bool {
        true
    }
    /// The shard, which is concerned.
    fn shard(&mut self, id: ShardId) -> &mut Shard;
    /// Whether an ended document is kept for the archive.
    fn keeps_retired(&self, seq: Seq) -> bool;
}

/// Applies one record to shards, leaving those that are newer than it.
pub(crate) struct Evolving<'a, A> {
    pub(crate) access: &'a mut A,
    pub(crate) seq: Seq,
}

impl<A: Access> Evolving<'_, A> {
    /// Applies a record that was just decided on this state.
    ///
    /// # Panics
    /// It does not fit: a mistake of ours, on which nothing more may be built.
    pub(crate) fn apply_own(&mut self, record: &Record) {
        let seq = self.seq;
        let fit = evolve(self, seq, record);
        assert!(fit.is_ok(), "{seq:?}: {fit:?}");
    }

    fn due(&mut self, id: ShardId) -> Option<&mut Shard> {
        if !self.access.concerns(id) {
            return None;
        }
        let seq = self.seq.0;
        let shard = self.access.shard(id);
        (shard.stamp < seq).then(|| {
            shard.last = shard.last.max(seq);
            shard
        })
    }
}

impl<A: Access> State for Evolving<'_, A> {
    fn insert_row(&mut self, new: &NewRow) -> Result<(), Misfit> {
        let Some(shard) = self.due(place::of_row(new.id)) else {
            return Ok(());
        };
        if place::slot(new.id) != shard.rows.len() {
            return Err(Misfit::Row(new.id));
        }
        shard.rows.push(&new.key, Row::new(new.kind));
        Ok(())
    }

    fn row(&mut self, id: RowId) -> Result<Option<&mut Row>, Misfit> {
        let Some(shard) = self.due(place::of_row(id)) else {
            return Ok(None);
        };
        let row = shard.rows.get_mut(place::slot(id));
        row.map(Some).ok_or(Misfit::Row(id))
    }

    fn insert_document(&mut self, document: Document) {
        if let Some(shard) = self.due(place::of_document(document.id)) {
            shard.documents.insert(document.id, document);
        }
    }

    fn document(&mut self, id: DocumentId) -> Result<Option<&mut Document>, Misfit> {
        let Some(shard) = self.due(place::of_document(id)) else {
            return Ok(None);
        };
        let document = shard.documents.get_mut(&id);
        document.map(Some).ok_or(Misfit::Document(id))
    }

    fn retire_document(&mut self, id: DocumentId) {
        let keep = self.access.keeps_retired(self.seq);
        let Some(shard) = self.due(place::of_document(id)) else {
            return;
        };
        if let Some(document) = shard.documents.remove(&id)
            && keep
        {
            shard.retiring.insert(id, Arc::new(document));
        }
    }

    fn set_number(
        &mut self,
        division: Division,
        year: Year,
        kind: TypeId,
        number: u64,
    ) -> Result<(), Misfit> {
        let Some(shard) = self.due(place::of_numbers(division)) else {
            return Ok(());
        };
        let last = shard.numbers.insert((division, year, kind), number);
        match last.unwrap_or(0).checked_add(1) == Some(number) {
            true => Ok(()),
            false => Err(Misfit::Number(number)),
        }
    }

    fn name_document(&mut self, id: DocumentId) -> Result<(), Misfit> {
        let Some(shard) = self.due(place::of_document(id)) else {
            return Ok(());
        };
        shard.documents_named += 1;
        match place::count(id) == shard.documents_named {
            true => Ok(()),
            false => Err(Misfit::Name(id)),
        }
    }
}
