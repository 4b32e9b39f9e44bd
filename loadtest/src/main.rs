//! The command `hubu-load`.

mod command;

use std::process::ExitCode;

use clap::Parser;
use hubu_load::cli::Cli;
use hubu_load::report::Exit;

fn main() -> ExitCode {
    match command::execute(Cli::parse().command) {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            eprintln!("hubu-load: {error}");
            ExitCode::from(Exit::Error as u8)
        }
    }
}
