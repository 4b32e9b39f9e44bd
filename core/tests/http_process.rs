//! The program `hubu` as people run it: init, check, token, serve, stop, verify.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use http_support::{AGENCY, COUNTY, dims};
use hubu_testkit::Program;
use serde_json::json;

fn hubu(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A data folder named `data` inside a new folder.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let output = hubu(
        folder.path(),
        &["init", "data", "--catalog", config.to_str().unwrap()],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    folder
}

/// An address that nobody had a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

fn serve(folder: &Path, address: SocketAddr) -> Program {
    let child = Command::new(env!("CARGO_BIN_EXE_hubu"))
        .args(["serve", "--config", "data/hubu.toml"])
        .current_dir(folder)
        .env("HUBU_SERVER_LISTEN", address.to_string())
        .env("HUBU_METRICS_LISTEN", "")
        .env("HUBU_JOURNAL_SEGMENT_BYTES", "8388608")
        .env("HUBU_LOG_FORMAT", "json")
        .stderr(Stdio::piped())
        .spawn();
    let child = Program::from(child.unwrap());
    let end = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// Sends SIGTERM, and gives the exit status and the log.
fn terminate(mut child: Program) -> (Option<i32>, String) {
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    (child.wait().unwrap().code(), log)
}

fn send(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_life_from_init_to_verify() {
    let folder = made();
    let folder = folder.path();
    let again = hubu(folder, &["init", "data"]);
    assert_eq!(
        again.status.code(),
        Some(2),
        "a data folder is never written over"
    );
    let check = hubu(folder, &["check", "--config", "data/hubu.toml"]);
    assert!(check.status.success() && text(&check.stdout).contains("document types"));
    let arguments = [
        "token",
        "--config",
        "data/hubu.toml",
        "--sub",
        "loader",
        "--role",
        "system_admin",
        "--division",
        COUNTY,
    ];
    let token = text(&hubu(folder, &arguments).stdout).trim().to_owned();

    let address = free();
    let server = serve(folder, address);
    let line = json!({"amount": "10.00", "month": 1, "dims": dims(AGENCY)});
    let body = json!({"type": "opening", "division": COUNTY, "fiscal_year": 2026, "transition": "load", "lines": [line]}).to_string();
    let length = body.len();
    let answer = send(
        address,
        &format!(
            "POST /v1/documents HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Idempotency-Key: one\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let (status, log) = terminate(server);
    assert_eq!(status, Some(0), "{log}");
    let last = log.lines().last().unwrap();
    let event: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(
        (&event["message"], &event["level"]),
        (&json!("stopped"), &json!("INFO")),
        "{log}"
    );

    let verify = hubu(folder, &["verify", "--config", "data/hubu.toml"]);
    let report = text(&verify.stdout);
    assert!(
        verify.status.success() && report.contains("decided 1"),
        "{report}"
    );
    assert!(report.contains("every book balances"), "{report}");
    // One changed byte in the middle of what was written.
    let segment = folder.join("data/journal/00000001.segment");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes
        .windows(6)
        .position(|window| window == b"loader")
        .unwrap();
    bytes[at] = b'L';
    std::fs::write(&segment, bytes).unwrap();
    let verify = hubu(folder, &["verify", "--config", "data/hubu.toml"]);
    assert_eq!(verify.status.code(), Some(3), "{}", text(&verify.stderr));
}

#[test]
fn a_second_server_on_the_same_journal_is_refused() {
    let folder = made();
    let first = serve(folder.path(), free());
    let second = Command::new(env!("CARGO_BIN_EXE_hubu"))
        .args(["serve", "--config", "data/hubu.toml"])
        .current_dir(folder.path())
        .env("HUBU_SERVER_LISTEN", free().to_string())
        .env("HUBU_METRICS_LISTEN", "")
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1), "{}", text(&second.stderr));
    assert_eq!(terminate(first).0, Some(0));
}

#[test]
fn every_mistake_of_a_catalog_is_listed_with_its_line() {
    let folder = made();
    let catalog = folder.path().join("data/catalog");
    for (file, from, to) in [
        (
            "documents/payment.toml",
            "\"agency_head\"",
            "\"agency_haed\"",
        ),
        ("ledgers.toml", "\"fund_type\"", "\"fund_tpye\""),
    ] {
        let path = catalog.join(file);
        let changed = std::fs::read_to_string(&path)
            .unwrap()
            .replacen(from, to, 1);
        std::fs::write(&path, changed).unwrap();
    }
    let check = hubu(folder.path(), &["check", "--config", "data/hubu.toml"]);
    assert_eq!(check.status.code(), Some(3));
    let listed = text(&check.stdout);
    assert!(
        listed.contains("documents/payment.toml:") && listed.contains("ledgers.toml:"),
        "{listed}"
    );
}

#[test]
fn mistakes_of_the_settings_stop_the_start_with_their_line() {
    let folder = made();
    let path = folder.path().join("data/hubu.toml");
    let text_of = std::fs::read_to_string(&path).unwrap();
    let line = text_of
        .lines()
        .position(|line| line.starts_with("threads"))
        .unwrap()
        + 1;
    std::fs::write(&path, text_of.replace("threads = 0", "thread = 0")).unwrap();
    let output = hubu(folder.path(), &["serve", "--config", "data/hubu.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains(&format!("hubu.toml:{line}: unknown field `thread`")));
    let output = hubu(folder.path(), &["serve", "--config", "elsewhere.toml"]);
    assert!(
        text(&output.stderr).contains("hubu init"),
        "it says what to do"
    );
}
