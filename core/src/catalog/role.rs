//! A role (岗位): its place in a set, and what it may read.
//!
//! What a role may *do* stands in the document types, step by step. What it may *read* stands here, and what is
//! not named is refused.

use super::document::RoleSet;
use super::model::Catalog;
use hubu_kernel::ident::TypeId;

/// What there is to read (查看内容). Each route that reads belongs to one of these.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Area {
    /// Documents and their traces (单据、溯源).
    Documents,
    /// Rows (额度).
    Quotas,
    /// Work lists (待办).
    Work,
    /// Sums of a division and all below it (汇总).
    Summary,
    /// The feed of what happened (事件).
    Events,
}

impl Area {
    /// The words of `roles.toml`.
    pub const WORDS: [(&str, Area); 5] = [
        ("documents", Area::Documents),
        ("quotas", Area::Quotas),
        ("work", Area::Work),
        ("summary", Area::Summary),
        ("events", Area::Events),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Area::WORDS[self as usize].0
    }
}

/// A role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    /// Its bit in a [`RoleSet`]: explicit and stable in `config/roles.toml`.
    pub bit: u8,
    /// Its name in tokens, such as `agency_clerk`.
    pub name: String,
    /// Its name in words.
    pub zh: String,
    /// What it may read; nothing when empty.
    pub reads: Vec<Area>,
    /// The document types that it may read, ascending; all when empty.
    pub types: Vec<TypeId>,
    /// Whether it also reads what is below its division.
    pub below: bool,
    /// Whether it is of an agency's people: it gives nothing to somebody of no agency.
    pub of_agency: bool,
    /// Whether each of its requests goes to the audit log (特权岗位).
    pub is_privileged: bool,
    /// Whether it is for emergencies (应急岗位): a token with it gives a reason, is short-lived, and each act is marked.
    pub break_glass: bool,
    /// The roles that it stands for besides itself.
    pub stands_for: RoleSet,
}

impl Role {
    /// The set of this role alone.
    pub const fn set(&self) -> RoleSet {
        RoleSet(1 << self.bit)
    }

    /// Whether it may read documents of this type, where it reads documents at all.
    pub fn reads_type(&self, kind: TypeId) -> bool {
        self.types.is_empty() || self.types.binary_search(&kind).is_ok()
    }
}

impl Catalog {
    /// The roles in a set, in the order of their bits.
    pub fn roles_in(&self, set: RoleSet) -> impl Iterator<Item = &Role> {
        self.roles.iter().filter(move |role| role.set().meets(set))
    }

    /// What is left of a set for somebody who belongs to no agency.
    pub fn without_agency(&self, set: RoleSet) -> RoleSet {
        let of_agency = self.roles.iter().filter(|role| role.of_agency);
        RoleSet(of_agency.fold(set.0, |left, role| left & !role.set().0))
    }
}
