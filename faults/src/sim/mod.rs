//! Simulation by seed (模拟): the whole engine on a simulated disk and clock, on one thread, with everything drawn from one
//! number: what is asked, in which mix and size, when the disk fails and how, when power is lost and what of the unsynced
//! sectors survives. After every event and every restart a model that knows nothing of the engine's code says what must be.
//!
//! Reading order: [`model`] is what should be; [`book`] what was asked, decided and told; [`draw`] what a seed chooses;
//! [`cell`] and [`events`] drive the engine; [`check`] compares. A seed that fails is run again with
//! `hubu-faults sim --seed N --verbose`, and does exactly the same.
//!
//! Not simulated here: threads that race (see the concurrency tests), the archive's store, and PostgreSQL itself (see `kill`): a third of the
//! seeds have their journal in a database in memory that answers as PostgreSQL does, or does not.

mod book;
mod cell;
pub(crate) mod check;
mod draw;
mod events;
mod model;

use crate::Outcome;
use crate::report::Report;
use cell::Counts;
use clap::Args;
use fastrand::Rng;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use book::FIRST;
pub(crate) use cell::{Cell, Ground, open};
pub(crate) use draw::Swarm;

/// Runs the engine on simulated disks, one seed after another.
#[derive(Args)]
pub(crate) struct Options {
    /// Runs this seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs so many seeds.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first of them; without it the fixed set from 1 on.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Goes on with fresh seeds (from the clock) for so many seconds afterwards.
    #[arg(long, default_value_t = 0)]
    fresh_seconds: u64,
    /// Tells every event; for one seed.
    #[arg(long)]
    verbose: bool,
    /// A few hundred seeds.
    #[arg(long)]
    quick: bool,
}

/// Seeds of a quick run, and how long it goes on with fresh ones.
const QUICK_SEEDS: u64 = 400;
const QUICK_FRESH: Duration = Duration::from_secs(5);

/// What went wrong, and where.
struct Failed {
    seed: u64,
    at: usize,
    why: String,
}

pub(crate) fn run(options: &Options, report: &mut Report) -> Outcome<bool> {
    if let Some(seed) = options.seed {
        return Ok(match run_seed(seed, options.verbose) {
            Ok(counts) => {
                println!("seed {seed}: every promise held; {counts:?}");
                true
            }
            Err(failed) => tell(&failed),
        });
    }
    let fixed = if options.quick {
        QUICK_SEEDS
    } else {
        options.seeds
    };
    let fresh = match options.quick {
        true => QUICK_FRESH,
        false => Duration::from_secs(options.fresh_seconds),
    };
    let start = Instant::now();
    let sum = Sum::default();
    let held = run_many(options.from, |at| at < fixed, &sum);
    let first_fresh = fresh_seed();
    let until = Instant::now() + fresh;
    let held = held && {
        if !fresh.is_zero() {
            println!("fresh seeds from {first_fresh} on");
        }
        run_many(first_fresh, |_| Instant::now() < until, &sum)
    };
    let (seeds, counts) = sum.get();
    println!(
        "{seeds} seeds in {:.1} s: {counts:?}",
        start.elapsed().as_secs_f64()
    );
    if !options.quick {
        report.put("sim_seeds", seeds as f64);
        report.put("sim_crashes", counts.crashes as f64);
        report.put("sim_faults", counts.faults as f64);
        report.put("sim_full", counts.full as f64);
        report.put("sim_hours", counts.simulated_ms as f64 / 3_600_000.0);
        report.put("sim_told", counts.told as f64);
        report.put("sim_rots", counts.rots as f64);
        report.put("sim_broken", f64::from(u8::from(!held)));
    }
    Ok(held)
}

#[derive(Default)]
struct Sum {
    seeds: AtomicU64,
    counts: Mutex<Counts>,
}

impl Sum {
    fn add(&self, counts: Counts) {
        self.seeds.fetch_add(1, Ordering::Relaxed);
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(counts);
    }

    fn get(&self) -> (u64, Counts) {
        let counts = *self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        (self.seeds.load(Ordering::Relaxed), counts)
    }
}

/// Runs seeds on every core as long as `more` says so; whether all held.
fn run_many(from: u64, more: impl Fn(u64) -> bool + Sync, sum: &Sum) -> bool {
    let (next, held) = (AtomicU64::new(0), AtomicBool::new(true));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if !more(at) || !held.load(Ordering::Relaxed) {
                        return;
                    }
                    match run_seed(from.wrapping_add(at), false) {
                        Ok(counts) => sum.add(counts),
                        Err(failed) => held.store(tell(&failed), Ordering::Relaxed),
                    }
                }
            });
        }
    });
    held.load(Ordering::Relaxed)
}

fn run_seed(seed: u64, verbose: bool) -> Result<Counts, Failed> {
    let mut rng = Rng::with_seed(seed);
    let swarm = Swarm::draw(&mut rng);
    if verbose {
        println!("{swarm:?}");
    }
    let events = swarm.events;
    let failed = |at: usize, why: String| Failed { seed, at, why };
    let mut cell = Cell::new(seed, swarm).map_err(|why| failed(0, why))?;
    for at in 0..events {
        let event = cell.swarm.event(&mut rng);
        if verbose {
            println!("{at}: {event:?}");
        }
        cell.happen(event, &mut rng)
            .map_err(|why| failed(at, format!("{event:?}: {why}")))?;
    }
    cell.end().map_err(|why| failed(events, why))?;
    Ok(cell.counts)
}

fn tell(failed: &Failed) -> bool {
    let Failed { seed, at, why } = failed;
    eprintln!("BROKEN: seed {seed}, event {at}: {why}");
    eprintln!("again: hubu-faults sim --seed {seed} --verbose");
    false
}

fn fresh_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_does_the_same_again() {
        for seed in 1..12 {
            let run = || match run_seed(seed, false) {
                Ok(counts) => format!("{counts:?}"),
                Err(failed) => panic!("seed {seed}, event {}: {}", failed.at, failed.why),
            };
            assert_eq!(run(), run(), "seed {seed}");
        }
    }
}
