//! `hubu-faults`: tries to break what the engine promises, and says how often it tried.
//!
//! Each trial is a subcommand; it prints what it does, ends with status 1 when a promise was broken, and
//! puts its figures into `target/faults/faults.json`. `scripts/faults` builds it and runs them all;
//! `docs/guarantees.md` says which promise each one is after.

mod crash;
mod figure;
mod mutants;
mod kill;
mod flood;
mod damaged;
mod figure;
mod fuzz;
mod histories;
mod report;
mod sim;
mod world;

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
    /// A crash at every operation of the disk.
    Crash(crash::Options),
    /// Each promise broken on purpose: what notices?
    Mutants(mutants::Options),
    /// The engine on a simulated disk, by seed.
    Sim(sim::Options),
    Kill(kill::Kill),
    /// More of everything than the server can take: load, connections, slow and hostile clients.
    Flood(flood::Flood),
    /// A part of the crowd of `flood`.
    #[command(hide = true)]
    FloodCrowd(flood::crowd::Part),
    /// Starts damaged data folders of every kind: refused in clear words, or served rightly
    Damaged {
        /// Fewer flipped bits
        #[arg(long)]
        quick: bool,
        /// Only kinds whose name has this in it; no figure is noted then
        #[arg(long)]
        only: Option<String>,
    },
    /// Gives hostile bytes to every parser
    Fuzz {
        /// A second for each target
        #[arg(long)]
        quick: bool,
        /// Seconds for each target
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// Only targets whose name has this in it; no figure is noted then
        #[arg(long)]
        target: Option<String>,
        /// Of the mutations
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The program with the targets; beside this one when not given
        #[arg(long)]
        program: Option<PathBuf>,
    },
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
fn run(arguments: &Arguments) -> Outcome<bool> {
    let mut report = report::Report::open(&arguments.out)?;
    let held = match &arguments.trial {
        Trial::Crash(options) => crash::run(options, &mut report)?,
        Trial::Mutants(options) => mutants::run(options, &mut report)?,
        Trial::Sim(options) => sim::run(options, &mut report)?,
        Trial::Kill(trial) => trial.run(&mut report)?,
    match &arguments.trial {
        Trial::Flood(flood) => flood.run(&mut report::Report::open(&arguments.out)?),
        Trial::FloodCrowd(part) => flood::crowd::be_part(part),
        Trial::Damaged { quick, only } => {
            let mut report = report::Report::open(&arguments.out)?;
            damaged::run(&mut report, *quick, only.as_deref())
        }
        Trial::Fuzz {
            quick,
            seconds,
            target,
            seed,
            program,
        } => {
            let mut report = report::Report::open(&arguments.out)?;
            let options = fuzz::Options {
                seconds: if *quick { 1.0 } else { *seconds },
                only: target.clone(),
                seed: *seed,
                program: program.clone(),
            };
            fuzz::run(&mut report, &options)
        }
        Trial::Table => {
            print!("{}", report.table());
            return Ok(report.holds());
        }
    };
    report.save()?;
    Ok(held)
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
