//! The command `hubu-load`.

mod command;

use std::process::ExitCode;

use clap::Parser;
use hubu_load::cli::Cli;
use hubu_load::report::Exit;

// musl's own allocator takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let trusted = cli.ca.as_deref().map_or(Ok(()), hubu_load::wire::trust);
    match trusted.and_then(|()| command::execute(cli.command)) {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            eprintln!("hubu-load: {error}");
            ExitCode::from(Exit::Error as u8)
        }
    }
}
