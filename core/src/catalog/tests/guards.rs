//! Guards of the shipped types, judged on documents made up for them.

use super::config::catalog;
use crate::catalog::bag::Bag;
use crate::catalog::document::{DocumentType, FieldPlace};
use crate::catalog::guard::{ActorFacts, DocumentFacts, GuardContext, LineFacts, Today};
use crate::catalog::model::Catalog;
use hubu_kernel::document::{Field, Value};
use hubu_kernel::ident::{Division, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;

/// What a guard is judged on.
struct Case<'a> {
    head: Vec<(&'a str, Value)>,
    line: Vec<(&'a str, &'a str)>,
    to: Vec<(&'a str, &'a str)>,
    line_fields: Vec<(&'a str, Value)>,
    month: u8,
    year: u16,
    agency: &'a str,
    dept: &'a str,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Case {
            head: vec![],
            line: vec![],
            to: vec![],
            line_fields: vec![],
            month: 6,
            year: 2026,
            agency: "",
            dept: "",
        }
    }
}

fn fields(kind: &DocumentType, place: FieldPlace, pairs: &[(&str, Value)]) -> Vec<Field> {
    let mut fields: Vec<Field> = pairs
        .iter()
        .map(|(name, value)| Field {
            id: kind.field_named(place, name).expect(name).id,
            value: value.clone(),
        })
        .collect();
    fields.sort_by_key(|field| field.id);
    fields
}

fn bag(catalog: &Catalog, pairs: &[(&str, &str)]) -> Bag {
    let mut bag = Bag::new();
    for (name, value) in pairs {
        bag.set(catalog.dimension_named(name).expect(name).id, value);
    }
    bag
}

/// Whether all guards of a step hold; one that can't be judged does not.
fn passes(catalog: &Catalog, name: &str, state: &str, step: &str, case: &Case<'_>) -> bool {
    let kind = catalog.type_named(name).expect(name);
    let state = kind
        .states
        .iter()
        .position(|known| known.name == state)
        .expect(state);
    let rule = kind
        .step(hubu_kernel::ident::StateId(state as u8), step)
        .expect(step);
    let head = fields(kind, FieldPlace::Header, &case.head);
    let line_fields = fields(kind, FieldPlace::Line, &case.line_fields);
    let (line, to) = (bag(catalog, &case.line), bag(catalog, &case.to));
    let lines = [LineFacts {
        amount: Cents(50_000),
        month: Month::new(case.month),
        line: &line,
        to: &to,
        fields: &line_fields,
    }];
    let context = GuardContext {
        catalog,
        kind,
        document: DocumentFacts {
            division: Division(420_100_000),
            year: Year(case.year),
            agency: case.agency,
            creator: "wang",
            previous: "li",
            amount: Cents(50_000),
            fields: &head,
        },
        lines: &lines,
        every_line_has: &|id, value| lines.iter().all(|line| line.line.get(id) == Some(value)),
        actor: ActorFacts {
            id: "li",
            division: Division(420_100_000),
            agency: case.agency,
            dept: case.dept,
        },
        today: Today {
            year: 2026,
            month: 6,
            day: 30,
        },
    };
    rule.guards
        .iter()
        .all(|guard| guard.eval(&context).unwrap_or(false))
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

#[test]
fn a_flag_must_be_yes_and_a_line_must_stay_with_its_agency() {
    let catalog = catalog();
    let submit = |flag: bool, agency, line_agency| {
        let case = Case {
            head: vec![("payee_match", Value::Flag(flag))],
            line: vec![("agency_code", line_agency)],
            agency,
            ..Case::default()
        };
        passes(&catalog, "payment", "draft", "submit", &case)
    };
    let (ours, theirs) = ("420106000001001000123", "420106000001001000124");
    assert!(submit(true, ours, ours));
    assert!(!submit(false, ours, ours));
    assert!(!submit(true, ours, theirs));
    assert!(!submit(true, "", ours), "a payment names its agency");
}

#[test]
fn facts_of_the_bank_must_agree_with_the_document() {
    let catalog = catalog();
    let receipt = |amount: i64, order: &str| {
        let case = Case {
            head: vec![
                ("order_no", text("ZF-1")),
                ("receipt_amount", Value::Amount(Cents(amount))),
                ("receipt_order_no", text(order)),
            ],
            ..Case::default()
        };
        passes(&catalog, "payment", "sent", "receipt", &case)
    };
    assert!(receipt(50_000, "ZF-1"));
    assert!(!receipt(50_001, "ZF-1") && !receipt(50_000, "ZF-2"));
    assert!(
        !passes(&catalog, "payment", "sent", "receipt", &Case::default()),
        "a missing fact is no fact"
    );
}

#[test]
fn a_plan_is_for_this_month_or_later_in_the_running_year() {
    let catalog = catalog();
    let agency = "420106000001001000123";
    let submit = |year, month| {
        let case = Case {
            year,
            month,
            agency,
            line: vec![("agency_code", agency)],
            ..Case::default()
        };
        passes(&catalog, "pay_plan", "draft", "submit", &case)
    };
    assert!(submit(2026, 6) && submit(2026, 12) && !submit(2026, 5));
    assert!(submit(2027, 1) && submit(2025, 3));
    let dept = |dept| {
        let case = Case {
            dept,
            line: vec![("dept", "105")],
            ..Case::default()
        };
        passes(&catalog, "pay_plan", "agency_reviewed", "review", &case)
    };
    assert!(dept("105") && !dept("106"));
}

#[test]
fn money_goes_to_a_child_and_keeps_its_nature() {
    let catalog = catalog();
    let issue = |to_div| {
        let case = Case {
            to: vec![("to_div", to_div)],
            ..Case::default()
        };
        passes(&catalog, "special_transfer_issue", "draft", "submit", &case)
    };
    assert!(issue("420106000"), "a district of the prefecture");
    let catalog_payer = catalog.divisions.payer(Division(420_625_000));
    assert_eq!(
        catalog_payer,
        Some(Division(420_000_000)),
        "a county that the province pays itself"
    );
    assert!(!issue("420625000") && !issue("420000000") && !issue("420106001"));
    let move_to = |fund| {
        let case = Case {
            line: vec![("fund_type", "1"), ("marks", "02")],
            to: vec![("fund_type", fund), ("marks", "02")],
            ..Case::default()
        };
        passes(
            &catalog,
            "project_virement",
            "dept_reviewed",
            "approve",
            &case,
        )
    };
    assert!(move_to("1") && !move_to("2"));
}

#[test]
fn classes_are_leaves_and_purchases_were_announced() {
    let catalog = catalog();
    let review = |function, economic| {
        let case = Case {
            to: vec![("exp_func", function), ("gov_econ", economic)],
            ..Case::default()
        };
        passes(&catalog, "indicator_issue", "submitted", "review", &case)
    };
    assert!(review("2010101", "50201"));
    assert!(!review("2019999999", "50201") && !review("2010101", "502"));
    let agency = "420106000001001000123";
    let announced = |head: Vec<(&'static str, Value)>| {
        let case = Case {
            head,
            agency,
            line: vec![("agency_code", agency)],
            ..Case::default()
        };
        passes(&catalog, "procurement_plan", "draft", "submit", &case)
    };
    let day = |text: &str| Value::Date(crate::catalog::calendar::parse_day(text).expect(text));
    assert!(announced(vec![("intent_published", day("2026-05-31"))]));
    assert!(!announced(vec![("intent_published", day("2026-06-01"))]));
    assert!(announced(vec![("urgent", Value::Flag(true))]));
    assert!(!announced(vec![]));
    let file = |method: &str| {
        let case = Case {
            head: vec![("method", text(method))],
            ..Case::default()
        };
        passes(&catalog, "procurement_plan", "dept_reviewed", "file", &case)
    };
    assert!(file("公开招标") && !file("抽签"));
}

#[test]
fn a_year_is_carried_over_while_it_closes() {
    let catalog = catalog();
    let open = |year| {
        let case = Case {
            year,
            ..Case::default()
        };
        passes(
            &catalog,
            "carryover_generate",
            "budget_confirmed",
            "open",
            &case,
        )
    };
    assert!(open(2025) && !open(2026) && !open(2024));
    let load = |year| {
        passes(
            &catalog,
            "opening",
            "new",
            "load",
            &Case {
                year,
                ..Case::default()
            },
        )
    };
    assert!(
        load(2026) && load(2025) && !load(2024),
        "a closed year takes nothing new"
    );
}

#[test]
fn guards_that_need_no_lines_say_so() {
    let catalog = catalog();
    let needs = |name: &str, step: &str| {
        let kind = catalog.type_named(name).expect(name);
        let rules = kind.transitions.iter().filter(|rule| rule.name == step);
        rules
            .flat_map(|rule| &rule.guards)
            .any(|guard| guard.needs_lines)
    };
    assert!(needs("pay_plan", "review"));
    for step in ["submit", "receipt", "review"] {
        assert!(!needs("payment", step), "{step}");
    }
}
