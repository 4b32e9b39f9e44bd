//! The shipped processes that no worked example runs, over HTTP: opening load, return of a payment, project
//! ceilings, rows frozen as a whole, the quick virement, and a closed year.
#![cfg(feature = "server")]
#![allow(clippy::expect_used, reason = "a test that can't go on ends here")]

mod worked;

use serde_json::{Value, json};
use worked::book::assert_ties;
use worked::flow::{Line, Office, indicator, line};
use worked::server::{Answer, Server, copy_catalog, shipped};

const FIRST: &str = "420106260000000000001";
const SECOND: &str = "420106260000000000002";

fn none() -> Value {
    json!({})
}

fn entered(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.text("id")
}

/// Loads an indicator with a plan for March and something to buy for.
fn open(office: &Office<'_>, project: &str, yuan: i64) {
    let loaded = line(yuan)
        .dims(indicator(&office.agency, project))
        .month(3)
        .field("planned", json!("60000.00"))
        .field("procurable", json!("5000.00"));
    entered(&office.submit("opening", &[loaded], none()));
}

fn amounts(office: &Office<'_>, ledger: &str, project: &str) -> [String; 4] {
    let rows = office.rows(Some(ledger));
    let row = rows.iter().find(|row| row["dims"]["pro_code"] == project);
    let row = row.expect("the project's row");
    ["approved", "used", "decreasing", "increasing"]
        .map(|name| row[name].as_str().expect("an amount").to_owned())
}

fn pay_line(office: &Office<'_>, yuan: i64) -> Line {
    let row = office.row("IND", &[("pro_code", FIRST)]);
    line(yuan)
        .row(&row)
        .month(4)
        .to(json!({ "dept_econ": "30201" }))
}

/// All rows but those of the ledger, to compare before and after.
fn rows_but(office: &Office<'_>, ledger: &str) -> Vec<Value> {
    let strip = |mut row: Value| {
        // Totals of debit and credit only grow; what stands is their difference.
        row["debit"] = Value::Null;
        row["credit"] = Value::Null;
        row
    };
    let rows = office.rows(None).into_iter();
    rows.filter(|row| row["ledger"] != ledger)
        .map(strip)
        .collect()
}

#[test]
fn an_opening_is_balanced_and_a_payment_that_comes_back_leaves_no_trace_on_quota() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420106000", 2026);
    open(&office, FIRST, 100_000);
    assert_eq!(
        amounts(&office, "IND", FIRST),
        ["100000.00", "0.00", "0.00", "0.00"]
    );
    assert_eq!(
        amounts(&office, "INDP", FIRST),
        ["100000.00", "60000.00", "0.00", "0.00"]
    );
    assert_eq!(
        amounts(&office, "PLN", FIRST),
        ["60000.00", "0.00", "0.00", "0.00"]
    );
    assert_eq!(
        amounts(&office, "INDG", FIRST),
        ["5000.00", "0.00", "0.00", "0.00"]
    );
    assert_ties(&office);

    let before = rows_but(&office, "PAY");
    let paid = [pay_line(&office, 42_000)];
    let id = entered(&office.submit("payment", &paid, none()));
    office.follow("payment", &id, "42000.00", 1);
    assert_eq!(
        amounts(&office, "PLN", FIRST),
        ["60000.00", "42000.00", "0.00", "0.00"]
    );
    let id = entered(&office.submit("payment_return", &paid, none()));
    office.follow("payment_return", &id, "42000.00", 1);
    assert_eq!(rows_but(&office, "PAY"), before);
    assert_eq!(
        amounts(&office, "PAY", FIRST),
        ["0.00", "0.00", "0.00", "0.00"]
    );
    assert_ties(&office);

    // What was paid once can't come back twice.
    let again = office.submit("payment_return", &paid, none());
    assert_eq!(
        (again.status, &again.body["code"]),
        (409, &json!("insufficient")),
        "{again:?}"
    );
}

#[test]
fn a_row_is_stopped_as_a_whole_and_let_go() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420106000", 2026);
    open(&office, FIRST, 100_000);
    let stop = [line(1).row(&office.row("IND", &[("pro_code", FIRST)]))];
    entered(&office.submit("row_freeze", &stop, none()));
    let refused = office.submit("payment", &[pay_line(&office, 10)], none());
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("frozen")),
        "{refused:?}"
    );
    entered(&office.submit("row_thaw", &stop, none()));
    entered(&office.submit("payment", &[pay_line(&office, 10)], none()));
}

#[test]
fn a_quick_virement_touches_just_two_rows() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420106000", 2026);
    open(&office, FIRST, 100_000);
    open(&office, SECOND, 70_000);
    let before = rows_but(&office, "IND");
    let moved = line(25_000)
        .row(&office.row("IND", &[("pro_code", FIRST)]))
        .to(json!({ "pro_code": SECOND }));
    entered(&office.submit("quick_virement", &[moved], none()));
    assert_eq!(amounts(&office, "IND", FIRST)[0], "75000.00");
    assert_eq!(amounts(&office, "IND", SECOND)[0], "95000.00");
    assert_eq!(rows_but(&office, "IND"), before);
    assert_ties(&office);
}

#[test]
fn a_project_gets_its_ceiling_out_of_the_one_above() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420106000", 2026);
    let above = line(1_000).dims(json!({ "dept": "105", "pro_code": FIRST }));
    entered(&office.submit("project_ceiling", &[above], none()));
    let row = office.row("PRJ", &[("pro_code", FIRST)]);
    let admitted = |yuan| line(yuan).row(&row).to(json!({ "pro_code": SECOND }));
    let id = entered(&office.submit("library_admission", &[admitted(300)], none()));
    assert_eq!(
        amounts(&office, "PRJ", FIRST),
        ["1000.00", "0.00", "300.00", "0.00"]
    );
    office.follow("library_admission", &id, "300.00", 1);
    assert_eq!(
        amounts(&office, "PRJ", FIRST),
        ["1000.00", "300.00", "0.00", "0.00"]
    );
    assert_eq!(
        amounts(&office, "PRJ", SECOND),
        ["300.00", "0.00", "0.00", "0.00"]
    );
    let more = office.submit("library_admission", &[admitted(701)], none());
    assert_eq!(
        (more.status, &more.body["code"]),
        (409, &json!("insufficient")),
        "{more:?}"
    );
}

/// The catalog with the ceilings of projects under another control level.
fn with_ceilings(control: &str) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = folder.path().join("config");
    copy_catalog(&catalog);
    let file = catalog.join("ledgers.toml");
    let text = std::fs::read_to_string(&file).expect("readable");
    let at = text.find("name = \"PRJ\"").expect("the ledger");
    let (before, ceilings) = text.split_at(at);
    let changed = ceilings.replacen("\"strict\"", &format!("\"{control}\""), 1);
    assert_ne!(changed, ceilings);
    std::fs::write(&file, format!("{before}{changed}")).expect("written");
    let server = Server::start(&catalog);
    (folder, server)
}

#[test]
fn a_soft_ceiling_warns_or_only_counts() {
    for (control, warned) in [("warn", 1), ("none", 0)] {
        let (_folder, server) = with_ceilings(control);
        let office = Office::new(&server, "420106000", 2026);
        let above = line(1_000).dims(json!({ "dept": "105", "pro_code": FIRST }));
        entered(&office.submit("project_ceiling", &[above], none()));
        let row = office.row("PRJ", &[("pro_code", FIRST)]);
        let more = [line(1_200).row(&row).to(json!({ "pro_code": SECOND }))];
        let answer = office.submit("library_admission", &more, none());
        entered(&answer);
        let warnings = answer.body["warnings"].as_array().expect("a list");
        assert_eq!(warnings.len(), warned, "{control}: {answer:?}");
        assert!(warnings.iter().all(|warning| *warning == json!(row)));
        let ceiling = &office.rows(Some("PRJ"))[0];
        assert_eq!(ceiling["control"], control, "{ceiling}");
        assert_eq!(ceiling["available"], "-200.00", "{ceiling}");
    }
}

#[test]
fn a_closed_year_takes_nothing_new() {
    let server = Server::start(&shipped());
    let office = Office::new(&server, "420106000", 2024);
    let loaded = line(100).dims(indicator(&office.agency, FIRST)).month(3);
    let refused = office.submit("opening", &[loaded], none());
    assert_eq!(refused.body["code"], "guard_failed", "{refused:?}");
    assert!(office.rows(None).is_empty());
}
