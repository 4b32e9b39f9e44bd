//! `run`: plays a plan and settles the books; a plan of another system has none.

use hubu_load::cli;
use hubu_load::error::LoadError;
use hubu_load::own::{self, OwnPlan};
use hubu_load::plan::Plan;
use hubu_load::report::{self, RunResult};
use hubu_load::run::{self, Setting, Show};
use hubu_load::scrape::{Scraper, ServerView};
use hubu_load::seed;
use hubu_load::world::World;

use super::finish::{finish, make_folder};

/// Plays a plan.
pub(super) async fn play(options: cli::Run) -> Result<u8, LoadError> {
    if OwnPlan::is_one(&options.plan) {
        return play_own(options).await;
    }
    let secret = options.secret.ok_or_else(|| {
        LoadError::Token("--secret FILE is needed: the server's HS256 secret".into())
    })?;
    let mut plan = Plan::read(&options.plan)?;
    plan.crowd(options.users.unwrap_or(plan.users));
    plan.last(options.duration.unwrap_or(plan.duration_seconds));
    plan.think_seconds = options.think.unwrap_or(plan.think_seconds);
    plan.ramp_seconds = options.ramp.unwrap_or(plan.ramp_seconds);
    plan.check()?;
    let loaded = seed::read_loaded(&options.report.join("world.json"))?;
    let mut show = Show::new(plan.length().as_secs_f64(), options.quiet);
    let platform = report::platform(&options.report, options.note);
    let setting = Setting {
        url: &options.url,
        secret: &secret,
        loaded: &loaded,
        folder: &options.report,
        workers: options.workers,
        threads: options.threads,
        share: options.shard,
    };
    report::write_plan(&options.report, &plan)?;
    show.title(&plan.name, plan.users);
    let world = World::make(loaded.recipe.clone())?;
    let scraper = watch(options.metrics.as_deref(), &mut show).await?;
    let mut outcome = run::play(&plan, &setting, &mut show).await?;
    // The audit's own requests are no part of the run.
    let server = scraper.map(Scraper::finish);
    let settled = run::settle_books(&outcome.books, &setting, &world, "after the run", &mut show);
    outcome.settlement = settled.await.map_err(|e| e.to_string());
    let result = RunResult::new(&plan, &loaded, outcome, platform)?;
    keep(&options.report, result, &options.url, server)
}

/// A plan of another system: no world, no books, no audit.
async fn play_own(options: cli::Run) -> Result<u8, LoadError> {
    let mut plan = OwnPlan::read(&options.plan)?;
    make_folder(&options.report)?;
    plan.crowd(options.users.unwrap_or(plan.users));
    plan.think_seconds = options.think.unwrap_or(plan.think_seconds);
    plan.ramp_seconds = options.ramp.unwrap_or(plan.ramp_seconds);
    let mut common = plan.common();
    common.last(options.duration.unwrap_or(plan.duration_seconds));
    (plan.duration_seconds, plan.phases) = (common.duration_seconds, common.phases);
    plan.check()?;
    let mut show = Show::new(plan.common().length().as_secs_f64(), options.quiet);
    let platform = report::platform(&options.report, options.note);
    // From the report's folder the data would be looked for there.
    for data in plan.data.values_mut() {
        data.csv = data.csv.canonicalize().unwrap_or(data.csv.clone());
    }
    report::write_plan(&options.report, &plan)?;
    show.title(&plan.name, plan.users);
    let scraper = watch(options.metrics.as_deref(), &mut show).await?;
    let outcome = own::play(&plan, &options.url, &mut show).await?;
    let server = scraper.map(Scraper::finish);
    let result = RunResult::of_own(&plan.common(), plan.seed, outcome, platform)?;
    keep(&options.report, result, &options.url, server)
}

/// Begins to scrape the server's metrics, if there is an address for them.
async fn watch(metrics: Option<&str>, show: &mut Show) -> Result<Option<Scraper>, LoadError> {
    let Some(url) = metrics else {
        return Ok(None);
    };
    let scraper = Scraper::start(url).await?;
    show.beside(scraper.watched());
    Ok(Some(scraper))
}

/// Judges, writes and prints.
fn keep(
    folder: &std::path::Path,
    result: RunResult,
    url: &str,
    server: Option<ServerView>,
) -> Result<u8, LoadError> {
    finish(folder, &mut result.against(url).beside(server))
}
