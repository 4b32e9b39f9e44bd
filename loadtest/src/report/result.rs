//! The result of a run as data: what `result.json` holds. `docs/result.md` explains it and
//! `docs/result.schema.json` is made from these types; a change of meaning raises [`SCHEMA`].

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figures::{ActionFigures, by_action, by_journey};
use super::phases::{PhaseFigures, phases};
use super::platform::Platform;
use super::verdict::Verdict;
use crate::audit::Settlement;
use crate::error::LoadError;
use crate::measure::Second;
use crate::plan::Plan;
use crate::run::Outcome;
use crate::scrape::ServerView;
use crate::seed::Loaded;
use crate::users::Arrived;
use crate::world::Recipe;

/// Name and version of the file's format.
pub const SCHEMA: &str = "hubu-load/2";

/// Users begun later than this, 99 %, are the harness's own delay, in ms.
pub const LATE_MS: f64 = 20.0;

/// `result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// Name and version of the format.
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
    /// Journey by journey: the actions on one type of document, or the requests of one of the plan's own journeys.
    pub journeys: Vec<ActionFigures>,
    /// Second by second.
    pub seconds: Vec<Second>,
    /// The same time as the server counted it, when its metrics were scraped.
    pub server: Option<ServerView>,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunFigures {
    /// Its number, which is in every key.
    pub number: u32,
    /// What it was played against.
    pub url: String,
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

/// What the harness itself cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    ///
    /// # Errors
    /// Histograms of other bounds.
    pub fn of_own(
        plan: &Plan,
        seed: u64,
        outcome: Outcome,
        platform: Platform,
    ) -> Result<Self, LoadError> {
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
        let mut result = Self::new(plan, &world, outcome, platform)?;
        result.audit_errors.clear();
        let why = crate::own::NOT_AUDITED;
        result.platform.notes.push(format!("not audited: {why}"));
        result.not_audited = Some(why.into());
        Ok(result)
    }

    /// Puts an outcome together; the verdict is judged by the caller.
    ///
    /// # Errors
    /// Histograms of other bounds.
    pub fn new(
        plan: &Plan,
        world: &Loaded,
        outcome: Outcome,
        platform: Platform,
    ) -> Result<Self, LoadError> {
        let sum = outcome.totals.sum();
        let length = outcome
            .workers
            .iter()
            .map(|w| w.seconds)
            .fold(0.0, f64::max);
        let (actions, journeys) = (by_action(&outcome.totals), by_journey(&outcome.totals)?);
        let (audits, audit_errors) = match outcome.settlement {
            Ok(settlement) => (vec![settlement], Vec::new()),
            Err(error) => (Vec::new(), vec![error]),
        };
        Ok(Self {
            schema: SCHEMA.to_owned(),
            verdict: Verdict::default(),
            plan: plan.clone(),
            world: world.clone(),
            run: RunFigures {
                number: outcome.number,
                url: String::new(),
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
            actions,
            journeys,
            harness: harness(
                &outcome.workers,
                sum.requests,
                outcome.users,
                length,
                &platform,
            ),
            seconds: outcome.seconds,
            server: None,
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
        })
    }

    /// Says what it was played against.
    #[must_use]
    pub fn against(mut self, url: &str) -> Self {
        self.run.url = url.to_owned();
        self
    }

    /// Lays the server's own view beside it, with how many of the users' connections were open.
    #[must_use]
    pub fn beside(mut self, server: Option<ServerView>) -> Self {
        self.server = server.map(|mut view| {
            view.count_connections(&self.plan, self.run.users, &self.seconds);
            view
        });
        self
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
