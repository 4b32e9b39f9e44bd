//! Who asks (操作人), as the engine judges them: access makes one from a token, an embedder makes its own.

use hubu_kernel::actor::ActorName;
use hubu_kernel::ident::Division;
use std::sync::Arc;

/// A set of roles, by the catalog's bit numbers.
pub type RoleSet = u64;

/// Somebody who may ask for something.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Actor {
    /// The name that records carry: who it is, for whom and why, see [`hubu_kernel::actor`].
    pub name: Arc<str>,
    /// What they may do, by the catalog's bit numbers.
    pub roles: RoleSet,
    /// The division they work for: they act there and may read below it.
    pub division: Division,
    /// The agency they work for; a finance department's people have none.
    pub agency: Option<Arc<str>>,
    /// The competent department they work for, where they have one.
    pub dept: Option<Arc<str>>,
    /// What their token was narrowed to; `None` for all that roles and scope give.
    pub narrowed: Option<Arc<Narrowing>>,
}

impl Actor {
    /// The name in its parts.
    pub fn named(&self) -> ActorName<'_> {
        ActorName::of(&self.name)
    }
}

/// What a service account's token is narrowed to (服务账号): it takes away and never gives. An empty list lets nothing by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Narrowing {
    /// It only reads.
    pub is_read_only: bool,
    /// What it may ask for, by the interface's operation names; judged there.
    pub operations: Option<Vec<Box<str>>>,
    /// Document types, by name. Rows and sums are of no type.
    pub types: Option<Vec<Box<str>>>,
    /// Divisions; what is below them counts.
    pub divisions: Option<Vec<Division>>,
}

impl Narrowing {
    /// Whether it lets an operation of this name by.
    pub fn lets_ask(&self, operation: &str, is_command: bool) -> bool {
        let is_named = |all: &Vec<Box<str>>| all.iter().any(|one| **one == *operation);
        !(is_command && self.is_read_only) && self.operations.as_ref().is_none_or(is_named)
    }
}
