//! `scripts/prove` with ten thousand users: it loads, plays and audits; here its report is read.

use crate::Outcome;
use crate::scenario::{Task, room, tell};
use serde::Deserialize;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};

/// What is read of the harness's `result.json`.
#[derive(Deserialize)]
struct Proved {
    run: Run,
    total: Total,
    harness: Harness,
}

#[derive(Deserialize)]
struct Run {
    users: u32,
    seconds: f64,
    rate: f64,
    steady_rate: f64,
}

#[derive(Deserialize)]
struct Total {
    requests: u64,
    refused: u64,
    shed: u64,
    failed: u64,
    latency_ms: Latency,
}

#[derive(Deserialize)]
struct Latency {
    p50: f64,
    p99: f64,
    p999: f64,
    max: f64,
}

#[derive(Deserialize)]
struct Harness {
    cpu_share: f64,
}

/// The exit status of a run whose audit holds and whose thresholds do not.
const THRESHOLD: i32 = 10;

/// A smoke run: some users, a small world, a short while.
const SMALL: [&str; 10] = [
    "--users",
    "64",
    "--duration",
    "4",
    "--agencies",
    "100",
    "--rows",
    "3000",
    "--plan",
    "config/plans/smoke.toml",
];

/// `prove_10k` and `prove_10k_rate`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("prove-")
        .tempdir_in(room()?)?;
    let mut command = Command::new("scripts/prove");
    let smoke = task.size(false, true);
    if smoke {
        command.env("HUBU_PROFILE", "dev").args(SMALL);
    } else {
        command.args(["--users", "10000", "--duration", "60", "--think", "5"]);
    }
    command.arg("--report").arg(folder.path());
    // Its table goes to the person who watches; this program's own output is data.
    command
        .stdout(Stdio::from(std::io::stderr()))
        .stdin(Stdio::null());
    let status = command.status()?;
    // A smoke run's threshold is a clock, which no test fails on.
    let is_clean = status.success() || smoke && status.code() == Some(THRESHOLD);
    let proved: Proved = serde_json::from_slice(&std::fs::read(result_in(folder.path())?)?)?;
    let Proved {
        run,
        total,
        harness,
    } = proved;
    let detail = [
        ("users", json!(run.users)),
        ("seconds", json!(run.seconds)),
        ("requests", json!(total.requests)),
        ("requests_per_second", json!(run.rate)),
        ("p50_ms", json!(total.latency_ms.p50)),
        ("p999_ms", json!(total.latency_ms.p999)),
        ("max_ms", json!(total.latency_ms.max)),
        ("refused", json!(total.refused)),
        ("shed", json!(total.shed)),
        ("failed", json!(total.failed)),
        ("audit_and_thresholds_hold", json!(is_clean)),
        ("harness_cpu_share", json!(harness.cpu_share)),
    ];
    let is_sound = is_clean && total.failed == 0;
    tell("prove_10k", total.latency_ms.p99, is_sound, &detail)?;
    tell("prove_10k_rate", run.steady_rate, is_sound, &[])
}

/// The newest `result.json` below the folder.
fn result_in(folder: &Path) -> Outcome<std::path::PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == "result.json") {
                return Ok(path);
            }
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    Err("scripts/prove left no result.json".into())
}
