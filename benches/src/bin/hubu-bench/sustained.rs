//! Ten million commands one after another, with the archive taking every document that ends.
//!
//! The clock runs from the first command until the archive has all of them. The submitters make
//! their commands as they go: whatever was made beforehand would be time for the archive to catch up in.

use crate::bulk::submitters;
use crate::scenario::{Task, room, tell};
use crate::world::{self, Choice, Desk};
use crate::{Outcome, bulk};
use hubu_core::engine::open::Options;
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// `bulk_file_sustained`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("sustained-")
        .tempdir_in(room()?)?;
    let archive = Archive::open(&folder.path().join("archive"), ArchiveSettings::default())?;
    let options = Options {
        archived: Some(archive.watermark()),
        tail_bytes: 64 << 20,
        ..Options::default()
    };
    let journal = format!("file:{}", folder.path().join("journal").display());
    let engine = Arc::new(world::open(&journal, options)?);
    let views = Views::start(&engine, Some(archive))?;
    let mut desk = Desk::new(&engine)?;
    let counties = desk.load(task.size(100, 2), task.size(1000, 20))?;
    let submitters = submitters();
    let commands = task.size(10_000_000, 10_000) / submitters;
    let began = Instant::now();
    std::thread::scope(|scope| -> Outcome<()> {
        let work: Vec<_> = (0..submitters)
            .map(|hand| {
                let (desk, counties, engine) = (&desk, &counties, &engine);
                scope.spawn(move || {
                    let mut choice = Choice(hand as u64);
                    let officers: Vec<_> = counties.iter().map(|c| bulk::own(&c.officer)).collect();
                    let made = (0..commands).map(|i| {
                        let at = choice.below(counties.len());
                        let county = &counties[at];
                        let (ours, others) = county.rows.split_at(county.rows.len() / 2);
                        let (from, to) = (
                            ours[choice.below(ours.len())],
                            others[choice.below(others.len())],
                        );
                        desk.move_between(&officers[at], format!("{hand}-{i}"), from, to)
                    });
                    bulk::hand_over(engine, bulk::in_batches(made, 8192))
                        .map_err(|error| error.to_string())
                })
            })
            .collect();
        for hand in work {
            hand.join().map_err(|_| "a submitter panicked")??;
        }
        Ok(())
    })?;
    let submitted = began.elapsed().as_secs_f64();
    engine.watermark().wait_blocking(engine.newest().0)?;
    let archive = Arc::clone(views.archive().ok_or("no archive")?);
    archive.mark().wait_blocking(engine.newest().0)?;
    let seconds = began.elapsed().as_secs_f64();
    let total = commands * submitters;
    let retiring = engine.census().retiring_documents;
    let detail = [
        ("commands", json!(total)),
        ("seconds", json!(seconds)),
        ("acknowledged_after_seconds", json!(submitted)),
        ("archive_bytes", json!(archive.disk_bytes()?)),
        ("still_in_memory", json!(retiring)),
    ];
    engine.close();
    views.finish();
    tell("bulk_file_sustained", total as f64 / seconds, true, &detail)
}
