//! Frozen rows, and the three levels of control.

use crate::memory::{Memory, Step};
use crate::strategies::{asked, month, row};
use hubu_kernel::decide::Move;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::RowId;
use hubu_kernel::money::Cents;
use hubu_kernel::operation::{Fault, Operation};
use hubu_kernel::record::Body;
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Control, Hold, Row, RowKind};
use proptest::prelude::*;

fn move_of(effect: Effect, amount: i64) -> Move {
    Move {
        row: RowId(0),
        effect,
        amount: Cents(amount),
        month: None,
    }
}

fn row_of(control: Control, approved: i64) -> Row {
    let mut row = Row::new(RowKind {
        control,
        ..RowKind::default()
    });
    row.approved = Cents(approved);
    row
}

#[test]
fn a_frozen_row_lets_nothing_be_consumed_or_cut_at_any_level() {
    for control in [Control::Strict, Control::Warn, Control::None] {
        let mut memory = Memory::with_rows([row_of(control, 100)]);
        let freeze = Step::of(Phase::Now).moving(&[move_of(Effect::Freeze, 0)]);
        let thaw = Step::of(Phase::Now).moving(&[move_of(Effect::Thaw, 0)]);
        let before = memory.rows.clone();
        memory.run(&freeze.on(2)).unwrap();
        for effect in [
            Effect::Consume,
            Effect::Cut,
            Effect::ConsumeNow,
            Effect::CutNow,
        ] {
            let step = Step::of(Phase::Now).moving(&[move_of(effect, 1)]);
            let fault = Fault::Frozen;
            let refusal = memory.judge(&step).err();
            assert!(
                matches!(refusal, Some(Rejection::Row { fault: f, .. }) if f == fault),
                "{effect:?}: {refusal:?}"
            );
        }
        memory.run(&thaw.on(3)).unwrap();
        assert_eq!(memory.rows, before, "a freeze leaves nothing behind");
        let consume = Step::of(Phase::Reserve).moving(&[move_of(Effect::Consume, 1)]);
        assert!(memory.judge(&consume).is_ok());
    }
}

/// Money on its way when the freeze came arrives: the bank has paid already.
#[test]
fn what_was_reserved_before_a_freeze_ends_as_it_would_have() {
    for (phase, used) in [(Phase::Final, 7), (Phase::Release, 0)] {
        let mut memory = Memory::with_rows([row_of(Control::Strict, 100)]);
        let consume = [move_of(Effect::Consume, 7)];
        memory
            .run(&Step::of(Phase::Reserve).moving(&consume))
            .unwrap();
        memory
            .run(
                &Step::of(Phase::Now)
                    .moving(&[move_of(Effect::Freeze, 0)])
                    .on(2),
            )
            .unwrap();
        memory.run(&Step::of(phase).moving(&consume)).unwrap();
        let row = &memory.rows[&RowId(0)];
        assert_eq!((row.used, row.decreasing), (Cents(used), Cents::ZERO));
    }
}

#[test]
fn a_frozen_row_still_receives() {
    let mut row = row_of(Control::Strict, 0);
    (row.used, row.approved) = (Cents(5), Cents(5));
    row.hold = row.hold.with_frozen(true);
    let mut memory = Memory::with_rows([row]);
    let gives = [move_of(Effect::Grant, 3), move_of(Effect::Restore, 2)];
    memory.run(&Step::of(Phase::Now).moving(&gives)).unwrap();
    let row = &memory.rows[&RowId(0)];
    assert_eq!((row.approved, row.used), (Cents(8), Cents(3)));
}

#[test]
fn strict_refuses_warn_says_so_and_none_only_counts() {
    let two_lines = [move_of(Effect::Consume, 101), move_of(Effect::Cut, 1)];
    let step = Step::of(Phase::Reserve).moving(&two_lines);
    let outcome = |control| {
        let mut memory = Memory::with_rows([row_of(control, 100)]);
        let record = memory.run(&step)?;
        let Body::Decided(decided) = record.body else {
            panic!("a step decides")
        };
        Ok((decided.warnings, memory.rows[&RowId(0)].available()))
    };
    let refusal = Rejection::Row {
        row: RowId(0),
        fault: Fault::Insufficient,
        available: Cents(100),
        asked: Cents(101),
    };
    assert_eq!(outcome(Control::Strict), Err(refusal));
    let once = vec![RowId(0)];
    assert_eq!(outcome(Control::Warn), Ok((once, -2)), "named once");
    assert_eq!(outcome(Control::None), Ok((vec![], -2)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The level decides about `available` and the plan, and about nothing else.
    #[test]
    fn levels_differ_only_where_available_or_the_plan_says_no(
        row in row(),
        operation in prop::sample::select(Operation::ALL.to_vec()),
        amount in asked(),
        month in month(),
    ) {
        let apply = |control| {
            let mut row = Row { hold: Hold::new(control), ..row.clone() };
            let applied = row.apply(operation, amount, month, true);
            (applied, Row { hold: Hold::new(Control::Strict), ..row })
        };
        let (strict, after_strict) = apply(Control::Strict);
        let (warn, after_warn) = apply(Control::Warn);
        let (none, after_none) = apply(Control::None);
        prop_assert_eq!(&after_warn, &after_none);
        prop_assert_eq!(warn.map(|_| ()), none.map(|_| ()));
        if let Err(Fault::Insufficient | Fault::AheadOfPlan) = strict {
            let reserves =
                matches!(operation, Operation::ReserveConsume | Operation::ReserveCut);
            // A cut that the schedule can't bear is arithmetic, at any level.
            prop_assert_eq!(reserves, warn != strict);
            prop_assert!(!reserves || warn.is_err() || warn.unwrap().is_some());
        } else {
            prop_assert_eq!(strict, warn);
            prop_assert_eq!(after_strict, after_warn);
        }
    }

    /// Replay does arithmetic alone: what was judged once applies the same without a judge.
    #[test]
    fn replay_does_what_was_judged(
        row in row(),
        operation in prop::sample::select(Operation::ALL.to_vec()),
        amount in asked(),
        month in month(),
    ) {
        let (mut judged, mut replayed) = (row.clone(), row.clone());
        match judged.apply(operation, amount, month, true) {
            Ok(_) => {
                prop_assert!(replayed.apply(operation, amount, month, false).is_ok());
                prop_assert_eq!(judged, replayed);
            }
            Err(_) => prop_assert_eq!(judged, row),
        }
    }
}
