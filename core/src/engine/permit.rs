//! Who may do what (权限): roles, scopes and amounts, all from the catalog, judged here and nowhere else.
//!
//! Whoever may not is refused: a role that is not named, a division that is not one's own or below, an agency that
//! is another's. Reading goes downward, acting does not: who may see a county below may still not act in it.
//!
//! Acting is judged by the catalog that a document lives under, reading by the one in use: so a right to read that is
//! taken away is gone at once. `docs/access.md` is the table of all this, and a trial asks the server for each cell.

use crate::catalog::document::{Acting, DocumentType, EntryRule, RoleSet, TransitionRule};
use crate::catalog::model::Catalog;
use crate::catalog::role::{Area, Role};
use crate::engine::actor::Actor;
use crate::engine::beyond::Beyond;
use crate::engine::error::Denied;
use hubu_kernel::ident::{Division, TypeId};
use hubu_kernel::money::Total;

/// What somebody wants to act on.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// The document's division.
    pub division: Division,
    /// Its agency, or empty.
    pub agency: &'a str,
    /// Its type.
    pub kind: &'a DocumentType,
    /// Σ of its lines as they would be after the step, in 分.
    pub amount: Total,
}

/// What somebody wants to read.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The sort of thing it is.
    pub area: Area,
    /// Whose it is.
    pub division: Division,
    /// Its agency: empty for a document of none, `None` for what is no single agency's.
    pub agency: Option<&'a str>,
    /// Of a document, its type.
    pub kind: Option<TypeId>,
}

/// Whether the actor may enter such a document.
///
/// # Errors
/// Which limit the actor would pass.
pub(crate) fn may_enter(
    catalog: &Catalog,
    actor: &Actor,
    entry: &EntryRule,
    whose: Whose<'_>,
) -> Result<(), Denied> {
    may_act(catalog, actor, (entry.roles, entry.acting), whose)
}

/// Whether the actor may take a step, as far as role, scope and amount go.
///
/// # Errors
/// Which limit the actor would pass.
pub(crate) fn may_take(
    catalog: &Catalog,
    actor: &Actor,
    step: &TransitionRule,
    whose: Whose<'_>,
) -> Result<(), Denied> {
    may_act(catalog, actor, (step.roles, step.acting), whose)?;
    let roles = RoleSet(actor.roles);
    if step.limits.is_empty() || step.roles_for(whose.amount).meets(roles) {
        return Ok(());
    }
    let beyond = Beyond::new(catalog, step, roles, whose.amount);
    Err(Denied::Amount(Box::new(beyond)))
}

fn may_act(
    catalog: &Catalog,
    actor: &Actor,
    (roles, acting): (RoleSet, Acting),
    whose: Whose<'_>,
) -> Result<(), Denied> {
    let of = match acting {
        Acting::Document => Some(whose.division),
        Acting::Parent => catalog.divisions.payer(whose.division),
    };
    if of != Some(actor.division) {
        return Err(Denied::Division);
    }
    if actor
        .agency
        .as_deref()
        .is_some_and(|own| own != whose.agency)
    {
        return Err(Denied::Agency);
    }
    if !roles.meets(RoleSet(actor.roles)) {
        return Err(Denied::Role);
    }
    if actor.narrowed.as_ref().is_some_and(|n| n.is_read_only) {
        return Err(Denied::Narrowed);
    }
    within_narrowing(catalog, actor, whose.division, Some(whose.kind))
}

/// Whether what the token was narrowed to lets this by: the one place where divisions and types are taken away.
fn within_narrowing(
    catalog: &Catalog,
    actor: &Actor,
    division: Division,
    kind: Option<&DocumentType>,
) -> Result<(), Denied> {
    let Some(narrowed) = &actor.narrowed else {
        return Ok(());
    };
    let is_of_type = |names: &Vec<Box<str>>| {
        kind.is_none_or(|kind| names.iter().any(|name| **name == *kind.name))
    };
    let covers = |all: &Vec<Division>| {
        all.iter()
            .any(|one| catalog.divisions.covers(*one, division))
    };
    let is_within = narrowed.types.as_ref().is_none_or(is_of_type)
        && narrowed.divisions.as_ref().is_none_or(covers);
    is_within.then_some(()).ok_or(Denied::Narrowed)
}

/// Whether any of the actor's roles reads anything of this sort.
///
/// # Errors
/// [`Denied::Role`].
pub fn may_use(catalog: &Catalog, actor: &Actor, area: Area) -> Result<(), Denied> {
    let mut readers = readers(catalog, actor, area);
    readers.next().map(|_| ()).ok_or(Denied::Role)
}

/// Whether the actor may see something: one role of theirs reads this sort of thing, there, and of this type.
///
/// # Errors
/// Which limit the actor would pass.
pub fn may_read(catalog: &Catalog, actor: &Actor, sight: Sight<'_>) -> Result<(), Denied> {
    may_use(catalog, actor, sight.area)?;
    let is_own = sight.division == actor.division;
    let covered = catalog.divisions.covers(actor.division, sight.division);
    let reaches = |role: &&Role| covered && (is_own || role.below);
    let mut near = readers(catalog, actor, sight.area)
        .filter(reaches)
        .peekable();
    if near.peek().is_none() {
        return Err(Denied::Division);
    }
    if let Some(own) = actor.agency.as_deref()
        && sight.agency != Some(own)
    {
        return Err(Denied::Agency);
    }
    if let Some(kind) = sight.kind
        && !near.any(|role| role.reads_type(kind))
    {
        return Err(Denied::Role);
    }
    let kind = sight.kind.and_then(|kind| catalog.document_type(kind));
    within_narrowing(catalog, actor, sight.division, kind)
}

/// Whether the actor may see all that there is of a sort, so that nothing need be looked at one by one.
pub fn reads_everything(catalog: &Catalog, actor: &Actor, area: Area) -> bool {
    let at_the_top = catalog.divisions.parent(actor.division).is_none();
    let whole = |role: &Role| role.below && role.types.is_empty();
    let is_whole = actor.agency.is_none() && actor.narrowed.is_none();
    is_whole && at_the_top && readers(catalog, actor, area).any(whole)
}

/// Whether the actor may know that a document is there: they may read it, or take some step of its type with it.
pub(crate) fn may_know(
    (own, current): (&Catalog, &Catalog),
    actor: &Actor,
    kind: TypeId,
    (division, agency): (Division, &str),
) -> bool {
    let sight = Sight {
        area: Area::Documents,
        division,
        agency: Some(agency),
        kind: Some(kind),
    };
    if may_read(current, actor, sight).is_ok() {
        return true;
    }
    let Some(kind) = own.document_type(kind) else {
        return false;
    };
    let whose = Whose {
        division,
        agency,
        kind,
        amount: 0,
    };
    let acts =
        |step: &TransitionRule| may_act(own, actor, (step.roles, step.acting), whose).is_ok();
    kind.transitions.iter().any(acts)
}

/// The actor's roles that read this sort of thing.
fn readers<'c>(catalog: &'c Catalog, actor: &Actor, area: Area) -> impl Iterator<Item = &'c Role> {
    let roles = catalog.roles_in(RoleSet(actor.roles));
    roles.filter(move |role| role.reads.contains(&area))
}
