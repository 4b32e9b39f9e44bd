//! What one step measured, and whether it held. All figures are of the counted seconds alone, warm-up left out, unless
//! they say otherwise.

use serde::{Deserialize, Serialize};

use crate::plan::Thresholds;

/// The limit of the 99th percentile when neither the plan nor an option names one, in ms.
const P99_MS: f64 = 200.0;
/// Largest share of requests shed, or of arrivals dropped, when the plan names none.
const SHARE: f64 = 0.01;

/// Why a load was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// On the way up, or down when the first load was too much.
    #[default]
    Ladder,
    /// Between a load that held and one that broke.
    Bisection,
    /// Once more, for confidence.
    Repeat,
    /// One of a sweep's.
    Sweep,
}

/// Where the sync time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncSource {
    /// The server's own figures of its journal.
    Metrics,
    /// Writes of the harness beside it, on the disk of the report's folder.
    Probe,
}

/// How long making something durable took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sync {
    /// Who measured.
    pub source: SyncSource,
    /// Mean (metrics) or median (probe), in ms.
    pub ms: f64,
    /// Syncs a second; 0 for a probe.
    pub per_second: f64,
    /// Share of the time in which a sync was under way; 0 for a probe.
    pub busy_share: f64,
}

/// One measured step.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Which step, from 1.
    pub step: u32,
    /// Why it was measured.
    pub stage: Stage,
    /// The load: users, or arrivals a second.
    pub load: f64,
    /// Users.
    pub users: u32,
    /// Fewest users at work in a counted second.
    pub at_work: u64,
    /// Seconds counted.
    pub seconds: f64,
    /// Requests, and how they ended.
    pub requests: u64,
    /// Refused for reasons of business.
    pub refused: u64,
    /// Shed.
    pub shed: u64,
    /// Failed, over the whole step.
    pub failed: u64,
    /// Share of the arrivals of the open model that nobody was free for, over the whole step.
    pub dropped_share: f64,
    /// Requests a second.
    pub rate: f64,
    /// Mean latency from when requests were due, in ms.
    pub mean_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// 99.9 %.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Requests under way at once, by Little's law: rate times mean latency.
    pub concurrency: f64,
    /// Connections opened, over the whole step.
    pub connections: u64,
    /// Commands done, over the whole step.
    pub commands: u64,
    /// Requests, over the whole step.
    pub requests_whole: u64,
    /// Cores that the harness kept busy.
    pub harness_cores: Option<f64>,
    /// Cores of the machine that were busy, harness included.
    pub machine_cores: Option<f64>,
    /// Cores that waited for a disk and had nothing else to do.
    pub iowait_cores: Option<f64>,
    /// Cores that there are.
    pub cores: f64,
    /// Cores that the server kept busy.
    pub server_cores: Option<f64>,
    /// The server's resident memory at the end, in bytes.
    pub server_memory_bytes: Option<u64>,
    /// Bytes that the kernel charges to the server's process (/proc/PID/io), over the whole step. It charges whole pages
    /// of the cache, which may be megabytes for a small write: no less than what the disk saw.
    pub written_bytes: Option<u64>,
    /// Bytes a second that all disks of this machine wrote.
    pub disk_rate: Option<f64>,
    /// Bytes of records that the server made durable, over the whole step, as its own figures say.
    pub journal_bytes: Option<u64>,
    /// Rows and open documents that the server held at the end, as its own figures say.
    pub server_rows: Option<u64>,
    /// Open documents.
    pub server_documents: Option<u64>,
    /// Bytes a request on the network between harness and server, both ways.
    pub network_bytes: Option<f64>,
    /// Sync time.
    pub sync: Option<Sync>,
    /// How late the harness itself was, 99 %, in ms.
    pub late_p99_ms: f64,
    /// Whether the harness says that it was the bottleneck.
    pub bottleneck: Option<String>,
    /// The longest that the machine itself stood still, in seconds.
    pub stood_still: f64,
    /// Whether it stood still so long that the step says nothing and was measured again.
    pub is_disturbed: bool,
    /// Whether every threshold held.
    pub held: bool,
    /// Those that did not, in words.
    pub broke: Vec<String>,
}

impl Point {
    /// Requests a second for each unit of load.
    pub fn pace(&self) -> f64 {
        self.rate / self.load.max(f64::MIN_POSITIVE)
    }

    /// Commands done for each request.
    pub fn commands_per_request(&self) -> f64 {
        self.commands as f64 / self.requests_whole.max(1) as f64
    }

    /// Bytes that stay for each command: the journal's, by the server's own figures, else what its process was charged
    /// for; `None` where nobody saw them or nothing was done.
    pub fn bytes_per_command(&self) -> Option<f64> {
        let bytes = self.journal_bytes.or(self.written_bytes)?;
        (self.commands > 0).then(|| bytes as f64 / self.commands as f64)
    }

    /// Bytes that the disks wrote for each command.
    pub fn disk_per_command(&self) -> Option<f64> {
        let commands = self.rate * self.commands_per_request();
        let rate = self.disk_rate?;
        (commands > 0.0).then(|| rate / commands)
    }
}

/// The thresholds that a step must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// 99th percentile from when requests were due, in ms.
    pub p99_ms: f64,
    /// 99.9th percentile, in ms.
    pub p999_ms: Option<f64>,
    /// Requests without a right answer.
    pub failed: u64,
    /// Share of requests shed.
    pub shed_share: f64,
    /// Share of requests refused for reasons of business.
    pub refused_share: Option<f64>,
    /// Share of arrivals that nobody was free for.
    pub dropped_share: f64,
    /// Least requests a second for each unit of load, as a share of the best pace seen; 0 for none.
    pub pace_share: f64,
}

impl Limits {
    /// A plan's thresholds; `p99_ms` takes the place of the plan's.
    pub fn of(plan: &Thresholds, p99_ms: Option<f64>, pace_share: f64) -> Self {
        Self {
            p99_ms: p99_ms.or(plan.p99_ms).unwrap_or(P99_MS),
            p999_ms: plan.p999_ms,
            failed: plan.failed,
            shed_share: plan.shed_share.unwrap_or(SHARE),
            refused_share: plan.refused_share,
            dropped_share: plan.dropped_share.unwrap_or(SHARE),
            pace_share,
        }
    }

    /// Those that a sweep is judged by: without think time the pace falls of itself, and few users soon spend what
    /// their rows hold and are refused, which says nothing of the server.
    pub fn of_sweep(&self) -> Self {
        Self {
            refused_share: None,
            pace_share: 0.0,
            ..self.clone()
        }
    }
}

/// What a step broke, one sentence each; `pace` is the best that an earlier step had.
pub fn judge(point: &Point, limits: &Limits, pace: Option<f64>) -> Vec<String> {
    let mut broke = Vec::new();
    let mut most = |name: &str, is: f64, limit: f64, unit: &str| {
        if is > limit {
            broke.push(format!("{name} {is:.3}{unit} is more than {limit}{unit}"));
        }
    };
    let share = |part: u64| part as f64 / point.requests.max(1) as f64;
    most("p99", point.p99_ms, limits.p99_ms, " ms");
    if let Some(limit) = limits.p999_ms {
        most("p99.9", point.p999_ms, limit, " ms");
    }
    most("failed", point.failed as f64, limits.failed as f64, "");
    most("share shed", share(point.shed), limits.shed_share, "");
    if let Some(limit) = limits.refused_share {
        most("share refused", share(point.refused), limit, "");
    }
    most(
        "share dropped",
        point.dropped_share,
        limits.dropped_share,
        "",
    );
    if point.at_work < u64::from(point.users) {
        broke.push(format!(
            "only {} of {} users were at work",
            point.at_work, point.users
        ));
    }
    if point.requests == 0 {
        broke.push("no request was answered in the counted seconds".into());
    }
    let is = point.pace();
    if let Some(best) = pace.filter(|best| is < best * limits.pace_share) {
        broke.push(format!(
            "the rate does not follow: {:.0} % of the best pace, less than {:.0} %",
            100.0 * is / best,
            100.0 * limits.pace_share
        ));
    }
    broke
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::of(&Thresholds::default(), None, 0.9)
    }

    fn good() -> Point {
        Point {
            load: 100.0,
            requests: 1_000,
            rate: 100.0,
            p99_ms: 199.0,
            ..Point::default()
        }
    }

    #[test]
    fn each_threshold_breaks_for_itself() {
        assert_eq!(judge(&good(), &limits(), Some(1.05)), [""; 0]);
        type Spoil = fn(&mut Point);
        let spoils: [(Spoil, &str); 7] = [
            (|p| p.users = 9, "only 0 of 9 users"),
            (|p| p.p99_ms = 201.0, "p99 "),
            (|p| p.failed = 1, "failed"),
            (|p| p.shed = 11, "share shed"),
            (|p| p.dropped_share = 0.02, "share dropped"),
            (|p| p.rate = 80.0, "the rate does not follow"),
            (|p| p.requests = 0, "no request"),
        ];
        for (spoil, start) in spoils {
            let mut point = good();
            spoil(&mut point);
            let broke = judge(&point, &limits(), Some(1.0));
            assert_eq!(broke.len(), 1, "{broke:?}");
            assert!(broke[0].starts_with(start), "{broke:?}");
        }
    }

    #[test]
    fn options_and_defaults_stand_for_what_a_plan_leaves_out() {
        let mut plan = Thresholds::default();
        assert_eq!(Limits::of(&plan, None, 0.0).p99_ms, 200.0);
        plan.p99_ms = Some(50.0);
        assert_eq!(Limits::of(&plan, None, 0.0).p99_ms, 50.0);
        assert_eq!(Limits::of(&plan, Some(70.0), 0.0).p99_ms, 70.0);
    }
}
