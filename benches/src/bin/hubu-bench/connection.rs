//! Memory of an idle connection: what the server grows by while 10,000 clients ask once and then wait, over plain HTTP and
//! over TLS.
//!
//! Resident memory of the process; the kernel's own memory of a socket is not in it.

use crate::certificate::{Pair, shake};
use crate::scenario::{Task, room, tell};
use crate::server::{Server, Site};
use crate::{Outcome, client, machine};
use serde_json::json;
use std::io::{BufReader, Read, Write};
use std::time::Duration;

/// `bytes_connection` and `bytes_connection_tls`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let plain = |server: &Server| client::connect(server.address);
    if task.wants("bytes_connection") {
        measure(task, "bytes_connection", plain)?;
    }
    if task.wants("bytes_connection_tls") {
        let folder = tempfile::tempdir()?;
        let pair = Pair::make(folder.path(), &rcgen::PKCS_ECDSA_P256_SHA256)?;
        let config = pair.client(false)?;
        let sealed = |server: &Server| {
            let wire = shake(server.tls.ok_or("the server has no TLS")?, &config)?;
            Ok(BufReader::with_capacity(512, wire))
        };
        measure_on(task, "bytes_connection_tls", Some(pair.clone()), sealed)?;
    }
    Ok(())
}

fn measure<W: Read + Write>(
    task: &Task<'_>,
    key: &str,
    connect: impl Fn(&Server) -> Outcome<BufReader<W>>,
) -> Outcome<()> {
    measure_on(task, key, None, connect)
}

fn measure_on<W: Read + Write>(
    task: &Task<'_>,
    key: &str,
    pair: Option<Pair>,
    connect: impl Fn(&Server) -> Outcome<BufReader<W>>,
) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("idle-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    let mut site = Site::lay_out(&folder.path().join("site"), &journal)?;
    if let Some(pair) = pair {
        site = site.with_tls(pair);
    }
    let server = site.serve()?;
    let ask = |connection: &mut _| client::ask(connection, "GET /healthz HTTP/1.1", b"");
    let before = machine::process_kib(server.process(), "VmRSS")?;
    let mut connections = Vec::new();
    for _ in 0..task.size(10_000, 50) {
        let mut connection = connect(&server)?;
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
    tell(key, grown as f64 / count as f64, true, &detail)
}
