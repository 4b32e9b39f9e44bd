//! The actor (操作人) and the rules of scope (数据权限).
//!
//! domain.md §1: "acts only inside his own division; reading downward is allowed, editing is not".

use std::sync::Arc;

use hubu_kernel::ident::Division;

use super::claims::Claims;
use super::error::AccessError;
use crate::catalog::division::Divisions;
use crate::catalog::document::RoleSet;
use crate::catalog::model::Catalog;

/// The longest name of an actor, in bytes: it is journalled with every record.
const NAME_BYTES_MAX: usize = 128;

/// Who asks, as a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The token's subject.
    pub name: Arc<str>,
    /// Roles, as the catalog's bits.
    pub roles: RoleSet,
    /// The division that the actor belongs to.
    pub division: Division,
    /// The actor's agency, or empty for one of a finance department.
    pub agency: Box<str>,
    /// The actor's department, or empty.
    pub dept: Box<str>,
}

impl Actor {
    /// The actor that these claims describe, with roles and division as the catalog knows them.
    ///
    /// # Errors
    /// The division is unknown, or the name is empty or too long.
    pub fn new(claims: &Claims, catalog: &Catalog) -> Result<Self, AccessError> {
        let name_bytes = claims.sub.len();
        if name_bytes == 0 || name_bytes > NAME_BYTES_MAX {
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
        Ok(Self {
            name: claims.sub.as_str().into(),
            roles: roles.fold(RoleSet(0), |all, one| RoleSet(all.0 | one.0)),
            division,
            agency: claims.agency.as_deref().unwrap_or_default().into(),
            dept: claims.dept.as_deref().unwrap_or_default().into(),
        })
    }

    /// Whether the actor may see what belongs to `division` and `agency` (empty: to no agency).
    #[inline]
    pub fn may_see(&self, divisions: &Divisions, division: Division, agency: &str) -> bool {
        let is_below = self.division == division || divisions.covers(self.division, division);
        is_below && self.is_of(agency)
    }

    /// Whether the actor may make or move what belongs to `division` and `agency`.
    #[inline]
    pub fn may_edit(&self, division: Division, agency: &str) -> bool {
        self.division == division && self.is_of(agency)
    }

    #[inline]
    fn is_of(&self, agency: &str) -> bool {
        self.agency.is_empty() || *self.agency == *agency
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::division::DivisionRow;

    fn tree() -> Divisions {
        let row = |code, parent: Option<u32>, level| DivisionRow {
            code: Division(code),
            parent: parent.map(Division),
            level,
            name: code.to_string(),
            kind: "k".into(),
        };
        Divisions::new(vec![
            row(420_000_000, None, 1),
            row(420_100_000, Some(420_000_000), 2),
            row(420_106_000, Some(420_100_000), 3),
            row(420_107_000, Some(420_100_000), 3),
        ])
    }

    fn actor(division: u32, agency: &str) -> Actor {
        Actor {
            name: "zhang".into(),
            roles: RoleSet(1),
            division: Division(division),
            agency: agency.into(),
            dept: "".into(),
        }
    }

    #[test]
    fn reading_reaches_down_and_not_across() {
        let tree = tree();
        let county = actor(420_106_000, "");
        assert!(county.may_see(&tree, Division(420_106_000), "A"));
        assert!(!county.may_see(&tree, Division(420_107_000), "A"));
        assert!(!county.may_see(&tree, Division(420_100_000), "A"));
        assert!(actor(420_000_000, "").may_see(&tree, Division(420_107_000), "A"));
    }

    #[test]
    fn editing_stays_in_ones_own_division() {
        let prefecture = actor(420_100_000, "");
        assert!(prefecture.may_edit(Division(420_100_000), ""));
        assert!(!prefecture.may_edit(Division(420_106_000), ""));
    }

    #[test]
    fn an_agencys_people_see_their_agency_alone() {
        let tree = tree();
        let clerk = actor(420_106_000, "A");
        assert!(clerk.may_see(&tree, Division(420_106_000), "A"));
        assert!(!clerk.may_see(&tree, Division(420_106_000), "B"));
        assert!(!clerk.may_see(&tree, Division(420_106_000), ""));
        assert!(!clerk.may_edit(Division(420_106_000), "B"));
    }
}
