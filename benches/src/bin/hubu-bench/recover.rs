//! Starting again: how many records a second are made good.
//!
//! The clock runs from opening the journal, with the journal's own check, to an engine that takes commands.
//! From the journal alone, all records are replayed. From a snapshot, those before it are read as rows
//! and keys and only the last tenth is replayed; all of them count, since all of them are there afterwards.

use crate::Outcome;
use crate::bulk;
use crate::scenario::{Task, room, tell};
use crate::world::{self, Choice, County, Desk};
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Parts that the records are written in; a snapshot is taken before the last tenth.
const PARTS: usize = 20;

/// What one way of starting came to.
struct Start {
    records: u64,
    replayed: u64,
    seconds: f64,
}

impl Start {
    fn rate(&self) -> f64 {
        self.records as f64 / self.seconds
    }
}

/// `recover`, `recover_journal`, `recover_snapshot`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("recover-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    let snapshots = folder.path().join("snapshots");
    write(task, &journal, &snapshots)?;
    let alone = best(task, &journal, None)?;
    let helped = best(task, &journal, Some(&snapshots))?;
    assert!(
        helped.replayed < alone.replayed,
        "the snapshot was not used"
    );
    for (key, start) in [("recover_journal", &alone), ("recover_snapshot", &helped)] {
        let detail = [
            ("records", json!(start.records)),
            ("replayed", json!(start.replayed)),
            ("seconds", json!(start.seconds)),
        ];
        tell(key, start.rate(), true, &detail)?;
    }
    let detail = [
        ("journal", json!(alone.rate().round())),
        ("snapshot", json!(helped.rate().round())),
    ];
    tell("recover", alone.rate().min(helped.rate()), true, &detail)
}

/// The quickest of a few starts: what slows one down is not ours.
fn best(task: &Task<'_>, journal: &str, snapshots: Option<&Path>) -> Outcome<Start> {
    let mut best: Option<Start> = None;
    for _ in 0..task.size(3, 1) {
        let began = Instant::now();
        let options = Options {
            snapshots: snapshots.map(Path::to_owned),
            ..Options::default()
        };
        let engine = world::open(journal, options)?;
        let seconds = began.elapsed().as_secs_f64();
        let start = Start {
            records: engine.newest().0,
            replayed: engine.replayed(),
            seconds,
        };
        eprintln!(
            "   {} records, {} replayed, in {seconds:.2} s",
            start.records, start.replayed
        );
        if best.as_ref().is_none_or(|best| start.rate() > best.rate()) {
            best = Some(start);
        }
    }
    best.ok_or_else(|| "nothing was started".into())
}

fn write(task: &Task<'_>, journal: &str, snapshots: &Path) -> Outcome<()> {
    let engine = world::open(journal, Options::default())?;
    let mut desk = Desk::new(&engine)?;
    let counties = desk.load(task.size(100, 2), task.size(1000, 20))?;
    let mut choice = Choice(7);
    for part in 0..PARTS {
        if part == PARTS - PARTS / 10 {
            engine.write_snapshot(snapshots)?;
        }
        write_part(task, (&engine, &desk, &counties), part, &mut choice)?;
    }
    Ok(())
}

fn write_part(
    task: &Task<'_>,
    (engine, desk, counties): (&Engine, &Desk<'_>, &[County]),
    part: usize,
    choice: &mut Choice,
) -> Outcome<()> {
    let commands = (0..task.size(100_000, 100)).map(|i| {
        let county = &counties[choice.below(counties.len())];
        let (ours, others) = county.rows.split_at(county.rows.len() / 2);
        let (from, to) = (
            ours[choice.below(ours.len())],
            others[choice.below(others.len())],
        );
        desk.move_between(&county.officer, format!("{part}-{i}"), from, to)
    });
    bulk::hand_over(engine, bulk::in_batches(commands, 8192))
}
