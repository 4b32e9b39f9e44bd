//! `hubu-faults`: tries to break what the engine promises, and says how often it tried.
//!
//! Each trial is a subcommand; it prints what it does, ends with status 1 when a promise was broken, and
//! puts its figures into `target/faults/faults.json`. `scripts/faults` builds it and runs them all;
//! `docs/guarantees.md` says which promise each one is after.

mod cell;
mod failover;
mod figure;
mod report;
mod writers;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// Whatever ends a trial before it has an answer.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Tries to break Hubu's promises.
#[derive(Parser)]
#[command(name = "hubu-faults")]
struct Arguments {
    /// Where the figures go; those that are not measured now are kept.
    #[arg(long, global = true, default_value = "target/faults/faults.json")]
    out: PathBuf,
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Subcommand)]
enum Trial {
    /// Kills the primary under load, again and again, and lets the standby take over
    Failover(failover::Failover),
    /// Starts, wakes and restores writers that must not write any more
    Writers(writers::Writers),
    /// Prints the figures as a table, with their goals.
    Table,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every promise held.
fn run(arguments: &Arguments) -> Outcome<bool> {
    let mut report = report::Report::open(&arguments.out)?;
    let held = match &arguments.trial {
        Trial::Failover(trial) => trial.run(&mut report)?,
        Trial::Writers(trial) => trial.run(&mut report)?,
        Trial::Table => {
            print!("{}", report.table());
            return Ok(report.holds());
        }
    };
    report.save()?;
    Ok(held)
}
