//! The archive over a real engine: what ended is found, memory lets go of it, and a new folder is as good.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod views_support;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::engine::read::Found;
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use hubu_core::views::error::ViewError;
use hubu_kernel::document::Document;
use hubu_kernel::ident::DocumentId;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use views_support::*;

fn archive(folder: &Path, commit_bytes: usize) -> Archive {
    let settings = ArchiveSettings {
        commit_bytes,
        commit_after: Duration::from_secs(3600),
        ..ArchiveSettings::default()
    };
    Archive::open(folder, settings).unwrap()
}

/// Engine and views over `folder`; a commit for every batch when `eager`.
fn start(folder: &Path, eager: bool) -> (Arc<Engine>, Views) {
    let archive = archive(&folder.join("archive"), if eager { 1 } else { usize::MAX });
    let options = Options {
        archived: Some(archive.watermark()),
        ..followed()
    };
    let engine = open_with(&folder.join("journal"), options);
    let views = Views::start(&engine, Some(archive)).unwrap();
    (engine, views)
}

fn stop(engine: Arc<Engine>, views: Views) {
    engine.close();
    views.finish();
}

fn caught_up(engine: &Engine, views: &Views) {
    let mark = views.archive().unwrap().mark();
    mark.wait_blocking(engine.newest().0).unwrap();
}

fn archived(views: &Views, id: DocumentId) -> Document {
    let found = views.archive().unwrap().get(id).unwrap();
    Document::clone(&found.expect("it is in the archive"))
}

/// One document of one record and one of many; both ended.
fn two_ended(engine: &Engine) -> (DocumentId, DocumentId) {
    opened(engine, 1, 900_000, 900_000);
    let paid = done(engine, pay(engine, 120_000)).document;
    walk_on(engine, paid, 120_000, 5);
    let catalog = catalog(engine);
    let admin = person(&catalog, "loader", &["system_admin"]);
    let lines = vec![line(project(&catalog, AGENCY, 2), 77)];
    let loaded = done(
        engine,
        enter(&catalog, &admin, "opening", Some("load"), AGENCY, lines),
    );
    (loaded.document, paid)
}

#[test]
fn what_ended_is_read_before_and_after_its_commit_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path(), false);
    let (loaded, paid) = two_ended(&engine);
    let (Found::Here(whole), _) = engine.document(paid) else {
        panic!("not committed yet")
    };
    assert_eq!(
        engine.document(loaded).0,
        Found::Ended,
        "its record is all of it"
    );
    caught_up(&engine, &views);
    let before = [archived(&views, loaded), archived(&views, paid)];
    assert_eq!(before[1], *whole);
    assert_eq!(before[0].entry.lines[0].amount.0, 77);
    assert_eq!((before[0].version, &*before[0].creator), (1, "loader"));
    assert_eq!(before[1].history.len(), 6, "entry and five steps");
    stop(engine, views);

    let (engine, views) = start(folder.path(), false);
    assert_eq!(
        engine.document(paid).0,
        Found::Ended,
        "the archive said that it has it"
    );
    assert_eq!([archived(&views, loaded), archived(&views, paid)], before);
    let never = DocumentId(paid.0 + (1000 << 10));
    assert!(views.archive().unwrap().get(never).unwrap().is_none());
    stop(engine, views);
}

#[test]
fn memory_lets_go_of_what_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path(), true);
    let (_, paid) = two_ended(&engine);
    let open = done(&engine, pay(&engine, 5)).document;
    // The commit that let go of a document comes behind the batch that brought it.
    for _ in 0..200 {
        if engine.census().retiring_documents == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(engine.census().retiring_documents, 0);
    assert_eq!(engine.document(paid).0, Found::Ended);
    assert_eq!(archived(&views, paid).id, paid);
    assert!(matches!(engine.document(open).0, Found::Here(_)));
    assert!(
        views.archive().unwrap().get(open).unwrap().is_none(),
        "it is under way"
    );
    stop(engine, views);
}

#[test]
fn documents_of_many_commits_and_blocks_are_all_found() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path(), true);
    let catalog = catalog(&engine);
    let admin = person(&catalog, "loader", &["system_admin"]);
    let mut all = Vec::new();
    for round in 0..60_i64 {
        let agency = format!("420106000{:012}", 1 + round % 3);
        let lines = (1..=40)
            .map(|n| line(project(&catalog, &agency, 7), 100 * round + n))
            .collect();
        let command = enter(&catalog, &admin, "opening", Some("load"), &agency, lines);
        all.push((round, engine.submit(command).unwrap()));
        if round % 7 == 0 {
            engine.watermark().wait_blocking(engine.newest().0).unwrap();
        }
    }
    engine.watermark().wait_blocking(engine.newest().0).unwrap();
    caught_up(&engine, &views);
    let check = |views: &Views| {
        for (round, ticket) in &all {
            let Some(hubu_core::engine::answer::Answer::Done(done)) = &ticket.answer else {
                panic!()
            };
            let document = archived(views, done.document);
            assert_eq!(document.id, done.document);
            assert_eq!(document.history, [ticket.seq]);
            assert_eq!(document.entry.lines[0].amount.0, 100 * round + 1);
        }
    };
    check(&views);
    stop(engine, views);
    let (engine, views) = start(folder.path(), false);
    check(&views);
    stop(engine, views);
}

#[test]
fn a_deleted_archive_is_built_anew_and_a_foreign_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, views) = start(folder.path(), true);
    let (loaded, paid) = two_ended(&engine);
    caught_up(&engine, &views);
    let before = [archived(&views, loaded), archived(&views, paid)];
    stop(engine, views);

    std::fs::remove_dir_all(folder.path().join("archive")).unwrap();
    let (engine, views) = start(folder.path(), false);
    caught_up(&engine, &views);
    assert_eq!([archived(&views, loaded), archived(&views, paid)], before);
    stop(engine, views);

    let other = tempfile::tempdir().unwrap();
    let engine = open_with(other.path(), followed());
    for n in 2..40 {
        opened(&engine, n, 100, 0);
    }
    let archive = archive(&folder.path().join("archive"), 1);
    let refused = Views::start(&engine, Some(archive)).err();
    assert!(
        matches!(refused, Some(ViewError::Foreign(_))),
        "{refused:?}"
    );
}

#[test]
fn a_store_that_was_being_made_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    for version in [None, Some(&b""[..]), Some(b"FJL"), Some(&[0; 4])] {
        let path = folder.path().join("archive");
        std::fs::create_dir_all(path.join("keyspaces")).unwrap();
        for name in ["lock", "0.jnl"] {
            std::fs::write(path.join(name), []).unwrap();
        }
        if let Some(bytes) = version {
            std::fs::write(path.join("version"), bytes).unwrap();
        }
        assert_eq!(archive(&path, 1).watermark(), 0, "{version:?}");
        std::fs::remove_dir_all(&path).unwrap();
    }
    // Whatever else stands there is nobody's to take away.
    let path = folder.path().join("somebody's");
    std::fs::create_dir_all(&path).unwrap();
    for name in ["0.jnl", "letter.txt"] {
        std::fs::write(path.join(name), b"mine").unwrap();
    }
    let refused = Archive::open(&path, ArchiveSettings::default());
    assert!(refused.is_err());
    for name in ["0.jnl", "letter.txt"] {
        assert_eq!(std::fs::read(path.join(name)).unwrap(), b"mine");
    }
}
