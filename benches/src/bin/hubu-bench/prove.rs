//! `scripts/prove` with so many users: it loads, plays and audits; here its report is read.

use crate::Outcome;
use crate::scenario::{Task, room, tell};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Stdio};

/// One size of the proof.
struct Size {
    key: &'static str,
    users: u32,
    think_seconds: u32,
    duration_seconds: u32,
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
    let size = Size {
        key: "prove_10k",
        users: 10_000,
        think_seconds: 5,
        duration_seconds: 60,
    };
    let proved = prove(task, &size)?;
    proved.tell(&size)?;
    tell(
        "prove_10k_rate",
        proved.number("/run/steady_rate"),
        proved.is_sound(),
        &[],
    )
}

/// `users_40000`, `users_100000` and `harness_bytes_user`.
pub(crate) fn crowds(task: &Task<'_>) -> Outcome<()> {
    let crowds = [
        Size {
            key: "users_40000",
            users: 40_000,
            think_seconds: 10,
            duration_seconds: 300,
        },
        Size {
            key: "users_100000",
            users: 100_000,
            think_seconds: 20,
            duration_seconds: 300,
        },
    ];
    let is_memory = task.wants("harness_bytes_user");
    for (at, size) in crowds.iter().enumerate() {
        let is_measured = is_memory && at == 0;
        if !task.wants(size.key) && !is_measured {
            continue;
        }
        let proved = prove(task, size)?;
        proved.tell(size)?;
        if is_measured {
            let detail = [("users", json!(proved.number("/run/users")))];
            let bytes = proved.number("/harness/bytes_per_user");
            tell("harness_bytes_user", bytes, proved.is_sound(), &detail)?;
        }
    }
    Ok(())
}

fn prove(task: &Task<'_>, size: &Size) -> Outcome<Proved> {
    let folder = tempfile::Builder::new()
        .prefix("prove-")
        .tempdir_in(room()?)?;
    let mut command = Command::new("scripts/prove");
    // What was built with this program serves: built for itself alone it would have other features, and take minutes.
    let bin = std::env::current_exe()?;
    command.env(
        "HUBU_BIN",
        bin.parent().ok_or("this program is in no folder")?,
    );
    let smoke = task.size(false, true);
    if smoke {
        command.args(SMALL);
    } else {
        command.args(["--users", &size.users.to_string()]);
        command.args(["--think", &size.think_seconds.to_string()]);
        command.args(["--duration", &size.duration_seconds.to_string()]);
    }
    command.arg("--report").arg(folder.path());
    // Its table goes to the person who watches; this program's own output is data.
    command
        .stdout(Stdio::from(std::io::stderr()))
        .stdin(Stdio::null());
    let status = command.status()?;
    Ok(Proved {
        result: serde_json::from_slice(&std::fs::read(result_in(folder.path())?)?)?,
        // A smoke run's threshold is a clock, which no test fails on.
        is_clean: status.success() || smoke && status.code() == Some(THRESHOLD),
    })
}

/// What came of one proof.
struct Proved {
    result: Value,
    is_clean: bool,
}

impl Proved {
    fn number(&self, pointer: &str) -> f64 {
        let value = self.result.pointer(pointer);
        value.and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    fn is_sound(&self) -> bool {
        self.is_clean && self.number("/total/failed") == 0.0
    }

    /// The figures of each audit: acknowledged, found, lost, doubled and the rest.
    fn audits(&self) -> Vec<&Value> {
        let audits = self.result.pointer("/audits").and_then(Value::as_array);
        audits
            .into_iter()
            .flatten()
            .map(|audit| &audit["figures"])
            .collect()
    }

    fn tell(&self, size: &Size) -> Outcome<()> {
        let of = |pointer: &str| self.result.pointer(pointer).cloned().unwrap_or_default();
        let detail = [
            ("users", of("/run/users")),
            ("seconds", of("/run/seconds")),
            ("connections_opened", of("/run/connections_opened")),
            ("connections_at_server", of("/server/open/least")),
            ("requests", of("/total/requests")),
            ("requests_per_second", of("/run/steady_rate")),
            ("latency_ms", of("/total/latency_ms")),
            ("refused", of("/total/refused")),
            ("shed", of("/total/shed")),
            ("failed", of("/total/failed")),
            ("audit_and_thresholds_hold", json!(self.is_clean)),
            ("audits", json!(self.audits())),
            ("harness", of("/harness")),
        ];
        tell(
            size.key,
            self.number("/total/latency_ms/p99"),
            self.is_sound(),
            &detail,
        )
    }
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
