//! A command (命令): one request to the engine, every name already resolved to the catalog's codes.

use crate::engine::actor::Actor;
use crate::signing::Presented;
use hubu_kernel::document::{Field, Line};
use hubu_kernel::ident::{Division, DocumentId, TransitionId, TypeId, Year};
use hubu_kernel::record::Traceparent;
use std::sync::Arc;

/// The longest idempotency key, in bytes.
pub const KEY_MAX: usize = 64;

/// The most commands of one batch.
pub const BATCH_MAX: usize = 8192;

/// One request.
#[derive(Clone, Debug)]
pub struct Command {
    /// The idempotency key, 1 to [`KEY_MAX`] bytes of visible ASCII; one actor's keys are apart from another's.
    pub key: Box<str>,
    /// Who asks.
    pub actor: Arc<Actor>,
    /// The trace that the request belongs to.
    pub trace: Option<Traceparent>,
    /// What is asked.
    pub action: Action,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Action {
    /// Enter a new document.
    Enter(Enter),
    /// Take a step with one that exists.
    Act(Act),
}

/// A new document, and optionally its first step in the same command.
#[derive(Clone, Debug)]
pub struct Enter {
    /// Its type in the catalog now in use.
    pub kind: TypeId,
    /// Whose it is.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// The agency, empty for a finance department's own document.
    pub agency: Box<str>,
    /// Fields of its head, ascending by id.
    pub fields: Vec<Field>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Documents upstream.
    pub links: Vec<DocumentId>,
    /// A step from the type's first state to take at once.
    pub transition: Option<TransitionId>,
}

/// A step of a document.
#[derive(Clone, Debug)]
pub struct Act {
    /// Which document.
    pub document: DocumentId,
    /// The step's name; which one it is depends on where the document stands.
    pub transition: Box<str>,
    /// The version that the caller read, when it says so.
    pub if_match: Option<u32>,
    /// Fields that the step sets, ascending by id.
    pub fields: Vec<Field>,
    /// New lines, where the step edits them.
    pub lines: Option<Vec<Line>>,
    /// The signature under the step.
    pub signature: Option<Presented>,
}
