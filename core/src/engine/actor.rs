//! Who asks (操作人), as the engine judges them: access makes one from a token, an embedder makes its own.

use hubu_kernel::ident::Division;
use hubu_kernel::signature::Capacity;
use std::sync::Arc;

/// A set of roles, by the catalog's bit numbers.
pub type RoleSet = u64;

/// Somebody who may ask for something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The name that records carry.
    pub name: Arc<str>,
    /// What they may do, by the catalog's bit numbers.
    pub roles: RoleSet,
    /// The division they work for: they act there and may read below it.
    pub division: Division,
    /// The agency they work for; a finance department's people have none.
    pub agency: Option<Arc<str>>,
    /// The competent department they work for, where they have one.
    pub dept: Option<Arc<str>>,
    /// In what capacity they act, where it is not simply their own: it is journalled with all that they ask.
    pub capacity: Option<Arc<Capacity>>,
}
