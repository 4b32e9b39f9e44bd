//! Arbitrary records: any value of any type, edges more often than chance would have them.

use hubu_kernel::document::{Dimension, Document, Entry, Field, Line, RowChange, Value};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::*;
use hubu_kernel::money::Cents;
use hubu_kernel::operation::{Fault, Operation};
use hubu_kernel::posting::Posting;
use hubu_kernel::record::{Body, Decided, NewRow, Once, Record, Refused, Spawned};
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Control, Row, RowKind};
use hubu_kernel::schedule::{Month, Schedule};
use hubu_kernel::signature::{Signature, Signed};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

fn words() -> impl Strategy<Value = Box<str>> {
    prop_oneof![Just(String::new()), "[a-z0-9]{1,21}", "[户部预算a]{1,40}"].prop_map(String::into)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..300u64,
        any::<u64>(),
        (0..64u32).prop_map(|bits| u64::MAX >> bits),
        Just(0)
    ]
}

fn cents() -> impl Strategy<Value = Cents> {
    prop_oneof![
        3 => prop::sample::select(vec![100, 100, 12_345_678]),
        1 => any::<i64>(),
        1 => prop::sample::select(vec![0, i64::MAX, i64::MIN, -1]),
    ]
    .prop_map(Cents)
}

/// Few rows, so that they are named again and again, and some far ones.
fn row_id() -> impl Strategy<Value = RowId> {
    prop_oneof![4 => 0..24u32, 1 => any::<u32>()].prop_map(RowId)
}

fn document_id() -> impl Strategy<Value = DocumentId> {
    number().prop_map(DocumentId)
}

fn month() -> impl Strategy<Value = Option<Month>> {
    of(1..=12u8).prop_map(|m| m.and_then(Month::new))
}

fn control() -> impl Strategy<Value = Control> {
    prop::sample::select(vec![Control::Strict, Control::Warn, Control::None])
}

fn phase() -> impl Strategy<Value = Phase> {
    prop::sample::select(vec![
        Phase::None,
        Phase::Reserve,
        Phase::Final,
        Phase::Release,
        Phase::Now,
    ])
}

fn field() -> impl Strategy<Value = Field> {
    let value = prop_oneof![
        words().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Int),
        cents().prop_map(Value::Amount),
        any::<bool>().prop_map(Value::Flag),
        any::<i32>().prop_map(Value::Date),
        prop::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| Value::Sealed(bytes.into())),
    ];
    (any::<u16>(), value).prop_map(|(id, value)| Field {
        id: FieldId(id),
        value,
    })
}

fn dimension() -> impl Strategy<Value = Dimension> {
    (any::<u8>(), words()).prop_map(|(code, value)| Dimension { code, value })
}

fn line() -> impl Strategy<Value = Line> {
    let sides = (of(row_id()), of(row_id()));
    let dims = (vec(dimension(), 0..4), vec(dimension(), 0..4));
    (cents(), sides, dims, month(), vec(field(), 0..3)).prop_map(
        |(amount, (base, to_base), (dims, to), month, fields)| Line {
            amount,
            base,
            dims,
            to_base,
            to,
            month,
            fields,
        },
    )
}

/// An arbitrary entry.
pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let names = (0..3u16, 0..3u16, any::<u32>(), any::<u16>());
    let parts = (
        vec(field(), 0..4),
        vec(line(), 0..5),
        vec(document_id(), 0..4),
    );
    (names, words(), number(), parts).prop_map(
        |((kind, catalog, division, year), agency, number, (fields, lines, links))| Entry {
            kind: TypeId(kind),
            catalog: CatalogVersion(catalog),
            division: Division(division),
            year: Year(year),
            agency,
            number,
            fields,
            lines,
            links,
        },
    )
}

fn change() -> impl Strategy<Value = RowChange> {
    let operation = prop::sample::select(Operation::ALL.to_vec());
    (row_id(), operation, cents(), month()).prop_map(|(row, operation, amount, month)| RowChange {
        row,
        operation,
        amount,
        month,
    })
}

/// Runs of neighbours on one row, as effects make them, as well as single ones.
fn changes() -> impl Strategy<Value = Vec<RowChange>> {
    let operations = vec(prop::sample::select(Operation::ALL.to_vec()), 1..4);
    vec((change(), operations), 0..8).prop_map(|runs| {
        runs.into_iter()
            .flat_map(|(first, operations)| {
                operations
                    .into_iter()
                    .map(move |operation| RowChange { operation, ..first })
            })
            .collect()
    })
}

fn posting() -> impl Strategy<Value = Posting> {
    (row_id(), row_id(), cents()).prop_map(|(debit, credit, amount)| Posting {
        debit,
        credit,
        amount,
    })
}

fn row_kind() -> impl Strategy<Value = RowKind> {
    (
        any::<u32>(),
        any::<u16>(),
        any::<u8>(),
        control(),
        any::<bool>(),
    )
        .prop_map(|(division, year, ledger, control, scheduled)| RowKind {
            division: Division(division),
            year: Year(year),
            ledger: LedgerId(ledger),
            control,
            scheduled,
        })
}

fn new_row() -> impl Strategy<Value = NewRow> {
    (row_id(), row_kind(), vec(any::<u8>(), 0..60)).prop_map(|(id, kind, key)| NewRow {
        id,
        kind,
        key: key.into(),
    })
}

fn spawned() -> impl Strategy<Value = Spawned> {
    (document_id(), any::<u8>(), entry()).prop_map(|(document, state, entry)| Spawned {
        document,
        state: StateId(state),
        entry,
    })
}

fn signature() -> impl Strategy<Value = Signature> {
    let bytes = || vec(any::<u8>(), 0..70);
    (any::<u8>(), bytes(), bytes()).prop_map(|(algorithm, key, value)| Signature {
        algorithm,
        key: key.into(),
        value: value.into(),
    })
}

fn signed() -> impl Strategy<Value = Signed> {
    (number(), any::<u32>(), any::<u8>(), words(), signature()).prop_map(
        |(seq, version, transition, signer, signature)| Signed {
            seq: Seq(seq),
            version,
            transition: TransitionId(transition),
            signer,
            signature,
        },
    )
}

fn decided() -> impl Strategy<Value = Decided> {
    let names = (document_id(), 0..3u16, 0..3u16);
    let step = (
        of(any::<u8>()),
        any::<[u8; 2]>(),
        prop_oneof![Just(1), any::<u32>()],
        phase(),
        any::<bool>(),
    );
    let document = (
        of(entry()),
        vec(field(), 0..3),
        of(vec(line(), 0..4)),
        vec(spawned(), 0..3),
    );
    let rows = (
        vec(new_row(), 0..4),
        changes(),
        vec(posting(), 0..5),
        vec(row_id(), 0..3),
    );
    let signature = of(signature());
    (names, step, document, rows, signature).prop_map(|(names, step, document, rows, signature)| {
        let (transition, [from, state], version, phase, terminal) = step;
        let (entry, fields, lines, spawned) = document;
        let (rows, changes, postings, warnings) = rows;
        Decided {
            document: names.0,
            kind: TypeId(names.1),
            catalog: CatalogVersion(names.2),
            transition: transition.map(TransitionId),
            from: StateId(from),
            state: StateId(state),
            version,
            phase,
            terminal,
            entry,
            fields,
            lines,
            rows,
            changes,
            postings,
            spawned,
            warnings,
            signature: signature.map(Box::new),
        }
    })
}

fn rejection() -> impl Strategy<Value = Rejection> {
    let fault = prop::sample::select(Fault::ALL.to_vec());
    prop_oneof![
        any::<u8>().prop_map(|state| Rejection::WrongState {
            state: StateId(state)
        }),
        any::<[u32; 2]>()
            .prop_map(|[expected, actual]| Rejection::StaleVersion { expected, actual }),
        Just(Rejection::CreatorActs),
        Just(Rejection::PreviousActs),
        Just(Rejection::ActedBefore),
        Just(Rejection::NotCreator),
        any::<u16>().prop_map(|field| Rejection::FieldMissing {
            field: FieldId(field)
        }),
        any::<u16>().prop_map(|guard| Rejection::GuardFailed { guard }),
        (row_id(), fault, cents(), cents()).prop_map(|(row, fault, available, asked)| {
            Rejection::Row {
                row,
                fault,
                available,
                asked,
            }
        }),
        (row_id(), row_id()).prop_map(|(debit, credit)| Rejection::Unbalanced { debit, credit }),
        Just(Rejection::Overflow),
    ]
}

fn refused() -> impl Strategy<Value = Refused> {
    let key = of(vec(any::<u8>(), 0..60));
    (
        of(document_id()),
        any::<[u16; 2]>(),
        of(any::<u8>()),
        rejection(),
        key,
    )
        .prop_map(
            |(document, [kind, catalog], transition, rejection, key)| Refused {
                document,
                kind: TypeId(kind),
                catalog: CatalogVersion(catalog),
                transition: transition.map(TransitionId),
                rejection,
                row_key: key.map(Into::into),
            },
        )
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        6 => decided().prop_map(|decided| Body::Decided(Box::new(decided))),
        2 => refused().prop_map(|refused| Body::Refused(Box::new(refused))),
        1 => (any::<u16>(), vec(any::<u8>(), 0..300)).prop_map(|(version, sources)| Body::Catalog {
            version: CatalogVersion(version),
            sources: sources.into(),
        }),
        1 => any::<[u8; 16]>().prop_map(|secret| Body::Genesis { secret }),
    ]
}

/// An arbitrary record.
pub(crate) fn record() -> impl Strategy<Value = Record> {
    let once = prop_oneof![
        Just(Once::default()),
        (any::<u128>(), any::<u64>()).prop_map(|(key, body)| Once { key, body }),
    ];
    let trace = of(vec(any::<u8>(), 25)).prop_map(|t| t.and_then(|bytes| bytes.try_into().ok()));
    (number(), words(), once, trace, body()).prop_map(|(time_ms, actor, once, trace, body)| {
        Record {
            time_ms,
            actor: (&*actor).into(),
            once,
            trace,
            body,
        }
    })
}

/// An arbitrary document under way.
pub(crate) fn document() -> impl Strategy<Value = Document> {
    let place = (document_id(), any::<u8>(), any::<u32>());
    let people = (words(), words(), number(), number());
    let lists = (
        changes(),
        vec(number().prop_map(Seq), 0..9),
        vec(document_id(), 0..4),
        vec(signed(), 0..3),
    );
    (place, entry(), people, lists).prop_map(|((id, state, version), entry, people, lists)| {
        let (creator, previous, created_ms, moved_ms) = people;
        let (holds, history, downstream, signatures) = lists;
        Document {
            id,
            entry,
            state: StateId(state),
            version,
            creator,
            previous,
            acted: Vec::new(),
            created_ms,
            moved_ms,
            holds,
            history,
            downstream,
            signatures,
        }
    })
}

/// An arbitrary row: nothing negative.
pub(crate) fn row() -> impl Strategy<Value = Row> {
    let months = vec(0..=i64::MAX, 12);
    (row_kind(), vec(0..=i64::MAX, 6), months, any::<bool>()).prop_map(
        |(kind, amounts, months, frozen)| {
            let mut row = Row::new(kind);
            let fields = [
                &mut row.approved,
                &mut row.used,
                &mut row.decreasing,
                &mut row.increasing,
                &mut row.debit,
                &mut row.credit,
            ];
            for (field, amount) in fields.into_iter().zip(amounts) {
                field.0 = amount;
            }
            if let Some(schedule) = &mut row.schedule {
                let months: Vec<Cents> = months.into_iter().map(Cents).collect();
                let months: [Cents; 12] = months.try_into().expect("twelve were made");
                **schedule = Schedule::from_months(months).expect("none is negative");
            }
            row.hold = row.hold.with_frozen(frozen);
            row
        },
    )
}
