//! `evolve`: applies a decided record, and judges nothing.
//!
//! Replay runs this alone, so the past is never judged again, whatever the rules have become. A
//! [`State`] that already holds part of a record (a shard from a snapshot newer than the record)
//! answers `None` for that part, and it is left as it is.

use crate::actor::ActorName;
use crate::document::{Document, Entry, overlay};
use crate::effect::Phase;
use crate::ident::{Division, DocumentId, RowId, Seq, StateId, TypeId, Year};
use crate::posting::Side;
use crate::record::{Body, Decided, NewRow, Record};
use crate::row::Row;
use crate::signature::{Signature, Signed};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What a record changes.
pub trait State {
    /// Makes a row; does nothing where the shard has it already.
    fn insert_row(&mut self, new: &NewRow);
    /// A row to change, or `None` where the shard is newer than the record.
    fn row(&mut self, id: RowId) -> Option<&mut Row>;
    /// Keeps a new document.
    fn insert_document(&mut self, document: Document);
    /// A document to change, or `None` where the shard is newer than the record.
    fn document(&mut self, id: DocumentId) -> Option<&mut Document>;
    /// The document just changed has ended: it may leave.
    fn retire_document(&mut self, id: DocumentId);
    /// The series of this division, year and type has reached `number`.
    fn set_number(&mut self, division: Division, year: Year, kind: TypeId, number: u64);
    /// The counter from which this document was named has passed it.
    fn set_document_counter(&mut self, id: DocumentId);
}

/// Applies `record`, which stands at `seq`.
///
/// # Panics
/// When the record does not fit the state: then it was not decided on this state.
pub fn evolve(state: &mut impl State, seq: Seq, record: &Record) {
    assert!(seq > Seq(0), "0 stands before the first record");
    let Body::Decided(decided) = &record.body else {
        return;
    };
    for new in &decided.rows {
        state.insert_row(new);
    }
    for change in &decided.changes {
        if let Some(row) = state.row(change.row) {
            let applied = row.apply(change.operation, change.amount, change.month, false);
            assert!(
                applied.is_ok(),
                "{change:?} of {seq:?} does not fit: {applied:?}"
            );
        }
    }
    for posting in &decided.postings {
        for (id, side) in [(posting.debit, Side::Debit), (posting.credit, Side::Credit)] {
            if let Some(row) = state.row(id) {
                let posted = row.post(side, posting.amount);
                assert!(posted.is_some(), "{posting:?} of {seq:?} overflows");
            }
        }
    }
    evolve_document(state, seq, record, decided);
    for spawned in &decided.spawned {
        state.set_document_counter(spawned.document);
        count(state, &spawned.entry);
        let mut document = begin(seq, record, spawned.document, spawned.state, &spawned.entry);
        document.creator = "system".into();
        document.previous = Box::default();
        state.insert_document(document);
    }
}

fn evolve_document(state: &mut impl State, seq: Seq, record: &Record, decided: &Decided) {
    if let Some(entry) = &decided.entry {
        assert_eq!(decided.version, 1, "an entry is the first step");
        state.set_document_counter(decided.document);
        count(state, entry);
        // A document that begins and ends in one record never waits in memory: its record is all of it.
        if !decided.terminal {
            let mut document = begin(seq, record, decided.document, decided.state, entry);
            hold(&mut document, decided);
            sign(&mut document, seq, record, decided);
            state.insert_document(document);
        }
        return;
    }
    let Some(document) = state.document(decided.document) else {
        return;
    };
    assert_eq!(
        document.version + 1,
        decided.version,
        "no step of {:?} is missing",
        document.id
    );
    assert_eq!(document.state, decided.from, "{:?}", document.id);
    assert!(
        document.history.last() < Some(&seq),
        "records come in their order"
    );
    document.version = decided.version;
    document.state = decided.state;
    document.previous = Box::from(&*record.actor);
    note_actor(document, &record.actor, decided);
    document.moved_ms = record.time_ms;
    document.history.push(seq);
    overlay(&mut document.entry.fields, &decided.fields);
    if let Some(lines) = &decided.lines {
        document.entry.lines.clone_from(lines);
    }
    document
        .downstream
        .extend(decided.spawned.iter().map(|s| s.document));
    hold(document, decided);
    sign(document, seq, record, decided);
    if decided.terminal {
        state.retire_document(decided.document);
    }
}

/// Who lets the rows go ends the round, and has no part in the next.
fn note_actor(document: &mut Document, actor: &str, decided: &Decided) {
    if decided.terminal || decided.phase == Phase::Release {
        document.acted = Vec::new();
    } else if *document.creator != *actor && !document.acted.iter().any(|name| **name == *actor) {
        document.acted.push(actor.into());
    }
    assert!(
        !document.acted.contains(&document.creator),
        "the creator counts without being listed"
    );
}

fn count(state: &mut impl State, entry: &Entry) {
    if entry.number > 0 {
        state.set_number(entry.division, entry.year, entry.kind, entry.number);
    }
}

fn hold(document: &mut Document, decided: &Decided) {
    match decided.phase {
        Phase::None => {}
        Phase::Reserve => {
            assert!(document.holds.is_empty(), "nothing is reserved twice");
            document.holds.clone_from(&decided.changes);
        }
        Phase::Final | Phase::Release | Phase::Now => document.holds = Vec::new(),
    }
}

/// Keeps the signature that the record brings.
fn sign(document: &mut Document, seq: Seq, record: &Record, decided: &Decided) {
    if let (Some(signature), Some(transition)) = (&decided.signature, decided.transition) {
        document.signatures.push(Signed {
            seq,
            version: decided.version.saturating_sub(1),
            transition,
            signer: Box::from(ActorName::of(&record.actor).person),
            signature: Signature::clone(signature),
        });
    }
}

/// The document that an entry makes: also how the archive reads one that lived in one record.
pub fn begin(seq: Seq, record: &Record, id: DocumentId, state: StateId, entry: &Entry) -> Document {
    Document {
        id,
        entry: entry.clone(),
        state,
        version: 1,
        creator: Box::from(&*record.actor),
        previous: Box::from(&*record.actor),
        acted: Vec::new(),
        created_ms: record.time_ms,
        moved_ms: record.time_ms,
        holds: Vec::new(),
        history: alloc::vec![seq],
        downstream: Vec::new(),
        signatures: Vec::new(),
    }
}
