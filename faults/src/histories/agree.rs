//! Drawn histories: both ways to decide them say the same of what the model made, and of what was spoilt.

use super::dice::Dice;
use super::history::{Heard, History, Operation, Verdict};
use super::model::{Answer, Asked, Form, Kind, Row, Step};
use super::order::follow;
use super::search::{PLACES_MAX, search};

const OPERATIONS: u64 = 60;

/// How far an operation reaches to both sides of the moment at which it took effect.
const REACH: u64 = 60;

fn draw_asked(history: &mut History, dice: &mut Dice) -> Asked {
    let documents = history.forms.len() as u64;
    match dice.below(10) {
        0..2 => Asked::Row(dice.below(2) as usize),
        2 => Asked::Rows,
        3 => Asked::Sums,
        4 if documents > 0 => Asked::Document(dice.below(documents) as usize),
        5..8 if documents > 0 => {
            let steps = [
                Step::Submit,
                Step::Withdraw,
                Step::Review,
                Step::RejectSubmitted,
                Step::Approve,
            ];
            Asked::Act {
                document: dice.below(documents) as usize,
                step: steps[dice.below(5) as usize],
                if_match: dice.percent(20).then(|| dice.below(4) as u32),
            }
        }
        _ => {
            let kinds = [Kind::Payment, Kind::Quick, Kind::Virement];
            history.forms.push(Form {
                kind: kinds[dice.below(3) as usize],
                from: 0,
                to: 1,
                fen: 1 + dice.below(300) as i64,
            });
            Asked::Enter {
                document: history.forms.len() - 1,
            }
        }
    }
}

/// A history as the model plays it: operation `n` takes effect at time `10 n + 100`.
fn draw(dice: &mut Dice) -> History {
    let mut history = History {
        rows: vec![
            Row {
                approved: 1000,
                ..Row::default()
            },
            Row::default(),
        ],
        ..History::default()
    };
    let asked: Vec<Asked> = (0..OPERATIONS)
        .map(|_| draw_asked(&mut history, dice))
        .collect();
    let mut state = history.start();
    for (number, asked) in (0..).zip(asked) {
        let (answer, change) = state.judge(&history.forms, asked);
        state.take(change);
        let is_undecided = matches!(answer, Answer::Denied | Answer::Ended | Answer::Absent);
        let moment = 10 * number + 100;
        history.operations.push(Operation {
            asked,
            from: moment - dice.below(REACH),
            heard: Some(Heard {
                at: moment + 1 + dice.below(REACH),
                answer,
                seq: (!asked.is_read() && !is_undecided).then_some(number + 1),
            }),
        });
    }
    history
}

fn is_broken(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Broken(_))
}

#[test]
fn what_the_model_made_holds_and_also_with_answers_late_or_lost() {
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let mut history = draw(&mut dice);
        assert_eq!(follow(&history), Verdict::Holds, "seed {seed}");
        assert_eq!(search(&history, PLACES_MAX), Verdict::Holds, "seed {seed}");
        // An answer that comes later forbids less.
        for operation in &mut history.operations {
            let late = u64::from(dice.percent(15)) * 1_000_000_000;
            operation
                .heard
                .iter_mut()
                .for_each(|heard| heard.at += late);
        }
        assert_eq!(follow(&history), Verdict::Holds, "seed {seed}, late");
        assert_eq!(
            search(&history, PLACES_MAX),
            Verdict::Holds,
            "seed {seed}, late"
        );
        for operation in &mut history.operations {
            if dice.percent(10) {
                operation.heard = None;
            }
        }
        assert_eq!(
            search(&history, PLACES_MAX),
            Verdict::Holds,
            "seed {seed}, lost"
        );
    }
}

#[test]
fn a_sum_that_never_was_is_found_by_both() {
    for seed in 0..200 {
        let mut history = draw(&mut Dice::new(seed));
        let sums = history.operations.iter_mut().filter_map(|operation| {
            match operation.heard.as_mut().map(|heard| &mut heard.answer) {
                Some(Answer::Sums(row)) => Some(row),
                _ => None,
            }
        });
        // Transfers leave what is approved as it is.
        let Some(row) = sums.last() else { continue };
        row.approved += 1;
        assert!(is_broken(&follow(&history)), "seed {seed}");
        assert!(is_broken(&search(&history, PLACES_MAX)), "seed {seed}");
    }
}

#[test]
fn what_is_moved_in_time_is_never_found_by_the_search_alone() {
    let (mut both, mut neither) = (0, 0);
    for seed in 0..400 {
        let mut dice = Dice::new(seed);
        let mut history = draw(&mut dice);
        let operation = &mut history.operations[dice.below(OPERATIONS) as usize];
        let later = 20 + dice.below(200);
        operation.from += later;
        operation
            .heard
            .iter_mut()
            .for_each(|heard| heard.at += later);
        let (searched, followed) = (search(&history, PLACES_MAX), follow(&history));
        // The numbers are one order that the search may find: it finds no less than they explain.
        assert!(
            is_broken(&followed) || searched == Verdict::Holds,
            "seed {seed}"
        );
        both += u32::from(is_broken(&searched));
        neither += u32::from(followed == Verdict::Holds);
    }
    assert!(both > 50 && neither > 50, "both {both}, neither {neither}");
}
