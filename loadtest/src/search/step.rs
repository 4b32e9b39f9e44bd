//! One step: how long it lasts, which of its seconds count, and what they come to.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::machine::Seen;
use super::point::{Point, Sync, SyncSource};
use super::scrape::Following;
use crate::error::LoadError;
use crate::measure::{Tick, decode};
use crate::report::{LATE_MS, Latency};
use crate::run::{Done, Outcome};

/// The shape of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Step {
    pub(super) users: u32,
    /// Seconds over which users come.
    pub(super) ramp: f64,
    /// Seconds after that, not counted.
    pub(super) settle: f64,
    /// Seconds counted.
    pub(super) counted: f64,
    /// Arrivals a second, in the open model.
    pub(super) arrivals: Option<f64>,
}

/// Threads of a worker that are busier than this are its limit.
const BUSY: f64 = 0.85;

impl Step {
    /// From the first user to the end.
    pub(super) fn length(&self) -> f64 {
        self.ramp + self.settle + self.counted
    }

    /// What the counted seconds came to.
    pub(super) fn point(
        &self,
        outcome: &Outcome,
        seen: &Seen,
        following: Option<&Following>,
    ) -> Result<Point, LoadError> {
        let from = self.ramp + self.settle;
        let mut point = counted(&outcome.ticks, from, self.length())?;
        point.at_work = at_work(&outcome.ticks, from, self.length());
        point.users = outcome.users;
        whole(&mut point, outcome);
        point.cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        if let Some(first) = outcome.first_tick {
            let start = first.checked_sub(Duration::from_secs(1)).unwrap_or(first);
            let at = |seconds| start + Duration::from_secs_f64(seconds);
            look(&mut point, seen, following, (at(from), at(self.length())));
        }
        Ok(point)
    }
}

/// Adds the ticks of the seconds that lie wholly between two times; histograms are added, so percentiles are exact.
fn counted(workers: &[Vec<Tick>], from: f64, to: f64) -> Result<Point, LoadError> {
    let (first, last) = (from.ceil() as usize, to.floor() as usize);
    let mut point = Point {
        seconds: last.saturating_sub(first) as f64,
        ..Point::default()
    };
    let mut latency: Option<Histogram<u64>> = None;
    for ticks in workers {
        for tick in ticks.iter().take(last).skip(first) {
            point.requests += tick.requests;
            point.refused += tick.refused;
            point.shed += tick.shed;
            let part = decode(&tick.latency)?;
            match &mut latency {
                None => latency = Some(part),
                Some(sum) => sum
                    .add(&part)
                    .map_err(|e| LoadError::format("histogram", e))?,
            }
        }
    }
    if let Some(latency) = latency {
        let of = Latency::of(&latency);
        (point.mean_ms, point.p50_ms, point.max_ms) = (of.mean, of.p50, of.max);
        (point.p99_ms, point.p999_ms) = (of.p99, of.p999);
    }
    point.rate = point.requests as f64 / point.seconds.max(1.0);
    point.concurrency = point.rate * point.mean_ms / 1_000.0;
    Ok(point)
}

/// The fewest users at work when a counted second ended; in the last of them they are leaving already.
fn at_work(workers: &[Vec<Tick>], from: f64, to: f64) -> u64 {
    let seconds = from.ceil() as usize..(to.floor() as usize).saturating_sub(1);
    let users = |at: usize| {
        workers
            .iter()
            .filter_map(|w| w.get(at))
            .map(|t| t.users)
            .sum::<u64>()
    };
    // A step of one counted second has no other.
    let all = || (0..).map_while(|at| workers.iter().any(|w| at < w.len()).then_some(at));
    seconds
        .map(users)
        .min()
        .unwrap_or_else(|| all().map(users).max().unwrap_or(0))
}

/// What is counted over the whole step.
fn whole(point: &mut Point, outcome: &Outcome) {
    let sum = outcome.totals.sum();
    (point.failed, point.commands, point.requests_whole) = (sum.failed, sum.commands, sum.requests);
    let workers = &outcome.workers;
    point.connections = workers.iter().map(|w| w.opened).sum();
    point.late_p99_ms = workers.iter().map(|w| w.late_p99_us).max().unwrap_or(0) as f64 / 1_000.0;
    let (due, dropped) = workers.iter().fold((0, 0), |(due, dropped), w| {
        (due + w.arrived.due, dropped + w.arrived.dropped)
    });
    point.dropped_share = dropped as f64 / due.max(1) as f64;
    point.bottleneck = bottleneck(point, workers);
}

fn bottleneck(point: &Point, workers: &[Done]) -> Option<String> {
    if point.late_p99_ms > LATE_MS {
        return Some(format!(
            "the harness began users up to {:.0} ms late (99 %): latencies include its own delay",
            point.late_p99_ms
        ));
    }
    let busy = |w: &Done| w.usage.cpu_seconds / (w.seconds * w.threads as f64).max(0.001);
    let busiest = workers.iter().map(busy).fold(0.0, f64::max);
    (busiest > BUSY).then(|| {
        format!(
            "threads of a worker of the harness were busy {:.0} % of the time",
            busiest * 100.0
        )
    })
}

fn look(point: &mut Point, seen: &Seen, following: Option<&Following>, time: (Instant, Instant)) {
    let busy = seen.busy(time.0, time.1);
    (point.machine_cores, point.iowait_cores) = (busy.machine, busy.iowait);
    (point.harness_cores, point.server_cores) = (busy.harness, busy.server);
    point.disk_rate = busy.disk;
    point.stood_still = seen.stood_still(time.0, time.1);
    point.server_memory_bytes = seen.memory(time.1);
    let rate = point.rate;
    point.network_bytes = busy
        .network
        .filter(|_| rate > 0.0)
        .map(|bytes| bytes / rate);
    point.sync = match following {
        Some(following) => following.sync(time.0, time.1),
        None => seen.sync_ms(time.0, time.1).map(|ms| Sync {
            source: SyncSource::Probe,
            ms,
            per_second: 0.0,
            busy_share: 0.0,
        }),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Action, Fate, Meter};

    #[test]
    fn only_the_counted_seconds_count_and_workers_are_added() {
        let ticks = |worker: u64| -> Vec<Tick> {
            let meter = Meter::default();
            let second = |at: u64| {
                for n in 0..100 {
                    let fate = if n == 0 { Fate::Refused } else { Fate::Done };
                    meter.record(Action::ReadQuotas, fate, 1_000 * (at + worker) + n);
                }
                meter.tick(1, 1)
            };
            (0..6).map(second).collect()
        };
        let point = counted(&[ticks(0), ticks(1)], 1.5, 5.0).unwrap();
        // The seconds that began at 2, 3 and 4, of two workers.
        assert_eq!(
            (point.seconds, point.requests, point.refused),
            (3.0, 600, 6)
        );
        assert_eq!(point.rate, 200.0);
        assert!((5.0..5.2).contains(&point.max_ms), "{}", point.max_ms);
        assert!((3.0..4.2).contains(&point.p50_ms), "{}", point.p50_ms);
        assert!((point.concurrency - 0.2 * point.mean_ms).abs() < 1e-9);
        assert_eq!(counted(&[], 0.0, 5.0).unwrap().requests, 0);
        assert_eq!(at_work(&[ticks(0), ticks(1)], 1.5, 5.0), 2);
        assert_eq!(at_work(&[ticks(0)], 1.5, 9.0), 0);
    }
}
