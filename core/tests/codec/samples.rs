//! Records made by hand, one for each body and shape, with numbers that are easy to find in a dump.

use hubu_kernel::document::{Dimension, Entry, Field, Line, RowChange, Value};
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::*;
use hubu_kernel::money::Cents;
use hubu_kernel::operation::{Fault, Operation};
use hubu_kernel::posting::Posting;
use hubu_kernel::record::{Body, Decided, NewRow, Once, Record, Refused, Spawned};
use hubu_kernel::rejection::Rejection;
use hubu_kernel::row::{Control, RowKind};
use hubu_kernel::schedule::Month;
use hubu_kernel::signature::Signature;

const A: RowId = RowId(0x0101);
const B: RowId = RowId(0x0202);

fn record(body: Body) -> Record {
    Record {
        time_ms: 1_795_467_600_000,
        actor: "zhang.li".into(),
        once: Once {
            key: 0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
            body: 0x1716_1514_1312_1110,
        },
        trace: None,
        body,
    }
}

fn decided() -> Decided {
    Decided {
        document: DocumentId(300),
        kind: TypeId(7),
        catalog: CatalogVersion(1),
        transition: Some(TransitionId(2)),
        from: StateId(3),
        state: StateId(4),
        version: 5,
        phase: Phase::None,
        terminal: false,
        entry: None,
        fields: Vec::new(),
        lines: None,
        rows: Vec::new(),
        changes: Vec::new(),
        postings: Vec::new(),
        spawned: Vec::new(),
        warnings: Vec::new(),
        signature: None,
    }
}

fn change(row: RowId, operation: Operation, amount: i64, month: Option<u8>) -> RowChange {
    RowChange {
        row,
        operation,
        amount: Cents(amount),
        month: month.and_then(Month::new),
    }
}

fn entry(lines: Vec<Line>) -> Entry {
    Entry {
        kind: TypeId(7),
        catalog: CatalogVersion(1),
        division: Division(420_106_000),
        year: Year(2026),
        agency: Box::default(),
        number: 1000,
        fields: Vec::new(),
        lines,
        links: Vec::new(),
    }
}

/// One step, two rows: 1234.56 yuan from `from` to `to`, as a bulk load or a quick virement makes them.
pub(crate) fn two_rows(from: RowId, to: RowId, document: u64, number: u64) -> Record {
    let amount = Cents(123_456);
    let mut entry = entry(vec![Line {
        amount,
        base: Some(from),
        to_base: Some(to),
        ..Line::default()
    }]);
    entry.number = number;
    record(Body::Decided(Box::new(Decided {
        document: DocumentId(document),
        version: 1,
        phase: Phase::Now,
        terminal: true,
        entry: Some(entry),
        changes: vec![
            change(from, Operation::ReserveCut, amount.0, None),
            change(from, Operation::Cut, amount.0, None),
            change(to, Operation::Promise, amount.0, None),
            change(to, Operation::Grant, amount.0, None),
        ],
        postings: vec![Posting {
            debit: to,
            credit: from,
            amount,
        }],
        ..decided()
    })))
}

fn full_entry() -> Record {
    let text = |code, value: &str| Dimension {
        code,
        value: value.into(),
    };
    let field = |id, value| Field {
        id: FieldId(id),
        value,
    };
    let line = Line {
        amount: Cents(5),
        base: Some(A),
        dims: vec![text(9, "11")],
        to_base: None,
        to: vec![text(8, "22")],
        month: Month::new(6),
        fields: vec![field(300, Value::Int(-2))],
    };
    let entry = Entry {
        kind: TypeId(8),
        catalog: CatalogVersion(2),
        agency: "420106000101001".into(),
        fields: vec![
            field(1, Value::Text("户".into())),
            field(2, Value::Amount(Cents(100))),
            field(3, Value::Flag(true)),
            field(4, Value::Flag(false)),
            field(5, Value::Date(-1)),
        ],
        links: vec![DocumentId(12)],
        ..entry(vec![line])
    };
    record(Body::Decided(Box::new(Decided {
        transition: None,
        version: 1,
        entry: Some(entry),
        ..decided()
    })))
}

/// A value sealed by SM4-GCM, as the journal sees it: a head, a block of ciphertext and a tag.
fn sealed() -> Record {
    let head = [&[1, 0xa1, 0xa2, 0xa3, 0xa4][..], &[0x55; 12]];
    let bytes = [head.concat(), vec![0xcc; 16], vec![0x77; 16]].concat();
    record(Body::Decided(Box::new(Decided {
        fields: vec![Field {
            id: FieldId(5),
            value: Value::Sealed(bytes.into()),
        }],
        ..decided()
    })))
}

fn reserve() -> Record {
    let new = NewRow {
        id: B,
        kind: RowKind {
            division: Division(420_106_000),
            year: Year(2026),
            ledger: LedgerId(3),
            control: Control::Warn,
            scheduled: true,
        },
        key: Box::from([0xca, 0xfe]),
    };
    let spawned = Spawned {
        document: DocumentId(301),
        state: StateId(0),
        entry: entry(Vec::new()),
    };
    record(Body::Decided(Box::new(Decided {
        phase: Phase::Reserve,
        fields: vec![Field {
            id: FieldId(1),
            value: Value::Flag(true),
        }],
        lines: Some(vec![Line {
            amount: Cents(9),
            base: Some(B),
            ..Line::default()
        }]),
        rows: vec![new],
        changes: vec![
            change(A, Operation::ReserveConsume, 9, Some(12)),
            change(B, Operation::Freeze, 0, None),
        ],
        postings: vec![
            Posting {
                debit: A,
                credit: RowId(5),
                amount: Cents(9),
            },
            Posting {
                debit: RowId(5),
                credit: B,
                amount: Cents(8),
            },
        ],
        spawned: vec![spawned],
        warnings: vec![A],
        ..decided()
    })))
}

fn refused(rejection: Rejection) -> Record {
    record(Body::Refused(Box::new(Refused {
        document: Some(DocumentId(300)),
        kind: TypeId(7),
        catalog: CatalogVersion(1),
        transition: Some(TransitionId(2)),
        rejection,
        row_key: None,
    })))
}

fn refused_by_row() -> Record {
    record(Body::Refused(Box::new(Refused {
        document: None,
        kind: TypeId(7),
        catalog: CatalogVersion(1),
        transition: None,
        rejection: Rejection::Row {
            row: A,
            fault: Fault::Insufficient,
            available: Cents(-1),
            asked: Cents(100),
        },
        row_key: Some(Box::from([0xca, 0xfe])),
    })))
}

/// A review that was signed.
fn signed(algorithm: u8, key: Box<[u8]>) -> Record {
    record(Body::Decided(Box::new(Decided {
        signature: Some(Box::new(Signature {
            algorithm,
            key,
            value: Box::from([0x99; 64]),
        })),
        ..decided()
    })))
}

fn own(body: Body) -> Record {
    Record {
        actor: "".into(),
        once: Once::default(),
        ..record(body)
    }
}

/// Every golden file and its record.
pub(crate) fn all() -> Vec<(&'static str, Record)> {
    let mut traced = record(Body::Decided(Box::new(decided())));
    traced.trace = Some([0x77; 25]);
    vec![
        ("decided_two_rows", two_rows(A, B, 300, 1000)),
        ("decided_review_traced", traced),
        ("decided_full_entry", full_entry()),
        ("decided_reserve", reserve()),
        ("decided_sealed", sealed()),
        (
            "decided_signed_sm2",
            signed(1, [[4; 1].as_slice(), &[0x88; 64]].concat().into()),
        ),
        ("decided_signed_ed25519", signed(2, Box::from([0x88; 32]))),
        ("refused_by_row", refused_by_row()),
        (
            "refused_state",
            refused(Rejection::WrongState { state: StateId(9) }),
        ),
        (
            "refused_version",
            refused(Rejection::StaleVersion {
                expected: 3,
                actual: 400,
            }),
        ),
        ("refused_creator", refused(Rejection::CreatorActs)),
        ("refused_previous", refused(Rejection::PreviousActs)),
        ("refused_acted", refused(Rejection::ActedBefore)),
        ("refused_not_creator", refused(Rejection::NotCreator)),
        (
            "refused_field",
            refused(Rejection::FieldMissing { field: FieldId(6) }),
        ),
        (
            "refused_guard",
            refused(Rejection::GuardFailed { guard: 2 }),
        ),
        (
            "refused_unbalanced",
            refused(Rejection::Unbalanced {
                debit: A,
                credit: B,
            }),
        ),
        ("refused_overflow", refused(Rejection::Overflow)),
        (
            "catalog",
            own(Body::Catalog {
                version: CatalogVersion(2),
                sources: [0xde, 0xad].into(),
            }),
        ),
        ("genesis", own(Body::Genesis { secret: [0x55; 16] })),
    ]
}
