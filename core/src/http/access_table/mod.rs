//! The table of who may do what (权限表), from the catalog and the routes: what `docs/access.md` shows and what a trial
//! holds the server against, cell by cell.
//!
//! It says what should be, in its own words, and shares no code with `crate::engine::permit`, which decides.

mod reads;
mod render;
mod scope;
mod steps;

pub use reads::{ReadRow, Says};
pub use scope::Scope;
pub use steps::StepRow;

use super::route::Operation;
use crate::catalog::model::Catalog;
use crate::catalog::role::Role;

/// The whole table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessTable {
    /// Who may read what.
    pub reads: Vec<ReadRow>,
    /// Who may act on what.
    pub steps: Vec<StepRow>,
}

impl AccessTable {
    /// The table of this catalog.
    pub fn of(catalog: &Catalog) -> AccessTable {
        AccessTable {
            reads: reads::rows(catalog),
            steps: steps::rows(catalog),
        }
    }

    /// What a route says to a role that stands so, for a document type where that plays a part. What is not in the
    /// table is refused.
    pub fn read(
        &self,
        operation: Operation,
        role: &Role,
        kind: Option<&str>,
        scope: Scope,
    ) -> Says {
        let of_role = |row: &&ReadRow| row.operation == operation && row.roles.contains(&role.name);
        let Some(row) = self.reads.iter().find(of_role) else {
            return Says::Refused(403);
        };
        let is_of_type = kind
            .is_none_or(|kind| row.types.is_empty() || row.types.iter().any(|known| known == kind));
        match row.cells[scope as usize] {
            Says::Yes if !is_of_type => reads::refusal(operation),
            cell => cell,
        }
    }

    /// The file that shows it.
    pub fn render(&self, catalog: &Catalog) -> String {
        render::render(self, catalog)
    }
}
