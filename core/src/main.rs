//! The server `hubu`: start-up in order is `command::serve`; the other commands are beside it.

mod command;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = command::Cli::parse();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubu: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
