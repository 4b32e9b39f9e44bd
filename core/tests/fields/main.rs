//! Sensitive fields in the engine: sealed at rest, opened for who may see them, whatever became of their keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod keys;
mod marks;
mod support;

use common::{done, opened};
use hubu_core::engine::answer::Answer;
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::command::Command;
use hubu_core::fields::keyring::Fields;
use hubu_kernel::document::{Document, Value};
use support::*;

#[test]
fn what_may_be_seen_is_seen_in_full_and_by_others_masked() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let id = done(&engine, payment(&engine, ACCOUNT, 100)).document;
    let document = document(&engine, id);
    assert!(
        document
            .entry
            .fields
            .iter()
            .filter(|f| matches!(f.value, Value::Sealed(_)))
            .count()
            == 2
    );
    assert_eq!(
        seen(&engine, &document, "payee_account", "agency_reviewer"),
        ACCOUNT
    );
    assert_eq!(seen(&engine, &document, "payee", "payment_centre"), PAYEE);
    assert_eq!(
        seen(&engine, &document, "payee_account", "budget_office"),
        "masked 6222********7654"
    );
    assert_eq!(
        seen(&engine, &document, "payee", "system_admin"),
        "masked 汪**"
    );
    assert_eq!(
        seen(&engine, &document, "payee_match", "budget_office"),
        "Flag(true)"
    );
    let plain = engine.opened(&document).unwrap();
    let account = plain
        .entry
        .fields
        .iter()
        .find(|f| f.value == Value::Text(ACCOUNT.into()));
    assert!(account.is_some(), "the embedder's way shows all");
}

#[test]
fn no_file_of_a_journal_holds_a_sensitive_value() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let commands: Vec<Command> = (0..20).map(|_| payment(&engine, ACCOUNT, 1)).collect();
    let mut outcomes = Vec::new();
    engine.submit_all(commands, &mut outcomes);
    assert!(outcomes.iter().all(Result::is_ok));
    engine.close();
    drop(engine);
    assert_eq!(files_with(folder.path(), ACCOUNT), Vec::<String>::new());
    assert_eq!(files_with(folder.path(), PAYEE), Vec::<String>::new());
    // The search finds what is there: the same without keys.
    let plain = tempfile::tempdir().unwrap();
    let engine = open(plain.path(), Fields::default());
    opened(&engine, 1, 100_000, 60_000);
    done(&engine, payment(&engine, ACCOUNT, 1));
    engine.close();
    drop(engine);
    assert_eq!(files_with(plain.path(), ACCOUNT).len(), 1);
}

#[test]
fn documents_entered_together_are_each_bound_to_their_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let account = |n: usize| format!("62220000000000{n:05}");
    let commands: Vec<Command> = (0..40).map(|n| payment(&engine, &account(n), 1)).collect();
    let mut outcomes = Vec::new();
    engine.submit_all(commands, &mut outcomes);
    let atomic: Vec<Command> = (40..60).map(|n| payment(&engine, &account(n), 1)).collect();
    let BatchOutcome::Done(tickets) = engine.submit_atomic(&atomic).unwrap() else {
        panic!("refused");
    };
    let tickets = outcomes.into_iter().map(Result::unwrap).chain(tickets);
    for (n, ticket) in tickets.enumerate() {
        let Some(Answer::Done(done)) = ticket.answer else {
            panic!("not done")
        };
        let document = document(&engine, done.document);
        assert_eq!(
            seen(&engine, &document, "payee_account", "agency_clerk"),
            account(n)
        );
    }
    // Threads that race for the names of one agency.
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (engine, account) = (&engine, &account);
            scope.spawn(move || {
                for n in 0..50 {
                    let mine = account(1000 * (thread + 1) + n);
                    let id = done(engine, payment(engine, &mine, 1)).document;
                    let document = document(engine, id);
                    assert_eq!(seen(engine, &document, "payee_account", "auditor"), mine);
                }
            });
        }
    });
}

#[test]
fn ciphertext_that_was_changed_or_moved_shows_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let [one, two] = [ACCOUNT, ACCOUNT].map(|account| {
        let id = done(&engine, payment(&engine, account, 100)).document;
        document(&engine, id)
    });
    let is_damaged = |document: &Document, name: &str| {
        seen(&engine, document, name, "agency_clerk").starts_with("damaged")
    };
    let at = |name: &str| place_of(&engine, &one, name);
    let whole = sealed_bytes(&one, at("payee_account"));
    for byte in 0..whole.len() {
        let mut changed = one.clone();
        let mut bytes = whole.clone();
        bytes[byte] ^= 1;
        changed.entry.fields[at("payee_account")].value = Value::Sealed(bytes.into());
        let shown = seen(&engine, &changed, "payee_account", "agency_clerk");
        assert!(!shown.contains(&ACCOUNT[..4]), "byte {byte}: {shown}");
        assert!(
            shown.starts_with("damaged") || shown.starts_with("encrypted"),
            "byte {byte}: {shown}"
        );
    }
    for cut in [0, 1, 16, 17, 33, whole.len() - 1] {
        let mut changed = one.clone();
        changed.entry.fields[at("payee_account")].value = Value::Sealed(whole[..cut].into());
        assert!(is_damaged(&changed, "payee_account"), "cut to {cut}");
    }
    let mut moved = two.clone();
    moved.entry.fields[at("payee_account")] = one.entry.fields[at("payee_account")].clone();
    assert!(is_damaged(&moved, "payee_account"), "of another document");
    let mut swapped = one.clone();
    swapped.entry.fields[at("payee")].value = Value::Sealed(whole.into());
    assert!(is_damaged(&swapped, "payee"), "of another field");
    assert!(!is_damaged(&swapped, "payee_account"));
    // Another cell's.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = open(elsewhere.path(), sealed(&[1]));
    let shown = seen(&other, &one, "payee_account", "agency_clerk");
    assert!(shown.starts_with("damaged"), "{shown}");
}

#[test]
fn equal_runs_make_equal_journals_though_nonces_are_drawn() {
    let run = |seed: u64| {
        let disk = seeded(seed);
        let engine = open_on(&disk, sealed(&[1]));
        opened(&engine, 1, 100_000, 60_000);
        for n in 0..30 {
            done(&engine, keyed(payment(&engine, ACCOUNT, 1), n));
        }
        engine.close();
        journal_bytes(&engine)
    };
    let first = run(7);
    assert!(first == run(7), "the same seed, the same bytes");
    assert!(first != run(8), "and another with another");
}

#[test]
fn nobody_who_prints_a_command_or_a_document_prints_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), Fields::default());
    opened(&engine, 1, 100_000, 60_000);
    let command = payment(&engine, ACCOUNT, 100);
    let id = done(&engine, command.clone()).document;
    let shown = format!("{command:?} {:?} {:?}", document(&engine, id), sealed(&[1]));
    assert!(
        !shown.contains(ACCOUNT) && !shown.contains(PAYEE),
        "{shown}"
    );
    assert!(shown.contains("Text(19 bytes)"), "{shown}");
}
