//! Lines that name one row are summed before they are judged.

use crate::memory::{Memory, Step};
use hubu_kernel::decide::Move;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::RowId;
use hubu_kernel::money::Cents;
use hubu_kernel::operation::{Fault, Operation};
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Row, RowKind};
use hubu_kernel::schedule::Month;
use proptest::prelude::*;

fn one_row(approved: i64) -> Memory {
    let mut row = Row::new(RowKind::default());
    row.approved = Cents(approved);
    Memory::with_rows([row])
}

fn line(amount: i64) -> Move {
    Move {
        row: RowId(0),
        effect: Effect::Consume,
        amount: Cents(amount),
        month: None,
    }
}

#[test]
fn the_refusal_names_the_sum_and_what_was_there_before_the_first_line() {
    let step = Step::of(Phase::Reserve).moving(&[line(60), line(60)]);
    assert_eq!(
        one_row(100).judge(&step).err(),
        Some(Rejection::Row {
            row: RowId(0),
            fault: Fault::Insufficient,
            available: Cents(100),
            asked: Cents(120),
        })
    );
}

#[test]
fn other_months_and_other_effects_are_kept_apart() {
    let (may, june) = (Month::new(5), Month::new(6));
    let at = |month, amount| Move {
        month,
        ..line(amount)
    };
    let cut = Move {
        effect: Effect::Cut,
        ..line(5)
    };
    let step = Step::of(Phase::Reserve).moving(&[at(may, 1), at(may, 2), at(june, 4), cut]);
    let changes = one_row(100).judge(&step).unwrap().changes;
    let seen: Vec<_> = changes
        .iter()
        .map(|c| (c.operation, c.month, c.amount.0))
        .collect();
    assert_eq!(
        seen,
        [
            (Operation::ReserveConsume, may, 3),
            (Operation::ReserveConsume, june, 4),
            (Operation::ReserveCut, None, 5)
        ]
    );
}

proptest! {
    #[test]
    fn many_lines_are_one_line_of_their_sum(
        amounts in prop::collection::vec(1..200i64, 1..8),
        approved in 0..1000i64,
    ) {
        let lines: Vec<Move> = amounts.iter().copied().map(line).collect();
        let sum = [line(amounts.iter().sum())];
        let (mut many, mut one) = (one_row(approved), one_row(approved));
        let split = many.run(&Step::of(Phase::Reserve).moving(&lines));
        let whole = one.run(&Step::of(Phase::Reserve).moving(&sum));
        prop_assert_eq!(split, whole);
        prop_assert_eq!(many, one);
    }
}
