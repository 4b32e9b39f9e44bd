//! `compare`: the same payments against Hubu and against what is commonly built, in one run, in turns.
//!
//! ```text
//! set up     four servers, each with the same rows; three of them with a PostgreSQL of their own, all on one disk
//! search     for each system and load: the number of connections, and the pool or the writers, with the highest rate
//! slices     a b c d a b c d …: each for some seconds, alone, saturated (no think time)
//! users      one hot row, think time 1 s: how many users does each hold at p99 <= 200 ms
//! audit      every book of every crowd, the searches' included, by the harness's audit; all four by the same one
//! ```
//!
//! One client, [`crowd`], plays against all of them. Servers that are not asked stay up and idle; what they take of the
//! processor meanwhile is measured and told.
//!
//! Reading order: [`system`], [`stand`], [`order`], [`crowd`], [`play`], [`search`], [`mod@run`], [`outcome`], [`table`], [`page`].

mod chart;
pub(crate) mod crowd;
mod link;
mod order;
mod outcome;
mod page;
mod papers;
mod play;
mod run;
mod scale;
mod search;
mod stand;
mod stop;
mod system;
mod table;

use crate::Outcome;
use crate::scenario::{Task, tell};
use clap::Args;
use run::run;
use scale::Scale;
use serde_json::json;
use std::path::PathBuf;
use system::{Load, System};

/// Compares Hubu with what is commonly built.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Where the report goes.
    #[arg(long, value_name = "DIR", default_value = "target/compare")]
    report: PathBuf,
    /// Slices of each system under each load.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of a slice.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// a: Hubu with files; b: Hubu with PostgreSQL; c: row locks; d: batched SQL function.
    #[arg(long, value_delimiter = ',', value_enum, default_values = ["a", "b", "c", "d"])]
    systems: Vec<System>,
    /// Which rows are paid from.
    #[arg(long, value_delimiter = ',', value_enum, default_values = ["uniform", "hot10", "hot1"])]
    loads: Vec<Load>,
    /// Leaves out the search for the users that are held (it wants the load hot1).
    #[arg(long)]
    no_users: bool,
}

/// Compares, and leaves `compare.json` and `compare.html` in the report folder. The value is the exit status.
pub(crate) fn command(options: &Options) -> Outcome<u8> {
    let mut scale = Scale::full();
    scale.rounds = options.rounds as usize;
    scale.slice_seconds = f64::from(options.seconds);
    if options.no_users {
        scale.tries = 0;
    }
    let comparison = run(&options.systems, &options.loads, &scale, &options.report)?;
    print!("{}", table::table(&comparison));
    println!("{}", options.report.join("compare.html").display());
    Ok(comparison.exit())
}

/// `compare_*`.
pub(crate) fn figures(task: &Task<'_>) -> Outcome<()> {
    let scale = task.size(Scale::full(), Scale::smoke());
    let systems = [
        System::HubuFile,
        System::HubuPostgres,
        System::RowLock,
        System::Batched,
    ];
    let loads = [Load::Uniform, Load::Hot10, Load::Hot1];
    let report = PathBuf::from("target/compare/bench");
    let comparison = run(&systems, &loads, &scale, &report)?;
    eprint!("{}", table::table(&comparison));
    if !comparison.is_clean() {
        return Err("an audit is not clean".into());
    }
    for (key, of) in [
        ("compare_hot1", "hot1"),
        ("compare_hot10", "hot10"),
        ("compare_uniform", "uniform"),
        ("compare_users", "users"),
    ] {
        let (lowest, each) = comparison
            .lowest(of)
            .ok_or("row locks did nothing to compare with")?;
        let mut detail: Vec<_> = each
            .iter()
            .map(|(letter, value)| (*letter, json!(value)))
            .collect();
        let rates = comparison
            .cells
            .iter()
            .filter(|cell| cell.load.name() == of);
        let rates: Vec<_> = rates
            .map(|cell| json!({ cell.system.letter(): cell.rate.round() }))
            .collect();
        detail.push(("commands_per_second", json!(rates)));
        let users = comparison
            .users
            .iter()
            .map(|held| json!({ held.system.letter(): held.users }));
        detail.push(("users", json!(users.collect::<Vec<_>>())));
        detail.push(("report", json!(report)));
        tell(key, lowest, comparison.is_clean(), &detail)?;
    }
    Ok(())
}
