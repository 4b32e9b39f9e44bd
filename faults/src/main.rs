//! `hubu-faults`: tries to break what the engine promises, and says how often it tried.
//!
//! Each trial is a subcommand; it prints what it does, ends with status 1 when a promise was broken, and
//! puts its figures into `target/faults/faults.json`. `scripts/faults` builds it and runs them all;
//! `docs/guarantees.md` says which promise each one is after.

mod figure;
mod histories;
mod report;

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
    /// Prints the figures as a table, with their goals.
    Table,
    /// Histories of clients under faults, checked for strict serializability.
    Histories(histories::Histories),
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether every promise held.
fn run(arguments: Arguments) -> Outcome<bool> {
    match arguments.trial {
        Trial::Table => {
            let report = report::Report::open(&arguments.out)?;
            print!("{}", report.table());
            Ok(report.holds())
        }
        Trial::Histories(histories) => {
            let mut report = report::Report::open(&arguments.out)?;
            let holds = histories.run(&mut report)?;
            report.save()?;
            Ok(holds)
        }
    }
}
