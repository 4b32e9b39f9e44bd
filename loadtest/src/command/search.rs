//! `search`: raises the load until a threshold breaks, and writes the curve.

use std::time::Duration;

use hubu_load::cli;
use hubu_load::error::LoadError;
use hubu_load::own::OwnPlan;
use hubu_load::plan::{Plan, Thresholds};
use hubu_load::run::{Setting, Share};
use hubu_load::search::{self, Curve, Goal, Limits, LoadKind, Options, Subject};
use hubu_load::seed;

use super::finish::make_folder;

/// Searches, writes curve.json and prints the table.
pub(super) async fn search(options: cli::Search) -> Result<u8, LoadError> {
    make_folder(&options.report)?;
    let curve = if OwnPlan::is_one(&options.plan) {
        own(&options).await?
    } else {
        hubu(&options).await?
    };
    let path = options.report.join("curve.json");
    search::write_curve(&path, &curve)?;
    print!("{}", search::table(&curve));
    println!("{}", path.display());
    Ok(curve.exit)
}

async fn hubu(options: &cli::Search) -> Result<Curve, LoadError> {
    let secret = options.secret.as_ref().ok_or_else(|| {
        LoadError::Token("--secret FILE is needed: the server's HS256 secret".into())
    })?;
    let mut plan = Plan::read(&options.plan)?;
    plan.think_seconds = options.think.unwrap_or(plan.think_seconds);
    let loaded = seed::read_loaded(&options.report.join("world.json"))?;
    let setting = Setting {
        url: &options.url,
        secret,
        loaded: &loaded,
        folder: &options.report,
        workers: options.workers,
        threads: options.threads,
        share: Share { index: 1, count: 1 },
    };
    let thresholds = plan.thresholds.clone();
    let subject = Subject::Hubu {
        plan: &plan,
        setting,
    };
    run(&subject, options, &thresholds).await
}

async fn own(options: &cli::Search) -> Result<Curve, LoadError> {
    let mut plan = OwnPlan::read(&options.plan)?;
    plan.think_seconds = options.think.unwrap_or(plan.think_seconds);
    plan.seed = options.seed.unwrap_or(plan.seed);
    let subject = Subject::Own {
        plan: &plan,
        url: &options.url,
    };
    run(&subject, options, &plan.thresholds).await
}

async fn run(
    subject: &Subject<'_>,
    options: &cli::Search,
    thresholds: &Thresholds,
) -> Result<Curve, LoadError> {
    let p99_ms = options.p99.map(|p99| p99.as_secs_f64() * 1_000.0);
    let (from, max) = match (options.sweep, subject.kind()) {
        (true, LoadKind::Users) => (1.0, 512.0),
        _ => (100.0, 100_000.0),
    };
    let from = options.from.unwrap_or(from);
    let goal = Goal {
        kind: subject.kind(),
        from,
        max: options.max.unwrap_or(max),
        growth: options.growth,
        tolerance: options.tolerance,
        repeats: options.repeats,
        limits: Limits::of(thresholds, p99_ms, options.follow),
        steps_max: options.max_steps,
        time_max: Duration::try_from_secs_f64(options.max_minutes * 60.0)
            .map_err(|e| LoadError::format("--max-minutes", e))?,
    };
    let options = Options {
        goal,
        is_sweep: options.sweep,
        step_seconds: options.step_seconds,
        settle_seconds: options.settle,
        ramp_seconds: options.ramp,
        server_pid: options.server_pid,
        metrics: options.metrics.clone(),
        folder: options.report.clone(),
        notes: options.note.clone(),
        is_quiet: options.quiet,
    };
    search::search(subject, &options, &mut |line| eprintln!("{line}")).await
}
