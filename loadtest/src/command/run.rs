//! `run`: plays a plan and settles the books; a plan of another system has none.

use hubu_load::cli;
use hubu_load::error::LoadError;
use hubu_load::own::{self, OwnPlan};
use hubu_load::plan::Plan;
use hubu_load::report::{self, RunResult};
use hubu_load::run::{self, Setting, Show};
use hubu_load::seed;

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
    let outcome = run::run(&plan, &setting, &mut show).await?;
    let mut result = RunResult::new(&plan, &loaded, outcome, platform);
    finish(&options.report, &mut result)
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
    let outcome = own::play(&plan, &options.url, &mut show).await?;
    let mut result = RunResult::of_own(&plan.common(), plan.seed, outcome, platform);
    finish(&options.report, &mut result)
}
