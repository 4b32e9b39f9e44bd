//! `hubu-fuzz`: one parser against bytes that nobody meant for it.
//!
//! Reading order: [`targets`] are plain functions of bytes, each with what must hold beyond "no panic"; [`drive`] runs one
//! of them; [`mutate`] makes inputs; [`coverage`] tells which of them went where none went before, in builds
//! that count (`scripts/fuzz`); [`memory`] counts what a decoder allocates. `hubu-faults fuzz` runs all targets,
//! each in a process of its own.

mod coverage;
mod drive;
mod memory;
mod mutate;
mod targets;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Whatever ends a run before it has an answer.
type Outcome<T> = Result<T, Box<dyn Error>>;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Gives hostile bytes to one parser.
#[derive(Parser)]
#[command(name = "hubu-fuzz")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the targets
    List,
    /// Runs one target; the last line says what came of it
    Run {
        /// Its name
        target: String,
        /// How long
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// Of the mutations
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where inputs that broke something are kept
        #[arg(long, default_value = "target/faults/fuzz")]
        kept: PathBuf,
    },
    /// Gives one file to a target: for looking into a crash
    One {
        /// Its name
        target: String,
        /// The input
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing broke.
fn run(command: Command) -> Outcome<bool> {
    match command {
        Command::List => {
            targets::ALL
                .iter()
                .for_each(|target| println!("{}", target.name));
            Ok(true)
        }
        Command::One { target, file } => {
            let mut setup = (targets::named(&target)?.make)()?;
            (setup.run)(&std::fs::read(file)?);
            println!("it passes");
            Ok(true)
        }
        Command::Run {
            target,
            seconds,
            seed,
            kept,
        } => {
            let target = targets::named(&target)?;
            let told = drive::drive(target, Duration::from_secs_f64(seconds), seed, &kept)?;
            println!(
                "target={} executions={} crashes={} corpus={} edges={} guided={}",
                target.name,
                told.executions,
                told.crashes,
                told.corpus,
                told.edges,
                coverage::is_guided()
            );
            Ok(told.crashes == 0)
        }
    }
}
