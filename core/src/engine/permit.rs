//! Who may do what (权限): roles, divisions and agencies, all from the catalog, and what a token was narrowed to.
//!
//! Reading goes downward, acting does not: who may see a county below may still not act in it.

use crate::catalog::document::{Acting, DocumentType, RoleSet};
use crate::catalog::model::Catalog;
use crate::engine::actor::Actor;
use crate::engine::error::Denied;
use hubu_kernel::ident::Division;

/// Whether the actor may act, with one of `roles`, on a document of this type, of `division` and `agency`.
///
/// # Errors
/// Which limit the actor would pass.
pub(crate) fn may_act(
    catalog: &Catalog,
    actor: &Actor,
    kind: &DocumentType,
    (roles, acting): (RoleSet, Acting),
    division: Division,
    agency: &str,
) -> Result<(), Denied> {
    let of = match acting {
        Acting::Document => Some(division),
        Acting::Parent => catalog.divisions.payer(division),
    };
    if of != Some(actor.division) {
        return Err(Denied::Division);
    }
    if actor.agency.as_deref().is_some_and(|own| own != agency) {
        return Err(Denied::Agency);
    }
    if !roles.meets(RoleSet(actor.roles)) {
        return Err(Denied::Role);
    }
    if actor.narrowed.as_ref().is_some_and(|n| n.is_read_only) {
        return Err(Denied::Narrowed);
    }
    within_narrowing(catalog, actor, division, Some(kind))
}

/// Whether the actor may see something of `division` and `agency`; of `kind`, where it is a document or of one.
///
/// # Errors
/// Which limit the actor would pass.
pub fn may_read(
    catalog: &Catalog,
    actor: &Actor,
    division: Division,
    agency: Option<&str>,
    kind: Option<&DocumentType>,
) -> Result<(), Denied> {
    if !catalog.divisions.covers(actor.division, division) {
        return Err(Denied::Division);
    }
    match (&actor.agency, agency) {
        (Some(own), Some(agency)) if **own != *agency => return Err(Denied::Agency),
        (Some(_), None) => return Err(Denied::Agency),
        _ => {}
    }
    within_narrowing(catalog, actor, division, kind)
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
