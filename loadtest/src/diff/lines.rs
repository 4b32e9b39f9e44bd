//! The figures that are compared, each with its floor: a smaller change is none, whatever the noise within the runs.

use super::noise::{self, Figure};
use super::{Judgement, Line};
use crate::measure::Second;
use crate::report::{ActionFigures, RunResult};
use crate::scrape::ServerSecond;

/// Percentiles of actions.
const SHARES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];
/// Latencies: a tenth, and at least so many ms.
const LATENCY: Floor = Floor(0.10, 0.2);
const RATE: Floor = Floor(0.02, 0.0);
const PROCESSOR: Floor = Floor(0.05, 0.0);
const MEMORY_MIB: Floor = Floor(0.10, 16.0);
const MEMORY_KIB: Floor = Floor(0.10, 1.0);
/// Of requests, in per cent.
const SHED: Floor = Floor(0.0, 0.1);
/// One number a run has no noise of its own: the floor is larger.
const LONE: Floor = Floor(0.10, 0.0);

/// A share of the earlier figure, and an absolute value; the larger counts.
#[derive(Clone, Copy)]
struct Floor(f64, f64);

impl Floor {
    fn of(self, before: f64) -> f64 {
        (self.0 * before.abs()).max(self.1)
    }
}

/// Which way is good.
#[derive(Clone, Copy, PartialEq)]
enum Good {
    More,
    Less,
}

/// All figures that both runs have.
pub(super) fn lines(before: &RunResult, after: &RunResult) -> Vec<Line> {
    let (a, b) = (steady(before), steady(after));
    let mut all = vec![verdict(before, after)];
    let mut series =
        |name: &str, unit: &str, good, figure, floor: Floor, of: fn(&Second) -> f64| {
            let of = |seconds: &[&Second]| seconds.iter().map(|s| of(s)).collect::<Vec<f64>>();
            all.push(from_series(
                (name, unit),
                good,
                figure,
                floor,
                of(&a),
                of(&b),
            ));
        };
    use Figure::{Mean, Median};
    use Good::{Less, More};
    series("rate", "req/s", More, Mean, RATE, |s| s.requests as f64);
    series("p50 of a second", "ms", Less, Median, LATENCY, |s| s.p50_ms);
    series("p99 of a second", "ms", Less, Median, LATENCY, |s| s.p99_ms);
    series("p99.9 of a second", "ms", Less, Median, LATENCY, |s| {
        s.p999_ms
    });
    series("shed", "% of requests", Less, Mean, SHED, |s| {
        100.0 * s.shed as f64 / s.requests.max(1) as f64
    });
    all.push(failed(before, after));
    all.extend(harness(before, after));
    all.extend(server(before, after));
    all.extend(actions(before, after, &a, &b));
    all
}

/// The seconds in which as many users worked as ever did.
fn steady(result: &RunResult) -> Vec<&Second> {
    let most = result.run.users_at_work;
    let seconds = result.seconds.iter();
    seconds.filter(|s| s.users == most && most > 0).collect()
}

fn from_series(
    (name, unit): (&str, &str),
    good: Good,
    figure: Figure,
    floor: Floor,
    mut before: Vec<f64>,
    mut after: Vec<f64>,
) -> Line {
    let noise = noise::of_series(figure, &before, &after);
    let (before, after) = (figure.of(&mut before), figure.of(&mut after));
    let noise = noise.map(|noise| noise.max(floor.of(before)));
    line(name, unit, good, before, after, noise)
}

fn line(name: &str, unit: &str, good: Good, before: f64, after: f64, noise: Option<f64>) -> Line {
    let more = after - before;
    let judgement = match noise {
        None => Judgement::NotJudged,
        Some(noise) if more.abs() <= noise => Judgement::Same,
        Some(_) if (more > 0.0) == (good == Good::More) => Judgement::Better,
        Some(_) => Judgement::Worse,
    };
    let (name, unit) = (name.to_owned(), unit.to_owned());
    Line {
        name,
        unit,
        before,
        after,
        noise,
        judgement,
    }
}

/// A run that failed beside one that passed is worse, whatever its figures.
fn verdict(before: &RunResult, after: &RunResult) -> Line {
    let of = |result: &RunResult| f64::from(u8::from(result.verdict.passed));
    let (a, b) = (of(before), of(after));
    line("passed", "1 = yes", Good::More, a, b, Some(0.5))
}

/// Nothing may fail, so the first failure is worse; more than before is worse past the error of a count.
fn failed(before: &RunResult, after: &RunResult) -> Line {
    let (a, b) = (before.total.failed as f64, after.total.failed as f64);
    let noise = if a == 0.0 || b == 0.0 {
        0.5
    } else {
        3.29 * (a + b).sqrt()
    };
    line("failed", "requests", Good::Less, a, b, Some(noise))
}

/// The harness's own cost: one number a run, so only the floor can judge it.
fn harness(before: &RunResult, after: &RunResult) -> Vec<Line> {
    let (a, b) = (&before.harness, &after.harness);
    let one = |name, unit, floor: Floor, a: f64, b: f64| {
        line(name, unit, Good::Less, a, b, Some(floor.of(a)))
    };
    let kib = |bytes: u64| bytes as f64 / 1024.0;
    let (cpu, other) = (a.cpu_us_per_request, b.cpu_us_per_request);
    vec![
        one("harness CPU", "us/request", LONE, cpu, other),
        one(
            "harness memory",
            "KiB/user",
            MEMORY_KIB,
            kib(a.bytes_per_user),
            kib(b.bytes_per_user),
        ),
    ]
}

/// The server's own figures, where both runs scraped them.
fn server(before: &RunResult, after: &RunResult) -> Vec<Line> {
    let (Some(a), Some(b)) = (&before.server, &after.server) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    let mut series = |what: (&str, &str), figure, floor, of: fn(&ServerSecond) -> Option<f64>| {
        let of = |all: &[ServerSecond]| all.iter().filter_map(of).collect::<Vec<f64>>();
        let (a, b) = (of(&a.seconds), of(&b.seconds));
        if !a.is_empty() && !b.is_empty() {
            lines.push(from_series(what, Good::Less, figure, floor, a, b));
        }
    };
    let cpu = |s: &ServerSecond| {
        let requests = s.requests.filter(|n| *n >= 1.0)?;
        Some(1e6 * s.cpu_cores? / requests)
    };
    series(("server CPU", "us/request"), Figure::Median, PROCESSOR, cpu);
    series(("server sync", "ms"), Figure::Median, LATENCY, |s| {
        s.sync_mean_ms
    });
    // How long a sync takes is the disk's doing, not the program's.
    if let Some(sync) = lines.iter_mut().find(|l| l.name == "server sync") {
        sync.judgement = Judgement::NotJudged;
    }
    let mib = |bytes: Option<u64>| bytes.map(|b| b as f64 / f64::from(1 << 20));
    if let (Some(a), Some(b)) = (mib(a.memory_bytes), mib(b.memory_bytes)) {
        let noise = Some(MEMORY_MIB.of(a));
        lines.push(line("server memory", "MiB", Good::Less, a, b, noise));
    }
    lines
}

/// Percentiles over the whole run, of all requests and of each action that both have.
fn actions(before: &RunResult, after: &RunResult, a: &[&Second], b: &[&Second]) -> Vec<Line> {
    let crowding = |result: &RunResult, seconds: &[&Second]| {
        let seconds: Vec<Second> = seconds.iter().map(|s| (*s).clone()).collect();
        SHARES.map(|(_, share)| {
            let limit = noise::at(&result.total.curve, share);
            noise::crowding(&seconds, limit, share)
        })
    };
    let (crowded, crowded_after) = (crowding(before, a), crowding(after, b));
    let mut lines = Vec::new();
    for action in std::iter::once(&before.total).chain(&before.actions) {
        let mut found = std::iter::once(&after.total).chain(&after.actions);
        let Some(other) = found.find(|o| o.name == action.name) else {
            continue;
        };
        for ((name, share), at) in SHARES.into_iter().zip(0..) {
            let of = |result: &RunResult, action: &ActionFigures, crowding: f64| {
                let part = action.requests as f64 / result.total.requests.max(1) as f64;
                noise::interval(action, share, noise::felt(crowding, part))
            };
            let x = of(before, action, crowded[at]);
            let y = of(after, other, crowded_after[at]);
            let (was, is) = (
                noise::at(&action.curve, share),
                noise::at(&other.curve, share),
            );
            let noise = x
                .zip(y)
                .map(|(x, y)| reach(was, is, x, y).max(LATENCY.of(was)));
            let name = format!("{} {name}", action.name);
            lines.push(line(&name, "ms", Good::Less, was, is, noise));
        }
    }
    lines
}

/// How far two figures may lie apart and still be the same: as far as their intervals reach towards each other. Intervals
/// that touch may hold the same value.
fn reach(was: f64, is: f64, before: (f64, f64), after: (f64, f64)) -> f64 {
    if is > was {
        (before.1 - was) + (is - after.0)
    } else {
        (was - before.0) + (after.1 - is)
    }
}
