//! What is counted and timed of one action, of one journey, or of all together.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::LoadError;
use crate::measure::{ActionTotal, Totals};

/// Points of a latency curve from one power of ten to the next.
const POINTS_PER_DECADE: u32 = 8;

/// Latency in ms, counted from when each request was due.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Mean.
    pub mean: f64,
    /// 50 %.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

impl Latency {
    /// From a histogram of µs.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
        let (mean, max) = (histogram.mean() / 1_000.0, histogram.max() as f64 / 1_000.0);
        Self {
            mean,
            p50: ms(0.5),
            p90: ms(0.9),
            p99: ms(0.99),
            p999: ms(0.999),
            max,
        }
    }
}

/// One point of a latency distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurvePoint {
    /// So many per cent of the requests
    pub percentile: f64,
    /// took at most so long, in ms.
    pub ms: f64,
}

/// One action's figures, a journey's, or those of all together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionFigures {
    /// Name.
    pub name: String,
    /// Requests.
    pub requests: u64,
    /// Commands done by them.
    pub commands: u64,
    /// Refused for reasons of business.
    pub refused: u64,
    /// Shed.
    pub shed: u64,
    /// Failed.
    pub failed: u64,
    /// Latency in ms.
    pub latency_ms: Latency,
    /// The whole distribution, from the histogram: even steps of log₁₀ 1 ÷ (1 − share), as far as there are requests.
    pub curve: Vec<CurvePoint>,
}

impl ActionFigures {
    /// From a total.
    pub(super) fn of(name: &str, total: &ActionTotal) -> Self {
        Self {
            name: name.to_owned(),
            requests: total.requests,
            commands: total.commands,
            refused: total.refused,
            shed: total.shed,
            failed: total.failed,
            latency_ms: Latency::of(&total.latency),
            curve: curve(&total.latency),
        }
    }
}

/// The figures of each action that happened.
pub(super) fn by_action(totals: &Totals) -> Vec<ActionFigures> {
    let happened = totals.by_name().filter(|(_, total)| total.requests > 0);
    happened
        .map(|(name, total)| ActionFigures::of(name, total))
        .collect()
}

/// The figures of each journey: actions whose names have the same first part are one, and their histograms are added
/// bucket by bucket.
pub(super) fn by_journey(totals: &Totals) -> Result<Vec<ActionFigures>, LoadError> {
    let journey = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
    let mut journeys = Totals::named(Vec::new());
    for (name, total) in totals.by_name().filter(|(_, total)| total.requests > 0) {
        let name = journey(name);
        let at = journeys.names.iter().position(|known| *known == name);
        match at {
            Some(at) => journeys.actions[at]
                .add(total)
                .map_err(|e| LoadError::format("histogram", e))?,
            None => {
                journeys.names.push(name);
                journeys.actions.push(total.clone());
            }
        }
    }
    Ok(by_action(&journeys))
}

fn curve(histogram: &Histogram<u64>) -> Vec<CurvePoint> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let decades = (histogram.len() as f64).log10();
    let steps = (decades * f64::from(POINTS_PER_DECADE)).floor() as u32;
    let point = |step: u32| {
        let above = 10f64.powf(-f64::from(step) / f64::from(POINTS_PER_DECADE));
        CurvePoint {
            // Ten digits are more than a run has requests.
            percentile: ((1.0 - above) * 1e12).round() / 1e10,
            ms: histogram.value_at_quantile(1.0 - above) as f64 / 1_000.0,
        }
    };
    let last = CurvePoint {
        percentile: 100.0,
        ms: histogram.max() as f64 / 1_000.0,
    };
    (0..=steps).map(point).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Action, Fate, Meter};

    #[test]
    fn journeys_are_sums_of_their_actions_and_curves_end_at_the_longest() {
        let meter = Meter::default();
        for micros in 1..=1_000 {
            meter.record(Action::PaymentSubmit, Fate::Done, micros * 1_000);
            meter.record(Action::PaymentReview, Fate::Refused, micros * 2_000);
            meter.record(Action::ReadWork, Fate::Done, 5_000);
        }
        let (totals, _) = meter.totals();
        let journeys = by_journey(&totals).unwrap();
        let names: Vec<&str> = journeys.iter().map(|j| j.name.as_str()).collect();
        assert_eq!(names, ["payment", "read"]);
        assert_eq!((journeys[0].requests, journeys[0].refused), (2_000, 1_000));
        let payment = &journeys[0].latency_ms;
        assert!((1_990.0..2_010.0).contains(&payment.max), "{payment:?}");
        let curve = &journeys[0].curve;
        assert_eq!(curve[0].percentile, 0.0);
        assert_eq!(curve.last().map(|p| p.ms), Some(payment.max));
        let rises = |w: &[CurvePoint]| w[0].percentile < w[1].percentile && w[0].ms <= w[1].ms;
        assert!(curve.windows(2).all(rises), "{curve:?}");
        let p99 = curve.iter().find(|p| p.percentile == 99.0).unwrap();
        assert_eq!(p99.ms, payment.p99);
        assert!(by_action(&Totals::new()).is_empty());
    }
}
