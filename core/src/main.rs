//! The server `hubu`: start-up in order is `command::serve`; the other commands are beside it.

mod command;

use clap::Parser;
use std::process::ExitCode;

// musl's own allocator takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
