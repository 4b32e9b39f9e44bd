//! The ends of the range, one by one: refused, and the row is as it was.

use crate::memory::{Memory, Step};
use hubu_kernel::decide::Move;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::RowId;
use hubu_kernel::money::Cents;
use hubu_kernel::operation::{Fault, Operation};
use hubu_kernel::posting::Posting;
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Control, Hold, Row, RowKind};
use hubu_kernel::schedule::{Month, Schedule};

const MAX: i64 = i64::MAX;

/// A row that only counts, so that nothing but arithmetic can fail.
fn counting(approved: i64, used: i64, decreasing: i64, increasing: i64) -> Row {
    let mut row = Row::new(RowKind {
        control: Control::None,
        ..RowKind::default()
    });
    [row.approved, row.used, row.decreasing, row.increasing] =
        [approved, used, decreasing, increasing].map(Cents);
    row
}

fn applied(row: &Row, operation: Operation, amount: i64) -> Result<Row, Fault> {
    let mut after = row.clone();
    match after.apply(operation, Cents(amount), None, true) {
        Ok(_) => Ok(after),
        Err(fault) => {
            assert_eq!(after, *row, "{operation:?} failed and left something");
            Err(fault)
        }
    }
}

#[test]
fn each_operation_stops_at_the_top_of_its_field() {
    let cases = [
        (Operation::ReserveConsume, counting(0, 0, MAX - 5, 0)),
        (Operation::ReserveCut, counting(0, 0, MAX - 5, 0)),
        (Operation::Consume, counting(0, MAX - 5, MAX, 0)),
        (Operation::Promise, counting(0, 0, 0, MAX - 5)),
        (Operation::Grant, counting(MAX - 5, 0, 0, MAX)),
    ];
    for (operation, row) in cases {
        assert!(applied(&row, operation, 5).is_ok(), "{operation:?}");
        assert_eq!(applied(&row, operation, 6), Err(Fault::Overflow));
        assert_eq!(applied(&row, operation, MAX), Err(Fault::Overflow));
    }
}

#[test]
fn each_operation_stops_at_nothing() {
    let cases = [
        (Operation::Release, counting(0, 0, 5, 0)),
        (Operation::Consume, counting(0, 0, 5, 0)),
        (Operation::Cut, counting(5, 0, 9, 0)),
        (Operation::Cut, counting(9, 0, 5, 0)),
        (Operation::Unpromise, counting(0, 0, 0, 5)),
        (Operation::Grant, counting(0, 0, 0, 5)),
        (Operation::Restore, counting(0, 5, 0, 0)),
    ];
    for (operation, row) in cases {
        assert!(applied(&row, operation, 5).is_ok(), "{operation:?}");
        assert_eq!(applied(&row, operation, 6), Err(Fault::Negative));
        assert_eq!(applied(&row, operation, MAX), Err(Fault::Negative));
    }
}

#[test]
fn no_operation_takes_an_amount_that_is_not_positive() {
    let row = counting(MAX / 2, MAX / 2, MAX / 2, MAX / 2);
    for operation in Operation::ALL {
        for amount in [0, -1, i64::MIN] {
            let outcome = applied(&row, operation, amount);
            match operation {
                Operation::Freeze | Operation::Thaw => assert!(outcome.is_ok()),
                _ => assert_eq!(outcome, Err(Fault::NotPositive), "{operation:?}"),
            }
        }
    }
}

#[test]
fn a_strict_row_gives_its_last_fen_and_no_more() {
    let mut row = counting(MAX, 0, 0, 0);
    row.hold = Hold::new(Control::Strict);
    let spent = applied(&row, Operation::ReserveConsume, MAX).unwrap();
    assert_eq!(spent.available(), 0);
    assert_eq!(
        applied(&spent, Operation::ReserveConsume, 1),
        Err(Fault::Insufficient)
    );
    let used = applied(&spent, Operation::Consume, MAX).unwrap();
    assert_eq!((used.used, used.decreasing), (Cents::MAX, Cents::ZERO));
}

#[test]
fn available_may_lie_below_the_range_and_is_cut_to_it_in_the_answer() {
    let row = counting(0, MAX, MAX, 0);
    assert_eq!(row.available(), -2 * i128::from(MAX));
    let memory = Memory::with_rows([row]);
    let step = Step::of(Phase::Reserve).moving(&[consume(1)]);
    assert_eq!(
        memory.judge(&step).err(),
        Some(Rejection::Row {
            row: RowId(0),
            fault: Fault::Overflow,
            available: Cents(i64::MIN),
            asked: Cents(1),
        })
    );
}

fn consume(amount: i64) -> Move {
    Move {
        row: RowId(0),
        effect: Effect::Consume,
        amount: Cents(amount),
        month: None,
    }
}

#[test]
fn lines_whose_sum_passes_the_range_are_refused_before_any_row() {
    let memory = Memory::with_rows([counting(MAX, 0, 0, 0)]);
    let step = |last| Step::of(Phase::Reserve).moving(&[consume(MAX - 1), consume(last)]);
    assert!(memory.judge(&step(1)).is_ok());
    assert_eq!(memory.judge(&step(2)).err(), Some(Rejection::Overflow));
    let below = [consume(i64::MIN), consume(-1)];
    let step = Step::of(Phase::Reserve).moving(&below);
    assert_eq!(memory.judge(&step).err(), Some(Rejection::Overflow));
}

#[test]
fn a_posting_stops_at_the_top_of_either_total() {
    for (full, fault_row) in [(0, RowId(0)), (1, RowId(1))] {
        let mut rows = [0, 0].map(|_| counting(0, 0, 0, 0));
        let total = if full == 0 {
            &mut rows[0].debit
        } else {
            &mut rows[1].credit
        };
        *total = Cents(MAX - 5);
        let memory = Memory::with_rows(rows);
        let step = |amount| {
            Step::of(Phase::Now).posting(&[Posting {
                debit: RowId(0),
                credit: RowId(1),
                amount: Cents(amount),
            }])
        };
        assert!(memory.judge(&step(5)).is_ok());
        let refusal = |fault, row, amount| Rejection::Row {
            row,
            fault,
            available: Cents(0),
            asked: Cents(amount),
        };
        for (fault, row, amount) in [
            (Fault::Overflow, fault_row, 6),
            (Fault::Overflow, fault_row, MAX),
            (Fault::NotPositive, RowId(0), 0),
            (Fault::NotPositive, RowId(0), i64::MIN),
        ] {
            let expected = refusal(fault, row, amount);
            assert_eq!(memory.judge(&step(amount)).err(), Some(expected));
        }
    }
}

fn planned(months: [i64; 12]) -> Row {
    let mut row = Row::new(RowKind {
        scheduled: true,
        control: Control::None,
        ..RowKind::default()
    });
    row.schedule = Schedule::from_months(months.map(Cents)).map(Box::new);
    row
}

#[test]
fn a_full_month_takes_no_more_and_full_months_still_add_up() {
    let mut row = planned([MAX; 12]);
    row.increasing = Cents(9);
    let before = row.clone();
    let granted = row.apply(Operation::Grant, Cents(1), Month::new(12), true);
    assert_eq!(granted, Err(Fault::Overflow));
    assert_eq!(row, before, "neither the month nor the row changed");
    let year = row.schedule.as_ref().unwrap().up_to(Month::LAST);
    assert_eq!(year, 12 * i128::from(MAX));
}

#[test]
fn a_month_is_never_planned_below_nothing() {
    assert_eq!(Schedule::from_months([Cents(-1); 12]), None);
    let mut row = planned([7; 12]);
    row.approved = Cents(84);
    row.decreasing = Cents(84);
    let before = row.clone();
    let june = Month::new(6);
    let cut = row.apply(Operation::Cut, Cents(8), june, false);
    assert_eq!(cut, Err(Fault::AheadOfPlan));
    assert_eq!(row, before);
    row.apply(Operation::Cut, Cents(7), june, false).unwrap();
    row.apply(Operation::Cut, Cents(10), None, false).unwrap();
    let months = row.schedule.as_ref().unwrap().months().map(|m| m.0);
    assert_eq!(months, [7, 7, 7, 7, 7, 0, 7, 7, 7, 7, 4, 0]);
    assert_eq!(row.approved, Cents(67));
}
