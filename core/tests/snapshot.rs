//! Snapshots and the state's digest: whichever way a state was recovered, it is the same; a snapshot
//! that can't be trusted is left aside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod views_support;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::digest::{self, StateDigest};
use hubu_core::engine::open::Options;
use hubu_core::engine::read::Found;
use hubu_core::engine::snapshot::SnapshotReport;
use hubu_core::journal::open_reader;
use hubu_kernel::ident::DocumentId;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use views_support::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn journal(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    fn snapshots(&self) -> PathBuf {
        self.0.path().join("snapshots")
    }

    fn open(&self, archived: Option<u64>) -> Arc<Engine> {
        let snapshots = Some(self.snapshots());
        open_with(
            &self.journal(),
            Options {
                snapshots,
                archived,
                ..followed()
            },
        )
    }

    fn snapshot(&self, engine: &Engine) -> SnapshotReport {
        engine.write_snapshot(&self.snapshots()).unwrap()
    }

    /// What the journal alone says.
    fn truth(&self) -> StateDigest {
        let reader = open_reader(self.journal().to_str().unwrap(), &settings()).unwrap();
        let truth = digest::of_journal(&*reader).unwrap();
        assert_eq!(
            (truth.unbalanced.as_slice(), truth.broken_rows),
            (&[][..], 0)
        );
        truth
    }
}

/// Openings, payments under way, one paid, one drawn back, one refused.
fn some_life(engine: &Engine) -> DocumentId {
    opened(engine, 1, 900_000, 800_000);
    opened(engine, 2, 500, 0);
    done(engine, pay(engine, 5_000));
    refused(engine, pay(engine, 850_000));
    let paid = done(engine, pay(engine, 7_000)).document;
    walk_on(engine, paid, 7_000, 5);
    paid
}

#[test]
fn a_snapshot_and_its_tail_make_the_state_that_the_journal_makes() {
    let place = Place::new();
    let engine = place.open(None);
    some_life(&engine);
    let repeat = pay(&engine, 11);
    let first = answered(&engine, repeat.clone());
    let report = place.snapshot(&engine);
    assert_eq!(report.last, engine.newest().0);
    for fen in 1..30 {
        let document = done(&engine, pay(&engine, fen)).document;
        walk_on(&engine, document, fen, fen as usize % 6);
    }
    opened(&engine, 3, 77, 7);
    let live = engine.digest().expect("nobody else is at it");
    assert_eq!(live.last, engine.newest().0);
    drop(engine);
    assert_eq!(place.truth(), live);

    let engine = place.open(None);
    assert_eq!(engine.replayed(), live.last - report.last, "only the tail");
    assert_eq!(engine.digest(), Some(live));
    assert_eq!(answered(&engine, repeat), first, "keys are remembered too");
    // The state goes on as if nothing had been: numbers, names and rows follow.
    opened(&engine, 4, 88, 8);
    done(&engine, pay(&engine, 31));
    let after = engine.digest();
    drop(engine);
    assert_eq!(Some(place.truth()), after);
}

#[test]
fn a_snapshot_written_under_load_is_a_snapshot_like_any_other() {
    let place = Place::new();
    let engine = place.open(None);
    some_life(&engine);
    let stop = AtomicBool::new(false);
    let report = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let document = done(&engine, pay(&engine, 1)).document;
                    walk_on(&engine, document, 1, 5);
                }
            });
        }
        // Without waiting: records come between one shard's copy and the next one's.
        scope.spawn(|| {
            let mut outcomes = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let commands = (0..10).map(|_| pay(&engine, 1)).collect();
                engine.submit_all(commands, &mut outcomes);
                outcomes.clear();
            }
        });
        let reports = [0; 4].map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            place.snapshot(&engine)
        });
        stop.store(true, Ordering::Relaxed);
        reports.into_iter().next_back().unwrap()
    });
    drop(engine);
    let truth = place.truth();
    let engine = place.open(None);
    assert!(engine.replayed() < truth.last);
    assert!(report.last <= truth.last);
    assert_eq!(engine.digest(), Some(truth));
}

#[test]
fn only_the_newest_two_are_kept() {
    let place = Place::new();
    let engine = place.open(None);
    let mut written = Vec::new();
    for number in 1..=4 {
        opened(&engine, number, 5, 0);
        written.push(place.snapshot(&engine).path);
    }
    let mut kept: Vec<_> = std::fs::read_dir(place.snapshots())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    kept.sort();
    assert_eq!(kept, written[2..]);
}

#[test]
fn a_damaged_snapshot_is_left_aside_for_the_older_one_and_for_the_journal() {
    let place = Place::new();
    let engine = place.open(None);
    some_life(&engine);
    let old = place.snapshot(&engine);
    done(&engine, pay(&engine, 3));
    let new = place.snapshot(&engine);
    drop(engine);
    let truth = place.truth();
    let whole = std::fs::read(&new.path).unwrap();
    assert_eq!(whole.len() as u64, new.bytes);
    let mut damages: Vec<Vec<u8>> = Vec::new();
    for at in (0..whole.len())
        .step_by(whole.len() / 12)
        .chain([8, 20, 36, 56, whole.len() - 1])
    {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        damages.push(damaged);
    }
    damages.push(whole[..whole.len() - 40].to_vec());
    damages.push([&whole[..], b"more"].concat());
    damages.push(Vec::new());
    for damaged in damages {
        std::fs::write(&new.path, damaged).unwrap();
        let engine = place.open(None);
        // The head's time is not judged but by the digest; all else may be caught before.
        assert_eq!(
            engine.replayed(),
            truth.last - old.last,
            "the older one is used"
        );
        assert_eq!(engine.digest(), Some(truth.clone()));
    }
    std::fs::write(&old.path, b"HUBUSNAP").unwrap();
    let engine = place.open(None);
    assert_eq!(engine.replayed(), truth.last, "the whole journal");
    assert_eq!(engine.digest(), Some(truth));
}

#[test]
fn a_snapshot_of_another_journal_or_ahead_of_this_one_is_left_aside() {
    let place = Place::new();
    let engine = place.open(None);
    some_life(&engine);
    let report = place.snapshot(&engine);
    drop(engine);

    let other = Place::new();
    let engine = other.open(None);
    std::fs::create_dir_all(other.snapshots()).unwrap();
    let copy = other.snapshots().join(report.path.file_name().unwrap());
    std::fs::copy(&report.path, &copy).unwrap();
    drop(engine);
    let engine = other.open(None);
    assert_eq!(engine.replayed(), 2, "its own journal is shorter");
    for number in 1..50 {
        opened(&engine, number, 5, 0);
    }
    let last = engine.newest().0;
    assert!(last > report.last);
    drop(engine);
    let engine = other.open(None);
    assert_eq!(engine.replayed(), last, "the secret is another");
}

#[test]
fn ended_documents_are_never_lost_between_snapshot_and_archive() {
    let place = Place::new();
    let engine = place.open(Some(0));
    let paid = some_life(&engine);
    let (Found::Here(document), _) = engine.document(paid) else {
        panic!("no archive took it")
    };
    let report = place.snapshot(&engine);
    drop(engine);
    let kept = |engine: &Engine| engine.document(paid).0;

    // The archive has not taken it: the snapshot brings it back.
    let engine = place.open(Some(0));
    assert_eq!(engine.replayed(), 0);
    assert_eq!(kept(&engine), Found::Here(Arc::clone(&document)));
    drop(engine);
    // The archive has it: memory need not.
    let engine = place.open(Some(report.last));
    assert_eq!((engine.replayed(), kept(&engine)), (0, Found::Ended));
    opened(&engine, 9, 5, 0);
    let thin = place.snapshot(&engine);
    drop(engine);
    std::fs::remove_file(&report.path).unwrap();

    // Then the archive's folder was lost: a snapshot without the document is of no use.
    let engine = place.open(Some(0));
    assert_eq!(engine.replayed(), thin.last, "the whole journal");
    assert_eq!(kept(&engine), Found::Here(document));
    drop(engine);
    // Who keeps no archive does not mind.
    let engine = place.open(None);
    assert_eq!((engine.replayed(), kept(&engine)), (0, Found::Ended));
    drop(engine);

    // Nor does a snapshot of such an engine serve an archive that is behind it.
    let engine = place.open(None);
    opened(&engine, 10, 5, 0);
    let bare = place.snapshot(&engine);
    drop(engine);
    std::fs::remove_file(&thin.path).unwrap();
    assert_eq!(place.open(Some(bare.last - 1)).replayed(), bare.last);
    assert_eq!(place.open(Some(bare.last)).replayed(), 0);
}

#[test]
fn replaying_one_journal_twice_gives_one_digest() {
    let place = Place::new();
    let engine = place.open(None);
    some_life(&engine);
    drop(engine);
    assert_eq!(place.truth(), place.truth());
    let before = place.truth();
    let engine = place.open(None);
    opened(&engine, 1, 1, 0);
    drop(engine);
    assert_ne!(place.truth().sm3, before.sm3, "one fen makes another state");
}

#[test]
fn a_missing_folder_is_no_mistake() {
    let place = Place::new();
    drop(place.open(None));
    assert!(!Path::exists(&place.snapshots()));
}
