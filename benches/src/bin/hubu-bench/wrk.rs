//! Load by `wrk`, the same for both sides: `payments.lua` says what is sent.

use crate::server::Server;
use crate::{Outcome, machine};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = include_str!("payments.lua");

/// What came of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ran {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    /// Answers other than 2xx.
    pub(crate) refused: u64,
    /// Connections that failed, broke or timed out.
    pub(crate) broken: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
    /// Processor time of the server a request, in µs; not what wrk tells.
    #[serde(default)]
    pub(crate) cpu_us: f64,
}

impl Ran {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// Puts the script into `folder`.
pub(crate) fn lay_out(folder: &Path) -> Outcome<()> {
    Ok(std::fs::write(folder.join("payments.lua"), SCRIPT)?)
}

/// One run against a server over plain HTTP, with the hands of `folder`.
pub(crate) fn run(
    folder: &Path,
    server: &Server,
    connections: usize,
    seconds: u64,
    run: &str,
) -> Outcome<Ran> {
    let url = format!("http://{}", server.address);
    run_at(folder, (server, &url), connections, seconds, run)
}

/// As [`run`], at this URL of the server.
pub(crate) fn run_at(
    folder: &Path,
    (server, url): (&Server, &str),
    connections: usize,
    seconds: u64,
    run: &str,
) -> Outcome<Ran> {
    let before = machine::process_seconds(server.process())?;
    let output = Command::new("wrk")
        // Two threads: with the server's two they share both cores, whoever needs them more.
        .args(["-t2", "--timeout", "30s"])
        .args(["-c", &connections.to_string(), "-d", &format!("{seconds}s")])
        .arg("-s")
        .arg(folder.join("payments.lua"))
        .args([url, "--"])
        .arg(folder.join("hands"))
        .arg(run)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let result = text.lines().find_map(|line| line.strip_prefix("RESULT "));
    let said = || format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    let mut ran: Ran = serde_json::from_str(result.ok_or_else(said)?)?;
    let spent = machine::process_seconds(server.process())? - before;
    ran.cpu_us = spent * 1e6 / ran.requests.max(1) as f64;
    Ok(ran)
}
