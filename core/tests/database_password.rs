//! The database's password: where it comes from, that it can change while the server goes on, and that nobody is told of it.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;

use std::path::Path;
use std::time::{Duration, Instant};

use http_support::payment;
use hubu_testkit::PgCluster;
use site::{Site, Wire, load};

const FIRST: &str = "first-pass-word";
const SECOND: &str = "second-pass-word";
const WRONG: &str = "wrong-pass-word";

/// A database that wants a password of the role `clerk`, and its address without one.
fn guarded() -> (PgCluster, String) {
    let mut cluster = PgCluster::start().unwrap();
    cluster
        .sql(&format!("CREATE ROLE clerk LOGIN PASSWORD '{FIRST}'"))
        .unwrap();
    cluster.sql("CREATE DATABASE cell OWNER clerk").unwrap();
    cluster
        .let_in("host all clerk 127.0.0.1/32 scram-sha-256")
        .unwrap();
    let url = format!("postgres://clerk@127.0.0.1:{}/cell", cluster.port());
    (cluster, url)
}

fn write(path: &Path, password: &str) {
    std::fs::write(path, format!("{password}\n")).unwrap();
}

/// Everything that a running server tells the world besides its answers.
fn told(site: &Site, server: u32) -> String {
    let seen = |what: &str| std::fs::read(format!("/proc/{server}/{what}")).unwrap();
    let shown = String::from_utf8_lossy(&seen("cmdline")).into_owned();
    format!("{shown}\n{}", site.said())
}

#[test]
fn a_new_password_counts_without_a_restart() {
    let (cluster, url) = guarded();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    write(&file, FIRST);
    let file_text = file.display().to_string();
    let site = Site::new(&[
        ("HUBU_JOURNAL_PLACE", &url),
        ("HUBU_JOURNAL_PASSWORD_FILE", &file_text),
        ("HUBU_STANDARD_TABLES_URL", &url),
        ("HUBU_STANDARD_TABLES_PASSWORD_FILE", &file_text),
        ("HUBU_LOG_LEVEL", "trace"),
    ]);
    let server = site.serve();
    let row = load(&site);
    let mut clerk = Wire::open(&site, &site.token("clerk", "agency_clerk"));
    let mut pay = |key: &str| {
        let body = payment(&row, "1.00").to_string();
        clerk.ask("POST", "/v1/documents", key, &body).unwrap()
    };
    assert_eq!(pay("before").0, 201);

    for (round, password) in [SECOND, FIRST, SECOND].into_iter().enumerate() {
        cluster
            .sql(&format!("ALTER ROLE clerk PASSWORD '{password}'"))
            .unwrap();
        write(&file, password);
        cluster
            .sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'clerk'")
            .unwrap();
        for more in 0..3 {
            let (status, answer) = pay(&format!("after-{round}-{more}"));
            assert_eq!(status, 201, "{answer}");
        }
    }
    let (status, ready) = Wire::open(&site, "-")
        .ask("GET", "/readyz", "-", "")
        .unwrap();
    assert_eq!(status, 200, "{ready}");
    // The standard tables come along.
    let end = Instant::now() + Duration::from_secs(60);
    let at = format!("postgres://hubu@127.0.0.1:{}/cell", cluster.port());
    let loaded = || {
        let ask = "SELECT count(*) FROM hubu_standard_1.document WHERE doc_type_code = 'payment'";
        hubu_testkit::sql(&at, ask).unwrap_or_default()
    };
    while loaded() != "10" {
        assert!(Instant::now() < end, "{}", loaded());
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = told(&site, server.id());
    for password in [FIRST, SECOND] {
        assert!(!told.contains(password), "a password is told");
    }
    assert!(told.contains("the journal's database"), "the log is there");
}

#[test]
fn a_wrong_password_stops_the_start_and_is_not_told() {
    let (_cluster, url) = guarded();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    write(&file, WRONG);
    let in_url = url.replace("clerk@", &format!("clerk:{WRONG}@"));
    for settings in [
        vec![
            ("HUBU_JOURNAL_PLACE", url.clone()),
            ("HUBU_JOURNAL_PASSWORD_FILE", file.display().to_string()),
        ],
        vec![
            ("HUBU_JOURNAL_PLACE", url.clone()),
            ("HUBU_JOURNAL_PASSWORD", WRONG.to_owned()),
        ],
        vec![("HUBU_JOURNAL_PLACE", in_url)],
    ] {
        let borrowed: Vec<(&'static str, &str)> =
            settings.iter().map(|(n, v)| (*n, &**v)).collect();
        let site = Site::new(&borrowed);
        for words in [
            &["serve"][..],
            &["verify"],
            &["backup", "--to", "copy"],
            &["check-database"],
        ] {
            let mut command = site.command();
            command.args(words).args(["--config", "data/hubu.toml"]);
            command.env("HUBU_LOG_LEVEL", "trace");
            let output = command.output().unwrap();
            assert!(!output.status.success());
            let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
            said.push_str(&String::from_utf8_lossy(&output.stdout));
            assert!(
                said.contains("password authentication failed"),
                "{words:?}: {said}"
            );
            assert!(!said.contains(WRONG), "{words:?}: {said}");
        }
    }
}

#[test]
fn a_password_file_that_is_not_there_is_named() {
    let (_cluster, url) = guarded();
    let site = Site::new(&[
        ("HUBU_JOURNAL_PLACE", &url),
        ("HUBU_JOURNAL_PASSWORD_FILE", "/nowhere/password"),
    ]);
    let mut command = site.command();
    command.args(["serve", "--config", "data/hubu.toml"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the database's password in /nowhere/password"),
        "{said}"
    );
}
