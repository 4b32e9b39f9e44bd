//! A command with several faults is refused for the first, in the documented order.

use crate::memory::{Memory, Step};
use hubu_kernel::decide::Move;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::{RowId, StateId};
use hubu_kernel::money::Cents;
use hubu_kernel::operation::Fault;
use hubu_kernel::posting::Posting;
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Row, RowKind};

fn consume(row: u32, amount: i64) -> Move {
    Move {
        row: RowId(row),
        effect: Effect::Consume,
        amount: Cents(amount),
        month: None,
    }
}

fn memory() -> Memory {
    let mut memory = Memory::with_rows([0, 1].map(|_| Row::new(RowKind::default())));
    memory.run(&Step::of(Phase::None)).unwrap();
    memory
}

/// Everything is wrong with this step: each mend shows the next fault.
#[test]
fn the_first_fault_is_the_answer() {
    let memory = memory();
    let mut step = Step::of(Phase::Reserve)
        .moving(&[consume(0, 7), consume(1, 8)])
        .posting(&[Posting {
            debit: RowId(0),
            credit: RowId(0),
            amount: Cents(1),
        }]);
    step.transition.from = StateId(5);
    step.if_match = Some(9);
    step.transition.not_creator = true;
    step.transition.not_previous = true;
    let refusal = |step: &Step| memory.judge(step).err();

    let state = StateId(0);
    assert_eq!(refusal(&step), Some(Rejection::WrongState { state }));
    step.transition.from = state;
    let (expected, actual) = (9, 1);
    assert_eq!(
        refusal(&step),
        Some(Rejection::StaleVersion { expected, actual })
    );
    step.if_match = Some(1);
    assert_eq!(refusal(&step), Some(Rejection::CreatorActs));
    step.transition.not_creator = false;
    assert_eq!(refusal(&step), Some(Rejection::PreviousActs));
    step.transition.not_previous = false;
    step.transition.creator_only = true;
    step.actor = "wang";
    assert_eq!(refusal(&step), Some(Rejection::NotCreator));
    step.actor = "li";
    let short = |row, asked| Rejection::Row {
        row: RowId(row),
        fault: Fault::Insufficient,
        available: Cents(0),
        asked: Cents(asked),
    };
    assert_eq!(refusal(&step), Some(short(0, 7)), "rows in key order");
    step.moves.remove(0);
    assert_eq!(refusal(&step), Some(short(1, 8)));
    step.moves.clear();
    let (debit, credit) = (RowId(0), RowId(0));
    assert_eq!(
        refusal(&step),
        Some(Rejection::Unbalanced { debit, credit })
    );
    step.postings.clear();
    assert_eq!(refusal(&step), None);
}

#[test]
fn nobody_takes_two_steps_running_where_two_are_wanted() {
    let mut memory = memory();
    let mut review = Step::of(Phase::None);
    review.transition.not_previous = true;
    assert_eq!(memory.run(&review).err(), Some(Rejection::PreviousActs));
    review.actor = "wang";
    memory.run(&review).unwrap();
    assert_eq!(memory.run(&review).err(), Some(Rejection::PreviousActs));
    review.actor = "li";
    memory.run(&review).unwrap();
    let document = memory.documents.values().next().unwrap();
    assert_eq!((document.version, &*document.creator), (3, "li"));
    assert_eq!(document.history.len(), 3);
}

#[test]
fn nobody_acts_twice_in_a_round_where_others_are_wanted() {
    let mut memory = memory();
    let mut review = Step::of(Phase::None);
    review.transition.not_acted = true;
    assert_eq!(memory.run(&review).err(), Some(Rejection::CreatorActs));
    for actor in ["wang", "zhang"] {
        review.actor = actor;
        memory.run(&review).unwrap();
        assert_eq!(memory.run(&review).err(), Some(Rejection::PreviousActs));
    }
    review.actor = "wang";
    assert_eq!(memory.run(&review).err(), Some(Rejection::ActedBefore));
    // A step without the rule is anybody's, and counts for those after it.
    let mut other = Step::of(Phase::None);
    other.actor = "chen";
    memory.run(&other).unwrap();
    review.actor = "chen";
    assert_eq!(memory.run(&review).err(), Some(Rejection::PreviousActs));
    // Whoever lets the rows go begins a new round, in which he has done nothing yet.
    let mut reject = Step::of(Phase::Release);
    reject.actor = "wang";
    memory.run(&reject).unwrap();
    review.actor = "wang";
    memory.run(&review).unwrap();
    review.actor = "zhang";
    memory.run(&review).unwrap();
    review.actor = "li";
    assert_eq!(
        memory.run(&review).err(),
        Some(Rejection::CreatorActs),
        "in every round"
    );
    let document = memory.documents.values().next().unwrap();
    let acted: Vec<&str> = document.acted.iter().map(|name| &**name).collect();
    assert_eq!(acted, ["wang", "zhang"]);
}

#[test]
fn a_new_document_is_its_creators_alone() {
    let memory = Memory::default();
    let mut step = Step::of(Phase::None);
    step.transition.not_creator = true;
    assert_eq!(memory.judge(&step).err(), Some(Rejection::CreatorActs));
    step.transition.not_creator = false;
    step.transition.not_acted = true;
    assert_eq!(memory.judge(&step).err(), Some(Rejection::CreatorActs));
}

#[test]
fn postings_stay_within_one_book() {
    let other = RowKind {
        year: hubu_kernel::ident::Year(1),
        ..RowKind::default()
    };
    let memory = Memory::with_rows([RowKind::default(), other].map(Row::new));
    let (debit, credit) = (RowId(0), RowId(1));
    let amount = Cents(1);
    let step = Step::of(Phase::Now).posting(&[Posting {
        debit,
        credit,
        amount,
    }]);
    assert_eq!(
        memory.judge(&step).err(),
        Some(Rejection::Unbalanced { debit, credit })
    );
}

#[test]
#[should_panic(expected = "reserved twice")]
fn a_catalog_that_reserves_twice_stops_the_engine() {
    let mut row = Row::new(RowKind::default());
    row.approved = Cents(100);
    let mut memory = Memory::with_rows([row]);
    let step = Step::of(Phase::Reserve).moving(&[consume(0, 1)]);
    memory.run(&step).unwrap();
    let _ = memory.run(&step);
}

/// Else what was reserved would be held for ever.
#[test]
#[should_panic(expected = "nothing is reserved")]
fn a_catalog_that_ends_a_held_document_in_one_step_stops_the_engine() {
    let mut row = Row::new(RowKind::default());
    row.approved = Cents(100);
    let mut memory = Memory::with_rows([row]);
    memory
        .run(&Step::of(Phase::Reserve).moving(&[consume(0, 1)]))
        .unwrap();
    let _ = memory.run(&Step::of(Phase::Now));
}
