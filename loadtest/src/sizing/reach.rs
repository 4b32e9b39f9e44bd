//! How far the measurement carries, and what lies past it. Sizing refuses to guess past two marks, both rates of one node:
//!
//! 1. **carried**: what the measured machine itself did, or, if the points bend so clearly that κ is more than 0 in all
//!    of its 95 % interval, what the law says at its peak, low end; in either case not past where the law's own mean latency,
//!    times how much longer than the mean the 99th percentile was at the busiest step that held, would break the limit;
//! 2. **stretched**: twice the largest rate that was measured and held, on a larger machine of which processor time a
//!    request is taken to be the same. Past that nothing is known of how more cores get in each other's way.

use serde::{Deserialize, Serialize};

use super::fit::Fit;
use super::input::Question;
use super::measured::holds;
use crate::search::{Curve, Point};

/// How far a larger machine may be believed in, in measured ones.
const STRETCH: f64 = 2.0;

/// The marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// The largest rate of a step that held.
    pub held_rate: f64,
    /// What one measured machine carries.
    pub carried_rate: f64,
    /// What one larger machine may be said to carry.
    pub stretched_rate: f64,
    /// Whether κ is more than 0 in all of its interval.
    pub is_kappa_bounded: bool,
    /// How many times the mean the 99th percentile was.
    pub tail: f64,
    /// The rule, in words.
    pub how: String,
}

/// Whether the data carries a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carried {
    /// A machine like the measured one does.
    Measured,
    /// A larger one does, by what each request cost.
    Stretched,
    /// Nobody knows.
    Refused,
}

impl Reach {
    /// Finds the marks.
    ///
    /// # Errors
    /// No step held the limit that is asked for.
    pub fn of(curve: &Curve, fit: &Fit, question: &Question) -> Result<Self, String> {
        let limit = question.p99_ms;
        let holds = |p: &&Point| holds(curve, p, limit);
        let busiest = curve.points.iter().filter(holds);
        let busiest = busiest.max_by(|a, b| a.rate.total_cmp(&b.rate));
        let Some(busiest) = busiest else {
            return Err(format!(
                "no step of the curve held {limit} ms (99 %): measure from a smaller load (--from), or ask for less"
            ));
        };
        let tail = busiest.p99_ms / busiest.mean_ms.max(1e-6);
        let is_kappa_bounded = fit.is_kappa_bounded();
        let held_rate = busiest.rate;
        let mut carried_rate = held_rate;
        if is_kappa_bounded {
            let top = fit
                .interval(|law| within(law, limit / 1_000.0 / tail.max(1.0)))
                .low;
            carried_rate = carried_rate.max(top);
        }
        let how = format!(
            "a measured machine carries {carried_rate:.0}/s ({}); a larger one is believed in up to {STRETCH} × the {held_rate:.0}/s that were measured and held",
            if is_kappa_bounded {
                "the law's peak or the limit of latency, low end, since κ is more than 0 in all of its interval"
            } else {
                "the largest rate that held, since the points do not bend enough to know where the peak is"
            }
        );
        Ok(Self {
            held_rate,
            carried_rate,
            stretched_rate: (STRETCH * held_rate).max(carried_rate),
            is_kappa_bounded,
            tail,
            how,
        })
    }

    /// Where a rate of one node lies.
    pub fn judge(&self, rate: f64) -> Carried {
        if rate <= self.carried_rate {
            Carried::Measured
        } else if rate <= self.stretched_rate {
            Carried::Stretched
        } else {
            Carried::Refused
        }
    }
}

/// The highest rate of a law at which its mean latency stays within a limit in seconds.
fn within(law: &super::law::Law, limit: f64) -> f64 {
    let peak = law.peak().unwrap_or(1e9);
    // Latency rises with N: halve between one and the peak.
    let (mut low, mut high) = (0.0, peak);
    if law.response(peak) <= limit {
        return law.rate(peak);
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        *(if law.response(middle) <= limit {
            &mut low
        } else {
            &mut high
        }) = middle;
    }
    law.rate(low)
}
