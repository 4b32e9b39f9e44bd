//! `size.json`: what to buy, with everything that it was worked out from. docs/sizing.md lists its fields; a change of
//! meaning raises [`SCHEMA`].

use serde::{Deserialize, Serialize};

use super::beside::{self, Beside};
use super::fit::{Fit, Interval, Seen, fit};
use super::input::Question;
use super::law::Law;
use super::measured::{Costs, costs, holds, seen, steps};
use super::need::{Ground, Year};
use super::reach::{Carried, Reach};
use super::rows::{self, Row};
use super::sections::{self, Section};
use crate::error::LoadError;
use crate::report::{Exit, Platform, no_proof};
use crate::search::{Curve, Knee, Limit, Point};

/// Name and version of the file's format.
pub const SCHEMA: &str = "hubu-load-size/1";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// [`SCHEMA`].
    pub schema: String,
    /// Exit status: 0, or that of going past the data.
    pub exit: u8,
    /// Why the data does not carry it, and what to measure to go further.
    pub reasons: Vec<String>,
    /// What was asked.
    pub question: Question,
    /// Where the curve comes from.
    pub source: Source,
    /// The fitted law.
    pub law: Fitted,
    /// How far it carries.
    pub reach: Reach,
    /// What things cost, and who says so.
    pub costs: Costs,
    /// The points beside the law.
    pub points: Vec<Shown>,
    /// Year by year.
    pub years: Vec<Year>,
    /// What the paper formulas say beside it.
    pub paper: Vec<Beside>,
    /// The last year as lines: label, value, unit and where it comes from.
    pub rows: Vec<Row>,
    /// All of it as tables of text, for whoever shows them.
    pub sections: Vec<Section>,
}

/// Where the curve comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The plan that was played.
    pub plan: String,
    /// Whether think time was left out, so that N was set and not worked out.
    pub is_sweep: bool,
    /// Think time in seconds.
    pub think_seconds: f64,
    /// The knee, if there was one.
    pub knee: Option<Knee>,
    /// What the limit was.
    pub limit: Limit,
    /// Where it ran.
    pub platform: Platform,
    /// Share of the machine's busy time that was the harness's, at the busiest step that held.
    pub harness_share: Option<f64>,
}

/// A law with its confidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// Its numbers.
    pub law: Law,
    /// 95 % of λ.
    pub lambda: Interval,
    /// Of σ.
    pub sigma: Interval,
    /// Of κ.
    pub kappa: Interval,
    /// The highest throughput; `None` when nothing bends it.
    pub top: Option<f64>,
    /// 95 % of it, where both ends are finite.
    pub top_interval: Option<Interval>,
    /// Requests under way at the peak.
    pub peak: Option<f64>,
    /// Root of the mean square of the relative residuals.
    pub residual: f64,
    /// How often the bootstrap fitted again.
    pub again: usize,
    /// What N is.
    pub n_is: String,
}

/// A point beside the law.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The load.
    pub load: f64,
    /// Requests under way.
    pub n: f64,
    /// Requests a second as measured.
    pub rate: f64,
    /// As the law has it.
    pub fitted: f64,
    /// Measured over fitted, less one.
    pub residual: f64,
    /// 99th percentile in ms.
    pub p99_ms: f64,
    /// Whether the step held what is asked for.
    pub held: bool,
}

/// Works it out.
///
/// # Errors
/// Wrong numbers, each named, or a curve to which no law can be fitted; what the data does not carry is no error, but
/// has an exit status of its own.
pub fn size(curve: &Curve, question: &Question) -> Result<Size, LoadError> {
    let mistakes = question.mistakes();
    if !mistakes.is_empty() {
        return Err(LoadError::Mistakes {
            path: "options of size".into(),
            mistakes,
        });
    }
    let bad = |reason: String| LoadError::format("curve", reason);
    if let Some(who) = &curve.emulated {
        let reason = format!("{}; measure it on the machine itself", no_proof(who));
        return Err(bad(reason));
    }
    let seen = seen(curve).map_err(bad)?;
    let fit = fit(&seen, question.seed).map_err(bad)?;
    let reach = Reach::of(curve, &fit, question).map_err(bad)?;
    let costs = costs(curve, &question.given);
    let busiest = busiest(curve, question.p99_ms);
    let ground = Ground {
        question,
        costs: &costs,
        reach: &reach,
        law: &fit.law,
        response: busiest.map_or(0.0, |p| p.mean_ms / 1_000.0),
    };
    let years = ground.years();
    let reasons = reasons(&years, &reach, question);
    let mut size = Size {
        schema: SCHEMA.to_owned(),
        exit: if reasons.is_empty() {
            Exit::Passed
        } else {
            Exit::BeyondData
        } as u8,
        reasons,
        question: question.clone(),
        source: source(curve, busiest),
        law: fitted(curve, &fit),
        points: shown(curve, &fit, &seen, question.p99_ms),
        paper: Vec::new(),
        rows: Vec::new(),
        sections: Vec::new(),
        reach,
        costs,
        years,
    };
    size.paper = beside::beside(&size);
    size.rows = rows::rows(&size);
    size.sections = sections::sections(&size);
    Ok(size)
}

fn busiest(curve: &Curve, p99_ms: f64) -> Option<&Point> {
    let held = curve.points.iter().filter(|p| holds(curve, p, p99_ms));
    held.max_by(|a, b| a.rate.total_cmp(&b.rate))
}

fn source(curve: &Curve, busiest: Option<&Point>) -> Source {
    Source {
        plan: curve.plan.clone(),
        is_sweep: curve.is_sweep,
        think_seconds: curve.think_seconds,
        knee: curve.knee.clone(),
        limit: curve.limit.clone(),
        platform: curve.platform.clone(),
        harness_share: busiest.and_then(|p| Some(p.harness_cores? / p.machine_cores?.max(1e-9))),
    }
}

fn fitted(curve: &Curve, fit: &Fit) -> Fitted {
    let top = fit.interval(Law::top);
    let finite = |v: f64| v.is_finite().then_some(v);
    let n_is = if curve.is_sweep {
        "users without think time: each always has one request under way"
    } else {
        "rate × mean latency (Little's law): users who think are not in the system"
    };
    Fitted {
        law: fit.law,
        lambda: fit.interval(|l| l.lambda),
        sigma: fit.interval(|l| l.sigma),
        kappa: fit.interval(|l| l.kappa),
        top: finite(fit.law.top()),
        top_interval: finite(top.low).and(finite(top.high)).map(|_| top),
        peak: fit.law.peak(),
        residual: fit.residual,
        again: fit.laws.len(),
        n_is: n_is.into(),
    }
}

fn shown(curve: &Curve, fit: &Fit, seen: &[Seen], p99_ms: f64) -> Vec<Shown> {
    let mut all: Vec<Shown> = steps(curve)
        .zip(seen)
        .map(|(point, seen)| {
            let fitted = fit.law.rate(seen.n);
            Shown {
                load: point.load,
                n: seen.n,
                rate: seen.rate,
                fitted,
                residual: seen.rate / fitted - 1.0,
                p99_ms: point.p99_ms,
                held: holds(curve, point, p99_ms),
            }
        })
        .collect();
    all.sort_by(|a, b| a.n.total_cmp(&b.n));
    all
}

/// Why the data does not carry the question, and what would.
fn reasons(years: &[Year], reach: &Reach, question: &Question) -> Vec<String> {
    let Some(first) = years.iter().find(|y| y.carried == Carried::Refused) else {
        return Vec::new();
    };
    let last = years.last().unwrap_or(first);
    let mut reasons = vec![format!(
        "from year {} on: {:.0} requests a second on one node are asked for at the peak, and the data carries {:.0}; {}",
        first.year, first.node_rate, reach.stretched_rate, reach.how
    )];
    reasons.push(format!(
        "to go further, measure a curve that holds {:.0}/s (half of the last year's {:.0}/s) on a machine as large as would be bought, with the harness on others",
        last.node_rate / 2.0,
        last.node_rate
    ));
    let nodes = (last.peak_rate / reach.stretched_rate).ceil();
    if nodes > question.nodes {
        reasons.push(format!(
            "or, if the system can be dealt to nodes that share nothing, ask again with --nodes {nodes:.0}"
        ));
    }
    if !reach.is_kappa_bounded {
        reasons.push(
            "a sweep past the peak (search --sweep, with a larger --max) would bound κ and show where more load does less work".into(),
        );
    }
    reasons
}
