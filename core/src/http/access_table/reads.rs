//! Who may read what: a row for each route and each sort of role.

use super::scope::Scope;
use crate::catalog::model::Catalog;
use crate::catalog::role::Role;
use crate::http::route::{Needs, Operation, ROUTES};

/// What a cell says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Says {
    /// It is answered.
    Yes,
    /// It is answered with what is the asker's own agency's, and nothing else.
    Own,
    /// It is left out of the answer.
    Hidden,
    /// It is refused with this status.
    Refused(u16),
    /// There is no way to ask for it.
    Nothing,
}

impl Says {
    /// As the table shows it.
    pub fn text(self) -> String {
        match self {
            Says::Yes => "yes".into(),
            Says::Own => "own".into(),
            Says::Hidden => "hidden".into(),
            Says::Refused(status) => status.to_string(),
            Says::Nothing => "–".into(),
        }
    }
}

/// One route for roles that may read the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadRow {
    /// The route.
    pub operation: Operation,
    /// The roles, by name.
    pub roles: Vec<String>,
    /// The document types, by name; empty for all, and where types play no part.
    pub types: Vec<String>,
    /// One for each of [`Scope::ALL`].
    pub cells: Vec<Says>,
}

/// All rows, by route. A role without a row for a route is refused there with 403.
pub(super) fn rows(catalog: &Catalog) -> Vec<ReadRow> {
    let mut rows: Vec<ReadRow> = Vec::new();
    for route in &ROUTES {
        let Needs::Reader(area) = route.operation.needs() else {
            continue;
        };
        let begin = rows.len();
        for role in catalog.roles.iter().filter(|r| r.reads.contains(&area)) {
            let cells: Vec<Says> = Scope::ALL
                .iter()
                .map(|(scope, ..)| says(route.operation, role, *scope))
                .collect();
            let types = types(catalog, route.operation, role);
            let same = |row: &&mut ReadRow| row.cells == cells && row.types == types;
            match rows[begin..].iter_mut().find(same) {
                Some(row) => row.roles.push(role.name.clone()),
                None => rows.push(ReadRow {
                    operation: route.operation,
                    roles: vec![role.name.clone()],
                    types,
                    cells,
                }),
            }
        }
    }
    rows
}

fn types(catalog: &Catalog, operation: Operation, role: &Role) -> Vec<String> {
    let types = role.types.iter().filter(|_| is_of_types(operation));
    let kinds = types.filter_map(|kind| catalog.document_type(*kind));
    kinds.map(|kind| kind.name.clone()).collect()
}

/// Whether what a route tells of is of a document type.
pub(super) fn is_of_types(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Document | Operation::Signing | Operation::Trace | Operation::Events
    )
}

fn says(operation: Operation, role: &Role, scope: Scope) -> Says {
    let refused = refusal(operation);
    if operation == Operation::Work && !scope.is_own_division() {
        return Says::Nothing;
    }
    if scope.is_of_agency() {
        return match (operation, scope) {
            (Operation::Summary, _) => Says::Refused(403),
            (_, Scope::OwnAgency) => Says::Yes,
            (Operation::Work | Operation::Quotas, Scope::OwnOffice) => Says::Own,
            (Operation::Work, _) => Says::Refused(403),
            _ => refused,
        };
    }
    if operation == Operation::Summary && scope == Scope::OfficeAgencies {
        return Says::Nothing;
    }
    match scope {
        // A role of an agency's people gives nothing to who belongs to none.
        _ if role.of_agency => Says::Refused(403),
        Scope::Office | Scope::OfficeAgencies => Says::Yes,
        _ if scope.is_below() && role.below => Says::Yes,
        _ => refused,
    }
}

/// How a route refuses what is there and is not for the asker: where that would tell that it is there, it says that
/// there is nothing.
pub(super) fn refusal(operation: Operation) -> Says {
    match operation {
        Operation::Document | Operation::Signing | Operation::Trace | Operation::Quota => {
            Says::Refused(404)
        }
        Operation::Events => Says::Hidden,
        _ => Says::Refused(403),
    }
}
