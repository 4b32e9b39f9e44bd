//! The result of a run as data: what `result.json` holds. docs/harness.md lists its fields; a change of meaning raises
//! [`SCHEMA`].

use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::phases::{PhaseFigures, phases};
use super::platform::Platform;
use super::verdict::Verdict;
use crate::audit::Settlement;
use crate::error::LoadError;
use crate::measure::{ActionTotal, Second};
use crate::plan::Plan;
use crate::run::Outcome;
use crate::seed::Loaded;
use crate::users::Arrived;
use crate::world::Recipe;

/// Name and version of the file's format.
pub const SCHEMA: &str = "hubu-load/1";

/// Users begun later than this, 99 %, are the harness's own delay, in ms.
pub const LATE_MS: f64 = 20.0;

/// `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// [`SCHEMA`].
    pub schema: String,
    /// Whether it passed, and why not.
    pub verdict: Verdict,
    /// The plan, with every option applied.
    pub plan: Plan,
    /// The loaded world.
    pub world: Loaded,
    /// The run itself.
    pub run: RunFigures,
    /// All actions together.
    pub total: ActionFigures,
    /// Action by action; those that did not happen are left out.
    pub actions: Vec<ActionFigures>,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// What the harness itself cost.
    pub harness: Harness,
    /// Each time the books were settled.
    pub audits: Vec<Settlement>,
    /// Why there is no audit, when there can be none: the plan is of another system.
    #[serde(default)]
    pub not_audited: Option<String>,
    /// Audits that could not be done, in words.
    pub audit_errors: Vec<String>,
    /// The last failures, in words.
    pub failures: Vec<String>,
    /// Where it ran.
    pub platform: Platform,
}

/// The run itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFigures {
    /// Its number, which is in every key.
    pub number: u32,
    /// Unix seconds when it began.
    pub began: u64,
    /// How long users worked.
    pub seconds: f64,
    /// How many users.
    pub users: u32,
    /// Most users at work in one second.
    pub users_at_work: u64,
    /// Worker processes.
    pub workers: usize,
    /// Connections opened, again after a cut included.
    pub connections_opened: u64,
    /// Requests a second, over the whole run.
    pub rate: f64,
    /// Requests a second while all users worked.
    pub steady_rate: f64,
    /// Whether somebody stopped it before its time.
    pub was_interrupted: bool,
    /// Workers that died, in words.
    pub deaths: Vec<String>,
    /// What became of the arrivals, when the plan is of the open model.
    #[serde(default)]
    pub arrived: Option<Arrived>,
    /// The phases of the plan's load curve.
    #[serde(default)]
    pub phases: Vec<PhaseFigures>,
}

/// Latency in ms, counted from when each request was due.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
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

/// One action's figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

impl ActionFigures {
    fn of(name: &str, total: &ActionTotal) -> Self {
        Self {
            name: name.to_owned(),
            requests: total.requests,
            commands: total.commands,
            refused: total.refused,
            shed: total.shed,
            failed: total.failed,
            latency_ms: Latency::of(&total.latency),
        }
    }
}

/// What the harness itself cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Harness {
    /// Processor time of all workers, in µs a request.
    pub cpu_us_per_request: f64,
    /// Share of the machine's processor time that they took.
    pub cpu_share: f64,
    /// Largest resident memory of all workers together.
    pub memory_bytes: u64,
    /// That, by user.
    pub bytes_per_user: u64,
    /// How late users were begun, 99 %, in ms: the harness's own delay, which latency includes.
    pub late_p99_ms: f64,
    /// Requests that goose counted.
    pub goose_requests: u64,
    /// Whether the harness itself was the bottleneck, in words.
    pub bottleneck: Option<String>,
}

impl RunResult {
    /// Puts the outcome of a plan of another system together: there is no world, and nothing was audited.
    pub fn of_own(plan: &Plan, seed: u64, outcome: Outcome, platform: Platform) -> Self {
        let world = Loaded {
            recipe: Recipe {
                seed,
                fiscal_year: 0,
                agencies: 0,
                rows: 0,
                divisions: PathBuf::new(),
            },
            seeded_to: 0,
            rows: 0,
            seconds: 0.0,
        };
        let mut result = Self::new(plan, &world, outcome, platform);
        result.audit_errors.clear();
        let why = crate::own::NOT_AUDITED;
        result.platform.notes.push(format!("not audited: {why}"));
        result.not_audited = Some(why.into());
        result
    }

    /// Puts an outcome together; the verdict is judged by the caller.
    pub fn new(plan: &Plan, world: &Loaded, outcome: Outcome, platform: Platform) -> Self {
        let sum = outcome.totals.sum();
        let length = outcome
            .workers
            .iter()
            .map(|w| w.seconds)
            .fold(0.0, f64::max);
        let actions = outcome.totals.by_name();
        let (audits, audit_errors) = match outcome.settlement {
            Ok(settlement) => (vec![settlement], Vec::new()),
            Err(error) => (Vec::new(), vec![error]),
        };
        Self {
            schema: SCHEMA.to_owned(),
            verdict: Verdict::default(),
            plan: plan.clone(),
            world: world.clone(),
            run: RunFigures {
                number: outcome.number,
                began: outcome.began,
                seconds: length,
                users: outcome.users,
                users_at_work: outcome.seconds.iter().map(|s| s.users).max().unwrap_or(0),
                workers: outcome.workers.len(),
                connections_opened: outcome.workers.iter().map(|w| w.opened).sum(),
                rate: sum.requests as f64 / length.max(0.001),
                steady_rate: steady_rate(&outcome.seconds),
                was_interrupted: outcome.was_interrupted,
                deaths: outcome.deaths,
                arrived: plan.open.map(|_| arrived(&outcome.workers)),
                phases: phases(plan, &outcome.seconds),
            },
            total: ActionFigures::of("all", &sum),
            actions: actions
                .filter(|(_, t)| t.requests > 0)
                .map(|(name, t)| ActionFigures::of(name, t))
                .collect(),
            harness: harness(
                &outcome.workers,
                sum.requests,
                outcome.users,
                length,
                &platform,
            ),
            seconds: outcome.seconds,
            audits,
            not_audited: None,
            audit_errors,
            failures: outcome
                .workers
                .into_iter()
                .flat_map(|w| w.examples)
                .take(20)
                .collect(),
            platform,
        }
    }
}

fn arrived(workers: &[crate::run::Done]) -> Arrived {
    let mut all = Arrived::default();
    workers.iter().for_each(|w| all.add(w.arrived));
    all
}

/// Requests a second over the seconds in which all users that ever worked did.
fn steady_rate(seconds: &[Second]) -> f64 {
    let most = seconds.iter().map(|s| s.users).max().unwrap_or(0);
    let full: Vec<u64> = seconds
        .iter()
        .filter(|s| s.users == most && most > 0)
        .map(|s| s.requests)
        .collect();
    full.iter().sum::<u64>() as f64 / full.len().max(1) as f64
}

fn harness(
    workers: &[crate::run::Done],
    requests: u64,
    users: u32,
    seconds: f64,
    platform: &Platform,
) -> Harness {
    let cpu: f64 = workers.iter().map(|w| w.usage.cpu_seconds).sum();
    let memory_bytes: u64 = workers.iter().map(|w| w.usage.memory_bytes).sum();
    let late_p99_ms = workers.iter().map(|w| w.late_p99_us).max().unwrap_or(0) as f64 / 1_000.0;
    let busiest = workers
        .iter()
        .map(|w| w.usage.cpu_seconds / (w.seconds * w.threads as f64).max(0.001));
    let busiest = busiest.fold(0.0, f64::max);
    let bottleneck = if late_p99_ms > LATE_MS {
        Some(format!(
            "users were begun up to {late_p99_ms:.0} ms late (99 %): latencies include the harness's own delay"
        ))
    } else if busiest > 0.85 {
        Some(format!(
            "a worker's threads were busy {:.0} % of the time",
            busiest * 100.0
        ))
    } else {
        None
    };
    Harness {
        cpu_us_per_request: cpu * 1e6 / requests.max(1) as f64,
        cpu_share: cpu / (seconds * platform.cores as f64).max(0.001),
        memory_bytes,
        bytes_per_user: memory_bytes / u64::from(users.max(1)),
        late_p99_ms,
        goose_requests: workers.iter().map(|w| w.goose_requests).sum(),
        bottleneck,
    }
}

/// Writes `result.json`.
pub fn write_result(path: &Path, result: &RunResult) -> Result<(), LoadError> {
    let text = serde_json::to_string_pretty(result).map_err(|e| LoadError::format("result", e))?;
    std::fs::write(path, text + "\n").map_err(|e| LoadError::file(path, e))
}

/// Reads `result.json`; another schema is refused.
pub fn read_result(path: &Path) -> Result<RunResult, LoadError> {
    let text = std::fs::read_to_string(path).map_err(|e| LoadError::file(path, e))?;
    let result: RunResult = serde_json::from_str(&text)
        .map_err(|e| LoadError::format("result", format!("{}: {e}", path.display())))?;
    if result.schema != SCHEMA {
        return Err(LoadError::format(
            "result",
            format!("schema {:?}, want {SCHEMA:?}", result.schema),
        ));
    }
    Ok(result)
}
