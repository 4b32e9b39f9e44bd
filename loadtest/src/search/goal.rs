//! What is searched for, within which bounds of load, steps and time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::point::Limits;

/// What the load is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// Users at work, whole ones.
    Users,
    /// Arrivals a second.
    Arrivals,
}

/// What is searched, and how long at most.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Users or arrivals.
    pub kind: LoadKind,
    /// The first load.
    pub from: f64,
    /// The largest load.
    pub max: f64,
    /// From one rung of the ladder to the next.
    pub growth: f64,
    /// How close the two loads around the knee must be, as a share of the lower.
    pub tolerance: f64,
    /// How often each of the two is measured again.
    pub repeats: u32,
    /// What must hold.
    pub limits: Limits,
    /// Most steps.
    pub steps_max: u32,
    /// No step begins after this.
    pub time_max: Duration,
}

/// How long a search may take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// Steps at most.
    pub steps: u32,
    /// Seconds at most.
    pub seconds: f64,
}

/// How far down the ladder goes when the first load breaks, in rungs.
pub(super) const DOWN_MAX: u32 = 8;
/// How often the repeats may move the knee.
pub(super) const MOVES_MAX: u32 = 6;

impl Goal {
    /// Checks it; every mistake in one sentence.
    pub fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut within = |name: &str, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                wrong.push(format!("{name} {value}: want {low} to {high}"));
            }
        };
        let least = if self.kind == LoadKind::Users {
            1.0
        } else {
            0.01
        };
        within("--from", self.from, least, 1e6);
        within("--max", self.max, self.from, 1e6);
        within("--growth", self.growth, 1.05, 10.0);
        within("--tolerance", self.tolerance, 0.005, 0.5);
        within("--repeats", f64::from(self.repeats), 0.0, 50.0);
        within("--p99 in ms", self.limits.p99_ms, 0.001, 3_600_000.0);
        within("--follow", self.limits.pace_share, 0.0, 1.0);
        within("--max-steps", f64::from(self.steps_max), 1.0, 10_000.0);
        wrong
    }

    /// Most steps: the rungs up and down, and as many halvings and repeats as the knee may move, if no option says less.
    pub fn steps(&self) -> u32 {
        let log = |ratio: f64, base: f64| (ratio.ln() / base.ln()).ceil().max(0.0) as u32;
        let rungs = 1 + log(self.max / self.from, self.growth);
        let halves = log(self.growth.ln() / (1.0 + self.tolerance).ln(), 2.0);
        let all = rungs + DOWN_MAX + (1 + MOVES_MAX) * (halves + 6 * self.repeats);
        all.min(self.steps_max)
    }

    /// How long it may take when each step lasts `seconds`.
    pub fn bound(&self, seconds: f64) -> Bound {
        let steps = self.steps();
        let longest = self.time_max.as_secs_f64() + seconds;
        Bound {
            steps,
            seconds: (f64::from(steps) * seconds).min(longest),
        }
    }

    pub(super) fn round(&self, load: f64) -> f64 {
        match self.kind {
            LoadKind::Users => load.round().max(1.0),
            // Three digits are as fine as anybody's clock.
            LoadKind::Arrivals => (load * 1_000.0).round() / 1_000.0,
        }
    }

    pub(super) fn is_tight(&self, good: f64, bad: f64) -> bool {
        bad <= good * (1.0 + self.tolerance) || (self.kind == LoadKind::Users && bad - good <= 1.0)
    }
}
