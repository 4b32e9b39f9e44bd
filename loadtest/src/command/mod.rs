//! The subcommands of `hubu-load`, one to a file. Each returns an exit status (see [`hubu_load::report::Exit`]).

mod audit;
mod diff;
mod finish;
mod probe;
mod report;
mod run;
mod search;
mod seed;
mod size;

use hubu_load::cli::Command;
use hubu_load::error::LoadError;
use hubu_load::report::Exit;

/// Does what was asked for.
pub(crate) fn execute(command: Command) -> Result<u8, LoadError> {
    match command {
        Command::Worker => hubu_load::run::work().map(|()| Exit::Passed as u8),
        Command::Port => probe::free_port(),
        Command::Ready { url } => on_threads(probe::ready(url)),
        Command::Report(options) => report::redraw(&options.report),
        Command::Diff(options) => diff::compare(&options),
        Command::Schema => report::print_schema(),
        Command::Seed(options) => on_threads(seed::load(options)),
        Command::Run(options) => on_threads(run::play(options)),
        Command::Search(options) => on_threads(search::search(options)),
        Command::Size(options) => size::size(&options),
        Command::Audit(options) => on_threads(audit::audit(options)),
    }
}

fn on_threads(work: impl Future<Output = Result<u8, LoadError>>) -> Result<u8, LoadError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|source| LoadError::System {
            what: "starting threads",
            source,
        })?
        .block_on(work)
}
