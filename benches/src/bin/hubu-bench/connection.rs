//! Memory of an idle connection: what the server grows by while 10,000 clients ask once and then wait.
//!
//! Resident memory of the process; the kernel's own memory of a socket is not in it.

use crate::scenario::{Task, room, tell};
use crate::server::Site;
use crate::{Outcome, client, machine};
use serde_json::json;
use std::time::Duration;

/// `bytes_connection`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("idle-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    let site = Site::lay_out(&folder.path().join("site"), &journal)?;
    let server = site.serve()?;
    let ask = |connection: &mut _| client::ask(connection, "GET /healthz HTTP/1.1", b"");
    let before = machine::process_kib(server.process(), "VmRSS")?;
    let mut connections = Vec::new();
    for _ in 0..task.size(10_000, 50) {
        let mut connection = client::connect(server.address)?;
        ask(&mut connection)?;
        connections.push(connection);
    }
    std::thread::sleep(Duration::from_secs(1));
    let grown = machine::process_kib(server.process(), "VmRSS")?.saturating_sub(before) * 1024;
    // All of them are still there: they answer once more.
    for connection in &mut connections {
        ask(connection)?;
    }
    let count = connections.len();
    let detail = [("connections", json!(count)), ("grown_bytes", json!(grown))];
    tell(
        "bytes_connection",
        grown as f64 / count as f64,
        true,
        &detail,
    )
}
