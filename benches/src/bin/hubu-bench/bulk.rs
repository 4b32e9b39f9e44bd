//! Commands by the batch, through the library: how many are acknowledged durable in a second.
//!
//! A submitter hands over a batch of commands one after another and remembers the last place; a
//! batch counts when the watermark has passed that place. At most [`WINDOW`] commands of a
//! submitter wait unacknowledged, whatever the size of its batches. Commands are made before the clock
//! starts. The kinds take turns, round by round, so that a change of the machine's mood meets all.

use crate::Outcome;
use crate::scenario::{Task, median, tell};
use crate::world::{self, Choice, County, Desk};
use hubu_core::engine::Engine;
use hubu_core::engine::command::Command;
use hubu_core::engine::open::Options;
use hubu_kernel::ident::RowId;
use serde_json::json;
use std::collections::VecDeque;
use std::sync::Barrier;
use std::sync::atomic::Ordering;
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
            let hands: Vec<Vec<Command>> = (0..submitters)
                .map(|hand| {
                    make(
                        &desk,
                        &counties,
                        kind,
                        &format!("{}-{round}-{hand}", kind.key),
                        commands,
                    )
                })
                .collect();
            let rate = timed(&engine, hands, kind.batch)?;
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
    let pick = |choice: &mut Choice, rows: &[RowId]| rows[choice.below(rows.len())];
    (0..count)
        .map(|i| {
            // Hot rows all belong to the first county, and so does what they exchange with.
            let county = kind
                .hot
                .map_or_else(|| &counties[choice.below(counties.len())], |_| &counties[0]);
            let hot = kind.hot.unwrap_or(county.rows.len() / 2);
            let (ours, others) = county.rows.split_at(hot);
            let (one, other) = (pick(&mut choice, ours), pick(&mut choice, others));
            let (from, to) = if i % 2 == 0 {
                (one, other)
            } else {
                (other, one)
            };
            desk.move_between(county, format!("{name}-{i}"), from, to)
        })
        .collect()
}

/// Commands a second, from the first submission until all are durable.
pub(crate) fn timed(engine: &Engine, hands: Vec<Vec<Command>>, batch: usize) -> Outcome<f64> {
    let total: usize = hands.iter().map(Vec::len).sum();
    let start = Barrier::new(hands.len() + 1);
    let elapsed = std::thread::scope(|scope| -> Outcome<f64> {
        let work: Vec<_> = hands
            .into_iter()
            .map(|commands| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    hand_over(engine, commands.into_iter(), batch)
                        .map_err(|error| error.to_string())
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        for hand in work {
            hand.join().map_err(|_| "a submitter panicked")??;
        }
        Ok(began.elapsed().as_secs_f64())
    })?;
    Ok(total as f64 / elapsed)
}

/// Hands over batch after batch, never more than the window ahead of what is durable.
pub(crate) fn hand_over(
    engine: &Engine,
    mut commands: impl Iterator<Item = Command>,
    batch: usize,
) -> Outcome<()> {
    let mut waiting: VecDeque<u64> = VecDeque::new();
    let mut last = 0;
    loop {
        let mut taken = 0;
        for command in commands.by_ref().take(batch) {
            last = world::submit(engine, command)?.seq.0;
            taken += 1;
        }
        if taken == 0 {
            break;
        }
        waiting.push_back(last);
        if waiting.len() * batch >= WINDOW
            && let Some(first) = waiting.pop_front()
        {
            engine.watermark().wait_blocking(first)?;
        }
    }
    engine.watermark().wait_blocking(last)?;
    Ok(())
}
