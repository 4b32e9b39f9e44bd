//! Options of `search`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  hubu-load search --url http://127.0.0.1:8080 --secret data/secret --report out --server-pid 4711
  hubu-load search --url http://127.0.0.1:8080 --secret data/secret --report out --from 2000 --max 20000 --step-seconds 10
  hubu-load search --url http://127.0.0.1:9000 --plan mine.toml --report out --p99 100ms
  hubu-load search --sweep --url http://127.0.0.1:8080 --secret data/secret --report out --from 1 --max 256

A sweep measures throughput against concurrency without think time, for `hubu-load size`.
Exit status: 0 the limit was found (or a sweep is done), 11 the audit failed, 12 stopped early, 15 no limit of the
server was met: everything held, or the harness, descriptors or ports were in the way first; curve.json says which,
16 a processor was emulated (of the server it is known with --metrics): the curve says nothing of speed, and `hubu-load size` takes none of it.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
/// Options of `search`.
pub struct Search {
    /// The server.
    #[arg(long, value_name = "http[s]://HOST:PORT")]
    pub url: String,
    /// File with the server's HS256 secret; a plan of another system (with `[[journeys]]`) needs none.
    #[arg(long, value_name = "FILE")]
    pub secret: Option<PathBuf>,
    /// The plan: its thresholds must hold, its load curve is left out.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "config/plans/ordinary-day.toml"
    )]
    pub plan: PathBuf,
    /// Folder with world.json; curve.json and each step's books go there.
    #[arg(long, value_name = "DIR", default_value = "target/load")]
    pub report: PathBuf,
    /// The first load: users, or arrivals a second for a plan with `[open]` [default: 100; 1 in a sweep].
    #[arg(long)]
    pub from: Option<f64>,
    /// The largest load [default: 100000; 512 in a sweep].
    #[arg(long)]
    pub max: Option<f64>,
    /// From one rung of the ladder to the next.
    #[arg(long, default_value_t = 2.0)]
    pub growth: f64,
    /// How close the two loads around the knee are, as a share.
    #[arg(long, default_value_t = 0.05)]
    pub tolerance: f64,
    /// How often each of the two is measured again.
    #[arg(long, default_value_t = 3)]
    pub repeats: u32,
    /// Seconds of a step that count.
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0)]
    pub step_seconds: f64,
    /// Seconds before them that don't: everybody works, nothing is counted.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub settle: f64,
    /// Seconds over which a step's users come [default: one for 4000 of them].
    #[arg(long, value_name = "SECONDS")]
    pub ramp: Option<f64>,
    /// Mean think time in seconds, instead of the plan's.
    #[arg(long, value_name = "SECONDS")]
    pub think: Option<f64>,
    /// Highest 99th percentile from when requests were due, instead of the plan's (200ms when it has none).
    #[arg(long, value_name = "TIME", value_parser = crate::duration::parse)]
    pub p99: Option<Duration>,
    /// Least share of the best pace seen (requests a second for each unit of load); 0 for none.
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    pub follow: f64,
    /// Measures every load of the ladder once, without think time, whether it holds or not.
    #[arg(long)]
    pub sweep: bool,
    /// Seed of every choice in a plan of another system; plans of Hubu take their world's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Most steps.
    #[arg(long, default_value_t = 60)]
    pub max_steps: u32,
    /// No step begins after so many minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 60.0)]
    pub max_minutes: f64,
    /// The server's process, when it is on this machine: its processor time, memory and writes are looked at.
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// The server's figures in Prometheus' text form: its journal's sync time is read there.
    #[arg(long, value_name = "http://HOST:PORT")]
    pub metrics: Option<String>,
    /// Worker processes; by default as many as the limit of descriptors asks for.
    #[arg(long)]
    pub workers: Option<u32>,
    /// Threads of each worker; by default as many as there are cores.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Something about the server for the platform page; may be given often.
    #[arg(long, value_name = "TEXT")]
    pub note: Vec<String>,
    /// No progress within a step.
    #[arg(long)]
    pub quiet: bool,
}
