//! Starting again: how many records a second are replayed.
//!
//! The clock runs from opening the journal, with its own check of every batch, to an engine that takes
//! commands.

use crate::Outcome;
use crate::scenario::{Task, room, tell};
use crate::world::{self, Choice, Desk};
use hubu_core::engine::open::Options;
use serde_json::json;
use std::time::Instant;

/// `recover`, `recover_journal`, `recover_snapshot`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("recover-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    write(task, &journal)?;
    let mut best: Option<(f64, u64, f64)> = None;
    for _ in 0..task.size(3, 1) {
        let began = Instant::now();
        let engine = world::open(&journal, Options::default())?;
        let seconds = began.elapsed().as_secs_f64();
        let rate = engine.replayed() as f64 / seconds;
        eprintln!("   {} records in {seconds:.2} s", engine.replayed());
        if best.is_none_or(|(best, ..)| rate > best) {
            best = Some((rate, engine.replayed(), seconds));
        }
    }
    let (rate, records, seconds) = best.ok_or("nothing was replayed")?;
    let detail = [("records", json!(records)), ("seconds", json!(seconds))];
    tell("recover_journal", rate, true, &detail)?;
    tell("recover", rate, true, &detail)
}

fn write(task: &Task<'_>, journal: &str) -> Outcome<()> {
    let engine = world::open(journal, Options::default())?;
    let mut desk = Desk::new(&engine)?;
    let counties = desk.load(task.size(100, 2), task.size(1000, 20))?;
    let mut choice = Choice(7);
    for part in 0..task.size(20, 1) {
        let commands = (0..task.size(100_000, 1_000))
            .map(|i| {
                let county = &counties[choice.below(counties.len())];
                let (ours, others) = county.rows.split_at(county.rows.len() / 2);
                let (from, to) = (
                    ours[choice.below(ours.len())],
                    others[choice.below(others.len())],
                );
                desk.move_between(county, format!("{part}-{i}"), from, to)
            })
            .collect();
        crate::bulk::timed(&engine, vec![commands], 8192)?;
    }
    Ok(())
}
