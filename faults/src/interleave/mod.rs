//! Threads in other orders (交错): the engine with its own journal's thread, under a scheduler that chooses at each lock, wait
//! and atomic which thread goes on. Half of the runs go on with any thread at each of these moments; half let one thread
//! pass the others but at a few moments (probabilistic concurrency testing: a mistake that a few switches show is shown with a
//! known chance). A thread that waits for ever is a deadlock, and found as such.
//!
//! Reading order: [`ground`] is what each run begins with and how it ends; [`scenarios`] are what threads do in it.
//!
//! Every atomic counts as sequentially consistent here: what weaker orderings allow is not tried.

mod ground;
mod scenarios;

use crate::Outcome;
use crate::report::Report;
use clap::Args;
use scenarios::{SCENARIOS, Scenario};
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, Runner};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Runs the engine's threads in orders drawn from a seed.
#[derive(Args)]
pub(crate) struct Options {
    /// Orders tried of each scenario.
    #[arg(long, default_value_t = 4_000)]
    orders: usize,
    /// Draws the orders; fresh when it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Only scenarios whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Runs one scenario (see --only) in the order that a failed run left in this file.
    #[arg(long)]
    replay: Option<PathBuf>,
    /// Few orders.
    #[arg(long)]
    quick: bool,
}

/// Where the order of a failed run is left.
const LEFT: &str = "target/faults/orders";
/// Orders of each scenario in a quick run.
const QUICK: usize = 60;
/// Moments at which the second kind of scheduler lets another thread pass.
const SWITCHES: usize = 4;
/// Room for an engine that opens on the stack of a thread, in bytes.
const STACK: usize = 4 << 20;

pub(crate) fn run(options: &Options, report: &mut Report) -> Outcome<bool> {
    std::fs::create_dir_all(LEFT)?;
    let mut wanted = SCENARIOS.iter().filter(|s| s.name.contains(&options.only));
    if let Some(order) = &options.replay {
        let scenario = wanted.next_back().ok_or("--only fits no scenario")?;
        return Ok(holds(scenario, ReplayScheduler::new_from_file(order)?));
    }
    let orders = if options.quick { QUICK } else { options.orders };
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let (mut tried, mut broken) = (0, 0);
    for scenario in wanted {
        let random = RandomScheduler::new_from_seed(seed, orders / 2);
        let few = PctScheduler::new_from_seed(seed, SWITCHES, orders / 2);
        let held = holds(scenario, random) && holds(scenario, few);
        println!(
            "{}: {}",
            scenario.name,
            if held { "held" } else { "BROKEN" }
        );
        tried += orders;
        broken += u64::from(!held);
    }
    if !options.quick && options.only.is_empty() {
        report.put("interleavings", tried as f64);
        report.put("interleavings_broken", broken as f64);
    }
    Ok(broken == 0)
}

/// Whether a scenario held in all orders of a scheduler.
fn holds(scenario: &Scenario, scheduler: impl Scheduler + 'static) -> bool {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::File(Some(Path::new(LEFT).to_owned()));
    let run = scenario.run;
    catch_unwind(AssertUnwindSafe(|| Runner::new(scheduler, config).run(run))).is_ok()
}
