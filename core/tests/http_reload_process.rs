//! The program `hubu` with SM2 keys in a folder: tokens signed by `hubu token`, a rotation, and a revocation at SIGHUP and by
//! itself, on a connection that stays open.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http_support::{COUNTY, Client};
use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use hubu_testkit::Program;
use rustix::process::{Pid, Signal, kill_process};

/// An hour: nothing is read by itself while a test runs.
const SELDOM: &str = "3600";

fn hubu(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
    let output = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A data folder with an SM2 key `a` in its folder of keys.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let config = config.to_str().unwrap();
    hubu(folder.path(), &["init", "data", "--catalog", config]);
    std::fs::create_dir(folder.path().join("data/keys")).unwrap();
    add_key(folder.path(), "a");
    list(folder.path(), "");
    folder
}

fn add_key(folder: &Path, kid: &str) {
    let key = PrivateKey::generate(Algorithm::Sm2).unwrap();
    let private = folder.join(format!("{kid}.key"));
    std::fs::write(private, key.to_pem().unwrap().as_bytes()).unwrap();
    let public = folder.join(format!("data/keys/{kid}.pem"));
    std::fs::write(public, key.public_key().to_pem()).unwrap();
}

/// Puts another list in place of the former one, in one step.
fn list(folder: &Path, text: &str) {
    std::fs::write(folder.join("data/list.new"), text).unwrap();
    std::fs::rename(
        folder.join("data/list.new"),
        folder.join("data/revoked.toml"),
    )
    .unwrap();
}

fn token(folder: &Path, kid: &str, name: &str) -> String {
    let key = format!("{kid}.key");
    let arguments = [
        "token",
        "--config",
        "data/hubu.toml",
        "--sub",
        name,
        "--role",
        "auditor",
        "--division",
        COUNTY,
        "--sm2-private-key",
        &key,
        "--kid",
        kid,
    ];
    hubu(folder, &arguments)
}

fn serve(folder: &Path, reload_seconds: &str) -> (Program, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_hubu"))
        .args(["serve", "--config", "data/hubu.toml"])
        .current_dir(folder)
        .env("HUBU_SERVER_LISTEN", address.to_string())
        .env("HUBU_METRICS_LISTEN", "")
        .env("HUBU_JOURNAL_SEGMENT_BYTES", "8388608")
        .env("HUBU_LOG_FORMAT", "json")
        .env("HUBU_AUTH_HS256_SECRET_FILE", "")
        .env("HUBU_AUTH_KEY_FOLDER", "keys")
        .env("HUBU_AUTH_REVOCATION_FILE", "revoked.toml")
        .env("HUBU_AUTH_RELOAD_SECONDS", reload_seconds)
        .stderr(Stdio::piped())
        .spawn();
    let child = Program::from(child.unwrap());
    let end = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < end, "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, address)
}

fn client(address: SocketAddr, token: &str) -> Client {
    let mut client = Client::connect(address);
    client.headers = format!("Authorization: Bearer {token}\r\nAccept-Language: en\r\n");
    client
}

/// Asks on this connection until the answer has this status.
fn until(client: &mut Client, status: u16) {
    let end = Instant::now() + Duration::from_secs(30);
    while client.get("/v1/work").status != status {
        assert!(Instant::now() < end, "it never became {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Program, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// The log of a server that was told to stop.
fn stopped(mut child: Program) -> String {
    signal(&child, Signal::TERM);
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
    log
}

#[test]
fn a_hangup_reads_keys_and_revocations_anew() {
    let folder = made();
    let folder = folder.path();
    let (child, address) = serve(folder, SELDOM);
    let mut zhang = client(address, &token(folder, "a", "zhang"));
    let mut li = client(address, &token(folder, "a", "li"));
    assert_eq!(
        (zhang.get("/v1/work").status, li.get("/v1/work").status),
        (200, 200)
    );

    list(folder, "[[revoked]]\nsubject = \"zhang\"\n");
    assert_eq!(zhang.get("/v1/work").status, 200, "nothing was read yet");
    signal(&child, Signal::HUP);
    until(&mut zhang, 401);
    assert_eq!(li.get("/v1/work").status, 200);

    // A rotation: the new key beside the old one, then the old one away.
    add_key(folder, "b");
    signal(&child, Signal::HUP);
    let mut new = client(address, &token(folder, "b", "wang"));
    until(&mut new, 200);
    assert_eq!(li.get("/v1/work").status, 200, "both are good");
    std::fs::remove_file(folder.join("data/keys/a.pem")).unwrap();
    signal(&child, Signal::HUP);
    until(&mut li, 401);
    assert_eq!(new.get("/v1/work").status, 200);

    let log = stopped(child);
    assert!(log.contains("keys and revocations were read anew"), "{log}");
}

#[test]
fn keys_are_looked_at_every_few_seconds_and_a_broken_file_changes_nothing() {
    let folder = made();
    let folder = folder.path();
    let (child, address) = serve(folder, "1");
    let mut zhang = client(address, &token(folder, "a", "zhang"));
    let mut li = client(address, &token(folder, "a", "li"));
    assert_eq!(
        (zhang.get("/v1/work").status, li.get("/v1/work").status),
        (200, 200)
    );
    list(folder, "[[revoked]]\nsubject = \"zhang\"\n");
    until(&mut zhang, 401);
    list(folder, "[[revoked]]\nsubject = \"li\"\n[[revoked\n");
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(
        (zhang.get("/v1/work").status, li.get("/v1/work").status),
        (401, 200)
    );
    list(folder, "[[revoked]]\nsubject = \"li\"\n");
    until(&mut li, 401);
    until(&mut zhang, 200);
    let log = stopped(child);
    let told = log
        .matches("keys and revocations stay as they were")
        .count();
    assert_eq!(told, 1, "once, however often it is read: {log}");
    assert!(log.contains("revoked.toml"), "{log}");
}
