//! Data folders whose parts don't belong together: the journal was lost, replaced or put back from an older copy while
//! snapshots and archive stayed. A start refuses in words that say what to do, or serves what the journal says; never a
//! mixture. `hubu-faults damaged` tries every other kind of damage.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod views_support;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::digest::{self, StateDigest};
use hubu_core::engine::open::Options;
use hubu_core::journal::{open_journal, open_reader};
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use views_support::*;

/// A data folder.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn part(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// As a server starts on it.
    fn start(&self) -> Result<(Arc<Engine>, Views), String> {
        let archive = Archive::open(&self.part("archive"), ArchiveSettings::default());
        let archive = archive.map_err(|error| error.to_string())?;
        let journal = open_journal(self.part("journal").to_str().unwrap(), &settings());
        let journal = journal.map_err(|error| error.to_string())?;
        let options = Options {
            archived: Some(archive.watermark()),
            snapshots: Some(self.part("snapshots")),
            ..followed()
        };
        let engine =
            Engine::open(journal, &sources(), options).map_err(|error| error.to_string())?;
        let engine = Arc::new(engine);
        match Views::start(&engine, Some(archive)) {
            Ok(views) => Ok((engine, views)),
            Err(error) => {
                engine.close();
                Err(error.to_string())
            }
        }
    }

    /// Serves, opens rows of these projects, writes a snapshot, and stops.
    fn serve(&self, projects: std::ops::Range<u32>) {
        let (engine, views) = self.start().unwrap();
        projects.for_each(|project| {
            opened(&engine, project, 900, 0);
        });
        engine.write_snapshot(&self.part("snapshots")).unwrap();
        engine.close();
        views.finish();
    }

    fn refusal(&self) -> String {
        self.start().err().expect("it is refused")
    }

    /// What the journal alone says.
    fn truth(&self) -> StateDigest {
        let reader = open_reader(self.part("journal").to_str().unwrap(), &settings()).unwrap();
        digest::of_journal(&*reader).unwrap()
    }

    /// A copy of one part.
    fn keep(&self, name: &str) -> Folder {
        let kept = Folder::new();
        copy(&self.part(name), &kept.part(name));
        kept
    }

    fn put_back(&self, name: &str, from: &Folder) {
        self.lose(name);
        copy(&from.part(name), &self.part(name));
    }

    fn lose(&self, name: &str) {
        std::fs::remove_dir_all(self.part(name)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_lost_journal_is_not_begun_anew_beside_what_was_built_from_it() {
    let folder = Folder::new();
    folder.serve(1..4);
    let last = folder.truth().last;
    folder.lose("journal");
    let refusal = folder.refusal();
    for words in [
        format!("holds records up to {last}"),
        "ends with record 0".into(),
        "put the journal back".into(),
    ] {
        assert!(refusal.contains(&words), "{refusal}");
    }
    // The snapshots alone tell as much as the archive alone.
    let archive = folder.keep("archive");
    folder.lose("archive");
    assert!(folder.refusal().contains("the snapshot"));
    folder.put_back("archive", &archive);
    folder.lose("snapshots");
    assert!(folder.refusal().contains("the archive holds records"));
    // Nothing was begun meanwhile; without any trace it is a new cell.
    folder.lose("archive");
    let (engine, views) = folder.start().unwrap();
    assert_eq!((engine.replayed(), engine.newest().0), (0, 2));
    engine.close();
    views.finish();
}

#[test]
fn a_journal_put_back_from_an_older_copy_is_refused_beside_newer_snapshots_and_archive() {
    let folder = Folder::new();
    folder.serve(1..4);
    let old = folder.keep("journal");
    folder.serve(4..9);
    folder.put_back("journal", &old);
    assert!(folder.refusal().contains("the snapshot"));
    folder.lose("snapshots");
    assert!(folder.refusal().contains("the archive holds records"));
}

#[test]
fn what_saw_another_course_of_the_journal_is_not_believed() {
    let folder = Folder::new();
    folder.serve(1..4);
    let shared = folder.truth().last;
    let old = folder.keep("journal");
    folder.serve(4..9);
    let (snapshots, archive) = (folder.keep("snapshots"), folder.keep("archive"));
    // The loss is accepted, and the cell goes on from the copy until it has more records than it had.
    folder.put_back("journal", &old);
    folder.lose("snapshots");
    folder.lose("archive");
    folder.serve(100..120);
    let truth = folder.truth();

    folder.put_back("snapshots", &snapshots);
    let (engine, views) = folder.start().unwrap();
    assert_eq!(
        engine.replayed(),
        truth.last - shared,
        "the newest snapshot from before the courses parted"
    );
    assert_eq!(engine.digest(), Some(truth));
    engine.close();
    views.finish();

    folder.put_back("archive", &archive);
    let refusal = folder.refusal();
    assert!(
        refusal.contains("another course") && refusal.contains("delete its folder"),
        "{refusal}"
    );
}

#[test]
fn a_lock_file_of_a_newer_program_is_not_written_over() {
    let folder = Folder::new();
    folder.serve(1..2);
    let path = folder.part("journal").join("lock");
    let mut bytes = std::fs::read(&path).unwrap();
    for slot in [0, 512] {
        bytes[slot + 4] = 2;
        let crc = crc32fast::hash(&bytes[slot..slot + 84]);
        bytes[slot + 84..slot + 88].copy_from_slice(&crc.to_le_bytes());
    }
    std::fs::write(&path, &bytes).unwrap();
    let refusal = folder.refusal();
    assert!(
        refusal.contains("version 2 is unknown") && refusal.contains("a newer one"),
        "{refusal}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn an_archive_with_the_wrong_kind_of_file_is_refused_before_its_store_sees_it() {
    let folder = Folder::new();
    folder.serve(1..4);
    let log = folder.part("archive").join("0.jnl");
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let refusal = folder.refusal();
    assert!(
        refusal.contains("0.jnl") && refusal.contains("delete its folder"),
        "{refusal}"
    );
    folder.lose("archive");
    folder.start().unwrap().0.close();
}
