//! Amount limits (金额权限): up to which amount of one document a role may take a step, and from which on.

use super::document::{RoleSet, TransitionRule};
use hubu_kernel::money::{Cents, Total};

/// The amounts with which one role may take a step; of a role without one, all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RoleLimit {
    /// Which role, alone.
    pub role: RoleSet,
    /// Only with more than this.
    pub above: Option<Cents>,
    /// At most this.
    pub up_to: Option<Cents>,
}

impl RoleLimit {
    /// Whether the role may take the step with a document of this amount: the sum of its lines.
    pub fn admits(&self, amount: Total) -> bool {
        self.above.is_none_or(|above| amount > Total::from(above.0))
            && self.up_to.is_none_or(|most| amount <= Total::from(most.0))
    }
}

impl TransitionRule {
    /// The roles that may take the step with a document of this amount.
    pub fn roles_for(&self, amount: Total) -> RoleSet {
        let shut = self.limits.iter().filter(|limit| !limit.admits(amount));
        RoleSet(shut.fold(self.roles.0, |left, limit| left & !limit.role.0))
    }

    /// The limit of a role, if it has one.
    pub fn limit_of(&self, role: RoleSet) -> Option<&RoleLimit> {
        self.limits.iter().find(|limit| limit.role == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_exact_to_the_fen() {
        let limit = RoleLimit {
            role: RoleSet(1),
            above: Some(Cents(100)),
            up_to: Some(Cents(200)),
        };
        let admitted: Vec<Total> = [100, 101, 200, 201, Total::MAX]
            .into_iter()
            .filter(|amount| limit.admits(*amount))
            .collect();
        assert_eq!(admitted, [101, 200]);
    }
}
