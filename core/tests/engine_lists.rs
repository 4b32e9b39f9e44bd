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
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::command::Command;
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
fn transfer(engine: &Engine, from: RowId, to: Result<RowId, String>, fen: i64) -> Command {
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
    enter(
        &catalog,
        &office,
        "quick_virement",
        Some("move"),
        "",
        vec![line],
    )
}

fn move_money(engine: &Engine, from: RowId, to: Result<RowId, String>, fen: i64) {
    engine.submit(transfer(engine, from, to, fen)).unwrap();
}

/// Lists all rows while `by` runs in two threads: no list lacks money or has it twice.
fn watch(engine: &Engine, limit: usize, by: impl Fn() + Sync) {
    let (filter, running) = (filter(engine), AtomicUsize::new(2));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                by();
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
    move_money(&engine, first, Err(agency(7)), OPENED_FEN / 2);
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
            move_money(&engine, from, Ok(to), 1 + at % 100);
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
            move_money(&engine, first, Err(to), 100);
        }
    });
}

#[test]
fn pages_hold_every_row_once_while_rows_come_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let first = opened(&engine, 1, OPENED_FEN, 0);
    (2..60).for_each(|at| move_money(&engine, first, Err(agency(at)), 100));
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
            more.for_each(|at| move_money(&engine, first, Err(agency(at)), 100));
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

/// Agencies of the test below.
const AGENCIES: usize = 5;

/// Every order of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let with_last = |order: &Vec<usize>| {
        (0..count)
            .map(|at| {
                let mut order = order.clone();
                order.insert(at, count - 1);
                order
            })
            .collect::<Vec<_>>()
    };
    shorter.iter().flat_map(with_last).collect()
}

/// Each batch moves money once around the agencies, whose rows, documents and keys stand behind locks of their own. A
/// deadlock would hang, and be ended with this test's name told.
#[test]
fn batches_over_many_shards_in_every_order_never_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let first = opened(&engine, 1, OPENED_FEN, 0);
    for agency in 2..=AGENCIES {
        let fen = OPENED_FEN / AGENCIES as i64;
        move_money(&engine, first, Err(self::agency(agency)), fen);
    }
    let filter = filter(&engine);
    let rows = || engine.rows(&filter, None, 100).items;
    let before = rows();
    assert_eq!(before.len(), AGENCIES);
    let all = orders(AGENCIES);
    assert_eq!(all.len(), 120);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (engine, before, all) = (&engine, &before, &all);
            scope.spawn(move || {
                for round in 0..3 {
                    // Each thread begins elsewhere, so that different orders meet.
                    for at in 0..all.len() {
                        let order = &all[(at + thread * 31 + round * 7) % all.len()];
                        let around = (0..AGENCIES).map(|at| {
                            let [from, to] = [order[at], order[(at + 1) % AGENCIES]];
                            transfer(engine, before[from].id, Ok(before[to].id), 10)
                        });
                        let outcome = engine.submit_atomic(&around.collect::<Vec<_>>());
                        assert!(matches!(outcome, Ok(BatchOutcome::Done(_))), "{outcome:?}");
                    }
                }
            });
        }
        for _ in 0..50 {
            let sum: i64 = rows().iter().map(|row| row.row.approved.0).sum();
            assert_eq!(sum, OPENED_FEN);
        }
    });
    let amounts = |rows: Vec<_>| -> Vec<i64> {
        let approved = |row: hubu_core::engine::read::RowView| row.row.approved.0;
        rows.into_iter().map(approved).collect()
    };
    assert_eq!(
        amounts(rows()),
        amounts(before),
        "each went around and came back"
    );
}
