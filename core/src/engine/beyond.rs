//! An amount that none of somebody's roles may take a step with (超出金额权限): the limit, what was asked, and who could.

use crate::catalog::document::{RoleSet, TransitionRule};
use crate::catalog::model::Catalog;
use hubu_kernel::money::{Cents, Total};
use std::fmt;

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beyond {
    /// The limit that stands in the way, in 分: the most that a role of theirs may, or what theirs begin above.
    pub limit: Cents,
    /// Whether there is too little, and not too much.
    pub is_below: bool,
    /// Σ of the lines, in 分.
    pub asked: Total,
    /// The roles that may take the step with this amount, by name and in words; none where nobody may.
    pub roles: Vec<(String, String)>,
}

impl Beyond {
    /// Of a step whose limits shut out all of `roles`.
    pub(crate) fn new(
        catalog: &Catalog,
        step: &TransitionRule,
        roles: RoleSet,
        asked: Total,
    ) -> Beyond {
        let own = step.limits.iter().filter(|limit| limit.role.meets(roles));
        let tops = own.clone().filter_map(|limit| limit.up_to);
        let most = tops.filter(|most| Total::from(most.0) < asked).max();
        let least = own.filter_map(|limit| limit.above).min();
        let could = catalog.roles_in(step.roles_for(asked));
        Beyond {
            limit: most.or(least).unwrap_or_default(),
            is_below: most.is_none(),
            asked,
            roles: could
                .map(|role| (role.name.clone(), role.zh.clone()))
                .collect(),
        }
    }
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, limit) = (Yuan(self.asked), Yuan(self.limit.0.into()));
        let way = if self.is_below { "only above" } else { "up to" };
        write!(
            f,
            "your role may do this {way} {limit}, and this is {asked}"
        )?;
        let names: Vec<&str> = self.roles.iter().map(|(name, _)| &**name).collect();
        match names.is_empty() {
            true => f.write_str("; no role may do it with this amount"),
            false => write!(f, "; who may: {}", names.join(", ")),
        }
    }
}

/// An amount that is not negative, in yuan.
struct Yuan(Total);

impl fmt::Display for Yuan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
