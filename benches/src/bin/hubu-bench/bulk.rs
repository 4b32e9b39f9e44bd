//! Commands by the batch, through the library: how many are acknowledged durable in a second.
//!
//! A submitter hands over a batch of commands and remembers the last place; a batch counts when the
//! watermark has passed that place. At most [`WINDOW`] commands of a submitter wait unacknowledged,
//! whatever the size of its batches. Each submitter makes its own commands, before the clock starts.
//! The kinds take turns, round by round, so that a change of the machine's mood meets all.

use crate::Outcome;
use crate::scenario::{Task, median, tell};
use crate::world::{self, Choice, County, Desk};
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::command::Command;
use hubu_core::engine::open::Options;
use hubu_kernel::ident::RowId;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Instant;

/// Commands of one submitter that may wait for the journal.
const WINDOW: usize = 65_536;
/// Rounds of each kind.
const ROUNDS: usize = 5;
/// Counties and the rows of each: 100 k rows.
const COUNTIES: usize = 100;
const ROWS: usize = 1000;

/// What is varied.
struct Kind {
    key: &'static str,
    batch: usize,
    /// One of the two rows is one of so many; all of them when `None`.
    hot: Option<usize>,
    rates: Vec<f64>,
}

/// `bulk_file_*`.
pub(crate) fn on_files(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("bulk-")
        .tempdir_in(crate::scenario::room()?)?;
    let journal = folder.path().join("journal");
    let kinds = [
        ("bulk_file_8192", 8192, None),
        ("bulk_file_1024", 1024, None),
        ("bulk_file_128", 128, None),
        ("bulk_file_8192_hot1", 8192, Some(1)),
        ("bulk_file_8192_hot10", 8192, Some(10)),
    ];
    // Shares are measured against the uniform kind of the same run.
    let shares = task.wants("bulk_file_8192_hot1") || task.wants("bulk_file_8192_hot10");
    let kinds = kinds
        .into_iter()
        .filter(|(key, ..)| task.wants(key) || shares && *key == "bulk_file_8192");
    run(task, &format!("file:{}", journal.display()), kinds)
}

/// `bulk_pg_8192`.
pub(crate) fn on_postgres(task: &Task<'_>) -> Outcome<()> {
    let cluster = hubu_testkit::PgCluster::start()?;
    run(
        task,
        &cluster.url(),
        [("bulk_pg_8192", 8192, None)].into_iter(),
    )
}

fn run(
    task: &Task<'_>,
    journal: &str,
    kinds: impl Iterator<Item = (&'static str, usize, Option<usize>)>,
) -> Outcome<()> {
    let mut kinds: Vec<Kind> = kinds
        .map(|(key, batch, hot)| Kind {
            key,
            batch,
            hot,
            rates: Vec::new(),
        })
        .collect();
    let engine = world::open(journal, Options::default())?;
    let mut desk = Desk::new(&engine)?;
    let counties = desk.load(task.size(COUNTIES, 2), task.size(ROWS, 20))?;
    let submitters = submitters();
    let commands = task.size(400_000, 2_000) / submitters;
    for round in 0..task.size(ROUNDS, 1) {
        for kind in &mut kinds {
            let rate = timed(&engine, submitters, |hand| {
                let name = format!("{}-{round}-{hand}", kind.key);
                let commands = make(&desk, &counties, kind, &name, commands);
                in_batches(commands.into_iter(), kind.batch).collect()
            })?;
            eprintln!("   {:<22} {rate:>10.0} commands/s", kind.key);
            kind.rates.push(rate);
        }
    }
    report(&engine, &kinds, submitters, commands * submitters)
}

/// Threads that submit; the journal has one of its own besides.
pub(crate) fn submitters() -> usize {
    std::env::var("HUBU_BENCH_SUBMITTERS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2)
}

fn report(engine: &Engine, kinds: &[Kind], submitters: usize, commands: usize) -> Outcome<()> {
    let stats = engine.commit_stats();
    let (batches, bytes) = (
        stats.batches.load(Ordering::Relaxed),
        stats.bytes.load(Ordering::Relaxed),
    );
    let records = stats.records.load(Ordering::Relaxed).max(1);
    let uniform = kinds
        .iter()
        .find(|kind| kind.hot.is_none())
        .map_or(0.0, |kind| rate(&kind.rates));
    for kind in kinds {
        let rate = rate(&kind.rates);
        let value = if kind.hot.is_some() {
            rate / uniform
        } else {
            rate
        };
        let detail = [
            ("commands", json!(commands * kind.rates.len())),
            ("commands_per_second", json!(rate.round())),
            ("median_of_rounds", json!(median(&kind.rates).round())),
            (
                "rounds",
                json!(
                    kind.rates
                        .iter()
                        .map(|rate| rate.round())
                        .collect::<Vec<_>>()
                ),
            ),
            ("submitters", json!(submitters)),
            ("window", json!(WINDOW)),
            ("bytes_per_record", json!(bytes / records)),
            ("records_per_sync", json!(records / batches.max(1))),
        ];
        tell(kind.key, value, true, &detail)?;
    }
    Ok(())
}

/// All commands over all of the time: rounds are of one size, so that is the harmonic mean.
fn rate(rates: &[f64]) -> f64 {
    rates.len() as f64 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>()
}

/// Moves between two different rows of one county.
fn make(
    desk: &Desk<'_>,
    counties: &[County],
    kind: &Kind,
    name: &str,
    count: usize,
) -> Vec<Command> {
    let mut choice = Choice(name.len() as u64 + kind.batch as u64);
    // Officers of one's own: sharing one between threads would be what is measured.
    let officers: Vec<Arc<Actor>> = counties.iter().map(|c| own(&c.officer)).collect();
    let pick = |choice: &mut Choice, rows: &[RowId]| rows[choice.below(rows.len())];
    (0..count)
        .map(|i| {
            // Hot rows all belong to the first county, and so does what they exchange with.
            let at = kind.hot.map_or_else(|| choice.below(counties.len()), |_| 0);
            let county = &counties[at];
            let hot = kind.hot.unwrap_or(county.rows.len() / 2);
            let (ours, others) = county.rows.split_at(hot);
            let (one, other) = (pick(&mut choice, ours), pick(&mut choice, others));
            let (from, to) = if i % 2 == 0 {
                (one, other)
            } else {
                (other, one)
            };
            desk.move_between(&officers[at], format!("{name}-{i}"), from, to)
        })
        .collect()
}

/// The same person, sharing nothing with the first.
pub(crate) fn own(officer: &Actor) -> Arc<Actor> {
    Arc::new(Actor {
        name: Arc::from(&*officer.name),
        ..officer.clone()
    })
}

/// Commands a second, from the first submission until all are durable; `make` gives the batches of a
/// submitter, on its own thread.
pub(crate) fn timed(
    engine: &Engine,
    submitters: usize,
    make: impl Fn(usize) -> Vec<Vec<Command>> + Sync,
) -> Outcome<f64> {
    let start = Barrier::new(submitters + 1);
    let spent = AtomicU64::new(0);
    let (total, seconds) = std::thread::scope(|scope| -> Outcome<(usize, f64)> {
        let mut work = Vec::new();
        for hand in 0..submitters {
            let (start, make, spent) = (&start, &make, &spent);
            let named = std::thread::Builder::new().name("submitter".into());
            work.push(named.spawn_scoped(scope, move || {
                let batches = make(hand);
                let count: usize = batches.iter().map(Vec::len).sum();
                start.wait();
                let before = on_cpu_ns();
                let done = hand_over(engine, batches.into_iter());
                spent.fetch_add(on_cpu_ns() - before, Ordering::Relaxed);
                done.map(|()| count).map_err(|error| error.to_string())
            })?);
        }
        start.wait();
        let began = Instant::now();
        let mut total = 0;
        for hand in work {
            total += hand.join().map_err(|_| "a submitter panicked")??;
        }
        Ok((total, began.elapsed().as_secs_f64()))
    })?;
    let each = spent.into_inner() as f64 / total as f64;
    eprintln!("   {each:.0} ns of a submitter's CPU a command");
    Ok(total as f64 / seconds)
}

/// What this thread has spent on a CPU, in ns.
pub(crate) fn on_cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|ns| ns.parse().ok())
        .unwrap_or(0)
}

/// Commands in batches of this size.
pub(crate) fn in_batches(
    mut commands: impl Iterator<Item = Command>,
    size: usize,
) -> impl Iterator<Item = Vec<Command>> {
    std::iter::from_fn(move || {
        let batch: Vec<Command> = commands.by_ref().take(size).collect();
        (!batch.is_empty()).then_some(batch)
    })
}

/// Hands over batch after batch, never more than the window ahead of what is durable.
pub(crate) fn hand_over(
    engine: &Engine,
    batches: impl Iterator<Item = Vec<Command>>,
) -> Outcome<()> {
    let mut waiting: VecDeque<(u64, usize)> = VecDeque::new();
    let (mut last, mut ahead) = (0, 0);
    let mut outcomes = Vec::new();
    for batch in batches {
        ahead += batch.len();
        engine.submit_all(batch, &mut outcomes);
        let taken = outcomes.len();
        for outcome in outcomes.drain(..) {
            last = world::accepted(outcome?)?.seq.0;
        }
        waiting.push_back((last, taken));
        while ahead >= WINDOW
            && let Some((first, taken)) = waiting.pop_front()
        {
            engine.watermark().wait_blocking(first)?;
            ahead -= taken;
        }
    }
    engine.watermark().wait_blocking(last)?;
    Ok(())
}
