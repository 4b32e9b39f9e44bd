//! Plans: who works, how often, for how long, and what counts as failing. A plan is a TOML file in `config/plans`,
//! checked before the run with every mistake listed.

mod check;
mod curve;

pub(crate) use check::common_mistakes;
pub use curve::Phase;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::LoadError;

/// A checked plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Share of a desk's steps in which it begins a document of its own, by type; what is left out is [`BEGINS`]'s.
    #[serde(default)]
    pub begins: BTreeMap<String, f64>,
    /// The load curve, from when all users are there; the plan's own pace when empty.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Arrivals instead of think times (open model).
    #[serde(default)]
    pub open: Option<Open>,
    /// Whether each user begins by logging in: a fresh connection, a first token, the work list at once.
    #[serde(default)]
    pub login: bool,
    /// Teams sit at so few places (one place: five agencies) and share them, so that their rows are hot.
    #[serde(default)]
    pub hot_places: Option<u32>,
}

/// The open model: requests arrive at a rate of their own, whether the server is quick or slow. Whoever of the users is
/// free takes the next; `users` is then how many can be under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Arrivals a second over all users, times the curve's factor.
    pub arrivals_per_second: f64,
    /// Seconds that an arrival waits for a free user before it is dropped; 0 drops at once, as k6 does.
    #[serde(default)]
    pub patience_seconds: f64,
}

/// Limits that a run must keep; each is optional but `failed`, which is 0 when left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// Largest share of arrivals of the open model that no user was free to take.
    pub dropped_share: Option<f64>,
    /// Most seconds from the end of a phase until its aftermath is over (see [`Phase`] and the report's phases).
    pub recovery_seconds: Option<f64>,
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
pub const CLERK: [&str; 7] = [
    "payment",
    "pay_plan",
    "payroll",
    "revise",
    "read_quotas",
    "read_document",
    "read_work",
];
/// What an official may look up.
pub const OFFICIAL: [&str; 4] = ["read_quotas", "read_document", "read_summary", "read_trace"];

/// Documents that begin at a desk, and the share of its steps when the plan says nothing.
pub const BEGINS: [(&str, f64); 4] = [
    ("indicator_issue", 0.25),
    ("bank_settlement", 0.25),
    ("project_virement", 0.0),
    ("indicator_reduction", 0.0),
];

impl Plan {
    /// Share of its steps in which a desk begins a document of this type.
    pub fn begins(&self, kind: &str) -> f64 {
        let usual = BEGINS.iter().find(|(known, _)| *known == kind);
        let given = self.begins.get(kind).copied();
        given.unwrap_or(usual.map_or(0.0, |(_, share)| *share))
    }

    /// When someone acts who would act `work` seconds after `from` at the plan's own pace; both in seconds since the
    /// first user came.
    pub fn due(&self, from: f64, work: f64) -> f64 {
        curve::after(&self.phases, from - self.ramp_seconds, work) + self.ramp_seconds
    }

    /// Reads and checks a plan; every mistake is listed.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
        let mistakes = |mistakes| LoadError::Mistakes {
            path: path.into(),
            mistakes,
        };
        Self::parse(&text).map_err(mistakes)
    }

    /// Reads and checks a plan's text.
    ///
    /// # Errors
    /// Every mistake, in words.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        check::read(text)
    }

    /// Sets how many users there are. More than the plan's come at the plan's rate, so that their ramp is longer.
    pub fn crowd(&mut self, users: u32) {
        let scale = f64::from(users) / f64::from(self.users.max(1));
        self.ramp_seconds *= scale.max(1.0);
        self.users = users;
    }

    /// Sets how long all users work; the phases of the load curve are stretched or shortened with it.
    pub fn last(&mut self, seconds: f64) {
        let scale = seconds / self.duration_seconds;
        self.phases.iter_mut().for_each(|p| p.seconds *= scale);
        self.duration_seconds = seconds;
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
