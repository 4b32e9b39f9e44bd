//! The cumulative rule (分月累计), against a model that keeps every month apart.
//!
//! The kernel compares the total of what was consumed with what is planned up to the month. That is
//! never laxer than month by month, and the same where consumption comes in the order of the months.

use hubu_kernel::money::Cents;
use hubu_kernel::operation::{Fault, Operation};
use hubu_kernel::row::{Row, RowKind};
use hubu_kernel::schedule::Month;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Act {
    Plan { month: u8, amount: i64 },
    Pay { month: u8, amount: i64 },
    Reject { payment: usize },
    Refund { payment: usize },
    Cut { month: Option<u8>, amount: i64 },
    CompleteCut { cut: usize },
    AbandonCut { cut: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (month, amount) = (1..=12u8, 1..60i64);
    let one = prop_oneof![
        3 => (month.clone(), amount.clone()).prop_map(|(month, amount)| Act::Plan { month, amount }),
        5 => (month.clone(), amount.clone()).prop_map(|(month, amount)| Act::Pay { month, amount }),
        1 => (0..9usize).prop_map(|payment| Act::Reject { payment }),
        1 => (0..9usize).prop_map(|payment| Act::Refund { payment }),
        2 => (prop::option::of(month), amount).prop_map(|(month, amount)| Act::Cut { month, amount }),
        2 => (0..4usize).prop_map(|cut| Act::CompleteCut { cut }),
        1 => (0..4usize).prop_map(|cut| Act::AbandonCut { cut }),
    ];
    prop::collection::vec(one, 1..60)
}

/// Every month apart: what is planned, and every payment that stands.
#[derive(Debug, Default)]
struct Months {
    planned: [i64; 12],
    payments: Vec<(u8, i64)>,
    cuts: Vec<(Option<u8>, i64)>,
}

impl Months {
    fn planned_up_to(&self, month: u8) -> i64 {
        self.planned[..usize::from(month)].iter().sum()
    }

    fn paid_up_to(&self, month: u8) -> i64 {
        let upto = self.payments.iter().filter(|(m, _)| *m <= month);
        upto.map(|(_, amount)| amount).sum()
    }

    fn holds(&self) -> bool {
        (1..=12).all(|month| self.paid_up_to(month) <= self.planned_up_to(month))
    }

    fn cut(&mut self, month: Option<u8>, mut amount: i64) {
        let months = match month {
            Some(month) => usize::from(month) - 1..usize::from(month),
            None => 0..12,
        };
        for planned in self.planned[months].iter_mut().rev() {
            let part = amount.min(*planned);
            *planned -= part;
            amount -= part;
        }
        assert_eq!(amount, 0, "the kernel cut more than there was");
    }
}

fn plan_row() -> Row {
    Row::new(RowKind {
        scheduled: true,
        ..RowKind::default()
    })
}

fn apply(
    row: &mut Row,
    operations: &[Operation],
    amount: i64,
    month: Option<u8>,
) -> Result<(), Fault> {
    let mut after = row.clone();
    for operation in operations {
        after.apply(*operation, Cents(amount), month.and_then(Month::new), true)?;
    }
    *row = after;
    Ok(())
}

/// Runs one act on the row and, where the row allows it, on the months.
fn act(row: &mut Row, months: &mut Months, act: Act) {
    match act {
        Act::Plan { month, amount } => {
            let grant = [Operation::Promise, Operation::Grant];
            apply(row, &grant, amount, Some(month)).unwrap();
            months.planned[usize::from(month) - 1] += amount;
        }
        Act::Pay { month, amount } => {
            let pay = [Operation::ReserveConsume, Operation::Consume];
            if apply(row, &pay, amount, Some(month)).is_ok() {
                months.payments.push((month, amount));
            }
        }
        Act::Reject { payment } | Act::Refund { payment } => {
            if payment < months.payments.len() {
                let (_, amount) = months.payments.swap_remove(payment);
                apply(row, &[Operation::Restore], amount, None).unwrap();
            }
        }
        Act::Cut { month, amount } => {
            if apply(row, &[Operation::ReserveCut], amount, month).is_ok() {
                months.cuts.push((month, amount));
            }
        }
        Act::CompleteCut { cut } => {
            if let Some(&(month, amount)) = months.cuts.get(cut)
                && apply(row, &[Operation::Cut], amount, month).is_ok()
            {
                months.cuts.swap_remove(cut);
                months.cut(month, amount);
            }
        }
        Act::AbandonCut { cut } => {
            if cut < months.cuts.len() {
                let (_, amount) = months.cuts.swap_remove(cut);
                apply(row, &[Operation::Release], amount, None).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn consumption_never_passes_the_plan_of_any_month(acts in acts()) {
        let (mut row, mut months) = (plan_row(), Months::default());
        for one in acts {
            act(&mut row, &mut months, one);
            prop_assert!(months.holds(), "after {:?}: {:?}", one, months);
            let planned = row.schedule.as_ref().unwrap().months().map(|m| m.0);
            prop_assert_eq!(planned, months.planned);
            prop_assert_eq!(row.approved.0, months.planned.iter().sum::<i64>());
            prop_assert_eq!(row.used.0, months.paid_up_to(12));
        }
    }

    #[test]
    fn in_the_order_of_the_months_the_rule_is_exact(
        planned in prop::array::uniform12(0..50i64),
        mut payments in prop::collection::vec((1..=12u8, 1..40i64), 1..30),
    ) {
        let (mut row, mut months) = (plan_row(), Months::default());
        for (month, amount) in (1..=12).zip(planned) {
            if amount > 0 {
                act(&mut row, &mut months, Act::Plan { month, amount });
            }
        }
        payments.sort_by_key(|(month, _)| *month);
        for (month, amount) in payments {
            let allowed = months.paid_up_to(month) + amount <= months.planned_up_to(month);
            let paid = months.payments.len();
            act(&mut row, &mut months, Act::Pay { month, amount });
            prop_assert_eq!(months.payments.len() > paid, allowed);
        }
    }
}

#[test]
fn a_plan_row_asks_for_the_month() {
    let mut row = plan_row();
    row.approved = Cents(10);
    let refused = apply(&mut row, &[Operation::ReserveConsume], 1, None);
    assert_eq!(refused, Err(Fault::MonthMissing));
    let granted = apply(&mut row, &[Operation::Promise, Operation::Grant], 1, None);
    assert_eq!(granted, Err(Fault::MonthMissing));
}

#[test]
fn unused_months_roll_forward_and_later_ones_cannot_be_used_early() {
    let (mut row, mut months) = (plan_row(), Months::default());
    for (month, amount) in [(1, 100), (6, 50)] {
        act(&mut row, &mut months, Act::Plan { month, amount });
    }
    let reserve = [Operation::ReserveConsume];
    let early = apply(&mut row, &reserve, 101, Some(5));
    assert_eq!(early, Err(Fault::AheadOfPlan));
    apply(&mut row, &reserve, 100, Some(5)).unwrap();
    apply(&mut row, &reserve, 50, Some(6)).unwrap();
    let over = apply(&mut row, &reserve, 1, Some(12));
    assert_eq!(over, Err(Fault::Insufficient));
}

#[test]
fn a_month_that_is_spent_cannot_be_cut() {
    let (mut row, mut months) = (plan_row(), Months::default());
    for (month, amount) in [(1, 100), (12, 100)] {
        act(&mut row, &mut months, Act::Plan { month, amount });
    }
    act(
        &mut row,
        &mut months,
        Act::Pay {
            month: 1,
            amount: 80,
        },
    );
    let cut = |row: &mut Row, amount, month| apply(row, &[Operation::ReserveCut], amount, month);
    assert_eq!(cut(&mut row, 21, Some(1)), Err(Fault::AheadOfPlan));
    cut(&mut row, 20, Some(1)).unwrap();
    cut(&mut row, 100, None).unwrap();
}
