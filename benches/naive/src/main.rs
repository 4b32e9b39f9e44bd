//! `hubu-naive`: the server that Hubu is compared with; `scripts/prove compare` starts it.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use hubu_naive::Mode;
use hubu_naive::error::NaiveError;
use hubu_naive::server::{Settings, serve};
use tokio::net::TcpListener;

/// Serves payments by transactions of PostgreSQL, to compare Hubu with.
#[derive(Parser)]
#[command(
    name = "hubu-naive",
    after_help = "Example: hubu-naive --listen 127.0.0.1:8081 --database postgres://hubu@127.0.0.1:5432/compared --mode row-lock --size 16"
)]
struct Arguments {
    /// Where to listen.
    #[arg(long)]
    listen: SocketAddr,
    /// A database that `scripts/prove compare` laid out.
    #[arg(long)]
    database: String,
    /// How payments become durable.
    #[arg(long, value_enum)]
    mode: Mode,
    /// Row-lock: connections of the pool; batched: writers.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=512))]
    size: i64,
    /// Batched: the most payments of one transaction.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(i64).range(1..=8192))]
    batch: i64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), NaiveError> {
    let settings = Settings {
        database: arguments.database.clone(),
        mode: arguments.mode,
        size: arguments.size.unsigned_abs() as usize,
        batch: arguments.batch.unsigned_abs() as usize,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen).await?;
        serve(listener, &settings).await
    })
}
