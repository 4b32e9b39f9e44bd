//! The canonical form of a document: two that differ in anything never have the same bytes, and the
//! layout stays as it was drawn.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::signing::form::{Subject, bytes, cell_name, statement};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, FieldId, RowId, StateId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Catalog::from_sources(&Sources::read_dir(&config).unwrap()).unwrap()
});

/// All that a form is made of, owned.
#[derive(Clone, PartialEq, Debug)]
struct Paper {
    cell: String,
    catalog: u16,
    kind: &'static str,
    document: u64,
    number: u64,
    version: u32,
    state: u8,
    step: usize,
    signer: String,
    division: u32,
    year: u16,
    agency: String,
    creator: String,
    links: Vec<DocumentId>,
    fields: Vec<Field>,
    lines: Vec<Line>,
}

impl Paper {
    fn with<T>(&self, look: impl FnOnce(&Subject<'_>) -> T) -> T {
        let kind = CATALOG.type_named(self.kind).unwrap();
        look(&Subject {
            cell: &self.cell,
            catalog: &CATALOG,
            catalog_version: CatalogVersion(self.catalog),
            kind,
            document: DocumentId(self.document),
            number: self.number,
            version: self.version,
            state: StateId(self.state),
            step: &kind.transitions[self.step],
            signer: &self.signer,
            division: Division(self.division),
            year: Year(self.year),
            agency: &self.agency,
            creator: &self.creator,
            links: &self.links,
            fields: &self.fields,
            lines: &self.lines,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        self.with(bytes)
    }

    /// As people see it: steps of one name are one, as the state tells them apart.
    fn seen(&self) -> Paper {
        let kind = CATALOG.type_named(self.kind).unwrap();
        let name = &kind.transitions[self.step].name;
        let first = kind.transitions.iter().position(|step| step.name == *name);
        Paper {
            step: first.unwrap(),
            ..self.clone()
        }
    }
}

/// Short words out of few letters, digits and signs, so that they meet each other's edges.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a1:#\\x00]{1,3}", "[户部]{1,2}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        words().prop_map(|text| Value::Text(text.into())),
        (0..3i64).prop_map(Value::Int),
        (0..3i64).prop_map(|n| Value::Amount(Cents(n))),
        any::<bool>().prop_map(Value::Flag),
        (0..3i32).prop_map(Value::Date),
        any::<i64>().prop_map(Value::Int),
        any::<i32>().prop_map(Value::Date),
    ]
}

/// Ascending by id, as documents have them; some ids that the type has not.
fn fields() -> impl Strategy<Value = Vec<Field>> {
    btree_map(0..6u16, value(), 0..3).prop_map(|fields| {
        let field = |(id, value)| Field {
            id: FieldId(id),
            value,
        };
        fields.into_iter().map(field).collect()
    })
}

fn dims() -> impl Strategy<Value = Vec<Dimension>> {
    btree_map(1..6u8, words(), 0..3).prop_map(|dims| {
        let dimension = |(code, value): (u8, String)| Dimension {
            code,
            value: value.into(),
        };
        dims.into_iter().map(dimension).collect()
    })
}

fn line() -> impl Strategy<Value = Line> {
    let rows = (of(0..2u32), of(0..2u32));
    let month = of(1..3u8).prop_map(|month| month.and_then(Month::new));
    let parts = (0..3i64, rows, dims(), dims(), month, fields());
    parts.prop_map(|(amount, (base, to_base), dims, to, month, fields)| Line {
        amount: Cents(amount),
        base: base.map(RowId),
        dims,
        to_base: to_base.map(RowId),
        to,
        month,
        fields,
    })
}

fn paper() -> impl Strategy<Value = Paper> {
    let head = (
        words(),
        1..3u16,
        prop::sample::select(vec!["payment", "pay_plan"]),
    );
    let document = (0..3u64, 1..3u64, 1..3u32, 0..2u8, 0..2usize);
    let whose = (words(), 0..2u32, 0..2u16, words(), words());
    let links = vec((0..3u64).prop_map(DocumentId), 0..3);
    (head, document, whose, links, fields(), vec(line(), 0..3)).prop_map(
        |(head, document, whose, links, fields, lines)| {
            let (cell, catalog, kind) = head;
            let (document, number, version, state, step) = document;
            let (signer, division, year, agency, creator) = whose;
            Paper {
                cell,
                catalog,
                kind,
                document,
                number,
                version,
                state,
                step,
                signer,
                division,
                year,
                agency,
                creator,
                links,
                fields,
                lines,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_documents_that_differ_never_have_the_same_form(one in paper(), other in paper()) {
        prop_assert_eq!(one.bytes() == other.bytes(), one.seen() == other.seen());
    }

    /// As drawn apart they differ in much; here in one part alone, which another part might make up for.
    #[test]
    fn no_change_of_one_part_goes_unseen(
        one in paper(),
        other in paper(),
        which in 0..16usize,
        second in 0..16usize,
    ) {
        let mut changed = one.clone();
        for which in [which, second] {
            match which {
                0 => changed.cell.clone_from(&other.cell),
                1 => changed.catalog = other.catalog,
                2 => changed.kind = other.kind,
                3 => changed.document = other.document,
                4 => changed.number = other.number,
                5 => changed.version = other.version,
                6 => changed.state = other.state,
                7 => changed.step = other.step,
                8 => changed.signer.clone_from(&other.signer),
                9 => changed.division = other.division,
                10 => changed.year = other.year,
                11 => changed.agency.clone_from(&other.agency),
                12 => changed.creator.clone_from(&other.creator),
                13 => changed.links.clone_from(&other.links),
                14 => changed.fields.clone_from(&other.fields),
                _ => changed.lines.clone_from(&other.lines),
            }
        }
        prop_assert_eq!(one.bytes() == changed.bytes(), one.seen() == changed.seen());
    }

    #[test]
    fn the_texts_that_are_shown_are_the_bytes_that_are_signed(paper in paper()) {
        let shown = paper.with(statement);
        prop_assert_eq!(shown.to_bytes(), paper.bytes());
        // Read back as docs/signatures.md says.
        let (bytes, mut rest) = (paper.bytes(), Vec::new());
        let mut left = &bytes[..];
        while let Some((length, after)) = left.split_first_chunk::<4>() {
            let (text, after) = after.split_at(u32::from_be_bytes(*length) as usize);
            rest.push(std::str::from_utf8(text).unwrap().to_owned());
            left = after;
        }
        let texts: Vec<String> = shown.parts.into_iter().map(|part| part.text).collect();
        prop_assert_eq!(rest, texts);
    }
}

#[test]
fn the_form_is_as_it_was_drawn() {
    let text = |code, value: &str| Dimension {
        code,
        value: value.into(),
    };
    let field = |id, value| Field {
        id: FieldId(id),
        value,
    };
    let dept_econ = CATALOG.dimension_named("dept_econ").unwrap().id;
    let paper = Paper {
        cell: cell_name(&[0x55; 16]),
        catalog: 1,
        kind: "payment",
        document: 2049,
        number: 123,
        version: 3,
        state: 3,
        step: 5,
        signer: "wang".into(),
        division: 420_106_000,
        year: 2026,
        agency: "420106000000000000001".into(),
        creator: "zhang".into(),
        links: vec![DocumentId(12)],
        fields: vec![
            field(2, Value::Text("办公".into())),
            field(9, Value::Flag(true)),
            field(11, Value::Flag(false)),
            field(13, Value::Amount(Cents(12_345))),
        ],
        lines: vec![Line {
            amount: Cents(12_345),
            base: Some(RowId(17)),
            to: vec![text(dept_econ, "30201")],
            month: Month::new(3),
            ..Line::default()
        }],
    };
    let shown = paper.with(statement);
    let texts: Vec<String> = shown
        .parts
        .iter()
        .map(|part| format!("{} = {}", part.label, part.text))
        .collect();
    let golden = include_str!("golden/signed_form.txt");
    let wanted: Vec<&str> = golden
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect();
    assert_eq!(texts, wanted);
}
