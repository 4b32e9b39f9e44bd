//! What a curve says for sizing: points of the law, and what one request, connection and command cost.

use serde::{Deserialize, Serialize};

use super::fit::Seen;
use super::input::Given;
use super::solve::non_negative;
use crate::search::{Curve, Limits, LoadKind, Point, judge};

/// A cost and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// How much; `None` when nobody knows.
    pub value: Option<f64>,
    /// From where, in words.
    pub how: String,
}

/// The costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    /// Seconds of a core for each request.
    pub cpu_seconds: Cost,
    /// Memory before any user.
    pub base_bytes: Cost,
    /// Memory of a connection.
    pub connection_bytes: Cost,
    /// Memory of a row.
    pub row_bytes: Cost,
    /// Memory of an open document.
    pub document_bytes: Cost,
    /// Bytes that stay for each command.
    pub command_bytes: Cost,
    /// Bytes that disks write for each command.
    pub disk_bytes: Cost,
    /// Commands for each request.
    pub commands_per_request: Cost,
    /// Bytes on the network for each request.
    pub network_bytes: Cost,
    /// Bytes on the database's disk for each command.
    pub database_bytes: Cost,
    /// Requests for each think time.
    pub requests_per_think: Cost,
    /// Seconds of syncing for each request: busy journal or database connections, by Little's law.
    pub sync_seconds: Cost,
    /// Rows that the measured server held.
    pub rows: Option<f64>,
}

/// What `scripts/bench` measured of Hubu (docs/results.md, 2026-11-24): memory of a row and of an idle connection.
const ROW_BYTES: f64 = 141.0;
const CONNECTION_BYTES: f64 = 8_634.0;
/// Users between the smallest step and the largest, from which on their memory shows.
const SPREAD_MIN: u32 = 1_000;
const ROW_HOW: &str = "scripts/bench of Hubu, a million rows (docs/results.md)";
const CONNECTION_HOW: &str = "scripts/bench of Hubu, 10,000 idle connections (docs/results.md)";
const DOCUMENT_HOW: &str = "measured: growth of the server's memory with commands; more than an open document keeps, \
    since keys and views grow too";

/// Steps that say something: some request was answered, and the machine did not stand still.
pub(super) fn steps(curve: &Curve) -> impl Iterator<Item = &Point> {
    let says = |p: &&Point| p.requests > 0 && !p.is_disturbed;
    curve.points.iter().filter(says)
}

/// The points that the law is fitted to.
///
/// # Errors
/// The curve has none.
pub fn seen(curve: &Curve) -> Result<Vec<Seen>, String> {
    let is_set = curve.is_sweep && curve.kind == LoadKind::Users;
    let all = steps(curve);
    let points: Vec<Seen> = all
        .map(|p| Seen {
            n: if is_set { p.load } else { p.concurrency },
            rate: p.rate,
        })
        .collect();
    if points.is_empty() {
        return Err("the curve has no step with an answered request".into());
    }
    Ok(points)
}

/// Whether a step held what is asked for, whatever the curve's own limit of latency was.
pub(super) fn holds(curve: &Curve, point: &Point, p99_ms: f64) -> bool {
    let limits = Limits {
        p99_ms,
        ..curve.limits.of_sweep()
    };
    !point.is_disturbed && judge(point, &limits, None).is_empty()
}

/// A cost: what is given by hand stands for what was measured.
fn pick(given: Option<f64>, measured: Option<f64>, how: &str) -> Cost {
    let how = if given.is_some() {
        "given by hand"
    } else {
        how
    };
    Cost {
        value: given.or(measured),
        how: how.into(),
    }
}

/// The costs.
pub fn costs(curve: &Curve, given: &Given) -> Costs {
    let (cpu, cpu_how) = cpu(curve);
    let memory = Memory::of(curve);
    let requests = busy_middle(curve, |p| {
        (p.requests_whole > 0).then(|| p.commands_per_request())
    });
    let syncing = busy_middle(curve, |p| {
        let sync = p.sync.filter(|s| s.busy_share > 0.0 && p.rate > 0.0)?;
        Some(sync.busy_share / p.rate)
    });
    Costs {
        cpu_seconds: pick(given.cpu_seconds, cpu, cpu_how),
        base_bytes: pick(
            given.base_bytes,
            curve.server_memory_bytes.map(|b| b as f64),
            "measured: the server's memory before the first step (--server-pid of search)",
        ),
        connection_bytes: memory.connection(given),
        row_bytes: pick(given.row_bytes, Some(ROW_BYTES), ROW_HOW),
        document_bytes: pick(given.document_bytes, memory.command, DOCUMENT_HOW),
        command_bytes: pick(
            given.command_bytes,
            busy_middle(curve, Point::bytes_per_command),
            disk_how(curve),
        ),
        disk_bytes: pick(
            given.disk_bytes,
            busy_middle(curve, Point::disk_per_command),
            "measured: what all disks of the server's machine wrote, median of the busier half",
        ),
        commands_per_request: pick(
            given.commands_per_request,
            requests,
            "measured: commands done of requests made",
        ),
        network_bytes: pick(
            given.network_bytes,
            busy_middle(curve, |p| p.network_bytes),
            "measured: the interface's bytes in the counted seconds, acknowledgements and all else on it included",
        ),
        database_bytes: pick(given.database_bytes, None, "give --database-bytes"),
        requests_per_think: pick(
            given.requests_per_think,
            pace(curve),
            "measured: rate × (think + mean latency) / users",
        ),
        sync_seconds: pick(
            None,
            syncing,
            "measured: time in which the journal was syncing (--metrics of search)",
        ),
        rows: curve
            .points
            .iter()
            .rev()
            .find_map(|p| p.server_rows)
            .map(|rows| rows as f64),
    }
}

fn disk_how(curve: &Curve) -> &'static str {
    if curve.points.iter().any(|p| p.journal_bytes.is_some()) {
        "measured: bytes that the journal made durable, by the server's figures, of commands done; what can be built again (views, snapshots) is not in it"
    } else {
        "measured: what the kernel charged the server's process for (/proc), not less than what it wrote; --metrics of search knows better"
    }
}

/// The largest that a request cost in any step of the busier half: the dearest is what must be bought for.
fn cpu(curve: &Curve) -> (Option<f64>, &'static str) {
    let most = steps(curve).map(|p| p.rate).fold(0.0, f64::max);
    let busy = || steps(curve).filter(|p| p.rate >= most / 2.0 && p.rate > 0.0);
    let dearest = |of: &dyn Fn(&Point) -> Option<f64>| busy().filter_map(of).max_by(f64::total_cmp);
    let server = dearest(&|p| Some(p.server_cores? / p.rate));
    if server.is_some() {
        return (
            server,
            "measured: the server's processor time, dearest step of the busier half",
        );
    }
    let rest = |p: &Point| Some((p.machine_cores? - p.harness_cores?).max(0.0) / p.rate);
    if curve.url.contains("127.0.0.") || curve.url.contains("localhost") {
        return (
            dearest(&rest),
            "measured: everything on the machine but the harness, so not less than the server's (no --server-pid)",
        );
    }
    (
        None,
        "not measured: give --server-pid to search, or --cpu-us here",
    )
}

fn pace(curve: &Curve) -> Option<f64> {
    if curve.kind != LoadKind::Users || curve.is_sweep || curve.think_seconds <= 0.0 {
        return Some(1.0);
    }
    middle(curve, |p| {
        let held = p.held.then_some(p)?;
        Some(
            held.rate * (curve.think_seconds + held.mean_ms / 1_000.0)
                / f64::from(held.users.max(1)),
        )
    })
}

/// The median over the steps with at least half of the highest rate: what is seldom done costs more each time.
fn busy_middle(curve: &Curve, of: impl Fn(&Point) -> Option<f64>) -> Option<f64> {
    let most = steps(curve).map(|p| p.rate).fold(0.0, f64::max);
    middle(curve, |p| of(p).filter(|_| p.rate >= most / 2.0))
}

/// The median over steps.
fn middle(curve: &Curve, of: impl Fn(&Point) -> Option<f64>) -> Option<f64> {
    let mut all: Vec<f64> = steps(curve)
        .filter_map(of)
        .filter(|v| v.is_finite())
        .collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// How the server's memory grew: with the most users so far, and with the commands so far.
#[derive(Default)]
struct Memory {
    connection: Option<f64>,
    command: Option<f64>,
}

impl Memory {
    fn of(curve: &Curve) -> Self {
        let (mut users, mut commands) = (0.0f64, 0.0);
        let mut rows: Vec<Vec<f64>> = Vec::new();
        let mut loads: Vec<u32> = Vec::new();
        for point in &curve.points {
            users = users.max(f64::from(point.users));
            commands += point.commands as f64;
            let Some(bytes) = point.server_memory_bytes else {
                return Self::default();
            };
            rows.push(vec![1.0, users, commands, bytes as f64]);
            loads.push(point.users);
        }
        loads.sort_unstable();
        loads.dedup();
        if loads.len() < 3 {
            return Self::default();
        }
        let spread = loads.last().zip(loads.first()).map_or(0, |(l, f)| l - f);
        let Some(answer) = non_negative(&rows, 3) else {
            return Self::default();
        };
        let some = |value: f64| (value > 0.0).then_some(value);
        Self {
            // What a few connections take is lost in everything else that grows.
            connection: some(answer[1]).filter(|_| spread >= SPREAD_MIN),
            command: some(answer[2]),
        }
    }

    fn connection(&self, given: &Given) -> Cost {
        let given = given.connection_bytes;
        match self.connection {
            Some(_) => pick(
                given,
                self.connection,
                "measured: growth of the server's memory with users, commands apart",
            ),
            None => pick(given, Some(CONNECTION_BYTES), CONNECTION_HOW),
        }
    }
}
