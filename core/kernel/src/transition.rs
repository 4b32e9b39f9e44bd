//! One step of a document's state machine (流转), as far as the kernel judges it.
//!
//! Roles, required fields and guards are judged before the kernel: they need the catalog's words.

use crate::effect::Phase;
use crate::ident::{StateId, TransitionId};

/// A step from one state to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Transition {
    /// Its place in the document type.
    pub id: TransitionId,
    /// Where it starts.
    pub from: StateId,
    /// Where it leads.
    pub to: StateId,
    /// What it does with the document's effects.
    pub phase: Phase,
    /// The creator may not take it (岗位分离).
    pub not_creator: bool,
    /// Who took the previous step may not take it.
    pub not_previous: bool,
    /// Only the creator may take it (撤回).
    pub creator_only: bool,
    /// Nothing follows: the document leaves memory.
    pub terminal: bool,
}
