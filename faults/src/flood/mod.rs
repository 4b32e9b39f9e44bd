//! Flood: more of everything than a server can take, against a real `hubu serve` with a file journal.
//!
//! Promise 10 (shed, don't sink), and through it 1 and 2. While each scenario runs, `/readyz` and `/metrics` are
//! asked once a second; after it the server must be as quick as before, the row's sum what was acknowledged, and
//! its memory's peak below the bound that its settings give ([`bound`]).
//!
//! Clients and server share the machine; how many cores each took is printed where it matters.

mod bound;
pub(crate) mod crowd;
#[path = "../../../core/tests/common/frames.rs"]
mod frames;
mod generator;
mod goodput;
mod half_open;
mod http2;
mod keys;
mod oversize;
mod pipelining;
mod readers;
mod site;
mod trial;
mod vitals;
mod wire;
mod writers;

use crate::Outcome;
use crate::report::Report;
use bound::Asked;
use clap::ValueEnum;
use goodput::Goodput;
use site::{Limits, Site};
use std::time::{Duration, Instant};
use trial::Trial;

/// More of everything than the server can take.
#[derive(clap::Args, Debug)]
pub(crate) struct Flood {
    /// The smallest size that means something.
    #[arg(long)]
    quick: bool,
    /// Only this one; may be given again.
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Goes into idempotency keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Scenario {
    Goodput,
    Connections,
    SlowReaders,
    SlowWriters,
    HalfOpen,
    Oversize,
    Pipelining,
    Http2,
    DistinctKeys,
    OneKey,
}

/// What all scenarios came to.
#[derive(Default)]
struct Sums {
    goodput: Option<Goodput>,
    connections: Option<u64>,
    /// Peak and bound of the scenario that came nearest to its bound, in bytes.
    nearest: (u64, u64),
    memory_over: u64,
    recovery_seconds: f64,
    probes: u64,
    probes_failed: u64,
    slowest_probe: Duration,
    lost: i64,
}

impl Flood {
    /// Runs the scenarios; false when a promise was broken.
    pub(crate) fn run(&self, report: &mut Report) -> Outcome<bool> {
        let limits = Limits::new(self.quick);
        println!("memory bound: {}", bound::words(&limits));
        let site = Site::start(limits)?;
        let mut trial = Trial::new(site, self.quick, self.seed);
        let mut sums = Sums::default();
        for scenario in Scenario::value_variants() {
            if self.scenario.is_empty() || self.scenario.contains(scenario) {
                sums.flood(&mut trial, *scenario)?;
            }
        }
        sums.put(report, &trial);
        Ok(trial.faults.is_empty() && report.holds())
    }
}

impl Sums {
    fn flood(&mut self, trial: &mut Trial, scenario: Scenario) -> Outcome<()> {
        println!("{scenario:?}");
        let start = Instant::now();
        let quiet = trial.quiet_latency()?;
        let base = vitals::status_bytes(trial.site.process(), "VmRSS:")?;
        let acknowledged = trial.acknowledged;
        let watching = vitals::watch(&trial.site)?;
        let mut asked = self.act(trial, scenario)?;
        let recovery = trial.recovery(quiet)?;
        let seen = watching.end()?;
        let lost = trial.settle()?;
        let taken = u64::try_from(trial.acknowledged - acknowledged)?;
        asked.documents += taken;
        asked.keys += taken;
        let bound = bound::bytes(&trial.site.limits, base, asked);
        println!(
            "  memory {} MiB, at most {} of {} MiB (sockets in the kernel {} MiB); {} probes, slowest {:.0} ms; as quick as \
             before after {recovery:.2} s; {taken} acknowledged, {lost} 分 lost; {:.0} s",
            base >> 20,
            seen.peak_bytes >> 20,
            bound >> 20,
            seen.socket_bytes >> 20,
            seen.probes,
            seen.slowest.as_secs_f64() * 1e3,
            start.elapsed().as_secs_f64(),
        );
        for failed in seen.failed.iter().take(3) {
            println!("  WRONG: {failed}");
        }
        let is_nearer = seen.peak_bytes as f64 / bound as f64
            > self.nearest.0 as f64 / self.nearest.1.max(1) as f64;
        if is_nearer {
            self.nearest = (seen.peak_bytes, bound);
        }
        self.memory_over += u64::from(seen.peak_bytes > bound);
        self.recovery_seconds = self.recovery_seconds.max(recovery);
        self.probes += seen.probes;
        self.probes_failed += seen.failed.len() as u64;
        self.slowest_probe = self.slowest_probe.max(seen.slowest);
        self.lost += lost;
        Ok(())
    }

    fn act(&mut self, trial: &mut Trial, scenario: Scenario) -> Outcome<Asked> {
        match scenario {
            Scenario::Goodput => {
                let (asked, goodput) = goodput::run(trial)?;
                self.goodput = Some(goodput);
                Ok(asked)
            }
            Scenario::Connections => {
                let (asked, connections) = crowd::run(trial)?;
                self.connections = Some(connections);
                Ok(asked)
            }
            Scenario::SlowReaders => readers::run(trial),
            Scenario::SlowWriters => writers::run(trial),
            Scenario::HalfOpen => half_open::run(trial),
            Scenario::Oversize => oversize::run(trial),
            Scenario::Pipelining => pipelining::run(trial),
            Scenario::Http2 => http2::run(trial),
            Scenario::DistinctKeys => keys::distinct(trial),
            Scenario::OneKey => keys::one(trial),
        }
    }

    fn put(&self, report: &mut Report, trial: &Trial) {
        if let Some(goodput) = &self.goodput {
            report.put("flood_goodput_ratio", goodput.ratio);
            report.put("flood_p99_ratio", goodput.p99_ratio);
            report.put("flood_refusal_p99_ms", goodput.refusal_p99_ms);
        }
        if let Some(connections) = self.connections {
            report.put("flood_connections", connections as f64);
        }
        let mib = |bytes: u64| (bytes as f64 / f64::from(1 << 20)).round();
        report.put("flood_peak_memory_mb", mib(self.nearest.0));
        report.put("flood_memory_bound_mb", mib(self.nearest.1));
        report.put("flood_memory_over", self.memory_over as f64);
        report.put("flood_recovery_s", self.recovery_seconds);
        report.put("flood_probes", self.probes as f64);
        report.put(
            "flood_probe_slowest_ms",
            self.slowest_probe.as_secs_f64() * 1e3,
        );
        report.put("flood_probe_failed", self.probes_failed as f64);
        report.put("flood_wrong_answers", trial.faults.len() as f64);
        report.put("flood_lost", self.lost as f64);
    }
}
