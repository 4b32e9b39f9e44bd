//! Reads: what rows and documents are now, and which sequence number an answer must wait for.
//!
//! A read looks at a shard under its lock, and may be answered once the newest record that touched it
//! is durable: then nothing that it tells can be undone. Lists of rows are in [`super::list`].

use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::permit;
use crate::engine::place;
use crate::engine::shard::Shard;
use hubu_kernel::document::Document;
use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, LedgerId, RowId, Seq, TypeId, Year,
};
use hubu_kernel::row::Row;
use std::sync::Arc;

/// A row and its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowView {
    /// Its name.
    pub id: RowId,
    /// Its key, as the catalog packs it.
    pub key: Box<[u8]>,
    /// What is on it.
    pub row: Row,
}

/// Which rows are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowFilter {
    /// Of this division alone.
    pub division: Division,
    /// Of this agency alone.
    pub agency: Option<Box<str>>,
    /// Of this ledger alone.
    pub ledger: Option<LedgerId>,
    /// Of this year alone.
    pub year: Option<Year>,
}

/// A part of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T> {
    /// In order of shards and slots.
    pub items: Vec<T>,
    /// Where the next part begins; `None` at the end.
    pub cursor: Option<u64>,
    /// What must be durable before the answer leaves.
    pub seq: Seq,
}

/// What is known of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// It is in memory: under way, or ended a moment ago.
    Here(Arc<Document>),
    /// It has ended: the archive has it.
    Ended,
    /// There is none of this name.
    Nothing,
}

impl Engine {
    /// A row by its name, and what must be durable before it is told.
    pub fn row(&self, id: RowId) -> (Option<RowView>, Seq) {
        let state = self.state();
        let shard = state.lock(place::of_row(id));
        let slot = place::slot(id);
        let row = shard
            .rows
            .get(slot)
            .map(|row| view(id, shard.rows.key(slot), row));
        (row, Seq(shard.last))
    }

    /// A row by its key.
    pub fn row_by_key(&self, key: &[u8]) -> (Option<RowView>, Seq) {
        let (division, agency) = self.catalogs().current().1.shard_part(key);
        let id = place::of_agency(division, agency);
        let state = self.state();
        let shard = state.lock(id);
        let row = shard.rows.find(key).and_then(|slot| {
            shard
                .rows
                .get(slot)
                .map(|row| view(place::row(id, slot), key, row))
        });
        (row, Seq(shard.last))
    }

    /// A document by its name, and what must be durable before it is told.
    pub fn document(&self, id: DocumentId) -> (Found, Seq) {
        let state = self.state();
        let shard = state.lock(place::of_document(id));
        let found = match (shard.documents.get(&id), shard.retiring.get(&id)) {
            (Some(document), _) => Found::Here(Arc::new(document.clone())),
            (None, Some(document)) => Found::Here(Arc::clone(document)),
            (None, None) if self.has_ended(&shard, id) => Found::Ended,
            (None, None) => Found::Nothing,
        };
        (found, Seq(shard.last))
    }

    /// What a document in memory is and whose: names of its fields and steps are from its catalog and type.
    pub fn owner_of(&self, id: DocumentId) -> Option<Owner> {
        let state = self.state();
        let shard = state.lock(place::of_document(id));
        let retiring = || shard.retiring.get(&id).map(|document| &**document);
        let document = shard.documents.get(&id).or_else(retiring)?;
        Some(Owner::of(document))
    }

    /// Whether somebody may know that such a document is there: who may neither read it nor take any step of its
    /// type with it is told the same as if there were none.
    pub fn may_know(&self, actor: &Actor, owner: &Owner) -> bool {
        let catalogs = (
            &**self.catalogs().version(owner.catalog),
            &**self.catalogs().current().1,
        );
        let place = (owner.division, &*owner.agency);
        permit::may_know(catalogs, actor, owner.kind, place)
    }

    /// Whether a document of this shard once was, and is under way no more.
    pub(crate) fn has_ended(&self, shard: &Shard, id: DocumentId) -> bool {
        let count = place::count(id);
        count >= 1 && count <= shard.documents_named && !shard.documents.contains_key(&id)
    }

    /// How many rows and open documents there are: a walk over all shards, for metrics.
    pub fn census(&self) -> Census {
        let state = self.state();
        let mut census = Census::default();
        for id in crate::engine::shard::Shards::ids() {
            let shard = state.lock(id);
            census.rows += shard.rows.len() as u64;
            census.open_documents += shard.documents.len() as u64;
            census.retiring_documents += shard.retiring.len() as u64;
            census.keys += shard.once.len() as u64;
        }
        census
    }
}

/// What a document is, and whose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The catalog that it lives under.
    pub catalog: CatalogVersion,
    /// Its type.
    pub kind: TypeId,
    /// Its division.
    pub division: Division,
    /// Its agency, or empty.
    pub agency: Box<str>,
}

impl Owner {
    /// Of this document.
    pub fn of(document: &Document) -> Owner {
        let entry = &document.entry;
        Owner {
            catalog: entry.catalog,
            kind: entry.kind,
            division: entry.division,
            agency: entry.agency.clone(),
        }
    }
}

/// How much an engine holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Census {
    /// Rows.
    pub rows: u64,
    /// Documents under way.
    pub open_documents: u64,
    /// Documents that ended and are not in the archive yet.
    pub retiring_documents: u64,
    /// Idempotency keys remembered.
    pub keys: u64,
}

/// A row as it is told.
pub(crate) fn view(id: RowId, key: &[u8], row: &Row) -> RowView {
    RowView {
        id,
        key: key.into(),
        row: row.clone(),
    }
}
