//! What passed at the server between two scrapes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::snapshot::Snapshot;

/// One second as the server counted it; `null` where its metrics do not tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSecond {
    /// Seconds since the start of the run.
    pub at: f64,
    /// Connections open.
    pub connections: Option<u64>,
    /// Connections refused since the scrape before.
    pub connections_refused: Option<u64>,
    /// Requests answered, a second.
    pub requests: Option<f64>,
    /// Requests answered 503 since the scrape before.
    pub shed: Option<u64>,
    /// Requests under way.
    pub in_flight: Option<u64>,
    /// Time from a request's head to its answer, 50 %, in ms, from the buckets of its histogram.
    pub served_p50_ms: Option<f64>,
    /// 99 %.
    pub served_p99_ms: Option<f64>,
    /// Group commits a second.
    pub commits: Option<f64>,
    /// Records of one commit, mean.
    pub batch_records: Option<f64>,
    /// Time to make one commit durable, mean, in ms.
    pub sync_mean_ms: Option<f64>,
    /// 99 %, from the buckets of its histogram.
    pub sync_p99_ms: Option<f64>,
    /// Records that wait for the journal.
    pub queue_records: Option<u64>,
    /// Bytes that wait for the journal.
    pub queue_bytes: Option<u64>,
    /// Records decided and not yet durable.
    pub lag_records: Option<u64>,
    /// Processor time a second: cores kept busy.
    pub cpu_cores: Option<f64>,
    /// Resident memory, in bytes.
    pub resident_bytes: Option<u64>,
}

impl ServerSecond {
    /// What passed between two scrapes that lie `seconds` apart.
    pub(super) fn between(before: &Snapshot, after: &Snapshot, at: f64, seconds: f64) -> Self {
        let seconds = seconds.max(0.001);
        // A count that went backwards began again from nothing.
        let count = |of: fn(&Snapshot) -> Option<u64>| {
            let (before, after) = (of(before)?, of(after)?);
            Some(after.checked_sub(before).unwrap_or(after))
        };
        let rate = |of: fn(&Snapshot) -> Option<u64>| count(of).map(|n| n as f64 / seconds);
        let sync = after.sync.since(&before.sync);
        let served = after.served.since(&before.served);
        let ms = |value: Option<f64>| value.map(|s| s * 1_000.0);
        let batches = count(|s| s.batches).filter(|n| *n > 0);
        let batch_records = batches
            .zip(count(|s| s.records))
            .map(|(n, records)| records as f64 / n as f64);
        Self {
            at,
            connections: after.connections,
            connections_refused: count(|s| s.connections_refused),
            requests: rate(|s| s.requests),
            shed: count(|s| s.shed),
            in_flight: after.in_flight,
            served_p50_ms: ms(served.as_ref().and_then(|s| s.quantile(0.5))),
            served_p99_ms: ms(served.as_ref().and_then(|s| s.quantile(0.99))),
            commits: rate(|s| s.batches),
            batch_records,
            sync_mean_ms: ms(sync.as_ref().and_then(|s| s.mean())),
            sync_p99_ms: ms(sync.as_ref().and_then(|s| s.quantile(0.99))),
            queue_records: after.queue_records,
            queue_bytes: after.queue_bytes,
            lag_records: after.lag_records,
            cpu_cores: rate(|s| s.cpu_micros).map(|micros| micros / 1e6),
            resident_bytes: after.resident_bytes,
        }
    }
}
