//! What only the file journal has: torn tails byte by byte, segments, limits of the system, its lock file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod support;

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use hubu_core::journal::file::FileJournal;
use hubu_core::journal::simulated::{Fault, Faults, SimulatedDisk, Survival};
use hubu_core::journal::{Check, HEADER_BYTES, Journal, JournalError, Settings};
use support::file_store::FileStore;
use support::store::Store;
use support::{append, append_to, check_from};

/// Three batches as a killed process leaves them: the last one begins with record 21.
fn killed() -> FileStore {
    let store = FileStore::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 10, 20);
    append(&mut *journal, 21, 23).unwrap();
    store.copy()
}

#[test]
fn a_file_cut_at_any_byte_stops_the_start() {
    let killed = killed();
    let place = killed.place(21);
    let segment = place.path.file_name().unwrap();
    let whole = std::fs::read(&place.path).unwrap();
    // Segments have their full size before they have a name: no crash leaves a shorter one.
    for length in (place.offset..=place.end()).chain([whole.len() - 1]) {
        let store = killed.copy();
        std::fs::write(store.path().join(segment), &whole[..length]).unwrap();
        match store.open().err() {
            Some(JournalError::Damage { seq, reason, .. }) => {
                let expected = if length < place.end() { 21 } else { 24 };
                assert_eq!(seq, expected, "cut at byte {length}");
                assert!(reason.contains("its end was cut off"), "{reason}");
            }
            other => panic!("cut at byte {length}: {other:?}"),
        }
    }
    assert_eq!(killed.copy().open().unwrap().last(), 23);
}

#[test]
fn a_tail_that_ends_at_any_sector_is_cut_at_the_last_whole_batch() {
    let killed = killed();
    let place = killed.place(21);
    let segment = place.path.file_name().unwrap();
    let whole = std::fs::read(&place.path).unwrap();
    let sectors = (place.offset.next_multiple_of(512)..place.end()).step_by(512);
    for end in std::iter::once(place.offset).chain(sectors) {
        let store = killed.copy();
        let mut torn = whole.clone();
        torn[end..].fill(0);
        std::fs::write(store.path().join(segment), &torn).unwrap();
        assert_eq!(store.read().unwrap().last(), 20, "a reader, {end}");
        let mut journal = store.open().unwrap();
        assert_eq!(journal.last(), 20, "torn at byte {end}");
        append_to(&mut *journal, 1, 21);
        assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 21);
    }
}

#[test]
fn a_tail_with_any_sector_missing_is_torn() {
    let store = FileStore::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 10, 20);
    append(&mut *journal, 21, 60).unwrap();
    let store = store.copy();
    let place = store.place(21);
    let whole = std::fs::read(&place.path).unwrap();
    let sectors = place.offset / 512..=(place.end() - 1) / 512;
    assert!(sectors.clone().count() > 5);
    for sector in sectors {
        let mut torn = whole.clone();
        let from = place.offset.max(sector * 512);
        torn[from..place.end().min((sector + 1) * 512)].fill(0);
        std::fs::write(&place.path, &torn).unwrap();
        let journal = store.copy().open().unwrap();
        assert_eq!(journal.last(), 20, "sector {sector}");
    }
}

#[test]
fn what_a_torn_batch_left_is_gone_before_a_shorter_one_is_written() {
    let store = FileStore::fresh();
    let mut journal = store.open().unwrap();
    append_to(&mut *journal, 10, 20);
    // Several pages: the shorter batch is padded to the end of its own alone.
    append(&mut *journal, 21, 160).unwrap();
    let store = store.copy();
    let place = store.place(21);
    assert!(place.end() - place.offset > 2 * 4096);
    store.edit(&place.path, |bytes| {
        let sector = (place.end() - 1) / 512 * 512;
        bytes[sector..place.end()].fill(0);
    });
    let mut journal = store.open().unwrap();
    assert_eq!(journal.last(), 20);
    append(&mut *journal, 21, 21).unwrap();
    let killed = store.copy();
    let behind = std::fs::read(&place.path).unwrap();
    let end = killed.place(21).end();
    assert!(
        behind[end..].iter().all(|byte| *byte == 0),
        "nothing is left of it"
    );
    let journal = killed.open().unwrap();
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 21);
}

#[test]
fn a_batch_that_was_forged_whole_breaks_the_link_of_the_next() {
    let store = killed();
    let place = store.place(11);
    store.edit(&place.path, |bytes| {
        let (from, to) = (place.offset + HEADER_BYTES, place.end());
        bytes[from + 9] ^= 1;
        // Checksums and chain value are right for what stands there now.
        let header = place.header.seal(&bytes[from..to]);
        bytes[place.offset..from].copy_from_slice(&header.encode());
    });
    match store.open().err() {
        Some(JournalError::Damage { seq, reason, .. }) => {
            assert_eq!(seq, 21, "the batch behind it");
            assert!(reason.contains("link"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_flipped_bit_before_the_tail_stops_the_start() {
    let store = killed();
    let place = store.place(11);
    let whole = std::fs::read(&place.path).unwrap();
    for at in place.offset..place.end() {
        // Reserved bytes are covered as well.
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        std::fs::write(&place.path, &flipped).unwrap();
        match store.open().err() {
            Some(JournalError::Damage {
                seq: 11,
                place: named,
                ..
            }) => {
                assert!(
                    named.ends_with(&format!("at byte {}", place.offset)),
                    "{named}"
                );
            }
            other => panic!("byte {}: {other:?}", at - place.offset),
        }
    }
}

#[test]
fn damage_in_the_last_whole_batch_is_not_taken_for_a_torn_tail() {
    let store = killed();
    let place = store.place(21);
    store.edit(&place.path, |bytes| {
        bytes[place.offset + HEADER_BYTES + 5] ^= 1
    });
    match store.open().err() {
        Some(JournalError::Damage {
            seq: 21, reason, ..
        }) => assert!(reason.contains("whole once"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lost_batch_before_the_tail_is_no_torn_tail() {
    let store = killed();
    let place = store.place(11);
    store.edit(&place.path, |bytes| {
        bytes[place.offset..place.end()].fill(0)
    });
    match store.open().err() {
        Some(JournalError::Damage {
            seq: 11, reason, ..
        }) => assert!(reason.contains("follows"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

/// Enough batches for several segments of 64 KiB.
fn several_segments() -> FileStore {
    let store = FileStore::fresh();
    append_to(&mut *store.open().unwrap(), 100, 4000);
    let segments = store
        .places()
        .iter()
        .map(|place| place.path.clone())
        .collect::<std::collections::BTreeSet<_>>();
    assert!(segments.len() >= 4);
    store
}

#[test]
fn a_first_segment_without_a_batch_is_no_beginning() {
    let store = several_segments();
    // Its header is whole; all that it held is zeros.
    store.edit(&store.path().join("00000001.segment"), |bytes| {
        bytes[128..].fill(0)
    });
    for check in [Check::Whole, Check::Tail] {
        let settings = Settings {
            check,
            ..store.settings()
        };
        match (check, store.open_with(&settings).err()) {
            (Check::Whole, Some(JournalError::Damage { reason, .. })) => {
                assert!(reason.contains("record 1 comes next"), "{reason}");
            }
            // Only the tail was looked at: it shows when it is read.
            (Check::Tail, None) => {}
            (_, other) => panic!("{check:?}: {other:?}"),
        }
    }
}

#[test]
fn segments_made_ahead_follow_one_another() {
    let store = FileStore::fresh();
    // So large that a thread makes them.
    let settings = Settings {
        segment_bytes: 2 << 20,
        ..store.settings()
    };
    let mut journal = store.open_with(&settings).unwrap();
    append_to(&mut *journal, 1000, 30_000);
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), 30_000);
    drop(journal);
    assert!(store.place(29_001).path.ends_with("00000002.segment"));
    let mut journal = store.open_with(&settings).unwrap();
    append_to(&mut *journal, 1000, 31_000);
    assert!(
        std::fs::read_dir(store.path())
            .unwrap()
            .all(|entry| entry.unwrap().path().extension() != Some("new".as_ref()))
    );
}

#[test]
fn checking_only_the_tail_finds_the_same_end() {
    let store = several_segments();
    let settings = Settings {
        check: Check::Tail,
        ..store.settings()
    };
    let mut journal = store.open_with(&settings).unwrap();
    append_to(&mut *journal, 100, 5000);
    let reader = journal.reader();
    assert_eq!(check_from(&*reader, 1).unwrap(), 5000);
    assert_eq!(check_from(&*reader, 1234).unwrap(), 5000);
    assert_eq!(reader.record(777).unwrap(), support::record(777));
}

#[test]
fn damage_in_an_older_segment_shows_when_it_is_read() {
    let store = several_segments();
    let place = store.place(101);
    store.edit(&place.path, |bytes| bytes[place.offset + 200] ^= 1);
    assert!(matches!(
        store.open(),
        Err(JournalError::Damage { seq: 101, .. })
    ));
    let settings = Settings {
        check: Check::Tail,
        ..store.settings()
    };
    let journal = store.open_with(&settings).unwrap();
    let reader = journal.reader();
    assert!(matches!(
        reader.scan(1, &mut |_| true),
        Err(JournalError::Damage { seq: 101, .. })
    ));
    assert!(matches!(
        reader.record(150),
        Err(JournalError::Damage { seq: 101, .. })
    ));
}

#[test]
fn a_segment_that_is_missing_foreign_or_misplaced_is_refused() {
    let segment = |store: &FileStore, number| store.path().join(format!("{number:08}.segment"));
    let store = several_segments();
    std::fs::remove_file(segment(&store, 2)).unwrap();
    assert!(matches!(store.open(), Err(JournalError::Foreign { .. })));

    let store = several_segments();
    std::fs::copy(segment(&several_segments(), 2), segment(&store, 2)).unwrap();
    assert!(
        matches!(store.open(), Err(JournalError::Foreign { .. })),
        "another journal's"
    );

    let store = several_segments();
    std::fs::copy(segment(&store, 3), segment(&store, 2)).unwrap();
    assert!(
        matches!(store.open(), Err(JournalError::Foreign { .. })),
        "another place's"
    );

    let store = several_segments();
    for number in 1.. {
        if std::fs::remove_file(segment(&store, number)).is_err() {
            break;
        }
    }
    assert!(
        matches!(store.open(), Err(JournalError::Foreign { .. })),
        "all gone"
    );
}

#[test]
fn a_batch_larger_than_a_segment_is_refused() {
    let store = FileStore::fresh();
    let mut journal = store.open().unwrap();
    let refused = append(&mut *journal, 1, 1000);
    assert!(
        matches!(refused, Err(JournalError::TooLarge { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_a_clear_error() {
    let error = FileJournal::open("/proc/hubu".as_ref(), &Settings::default())
        .err()
        .unwrap();
    assert!(error.to_string().contains("/proc/hubu"), "{error}");
}

/// The part of the next test that runs where files may not grow past 24 KiB.
#[test]
#[ignore = "run by a_write_past_the_file_size_limit_latches in a process of its own"]
fn child_with_a_file_size_limit() {
    let store = FileStore {
        folder: tempfile::tempdir().unwrap(),
    };
    // Made before the limit bites: only the appends meet it.
    let settings = Settings {
        segment_bytes: 16 << 10,
        ..store.settings()
    };
    let mut journal = store.open_with(&settings).unwrap();
    let mut failed = None;
    for first in (1..2000).step_by(10) {
        if first == 41 {
            let limit = rustix::process::Rlimit {
                current: Some(8 << 10),
                maximum: None,
            };
            rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
        }
        if let Err(error) = append(&mut *journal, first, first + 9) {
            failed = Some((first, error));
            break;
        }
    }
    let (first, error) = failed.unwrap();
    assert!(
        matches!(error, JournalError::Io { doing: "write", .. }),
        "{error}"
    );
    assert!(matches!(
        append(&mut *journal, first, first),
        Err(JournalError::Latched { .. })
    ));
    assert_eq!(check_from(&*journal.reader(), 1).unwrap(), first - 1);
    println!("latched after {}", first - 1);
}

#[test]
fn a_write_past_the_file_size_limit_latches() {
    // The signal that goes with the limit is ignored, as it would be in a server that means to survive it.
    let test = std::env::current_exe().unwrap();
    let script = format!(
        "trap '' XFSZ; exec '{}' --ignored --exact --nocapture child_with_a_file_size_limit",
        test.display()
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("latched after"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_second_process_is_refused_with_the_first_ones_pid() {
    let store = FileStore::fresh();
    let _journal = store.open().unwrap();
    let test = std::env::current_exe().unwrap();
    let output = Command::new(test)
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "child_that_opens_a_folder_in_use",
        ])
        .env("HUBU_TEST_FOLDER", store.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let expected = format!("in use by process {}", std::process::id());
    assert!(
        output.status.success() && said.contains(&expected),
        "{said}"
    );
}

#[test]
#[ignore = "run by a_second_process_is_refused_with_the_first_ones_pid in a process of its own"]
fn child_that_opens_a_folder_in_use() {
    let folder = std::env::var_os("HUBU_TEST_FOLDER").unwrap();
    let settings = Settings {
        cell: support::store::CELL,
        ..Settings::default()
    };
    println!(
        "{}",
        FileJournal::open(folder.as_ref(), &settings).err().unwrap()
    );
}

#[test]
fn a_damaged_slot_leaves_the_other() {
    let store = FileStore::fresh();
    for epoch in 1..=6 {
        let mut journal = store.open().unwrap();
        assert!(journal.epoch() >= epoch);
        append_to(&mut *journal, 1, epoch);
        drop(journal);
        // One of the two slots is torn; which, alternates with the rounds.
        let lock = std::fs::File::options()
            .write(true)
            .open(store.path().join("lock"))
            .unwrap();
        lock.write_at(b"torn", epoch % 2 * 512 + 50).unwrap();
    }
}

#[test]
fn a_full_disk_is_no_latch_as_long_as_nothing_was_written() {
    let settings = Settings {
        segment_bytes: 4096,
        ..Settings::default()
    };
    let folder = Path::new("/journal");
    let mut waited = 0;
    // The second segment is made when the first is full: one operation after another finds no room for it.
    for at in 1.. {
        let disk = SimulatedDisk::new(1, Faults::default());
        let mut journal = disk.open(folder, &settings).unwrap();
        append_to(&mut journal, 10, 30);
        let full = (disk.operations() + at, Fault::NoSpace);
        disk.set_faults(Faults {
            once: Some(full),
            ..Faults::default()
        });
        match append(&mut journal, 31, 50) {
            Err(JournalError::NoRoom { place, .. }) => {
                assert!(place.ends_with("00000002.new"), "{place}");
                append(&mut journal, 31, 50).unwrap();
                waited += 1;
            }
            // A name that may not be durable is not built on.
            Err(JournalError::Io { .. }) => {
                let again = append(&mut journal, 31, 50);
                assert!(
                    matches!(again, Err(JournalError::Latched { .. })),
                    "{again:?}"
                );
            }
            Ok(()) => break,
            Err(other) => panic!("operation {at}: {other}"),
        }
        let last = journal.last();
        drop(journal);
        let after = disk.crash(Survival::Nothing);
        let journal = after.open(folder, &settings).unwrap();
        assert!(journal.last() >= last, "operation {at}");
    }
    assert!(
        waited >= 3,
        "space, zeros and header were refused: {waited}"
    );
}
