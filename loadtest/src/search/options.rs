//! What is searched, and how a search goes about it.

use std::path::PathBuf;

use super::goal::{Goal, LoadKind};
use crate::error::LoadError;
use crate::own::OwnPlan;
use crate::plan::Plan;
use crate::run::Setting;

/// What is searched.
#[derive(Debug)]
pub enum Subject<'a> {
    /// A server of Hubu, with a loaded world; the books go below the setting's folder.
    Hubu {
        /// The plan.
        plan: &'a Plan,
        /// All else.
        setting: Setting<'a>,
    },
    /// Another system.
    Own {
        /// The plan.
        plan: &'a OwnPlan,
        /// `http://host:port`.
        url: &'a str,
    },
}

/// How a search goes about it.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is searched for.
    pub goal: Goal,
    /// Whether a ladder without think time is measured instead, for sizing.
    pub is_sweep: bool,
    /// Seconds of a step that count.
    pub step_seconds: f64,
    /// Seconds before them, all users at work, that do not.
    pub settle_seconds: f64,
    /// Seconds over which users come; `None` for 4,000 a second.
    pub ramp_seconds: Option<f64>,
    /// The server's process, if it is on this machine.
    pub server_pid: Option<u32>,
    /// The server's figures, if it shows some.
    pub metrics: Option<String>,
    /// Where the probe of the disk writes.
    pub folder: PathBuf,
    /// What the caller knows about the server.
    pub notes: Vec<String>,
    /// No progress within a step.
    pub is_quiet: bool,
}

/// Users that come in a second, when no option says over how long they come.
const COMING: f64 = 4_000.0;

impl Options {
    /// Seconds that a step with the largest load lasts.
    pub fn step_length(&self, users_max: f64) -> f64 {
        (self.ramp(users_max) + self.settle_seconds).ceil() + self.step_seconds
    }

    pub(super) fn ramp(&self, users: f64) -> f64 {
        self.ramp_seconds
            .unwrap_or_else(|| (users / COMING).max(1.0))
    }

    pub(super) fn check(&self) -> Result<(), LoadError> {
        let mut wrong = self.goal.mistakes();
        let mut within = |name: &str, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                wrong.push(format!("{name} {value}: want {low} to {high}"));
            }
        };
        within("--step-seconds", self.step_seconds, 2.0, 86_400.0);
        within("--settle", self.settle_seconds, 0.0, 3_600.0);
        within("--ramp", self.ramp_seconds.unwrap_or(1.0), 0.0, 3_600.0);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(LoadError::Mistakes {
            path: "options of search".into(),
            mistakes: wrong,
        })
    }
}

impl Subject<'_> {
    pub(super) fn plan(&self) -> Plan {
        match self {
            Self::Hubu { plan, .. } => (*plan).clone(),
            Self::Own { plan, .. } => plan.common(),
        }
    }

    pub(super) fn url(&self) -> &str {
        match self {
            Self::Hubu { setting, .. } => setting.url,
            Self::Own { url, .. } => url,
        }
    }

    /// What the plan's load is counted in.
    pub fn kind(&self) -> LoadKind {
        match self.plan().open {
            Some(_) => LoadKind::Arrivals,
            None => LoadKind::Users,
        }
    }
}
