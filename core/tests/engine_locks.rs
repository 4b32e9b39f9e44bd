//! Commands that want many shards in every order never wait for each other.
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

const OPENED_FEN: i64 = 10_000_000;
const AGENCIES: usize = 5;

fn transfer(engine: &Engine, from: RowId, to: Result<RowId, usize>, fen: i64) -> Command {
    let catalog = catalog(engine);
    let office = person(&catalog, "office", &["budget_office"]);
    let mut line = Line {
        amount: Cents(fen),
        base: Some(from),
        ..Line::default()
    };
    match to {
        Ok(row) => line.to_base = Some(row),
        Err(agency) => line.to = project(&catalog, &format!("420106{agency:015}"), 1),
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
        done(&engine, transfer(&engine, first, Err(agency), fen));
    }
    let filter = RowFilter {
        division: COUNTY,
        agency: None,
        ledger: Some(catalog(&engine).ledger_named("IND").unwrap().id),
        year: Some(YEAR),
    };
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
