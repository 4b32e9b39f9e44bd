//! Crashes at every point: the file journal on a simulated disk that forgets what was not synced, keeps it, or tears it.
//! After each, what was acknowledged is there, and the rest is a prefix.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::path::Path;

use hubu_core::journal::file::FileJournal;
use hubu_core::journal::simulated::{Fault, Faults, SimulatedDisk, Survival};
use hubu_core::journal::{Journal, JournalError, Settings};
use support::{append, check_from};

const FOLDER: &str = "/journal";
const BATCHES: u64 = 12;
const SIZE: u64 = 9;

/// Segments so small that the workload goes through several.
fn settings() -> Settings {
    Settings {
        cell: 1,
        segment_bytes: 4096,
        ..Settings::default()
    }
}

fn open(disk: &SimulatedDisk) -> Result<FileJournal, JournalError> {
    disk.open(Path::new(FOLDER), &settings())
}

/// Opens, appends, closes and opens again, until something fails; answers the last acknowledged record.
fn workload(disk: &SimulatedDisk) -> u64 {
    let mut acknowledged = 0;
    for _ in 0..2 {
        let Ok(mut journal) = open(disk) else {
            return acknowledged;
        };
        assert_eq!(journal.last(), acknowledged, "no crash yet: all is there");
        for _ in 0..BATCHES {
            let first = journal.last() + 1;
            if append(&mut journal, first, first + SIZE - 1).is_err() {
                assert!(matches!(
                    append(&mut journal, first, first),
                    Err(JournalError::Latched { .. })
                ));
                return acknowledged;
            }
            acknowledged = first + SIZE - 1;
        }
    }
    acknowledged
}

/// What a crash left opens, holds what was acknowledged and at most one batch more, and takes new batches.
fn check_survivor(disk: &SimulatedDisk, acknowledged: u64, point: &str) {
    let mut journal = open(disk).unwrap_or_else(|error| panic!("{point}: {error}"));
    let last = journal.last();
    assert!(
        last == acknowledged || last == acknowledged + SIZE,
        "{point}: {acknowledged} became {last}"
    );
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), last, "{point}");
    append(&mut journal, last + 1, last + 3).unwrap();
    drop(journal);
    let journal = open(disk).unwrap();
    assert_eq!(
        journal.reader().verify(&mut |_| true).unwrap().last,
        last + 3,
        "{point}"
    );
}

#[test]
fn every_write_and_sync_may_be_the_last() {
    let whole = SimulatedDisk::new(0, Faults::default());
    let all = workload(&whole);
    assert_eq!(all, 2 * BATCHES * SIZE);
    let points = whole.operations();
    assert!(points > 2 * 2 * BATCHES, "each append writes and syncs");
    for point in 0..=points {
        for (seed, survival) in [(0, Survival::Nothing), (0, Survival::Everything)]
            .into_iter()
            .chain((1..=8).map(|seed| (seed, Survival::Torn)))
        {
            let disk = SimulatedDisk::new(
                seed,
                Faults {
                    fail_after: Some(point),
                    ..Faults::default()
                },
            );
            let acknowledged = workload(&disk);
            let name = format!("operation {point}, {survival:?}, seed {seed}");
            check_survivor(&disk.crash(survival), acknowledged, &name);
        }
    }
}

#[test]
fn a_write_that_tears_is_cut_whatever_of_it_arrived() {
    for seed in 1..=300 {
        let disk = SimulatedDisk::new(seed, Faults::default());
        let mut journal = open(&disk).unwrap();
        append(&mut journal, 1, 5).unwrap();
        // The write of the next append succeeds, its sync fails: the sectors are anyone's guess.
        let faults = Faults {
            once: Some((disk.operations() + 2, Fault::Io)),
            ..Faults::default()
        };
        disk.set_faults(faults);
        assert!(append(&mut journal, 6, 25).is_err());
        assert_eq!(
            journal.reader().last(),
            5,
            "nobody sees what is not durable"
        );
        let after = disk.crash(Survival::Torn);
        let last = open(&after)
            .unwrap_or_else(|error| panic!("seed {seed}: {error}"))
            .last();
        assert!(last == 5 || last == 25, "seed {seed}: {last}");
    }
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let disk = SimulatedDisk::new(3, Faults::default());
    let mut journal = open(&disk).unwrap();
    append(&mut journal, 1, 5).unwrap();
    disk.set_faults(Faults {
        once: Some((disk.operations() + 2, Fault::Io)),
        ..Faults::default()
    });
    assert!(matches!(
        append(&mut journal, 6, 6),
        Err(JournalError::Io { doing: "sync", .. })
    ));
    let operations = disk.operations();
    // The disk would take it now, and say "synced" of pages that it has dropped.
    assert!(matches!(
        append(&mut journal, 6, 6),
        Err(JournalError::Latched { .. })
    ));
    drop(journal);
    assert_eq!(
        disk.operations(),
        operations,
        "a latched writer touches nothing, not even at its end"
    );
}

#[test]
fn slow_syncs_change_nothing() {
    let delay = std::time::Duration::from_micros(300);
    let disk = SimulatedDisk::new(
        9,
        Faults {
            delay,
            ..Faults::default()
        },
    );
    assert_eq!(workload(&disk), 2 * BATCHES * SIZE);
    check_survivor(&disk.crash(Survival::Nothing), 2 * BATCHES * SIZE, "slow");
}

/// Found by simulation: what a process reads after another's sync failed may stand in memory alone.
#[test]
fn a_batch_whose_sync_failed_is_made_durable_before_anybody_builds_on_it() {
    let disk = SimulatedDisk::new(5, Faults::default());
    let mut journal = open(&disk).unwrap();
    append(&mut journal, 1, 5).unwrap();
    disk.set_faults(Faults {
        once: Some((disk.operations() + 2, Fault::Io)),
        ..Faults::default()
    });
    append(&mut journal, 6, 9).unwrap_err();
    drop(journal);
    // The machine did not restart: the next process sees the whole batch, and says that it is durable.
    let next = open(&disk).unwrap();
    assert_eq!(next.last(), 9);
    let after = open(&disk.crash(Survival::Nothing)).unwrap();
    assert_eq!(after.last(), 9, "what was durable once stays");
}
