//! A record (记录): one decided command as it is journalled, with all that `evolve` needs and nothing to judge.

use crate::document::{Entry, Field, Line, RowChange};
use crate::effect::Phase;
use crate::ident::{CatalogVersion, DocumentId, RowId, StateId, TransitionId, TypeId};
use crate::posting::Posting;
use crate::rejection::Rejection;
use crate::row::RowKind;
use crate::signature::Signature;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Names a command once and for all: a keyed hash of actor and idempotency key, and one of its body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Once {
    /// 128 bits of actor and idempotency key; 0 for the engine's own records.
    pub key: u128,
    /// 64 bits of what was asked, to tell a repeat from another command under the same key.
    pub body: u64,
}

/// A W3C trace context: 16 bytes of trace, 8 of parent, 1 of flags.
pub type Traceparent = [u8; 25];

/// One decided command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// When it was decided: milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    /// Who asked.
    pub actor: Arc<str>,
    /// Under which key.
    pub once: Once,
    /// The trace that it belongs to.
    pub trace: Option<Traceparent>,
    /// What was decided.
    pub body: Body,
}

/// What was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// A document moved, with all that follows.
    Decided(Box<Decided>),
    /// A refusal for a business reason: remembered, so that a late retry gets the same answer.
    Refused(Box<Refused>),
    /// A version of the catalog is put to use from here on.
    Catalog {
        /// Its number, one more than the last.
        version: CatalogVersion,
        /// Its sources, packed.
        sources: Arc<[u8]>,
    },
    /// The first record of a journal.
    Genesis {
        /// The cell's secret for idempotency keys, so that nobody outside can make two collide.
        secret: [u8; 16],
    },
}

/// A row that comes to be with this record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRow {
    /// Its name: the next slot of its shard.
    pub id: RowId,
    /// Its ledger, division, year and control.
    pub kind: RowKind,
    /// Its key, as the catalog packs it.
    pub key: Box<[u8]>,
}

/// A document that this record makes for somebody else's inbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spawned {
    /// Its name.
    pub document: DocumentId,
    /// Where it stands.
    pub state: StateId,
    /// What it is made of.
    pub entry: Entry,
}

/// A document moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// Which document.
    pub document: DocumentId,
    /// Its type.
    pub kind: TypeId,
    /// The catalog that it lives under.
    pub catalog: CatalogVersion,
    /// The step, or `None` for an entry that stays where it starts.
    pub transition: Option<TransitionId>,
    /// Where it stood (for an entry: the type's first state).
    pub from: StateId,
    /// Where it stands now.
    pub state: StateId,
    /// Its version now, from 1.
    pub version: u32,
    /// What became of its effects.
    pub phase: Phase,
    /// Whether it ended here.
    pub terminal: bool,
    /// Its beginning, when this record enters it.
    pub entry: Option<Entry>,
    /// Fields set by this step, ascending by id.
    pub fields: Vec<Field>,
    /// Its lines as edited by this step.
    pub lines: Option<Vec<Line>>,
    /// Rows that come to be, in the order of their ids within a shard.
    pub rows: Vec<NewRow>,
    /// Changes of rows, in the order in which they apply.
    pub changes: Vec<RowChange>,
    /// Postings; balanced pair by pair.
    pub postings: Vec<Posting>,
    /// Documents made for others.
    pub spawned: Vec<Spawned>,
    /// Rows with control `warn` that went below what they have.
    pub warnings: Vec<RowId>,
    /// The signature that was put under the step.
    pub signature: Option<Box<Signature>>,
}

/// A command was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
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
    /// The key of the row that said no, when one did.
    pub row_key: Option<Box<[u8]>>,
}
