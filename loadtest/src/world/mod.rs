//! The world that a seed gives: the division tree, budget agencies, and for each agency the indicators it spends from.
//!
//! Everything here is recomputed, never stored: the same seed, counts and division file give the same codes and the
//! same opening amounts, so the audit knows what each row began with without asking the server.

mod agency;
mod division;
mod opening;
mod row;

pub use agency::{AGENCIES_PER_DEPT, Agency};
pub use division::{Division, read_divisions};
pub use opening::{Opening, POOL, write_opening};
pub use row::{Balance, Ledger, RowKey};

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::LoadError;

/// What a world is made from; kept beside the book, so that a later audit can make it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recipe {
    /// Seed of every choice.
    pub seed: u64,
    /// Fiscal year (年度) of all rows and documents.
    pub fiscal_year: u16,
    /// How many budget agencies (单位).
    pub agencies: u32,
    /// How many rows at least, as the server counts them; seven to an indicator.
    pub rows: u32,
    /// CSV of the division tree.
    pub divisions: PathBuf,
}

/// The world: divisions in file order, agencies grouped by division in that order.
#[derive(Debug)]
pub struct World {
    /// What it was made from.
    pub recipe: Recipe,
    /// All divisions (区划), in the order of the file.
    pub divisions: Vec<Division>,
    /// All agencies; those of one division are consecutive.
    pub agencies: Vec<Agency>,
    by_division: HashMap<u32, u32>,
    by_agency: HashMap<String, u32>,
}

impl World {
    /// Makes the world; fails when the division file is missing or wrong (every mistake listed).
    pub fn make(recipe: Recipe) -> Result<Self, LoadError> {
        let divisions = read_divisions(&recipe.divisions)?;
        if recipe.agencies == 0 || recipe.rows == 0 {
            return Err(LoadError::format(
                "world",
                "needs at least one agency and one row",
            ));
        }
        let agencies = agency::make_agencies(&recipe, &divisions);
        assert_eq!(agencies.len(), recipe.agencies as usize);
        let by_division = divisions
            .iter()
            .zip(0..)
            .map(|(d, i)| (d.code, i))
            .collect();
        let by_agency = agencies
            .iter()
            .zip(0..)
            .map(|(a, i)| (a.code.clone(), i))
            .collect();
        Ok(Self {
            recipe,
            divisions,
            agencies,
            by_division,
            by_agency,
        })
    }

    /// As [`World::make`], looking for a relative division file from `base` too.
    pub fn make_near(mut recipe: Recipe, base: &Path) -> Result<Self, LoadError> {
        if !recipe.divisions.exists() && base.join(&recipe.divisions).exists() {
            recipe.divisions = base.join(&recipe.divisions);
        }
        Self::make(recipe)
    }

    /// Index of the division with this code.
    pub fn division_index(&self, code: &str) -> Option<u32> {
        self.by_division.get(&code.parse().ok()?).copied()
    }

    /// Index of the agency with this code.
    pub fn agency_index(&self, code: &str) -> Option<u32> {
        self.by_agency.get(code).copied()
    }

    /// The division that an agency belongs to.
    pub fn division_of(&self, agency: &Agency) -> &Division {
        &self.divisions[agency.division as usize]
    }

    /// How many indicators (each with its SRC, IND, INDP, PLN, CPL, INDG and CPG rows) there are in all.
    pub fn indicators(&self) -> u64 {
        self.agencies.iter().map(|a| u64::from(a.indicators)).sum()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn small() -> World {
        let divisions = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/divisions.csv").into();
        World::make(Recipe {
            seed: 7,
            fiscal_year: 2026,
            agencies: 30,
            rows: 300,
            divisions,
        })
        .unwrap()
    }

    #[test]
    fn same_seed_same_world() {
        let (a, b) = (small(), small());
        assert_eq!(a.agencies, b.agencies);
        assert_eq!(a.indicators(), 43);
        assert!(a.agencies.iter().all(|g| g.code.len() == 21));
    }

    #[test]
    fn agencies_of_a_division_are_consecutive() {
        let world = small();
        assert!(world.agencies.is_sorted_by_key(|a| a.division));
    }
}
