//! From claims to an actor (操作人), with roles and division as the catalog knows them.

use super::claims::Claims;
use super::error::AccessError;
use crate::catalog::model::Catalog;
use crate::engine::actor::Actor;

/// The longest name of an actor, in bytes: it is journalled with every record.
const NAME_BYTES_MAX: usize = 128;

/// The actor that these claims describe. Roles that the catalog does not have give nothing.
///
/// # Errors
/// The division is unknown, or the name is empty or too long.
pub fn actor_of(claims: &Claims, catalog: &Catalog) -> Result<Actor, AccessError> {
    if !(1..=NAME_BYTES_MAX).contains(&claims.sub.len()) {
        return Err(AccessError::Invalid("`sub` has 1 to 128 bytes".into()));
    }
    let division = catalog
        .divisions
        .find(&claims.division)
        .ok_or_else(|| AccessError::UnknownDivision(claims.division.clone()))?;
    let roles = claims
        .roles
        .iter()
        .filter_map(|name| catalog.role_named(name));
    let named = |text: &Option<String>| text.as_deref().filter(|t| !t.is_empty()).map(Into::into);
    Ok(Actor {
        name: claims.sub.as_str().into(),
        roles: roles.fold(0, |all, one| all | one.0),
        division,
        agency: named(&claims.agency),
        dept: named(&claims.dept),
        capacity: None,
    })
}
