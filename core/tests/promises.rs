//! The promises of the engine that need a journal one can hold back, break or cut; the others stand in
//! the tests that `docs/guarantees.md` names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod common;

use common::*;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::commit::Step;
use hubu_core::engine::digest::of_journal;
use hubu_core::engine::error::SubmitError;
use hubu_core::engine::group::GroupLimits;
use hubu_core::engine::open::Options;
use hubu_core::journal::simulated::{Faults, SimulatedDisk, Survival};
use hubu_core::journal::{Records, codec, open_reader};
use hubu_kernel::invariant::balances;
use hubu_kernel::record::Body;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

/// Work of every kind: accepted, refused, withdrawn, atomic.
fn work(engine: &Engine, rounds: i64) {
    let clerk = person(&catalog(engine), "clerk", &["agency_clerk"]);
    for round in 0..rounds {
        let paid = done(engine, pay(engine, 100 + round));
        refused(engine, pay(engine, 900_000_000));
        if round % 2 == 0 {
            done(engine, act(&clerk, paid.document, "withdraw", vec![]));
        }
        engine
            .submit_atomic(&[pay(engine, 1), pay(engine, 2)])
            .unwrap();
    }
}

#[test]
fn promise_01_nothing_is_told_before_it_is_durable() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, gate) = open_gated(folder.path(), Options::default());
    let _open = gate.open_at_end();
    let indicator = opened(&engine, 1, 500_000, 300_000);
    gate.shut();
    let yes = engine.submit(pay(&engine, 1_000)).unwrap();
    let no = engine.submit(pay(&engine, 900_000)).unwrap();
    let (_, read) = engine.row(indicator);
    assert!(matches!(yes.answer, Some(Answer::Done(_))));
    assert!(
        matches!(no.answer, Some(Answer::Refused(_))),
        "a refusal waits as well"
    );
    std::thread::sleep(Duration::from_millis(50));
    let durable = engine.watermark().durable();
    // Before anything fails: an engine that closes waits for its journal.
    gate.open();
    for seq in [yes.seq, no.seq, read] {
        assert!(seq.0 > durable, "{seq:?} would be told too early");
    }
    for seq in [yes.seq, no.seq, read] {
        engine.watermark().wait_blocking(seq.0).unwrap();
    }
}

#[test]
fn promise_05_every_record_balances_in_every_book() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    opened(&engine, 1, 50_000_000, 30_000_000);
    opened(&engine, 2, 7_000, 0);
    work(&engine, 10);
    let mut postings = 0;
    let book = |id| {
        engine
            .row(id)
            .0
            .map(|r| (r.row.division, r.row.year))
            .unwrap()
    };
    let read = engine.journal().scan(1, &mut |batch| {
        for bytes in Records::new(batch.payload) {
            if let Body::Decided(decided) = codec::decode(bytes).unwrap().body {
                assert!(balances(&decided.postings, book), "{decided:?}");
                postings += decided.postings.len();
            }
        }
        true
    });
    read.unwrap();
    assert!(postings > 0);
    assert_eq!(engine.digest().unwrap().unbalanced, []);
}

#[test]
fn promise_06_what_was_answered_is_seen_by_whoever_asks_later() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 1_000_000, 1_000_000);
    let answered_fen = AtomicI64::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut last, mut reads) = (0, 0);
                    while !stop.load(Ordering::Acquire) {
                        // Everything answered before the read begins must be in it.
                        let least = answered_fen.load(Ordering::Acquire);
                        let (row, seq) = engine.row(indicator);
                        engine.watermark().wait_blocking(seq.0).unwrap();
                        let held = row.unwrap().row.decreasing.0;
                        assert!(
                            held >= least,
                            "{held} does not hold the {least} answered before"
                        );
                        assert!(held >= last, "a reader goes back in time");
                        (last, reads) = (held, reads + 1);
                    }
                    reads
                })
            })
            .collect();
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..150 {
                        common::done(&engine, pay(&engine, 3));
                        answered_fen.fetch_add(3, Ordering::AcqRel);
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        stop.store(true, Ordering::Release);
        assert!(readers.into_iter().map(|r| r.join().unwrap()).sum::<i32>() > 0);
    });
    assert_eq!(amounts(&engine, indicator)[2], 900);
}

#[test]
fn promise_07_power_lost_at_any_moment_keeps_all_that_was_answered() {
    let disk = SimulatedDisk::new(20_260_302, Faults::default());
    let engine = open_on(&disk);
    let indicator = opened(&engine, 1, 1_000_000_000, 1_000_000_000);
    let (answered_fen, stop) = (AtomicI64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    common::done(&engine, pay(&engine, 3));
                    answered_fen.fetch_add(3, Ordering::AcqRel);
                }
            });
        }
        for survival in [Survival::Torn, Survival::Nothing, Survival::Everything].repeat(4) {
            std::thread::sleep(Duration::from_millis(7));
            let least = answered_fen.load(Ordering::Acquire);
            let after = open_on(&disk.crash(survival));
            let held = amounts(&after, indicator)[2];
            assert!(
                held >= least,
                "{survival:?}: {least} was answered, {held} is there"
            );
            assert_eq!(held % 3, 0, "{survival:?}: no command survives in part");
            let digest = after.digest().unwrap();
            assert_eq!((digest.broken_rows, digest.unbalanced.len()), (0, 0));
            // What came back goes on: the next number, the next payment.
            common::done(&after, pay(&after, 3));
            assert_eq!(amounts(&after, indicator)[2], held + 3);
        }
        stop.store(true, Ordering::Release);
    });
    assert!(answered_fen.load(Ordering::Acquire) > 0);
}

fn open_on(disk: &SimulatedDisk) -> Engine {
    let journal = disk.open(Path::new("/journal"), &settings()).unwrap();
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        ..Options::default()
    };
    Engine::open(Box::new(journal), &sources(), options).unwrap()
}

#[test]
fn promise_08_a_broken_journal_latches_and_undoes_what_is_not_durable() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, gate) = open_gated(folder.path(), Options::default());
    let _open = gate.open_at_end();
    let indicator = opened(&engine, 1, 500_000, 300_000);
    let before = engine.row(indicator).0;
    gate.shut();
    let ticket = engine.submit(pay(&engine, 1_000)).unwrap();
    gate.fail();
    engine.watermark().wait_blocking(ticket.seq.0).unwrap_err();
    assert!(matches!(
        engine.submit(pay(&engine, 1)),
        Err(SubmitError::Latched(_))
    ));
    // Memory is rebuilt from the journal; then the durable state is read again.
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while engine.row(indicator).1.0 > engine.watermark().durable() {
        assert!(
            std::time::Instant::now() < end,
            "reads of durable state go on"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(engine.row(indicator).0, before);
    drop(engine);
    let engine = open(folder.path());
    assert_eq!(engine.row(indicator).0, before);
    done(&engine, pay(&engine, 1_000));
}

#[test]
fn promise_10_past_the_queue_commands_are_refused_at_once_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let limits = GroupLimits {
        bytes: 1 << 20,
        records: 40,
    };
    let (engine, gate) = open_gated(
        folder.path(),
        Options {
            limits,
            ..Options::default()
        },
    );
    let _open = gate.open_at_end();
    let indicator = opened(&engine, 1, 500_000, 300_000);
    gate.shut();
    let mut taken = Vec::new();
    let mut shed = 0;
    for _ in 0..200 {
        match engine.submit(pay(&engine, 10)) {
            Ok(ticket) => taken.push(ticket),
            Err(error) => {
                assert_eq!(error, SubmitError::Busy);
                shed += 1;
            }
        }
    }
    assert!(
        shed >= 100,
        "two batches of 40 are all that waits, and {} were taken",
        taken.len()
    );
    gate.open();
    for ticket in &taken {
        engine.watermark().wait_blocking(ticket.seq.0).unwrap();
    }
    assert_eq!(amounts(&engine, indicator)[2], 10 * taken.len() as i64);
    done(&engine, pay(&engine, 10));
}

#[test]
fn promise_12_replaying_a_journal_gives_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    opened(&engine, 1, 50_000_000, 30_000_000);
    work(&engine, 8);
    let live = engine.digest().unwrap();
    drop(engine);
    let reader = open_reader(folder.path().to_str().unwrap(), &settings()).unwrap();
    assert_eq!(of_journal(&*reader).unwrap(), live);
    assert_eq!(of_journal(&*reader).unwrap(), live);
    assert_eq!(open(folder.path()).digest().unwrap(), live);
}

#[test]
fn promise_08_what_is_not_durable_is_undone_as_soon_as_the_journal_can_be_read() {
    let disk = SimulatedDisk::new(8, Faults::default());
    let journal = disk.open(Path::new("/journal"), &settings()).unwrap();
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        stepped: true,
        ..Options::default()
    };
    let engine = Engine::open(Box::new(journal), &sources(), options).unwrap();
    let catalog = catalog(&engine);
    let admin = person(&catalog, "loader", &["system_admin"]);
    let money = line(project(&catalog, AGENCY, 1), 500_000);
    let load = enter(
        &catalog,
        &admin,
        "opening",
        Some("load"),
        AGENCY,
        vec![money],
    );
    engine.submit(load).unwrap();
    assert_eq!(engine.step(), Step::Committed);
    let indicator = row(&engine, "IND", 1);
    let before = amounts(&engine, indicator);
    let again = line(project(&catalog, AGENCY, 1), 500_000);
    let load = enter(
        &catalog,
        &admin,
        "opening",
        Some("load"),
        AGENCY,
        vec![again],
    );
    engine.submit(load).unwrap();
    let away = Faults {
        no_reads: true,
        ..Faults::default()
    };
    disk.set_faults(away);
    assert_eq!(engine.step(), Step::Latched);
    assert_eq!(
        engine.step(),
        Step::Latched,
        "what can't be read can't be undone yet"
    );
    disk.set_faults(Faults::default());
    assert_eq!(engine.step(), Step::Ended);
    assert_eq!(amounts(&engine, indicator), before);
}
