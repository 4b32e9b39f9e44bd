//! The file: users, load, and journeys of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::check;
use super::text::names;
use crate::error::LoadError;
use crate::plan::{Open, Phase, Plan, Thresholds};

/// A checked plan of another system.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnPlan {
    /// What it is called in reports.
    pub name: String,
    /// A sentence about it.
    #[serde(default)]
    pub about: String,
    /// How many users, each with a connection of its own.
    pub users: u32,
    /// Seconds over which they come.
    pub ramp_seconds: f64,
    /// Seconds that all of them work.
    pub duration_seconds: f64,
    /// Mean think time before each request; with `[open]` before none.
    #[serde(default)]
    pub think_seconds: f64,
    /// Think times are spread evenly over mean × (1 ± this).
    #[serde(default)]
    pub think_spread: f64,
    /// Seconds after which a request has failed.
    pub timeout_seconds: f64,
    /// Seed of every choice.
    #[serde(default)]
    pub seed: u64,
    /// Headers of every request; values may have placeholders.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// CSV files with a heading each: `{file.column}`.
    #[serde(default)]
    pub data: BTreeMap<String, Data>,
    /// Whole numbers from a range, first and last: `{name}`; drawn anew for each journey.
    #[serde(default)]
    pub ranges: BTreeMap<String, [u64; 2]>,
    /// What users do.
    pub journeys: Vec<Journey>,
    /// The load curve.
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// Arrivals instead of think times: each takes one journey.
    #[serde(default)]
    pub open: Option<Open>,
    /// When the run has failed.
    #[serde(default)]
    pub thresholds: Thresholds,
}

/// A CSV file and how its rows are dealt.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The file, from the plan's folder.
    pub csv: PathBuf,
    /// Who gets which row.
    #[serde(default)]
    pub pick: Pick,
}

/// How rows are dealt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// A user keeps its row: the first user the first.
    #[default]
    User,
    /// Any row, anew for each journey.
    Random,
}

/// Requests one after another; one that fails ends it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journey {
    /// Name before the dot in reports.
    pub name: String,
    /// How often it is chosen, in proportion.
    pub weight: u32,
    /// The requests.
    pub requests: Vec<Step>,
}

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Name after the dot in reports.
    pub name: String,
    /// HTTP method.
    #[serde(default = "get")]
    pub method: String,
    /// Path and query, with placeholders.
    pub path: String,
    /// Headers beside those of all requests.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body, with placeholders.
    #[serde(default)]
    pub body: String,
    /// Statuses of a right answer; any 2xx when empty.
    #[serde(default)]
    pub expect: Vec<u16>,
    /// Statuses of a no that is right, counted as refused; the journey ends there.
    #[serde(default)]
    pub refused: Vec<u16>,
    /// What must hold of the answer.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Values of the answer for later requests: name and JSON pointer.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
}

/// A condition on a JSON answer. Without `equals` the value must be there.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// JSON pointer (RFC 6901), such as `/items/0/id`.
    pub pointer: String,
    /// What stands there, as text; may have placeholders.
    #[serde(default)]
    pub equals: Option<String>,
}

fn get() -> String {
    "GET".into()
}

impl OwnPlan {
    /// Whether the file is a plan of another system.
    pub fn is_one(path: &Path) -> bool {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let table = text.parse::<toml::Table>();
        table.is_ok_and(|t| t.contains_key("journeys"))
    }

    /// Sets how many users there are; more than the plan's come at the plan's rate.
    pub fn crowd(&mut self, users: u32) {
        let mut common = self.common();
        common.crowd(users);
        (self.users, self.ramp_seconds) = (common.users, common.ramp_seconds);
    }

    /// Reads and checks a plan; every mistake is listed.
    ///
    /// # Errors
    /// The file cannot be read, or has mistakes.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
        Self::parse(&text, path)
    }

    /// Reads and checks a plan's text; `path` is its file, whose folder its data files are taken from.
    ///
    /// # Errors
    /// Every mistake.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LoadError> {
        let mut plan: Self = toml::from_str(text).map_err(|e| LoadError::Mistakes {
            path: path.into(),
            mistakes: vec![e.to_string().trim_end().to_owned()],
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        plan.data
            .values_mut()
            .for_each(|d| d.csv = folder.join(&d.csv));
        plan.check()?;
        Ok(plan)
    }

    /// Checks a plan that was changed by options.
    ///
    /// # Errors
    /// Every mistake.
    pub fn check(&self) -> Result<(), LoadError> {
        let mistakes = check::mistakes(self);
        if mistakes.is_empty() {
            return Ok(());
        }
        Err(LoadError::Mistakes {
            path: self.name.clone().into(),
            mistakes,
        })
    }

    /// Names of all requests in order: `journey.request`.
    pub fn names(&self) -> Vec<String> {
        let of = |j: &Journey| -> Vec<String> {
            j.requests
                .iter()
                .map(|r| format!("{}.{}", j.name, r.name))
                .collect()
        };
        self.journeys.iter().flat_map(of).collect()
    }

    /// The names that any of its texts asks for.
    pub(super) fn placeholders(&self) -> BTreeSet<&str> {
        let steps = self.journeys.iter().flat_map(|j| &j.requests);
        let texts = steps.flat_map(|step| {
            let checks = step.checks.iter().filter_map(|c| c.equals.as_ref());
            let own = [&step.path, &step.body].into_iter();
            own.chain(step.headers.values()).chain(checks)
        });
        let texts = texts.chain(self.headers.values());
        texts.flat_map(|text| names(text)).collect()
    }

    /// The part that both kinds of plan have, for reports: users, load, thresholds.
    pub fn common(&self) -> Plan {
        Plan {
            name: self.name.clone(),
            about: self.about.clone(),
            users: self.users,
            ramp_seconds: self.ramp_seconds,
            duration_seconds: self.duration_seconds,
            think_seconds: self.think_seconds,
            think_spread: self.think_spread,
            timeout_seconds: self.timeout_seconds,
            repeat_share: 0.0,
            reject_share: 0.0,
            batch: 1,
            team: BTreeMap::new(),
            clerk: BTreeMap::new(),
            official: BTreeMap::new(),
            idle: BTreeMap::new(),
            thresholds: self.thresholds.clone(),
            begins: BTreeMap::new(),
            phases: self.phases.clone(),
            open: self.open,
            login: false,
            hot_places: None,
        }
    }
}
