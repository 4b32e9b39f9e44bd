//! `hubu check-database` against real databases: what is fine, what is only to be looked at, and what may not carry a journal.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

use std::process::Command;

use hubu_testkit::{PgCluster, Pooler};
use serde_json::Value;

fn check(words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
    command.arg("check-database").args(words);
    let output = command.args(["--seconds", "1"]).output().unwrap();
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

fn json(words: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
    command.arg("check-database").args(words);
    let output = command.args(["--seconds", "1", "--json"]).output().unwrap();
    let value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), value)
}

/// The verdict on one thing, and its text.
fn verdict(found: &Value, check: &str) -> (String, String) {
    let checks = found["checks"].as_array().unwrap();
    let one = checks.iter().rfind(|one| one["check"] == check);
    let one = one.unwrap_or_else(|| panic!("no {check} in {found:#}"));
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    (
        text("verdict"),
        format!("{} {}", text("detail"), text("advice")),
    )
}

fn schemas(cluster: &PgCluster) -> String {
    let ask = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'hubu%'";
    cluster.sql(ask).unwrap()
}

#[test]
fn a_sound_database_passes_and_nothing_is_left_behind() {
    let cluster = PgCluster::start().unwrap();
    let (status, found) = json(&[&cluster.url()]);
    assert_eq!(status, Some(0), "{found:#}");
    assert_eq!(
        (&found["faults"], &found["family"]),
        (&0.into(), &"postgresql".into())
    );
    for check in [
        "connection",
        "family",
        "tls",
        "encoding",
        "writable",
        "commit",
        "disk",
        "connections",
        "timeouts",
        "rights",
        "latency",
        "clock",
        "pooler",
        "journal",
        "storage",
        "commits",
    ] {
        let (verdict, text) = verdict(&found, check);
        assert_eq!(verdict, "ok", "{check}: {text}");
    }
    // What would be better, without being wrong.
    for (check, words) in [("standby", "no synchronous standby"), ("role", "superuser")] {
        let (verdict, text) = verdict(&found, check);
        assert_eq!(verdict, "warn", "{check}: {text}");
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(schemas(&cluster), "0");
    assert_eq!(
        cluster.sql("SELECT to_regclass('hubu_journal')").unwrap(),
        ""
    );
    let (status, said) = check(&[&cluster.url()]);
    assert_eq!(status, Some(0), "{said}");
    assert!(
        said.contains("ok    commits      ") && said.contains("0 to mend"),
        "{said}"
    );
}

#[test]
fn a_database_that_may_lose_commits_is_refused() {
    let cluster = PgCluster::start().unwrap();
    cluster
        .sql("ALTER ROLE hubu SET synchronous_commit = off")
        .unwrap();
    let (status, found) = json(&[&cluster.url()]);
    assert_eq!(status, Some(3), "{found:#}");
    assert_eq!(verdict(&found, "commit").0, "fail");
    assert_eq!(
        schemas(&cluster),
        "0",
        "removed also when the trial is refused"
    );
    cluster.sql("ALTER ROLE hubu RESET ALL").unwrap();
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let careless = PgCluster::start_in(folder.path(), &["fsync=off"]).unwrap();
    let (status, said) = check(&[&careless.url()]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("FAIL  disk         fsync is off"), "{said}");
}

#[test]
fn a_role_that_may_not_is_told_what_it_lacks() {
    let cluster = PgCluster::start().unwrap();
    cluster
        .sql("CREATE ROLE clerk LOGIN; CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
        .unwrap_err();
    cluster.sql("CREATE ROLE clerk LOGIN").unwrap();
    cluster
        .sql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
        .unwrap();
    cluster
        .sql("ALTER ROLE clerk SET statement_timeout = '5s'")
        .unwrap();
    let url = cluster.url().replace("hubu@", "clerk@");
    // initdb trusts everybody on this machine.
    let (status, found) = json(&[&url]);
    assert_eq!(status, Some(3), "{found:#}");
    let (fails, text) = verdict(&found, "rights");
    assert_eq!(fails, "fail", "{text}");
    assert!(text.contains("GRANT CREATE ON SCHEMA"), "{text}");
    assert_eq!(verdict(&found, "journal").0, "warn");
    assert_eq!(verdict(&found, "timeouts").0, "warn");
    assert_eq!(verdict(&found, "role").0, "ok");
    let (_, found) = json(&[&cluster.url().replace("/postgres", "/latin")]);
    assert_eq!(verdict(&found, "encoding").0, "fail");
}

#[test]
fn a_pooler_is_seen() {
    let cluster = PgCluster::start().unwrap();
    let pooler = Pooler::start(cluster.port()).unwrap();
    let (status, found) = json(&[&pooler.url()]);
    assert_eq!(status, Some(3), "{found:#}");
    let (fails, text) = verdict(&found, "pooler");
    assert_eq!(fails, "fail", "{text}");
    let (status, found) = json(&[&pooler.url(), "--pooler"]);
    assert_eq!(status, Some(0), "{found:#}");
    assert_eq!(verdict(&found, "pooler").0, "ok");
    assert_eq!(schemas(&cluster), "0");
}

#[test]
fn a_standby_in_step_is_counted_and_a_replica_is_no_place_for_a_journal() {
    let first = PgCluster::start().unwrap();
    let second = first.replica().unwrap();
    first.require_replica().unwrap();
    // The database tells of its standby some moments after it was told to wait for one.
    let in_step = "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')";
    while first.sql(in_step).unwrap() != "1" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (status, found) = json(&[&first.url()]);
    assert_eq!(status, Some(0), "{found:#}");
    let (fine, text) = verdict(&found, "standby");
    assert_eq!(fine, "ok", "{text}");
    let (status, found) = json(&[&second.url()]);
    assert_eq!(status, Some(3), "{found:#}");
    assert_eq!(verdict(&found, "writable").0, "fail");
}

#[test]
fn an_address_is_never_shown_with_its_password() {
    let url = "postgres://hubu:very-secret@127.0.0.1:1/none?password=very-secret";
    let (status, said) = check(&[url]);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("postgres://hubu@127.0.0.1:1/none"), "{said}");
    assert!(!said.contains("very-secret"), "{said}");
    let (status, said) = check(&["mysql://root:very-secret@h/d"]);
    assert_eq!(status, Some(2), "{said}");
    let (status, said) = check(&["postgres://u:very-secret@h:port/d"]);
    assert_eq!(status, Some(2), "{said}");
    assert!(!said.contains("very-secret"), "{said}");
    let (status, said) = check(&["--help"]);
    assert_eq!(status, Some(0));
    assert!(
        said.contains("Examples:") && said.contains("--password-file"),
        "{said}"
    );
}
