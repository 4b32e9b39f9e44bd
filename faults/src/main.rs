//! `hubu-faults`: tries to break what the engine promises, and says how often it tried.
//!
//! Each trial is a subcommand; it prints what it does, ends with status 1 when a promise was broken, and
//! puts its figures into `target/faults/faults.json`. `scripts/faults` builds it and runs them all;
//! `docs/guarantees.md` says which promise each one is after.

mod access;
mod cell;
mod crash;
mod damaged;
mod failover;
mod figure;
mod flood;
mod fuzz;
mod histories;
#[cfg(feature = "shuttle")]
mod interleave;
mod kill;
mod mutants;
mod program;
mod report;
mod sim;
mod world;
mod writers;

use clap::{Parser, Subcommand};
use report::Report;
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
    /// The engine on simulated disks and databases, by seed
    Sim(sim::Options),
    /// A crash at every operation of the disk
    Crash(crash::Options),
    /// The program whose archive `crash` records
    #[command(hide = true)]
    ArchiveWriter(crash::writer::Writer),
    /// Servers and databases killed under load
    Kill(kill::Kill),
    /// Starts, wakes and restores writers that must not write any more
    Writers(writers::Writers),
    /// Kills the primary under load, again and again, and lets the standby take over
    Failover(failover::Failover),
    /// The engine's threads in many orders (a program of its own: `scripts/faults interleave` builds it)
    #[cfg(feature = "shuttle")]
    Interleave(interleave::Options),
    /// Histories of clients under faults, checked for strict serializability
    Histories(histories::Histories),
    /// More of everything than the server can take: load, connections, slow and hostile clients
    Flood(flood::Flood),
    /// A part of the crowd of `flood`
    #[command(hide = true)]
    FloodCrowd(flood::crowd::Part),
    /// Starts damaged data folders of every kind: refused in clear words, or served rightly
    Damaged(damaged::Options),
    /// Asks a server for every cell of the table of rights: route, role and scope
    Access(access::Options),
    /// Gives hostile bytes to every parser
    Fuzz(fuzz::Options),
    /// Each promise broken on purpose: what notices?
    Mutants(mutants::Options),
    /// Prints the figures as a table, with their goals
    Table,
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
    let mut report = Report::open(&arguments.out)?;
    let held = match arguments.trial {
        Trial::Sim(options) => sim::run(&options, &mut report)?,
        Trial::Crash(options) => crash::run(&options, &mut report)?,
        Trial::ArchiveWriter(writer) => return writer.run(),
        Trial::Kill(kill) => kill.run(&mut report)?,
        Trial::Writers(writers) => writers.run(&mut report)?,
        Trial::Failover(failover) => failover.run(&mut report)?,
        #[cfg(feature = "shuttle")]
        Trial::Interleave(options) => interleave::run(&options, &mut report)?,
        Trial::Histories(histories) => histories.run(&mut report)?,
        Trial::Flood(flood) => flood.run(&mut report)?,
        Trial::FloodCrowd(part) => return flood::crowd::be_part(&part),
        Trial::Damaged(options) => damaged::run(&mut report, &options)?,
        Trial::Access(options) => access::run(&options, &mut report)?,
        Trial::Fuzz(options) => fuzz::run(&mut report, &options)?,
        Trial::Mutants(options) => mutants::run(&options, &mut report)?,
        Trial::Table => {
            print!("{}", report.table());
            return Ok(report.holds());
        }
    };
    report.save()?;
    Ok(held)
}
