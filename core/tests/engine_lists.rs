//! A list of rows is one moment of all its rows, in however many shards they lie.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod common;

use common::*;
use hubu_core::engine::Engine;
use hubu_core::engine::read::RowFilter;
use hubu_kernel::document::Line;
use hubu_kernel::ident::RowId;
use hubu_kernel::money::Cents;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const OPENED_FEN: i64 = 10_000_000;

/// An agency of the county; each lives in a shard of its own, as good as always.
fn agency(number: usize) -> String {
    format!("420106{number:015}")
}

fn filter(engine: &Engine) -> RowFilter {
    RowFilter {
        division: COUNTY,
        agency: None,
        ledger: Some(catalog(engine).ledger_named("IND").unwrap().id),
        year: Some(YEAR),
    }
}

/// Moves 分 from the row to another one, or to one that comes to be.
fn transfer(engine: &Engine, from: RowId, to: Result<RowId, String>, fen: i64) {
    let catalog = catalog(engine);
    let office = person(&catalog, "office", &["budget_office"]);
    let mut line = Line {
        amount: Cents(fen),
        base: Some(from),
        ..Line::default()
    };
    match to {
        Ok(row) => line.to_base = Some(row),
        Err(agency) => line.to = project(&catalog, &agency, 1),
    }
    let command = enter(
        &catalog,
        &office,
        "quick_virement",
        Some("move"),
        "",
        vec![line],
    );
    engine.submit(command).unwrap();
}

/// Lists all rows while `move_money` runs in two threads: no list lacks money or has it twice.
fn watch(engine: &Engine, limit: usize, move_money: impl Fn() + Sync) {
    let (filter, running) = (filter(engine), AtomicUsize::new(2));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                move_money();
                running.fetch_sub(1, Ordering::AcqRel);
            });
        }
        let mut lists = 0;
        while lists < 20 || running.load(Ordering::Acquire) > 0 {
            let page = engine.rows(&filter, None, limit);
            let approved: i64 = page.items.iter().map(|row| row.row.approved.0).sum();
            assert!(page.cursor.is_none(), "all rows are on one page");
            assert_eq!(approved, OPENED_FEN, "of {} rows", page.items.len());
            lists += 1;
        }
    });
}

#[test]
fn promise_06_a_list_has_money_that_moves_between_its_rows_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let first = opened(&engine, 1, OPENED_FEN, 0);
    transfer(&engine, first, Err(agency(7)), OPENED_FEN / 2);
    let rows = engine.rows(&filter(&engine), None, 10).items;
    assert_eq!(rows.len(), 2);
    let [one, other] = [rows[0].id, rows[1].id];
    watch(&engine, 1000, || {
        for at in 0..3000 {
            let (from, to) = if at % 2 == 0 {
                (one, other)
            } else {
                (other, one)
            };
            transfer(&engine, from, Ok(to), 1 + at % 100);
        }
    });
}

#[test]
fn promise_06_a_list_has_money_that_moves_to_new_rows_once() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let first = opened(&engine, 1, OPENED_FEN, 0);
    let next = AtomicUsize::new(2);
    watch(&engine, 1000, || {
        for _ in 0..400 {
            let to = agency(next.fetch_add(1, Ordering::Relaxed));
            transfer(&engine, first, Err(to), 100);
        }
    });
}

#[test]
fn pages_hold_every_row_once_while_rows_come_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let first = opened(&engine, 1, OPENED_FEN, 0);
    (2..60).for_each(|at| transfer(&engine, first, Err(agency(at)), 100));
    let filter = filter(&engine);
    let known: Vec<RowId> = engine
        .rows(&filter, None, 1000)
        .items
        .iter()
        .map(|row| row.id)
        .collect();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let more = (1000..1600).take_while(|_| !stop.load(Ordering::Acquire));
            more.for_each(|at| transfer(&engine, first, Err(agency(at)), 100));
        });
        for _ in 0..20 {
            let (mut cursor, mut seen) = (None, Vec::new());
            loop {
                let page = engine.rows(&filter, cursor, 7);
                assert!(page.items.len() <= 7);
                seen.extend(page.items.iter().map(|row| row.id));
                cursor = page.cursor;
                if cursor.is_none() {
                    break;
                }
            }
            let mut once = seen.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), seen.len(), "no row stands twice");
            assert!(known.iter().all(|row| once.binary_search(row).is_ok()));
        }
        stop.store(true, Ordering::Release);
    });
}
