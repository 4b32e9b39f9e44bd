//! Options of `size`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::duration;
use crate::sizing::{Given, Paper, Question};

const EXAMPLES: &str = "\
Examples:
  hubu-load size --curve out --users 40000 --think 10s --p99 200ms --peak 3 --growth 1.2 --years 5
  hubu-load size --curve out/curve.json --users 8000 --think 30s --p99 200ms --spare 1 --utilisation 0.5 --rows 3000000
  hubu-load size --curve out --users 40000 --think 10s --p99 200ms --nodes 4 --tpmc-per-core 40000

size.json and size.html go beside the curve. Every measured number can be given by hand instead, and every number of the
paper formulas too. docs/sizing.md explains the law, the formulas and where they end.
Exit status: 0, or 14 when a year asks for more than the curve carries: the message says how far that is and what to
measure to go further.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
/// Options of `size`.
pub struct Size {
    /// The measured curve, or the folder that it lies in.
    #[arg(long, value_name = "DIR|FILE", default_value = "target/load")]
    pub curve: PathBuf,
    /// Users online at once in the first year.
    #[arg(long)]
    pub users: f64,
    /// Mean think time.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub think: Duration,
    /// 99th percentile that must hold.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, default_value = "200ms")]
    pub p99: Duration,
    /// How much more is asked for in the worst minutes.
    #[arg(long, default_value_t = 1.0)]
    pub peak: f64,
    /// How many times as much each year asks for as the one before.
    #[arg(long, default_value_t = 1.0)]
    pub growth: f64,
    /// Years after the first.
    #[arg(long, default_value_t = 0)]
    pub years: u32,
    /// Share of cores and memory that may be used.
    #[arg(long, default_value_t = 0.6)]
    pub utilisation: f64,
    /// Nodes that share the users evenly and nothing else.
    #[arg(long, default_value_t = 1.0)]
    pub nodes: f64,
    /// Nodes that may be lost, beside those.
    #[arg(long, default_value_t = 1.0)]
    pub spare: f64,
    /// Hours of ordinary pace a day.
    #[arg(long, default_value_t = 8.0)]
    pub hours: f64,
    /// Such days a year.
    #[arg(long, default_value_t = 250.0)]
    pub days: f64,
    /// Copies of what is written.
    #[arg(long, default_value_t = 2.0)]
    pub copies: f64,
    /// Rows in the first year, instead of as many as were measured.
    #[arg(long)]
    pub rows: Option<f64>,
    /// Documents open at once for each user.
    #[arg(long, default_value_t = 1.0)]
    pub documents_per_user: f64,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = 20260101)]
    pub seed: u64,
    /// Measured: µs of a core for each request.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub cpu_us: Option<f64>,
    /// Memory of the server before any user.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub base_bytes: Option<f64>,
    /// Memory of a connection.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub connection_bytes: Option<f64>,
    /// Memory of a row.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub row_bytes: Option<f64>,
    /// Memory of an open document.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub document_bytes: Option<f64>,
    /// Bytes that stay on the disk for each command.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub command_bytes: Option<f64>,
    /// Bytes that disks write for each command.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub disk_bytes: Option<f64>,
    /// Commands for each request.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub commands_per_request: Option<f64>,
    /// Bytes on the network for each request, both ways.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub network_bytes: Option<f64>,
    /// Bytes on the database's disk for each command.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub database_bytes: Option<f64>,
    /// Requests for each think time.
    #[arg(long, help_heading = "Measured numbers given by hand")]
    pub requests_per_think: Option<f64>,
    /// Share of the users who work at the same time.
    #[arg(long, help_heading = "Numbers of the paper formulas", default_value_t = Paper::default().online_share)]
    pub paper_online: f64,
    /// Transactions of each a minute [default: one in each think time].
    #[arg(long, help_heading = "Numbers of the paper formulas")]
    pub paper_per_minute: Option<f64>,
    /// Database transactions of each.
    #[arg(long, help_heading = "Numbers of the paper formulas", default_value_t = Paper::default().database_transactions)]
    pub paper_transactions: f64,
    /// What one weighs against one of TPC-C's.
    #[arg(long, help_heading = "Numbers of the paper formulas", default_value_t = Paper::default().tpc_ratio)]
    pub tpc_ratio: f64,
    /// Share of the processor kept free.
    #[arg(long, help_heading = "Numbers of the paper formulas", default_value_t = Paper::default().spare_cpu)]
    pub paper_spare_cpu: f64,
    /// Reserve for growth, instead of growth over the years.
    #[arg(long, help_heading = "Numbers of the paper formulas")]
    pub paper_reserve: Option<f64>,
    /// tpmC of one core.
    #[arg(long, help_heading = "Numbers of the paper formulas")]
    pub tpmc_per_core: Option<f64>,
    /// MB of a connection.
    #[arg(long, help_heading = "Numbers of the paper formulas", default_value_t = Paper::default().connection_mb)]
    pub paper_connection_mb: f64,
    /// Safety on memory.
    #[arg(long, help_heading = "Numbers of the paper formulas", default_value_t = Paper::default().memory_safety)]
    pub paper_memory_safety: f64,
    /// Processor time of a request.
    #[arg(long, help_heading = "Numbers of the paper formulas", value_name = "TIME", value_parser = duration::parse, default_value = "100ms")]
    pub paper_request: Duration,
}

impl Size {
    /// The question that the options ask.
    pub fn question(&self) -> Question {
        Question {
            users: self.users,
            think_seconds: self.think.as_secs_f64(),
            p99_ms: self.p99.as_secs_f64() * 1_000.0,
            peak: self.peak,
            growth: self.growth,
            years: self.years,
            utilisation: self.utilisation,
            nodes: self.nodes,
            spare: self.spare,
            hours: self.hours,
            days: self.days,
            copies: self.copies,
            rows: self.rows,
            documents_per_user: self.documents_per_user,
            given: Given {
                cpu_seconds: self.cpu_us.map(|us| us / 1e6),
                base_bytes: self.base_bytes,
                connection_bytes: self.connection_bytes,
                row_bytes: self.row_bytes,
                document_bytes: self.document_bytes,
                command_bytes: self.command_bytes,
                disk_bytes: self.disk_bytes,
                commands_per_request: self.commands_per_request,
                network_bytes: self.network_bytes,
                database_bytes: self.database_bytes,
                requests_per_think: self.requests_per_think,
            },
            paper: Paper {
                online_share: self.paper_online,
                per_minute: self.paper_per_minute,
                database_transactions: self.paper_transactions,
                tpc_ratio: self.tpc_ratio,
                spare_cpu: self.paper_spare_cpu,
                reserve: self.paper_reserve,
                tpmc_per_core: self.tpmc_per_core,
                connection_mb: self.paper_connection_mb,
                memory_safety: self.paper_memory_safety,
                request_seconds: self.paper_request.as_secs_f64(),
            },
            seed: self.seed,
        }
    }
}
