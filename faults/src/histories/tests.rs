//! Histories that are right or broken in one way each: both ways to decide them find it.

use super::history::{Heard, History, Operation, Verdict};
use super::model::{Answer, Asked, Form, Kind, Row, Stand, Step};
use super::order::follow;
use super::search::{PLACES_MAX, search};

/// Two rows with 1000 and 0, and payments of 100 out of the first, a transfer of 300 between them.
fn history(operations: Vec<Operation>) -> History {
    let row = |approved| Row {
        approved,
        ..Row::default()
    };
    let payment = Form {
        kind: Kind::Payment,
        from: 0,
        to: 0,
        fen: 100,
    };
    let transfer = Form {
        kind: Kind::Quick,
        to: 1,
        fen: 300,
        ..payment
    };
    History {
        rows: vec![row(1000), row(0)],
        numbers: [0; 3],
        forms: vec![payment, payment, transfer, payment],
        operations,
    }
}

fn heard(asked: Asked, from: u64, at: u64, seq: Option<u64>, answer: Answer) -> Operation {
    Operation {
        asked,
        from,
        heard: Some(Heard { at, answer, seq }),
    }
}

fn entered(document: usize, times: (u64, u64), seq: u64, number: u64) -> Operation {
    let stand = [Stand::Submitted, Stand::Ended][usize::from(document == 2)];
    let answer = Answer::Moved {
        stand,
        version: 1,
        number: Some(number),
    };
    heard(
        Asked::Enter { document },
        times.0,
        times.1,
        Some(seq),
        answer,
    )
}

fn lost(asked: Asked, from: u64) -> Operation {
    Operation {
        asked,
        from,
        heard: None,
    }
}

fn act(document: usize, step: Step) -> Asked {
    Asked::Act {
        document,
        step,
        if_match: None,
    }
}

/// A read of the first row that has so much reserved.
fn read(times: (u64, u64), decreasing: i64) -> Operation {
    let row = Row {
        approved: 1000,
        decreasing,
        ..Row::default()
    };
    heard(
        Asked::Row(0),
        times.0,
        times.1,
        None,
        Answer::Rows(vec![row]),
    )
}

/// A read of both rows in one answer.
fn list(times: (u64, u64), approved: [i64; 2]) -> Operation {
    let row = |approved| Row {
        approved,
        ..Row::default()
    };
    let rows = approved.map(row).to_vec();
    heard(Asked::Rows, times.0, times.1, None, Answer::Rows(rows))
}

fn holds(operations: Vec<Operation>) {
    let history = history(operations);
    assert_eq!(search(&history, PLACES_MAX), Verdict::Holds);
    assert_eq!(follow(&history), Verdict::Holds);
}

fn broken(operations: Vec<Operation>) {
    let history = history(operations);
    let (searched, followed) = (search(&history, PLACES_MAX), follow(&history));
    assert!(
        matches!(searched, Verdict::Broken(_)),
        "search: {searched:?}"
    );
    assert!(
        matches!(followed, Verdict::Broken(_)),
        "order: {followed:?}"
    );
}

#[test]
fn what_is_under_way_may_be_seen_or_not() {
    holds(vec![
        entered(0, (10, 50), 1, 1),
        read((15, 20), 0),
        read((21, 30), 100),
        read((60, 70), 100),
    ]);
}

#[test]
fn a_lost_update_is_found() {
    broken(vec![
        entered(0, (10, 20), 1, 1),
        entered(1, (10, 20), 2, 2),
        read((30, 40), 100),
    ]);
}

#[test]
fn a_stale_read_is_found() {
    broken(vec![entered(0, (10, 20), 1, 1), read((21, 30), 0)]);
}

#[test]
fn a_dirty_read_is_found() {
    let refused = Answer::Insufficient { available: 1000 };
    // It was refused, but a reader saw its effect.
    broken(vec![
        heard(
            Asked::Enter { document: 0 },
            10,
            50,
            Some(1),
            refused.clone(),
        ),
        read((20, 30), 100),
    ]);
    // Refused although there was enough.
    broken(vec![heard(
        Asked::Enter { document: 0 },
        10,
        50,
        Some(1),
        refused,
    )]);
}

#[test]
fn a_write_seen_and_then_unseen_is_found() {
    broken(vec![
        entered(0, (10, 90), 1, 1),
        read((20, 30), 100),
        read((40, 50), 0),
        read((91, 95), 100),
    ]);
}

#[test]
fn a_doubled_effect_is_found() {
    broken(vec![entered(0, (10, 20), 1, 1), read((30, 40), 200)]);
}

#[test]
fn money_in_two_places_or_nowhere_is_found() {
    let transfer = || entered(2, (10, 50), 1, 1);
    holds(vec![
        transfer(),
        list((15, 20), [1000, 0]),
        list((25, 30), [700, 300]),
    ]);
    broken(vec![transfer(), list((15, 20), [700, 0])]);
    broken(vec![transfer(), list((15, 20), [1000, 300])]);
}

#[test]
fn a_step_that_was_acknowledged_and_is_gone_is_found() {
    let draft = |version| Answer::Moved {
        stand: Stand::Draft,
        version,
        number: None,
    };
    let seen = |stand, version| Answer::Document { stand, version };
    let steps = |last: Operation| {
        vec![
            entered(0, (10, 20), 1, 1),
            heard(act(0, Step::Withdraw), 30, 40, Some(2), draft(2)),
            last,
        ]
    };
    holds(steps(heard(
        Asked::Document(0),
        50,
        60,
        None,
        seen(Stand::Draft, 2),
    )));
    broken(steps(heard(
        Asked::Document(0),
        50,
        60,
        None,
        seen(Stand::Submitted, 1),
    )));
    broken(steps(heard(
        Asked::Document(0),
        50,
        60,
        None,
        Answer::Absent,
    )));
    // A second withdrawal that succeeds as well.
    broken(steps(heard(
        act(0, Step::Withdraw),
        50,
        60,
        Some(3),
        draft(3),
    )));
}

#[test]
fn a_number_given_twice_is_found() {
    broken(vec![entered(0, (10, 20), 1, 1), entered(1, (30, 40), 2, 1)]);
}

#[test]
fn numbers_against_real_time_are_found() {
    // Each effect is right, but the engine's order is not that of the clients: only the order can say.
    let backwards = history(vec![entered(0, (10, 20), 2, 1), entered(1, (30, 40), 1, 2)]);
    assert_eq!(search(&backwards, PLACES_MAX), Verdict::Holds);
    assert!(matches!(follow(&backwards), Verdict::Broken(_)));
}

#[test]
fn what_nobody_heard_of_took_effect_at_some_time_or_never() {
    let lost = || lost(Asked::Enter { document: 0 }, 10);
    let decided = |operations| search(&history(operations), PLACES_MAX);
    assert_eq!(decided(vec![lost(), read((20, 30), 0)]), Verdict::Holds);
    assert_eq!(
        decided(vec![lost(), read((20, 30), 0), read((40, 50), 100)]),
        Verdict::Holds
    );
    let unseen = decided(vec![lost(), read((20, 30), 100), read((40, 50), 0)]);
    assert!(matches!(unseen, Verdict::Broken(_)));
    let early = decided(vec![read((1, 5), 100), lost()]);
    assert!(matches!(early, Verdict::Broken(_)));
    let twice = decided(vec![lost(), read((20, 30), 200)]);
    assert!(matches!(twice, Verdict::Broken(_)));
    assert!(matches!(follow(&history(vec![lost()])), Verdict::Broken(_)));
}

#[test]
fn too_hard_is_said_to_be_undecided() {
    let all = vec![
        entered(0, (10, 90), 1, 1),
        read((20, 30), 100),
        read((40, 50), 0),
    ];
    assert_eq!(search(&history(all), 1), Verdict::Undecided);
}
