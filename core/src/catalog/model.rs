//! The whole catalog as compiled, with lookups by name and by code.

use super::dimension::{Dimension, DimensionId};
use super::division::Divisions;
use super::document::{DocumentType, RoleSet};
use super::ledger::Ledger;
use hubu_kernel::ident::{LedgerId, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// One version of `config/`, compiled; immutable.
#[derive(Debug)]
pub struct Catalog {
    /// SM3 of the packed sources: tells one version from another.
    pub digest: [u8; 32],
    /// Dimensions, ascending by code.
    pub dimensions: Vec<Dimension>,
    /// Ledgers, ascending by code.
    pub ledgers: Vec<Ledger>,
    /// Document types, ascending by code.
    pub types: Vec<DocumentType>,
    /// Roles, in the order of their bits.
    pub roles: Vec<Role>,
    /// Divisions.
    pub divisions: Arc<Divisions>,
    /// Class lists and parameters, as guards see them.
    pub reference: Arc<Reference>,
    /// Places by name and by code.
    pub(super) index: Index,
}

/// A role (岗位).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    /// Its bit in a [`RoleSet`]: explicit and stable in `config/roles.toml`.
    pub bit: u8,
    /// Its name in tokens, such as `agency_clerk`.
    pub name: String,
    /// Its name in words.
    pub zh: String,
    /// Whether each of its requests goes to the audit log (特权岗位).
    pub is_privileged: bool,
    /// Whether it is for emergencies (应急岗位): a token with it gives a reason, is short-lived, and each act is marked.
    pub break_glass: bool,
    /// The roles that it stands for besides itself.
    pub stands_for: RoleSet,
}

/// Lists and parameters that guards consult.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Reference {
    /// Class lists by name: code to whether it is a leaf (末级).
    pub classes: HashMap<String, HashMap<String, bool>>,
    /// `config/params.toml`.
    pub params: toml::Table,
    /// How fiscal years stand, ascending; open where a year is not named.
    pub periods: Vec<(i64, Period)>,
}

/// How a fiscal year stands (会计期间).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// Business as usual.
    Open,
    /// The year is being closed: carry-over may run.
    Closing,
    /// Nothing new happens in it.
    Closed,
}

impl Period {
    /// The words of `params.toml`.
    pub const WORDS: [(&str, Period); 3] = [
        ("open", Period::Open),
        ("closing", Period::Closing),
        ("closed", Period::Closed),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Period::WORDS[self as usize].0
    }
}

impl Reference {
    /// How a fiscal year stands; open where `params.toml` does not name it.
    pub fn period(&self, year: i64) -> Period {
        let found = self
            .periods
            .binary_search_by_key(&year, |(known, _)| *known);
        found.map_or(Period::Open, |at| self.periods[at].1)
    }
}

/// Places by name and by code.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) dimension_by_name: HashMap<String, DimensionId>,
    pub(super) dimension_by_id: Vec<Option<u8>>,
    pub(super) ledger_by_name: HashMap<String, LedgerId>,
    pub(super) ledger_by_id: Vec<Option<u8>>,
    pub(super) type_by_name: HashMap<String, TypeId>,
    pub(super) role_by_name: HashMap<String, u8>,
    pub(super) privileged: RoleSet,
}

impl Catalog {
    /// The dimension of this code.
    #[inline]
    pub fn dimension(&self, id: DimensionId) -> Option<&Dimension> {
        let at = (*self.index.dimension_by_id.get(usize::from(id))?)?;
        self.dimensions.get(usize::from(at))
    }

    /// The dimension of this name.
    pub fn dimension_named(&self, name: &str) -> Option<&Dimension> {
        self.dimension(*self.index.dimension_by_name.get(name)?)
    }

    /// The ledger of this code.
    #[inline]
    pub fn ledger(&self, id: LedgerId) -> Option<&Ledger> {
        let at = (*self.index.ledger_by_id.get(usize::from(id.0))?)?;
        self.ledgers.get(usize::from(at))
    }

    /// The ledger of this name.
    pub fn ledger_named(&self, name: &str) -> Option<&Ledger> {
        self.ledger(*self.index.ledger_by_name.get(name)?)
    }

    /// The document type of this code.
    #[inline]
    pub fn document_type(&self, id: TypeId) -> Option<&DocumentType> {
        let at = self.types.binary_search_by_key(&id, |t| t.id).ok()?;
        Some(&self.types[at])
    }

    /// The document type of this name.
    pub fn type_named(&self, name: &str) -> Option<&DocumentType> {
        self.document_type(*self.index.type_by_name.get(name)?)
    }

    /// The set of one role, by name.
    pub fn role_named(&self, name: &str) -> Option<RoleSet> {
        let bit = *self.index.role_by_name.get(name)?;
        Some(RoleSet(1 << bit))
    }

    /// The roles whose every request goes to the audit log.
    pub fn privileged(&self) -> RoleSet {
        self.index.privileged
    }

    /// Whether one of these roles is for emergencies.
    pub fn is_break_glass(&self, set: RoleSet) -> bool {
        let mut held = self
            .roles
            .iter()
            .filter(|role| set.0 & (1 << role.bit) != 0);
        held.any(|role| role.break_glass)
    }

    /// These roles, and those that they stand for.
    pub fn with_stood_for(&self, set: RoleSet) -> RoleSet {
        let held = self
            .roles
            .iter()
            .filter(|role| set.0 & (1 << role.bit) != 0);
        RoleSet(held.fold(set.0, |all, role| all | role.stands_for.0))
    }

    /// The names of the roles in a set, in the order of their bits.
    pub fn role_names(&self, set: RoleSet) -> impl Iterator<Item = &str> {
        self.roles
            .iter()
            .filter(move |role| set.0 & (1 << role.bit) != 0)
            .map(|role| role.name.as_str())
    }
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Catalog>();
};
