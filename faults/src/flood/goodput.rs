//! Ten times the capacity: what is accepted keeps its rate and its latency, and the rest is told so at once.
//!
//! Capacity is what the server does for as many connections as it lets in requests, each asking again at once. The
//! flood comes over ten times as many, and ten times the capacity is due a second. The two take turns, so that a
//! machine that becomes slower meanwhile does so for both.

use super::bound::Asked;
use super::generator::{Generator, Tally};
use super::trial::Trial;
use super::vitals::cpu_seconds;
use crate::Outcome;
use std::time::Duration;

/// How many times the capacity is offered, over how many times the connections.
const TIMES: usize = 10;

/// What the rounds came to.
pub(super) struct Goodput {
    /// Accepted a second under flood ÷ at capacity; the median round.
    pub(super) ratio: f64,
    /// p99 of what was accepted, in the same way.
    pub(super) p99_ratio: f64,
    /// p99 of refusals that were asked in time.
    pub(super) refusal_p99_ms: f64,
}

pub(super) fn run(trial: &mut Trial) -> Outcome<(Asked, Goodput)> {
    let lanes = trial.site.limits.requests_in_flight;
    let mut capacity = Generator::open(&trial.site, lanes, "cap")?;
    let mut flood = Generator::open(&trial.site, lanes * TIMES, "flood")?;
    let (short, long) = trial.size((1, 2), (5, 10)).into_durations();
    let rounds = trial.size(1, 3);
    // The first is for warming up.
    round(trial, &mut capacity, "warm-up", short, None)?;
    let mut before = round(trial, &mut capacity, "capacity", short, None)?;
    let (mut ratios, mut p99_ratios, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let rate = before.goodput() * TIMES as f64;
        let flooded = round(trial, &mut flood, "10 x", long, Some(rate))?;
        let after = round(trial, &mut capacity, "capacity", short, None)?;
        ratios.push(flooded.goodput() / f64::midpoint(before.goodput(), after.goodput()));
        p99_ratios.push(flooded.p99_ms() / f64::midpoint(before.p99_ms(), after.p99_ms()));
        refusals.push(flooded.refused_us.value_at_quantile(0.99) as f64 / 1e3);
        trial.expect(flooded.refused > 0, || {
            "ten times the capacity was not refused".into()
        });
        before = after;
    }
    let asked = Asked {
        connections: (lanes * (TIMES + 1)) as u64,
        ..Asked::default()
    };
    let goodput = Goodput {
        ratio: median(ratios),
        p99_ratio: median(p99_ratios),
        refusal_p99_ms: median(refusals),
    };
    Ok((asked, goodput))
}

trait IntoDurations {
    fn into_durations(self) -> (Duration, Duration);
}

impl IntoDurations for (u64, u64) {
    fn into_durations(self) -> (Duration, Duration) {
        (Duration::from_secs(self.0), Duration::from_secs(self.1))
    }
}

/// The middle one; of an even number the higher.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// One round: its tally is shown and booked.
fn round(
    trial: &mut Trial,
    generator: &mut Generator,
    what: &str,
    time: Duration,
    rate: Option<f64>,
) -> Outcome<Tally> {
    let server = trial.site.process();
    let cpu = || (cpu_seconds(server), cpu_seconds(std::process::id()));
    let before = cpu();
    let tally = generator.run(time, rate)?;
    let after = cpu();
    let share = |from: f64, to: f64| (to - from) / tally.seconds;
    let (server, client) = (share(before.0, after.0), share(before.1, after.1));
    let ms = |us: &hdrhistogram::Histogram<u64>| us.value_at_quantile(0.99) as f64 / 1e3;
    println!(
        "  {what:<9} due {:>8.0}/s sent {:>7.0}/s accepted {:>7.0}/s p50 {:.1} p99 {:.1} ms; refused {} (p99 {:.1} ms), held \
         back {} (p99 {:.0} ms); cores: server {server:.2}, client {client:.2}{}",
        tally.due as f64 / tally.seconds,
        tally.sent as f64 / tally.seconds,
        tally.goodput(),
        tally.accepted_us.value_at_quantile(0.5) as f64 / 1e3,
        tally.p99_ms(),
        tally.refused,
        ms(&tally.refused_us),
        tally.early,
        ms(&tally.early_us),
        if client > 0.9 {
            " (ITS ONE THREAD IS BUSY: the client is a bottleneck)"
        } else {
            ""
        },
    );
    trial.acknowledged += i64::try_from(tally.accepted)?;
    trial.unknown.extend(tally.unknown.iter().cloned());
    let wrong = tally.wrong.len();
    trial.expect(wrong == 0, || {
        format!("{wrong} wrong answers, such as {}", tally.wrong[0])
    });
    Ok(tally)
}
