//! From claims to an actor (操作人), with roles and division as the catalog knows them.

use std::sync::Arc;

use hubu_kernel::actor::{BREAK_GLASS, ON_BEHALF_OF, PERSON_BYTES_MAX, REASON_BYTES_MAX, is_plain};

use super::claims::{Claims, Only};
use super::error::AccessError;
use super::jws::invalid;
use crate::catalog::document::RoleSet;
use crate::catalog::model::Catalog;
use crate::engine::actor::{Actor, Narrowing};

/// The actor that these claims describe; times are not looked at. Roles that the catalog does not have give nothing, and
/// so do those of an agency's people to somebody of no agency: they would else reach every agency of the division.
///
/// # Errors
/// The division is unknown, or a name is empty, too long, has white space around it or a sign that records use (see
/// [`hubu_kernel::actor`]); a delegation without its end, to oneself or of a role for emergencies; such a role without a reason.
pub fn actor_of(claims: &Claims, catalog: &Catalog) -> Result<Actor, AccessError> {
    check_person("sub", &claims.sub)?;
    let division = catalog
        .divisions
        .find(&claims.division)
        .ok_or_else(|| AccessError::UnknownDivision(claims.division.clone()))?;
    let roles = roles_of(claims, catalog);
    let named = |text: &Option<String>| text.as_deref().filter(|t| !t.is_empty()).map(Into::into);
    let agency: Option<Arc<str>> = named(&claims.agency);
    let mut counting = catalog.with_stood_for(roles);
    if agency.is_none() {
        counting = catalog.without_agency(counting);
    }
    Ok(Actor {
        name: name(claims, catalog.is_break_glass(roles))?,
        roles: counting.0,
        division,
        agency,
        dept: named(&claims.dept),
        narrowed: claims
            .only
            .as_ref()
            .map(|only| Arc::new(narrowing(only, catalog))),
    })
}

/// The roles that a token names.
pub(super) fn roles_of(claims: &Claims, catalog: &Catalog) -> RoleSet {
    let roles = claims
        .roles
        .iter()
        .filter_map(|name| catalog.role_named(name));
    RoleSet(roles.fold(0, |all, one| all | one.0))
}

/// The name that records will carry.
fn name(claims: &Claims, is_break_glass: bool) -> Result<Arc<str>, AccessError> {
    let person = &claims.sub;
    match (&claims.delegated_by, claims.delegated_until) {
        (None, None) => {}
        (Some(delegator), Some(_)) => {
            check_person("delegated_by", delegator)?;
            if delegator == person {
                return Err(invalid("nobody delegates to themselves"));
            }
            if is_break_glass {
                return Err(invalid("a role for emergencies is not delegated"));
            }
            return Ok(format!("{person}{ON_BEHALF_OF}{delegator}").into());
        }
        _ => {
            return Err(invalid(
                "`delegated_by` and `delegated_until` go together: a delegation has an end",
            ));
        }
    }
    if !is_break_glass {
        return Ok(person.as_str().into());
    }
    let reason = claims.reason.as_deref().unwrap_or_default().trim();
    let is_said = (1..=REASON_BYTES_MAX).contains(&reason.len());
    if !is_said || reason.chars().any(char::is_control) {
        return Err(invalid(
            "a role for emergencies needs a `reason` of 1 to 200 bytes",
        ));
    }
    Ok(format!("{person}{BREAK_GLASS}{reason}").into())
}

fn check_person(claim: &str, name: &str) -> Result<(), AccessError> {
    if !(1..=PERSON_BYTES_MAX).contains(&name.len()) {
        return Err(invalid(&format!("`{claim}` has 1 to 128 bytes")));
    }
    if !is_plain(name) {
        let reason = format!("`{claim}` has {ON_BEHALF_OF} or {BREAK_GLASS}, which names have not");
        return Err(invalid(&reason));
    }
    // Names are compared byte for byte: `li` and `li ` would be two people, and look like one.
    if name.trim() != name || name.chars().any(char::is_control) {
        let reason =
            format!("`{claim}` begins or ends with white space, or has a control character");
        return Err(invalid(&reason));
    }
    Ok(())
}

/// Divisions that the catalog does not have let nothing by.
fn narrowing(only: &Only, catalog: &Catalog) -> Narrowing {
    let boxed = |names: &Vec<String>| names.iter().map(|name| name.as_str().into()).collect();
    let found = |codes: &Vec<String>| {
        let codes = codes.iter();
        codes
            .filter_map(|code| catalog.divisions.find(code))
            .collect()
    };
    Narrowing {
        is_read_only: only.read_only,
        operations: only.operations.as_ref().map(boxed),
        types: only.types.as_ref().map(boxed),
        divisions: only.divisions.as_ref().map(found),
    }
}
