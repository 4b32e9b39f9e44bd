//! A sweep: a ladder of loads, each measured once, whether it holds or not. With no think time it shows throughput against
//! concurrency, which is what sizing fits its law to.

use super::goal::Goal;
use super::knee::{Hunt, Step};
use super::load::{End, Hunted, Load};
use super::point::{Point, Stage};
use crate::error::LoadError;

/// A sweep ends after two steps below this share of the best rate.
const PAST_PEAK: f64 = 0.8;

/// Measures a ladder of loads once, whether they hold or not: throughput against concurrency, for sizing. It ends at
/// the largest load, or where more load does less work.
///
/// # Errors
/// As [`hunt`](super::knee::hunt).
pub async fn sweep(
    goal: &Goal,
    load: &mut (impl Load + Send),
    tell: &mut (dyn FnMut(&Point) + Send),
) -> Result<Hunted, LoadError> {
    let mut hunt = Hunt::new(goal, tell);
    let (mut at, mut best, mut past) = (goal.from, 0.0f64, 0);
    let end = loop {
        match hunt.step(load, at, Stage::Sweep).await? {
            Step::Ended(end) => break end,
            Step::Short(limit, _) => break End::Impossible(limit),
            Step::Held | Step::Broke => {}
        }
        let rate = hunt.points.last().map_or(0.0, |p| p.rate);
        past = if rate < PAST_PEAK * best { past + 1 } else { 0 };
        best = best.max(rate);
        if past == 2 || at >= goal.max {
            break End::Swept;
        }
        let next = goal.round((at * goal.growth).min(goal.max));
        at = if next > at { next } else { at + 1.0 };
    };
    Ok(Hunted {
        points: hunt.points,
        knee: None,
        end,
    })
}
