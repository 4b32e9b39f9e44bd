//! The path of a command through the engine on a file journal: accepted, refused, repeated, restarted.

mod common;

use common::*;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::error::SubmitError;
use hubu_kernel::money::Cents;
use hubu_kernel::operation::Fault;
use hubu_kernel::rejection::Rejection;

#[test]
fn a_payment_consumes_indicator_and_plan_and_a_withdrawal_gives_both_back() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 500_000, 300_000);
    let plan = row(&engine, "PLN", 1);
    let before = (engine.row(indicator).0, engine.row(plan).0);

    let done = done(&engine, pay(&engine, 120_000));
    assert_eq!(amounts(&engine, indicator), [500_000, 0, 120_000, 0]);
    assert_eq!(amounts(&engine, plan), [300_000, 0, 120_000, 0]);
    assert_eq!((done.version, done.number.map(|n| n.2)), (1, Some(1)));

    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    common::done(&engine, act(&clerk, done.document, "withdraw", vec![]));
    assert_eq!(
        (engine.row(indicator).0, engine.row(plan).0),
        before,
        "bit for bit"
    );
}

#[test]
fn a_refusal_names_the_row_changes_nothing_and_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 500_000, 60_000);
    let command = pay(&engine, 80_000);
    let refusal = refused(&engine, command.clone());
    let plan = row(&engine, "PLN", 1);
    let expected = Rejection::Row {
        row: plan,
        fault: Fault::Insufficient,
        available: Cents(60_000),
        asked: Cents(80_000),
    };
    assert_eq!(refusal.rejection, expected);
    assert_eq!(refusal.row_key, engine.row(plan).0.map(|r| r.key));
    assert_eq!(amounts(&engine, indicator), [500_000, 0, 0, 0]);

    // The plan grows; the late retry still gets the no that somebody acted on.
    opened(&engine, 1, 500_000, 100_000);
    assert_eq!(answered(&engine, command.clone()), Answer::Refused(refusal));
    // Asked anew, it is a yes.
    done(&engine, pay(&engine, 80_000));
    // The same key for something else is refused without an answer.
    let mut other = pay(&engine, 1);
    other.key = command.key;
    assert_eq!(engine.submit(other).unwrap_err(), SubmitError::KeyReused);
}

#[test]
fn everything_is_as_it_was_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 500_000, 300_000);
    let command = pay(&engine, 120_000);
    let first = answered(&engine, command.clone());
    let rows = engine.row(indicator).0;
    let Answer::Done(done) = &first else {
        panic!("{first:?}")
    };
    let document = engine.document(done.document).0;
    drop(engine);

    let engine = open(folder.path());
    assert_eq!(engine.row(indicator).0, rows);
    assert_eq!(engine.document(done.document).0, document);
    assert_eq!(
        answered(&engine, command),
        first,
        "a repeat gets the first answer"
    );
    // Numbers go on without a gap.
    let next = common::done(&engine, pay(&engine, 1));
    assert_eq!(next.number.map(|n| n.2), Some(2));
}

#[test]
fn an_atomic_batch_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 100_000, 100_000);
    let before = (engine.row(indicator).0, engine.newest());
    let bad = [
        pay(&engine, 60_000),
        pay(&engine, 30_000),
        pay(&engine, 20_000),
    ];
    match engine.submit_atomic(&bad).unwrap() {
        BatchOutcome::Refused { index, ticket } => {
            assert_eq!(index, 2, "the third one finds 10,000 left");
            assert!(matches!(ticket.answer, Some(Answer::Refused(_))));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(engine.row(indicator).0, before.0);
    assert_eq!(
        engine.newest().0,
        before.1.0 + 1,
        "only the refusal is journalled"
    );
    // Again, as a whole and where there would be room for the others.
    let refusal = engine.newest();
    for again in [&bad[..], &[pay(&engine, 1), bad[2].clone()]] {
        match engine.submit_atomic(again).unwrap() {
            BatchOutcome::Refused { index, ticket } => {
                assert_eq!((index, ticket.seq), (again.len() - 1, refusal));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(engine.newest(), refusal, "a repeat adds nothing");
    assert_eq!(engine.row(indicator).0, before.0);

    let good = [pay(&engine, 60_000), pay(&engine, 40_000)];
    let BatchOutcome::Done(tickets) = engine.submit_atomic(&good).unwrap() else {
        panic!()
    };
    let numbers: Vec<_> = tickets
        .iter()
        .map(|t| match &t.answer {
            Some(Answer::Done(done)) => done.number.unwrap().2,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        numbers,
        [1, 2],
        "what was put back left no gap in the series"
    );
    assert_eq!(amounts(&engine, indicator), [100_000, 0, 100_000, 0]);
    // The whole batch again: the first answers, and nothing twice.
    let BatchOutcome::Done(again) = engine.submit_atomic(&good).unwrap() else {
        panic!()
    };
    assert_eq!(
        again.iter().map(|t| t.seq).collect::<Vec<_>>(),
        tickets.iter().map(|t| t.seq).collect::<Vec<_>>()
    );
    assert_eq!(amounts(&engine, indicator), [100_000, 0, 100_000, 0]);
}

#[test]
fn many_threads_on_one_row_never_overdraw_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let indicator = opened(&engine, 1, 1_000, 1_000);
    let accepted: usize = std::thread::scope(|scope| {
        let run = || {
            (0..200)
                .filter(|_| matches!(answered(&engine, pay(&engine, 7)), Answer::Done(_)))
                .count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(accepted, 1_000 / 7);
    assert_eq!(amounts(&engine, indicator), [1_000, 0, 7 * (1_000 / 7), 0]);
    drop(engine);
    let engine = open(folder.path());
    assert_eq!(amounts(&engine, indicator), [1_000, 0, 7 * (1_000 / 7), 0]);
}
