//! The standard tables over a real engine and a real PostgreSQL: they say what rows and documents say,
//! also after a kill, and nothing is there twice.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod views_support;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::read::RowFilter;
use hubu_core::engine::watermark::Watermark;
use hubu_core::views::Views;
use hubu_core::views::standard::StandardSettings;
use hubu_testkit::{PgCluster, PgServer};
use std::sync::Arc;
use std::time::Duration;
use views_support::*;

fn settings(url: &str, cell: u64) -> StandardSettings {
    StandardSettings {
        wait: Duration::ZERO,
        patience: Duration::from_secs(10),
        ..StandardSettings::new(url, cell)
    }
}

fn project(engine: &Arc<Engine>, settings: StandardSettings) -> (Views, Arc<Watermark>) {
    let mut views = Views::start(engine, None).unwrap();
    let mark = views.project(engine, settings).unwrap();
    (views, mark)
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// What the engine's rows are, as the query below prints them.
fn rows_of(engine: &Engine) -> Vec<String> {
    let catalog = catalog(engine);
    let filter = RowFilter {
        division: COUNTY,
        agency: None,
        ledger: None,
        year: None,
    };
    let page = engine.rows(&filter, None, 1000);
    let mut lines: Vec<String> = page
        .items
        .iter()
        .map(|view| {
            let row = &view.row;
            let parts = catalog.read_key(&view.key).unwrap();
            let project = catalog.dimension_named("pro_code").unwrap().id;
            let amounts = [
                row.approved,
                row.used,
                row.decreasing,
                row.increasing,
                row.debit,
                row.credit,
            ];
            let amounts: Vec<String> = amounts.iter().map(|amount| yuan(amount.0)).collect();
            format!(
                "{}|{}|{}|{:09}|{}|{}",
                view.id.0,
                catalog.ledger(row.ledger).unwrap().name,
                row.year.0,
                row.division.0,
                parts.bag.get(project).unwrap_or(""),
                amounts.join("|")
            )
        })
        .collect();
    lines.sort();
    lines
}

fn rows_in(sql: &impl Fn(&str) -> String, schema: &str) -> Vec<String> {
    let text = sql(&format!(
        "SELECT row_id, ledger_code, fiscal_year, mof_div_code, pro_code, approved_amt, used_amt,
         decreasing_amt, increasing_amt, debit_amt, credit_amt FROM {schema}.quota_row"
    ));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn tables_say_what_the_engine_says_and_go_on_after_a_restart() {
    let database = PgServer::obtain().unwrap();
    let cell = 70_000 + u64::from(std::process::id());
    let schema = format!("hubu_standard_{cell}");
    let sql = |statement: &str| database.sql(statement).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), followed());
    opened(&engine, 1, 900_000, 700_000);
    let (views, mark) = project(&engine, settings(database.url(), cell));
    let paid = done(&engine, pay(&engine, 120_050)).document;
    walk_on(&engine, paid, 120_050, 5);
    let open = done(&engine, pay(&engine, 3)).document;
    refused(&engine, pay(&engine, 800_000));
    mark.wait_blocking(engine.newest().0).unwrap();
    assert_eq!(rows_in(&sql, &schema), rows_of(&engine));
    engine.close();
    views.finish();
    drop(engine);

    let engine = open_with(folder.path(), followed());
    let before = sql(&format!("SELECT count(*) FROM {schema}.document_step"));
    opened(&engine, 2, 77, 7);
    walk_on(&engine, open, 3, 2);
    let (views, mark) = project(&engine, settings(database.url(), cell));
    mark.wait_blocking(engine.newest().0).unwrap();
    assert_eq!(rows_in(&sql, &schema), rows_of(&engine));
    let after = sql(&format!("SELECT count(*) FROM {schema}.document_step"));
    assert_eq!(
        after.parse::<u64>().unwrap(),
        before.parse::<u64>().unwrap() + 3
    );
    let documents = sql(&format!(
        "SELECT document_id, doc_no, state_code, version, amt, create_user, is_ended,
         extract(epoch FROM create_time)::bigint FROM {schema}.document
         WHERE doc_type_code = 'payment' ORDER BY doc_no"
    ));
    let seconds = MARCH_MS / 1000;
    let expected = format!(
        "{}|420106000-2026-PAY-000001|paid|6|1200.50|clerk|t|{seconds}\n\
         {}|420106000-2026-PAY-000002|signed|3|0.03|clerk|f|{seconds}",
        paid.0, open.0
    );
    assert_eq!(documents, expected);
    // Every voucher balances into the rows that it names.
    let wrong = sql(&format!(
        "SELECT count(*) FROM {schema}.quota_row r WHERE debit_amt <>
         (SELECT coalesce(sum(amt), 0) FROM {schema}.voucher_entry v WHERE v.debit_row_id = r.row_id)"
    ));
    assert_eq!(wrong, "0");
    engine.close();
    views.finish();
    sql(&format!("DROP SCHEMA {schema} CASCADE"));
}

#[test]
fn a_database_that_was_killed_is_caught_up_with() {
    let mut database = PgCluster::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), followed());
    opened(&engine, 1, 900_000, 900_000);
    let (views, mark) = project(&engine, settings(&database.url(), 1));
    mark.wait_blocking(engine.newest().0).unwrap();
    for round in 0..3 {
        for _ in 0..20 {
            done(&engine, pay(&engine, 2));
        }
        if round < 2 {
            database.stop_immediate().unwrap();
            // The engine does not wait for it.
            done(&engine, pay(&engine, 5));
            database.start_again().unwrap();
        }
    }
    mark.wait_blocking(engine.newest().0).unwrap();
    let sql = |statement: &str| database.sql(statement).unwrap();
    assert_eq!(rows_in(&sql, "hubu_standard_1"), rows_of(&engine));
    let payments =
        sql("SELECT count(*) FROM hubu_standard_1.document WHERE doc_type_code = 'payment'");
    assert_eq!(payments, "62");
    engine.close();
    views.finish();
}

#[test]
fn tables_of_another_journal_are_left_alone() {
    let database = PgServer::obtain().unwrap();
    let cell = 80_000 + u64::from(std::process::id());
    let sql = |statement: &str| database.sql(statement).unwrap();
    let first = tempfile::tempdir().unwrap();
    let engine = open_with(first.path(), followed());
    opened(&engine, 1, 5, 0);
    let (views, mark) = project(&engine, settings(database.url(), cell));
    mark.wait_blocking(engine.newest().0).unwrap();
    engine.close();
    views.finish();

    let other = tempfile::tempdir().unwrap();
    let engine = open_with(other.path(), followed());
    opened(&engine, 1, 7, 0);
    let (_views, mark) = project(&engine, settings(database.url(), cell));
    let refused = mark.wait_blocking(engine.newest().0 + 1).unwrap_err();
    assert!(
        refused.to_string().contains("another journal's"),
        "{refused}"
    );
    let approved = format!("SELECT max(approved_amt) FROM hubu_standard_{cell}.quota_row");
    assert_eq!(sql(&approved), "0.05");
    sql(&format!("DROP SCHEMA hubu_standard_{cell} CASCADE"));
}
