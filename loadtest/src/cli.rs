//! The command line of `hubu-load`.

mod search;
mod size;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use search::Search;
pub use size::Size;

/// The load harness of Hubu: seeds a province, plays its officials, audits the books.
#[derive(Debug, Parser)]
#[command(name = "hubu-load", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// File with the authority (PEM) that a server's certificate is signed by, or the certificate itself: for https://.
    #[arg(long, value_name = "FILE", global = true)]
    pub ca: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  hubu-load seed   --url http://127.0.0.1:7878 --secret data/token.key --report out
  hubu-load run    --url http://127.0.0.1:7878 --secret data/token.key --report out --users 10000 --duration 60
  hubu-load run    --url https://hubu.example:8443 --ca ca.pem --secret data/token.key --report out
  hubu-load run    --url http://127.0.0.1:9000 --plan mine.toml --report out
  hubu-load audit  --url http://127.0.0.1:7878 --secret data/token.key --report out
  hubu-load report --report out
  hubu-load diff   before after
  hubu-load search --url http://127.0.0.1:7878 --secret data/token.key --report out --server-pid 4711
  hubu-load size   --curve out --users 40000 --think 10s --p99 200ms --peak 3 --growth 1.2 --years 5

Exit status: 0 passed, 1 the work could not be done, 2 wrong options, 10 a threshold was broken, 11 the audit failed,
12 stopped early or a worker died (what was acknowledged is audited and clean), 13 `diff` found something worse, 14 `size`
would have to guess, 15 `search` met no limit of the server, 16 an emulator was under it: no proof of speed.";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Loads the world into a server by real commands, and leaves world.json behind.
    Seed(Seed),
    /// Plays a plan against a loaded server, audits, reports.
    Run(Run),
    /// Raises the load in steps until a threshold breaks, and says what the limit was.
    Search(Search),
    /// Says what to buy, from a curve that `search` measured, and what the formulas of tenders would say.
    Size(Box<Size>),
    /// Settles the kept books of a run again, for instance after the server was restarted.
    Audit(Audit),
    /// Draws the HTML page and the table again from result.json.
    Report(Report),
    /// Says what got better or worse from one run to another, past noise or not.
    Diff(Diff),
    /// Prints the JSON Schema of result.json.
    Schema,
    /// Prints a port of 127.0.0.1 that nobody listens on, for scripts.
    #[command(hide = true)]
    Port,
    /// Exit status 0 when the server is ready, for scripts.
    #[command(hide = true)]
    Ready {
        /// The server.
        #[arg(long, value_name = "http[s]://HOST:PORT")]
        url: String,
    },
    /// A worker process of `run`; takes its order on standard input.
    #[command(hide = true)]
    Worker,
}

/// Where the server is and how to speak to it.
#[derive(Debug, Args)]
pub struct Server {
    /// The server.
    #[arg(long, value_name = "http[s]://HOST:PORT")]
    pub url: String,
    /// File with the server's HS256 secret, with which the harness signs its users' tokens.
    #[arg(long, value_name = "FILE")]
    pub secret: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: hubu-load seed --url http://127.0.0.1:7878 --secret data/token.key --agencies 100 --rows 4000 --report out"
)]
/// Options of `seed`.
pub struct Seed {
    /// Server.
    #[command(flatten)]
    pub server: Server,
    /// Folder for world.json.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    pub report: PathBuf,
    /// CSV of the division tree.
    #[arg(long, value_name = "FILE", default_value = "config/divisions.csv")]
    pub divisions: PathBuf,
    /// Seed of every choice.
    #[arg(long, default_value_t = 20260101)]
    pub seed: u64,
    /// Fiscal year (年度).
    #[arg(long, default_value_t = 2026)]
    pub year: u16,
    /// Budget agencies (预算单位).
    #[arg(long, default_value_t = 25_000)]
    pub agencies: u32,
    /// Quota and account rows at least, seven to an indicator.
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u32,
    /// Batches in flight at once.
    #[arg(long, default_value_t = 4)]
    pub connections: usize,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: hubu-load run --url http://127.0.0.1:7878 --secret data/token.key --plan config/plans/ordinary-day.toml --users 2000 --think 5 --duration 30 --report out"
)]
/// Options of `run`.
pub struct Run {
    /// The server.
    #[arg(long, value_name = "http[s]://HOST:PORT")]
    pub url: String,
    /// File with the server's HS256 secret; a plan of another system (with `[[journeys]]`) needs none.
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// The plan.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/plans/ordinary-day.toml"
    )]
    pub plan: PathBuf,
    /// Folder with world.json; books, result.json and report.html go there.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    pub report: PathBuf,
    /// Users, instead of the plan's; more of them come at the plan's rate, so that the ramp is longer.
    #[arg(long)]
    pub users: Option<u32>,
    /// Seconds that all users work, instead of the plan's.
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<f64>,
    /// Mean think time in seconds, instead of the plan's.
    #[arg(long, value_name = "SECONDS")]
    pub think: Option<f64>,
    /// Seconds over which users come to work, instead of the plan's.
    #[arg(long, value_name = "SECONDS")]
    pub ramp: Option<f64>,
    /// Worker processes; by default as many as the limit of descriptors asks for.
    #[arg(long)]
    pub workers: Option<u32>,
    /// Lanes (threads that users work on) of each worker; by default all together as many as there are cores.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Plays only part I of N of the users, for runs over several machines.
    #[arg(long, value_name = "I/N", value_parser = share, default_value = "1/1")]
    pub shard: crate::run::Share,
    /// The server's Prometheus metrics, scraped once a second for its own view beside the client's.
    #[arg(long, value_name = "http://HOST:PORT/PATH")]
    pub metrics: Option<String>,
    /// Something about the server for the platform page; may be given often.
    #[arg(long, value_name = "TEXT")]
    pub note: Vec<String>,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: hubu-load audit --url http://127.0.0.1:7878 --secret data/token.key --report out --when 'after a restart'"
)]
/// Options of `audit`.
pub struct Audit {
    /// Server.
    #[command(flatten)]
    pub server: Server,
    /// Folder of the run.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    pub report: PathBuf,
    /// What this audit is called.
    #[arg(long, default_value = "after a restart")]
    pub when: String,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hubu-load report --report out")]
/// Options of `report`.
pub struct Report {
    /// Folder of the run.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    pub report: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: hubu-load diff target/prove/monday target/prove/tuesday\n\nExit status: 0 nothing is worse past noise, 13 something is, 1 the two cannot be compared."
)]
/// Options of `diff`.
pub struct Diff {
    /// The earlier run: its folder, or its result.json.
    pub before: PathBuf,
    /// The later run.
    pub after: PathBuf,
    /// JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

fn share(text: &str) -> Result<crate::run::Share, String> {
    let parts = text
        .split_once('/')
        .and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, count)) if 1 <= index && index <= count => {
            Ok(crate::run::Share { index, count })
        }
        _ => Err("want I/N with 1 ≤ I ≤ N, such as 2/3".into()),
    }
}
