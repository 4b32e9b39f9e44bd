//! What becomes of sealed values and of repeats when keys are changed, lost and stolen.

use crate::common::{act, catalog, done, field, opened, pay, person, refused};
use crate::support::*;
use hubu_core::cipher::AeadKind;
use hubu_core::engine::Engine;
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::digest;
use hubu_core::engine::error::SubmitError;
use hubu_core::fields::error::FieldsError;
use hubu_core::fields::folder;
use hubu_core::fields::keyring::Fields;
use hubu_kernel::document::Value;

#[test]
fn a_repeat_is_known_after_a_restart_and_after_the_key_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let command = payment(&engine, ACCOUNT, 100);
    let too_much = payment(&engine, ACCOUNT, 90_000);
    let batch = vec![
        payment(&engine, ACCOUNT, 1),
        payment(&engine, ACCOUNT, 95_000),
    ];
    let (first, no) = (
        done(&engine, command.clone()),
        refused(&engine, too_much.clone()),
    );
    let refused_at = |engine: &Engine| match engine.submit_atomic(&batch).unwrap() {
        BatchOutcome::Refused { index, ticket } => (index, ticket.seq),
        BatchOutcome::Done(_) => panic!("not refused"),
    };
    let batch_no = refused_at(&engine);
    let mut other = command.clone();
    set_account(&engine, &mut other, "6222000000000000000");
    let check = |engine: &Engine, what: &str| {
        assert_eq!(done(engine, command.clone()), first, "{what}");
        assert_eq!(refused(engine, too_much.clone()), no, "{what}");
        assert_eq!(refused_at(engine), batch_no, "{what}");
        let reused = engine.submit(other.clone());
        assert_eq!(reused.unwrap_err(), SubmitError::KeyReused, "{what}");
    };
    check(&engine, "at once");
    engine.close();
    drop(engine);
    for keys in [&[1][..], &[1, 2], &[1, 2, 3]] {
        let engine = open(folder.path(), sealed(keys));
        check(&engine, &format!("{keys:?}"));
        engine.close();
    }
    // And the other way round: first without keys, then with.
    let engine = open(folder.path(), Fields::default());
    let command = payment(&engine, ACCOUNT, 100);
    let first = done(&engine, command.clone());
    engine.set_fields(sealed(&[3]));
    assert_eq!(done(&engine, command), first);
}

#[test]
fn a_batch_that_is_answered_again_under_another_key_is_the_same_batch() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let batch = vec![payment(&engine, ACCOUNT, 1), payment(&engine, ACCOUNT, 2)];
    let seqs = |engine: &Engine| match engine.submit_atomic(&batch).unwrap() {
        BatchOutcome::Done(tickets) => tickets.iter().map(|t| t.seq).collect::<Vec<_>>(),
        BatchOutcome::Refused { .. } => panic!("refused"),
    };
    let first = seqs(&engine);
    engine.set_fields(sealed(&[1, 2]));
    assert_eq!(seqs(&engine), first);
    let mut outcomes = Vec::new();
    engine.submit_all(batch.clone(), &mut outcomes);
    let again: Vec<_> = outcomes.into_iter().map(|o| o.unwrap().seq).collect();
    assert_eq!(again, first);
}

#[test]
fn a_repeat_while_no_key_is_here_is_told_so_and_not_taken_for_another_command() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let command = payment(&engine, ACCOUNT, 100);
    let batch = vec![payment(&engine, ACCOUNT, 1), payment(&engine, ACCOUNT, 2)];
    let seqs = |engine: &Engine| match engine.submit_atomic(&batch).unwrap() {
        BatchOutcome::Done(tickets) => tickets.iter().map(|t| t.seq).collect::<Vec<_>>(),
        BatchOutcome::Refused { .. } => panic!("refused"),
    };
    let first = done(&engine, command.clone());
    let first_of_batch = seqs(&engine);
    engine.set_fields(sealed(&[]));
    let missing = SubmitError::Fields(FieldsError::NoKey);
    assert_eq!(engine.submit(command.clone()).unwrap_err(), missing);
    let mut outcomes = Vec::new();
    engine.submit_all(vec![command.clone()], &mut outcomes);
    assert_eq!(outcomes, [Err(missing.clone())]);
    assert_eq!(engine.submit_atomic(&batch).unwrap_err().error, missing);
    // Put back, they tell a repeat from another command again.
    engine.set_fields(sealed(&[1]));
    let mut other = command.clone();
    set_account(&engine, &mut other, "6222000000000000000");
    assert_eq!(done(&engine, command), first);
    assert_eq!(seqs(&engine), first_of_batch);
    assert_eq!(engine.submit(other).unwrap_err(), SubmitError::KeyReused);
}

#[test]
fn a_new_key_is_whole_before_it_has_its_name_and_takes_no_other_place() {
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join("made/on/the/way");
    let names = || {
        let entries = std::fs::read_dir(&keys).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    for number in [1, 2] {
        assert_eq!(folder::add(&keys, AeadKind::Sm4Gcm).unwrap(), number);
    }
    assert_eq!(names(), ["1.key", "2.key"]);
    // What a crash leaves of the third is no key, and nothing is written over it.
    let rest = keys.join("3.key.new");
    std::fs::write(&rest, "sm4-gcm:00").unwrap();
    assert_eq!(folder::read(&keys).unwrap().len(), 2);
    let error = folder::add(&keys, AeadKind::Sm4Gcm).unwrap_err();
    assert!(error.to_string().contains("3.key.new"), "{error}");
    assert_eq!(std::fs::read_to_string(&rest).unwrap(), "sm4-gcm:00");
    std::fs::remove_file(&rest).unwrap();
    assert_eq!(folder::add(&keys, AeadKind::Aes256Gcm).unwrap(), 3);
    assert_eq!(names(), ["1.key", "2.key", "3.key"]);
    assert_eq!(folder::read(&keys).unwrap().len(), 3);
}

#[test]
fn what_the_journal_keeps_of_a_command_does_not_tell_a_guessed_account() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let command = payment(&engine, ACCOUNT, 100);
    let seq = done(&engine, command.clone()).seq;
    let kept = engine.record(seq).unwrap().once;
    engine.close();
    drop(engine);
    // Who has the disk has the journal's secret, and can try every account: without the key no guess fits.
    let folder_of_thief = copied(folder.path());
    let thief = open(folder_of_thief.path(), Fields::default());
    let again = thief.submit(command.clone());
    assert_eq!(again.unwrap_err(), SubmitError::KeyReused);
    // With the key it does: the guess is the right one.
    thief.set_fields(sealed(&[1]));
    assert_eq!(thief.submit(command).unwrap().seq, seq);
    assert_ne!(kept.body, 0);
}

#[test]
fn keys_are_changed_taken_away_and_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let old = done(&engine, payment(&engine, ACCOUNT, 100)).document;
    engine.set_fields(sealed(&[1, 2]));
    let new = done(&engine, payment(&engine, ACCOUNT, 100)).document;
    let look = |engine: &Engine| {
        [old, new].map(|id| {
            seen(
                engine,
                &document(engine, id),
                "payee_account",
                "agency_clerk",
            )
        })
    };
    assert_eq!(look(&engine), [ACCOUNT, ACCOUNT]);
    let keys = [old, new].map(|id| key_of(&document(&engine, id)));
    assert_ne!(keys[0], keys[1], "the newest seals");
    engine.set_fields(sealed(&[2]));
    let missing = format!("encrypted, key {} is not here", keys[0]);
    assert_eq!(look(&engine), [missing.as_str(), ACCOUNT]);
    engine.set_fields(sealed(&[]));
    assert!(
        look(&engine)
            .iter()
            .all(|shown| shown.starts_with("encrypted, key"))
    );
    // Another key is never taken for one that is gone, whatever its number.
    engine.set_fields(Fields::Sealed(std::sync::Arc::new(ring_of(&[(1, 77)]))));
    assert_eq!(look(&engine)[0], missing);
    engine.set_fields(sealed(&[1, 2]));
    assert_eq!(look(&engine), [ACCOUNT, ACCOUNT]);
}

#[test]
fn without_a_key_a_journal_is_replayed_and_takes_what_is_not_sensitive() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    let id = done(&engine, payment(&engine, ACCOUNT, 100)).document;
    let before = engine.digest().unwrap();
    engine.close();
    drop(engine);
    let engine = open(folder.path(), sealed(&[]));
    assert_eq!(engine.digest().unwrap(), before);
    assert_eq!(digest::of_journal(&**engine.journal()).unwrap(), before);
    let refused = engine.submit(payment(&engine, ACCOUNT, 100)).unwrap_err();
    assert_eq!(refused, SubmitError::Fields(FieldsError::NoKey));
    done(&engine, pay(&engine, 100));
    let catalog = catalog(&engine);
    let reviewer = person(&catalog, "reviewer", &["agency_reviewer"]);
    let alerts = field(&catalog, "payment", "alerts_blocking", Value::Int(0));
    done(&engine, act(&reviewer, id, "review", vec![alerts]));
}
