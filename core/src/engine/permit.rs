//! Who may do what (权限): roles, divisions and agencies, all from the catalog.
//!
//! Reading goes downward, acting does not: who may see a county below may still not act in it.

use crate::catalog::document::{Acting, RoleSet};
use crate::catalog::model::Catalog;
use crate::engine::actor::Actor;
use crate::engine::error::Denied;
use hubu_kernel::ident::Division;

/// Whether the actor may act, with one of `roles`, on something of `division` and `agency`.
///
/// # Errors
/// Which limit the actor would pass.
pub(crate) fn may_act(
    catalog: &Catalog,
    actor: &Actor,
    roles: RoleSet,
    acting: Acting,
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
    Ok(())
}

/// Whether the actor may see something of `division` and `agency`.
///
/// # Errors
/// Which limit the actor would pass.
pub fn may_read(
    catalog: &Catalog,
    actor: &Actor,
    division: Division,
    agency: Option<&str>,
) -> Result<(), Denied> {
    if !catalog.divisions.covers(actor.division, division) {
        return Err(Denied::Division);
    }
    match (&actor.agency, agency) {
        (Some(own), Some(agency)) if **own != *agency => Err(Denied::Agency),
        (Some(_), None) => Err(Denied::Agency),
        _ => Ok(()),
    }
}
