//! Undo: what a batch changed on locked shards, kept to be put back.
//!
//! An atomic batch is tried out in place, each command seeing those before it, and then put back;
//! only when all were accepted does it go to the journal and is applied for good.

use crate::engine::held::Held;
use crate::engine::place::{self, ShardId};
use crate::engine::shard::{Access, SeriesKey};
use crate::engine::spent::Spent;
use hubu_kernel::document::Document;
use hubu_kernel::ident::{DocumentId, RowId};
use hubu_kernel::record::{Body, Decided, Record};
use hubu_kernel::row::Row;
use std::collections::HashMap;

/// What the shards were before the batch.
#[derive(Default)]
pub(crate) struct Undo {
    rows: HashMap<RowId, Row>,
    documents: HashMap<DocumentId, Option<Document>>,
    numbers: HashMap<SeriesKey, Option<u64>>,
    keys: HashMap<u128, Option<Spent>>,
    marks: Vec<(ShardId, Marks)>,
}

struct Marks {
    rows: usize,
    documents_named: u64,
    last: u64,
}

impl Undo {
    /// Begins with the lengths and counters of all that is held.
    pub(crate) fn begin(held: &Held<'_>) -> Undo {
        let marks = held.all().map(|(id, shard)| {
            let (rows, documents_named, last) =
                (shard.rows.len(), shard.documents_named, shard.last);
            (
                id,
                Marks {
                    rows,
                    documents_named,
                    last,
                },
            )
        });
        Undo {
            marks: marks.collect(),
            ..Undo::default()
        }
    }

    /// Notes all else that `record` will change, unless it was noted before.
    pub(crate) fn note(&mut self, held: &Held<'_>, record: &Record) {
        let key = record.once.key;
        let spent = held.get(place::of_once(key)).once.get(key);
        self.keys.entry(key).or_insert(spent);
        if let Body::Decided(decided) = &record.body {
            self.note_rows(held, decided);
            self.note_documents(held, decided);
        }
    }

    fn note_rows(&mut self, held: &Held<'_>, decided: &Decided) {
        let changed = decided.changes.iter().map(|change| change.row);
        let posted = decided.postings.iter().flat_map(|p| [p.debit, p.credit]);
        for id in changed.chain(posted) {
            // A row that is not there yet goes with the shard's length.
            if let Some(row) = held.get(place::of_row(id)).rows.get(place::slot(id)) {
                self.rows.entry(id).or_insert_with(|| row.clone());
            }
        }
    }

    fn note_documents(&mut self, held: &Held<'_>, decided: &Decided) {
        let spawned = decided.spawned.iter().map(|s| (s.document, Some(&s.entry)));
        for (id, entry) in spawned.chain([(decided.document, decided.entry.as_ref())]) {
            let before = || held.get(place::of_document(id)).documents.get(&id).cloned();
            self.documents.entry(id).or_insert_with(before);
            if let Some(entry) = entry {
                let series = (entry.division, entry.year, entry.kind);
                let numbers = &held.get(place::of_numbers(entry.division)).numbers;
                self.numbers
                    .entry(series)
                    .or_insert_with(|| numbers.get(&series).copied());
            }
        }
    }

    /// Puts everything back.
    pub(crate) fn put_back(self, held: &mut Held<'_>) {
        for (id, row) in self.rows {
            if let Some(place) = held.shard(place::of_row(id)).rows.get_mut(place::slot(id)) {
                *place = row;
            }
        }
        for (id, before) in self.documents {
            let shard = held.shard(place::of_document(id));
            shard.retiring.remove(&id);
            match before {
                Some(document) => shard.documents.insert(id, document),
                None => shard.documents.remove(&id),
            };
        }
        for (series, before) in self.numbers {
            let numbers = &mut held.shard(place::of_numbers(series.0)).numbers;
            match before {
                Some(number) => numbers.insert(series, number),
                None => numbers.remove(&series),
            };
        }
        for (key, before) in self.keys {
            let keys = &mut held.shard(place::of_once(key)).once;
            match before {
                Some(spent) => keys.put(key, spent),
                None => keys.remove(key),
            }
        }
        for (id, marks) in self.marks {
            let shard = held.shard(id);
            shard.rows.truncate(marks.rows);
            shard.documents_named = marks.documents_named;
            shard.last = marks.last;
        }
    }
}
