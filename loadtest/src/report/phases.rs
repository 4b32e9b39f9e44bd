//! The phases of a plan's load curve, and how long the server took to recover from each that asked for more.
//!
//! Recovered means: three seconds running, nothing failed or was shed and the 99th percentile was at most twice what it
//! was (the median of the quiet seconds before) or 5 ms, whichever is more; below that, seconds differ by chance.

use serde::{Deserialize, Serialize};

use crate::measure::Second;
use crate::plan::Plan;

/// How many seconds in a row must be good.
const GOOD: usize = 3;
/// Percentiles below this are good whatever they were before, in ms.
const FLOOR_MS: f64 = 5.0;

/// One phase as it was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PhaseFigures {
    /// Name in the plan.
    pub name: String,
    /// Seconds since the start of the run.
    pub from: f64,
    /// Where it ended.
    pub to: f64,
    /// Factor on the pace.
    pub factor: f64,
    /// Requests a second.
    pub rate: f64,
    /// Median of its seconds' 99th percentiles, in ms.
    pub p99_ms: f64,
    /// Longest request, in ms.
    pub max_ms: f64,
    /// Shed and failed.
    pub shed: u64,
    /// Failed.
    pub failed: u64,
    /// Seconds from its end until it was as before; `None` when it asked for no more than before, or never was.
    pub recovered_seconds: Option<f64>,
    /// Whether it asked for more than before and the run went on after it, so that there is a recovery to see.
    pub is_load: bool,
}

/// The phases of a plan as the seconds of its run show them.
pub(super) fn phases(plan: &Plan, seconds: &[Second]) -> Vec<PhaseFigures> {
    let mut from = plan.ramp_seconds;
    let mut all: Vec<PhaseFigures> = Vec::new();
    for phase in &plan.phases {
        let to = from + phase.seconds;
        let within = between(seconds, from, to);
        let quiet_to = all.iter().find(|p| p.factor > 1.0).map_or(from, |p| p.from);
        let before = median_p99(between(seconds, plan.ramp_seconds, quiet_to));
        let after = between(seconds, to, f64::INFINITY);
        let is_load = phase.factor > 1.0 && after.len() >= GOOD;
        let count = |of: fn(&Second) -> u64| within.iter().map(of).sum::<u64>();
        all.push(PhaseFigures {
            name: phase.name.clone(),
            from,
            to,
            factor: phase.factor,
            rate: count(|s| s.requests) as f64 / within.len().max(1) as f64,
            p99_ms: median_p99(within).unwrap_or(0.0),
            max_ms: within.iter().map(|s| s.max_ms).fold(0.0, f64::max),
            shed: count(|s| s.shed),
            failed: count(|s| s.failed),
            recovered_seconds: before
                .filter(|_| is_load)
                .and_then(|p99| recovery(after, p99)),
            is_load,
        });
        from = to;
    }
    all
}

/// The seconds that lie wholly between two times.
fn between(seconds: &[Second], from: f64, to: f64) -> &[Second] {
    let first = seconds.partition_point(|s| s.at - 1.0 < from - 1e-9);
    let last = seconds.partition_point(|s| s.at <= to + 1e-9);
    &seconds[first..last.max(first)]
}

fn median_p99(seconds: &[Second]) -> Option<f64> {
    let mut all: Vec<f64> = seconds.iter().map(|s| s.p99_ms).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

fn recovery(after: &[Second], before_ms: f64) -> Option<f64> {
    let level = (2.0 * before_ms).max(FLOOR_MS);
    let is_good = |s: &Second| s.p99_ms <= level && s.failed == 0 && s.shed == 0;
    let at = after.windows(GOOD).position(|w| w.iter().all(is_good))?;
    Some(at as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_spike_is_seen_and_so_is_its_end() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/spike.toml");
        let mut plan = Plan::read(Path::new(path)).unwrap();
        plan.ramp_seconds = 2.0;
        plan.phases.truncate(2);
        (plan.phases[0].seconds, plan.phases[1].seconds) = (5.0, 3.0);
        let second = |at: usize| Second {
            at: (at + 1) as f64,
            requests: if (7..10).contains(&at) { 30 } else { 10 },
            p99_ms: if (7..14).contains(&at) { 90.0 } else { 4.0 },
            max_ms: 100.0,
            ..Second::default()
        };
        let mut seconds: Vec<Second> = (0..20).map(second).collect();
        let all = phases(&plan, &seconds);
        assert_eq!(
            (all[0].rate, all[0].p99_ms, all[0].is_load),
            (10.0, 4.0, false)
        );
        assert_eq!((all[1].rate, all[1].p99_ms), (30.0, 90.0));
        assert_eq!((all[1].from, all[1].to), (7.0, 10.0));
        assert_eq!(all[1].recovered_seconds, Some(4.0));
        seconds.truncate(16);
        assert_eq!(phases(&plan, &seconds)[1].recovered_seconds, None);
    }
}
