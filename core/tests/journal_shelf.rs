//! Old segments move to another folder, behind a snapshot and the archive, and nothing of the journal goes missing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod common;
mod support;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use common::{opened, pay};
use hubu_core::disk::Disk;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::journal::file::FileReader;
use hubu_core::journal::simulated::{Faults, SimulatedDisk, Survival};
use hubu_core::journal::{
    Journal, JournalError, JournalReader, Settings, Shelved, copy_into_folder, open_journal,
    open_reader,
};
use support::{append_to, check_from};

const HERE: &str = "/journal";
const THERE: &str = "/old";

fn settings() -> Settings {
    Settings {
        segment_bytes: 4096,
        old: Some(THERE.into()),
        ..Settings::default()
    }
}

fn shelve(reader: &dyn JournalReader, through: u64) -> Result<Shelved, JournalError> {
    reader.shelve(through, &|| true)
}

/// Reads every record; gives the last one's number.
fn check_all(reader: &dyn JournalReader) -> u64 {
    check_from(reader, 1).unwrap()
}

fn names(disk: &SimulatedDisk, folder: &str) -> Vec<String> {
    let mut names = disk.list(Path::new(folder)).unwrap_or_default();
    names.retain(|name| name.ends_with(".segment"));
    names.sort();
    names
}

#[test]
fn what_was_moved_is_read_as_before_and_the_journal_goes_on() {
    let disk = SimulatedDisk::new(1, Faults::default());
    let mut journal = disk.open(Path::new(HERE), &settings()).unwrap();
    append_to(&mut journal, 10, 200);
    let reader = journal.reader();
    let all = names(&disk, HERE).len();
    assert!(all > 4);
    assert_eq!(shelve(&*reader, 0).unwrap().segments, 0);
    let moved = shelve(&*reader, 100).unwrap();
    assert!(moved.segments >= 2 && moved.through <= 100, "{moved:?}");
    // The newest stays, whatever is asked for.
    let rest = shelve(&*reader, u64::MAX).unwrap();
    assert_eq!(moved.segments + rest.segments, all as u64 - 1);
    assert_eq!(
        (names(&disk, HERE).len(), names(&disk, THERE).len()),
        (1, all - 1)
    );

    assert_eq!(check_all(&*reader), 200);
    append_to(&mut journal, 10, 230);
    let report = reader.verify(&mut |_| true).unwrap();
    drop(journal);
    let journal = disk.open(Path::new(HERE), &settings()).unwrap();
    assert_eq!(check_all(&*journal.reader()), 230);
    drop(journal);
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let apart = FileReader::open(Arc::clone(&disk), Path::new(HERE), &settings()).unwrap();
    assert_eq!(apart.verify(&mut |_| true).unwrap().chain, report.chain);

    // Without the other disk nothing starts, and it says why.
    for old in [None, Some("/elsewhere".into())] {
        let settings = Settings { old, ..settings() };
        match FileReader::open(Arc::clone(&disk), Path::new(HERE), &settings) {
            Err(JournalError::Foreign { reason, .. }) => {
                assert!(reason.contains("segment 1 is missing"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_crash_at_any_operation_of_the_move_loses_nothing() {
    let disk = SimulatedDisk::new(2, Faults::default());
    let mut journal = disk.open(Path::new(HERE), &settings()).unwrap();
    append_to(&mut journal, 10, 120);
    disk.keep_history();
    shelve(&*journal.reader(), u64::MAX).unwrap();
    let history = disk.history();
    assert!(history.len() > 10);
    for (at, disk) in history.into_iter().enumerate() {
        for survival in [Survival::Nothing, Survival::Everything, Survival::Torn] {
            let after = disk.crash(survival);
            let journal = after.open(Path::new(HERE), &settings());
            let mut journal =
                journal.unwrap_or_else(|error| panic!("operation {at}, {survival:?}: {error}"));
            assert_eq!(check_all(&*journal.reader()), 120);
            // What was begun is brought to its end.
            shelve(&*journal.reader(), u64::MAX).unwrap();
            assert_eq!(names(&after, HERE).len(), 1, "operation {at}, {survival:?}");
            append_to(&mut journal, 10, 150);
            assert_eq!(check_all(&*journal.reader()), 150);
        }
    }
}

#[test]
fn a_move_ends_when_it_is_told_to() {
    let disk = SimulatedDisk::new(4, Faults::default());
    let mut journal = disk.open(Path::new(HERE), &settings()).unwrap();
    append_to(&mut journal, 10, 200);
    let left = Cell::new(2_u32);
    let goes_on = || left.replace(left.get().saturating_sub(1)) > 0;
    let moved = journal.reader().shelve(u64::MAX, &goes_on).unwrap();
    assert_eq!((moved.segments, names(&disk, THERE).len()), (2, 2));
    assert_eq!(check_all(&*journal.reader()), 200);
}

#[test]
fn where_the_lock_file_is_lost_the_newest_segments_say_whose_journal_it_is() {
    let disk = SimulatedDisk::new(5, Faults::default());
    let mut journal = disk.open(Path::new(HERE), &settings()).unwrap();
    append_to(&mut journal, 10, 120);
    shelve(&*journal.reader(), u64::MAX).unwrap();
    drop(journal);
    disk.remove(&Path::new(HERE).join("lock")).unwrap();
    let journal = disk.open(Path::new(HERE), &settings()).unwrap();
    assert_eq!(check_all(&*journal.reader()), 120);
    drop(journal);
    // Where they are lost as well, nothing goes on from the old ones.
    for name in names(&disk, HERE).into_iter().chain(["lock".into()]) {
        disk.remove(&Path::new(HERE).join(name)).unwrap();
    }
    match disk.open(Path::new(HERE), &settings()).err() {
        Some(JournalError::Foreign { reason, .. }) => {
            assert!(reason.contains("newest segments are missing"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_of_another_journal_is_written_over() {
    let disk = SimulatedDisk::new(6, Faults::default());
    let mut first = disk.open(Path::new(HERE), &settings()).unwrap();
    append_to(&mut first, 10, 120);
    // Begun before the folder was anybody's.
    let mut second = disk.open(Path::new("/another"), &settings()).unwrap();
    append_to(&mut second, 10, 120);
    shelve(&*first.reader(), u64::MAX).unwrap();
    match shelve(&*second.reader(), u64::MAX) {
        Err(JournalError::Foreign { reason, .. }) => {
            assert!(reason.contains("for itself"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(check_all(&*first.reader()), 120);
    assert_eq!(check_all(&*second.reader()), 120);
}

#[test]
fn the_journals_own_folder_by_another_way_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (here, link) = (folder.path().join("journal"), folder.path().join("old"));
    std::os::unix::fs::symlink(&here, &link).unwrap();
    let settings = Settings {
        old: Some(link),
        ..settings()
    };
    let mut journal = open_journal(here.to_str().unwrap(), &settings).unwrap();
    append_to(&mut *journal, 10, 120);
    match shelve(&*journal.reader(), u64::MAX) {
        Err(JournalError::Foreign { reason, .. }) => {
            assert!(reason.contains("own folder"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(check_all(&*journal.reader()), 120);
    assert!(!here.join("00000001.new").exists());
}

#[test]
fn a_backup_holds_what_was_moved_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let settings = Settings {
        old: Some(place("old")),
        ..settings()
    };
    let mut journal = open_journal(place("journal").to_str().unwrap(), &settings).unwrap();
    append_to(&mut *journal, 10, 120);
    shelve(&*journal.reader(), u64::MAX).unwrap();
    let source = open_reader(place("journal").to_str().unwrap(), &settings).unwrap();
    let whole = Settings {
        old: None,
        ..settings
    };
    let copied = copy_into_folder(&*source, &place("copy"), &whole, u64::MAX, &mut |_| {});
    let (copied, chain) = copied.unwrap();
    assert_eq!((copied.before, copied.last), (0, 120));
    let copy = open_reader(place("copy").to_str().unwrap(), &whole).unwrap();
    assert_eq!(check_all(&*copy), 120);
    assert_eq!(source.verify(&mut |_| true).unwrap().chain, chain);
}

#[test]
fn a_segment_that_rotted_is_not_moved() {
    let disk = SimulatedDisk::new(3, Faults::default());
    let mut journal = disk.open(Path::new(HERE), &settings()).unwrap();
    append_to(&mut journal, 10, 120);
    let first = Path::new(HERE).join("00000001.segment");
    disk.rot(&first, 8 * 400);
    match shelve(&*journal.reader(), u64::MAX) {
        Err(JournalError::Damage { advice, .. }) => assert!(advice.contains("stays"), "{advice}"),
        other => panic!("{other:?}"),
    }
    assert!(names(&disk, HERE).contains(&"00000001.segment".to_owned()));
}

fn engine(folder: &Path) -> Engine {
    let settings = Settings {
        segment_bytes: 512 << 10,
        old: Some(folder.join("old")),
        ..Settings::default()
    };
    let journal = open_journal(folder.join("journal").to_str().unwrap(), &settings).unwrap();
    let options = Options {
        clock: hubu_core::clock::Clock::manual(common::MARCH_MS),
        snapshots: Some(folder.join("snapshots")),
        ..Options::default()
    };
    Engine::open(journal, &common::sources(), options).unwrap()
}

#[test]
fn segments_move_behind_a_snapshot_that_is_whole_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("journal"), folder.path().join("old"));
    let count = |folder: &Path| {
        std::fs::read_dir(folder).map_or(0, |entries| {
            let names = entries.map(|entry| entry.unwrap().file_name());
            names
                .filter(|name| name.to_str().unwrap().ends_with(".segment"))
                .count()
        })
    };
    let cell = engine(folder.path());
    opened(&cell, 1, 9_000_000, 9_000_000);
    let spend = |cell: &Engine, times: usize| {
        let commands = (0..times).map(|_| pay(cell, 1)).collect();
        let mut outcomes = Vec::new();
        cell.submit_all(commands, &mut outcomes);
        let last = outcomes.pop().unwrap().unwrap();
        cell.watermark().wait_blocking(last.seq.0).unwrap();
    };
    spend(&cell, 7_000);
    let snapshot = cell
        .write_snapshot(&folder.path().join("snapshots"))
        .unwrap();
    let before = count(&here);
    spend(&cell, 7_000);
    assert!(before >= 2 && count(&here) > before, "{before}");
    let moved = cell.shelve_journal(&snapshot).unwrap();
    assert!(
        moved.segments > 0 && moved.through <= snapshot.last,
        "{moved:?}"
    );
    assert_eq!(count(&there) as u64, moved.segments);

    let digest = cell.digest();
    drop(cell);
    let cell = engine(folder.path());
    assert_eq!(cell.digest(), digest);
    assert!(cell.replayed() < 8_000, "from the snapshot on");
    assert!(
        cell.record(hubu_kernel::ident::Seq(5)).is_ok(),
        "an old record is read there"
    );

    // A snapshot that is not whole moves nothing.
    spend(&cell, 7_000);
    let snapshot = cell
        .write_snapshot(&folder.path().join("snapshots"))
        .unwrap();
    let mut bytes = std::fs::read(&snapshot.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&snapshot.path, bytes).unwrap();
    let error = cell.shelve_journal(&snapshot).unwrap_err();
    assert!(
        error.to_string().contains("checksum") || error.to_string().contains("digest"),
        "{error}"
    );
    assert_eq!(count(&there) as u64, moved.segments);
}
