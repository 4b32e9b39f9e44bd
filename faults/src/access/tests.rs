//! Every cell is as the table says, and a table that says otherwise is noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test ends where it can't go on.

use super::try_all;
use hubu_core::http::access_table::{AccessTable, Says};
use hubu_core::http::route::Operation;
use std::path::Path;

#[test]
fn every_cell_is_answered_as_the_table_says() {
    let tally = try_all(&|table| table, None, true).unwrap();
    tally.tell();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/faults");
    tally.write(&folder.join("access.json")).unwrap();
    assert!(tally.wrong.is_empty(), "{} cells", tally.wrong.len());
    assert!(tally.cells() > 100_000, "{}", tally.cells());
}

/// A table with one cell shut that the server opens, and one open that the server shuts.
fn altered(mut table: AccessTable) -> AccessTable {
    let is_bank = |roles: &[String]| roles.iter().any(|role| role == "agent_bank");
    let read = table
        .reads
        .iter_mut()
        .find(|row| row.operation == Operation::Quotas && is_bank(&row.roles));
    let cell = read
        .unwrap()
        .cells
        .iter_mut()
        .find(|cell| **cell == Says::Yes);
    *cell.unwrap() = Says::Refused(403);
    let step = table
        .steps
        .iter_mut()
        .find(|row| row.step == "seal")
        .unwrap();
    step.roles.push(("agent_bank".into(), None));
    table
}

#[test]
fn a_cell_that_is_answered_otherwise_is_noticed() {
    let tally = try_all(&altered, Some("agent_bank"), true).unwrap();
    let of = |route: &str| {
        tally
            .wrong
            .iter()
            .filter(|wrong| wrong.starts_with(route))
            .count()
    };
    assert_eq!(of("GET /v1/quotas:"), 1, "{:?}", tally.wrong);
    assert!(
        of("POST /v1/documents/{id}/actions/{transition}:") > 0,
        "{:?}",
        tally.wrong
    );
    assert!(of("POST /v1/batches:") > 0, "{:?}", tally.wrong);
}
