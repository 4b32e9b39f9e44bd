//! Sensitive fields in a server as people run it: where their values are looked for, and not found.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http_support;
mod site;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http_support::{AGENCY, COUNTY, payment};
use hubu_testkit::{PgCluster, Program};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use site::{Site, Wire, load};

/// Stand nowhere else.
const ACCOUNT: &str = "6217000913570467654";
const PAYEE: &str = "汪洋记号";
const MASKED: &str = "6217********7654";
/// Stands beside them in the same records, and in plain: a search that finds this would find those.
const PURPOSE: &str = "plain-purpose-beside-them";

fn paid_to(row: &str, account: &str) -> Value {
    let mut body = payment(row, "1.00");
    body["fields"]["purpose"] = json!(PURPOSE);
    body["fields"]["payee"] = json!(PAYEE);
    body["fields"]["payee_account"] = json!(account);
    body
}

/// Enters a payment; its id.
fn pay(wire: &mut Wire, row: &str, key: &str) -> String {
    let body = paid_to(row, ACCOUNT).to_string();
    let (status, answer) = wire.ask("POST", "/v1/documents", key, &body).unwrap();
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

fn stop(mut server: Program) {
    let pid = Pid::from_raw(server.id().cast_signed()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(server.wait().unwrap().success());
}

/// Somebody of this role in the county, or in its agency.
fn person(site: &Site, role: &str) -> Wire {
    let agency = role.starts_with("agency_").then_some(AGENCY);
    let token = http_token(site, role, agency);
    Wire::open(site, &token)
}

fn http_token(site: &Site, role: &str, agency: Option<&str>) -> String {
    std::ops::Deref::deref(site)
        .token(role, role, (COUNTY, agency))
        .unwrap()
}

fn fields(wire: &mut Wire, id: &str) -> (Value, Value) {
    let (status, found) = wire
        .ask("GET", &format!("/v1/documents/{id}"), "-", "")
        .unwrap();
    assert_eq!(status, 200, "{found}");
    (
        found["fields"]["payee_account"].clone(),
        found["hidden"]["payee_account"].clone(),
    )
}

/// Files below a folder that hold this text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                // A file of a running database may go meanwhile.
                false => {
                    let bytes = std::fs::read(&path).unwrap_or_default();
                    if bytes
                        .windows(text.len())
                        .any(|part| part == text.as_bytes())
                    {
                        found.push(path.display().to_string());
                    }
                }
            }
        }
    }
    found
}

fn hubu(site: &Site, arguments: &[&str]) -> (bool, String) {
    let output = site.command().args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// All that a payment lives through, with every step that brings fields, on a journal at this place; the metrics last.
fn lived_through(site: &Site, row: &str) -> String {
    let mut clerk = person(site, "agency_clerk");
    let id = pay(&mut clerk, row, "whole");
    let steps = [
        ("agency_reviewer", "review", json!({"alerts_blocking": 0})),
        ("agency_head", "sign", json!({"alerts_unattached": 0})),
        ("payment_centre", "seal", json!({"certificate_valid": true})),
        (
            "payment_centre2",
            "send",
            json!({"order_no": "L-1", "bank_reachable": true}),
        ),
        (
            "agent_bank",
            "receipt",
            json!({"receipt_amount": "1.00", "receipt_order_no": "L-1"}),
        ),
    ];
    for (who, step, fields) in steps {
        let role = who.trim_end_matches('2');
        let agency = role.starts_with("agency_").then_some(AGENCY);
        let token = std::ops::Deref::deref(site)
            .token(who, role, (COUNTY, agency))
            .unwrap();
        let path = format!("/v1/documents/{id}/actions/{step}");
        let body = json!({"fields": fields}).to_string();
        let (status, answer) = Wire::open(site, &token)
            .ask("POST", &path, step, &body)
            .unwrap();
        assert_eq!(status, 200, "{step}: {answer}");
    }
    // What goes wrong is told without values as well.
    let mut wrong = paid_to(row, ACCOUNT);
    wrong["fiscal_year"] = json!(ACCOUNT);
    let mut too_long = paid_to(row, &ACCOUNT.repeat(3));
    too_long["fields"]["payee"] = json!([PAYEE]);
    let mut too_much = paid_to(row, ACCOUNT);
    too_much["lines"][0]["amount"] = json!("99999999.00");
    for (key, body, status) in [
        ("w1", wrong, 422),
        ("w2", paid_to(row, &ACCOUNT.repeat(3)), 422),
        ("w3", too_long, 422),
        ("w4", too_much, 409),
    ] {
        let answer = clerk
            .ask("POST", "/v1/documents", key, &body.to_string())
            .unwrap();
        assert_eq!(answer.0, status, "{answer:?}");
        let said = answer.1.to_string();
        assert!(!said.contains(ACCOUNT) && !said.contains(PAYEE), "{said}");
    }
    let mut auditor = person(site, "budget_office");
    for path in [
        format!("/v1/documents/{id}"),
        format!("/v1/documents/{id}/trace"),
        "/v1/work".into(),
        "/v1/events?after=0".into(),
    ] {
        let (status, seen) = auditor.ask("GET", &path, "-", "").unwrap();
        assert_eq!(status, 200, "{path}: {seen}");
        assert!(!seen.to_string().contains(ACCOUNT), "{path}: {seen}");
    }
    assert_eq!(fields(&mut auditor, &id), (json!(MASKED), json!("masked")));
    assert_eq!(fields(&mut clerk, &id), (json!(ACCOUNT), Value::Null));
    id
}

fn figures(site: &Site) -> String {
    let mut wire = hubu_testkit::Wire::open(site.metrics).unwrap();
    let reply = wire.ask("GET", "/metrics", "", "").unwrap();
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn a_sensitive_value_is_nowhere_on_a_disk_in_a_log_or_in_figures() {
    let settings = [
        ("HUBU_LOG_LEVEL", "trace"),
        ("HUBU_ENGINE_SNAPSHOT_INTERVAL_SECONDS", "1"),
        ("HUBU_JOURNAL_SEGMENT_BYTES", "8388608"),
    ];
    let site = Site::new(&settings);
    let server = site.serve();
    let row = load(&site);
    let ended = lived_through(&site, &row);
    let mut clerk = person(&site, "agency_clerk");
    let open = pay(&mut clerk, &row, "open");
    // A snapshot is written within a second.
    let until = Instant::now() + Duration::from_secs(30);
    while std::fs::read_dir(data(&site).join("snapshots")).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < until, "no snapshot");
        std::thread::sleep(Duration::from_millis(50));
    }
    let shown = figures(&site);
    assert!(shown.contains("hubu_") && !shown.contains(ACCOUNT) && !shown.contains(PAYEE));
    stop(server);
    let backup = data(&site).join("backup");
    let (fine, said) = hubu(
        &site,
        &[
            "backup",
            "--config",
            "data/hubu.toml",
            "--to",
            backup.to_str().unwrap(),
        ],
    );
    assert!(fine, "{said}");
    for text in [ACCOUNT, PAYEE] {
        assert_eq!(files_with(site.folder.path(), text), Vec::<String>::new());
        assert!(!site.said().contains(text), "{text} in the log");
    }
    assert!(
        !files_with(&data(&site).join("journal"), PURPOSE).is_empty(),
        "the search finds what is there"
    );
    // From the archive and from the snapshot it comes back in full.
    let server = site.serve();
    let mut clerk = person(&site, "agency_clerk");
    for id in [&ended, &open] {
        assert_eq!(fields(&mut clerk, id), (json!(ACCOUNT), Value::Null));
    }
    stop(server);
}

#[test]
fn keys_are_changed_while_the_server_serves_and_erased_for_good() {
    let site = Site::new(&[("HUBU_LOG_LEVEL", "info")]);
    let server = site.serve();
    let row = load(&site);
    let mut clerk = person(&site, "agency_clerk");
    let old = pay(&mut clerk, &row, "old");
    let (fine, said) = hubu(
        &site,
        &[
            "fields",
            "--config",
            "data/hubu.toml",
            "--new-key",
            "--cipher",
            "aes-256-gcm",
        ],
    );
    assert!(fine && said.contains("2.key: a aes-256-gcm key"), "{said}");
    await_text(&site, "other keys for sensitive fields");
    let new = pay(&mut clerk, &row, "new");
    assert_eq!(
        pay(&mut clerk, &row, "old"),
        old,
        "a repeat, under another key"
    );
    for id in [&old, &new] {
        assert_eq!(fields(&mut clerk, id).0, ACCOUNT);
    }
    let (_, said) = hubu(&site, &["fields", "--config", "data/hubu.toml"]);
    assert_eq!(said.matches("2 values, in records").count(), 2, "{said}");
    // Without the old key its value is lost, and the document is shown all the same.
    let key = data(&site).join("field-keys/1.key");
    std::fs::remove_file(&key).unwrap();
    stop(server);
    let server = site.serve();
    let mut clerk = person(&site, "agency_clerk");
    let (value, why) = fields(&mut clerk, &old);
    assert!(
        value.as_str().unwrap().starts_with("** encrypted, key "),
        "{value}"
    );
    assert_eq!(why, "key_missing");
    assert_eq!(fields(&mut clerk, &new).0, ACCOUNT);
    let (_, said) = hubu(&site, &["fields", "--config", "data/hubu.toml"]);
    assert!(said.contains("missing  "), "{said}");
    stop(server);
    let (fine, said) = hubu(&site, &["verify", "--config", "data/hubu.toml"]);
    assert!(fine && said.contains("every book balances"), "{said}");
}

#[test]
fn a_folder_of_keys_that_goes_away_while_the_server_serves_takes_no_key_along() {
    let site = Site::new(&[("HUBU_LOG_LEVEL", "info")]);
    let server = site.serve();
    let row = load(&site);
    let first = pay(&mut person(&site, "agency_clerk"), &row, "first");
    let (keys, away) = (data(&site).join("field-keys"), data(&site).join("away"));
    let gone =
        "the folder of keys is gone or empty: those that were read before stay until a restart";
    std::fs::rename(&keys, &away).unwrap();
    await_text(&site, gone);
    let mut clerk = person(&site, "agency_clerk");
    let second = pay(&mut clerk, &row, "second");
    // An empty mount point is the same; it is looked at every five seconds.
    std::fs::create_dir(&keys).unwrap();
    std::thread::sleep(Duration::from_secs(7));
    let mut clerk = person(&site, "agency_clerk");
    pay(&mut clerk, &row, "third");
    assert_eq!(pay(&mut clerk, &row, "first"), first, "a repeat");
    for id in [&first, &second] {
        assert_eq!(fields(&mut clerk, id), (json!(ACCOUNT), Value::Null));
    }
    assert_eq!(site.said().matches(gone).count(), 1, "told once");
    // Mounted again, it is followed as before.
    std::fs::remove_dir(&keys).unwrap();
    std::fs::rename(&away, &keys).unwrap();
    let new_key = ["fields", "--config", "data/hubu.toml", "--new-key"];
    assert!(hubu(&site, &new_key).0);
    await_text(&site, "other keys for sensitive fields");
    stop(server);
    // The last keys are taken away by a restart.
    std::fs::remove_dir_all(&keys).unwrap();
    let (fine, said) = hubu(&site, &["serve", "--config", "data/hubu.toml"]);
    assert!(!fine && said.contains("holds no key"), "{said}");
}

fn data(site: &Site) -> PathBuf {
    site.folder.path().join("data")
}

fn await_text(site: &Site, text: &str) {
    let until = Instant::now() + Duration::from_secs(30);
    while !site.said().contains(text) {
        assert!(Instant::now() < until, "{text}: {}", site.said());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn without_a_key_nothing_sensitive_is_taken_unless_that_is_meant() {
    use std::os::unix::fs::PermissionsExt;
    let mut site = Site::new(&[]);
    let key = data(&site).join("field-keys/1.key");
    let permit =
        |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    permit(0o644);
    let (fine, said) = hubu(&site, &["serve", "--config", "data/hubu.toml"]);
    assert!(!fine && said.contains("chmod 600"), "{said}");
    permit(0o600);
    let secret = std::fs::read_to_string(&key).unwrap();
    for wrong in [
        "",
        "sm4-gcm",
        "sm4-gcm:00",
        "rot13:00112233445566778899aabbccddeeff",
        &secret[..secret.len() - 3],
    ] {
        std::fs::write(&key, wrong).unwrap();
        let (fine, said) = hubu(&site, &["check", "--config", "data/hubu.toml"]);
        assert!(!fine && said.contains("one line is wanted"), "{said}");
        assert!(!said.contains(&secret[8..20]), "{said}");
    }
    std::fs::remove_file(&key).unwrap();
    for command in ["serve", "check"] {
        let (fine, said) = hubu(&site, &[command, "--config", "data/hubu.toml"]);
        assert!(!fine && said.contains("hubu fields --new-key"), "{said}");
    }
    site.set("HUBU_FIELDS_PLAIN", "true");
    let server = site.serve();
    let row = load(&site);
    let id = pay(&mut person(&site, "agency_clerk"), &row, "plain");
    assert_eq!(
        fields(&mut person(&site, "budget_office"), &id).0,
        MASKED,
        "masked all the same"
    );
    stop(server);
    assert!(site.said().contains("fields.plain is set"));
    assert!(!files_with(&data(&site).join("journal"), ACCOUNT).is_empty());
    // With a key from now on: what is there stays readable.
    site.set("HUBU_FIELDS_PLAIN", "false");
    assert!(
        hubu(
            &site,
            &["fields", "--config", "data/hubu.toml", "--new-key"]
        )
        .0
    );
    let server = site.serve();
    assert_eq!(fields(&mut person(&site, "agency_clerk"), &id).0, ACCOUNT);
    assert_eq!(pay(&mut person(&site, "agency_clerk"), &row, "plain"), id);
    stop(server);
}

#[test]
fn a_database_holds_ciphertext_and_a_standby_reads_it() {
    let cluster = PgCluster::start().unwrap();
    let settings = [
        ("HUBU_JOURNAL_PLACE", &*cluster.url()),
        ("HUBU_JOURNAL_COMPRESS", "false"),
        ("HUBU_JOURNAL_LEASE_SECONDS", "60"),
        ("HUBU_STANDARD_TABLES_URL", &*cluster.url()),
    ];
    let site = Site::new(&settings);
    let server = site.serve();
    let row = load(&site);
    let id = lived_through(&site, &row);
    let beside = site.beside();
    let standby = beside.serve_as(&["--standby"]);
    let mut clerk = person(&site, "agency_clerk");
    let there = pay(&mut clerk, &row, "there");
    let token = http_token(&site, "agency_clerk", Some(AGENCY));
    let mut reader = Wire::open(&beside, &token);
    let until = Instant::now() + Duration::from_secs(30);
    while reader
        .ask("GET", &format!("/v1/documents/{there}"), "-", "")
        .unwrap()
        .0
        != 200
    {
        assert!(Instant::now() < until, "it does not follow");
        std::thread::sleep(Duration::from_millis(50));
    }
    for id in [&id, &there] {
        assert_eq!(fields(&mut reader, id).0, ACCOUNT);
    }
    stop(server);
    drop(standby);
    cluster.sql("CHECKPOINT").unwrap();
    assert_eq!(
        cluster
            .sql("SELECT count(*) FROM hubu_standard_1.document WHERE document::text LIKE '%0913570467654%'")
            .unwrap()
            .trim(),
        "0"
    );
    for text in [ACCOUNT, PAYEE] {
        assert_eq!(files_with(cluster.folder(), text), Vec::<String>::new());
    }
    assert!(
        !files_with(cluster.folder(), PURPOSE).is_empty(),
        "the search finds what is there"
    );
}
