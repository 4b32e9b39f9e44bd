//! Who may act on what: a row for each document type's entry and each of its steps.

use super::scope::Scope;
use crate::catalog::document::{Acting, DocumentType, RoleSet, TransitionRule};
use crate::catalog::limit::RoleLimit;
use crate::catalog::model::Catalog;
use crate::catalog::role::Role;
use hubu_kernel::ident::{StateId, TypeId};
use hubu_kernel::money::Total;
use hubu_kernel::transition::Transition;

/// An entry or a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepRow {
    /// The document type.
    pub kind: TypeId,
    /// The step's name; empty for the entry.
    pub step: String,
    /// Where it starts; `None` for the entry.
    pub from: Option<StateId>,
    /// Where it leads.
    pub to: StateId,
    /// The roles that may, each with its limit where it has one.
    pub roles: Vec<(String, Option<RoleLimit>)>,
    /// Of which division the actor must be.
    pub acting: Acting,
    /// Separation of duties, in words.
    pub duties: &'static str,
}

impl StepRow {
    /// Whether this role may, standing so, with this amount.
    pub fn allows(&self, role: &Role, scope: Scope, amount: Total) -> bool {
        let named = self.roles.iter().find(|(name, _)| *name == role.name);
        let admits = |limit: &Option<RoleLimit>| limit.is_none_or(|limit| limit.admits(amount));
        named.is_some_and(|(_, limit)| admits(limit))
            && scope.acts(self.acting)
            && (scope.is_of_agency() || !role.of_agency)
    }
}

/// All rows, by type, the entry first.
pub(super) fn rows(catalog: &Catalog) -> Vec<StepRow> {
    catalog
        .types
        .iter()
        .flat_map(|kind| of_type(catalog, kind))
        .collect()
}

fn of_type(catalog: &Catalog, kind: &DocumentType) -> Vec<StepRow> {
    let entry = StepRow {
        kind: kind.id,
        step: String::new(),
        from: None,
        to: kind.initial,
        roles: roles(catalog, kind.entry.roles, None),
        acting: kind.entry.acting,
        duties: "",
    };
    let steps = kind.transitions.iter().map(|step| StepRow {
        kind: kind.id,
        step: step.name.clone(),
        from: Some(step.kernel.from),
        to: step.kernel.to,
        roles: roles(catalog, step.roles, Some(step)),
        acting: step.acting,
        duties: duties(&step.kernel),
    });
    std::iter::once(entry).chain(steps).collect()
}

fn roles(
    catalog: &Catalog,
    set: RoleSet,
    step: Option<&TransitionRule>,
) -> Vec<(String, Option<RoleLimit>)> {
    let limit = |role: &Role| step.and_then(|step| step.limit_of(role.set())).copied();
    let roles = catalog.roles_in(set);
    roles.map(|role| (role.name.clone(), limit(role))).collect()
}

fn duties(step: &Transition) -> &'static str {
    match step {
        Transition {
            not_acted: true, ..
        } => "nobody who acted before in this round",
        Transition {
            creator_only: true, ..
        } => "the creator alone",
        Transition {
            not_creator: true,
            not_previous: true,
            ..
        } => "not the creator, not who acted last",
        Transition {
            not_creator: true, ..
        } => "not the creator",
        Transition {
            not_previous: true, ..
        } => "not who acted last",
        _ => "",
    }
}
