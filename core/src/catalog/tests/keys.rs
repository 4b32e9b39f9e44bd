//! Row keys: what a line chooses, and that a key says again what went into it.

use super::config::catalog;
use crate::catalog::bag::Bag;
use crate::catalog::key::{KEY_MAX, KeyError, LineView, RowKey};
use crate::catalog::model::Catalog;
use hubu_kernel::document::{Field, Value};
use hubu_kernel::ident::{Division, Year};
use hubu_kernel::schedule::Month;
use proptest::prelude::*;

const AGENCY: &str = "420106000001001000123";
const PROJECT: &str = "420106261050012345678";

/// Dimensions of an indicator row.
fn indicator(catalog: &Catalog) -> Bag {
    bag(
        catalog,
        &[
            ("agency_code", AGENCY),
            ("fund_type", "1"),
            ("source_type", "1"),
            ("budget_level", "4"),
            ("exp_func", "2010101"),
            ("office", "003"),
            ("dept", "105"),
            ("pro_code", PROJECT),
            ("gov_econ", "50201"),
            ("pay_mode", "2"),
            ("marks", "00"),
        ],
    )
}

fn bag(catalog: &Catalog, pairs: &[(&str, &str)]) -> Bag {
    let mut bag = Bag::new();
    for (name, value) in pairs {
        let dimension = catalog.dimension_named(name).expect(name);
        assert!(dimension.accepts(value), "{name} {value}");
        bag.set(dimension.id, value);
    }
    bag
}

fn rows(
    catalog: &Catalog,
    name: &str,
    view: &LineView<'_>,
) -> Vec<(String, Result<Option<RowKey>, KeyError>)> {
    let kind = catalog.type_named(name).expect(name);
    let row =
        |rule: &crate::catalog::document::RowRule| (rule.name.clone(), catalog.key_of(rule, view));
    kind.rows.iter().map(row).collect()
}

fn view<'a>(line: &'a Bag, to: &'a Bag, header: &'a [Field]) -> LineView<'a> {
    LineView {
        division: Division(420_106_000),
        year: Year(2026),
        header,
        line,
        to,
        month: Month::new(6),
        fields: &[],
    }
}

#[test]
fn an_indicator_key_is_short_and_says_what_went_into_it() {
    let catalog = catalog();
    let ledger = catalog.ledger_named("IND").expect("there");
    let line = indicator(&catalog);
    let key = catalog
        .key(ledger, Year(2026), Division(420_106_000), &line)
        .expect("whole");
    assert!(key.as_bytes().len() <= 60, "{}", key.as_bytes().len());
    let parts = catalog.read_key(key.as_bytes()).expect("ours");
    assert_eq!(
        (parts.ledger, parts.year, parts.division),
        (ledger.id, Year(2026), Division(420_106_000))
    );
    assert_eq!(parts.bag, line);
}

#[test]
fn a_payment_touches_its_contract_only_when_it_names_one() {
    let catalog = catalog();
    let line = indicator(&catalog);
    let mut to = line.clone();
    to.overlay(&bag(&catalog, &[("dept_econ", "30201")]).to_pairs());
    let plain = rows(&catalog, "payment", &view(&line, &to, &[]));
    let touched = |rows: &[(String, Result<Option<RowKey>, KeyError>)]| -> Vec<String> {
        rows.iter()
            .filter(|(_, key)| matches!(key, Ok(Some(_))))
            .map(|(name, _)| name.clone())
            .collect()
    };
    assert_eq!(touched(&plain), ["IND", "PLN", "CPL", "PAY"]);
    to.overlay(&bag(&catalog, &[("contract_no", "HT-2026-17")]).to_pairs());
    let contract = rows(&catalog, "payment", &view(&line, &to, &[]));
    assert_eq!(
        touched(&contract),
        ["IND", "PLN", "CPL", "CON", "CPG", "PAY"]
    );
    let paid = contract
        .iter()
        .find(|(name, _)| name == "PAY")
        .expect("there")
        .1
        .clone();
    let parts = catalog
        .read_key(paid.expect("whole").expect("touched").as_bytes())
        .expect("ours");
    let month = catalog.dimension_named("month").expect("there").id;
    assert_eq!(parts.bag.get(month), Some("06"));
}

#[test]
fn a_required_dimension_that_is_missing_is_named() {
    let catalog = catalog();
    let line = indicator(&catalog);
    let found = rows(&catalog, "payment", &view(&line, &line, &[]));
    let paid = &found
        .iter()
        .find(|(name, _)| name == "PAY")
        .expect("there")
        .1;
    let missing = KeyError::Missing {
        ledger: "PAY".into(),
        dimension: "dept_econ".into(),
    };
    assert_eq!(*paid, Err(missing));
}

#[test]
fn a_transfer_promises_the_row_that_its_receipt_receives() {
    let catalog = catalog();
    let pool = bag(
        &catalog,
        &[
            ("fund_type", "1"),
            ("source_type", "1"),
            ("budget_level", "2"),
            ("exp_func", "2130101"),
            ("office", "003"),
            ("pro_code", PROJECT),
            ("marks", "01"),
            ("trace_id", "T2026-17"),
        ],
    );
    let mut to = pool.clone();
    to.overlay(&bag(&catalog, &[("to_div", "420625000")]).to_pairs());
    let grant = |id: u16| Field {
        id: hubu_kernel::ident::FieldId(id),
        value: Value::Text("3".into()),
    };
    let issued = rows(
        &catalog,
        "special_transfer_issue",
        &LineView {
            division: Division(420_000_000),
            ..view(&pool, &to, &[grant(6)])
        },
    );
    let promised = issued
        .iter()
        .find(|(name, _)| name == "child")
        .expect("there")
        .1
        .clone();
    let header = [
        grant(4),
        Field {
            id: hubu_kernel::ident::FieldId(6),
            value: Value::Text("OFF".into()),
        },
        Field {
            id: hubu_kernel::ident::FieldId(7),
            value: Value::Text("017".into()),
        },
    ];
    to.set(catalog.dimension_named("to_div").expect("there").id, "");
    let receipt = rows(
        &catalog,
        "transfer_receipt",
        &LineView {
            division: Division(420_625_000),
            ..view(&to, &to, &header)
        },
    );
    let by_name = |name: &str| {
        receipt
            .iter()
            .find(|(row, _)| row == name)
            .expect("there")
            .1
            .clone()
    };
    assert_eq!(promised.expect("whole"), by_name("SRC").expect("whole"));
    assert_eq!(by_name("TOT"), Ok(None));
    let office = by_name("OFF").expect("whole").expect("touched");
    let parts = catalog.read_key(office.as_bytes()).expect("ours");
    let id = catalog.dimension_named("office").expect("there").id;
    assert_eq!(parts.bag.get(id), Some("017"));
}

#[test]
fn rows_of_one_agency_stay_together_and_the_parent_is_found() {
    let catalog = catalog();
    let line = indicator(&catalog);
    let mut to = line.clone();
    to.overlay(&bag(&catalog, &[("dept_econ", "30201")]).to_pairs());
    for (name, key) in rows(&catalog, "payment", &view(&line, &to, &[])) {
        let Ok(Some(key)) = key else { continue };
        let (division, shard) = catalog.shard_part(key.as_bytes());
        assert_eq!(division, Division(420_106_000), "{name}");
        assert_eq!(shard.len(), 11, "{name}");
    }
    let rule = |name: &str, row: &str| {
        let kind = catalog.type_named(name).expect(name);
        kind.rows
            .iter()
            .find(|rule| rule.name == row)
            .cloned()
            .expect(row)
    };
    let parent = rule("transfer_recall", "TRP");
    let mut pool = line.clone();
    pool.set(16, "T1");
    let key = catalog
        .key_of(&parent, &view(&pool, &pool, &[]))
        .expect("whole")
        .expect("touched");
    assert_eq!(
        catalog.shard_part(key.as_bytes()),
        (Division(420_100_000), &[][..])
    );
    let top = LineView {
        division: Division(420_000_000),
        ..view(&pool, &pool, &[])
    };
    assert!(matches!(
        catalog.key_of(&parent, &top),
        Err(KeyError::Division(_))
    ));
}

#[test]
fn rows_beside_each_other_differ_in_the_ledger_alone() {
    let catalog = catalog();
    let line = indicator(&catalog);
    let key = |name: &str| {
        let ledger = catalog.ledger_named(name).expect(name);
        let key = catalog.key(ledger, Year(2026), Division(420_106_000), &line);
        (ledger.id, key.expect("whole"))
    };
    let (_, base) = key("IND");
    for name in ["IND", "INDP", "PLN", "CPL", "INDG", "CPG", "FRZ"] {
        let (id, wanted) = key(name);
        assert_eq!(catalog.beside(base.as_bytes(), id), Some(wanted), "{name}");
    }
    let pool = catalog.ledger_named("OFF").expect("there").id;
    assert_eq!(catalog.beside(base.as_bytes(), pool), None);
}

#[test]
fn damaged_keys_are_refused() {
    let catalog = catalog();
    let ledger = catalog.ledger_named("IND").expect("there");
    let key = catalog
        .key(ledger, Year(2026), Division(1), &indicator(&catalog))
        .expect("whole");
    let bytes = key.as_bytes();
    for cut in 0..bytes.len() {
        assert_eq!(
            catalog.read_key(&bytes[..cut]),
            Err(KeyError::Damaged),
            "{cut}"
        );
    }
    let longer = [bytes, &[0]].concat();
    assert_eq!(catalog.read_key(&longer), Err(KeyError::Damaged));
    let mut other = bytes.to_vec();
    other[0] = 99;
    assert_eq!(catalog.read_key(&other), Err(KeyError::Damaged));
}

proptest! {
    /// Any values in any ledger come back, and two keys are equal only when all that went in is.
    #[test]
    fn keys_come_back(ledger in 0_usize..20, year in 0_u16.., division in 0_u32.., digits in "[0-9]{40}", text in "[!-~]{30}", full in any::<bool>()) {
        thread_local!(static CATALOG: Catalog = catalog());
        CATALOG.with(|catalog| {
            let ledger = &catalog.ledgers[ledger];
            let mut bag = Bag::new();
            for wanted in ledger.dimensions.iter().filter(|wanted| full || wanted.required) {
                let dimension = catalog.dimension(wanted.id).expect("there");
                let value = match &dimension.format {
                    crate::catalog::dimension::Format::Digits { length, .. } => &digits[..usize::from(*length)],
                    crate::catalog::dimension::Format::Text { max } => &text[..usize::from(*max)],
                };
                bag.set(wanted.id, value);
            }
            let key = catalog.key(ledger, Year(year), Division(division), &bag).expect("whole");
            prop_assert!(key.as_bytes().len() <= KEY_MAX);
            let parts = catalog.read_key(key.as_bytes()).expect("ours");
            prop_assert_eq!((parts.ledger, parts.year, parts.division), (ledger.id, Year(year), Division(division)));
            prop_assert_eq!(parts.bag, bag);
            Ok(())
        })?;
    }
}
