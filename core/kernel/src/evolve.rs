//! `evolve`: applies a decided record, and judges nothing.
//!
//! Replay runs this alone, so the past is never judged again, whatever the rules have become. A
//! [`State`] that already holds part of a record (a shard from a snapshot newer than the record)
//! answers `None` for that part, and it is left as it is.

use crate::actor::ActorName;
use crate::document::{Document, Entry, overlay};
use crate::effect::Phase;
use crate::ident::{CatalogVersion, Division, DocumentId, RowId, Seq, StateId, TypeId, Year};
use crate::operation::Fault;
use crate::posting::Side;
use crate::record::{Body, Decided, NewRow, Record};
use crate::row::Row;
use crate::signature::{Signature, Signed};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// Why a record does not fit the state: it was not decided on it. A journal whose bytes and chain are right can hold such
/// records when somebody wrote it who can work out a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misfit {
    /// A row is named before it came to be, or comes to be out of its order.
    Row(RowId),
    /// A change that its row does not take.
    Change(RowId, Fault),
    /// A posting of nothing, or past the end of a row's range.
    Posting(RowId),
    /// A document that is not under way moves.
    Document(DocumentId),
    /// A step of a document is missing, comes again, or leaves a state that the document is not in.
    Step(DocumentId),
    /// A document that holds rows reserves more.
    Held(DocumentId),
    /// A number of a series is left out or comes again.
    Number(u64),
    /// A new document has not the next name of its place: it would take another one's.
    Name(DocumentId),
    /// A version of the catalog is named that was never put to use, or comes to be out of its order.
    Catalog(CatalogVersion),
    /// The journal's secret is given anew.
    Genesis,
    /// A batch holds more or fewer records than its head says.
    Batch,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::Row(id) => write!(f, "row {} is named out of its order", id.0),
            Misfit::Change(id, fault) => write!(f, "row {} takes no such change: {fault:?}", id.0),
            Misfit::Posting(id) => write!(f, "row {} takes no such posting", id.0),
            Misfit::Document(id) => write!(f, "document {} moves and is not under way", id.0),
            Misfit::Step(id) => write!(f, "document {} is not where this step begins", id.0),
            Misfit::Held(id) => write!(f, "document {} reserves twice", id.0),
            Misfit::Number(number) => write!(f, "{number} is not the next number of its series"),
            Misfit::Name(id) => write!(
                f,
                "document {} begins under a name that is not the next",
                id.0
            ),
            Misfit::Catalog(version) => {
                write!(f, "there is no catalog {} at this place", version.0)
            }
            Misfit::Genesis => f.write_str("the journal begins anew in its midst"),
            Misfit::Batch => f.write_str("its batch holds other records than its head says"),
        }
    }
}

impl core::error::Error for Misfit {}

/// What a record changes.
pub trait State {
    /// Makes a row; does nothing where the shard has it already.
    ///
    /// # Errors
    /// It is not the next one of its shard.
    fn insert_row(&mut self, new: &NewRow) -> Result<(), Misfit>;
    /// A row to change, or `None` where the shard is newer than the record.
    ///
    /// # Errors
    /// There is none.
    fn row(&mut self, id: RowId) -> Result<Option<&mut Row>, Misfit>;
    /// Keeps a new document.
    fn insert_document(&mut self, document: Document);
    /// A document to change, or `None` where the shard is newer than the record.
    ///
    /// # Errors
    /// There is none under way.
    fn document(&mut self, id: DocumentId) -> Result<Option<&mut Document>, Misfit>;
    /// The document just changed has ended: it may leave.
    fn retire_document(&mut self, id: DocumentId);
    /// The series of this division, year and type has reached `number`.
    ///
    /// # Errors
    /// It is not the next one.
    fn set_number(
        &mut self,
        division: Division,
        year: Year,
        kind: TypeId,
        number: u64,
    ) -> Result<(), Misfit>;
    /// A document begins under this name.
    ///
    /// # Errors
    /// It is not the next one of its place: there was, or is, another of that name, or one before it is missing.
    fn name_document(&mut self, id: DocumentId) -> Result<(), Misfit>;
}

/// Applies `record`, which stands at `seq`.
///
/// # Errors
/// The record does not fit the state: then it was not decided on it. The state has a part of it, and is to be thrown away.
pub fn evolve(state: &mut impl State, seq: Seq, record: &Record) -> Result<(), Misfit> {
    assert!(seq > Seq(0), "0 stands before the first record");
    let Body::Decided(decided) = &record.body else {
        return Ok(());
    };
    for new in &decided.rows {
        state.insert_row(new)?;
    }
    for change in &decided.changes {
        if let Some(row) = state.row(change.row)? {
            row.apply(change.operation, change.amount, change.month, false)
                .map_err(|fault| Misfit::Change(change.row, fault))?;
        }
    }
    for posting in &decided.postings {
        for (id, side) in [(posting.debit, Side::Debit), (posting.credit, Side::Credit)] {
            if let Some(row) = state.row(id)? {
                let posted = posting
                    .amount
                    .is_positive()
                    .then(|| row.post(side, posting.amount));
                posted.flatten().ok_or(Misfit::Posting(id))?;
            }
        }
    }
    evolve_document(state, seq, record, decided)?;
    for spawned in &decided.spawned {
        state.name_document(spawned.document)?;
        count(state, &spawned.entry)?;
        let mut document = begin(seq, record, spawned.document, spawned.state, &spawned.entry);
        document.creator = "system".into();
        document.previous = Box::default();
        state.insert_document(document);
    }
    Ok(())
}

fn evolve_document(
    state: &mut impl State,
    seq: Seq,
    record: &Record,
    decided: &Decided,
) -> Result<(), Misfit> {
    let misstep = Err(Misfit::Step(decided.document));
    if let Some(entry) = &decided.entry {
        if decided.version != 1 {
            return misstep;
        }
        state.name_document(decided.document)?;
        count(state, entry)?;
        // A document that begins and ends in one record never waits in memory: its record is all of it.
        if !decided.terminal {
            let mut document = begin(seq, record, decided.document, decided.state, entry);
            hold(&mut document, decided)?;
            sign(&mut document, seq, record, decided);
            state.insert_document(document);
        }
        return Ok(());
    }
    let Some(document) = state.document(decided.document)? else {
        return Ok(());
    };
    // No step is missing, and none comes twice.
    if document.version.checked_add(1) != Some(decided.version) || document.state != decided.from {
        return misstep;
    }
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
    hold(document, decided)?;
    sign(document, seq, record, decided);
    if decided.terminal {
        state.retire_document(decided.document);
    }
    Ok(())
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

fn count(state: &mut impl State, entry: &Entry) -> Result<(), Misfit> {
    match entry.number {
        0 => Ok(()),
        number => state.set_number(entry.division, entry.year, entry.kind, number),
    }
}

fn hold(document: &mut Document, decided: &Decided) -> Result<(), Misfit> {
    match decided.phase {
        Phase::None => {}
        Phase::Reserve if !document.holds.is_empty() => return Err(Misfit::Held(document.id)),
        Phase::Reserve => document.holds.clone_from(&decided.changes),
        Phase::Final | Phase::Release | Phase::Now => document.holds = Vec::new(),
    }
    Ok(())
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
