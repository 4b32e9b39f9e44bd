//! What every journal must do, run against each of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};

use hubu_core::journal::{Batch, GENESIS, JournalError, Settings};
use support::store::{Spoil, Store};
use support::{append, append_to, check_from, payload, record};

/// Names the tests for a store; `spoilt` adds those that change what is stored behind the journal's back.
macro_rules! suite {
    ($name:ident, $store:ty, spoilt) => {
        mod $name {
            use super::*;
            suite!(@plain $store);
            suite!(@tests $store:
                damage_is_named, verify_sees_what_checksums_cannot, a_removed_batch_is_named, a_cut_end_is_noticed);
        }
    };
    ($name:ident, $store:ty) => {
        mod $name {
            use super::*;
            suite!(@plain $store);
        }
    };
    (@plain $store:ty) => {
        suite!(@tests $store:
            what_was_appended_is_found_again, a_batch_out_of_order_is_refused_and_latches,
            each_open_raises_the_epoch, a_second_writer_is_refused_by_name, another_cell_is_refused,
            a_stale_writer_is_refused, a_failure_latches, a_reader_follows_the_writer, each_record_is_found,
            an_empty_journal_reads_as_empty, a_reader_stops_when_told);
    };
    (@tests $store:ty: $($test:ident),*) => {
        $(#[test] fn $test() {
            // Keeps the store's world (a database server) up for the whole test.
            let _world = <$store as Store>::fresh();
            super::$test::<$store>();
        })*
    };
}

suite!(file, support::file_store::FileStore, spoilt);
#[cfg(feature = "postgres")]
suite!(postgres, support::pg_store::PgStore, spoilt);
#[cfg(feature = "postgres")]
suite!(pooled, support::pg_store::PooledStore, spoilt);
suite!(simulated, support::simulated_store::SimulatedStore);

fn what_was_appended_is_found_again<S: Store>() {
    let store = S::fresh();
    for round in 1..=4 {
        let mut journal = store.open().unwrap();
        assert_eq!(journal.last(), (round - 1) * 1000);
        append_to(&mut *journal, 50, round * 1000 - 100);
        append_to(&mut *journal, 100, round * 1000);
        assert_eq!(check_from(&*journal.reader(), 1).unwrap(), round * 1000);
    }
    let reader = store.read().unwrap();
    assert_eq!(reader.last(), 4000);
    for from in [0, 1, 2, 50, 51, 1999, 2000, 2001, 4000] {
        assert_eq!(check_from(&*reader, from.max(1)).unwrap(), 4000);
    }
    assert_eq!(reader.scan(4001, &mut |_| true).unwrap(), 0);
    let report = reader.verify(&mut |_| true).unwrap();
    assert_eq!((report.last, report.batches, report.epoch), (4000, 76, 4));
}

fn an_empty_journal_reads_as_empty<S: Store>() {
    let store = S::fresh();
    let journal = store.open().unwrap();
    assert_eq!((journal.last(), journal.epoch()), (0, 1));
    let reader = journal.reader();
    assert_eq!(reader.scan(1, &mut |_| unreachable!()).unwrap(), 0);
    assert!(matches!(
        reader.record(1),
        Err(JournalError::NotFound { seq: 1, last: 0 })
    ));
    assert!(matches!(
        reader.record(0),
        Err(JournalError::NotFound { .. })
    ));
    assert_eq!(reader.verify(&mut |_| true).unwrap().chain, GENESIS);
}

fn a_batch_out_of_order_is_refused_and_latches<S: Store>() {
    for (first, last) in [(12, 13), (10, 12), (11, 10), (0, 0)] {
        let store = S::fresh();
        let mut journal = store.open().unwrap();
        append_to(&mut *journal, 10, 10);
        let bytes = payload(11, 12);
        let refused = journal.append(&Batch {
            first,
            last,
            payload: &bytes,
        });
        assert!(
            matches!(refused, Err(JournalError::Order { expected: 11, .. })),
            "{refused:?}"
        );
        assert!(matches!(
            append(&mut *journal, 11, 12),
            Err(JournalError::Latched { .. })
        ));
        drop(journal);
        let mut journal = store.open().unwrap();
        append(&mut *journal, 11, 12).unwrap();
    }
}

fn each_open_raises_the_epoch<S: Store>() {
    let store = S::fresh();
    for epoch in 1..=3 {
        let mut journal = store.open().unwrap();
        assert_eq!(journal.epoch(), epoch);
        if epoch != 2 {
            append_to(&mut *journal, 1, epoch);
        }
    }
    let mut epochs = Vec::new();
    let reader = store.read().unwrap();
    reader
        .scan(1, &mut |batch| {
            epochs.push((batch.first, batch.epoch));
            true
        })
        .unwrap();
    assert_eq!(epochs, [(1, 1), (2, 3), (3, 3)]);
}

fn a_second_writer_is_refused_by_name<S: Store>() {
    let store = S::fresh();
    let mut first = store.open().unwrap();
    append_to(&mut *first, 5, 5);
    match store.open().err() {
        Some(JournalError::Busy { holder, .. }) => {
            assert!(holder.contains(&std::process::id().to_string()), "{holder}");
        }
        other => panic!("not refused: {other:?}"),
    }
    // The first is not disturbed, and its place is free once it is gone.
    append_to(&mut *first, 5, 10);
    drop(first);
    assert_eq!(store.open().unwrap().last(), 10);
}

fn another_cell_is_refused<S: Store>() {
    let store = S::fresh();
    append_to(&mut *store.open().unwrap(), 5, 5);
    let other = Settings {
        cell: store.settings().cell + 1,
        ..store.settings()
    };
    match store.open_with(&other) {
        Err(JournalError::Foreign { .. }) => {}
        // In a database, another cell is simply another journal.
        Ok(journal) => assert_eq!(journal.last(), 0),
        Err(error) => panic!("{error}"),
    }
}

fn a_stale_writer_is_refused<S: Store>() {
    let store = S::fresh();
    let mut stale = store.open().unwrap();
    append_to(&mut *stale, 5, 5);
    let mut fresh = store.take_over();
    assert!(fresh.epoch() > stale.epoch());
    let refused = append(&mut *stale, 6, 10);
    assert!(
        matches!(refused, Err(JournalError::Fenced { .. })),
        "{refused:?}"
    );
    assert!(matches!(
        append(&mut *stale, 6, 10),
        Err(JournalError::Latched { .. })
    ));
    assert!(matches!(stale.renew(), Err(JournalError::Latched { .. })));
    append_to(&mut *fresh, 5, 20);
    drop(stale);
    append_to(&mut *fresh, 5, 25);
    assert_eq!(check_from(&*fresh.reader(), 1).unwrap(), 25);
}

fn a_failure_latches<S: Store>() {
    let store = S::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 5, 20);
    journal.renew().unwrap();
    store.break_down();
    assert!(append(&mut *journal, 21, 25).is_err());
    store.repair();
    // It would work again, but nobody may rely on it before the end was looked at.
    assert!(matches!(
        append(&mut *journal, 21, 25),
        Err(JournalError::Latched { .. })
    ));
    assert_eq!(journal.last(), 20);
    drop(journal);
    let journal = store.open().unwrap();
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 20);
}

/// A journal of 20 batches of 10 records, closed.
fn twenty_batches<S: Store>() -> S {
    let store = S::fresh();
    append_to(&mut *store.open().unwrap(), 10, 200);
    store
}

/// The first sequence number that an error names.
fn named(error: &JournalError) -> u64 {
    match error {
        JournalError::Damage { seq, .. } => *seq,
        other => panic!("not damage: {other}"),
    }
}

fn damage_is_named<S: Store>() {
    let all = [
        Spoil::Payload,
        Spoil::Chain,
        Spoil::Previous,
        Spoil::First,
        Spoil::Last,
        Spoil::Epoch,
    ];
    for first in [1, 101, 191] {
        for how in all {
            let store: S = twenty_batches();
            store.spoil(first, how);
            // A check stops at the batch itself, or, where only the next one's link shows it, there.
            let found = match store.read() {
                Err(error) => named(&error),
                Ok(reader) => named(&reader.verify(&mut |_| true).unwrap_err()),
            };
            assert_eq!(found, first, "{how:?}");
        }
    }
}

fn verify_sees_what_checksums_cannot<S: Store>() {
    for first in [1, 101, 191] {
        let store: S = twenty_batches();
        store.spoil(first, Spoil::PayloadWithCrc);
        let reader = store.read().unwrap();
        assert_eq!(
            reader.scan(1, &mut |_| true).unwrap(),
            200,
            "a scan trusts the checksums"
        );
        let mut seen = 0;
        let error = reader
            .verify(&mut |batch| {
                seen = batch.last;
                true
            })
            .unwrap_err();
        assert_eq!((named(&error), seen), (first, first - 1));
    }
}

fn a_removed_batch_is_named<S: Store>() {
    for first in [1, 101] {
        let store: S = twenty_batches();
        store.spoil(first, Spoil::Remove);
        let error = match store.read() {
            Err(error) => error,
            Ok(reader) => reader.verify(&mut |_| true).unwrap_err(),
        };
        assert_eq!(named(&error), first);
        assert_eq!(named(&store.open().err().unwrap()), first);
    }
}

fn a_cut_end_is_noticed<S: Store>() {
    let store: S = twenty_batches();
    store.spoil(191, Spoil::Remove);
    let error = match store.read() {
        Err(error) => error,
        Ok(reader) => reader.verify(&mut |_| true).unwrap_err(),
    };
    assert_eq!(named(&error), 191);
    assert_eq!(named(&store.open().err().unwrap()), 191);
}

fn a_reader_follows_the_writer<S: Store>() {
    let store = S::fresh();
    let mut journal = store.open().unwrap();
    let reader = journal.reader();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let (mut last, mut rounds) = (0, 0);
            while last < 3000 {
                let finished = done.load(Ordering::Acquire);
                if reader.last() > last {
                    last = check_from(&*reader, last + 1).unwrap();
                    assert_eq!(reader.record(last).unwrap(), record(last));
                    rounds += 1;
                }
                assert!(!finished || last == 3000, "what is durable is seen at once");
            }
            rounds
        });
        for last in (20..=3000).step_by(20) {
            append_to(&mut *journal, 20, last);
        }
        done.store(true, Ordering::Release);
        assert!(
            follower.join().unwrap() > 1,
            "it read while the writer wrote"
        );
    });
}

fn each_record_is_found<S: Store>() {
    let store = S::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 1, 20);
    append_to(&mut *journal, 300, 320 + 900);
    let reader = journal.reader();
    for seq in [1, 2, 19, 20, 21, 22, 320, 321, 620, 621, 919, 920] {
        assert_eq!(reader.record(seq).unwrap(), record(seq), "{seq}");
    }
    let last = journal.last();
    assert!(matches!(
        reader.record(last + 1),
        Err(JournalError::NotFound { .. })
    ));
    drop(journal);
    let cold = store.read().unwrap();
    assert_eq!(cold.record(777).unwrap(), record(777));
}

fn a_reader_stops_when_told<S: Store>() {
    let store: S = twenty_batches();
    let reader = store.read().unwrap();
    let mut batches = 0;
    let last = reader
        .scan(35, &mut |_| {
            batches += 1;
            batches < 3
        })
        .unwrap();
    assert_eq!((last, batches), (60, 3));
}
