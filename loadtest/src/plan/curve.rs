//! The load curve of a plan: phases one after another, each with a factor on the pace, from when all users are there.
//! After the last phase the factor is 1 again.
//!
//! The factor is a speed at which time passes for who waits: someone who would think for 10 s thinks for 3.3 s at a
//! factor of 3, and a think time that a spike begins in is cut short by it. The same holds for arrivals of the open
//! model, so both follow the curve without a step of their own.

use serde::{Deserialize, Serialize};

/// A stretch of time at one pace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Name in reports.
    pub name: String,
    /// How long it lasts.
    pub seconds: f64,
    /// The pace: 1 is the plan's own, 3 is three times as many requests, 0 is rest.
    pub factor: f64,
}

/// When `work` seconds at the plan's own pace have passed, counted from `from`; both in seconds since the curve began.
/// Before it begins the pace is the plan's own.
pub(super) fn after(phases: &[Phase], from: f64, work: f64) -> f64 {
    let (mut now, mut left, mut start) = (from, work, 0.0);
    if now < 0.0 {
        if now + left <= 0.0 {
            return now + left;
        }
        left += now;
        now = 0.0;
    }
    for phase in phases {
        let end = start + phase.seconds;
        start = end;
        if now >= end {
            continue;
        }
        let can = (end - now) * phase.factor;
        if can >= left && phase.factor > 0.0 {
            return now + left / phase.factor;
        }
        left -= can;
        now = end;
    }
    now + left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(seconds: f64, factor: f64) -> Phase {
        Phase {
            name: "p".into(),
            seconds,
            factor,
        }
    }

    #[test]
    fn time_passes_faster_in_a_spike_and_stands_still_at_rest() {
        let phases = [phase(10.0, 1.0), phase(6.0, 3.0), phase(4.0, 0.0)];
        for (from, work, due) in [
            (-5.0, 3.0, -2.0),
            (-5.0, 7.0, 2.0),
            (0.0, 4.0, 4.0),
            (8.0, 5.0, 11.0),
            (10.0, 18.0, 16.0),
            (15.0, 6.0, 23.0),
            (30.0, 5.0, 35.0),
        ] {
            assert!(
                (after(&phases, from, work) - due).abs() < 1e-9,
                "{from} {work}"
            );
        }
        assert_eq!(after(&[], 3.0, 4.0), 7.0);
    }
}
