//! One step of a document's state machine (流转), as far as the kernel judges it.
//!
//! Roles, required fields and guards are judged before the kernel: they need the catalog's words.

use crate::actor::{have_one_principal, share_a_person};
use crate::effect::Phase;
use crate::ident::{StateId, TransitionId};
use crate::rejection::Rejection;

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
    /// Nobody may take it who acted on the document before, in this round (四眼): neither the creator, nor
    /// any who took a step since its rows were last let go.
    pub not_acted: bool,
    /// Only the creator may take it (撤回).
    pub creator_only: bool,
    /// Nothing follows: the document leaves memory.
    pub terminal: bool,
}

/// What somebody has had to do with a document. A delegate counts as both themselves and the delegator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Past {
    /// They entered it, or had it entered, or it was entered for them.
    pub is_creator: bool,
    /// It was entered by their right: what was entered on somebody's behalf is theirs, not the delegate's.
    pub is_owner: bool,
    /// They took the last step.
    pub is_previous: bool,
    /// They took a step in this round.
    pub has_acted: bool,
}

impl Past {
    /// Of `actor`, with a document of this creator and last actor, by the names that records carry.
    pub fn of((creator, previous): (&str, &str), has_acted: bool, actor: &str) -> Past {
        Past {
            is_creator: share_a_person(creator, actor),
            is_owner: have_one_principal(creator, actor),
            is_previous: share_a_person(previous, actor),
            has_acted,
        }
    }
}

impl Transition {
    /// Why separation of duties (岗位分离) keeps somebody with this past from the step, if it does.
    pub const fn bars(&self, past: Past) -> Option<Rejection> {
        if (self.not_creator || self.not_acted) && past.is_creator {
            return Some(Rejection::CreatorActs);
        }
        if (self.not_previous || self.not_acted && past.has_acted) && past.is_previous {
            return Some(Rejection::PreviousActs);
        }
        if self.not_acted && past.has_acted {
            return Some(Rejection::ActedBefore);
        }
        if self.creator_only && !past.is_owner {
            return Some(Rejection::NotCreator);
        }
        None
    }
}
