//! Answers (回执): what a command came to, derived from its record alone.
//!
//! So the first answer and one repeated years of restarts later are the same by construction.

use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, RowId, Seq, StateId, TransitionId, TypeId, Year,
};
use hubu_kernel::record::{Body, Record};
use hubu_kernel::rejection::Rejection;

/// What a command came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The document moved.
    Done(Done),
    /// Refused for a business reason.
    Refused(Refusal),
}

/// The document moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// Where its record stands.
    pub seq: Seq,
    /// Which document.
    pub document: DocumentId,
    /// Its type.
    pub kind: TypeId,
    /// The catalog that it lives under.
    pub catalog: CatalogVersion,
    /// Where it stands now.
    pub state: StateId,
    /// Its version now.
    pub version: u32,
    /// Its number's parts, when this command entered it.
    pub number: Option<(Division, Year, u64)>,
    /// Rows that went below what they have, with control `warn`.
    pub warnings: Vec<RowId>,
    /// Documents made for others.
    pub spawned: Vec<DocumentId>,
}

/// Refused for a business reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Where its record stands.
    pub seq: Seq,
    /// Which document, when it was about one that exists.
    pub document: Option<DocumentId>,
    /// The document type.
    pub kind: TypeId,
    /// The catalog under which it was judged.
    pub catalog: CatalogVersion,
    /// The step that was asked.
    pub transition: Option<TransitionId>,
    /// Why not.
    pub rejection: Rejection,
    /// The key of the row that said no, as the catalog packs it.
    pub row_key: Option<Box<[u8]>>,
}

impl Answer {
    /// The answer that the record at `seq` stands for; `None` for the engine's own records.
    pub fn of(seq: Seq, record: &Record) -> Option<Answer> {
        match &record.body {
            Body::Decided(decided) => Some(Answer::Done(Done {
                seq,
                document: decided.document,
                kind: decided.kind,
                catalog: decided.catalog,
                state: decided.state,
                version: decided.version,
                number: decided
                    .entry
                    .as_ref()
                    .map(|e| (e.division, e.year, e.number)),
                warnings: decided.warnings.clone(),
                spawned: decided.spawned.iter().map(|s| s.document).collect(),
            })),
            Body::Refused(refused) => Some(Answer::Refused(Refusal {
                seq,
                document: refused.document,
                kind: refused.kind,
                catalog: refused.catalog,
                transition: refused.transition,
                rejection: refused.rejection,
                row_key: refused.row_key.clone(),
            })),
            Body::Catalog { .. } | Body::Genesis { .. } => None,
        }
    }

    /// Where its record stands.
    pub fn seq(&self) -> Seq {
        match self {
            Answer::Done(done) => done.seq,
            Answer::Refused(refusal) => refusal.seq,
        }
    }
}

/// A decided command that waits for its journal record to be durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// The answer may leave once this is durable.
    pub seq: Seq,
    /// The answer, or `None` when the command is a repeat: then [`crate::engine::Engine::recall`] tells the first.
    pub answer: Option<Answer>,
}
