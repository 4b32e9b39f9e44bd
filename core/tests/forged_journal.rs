//! A journal whose bytes, checksums and chain are right, and whose records were never decided on one another: whoever
//! can write the journal can work out a chain. The start is refused in words, and nothing is served.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{MARCH_MS, act, done, open, opened, pay, settings, sources};
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::digest::StateDigest;
use hubu_core::engine::error::EngineError;
use hubu_core::engine::open::Options;
use hubu_core::journal::{Batch, Records, codec, open_journal, open_reader, push_record};
use hubu_kernel::document::Value;
use hubu_kernel::evolve::Misfit;
use hubu_kernel::ident::{CatalogVersion, RowId};
use hubu_kernel::money::Cents;
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Posting;
use hubu_kernel::record::{Body, Decided, Record};
use std::path::Path;

/// The records of a small course: an opening, a payment entered and submitted, and its review.
fn records() -> Vec<Record> {
    course().0
}

/// The same, and the state that they make.
fn course() -> (Vec<Record>, StateDigest) {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    opened(&engine, 1, 10_000, 10_000);
    let paid = done(&engine, pay(&engine, 100)).document;
    let catalog = common::catalog(&engine);
    let reviewer = common::of_agency(&catalog, "reviewer", &["agency_reviewer"]);
    let none = common::field(&catalog, "payment", "alerts_blocking", Value::Int(0));
    done(&engine, act(&reviewer, paid, "review", vec![none]));
    let digest = engine.digest().unwrap();
    drop(engine);
    let mut records = Vec::new();
    let reader = open_reader(folder.path().to_str().unwrap(), &settings()).unwrap();
    let mut take = |batch: hubu_core::journal::StoredBatch<'_>| {
        records.extend(Records::new(batch.payload).map(|bytes| codec::decode(bytes).unwrap()));
        true
    };
    reader.scan(1, &mut take).unwrap();
    (records, digest)
}

/// Writes them as a journal of its own, with a chain that fits, and opens it.
fn reopen(records: &[Record], folder: &Path) -> Result<Engine, EngineError> {
    reopen_claiming(records, folder, 0)
}

/// The same, where the last batch claims to hold `more` records than it does.
fn reopen_claiming(records: &[Record], folder: &Path, more: u64) -> Result<Engine, EngineError> {
    let mut journal = open_journal(folder.to_str().unwrap(), &settings()).unwrap();
    for (record, seq) in records.iter().zip(1..) {
        let (mut bytes, mut payload) = (Vec::new(), Vec::new());
        codec::encode(record, &mut bytes);
        push_record(&mut payload, &bytes);
        let batch = Batch {
            first: seq,
            last: if seq == records.len() as u64 {
                seq + more
            } else {
                seq
            },
            payload: &payload,
        };
        journal.append(&batch).unwrap();
    }
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        ..Options::default()
    };
    Engine::open(journal, &sources(), options)
}

/// What a journal with this change is refused for, and at which record.
fn misfit(change: impl FnOnce(&mut Vec<&mut Decided>)) -> (u64, Misfit) {
    misfit_of(|records| change_decided(records, change))
}

fn change_decided(records: &mut [Record], change: impl FnOnce(&mut Vec<&mut Decided>)) {
    let decided = records
        .iter_mut()
        .filter_map(|record| match &mut record.body {
            Body::Decided(decided) => Some(&mut **decided),
            _ => None,
        });
    change(&mut decided.collect());
}

fn misfit_of(change: impl FnOnce(&mut Vec<Record>)) -> (u64, Misfit) {
    let mut records = records();
    change(&mut records);
    let folder = tempfile::tempdir().unwrap();
    match reopen(&records, folder.path()) {
        Err(EngineError::Misfit { seq, source }) => (seq, source),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a forged journal was taken"),
    }
}

#[test]
fn records_as_they_were_are_taken() {
    let ((records, digest), folder) = (course(), tempfile::tempdir().unwrap());
    assert!(records.len() >= 5, "{}", records.len());
    let engine = reopen(&records, folder.path()).unwrap();
    assert_eq!(engine.digest().unwrap(), digest);
}

#[test]
fn a_document_takes_no_other_ones_name() {
    let (_, fault) = misfit(|all| all[1].document = all[0].document);
    assert!(matches!(fault, Misfit::Name(_)), "{fault}");
    let (_, fault) = misfit(|all| all[1].document.0 += 1 << 50);
    assert!(matches!(fault, Misfit::Name(_)), "{fault}");
}

#[test]
fn catalogs_and_beginnings_have_their_place() {
    for change in [
        (|decided: &mut Decided| decided.catalog = CatalogVersion(9)) as fn(&mut Decided),
        |decided| decided.catalog = CatalogVersion(0),
        |decided| decided.entry.as_mut().unwrap().catalog = CatalogVersion(9),
    ] {
        let (_, fault) = misfit(|all| change(all[1]));
        assert!(matches!(fault, Misfit::Catalog(_)), "{fault}");
    }
    let another = |body: Body| {
        misfit_of(|records| {
            let last = records.last().unwrap().clone();
            records.push(Record { body, ..last });
        })
    };
    let sources = std::sync::Arc::from(&b"others"[..]);
    for version in [CatalogVersion(0), CatalogVersion(1), CatalogVersion(7)] {
        let sources = std::sync::Arc::clone(&sources);
        let (_, fault) = another(Body::Catalog { version, sources });
        assert_eq!(fault, Misfit::Catalog(version));
    }
    let (_, fault) = another(Body::Genesis { secret: [7; 16] });
    assert_eq!(fault, Misfit::Genesis);
}

#[test]
fn a_batch_holds_what_it_says() {
    for more in [1, 1 << 40] {
        let folder = tempfile::tempdir().unwrap();
        let refused = reopen_claiming(&records(), folder.path(), more)
            .err()
            .unwrap();
        let is_named = matches!(
            refused,
            EngineError::Misfit {
                source: Misfit::Batch,
                ..
            }
        );
        assert!(is_named, "{refused}");
    }
}

#[test]
fn a_step_that_no_state_had_is_refused_by_name() {
    // Opening, entry with submission, review: the last three records.
    let (_, fault) = misfit(|all| all[2].version = 9);
    assert!(matches!(fault, Misfit::Step(_)), "{fault}");
    let (_, fault) = misfit(|all| all[2].from = all[2].state);
    assert!(matches!(fault, Misfit::Step(_)), "{fault}");
    let (_, fault) = misfit(|all| all[2].document.0 += 1 << 20);
    assert!(matches!(fault, Misfit::Document(_)), "{fault}");
    let (seq, fault) = misfit(|all| all[1].changes[0].operation = Operation::Release);
    assert!(matches!(fault, Misfit::Change(..)), "{fault}");
    assert!(seq > 1, "the record is named");
}

#[test]
fn rows_and_postings_that_are_none_are_refused_by_name() {
    let (_, fault) =
        misfit(|all| all[1].changes[0].row = RowId(all[1].changes[0].row.0 + (1 << 20)));
    assert!(matches!(fault, Misfit::Row(_)), "{fault}");
    let (_, fault) = misfit(|all| {
        let first = all[0].rows[0].clone();
        all[0].rows.push(first);
    });
    assert!(matches!(fault, Misfit::Row(_)), "{fault}");
    for amount in [Cents(0), Cents(-1)] {
        let (_, fault) = misfit(|all| {
            let row = all[1].changes[0].row;
            all[1].postings = vec![Posting {
                debit: row,
                credit: row,
                amount,
            }];
        });
        assert!(matches!(fault, Misfit::Posting(_)), "{fault}");
    }
}

#[test]
fn what_is_held_twice_or_numbered_twice_is_refused_by_name() {
    let (_, fault) = misfit(|all| {
        all[2].phase = all[1].phase;
        all[2].changes = all[1].changes.clone();
    });
    assert!(matches!(fault, Misfit::Held(_)), "{fault}");
    let (_, fault) = misfit(|all| all[1].entry.as_mut().unwrap().number += 1);
    assert!(matches!(fault, Misfit::Number(_)), "{fault}");
}
