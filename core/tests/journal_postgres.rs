//! What only the PostgreSQL journal has: leases that run out, packed payloads, a database that goes away.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::time::Duration;

use hubu_core::journal::postgres::{PostgresJournal, PostgresReader, PostgresWatch};
use hubu_core::journal::{
    Batch, Check, Journal, JournalError, Seen, Settings, Watch, open_journal, open_reader,
    push_record,
};
use hubu_testkit::PgCluster;
use support::pg_store::PgStore;
use support::store::{Spoil, Store};
use support::{append, append_to, check_from};

#[test]
fn a_database_that_stops_latches_and_keeps_what_was_acknowledged() {
    let mut cluster = PgCluster::start().unwrap();
    let settings = Settings {
        patience: Duration::from_secs(5),
        ..Settings::default()
    };
    let mut journal = PostgresJournal::open(&cluster.url(), &settings).unwrap();
    append_to(&mut journal, 10, 200);
    cluster.stop_immediate().unwrap();
    let lost = append(&mut journal, 201, 210);
    assert!(
        matches!(
            lost,
            Err(JournalError::Unknown {
                first: 201,
                last: 210,
                ..
            })
        ),
        "{lost:?}"
    );
    assert!(
        journal.reader().scan(1, &mut |_| true).is_err(),
        "nothing to read from"
    );
    cluster.start_again().unwrap();
    assert!(matches!(
        append(&mut journal, 201, 210),
        Err(JournalError::Latched { .. })
    ));
    assert_eq!(
        check_from(&*journal.reader(), 1).unwrap(),
        200,
        "reading goes on"
    );
    drop(journal);
    // The lease was not given back; its holder is known to be gone.
    assert!(matches!(
        PostgresJournal::open(&cluster.url(), &settings),
        Err(JournalError::Busy { .. })
    ));
    let forced = Settings {
        force: true,
        ..settings
    };
    let mut journal = PostgresJournal::open(&cluster.url(), &forced).unwrap();
    assert_eq!(journal.last(), 200);
    append_to(&mut journal, 10, 300);
    assert_eq!(journal.reader().verify(&mut |_| true).unwrap().last, 300);
}

#[test]
fn a_lease_that_ran_out_is_taken_over_and_the_old_holder_fenced() {
    let store = PgStore::fresh();
    let short = Settings {
        lease: Duration::from_millis(700),
        ..store.settings()
    };
    let mut old = store.open_with(&short).unwrap();
    append_to(&mut *old, 5, 10);
    assert!(matches!(store.open(), Err(JournalError::Busy { .. })));
    // Appending keeps the lease, without a word from the caller.
    for last in 11..=25 {
        std::thread::sleep(Duration::from_millis(100));
        append_to(&mut *old, 1, last);
        assert!(
            matches!(store.open(), Err(JournalError::Busy { .. })),
            "{last}"
        );
    }
    std::thread::sleep(Duration::from_millis(900));
    let mut new = store.open().unwrap();
    assert_eq!((new.last(), new.epoch()), (25, old.epoch() + 1));
    assert!(matches!(old.renew(), Err(JournalError::Fenced { .. })));
    assert!(matches!(
        append(&mut *old, 26, 26),
        Err(JournalError::Latched { .. })
    ));
    append_to(&mut *new, 5, 30);
}

#[test]
fn a_connection_that_died_of_idleness_is_replaced_when_the_lease_is_prolonged() {
    let store = PgStore::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 5, 10);
    store.cut();
    journal.renew().unwrap();
    append_to(&mut *journal, 5, 20);
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 20);
}

#[test]
fn a_connection_that_was_closed_between_two_commits_is_replaced_before_anything_is_sent() {
    let store = PgStore::fresh();
    let mut journal = store.open().unwrap();
    for last in (5..=25).step_by(5) {
        append_to(&mut *journal, 5, last);
        store.cut();
    }
    append_to(&mut *journal, 5, 30);
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 30);
}

#[test]
fn a_journal_that_lost_its_end_behind_the_writers_back_takes_no_more() {
    let store = PgStore::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 5, 10);
    // As after a failover to a server that lacks the last batch: same lease, same epoch.
    store.sql("DELETE FROM hubu_journal WHERE cell = CELL AND first = 6");
    let refused = append(&mut *journal, 11, 15);
    assert!(
        matches!(&refused, Err(JournalError::Damage { seq: 6, reason, .. }) if reason.contains("ends with record 5, but 10")),
        "{refused:?}"
    );
    assert!(matches!(
        append(&mut *journal, 11, 15),
        Err(JournalError::Latched { .. })
    ));
    let left = store.sql("SELECT count(*) FROM hubu_journal WHERE cell = CELL");
    assert_eq!(left, "1");
}

#[test]
fn rows_and_leases_that_are_not_the_writers_are_no_takeover() {
    let store = PgStore::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 5, 10);
    store.sql(
        "INSERT INTO hubu_journal SELECT cell, 11, 15, epoch, journal, length, packing, checksum, previous, chain, payload
         FROM hubu_journal WHERE cell = CELL AND first = 6",
    );
    let refused = append(&mut *journal, 11, 15);
    assert!(
        matches!(&refused, Err(JournalError::Damage { seq: 11, reason, .. }) if reason.contains("goes on to record 15")),
        "{refused:?}"
    );
    // Its lease as it was before, or gone: whoever took over would have raised the epoch.
    for statement in [
        "UPDATE hubu_lease SET epoch = epoch - 1 WHERE cell = CELL",
        "DELETE FROM hubu_lease WHERE cell = CELL",
    ] {
        let store = PgStore::fresh();
        let mut journal = store.open().unwrap();
        append_to(&mut *journal, 5, 10);
        store.sql(statement);
        let refused = journal.renew();
        assert!(
            matches!(&refused, Err(JournalError::Damage { seq: 11, .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_lost_lease_row_does_not_turn_epochs_back() {
    let store = PgStore::fresh();
    for epoch in 1..=3 {
        let mut journal = store.open().unwrap();
        append_to(&mut *journal, 1, epoch);
    }
    store.sql("DELETE FROM hubu_lease WHERE cell = CELL");
    let mut journal = store.open().unwrap();
    assert_eq!((journal.last(), journal.epoch()), (3, 4));
    append_to(&mut *journal, 1, 4);
    assert_eq!(journal.reader().verify(&mut |_| true).unwrap().epoch, 4);
}

#[test]
fn payloads_are_packed_when_that_makes_them_smaller() {
    let store = PgStore::fresh();
    let settings = Settings {
        compress: true,
        ..store.settings()
    };
    let mut journal = store.open_with(&settings).unwrap();
    let mut dull = Vec::new();
    (0..100).for_each(|_| push_record(&mut dull, &[b'x'; 80]));
    journal
        .append(&Batch {
            first: 1,
            last: 100,
            payload: &dull,
        })
        .unwrap();
    let mut random = 1_u64;
    let noise = std::iter::repeat_with(|| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as u8
    });
    let noise: Vec<u8> = noise.take(2000).collect();
    let mut wild = Vec::new();
    push_record(&mut wild, &noise);
    journal
        .append(&Batch {
            first: 101,
            last: 101,
            payload: &wild,
        })
        .unwrap();
    let packings = store.sql(
        "SELECT string_agg(packing::text, ',' ORDER BY first) FROM hubu_journal WHERE cell = CELL",
    );
    assert_eq!(packings, "1,0");
    let stored: usize = store
        .sql("SELECT length(payload) FROM hubu_journal WHERE cell = CELL AND first = 1")
        .parse()
        .unwrap();
    assert!(stored < dull.len() / 4, "{stored}");
    let reader = journal.reader();
    assert_eq!(reader.record(50).unwrap(), [b'x'; 80]);
    assert_eq!(reader.record(101).unwrap(), noise);
    reader.verify(&mut |_| true).unwrap();
    // A packed payload that was changed no longer unpacks, or not to what its checksum says.
    drop(journal);
    store.spoil(1, Spoil::Payload);
    let spoilt = store.read().unwrap().scan(1, &mut |_| true);
    assert!(
        matches!(spoilt, Err(JournalError::Damage { seq: 1, .. })),
        "{spoilt:?}"
    );
}

#[test]
fn checking_only_the_tail_finds_the_same_end() {
    let store = PgStore::fresh();
    append_to(&mut *store.open().unwrap(), 10, 200);
    let settings = Settings {
        check: Check::Tail,
        ..store.settings()
    };
    let mut journal = store.open_with(&settings).unwrap();
    append_to(&mut *journal, 10, 300);
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 300);
}

#[test]
fn a_database_that_acknowledges_before_it_syncs_is_refused() {
    let cluster = PgCluster::start().unwrap();
    cluster
        .sql("ALTER ROLE hubu SET synchronous_commit = off")
        .unwrap();
    let error = PostgresJournal::open(&cluster.url(), &Settings::default())
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("synchronous_commit is off"),
        "{error}"
    );
}

#[test]
fn one_setting_opens_it_even_on_a_thread_that_drives_a_runtime() {
    let store = PgStore::fresh();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut journal = open_journal(store.url(), &store.settings()).unwrap();
        append_to(&mut *journal, 5, 20);
        assert_eq!(journal.reader().record(7).unwrap(), support::record(7));
        drop(journal);
        let reader = open_reader(store.url(), &store.settings()).unwrap();
        assert_eq!(check_from(&*reader, 1).unwrap(), 20);
    });
}

#[test]
fn a_database_that_is_not_there_is_a_clear_error() {
    let settings = Settings {
        patience: Duration::from_secs(2),
        ..Settings::default()
    };
    let url = "postgres://hubu:secret@127.0.0.1:1/none";
    let error = PostgresReader::open(url, &settings)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("onnect") && !error.contains("secret"),
        "{error}"
    );
}

#[test]
fn a_watch_sees_what_is_durable_and_takes_over_once_the_lease_is_free() {
    let store = PgStore::fresh();
    let mut watch = PostgresWatch::open(store.url(), &store.settings()).unwrap();
    let (last, is_free) = (0, true);
    assert_eq!(watch.look().unwrap(), Seen { last, is_free });
    let mut old = store.open().unwrap();
    append_to(&mut *old, 5, 10);
    assert_eq!(watch.reader().last(), 0, "it has not looked yet");
    let (last, is_free) = (10, false);
    assert_eq!(watch.look().unwrap(), Seen { last, is_free });
    assert_eq!(check_from(&*watch.reader(), 1).unwrap(), 10);
    assert!(matches!(watch.take_over(), Err(JournalError::Busy { .. })));
    let first = old.epoch();
    drop(old);
    assert!(watch.look().unwrap().is_free, "it was given back");
    let reader = watch.reader();
    let mut new = watch.take_over().unwrap();
    assert_eq!((new.last(), new.epoch()), (10, first + 1));
    append_to(&mut *new, 5, 15);
    assert_eq!(check_from(&*reader, 1).unwrap(), 15, "its reader goes on");
}

#[test]
fn a_watch_notices_that_the_journal_went_back() {
    let store = PgStore::fresh();
    append_to(&mut *store.open().unwrap(), 5, 10);
    let mut watch = PostgresWatch::open(store.url(), &store.settings()).unwrap();
    assert_eq!(watch.look().unwrap().last, 10);
    store.spoil(6, Spoil::Remove);
    let seen = watch.look();
    assert!(
        matches!(seen, Err(JournalError::Damage { seq: 6, .. })),
        "{seen:?}"
    );
}
