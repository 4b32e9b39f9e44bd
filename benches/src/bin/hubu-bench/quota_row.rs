//! Memory of a quota row: what the process grows by while a million rows are loaded, a row.
//!
//! The rows come by real commands; their documents have ended and their batches are durable before
//! the second look, so what stays is the rows, their keys, and the index that finds them.

use crate::scenario::{Task, room, tell};
use crate::world::{self, Desk};
use crate::{Outcome, machine};
use hubu_core::engine::open::Options;
use serde_json::json;

/// Counties and the rows of each: a million.
const COUNTIES: usize = 100;
const ROWS: usize = 10_000;

/// `bytes_quota_row`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("rows-")
        .tempdir_in(room()?)?;
    let engine = world::open(
        &format!("file:{}", folder.path().display()),
        Options::default(),
    )?;
    let before = machine::process_kib(std::process::id(), "VmRSS")?;
    let rows_before = engine.census().rows;
    let counties = Desk::new(&engine)?.load(task.size(COUNTIES, 2), task.size(ROWS, 1000))?;
    drop(counties);
    let census = engine.census();
    let grown = (machine::process_kib(std::process::id(), "VmRSS")?.saturating_sub(before)) * 1024;
    let rows = census.rows - rows_before;
    let detail = [
        ("rows", json!(rows)),
        ("grown_bytes", json!(grown)),
        ("open_documents", json!(census.open_documents)),
        ("keys", json!(census.keys)),
    ];
    tell("bytes_quota_row", grown as f64 / rows as f64, true, &detail)
}
