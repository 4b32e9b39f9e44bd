//! Arbitrary rows and moves, with few rows and small amounts so that they meet, and the edges.

use hubu_kernel::decide::Move;
use hubu_kernel::document::RowChange;
use hubu_kernel::effect::{Effect, Phase};
use hubu_kernel::ident::{Division, RowId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::operation::Operation;
use hubu_kernel::posting::Posting;
use hubu_kernel::row::{Control, Row, RowKind};
use hubu_kernel::schedule::{Month, Schedule};
use proptest::prelude::*;
use proptest::sample::select;

/// How many rows a generated memory has.
pub(crate) const ROWS: usize = 5;

pub(crate) const EFFECTS: [Effect; 10] = [
    Effect::Consume,
    Effect::Cut,
    Effect::Grant,
    Effect::Restore,
    Effect::Promise,
    Effect::Receive,
    Effect::ConsumeNow,
    Effect::CutNow,
    Effect::Freeze,
    Effect::Thaw,
];

/// An amount that a row can hold.
fn held() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0..1000i64, 2 => Just(0), 1 => 0..=i64::MAX, 1 => i64::MAX - 1000..=i64::MAX]
}

/// An amount that anybody may ask for.
pub(crate) fn asked() -> impl Strategy<Value = Cents> {
    prop_oneof![
        8 => 1..400i64,
        1 => any::<i64>(),
        1 => select(vec![0, -1, i64::MIN, i64::MAX, i64::MAX - 400]),
    ]
    .prop_map(Cents)
}

pub(crate) fn month() -> impl Strategy<Value = Option<Month>> {
    prop_oneof![1 => Just(None), 6 => (1..=12u8).prop_map(Month::new)]
}

pub(crate) fn control() -> impl Strategy<Value = Control> {
    select(vec![Control::Strict, Control::Warn, Control::None])
}

/// A row that keeps its promises, in one of two books.
pub(crate) fn row() -> impl Strategy<Value = Row> {
    let kind = (0..8u32, control(), any::<bool>()).prop_map(|(book, control, scheduled)| RowKind {
        division: Division(book / 7),
        year: Year(2026),
        control,
        scheduled,
        ..RowKind::default()
    });
    let months = prop::collection::vec(prop_oneof![Just(0), 0..300i64, held()], 12);
    let amounts = [held(), held(), held(), held()];
    (kind, amounts, months, 0..5u8).prop_map(|(kind, amounts, months, frozen)| {
        let mut row = Row::new(kind);
        [row.approved, row.used, row.decreasing, row.increasing] = amounts.map(Cents);
        if row.hold.control() == Control::Strict && row.available() < 0 {
            let [low, high] = [amounts[1].min(amounts[2]), amounts[1].max(amounts[2])];
            (row.used, row.decreasing) = (Cents(low / 2), Cents(high / 2));
            row.approved = Cents(row.approved.0.max(low / 2 + high / 2));
        }
        if let Some(schedule) = &mut row.schedule {
            let months: Vec<Cents> = months.into_iter().map(Cents).collect();
            let months: [Cents; 12] = months.try_into().unwrap();
            **schedule = Schedule::from_months(months).unwrap();
        }
        row.hold = row.hold.with_frozen(frozen == 0);
        row
    })
}

pub(crate) fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), ROWS)
}

pub(crate) fn row_id() -> impl Strategy<Value = RowId> {
    (0..ROWS as u32).prop_map(RowId)
}

/// Moves in row-key order, here the order of ids.
pub(crate) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = (row_id(), select(EFFECTS.to_vec()), asked(), month()).prop_map(
        |(row, effect, amount, month)| Move {
            row,
            effect,
            amount,
            month,
        },
    );
    prop::collection::vec(one, 0..6).prop_map(|mut moves| {
        moves.sort_by_key(|m| m.row);
        moves
    })
}

pub(crate) fn postings() -> impl Strategy<Value = Vec<Posting>> {
    let one = (row_id(), row_id(), asked()).prop_map(|(debit, credit, amount)| Posting {
        debit,
        credit,
        amount,
    });
    prop::collection::vec(one, 0..4)
}

/// Holds as no honest document might have them.
pub(crate) fn holds() -> impl Strategy<Value = Vec<RowChange>> {
    let operation = select(Operation::ALL.to_vec());
    let one =
        (row_id(), operation, asked(), month()).prop_map(|(row, operation, amount, month)| {
            RowChange {
                row,
                operation,
                amount,
                month,
            }
        });
    prop::collection::vec(one, 0..4)
}

pub(crate) fn phase() -> impl Strategy<Value = Phase> {
    select(vec![
        Phase::None,
        Phase::Reserve,
        Phase::Final,
        Phase::Release,
        Phase::Now,
    ])
}
