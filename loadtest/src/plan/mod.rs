//! Plans: who works, how often, for how long, and what counts as failing. A plan is a TOML file in `config/plans`,
//! checked before the run with every mistake listed.

mod check;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::LoadError;

/// A checked plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What the plan is called in reports.
    pub name: String,
    /// A sentence about it.
    #[serde(default)]
    pub about: String,
    /// How many users.
    pub users: u32,
    /// Seconds over which they come to work.
    pub ramp_seconds: f64,
    /// Seconds that all of them work.
    pub duration_seconds: f64,
    /// Mean think time in seconds.
    pub think_seconds: f64,
    /// Think times are spread evenly over mean × (1 ± this).
    pub think_spread: f64,
    /// Seconds after which a request has failed.
    pub timeout_seconds: f64,
    /// Share of commands asked a second time with the same key, to see the same answer.
    pub repeat_share: f64,
    /// Share of documents that a reviewer sends back.
    pub reject_share: f64,
    /// Documents that one request of the payment centre, the banks and the treasury acts on at most.
    pub batch: u32,
    /// How many seats of each role a team has; one team serves [`TEAM_AGENCIES`] agencies.
    pub team: BTreeMap<String, u32>,
    /// What an agency's clerk does, by weight.
    pub clerk: BTreeMap<String, u32>,
    /// What an official who looks things up does, by weight.
    pub official: BTreeMap<String, u32>,
    /// What a desk does when nothing waits for it, by weight.
    pub idle: BTreeMap<String, u32>,
    /// When the run has failed.
    pub thresholds: Thresholds,
}

/// Limits that a run must keep; each is optional but `failed`, which is 0 when left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Highest 99th percentile over all actions, in ms.
    pub p99_ms: Option<f64>,
    /// Highest 99.9th percentile, in ms.
    pub p999_ms: Option<f64>,
    /// Lowest requests a second.
    pub rate_min: Option<f64>,
    /// Most requests without a right answer.
    #[serde(default)]
    pub failed: u64,
    /// Largest share of requests that the server sheds.
    pub shed_share: Option<f64>,
    /// Largest share of commands refused for reasons of business.
    pub refused_share: Option<f64>,
}

/// Agencies that one team serves: neighbours with one department.
pub const TEAM_AGENCIES: u32 = crate::world::AGENCIES_PER_DEPT;

/// Roles that a team may have, and whether the seats are for each agency or for the whole team.
pub const SEATS: [(&str, bool); 11] = [
    ("agency_clerk", true),
    ("agency_reviewer", true),
    ("agency_head", true),
    ("dept_reviewer", false),
    ("business_office", false),
    ("budget_office", false),
    ("treasury_office", false),
    ("payment_centre", false),
    ("agent_bank", false),
    ("treasury_bank", false),
    ("official", false),
];

/// What a clerk may do.
pub const CLERK: [&str; 5] = [
    "payment",
    "pay_plan",
    "read_quotas",
    "read_document",
    "read_work",
];
/// What an official may look up.
pub const OFFICIAL: [&str; 4] = ["read_quotas", "read_document", "read_summary", "read_trace"];

impl Plan {
    /// Reads and checks a plan; every mistake is listed.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
        let mistakes = |mistakes| LoadError::Mistakes {
            path: path.into(),
            mistakes,
        };
        check::read(&text).map_err(mistakes)
    }

    /// Checks a plan that was changed by options.
    pub fn check(&self) -> Result<(), LoadError> {
        let mistakes = check::mistakes(self);
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(LoadError::Mistakes {
                path: self.name.clone().into(),
                mistakes,
            })
        }
    }

    /// Seats of one team.
    pub fn seats_per_team(&self) -> u32 {
        SEATS
            .iter()
            .map(|(role, each)| {
                self.team.get(*role).copied().unwrap_or(0) * if *each { TEAM_AGENCIES } else { 1 }
            })
            .sum()
    }

    /// From coming to work to the end.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.ramp_seconds + self.duration_seconds)
    }
}
