//! The whole run as the server counted it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::second::ServerSecond;
use super::snapshot::Snapshot;
use crate::measure::Second;
use crate::plan::Plan;

/// `server` of a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerView {
    /// Where its metrics are.
    pub url: String,
    /// Scrapes that brought something.
    pub scrapes: u64,
    /// Scrapes that did not.
    pub missed: u64,
    /// Why the last of these did not, in words.
    pub missed_why: Option<String>,
    /// What it was built from, as it says: version, profile, rustc, target, target_cpu, commit.
    pub build: BTreeMap<String, String>,
    /// What it runs on, as it says: architecture, processor, system, kernel, and by whom the processor is emulated.
    #[serde(default)]
    pub platform: BTreeMap<String, String>,
    /// Where its journal is, as it says: kind (`file`, `postgres`) and the database's version.
    pub journal: BTreeMap<String, String>,
    /// Connections really open while all users worked; `null` when it cannot be judged: the metrics do not tell, arrivals
    /// are of the open model, or the run was shorter than a think time.
    pub open: Option<OpenConnections>,
    /// Requests answered.
    pub requests: Option<u64>,
    /// Of these answered 503.
    pub shed: Option<u64>,
    /// Processor time, in µs a request.
    pub cpu_us_per_request: Option<f64>,
    /// Cores kept busy, mean.
    pub cpu_cores: Option<f64>,
    /// Largest resident memory seen, in bytes.
    pub memory_bytes: Option<u64>,
    /// Records of one group commit, mean.
    pub batch_records: Option<f64>,
    /// Time to make one commit durable, mean, in ms.
    pub sync_mean_ms: Option<f64>,
    /// 99 %, from the buckets of its histogram.
    pub sync_p99_ms: Option<f64>,
    /// Time from a request's head to its answer, 50 %, in ms, from the buckets of its histogram.
    pub served_p50_ms: Option<f64>,
    /// 99 %.
    pub served_p99_ms: Option<f64>,
    /// Second by second.
    pub seconds: Vec<ServerSecond>,
}

/// Connections that were really open, counted at the server. Users connect with their first request, so they are looked
/// at from when the last user must have thought for the first time until a second before the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenConnections {
    /// Users, each with its own.
    pub wanted: u64,
    /// Fewest open at one look.
    pub least: u64,
    /// Most open at one look.
    pub most: u64,
    /// From then on it was looked at, in seconds since the start.
    pub from: f64,
    /// Until then.
    pub to: f64,
}

impl ServerView {
    /// The view without its connections: first and last scrape, and the seconds between.
    pub(super) fn new(
        url: &str,
        (first, last): (&Snapshot, &Snapshot),
        length: f64,
        seconds: Vec<ServerSecond>,
    ) -> Self {
        let sums = ServerSecond::between(first, last, 0.0, length);
        let requests = last.requests.zip(first.requests);
        let requests = requests.map(|(last, first)| last.saturating_sub(first));
        let micros = sums.cpu_cores.map(|cores| cores * length * 1e6);
        Self {
            url: url.to_owned(),
            build: last.build.clone(),
            platform: last.platform.clone(),
            journal: last.journal.clone(),
            requests,
            shed: sums.shed,
            cpu_us_per_request: micros
                .zip(requests.filter(|n| *n > 0))
                .map(|(micros, n)| micros / n as f64),
            cpu_cores: sums.cpu_cores,
            memory_bytes: seconds.iter().filter_map(|s| s.resident_bytes).max(),
            batch_records: sums.batch_records,
            sync_mean_ms: sums.sync_mean_ms,
            sync_p99_ms: sums.sync_p99_ms,
            served_p50_ms: sums.served_p50_ms,
            served_p99_ms: sums.served_p99_ms,
            seconds,
            ..Self::default()
        }
    }

    /// Counts the users' connections, from what the client's own seconds say about when all were at work.
    pub fn count_connections(&mut self, plan: &Plan, users: u32, client: &[Second]) {
        self.open = open(plan, users, client, &self.seconds);
    }
}

fn open(
    plan: &Plan,
    users: u32,
    client: &[Second],
    server: &[ServerSecond],
) -> Option<OpenConnections> {
    if plan.open.is_some() {
        return None;
    }
    let all = u64::from(users);
    let first_think = plan.think_seconds * (1.0 + plan.think_spread);
    let from = plan.due(plan.ramp_seconds, first_think) + 1.0;
    let to = client.iter().filter(|s| s.users >= all).map(|s| s.at);
    let to = to.fold(0.0, f64::max) - 1.0;
    let looks = server.iter().filter(|s| s.at >= from && s.at <= to);
    let counts: Vec<u64> = looks.filter_map(|s| s.connections).collect();
    Some(OpenConnections {
        wanted: all,
        least: *counts.iter().min()?,
        most: *counts.iter().max()?,
        from,
        to,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn connections_are_counted_while_all_work() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/plans/smoke.toml");
        let mut plan = Plan::read(Path::new(path)).unwrap();
        (plan.ramp_seconds, plan.think_seconds) = (2.0, 2.0);
        plan.think_spread = 0.5;
        let client = |at: u32| Second {
            at: f64::from(at),
            users: if (3..=20).contains(&at) { 10 } else { 5 },
            ..Second::default()
        };
        let server = |at: u32| ServerSecond {
            at: f64::from(at),
            connections: Some(match at {
                0..6 => 3,
                9 => 9,
                21.. => 0,
                _ => 10,
            }),
            ..ServerSecond::default()
        };
        let client: Vec<Second> = (1..=24).map(client).collect();
        let server: Vec<ServerSecond> = (1..=24).map(server).collect();
        let open = super::open(&plan, 10, &client, &server).unwrap();
        assert_eq!((open.wanted, open.least, open.most), (10, 9, 10));
        assert_eq!((open.from, open.to), (6.0, 19.0));
        assert!(super::open(&plan, 10, &client[..6], &server).is_none());
        plan.open = Some(crate::plan::Open {
            arrivals_per_second: 1.0,
            patience_seconds: 0.0,
        });
        assert!(super::open(&plan, 10, &client, &server).is_none());
    }
}
