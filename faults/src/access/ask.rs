//! Who asks, what of, and what an answer says about a right.

use super::ground::{Ground, Paper};
use super::place::{Object, Stand, objects};
use super::tally::Tally;
use super::wire::Reply;
use hubu_core::catalog::role::Role;
use hubu_core::http::access_table::{AccessTable, Says, Scope, StepRow};
use hubu_core::http::route::Operation;
use hubu_kernel::money::Total;
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;

/// Somebody who asks.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) number: usize,
    pub(super) role: Role,
    /// It, and the roles that it stands for: what any of them may, the asker may.
    pub(super) counting: Vec<Role>,
    pub(super) stand: Stand,
    pub(super) token: String,
}

/// What everybody asks of.
pub(super) struct World {
    pub(super) table: AccessTable,
    pub(super) ground: Ground,
    /// A row of everything.
    pub(super) rows: HashMap<Object, String>,
    pub(super) address: SocketAddr,
    pub(super) is_quick: bool,
}

impl World {
    /// What the table says to an asker.
    pub(super) fn read(
        &self,
        operation: Operation,
        asker: &Asker,
        kind: Option<&str>,
        scope: Scope,
    ) -> Says {
        let says = asker
            .counting
            .iter()
            .map(|role| self.table.read(operation, role, kind, scope));
        // The most that any role gives; of two refusals the one that is not for want of any right.
        says.max_by_key(|says| match says {
            Says::Yes => 4,
            Says::Own => 3,
            Says::Hidden | Says::Nothing => 2,
            Says::Refused(status) => u8::from(*status != 403),
        })
        .unwrap_or(Says::Refused(403))
    }

    /// Whether the table lets an asker take a step.
    pub(super) fn allows(&self, row: &StepRow, asker: &Asker, scope: Scope, amount: Total) -> bool {
        asker
            .counting
            .iter()
            .any(|role| row.allows(role, scope, amount))
    }

    /// What stands for a scope.
    pub(super) fn objects(&self, scope: Scope) -> Vec<Object> {
        let mut objects = objects(scope);
        if self.is_quick {
            objects.truncate(1);
        }
        objects
    }

    /// The document that is this.
    pub(super) fn paper(&self, paper: Paper) -> Option<u64> {
        self.ground.papers.get(&paper).map(|document| document.0)
    }
}

/// What should be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// Anything but that it may not.
    Allowed,
    /// That it may not, with this status.
    Refused(u16),
}

/// Codes of problems that say that somebody may not.
const DENIED: [&str; 6] = [
    "role_denied",
    "division_denied",
    "agency_denied",
    "amount_denied",
    "narrowed",
    "not_found",
];

/// Notes one answer; `place` says in words which cell it is.
pub(super) fn hold(
    tally: &mut Tally,
    route: &'static str,
    wanted: Wanted,
    (status, code): (u16, &str),
    place: impl FnOnce() -> String,
) {
    let is_denied = DENIED.contains(&code);
    // A server that can't answer, or that does not believe the token, has said nothing about rights.
    let is_told = status < 500 && status != 401;
    let is_right = match wanted {
        Wanted::Allowed => is_told && !is_denied,
        Wanted::Refused(wanted) => is_denied && status == wanted,
    };
    let wrong = (!is_right).then(|| {
        format!(
            "{route}: {}: {wanted:?}, and it was {status} {code}",
            place()
        )
    });
    tally.cell(route, wanted == Wanted::Allowed, wrong);
}

/// Status and code of an answer.
pub(super) fn heard(reply: &Reply) -> (u16, String) {
    if reply.status < 400 {
        return (reply.status, String::new());
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    (
        reply.status,
        body["code"].as_str().unwrap_or_default().to_owned(),
    )
}
