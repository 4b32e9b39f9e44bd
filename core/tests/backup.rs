//! `hubu backup` while the server goes on, and `hubu restore` from it: whole, up to a record, and into a database.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;

use std::path::Path;

use http_support::payment;
use site::{Site, Wire, load};

/// A site, the row that its people spend from, and one who spends.
fn spending() -> (Site, hubu_testkit::Program, String, Wire) {
    let site = Site::new(&[]);
    let server = site.serve();
    let row = load(&site);
    let wire = Wire::open(&site, &site.token("clerk", "agency_clerk"));
    (site, server, row, wire)
}

/// Pays so often under keys that begin so; gives the newest record.
fn pay(wire: &mut Wire, row: &str, name: &str, times: usize) -> u64 {
    let body = payment(row, "1.00").to_string();
    let answers = (0..times).map(|n| {
        let (status, answer) = wire
            .ask("POST", "/v1/documents", &format!("{name}-{n}"), &body)
            .unwrap();
        assert_eq!(status, 201, "{answer}");
        answer["seq"].as_str().unwrap().parse().unwrap()
    });
    answers.last().unwrap()
}

/// What a command of the program says, on both streams, and whether it ends with 0.
fn run(site: &Site, arguments: &[&str]) -> (bool, String) {
    let mut command = site.command();
    command.args([arguments[0], "--config", "data/hubu.toml"]);
    let output = command.args(&arguments[1..]).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

fn done(site: &Site, arguments: &[&str]) -> String {
    let (is_done, said) = run(site, arguments);
    assert!(is_done, "{arguments:?}: {said}");
    said
}

fn refused(site: &Site, arguments: &[&str]) -> String {
    let (is_done, said) = run(site, arguments);
    assert!(!is_done, "{arguments:?}: {said}");
    said
}

/// The words behind a name at the beginning of a line.
fn shown<'s>(said: &'s str, name: &str) -> &'s str {
    let line = said.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap()
}

fn spent(wire: &mut Wire, row: &str) -> String {
    let (status, quota) = wire
        .ask("GET", &format!("/v1/quotas/{row}"), "-", "")
        .unwrap();
    assert_eq!(status, 200, "{quota}");
    quota["decreasing"].as_str().unwrap().to_owned()
}

#[test]
fn a_backup_is_taken_while_the_server_goes_on_and_gone_on_with() {
    let (site, server, row, mut wire) = spending();
    let to = site.folder.path().join("backup");
    let backup = ["backup", "--to", to.to_str().unwrap()];
    let first = pay(&mut wire, &row, "first", 20);
    let said = done(&site, &backup);
    assert!(
        said.contains(&format!("records 1..={first}, of them {first} new")),
        "{said}"
    );
    let second = pay(&mut wire, &row, "second", 20);
    let said = done(&site, &backup);
    let news = second - first;
    assert!(
        said.contains(&format!("records 1..={second}, of them {news} new")),
        "{said}"
    );

    // The copy is the journal, to the chain.
    drop(server);
    let verified = done(&site, &["verify"]);
    assert_eq!(shown(&verified, "chain"), shown(&said, "chain"));

    // What is restored is served, and repeats what was answered.
    let other = site.beside();
    let restored = done(&other, &["restore", "--from", to.to_str().unwrap()]);
    assert_eq!(shown(&restored, "digest"), shown(&verified, "digest"));
    assert!(restored.contains("(the backup's)"), "{restored}");
    let _server = other.serve();
    let mut wire = Wire::open(&other, &other.token("clerk", "agency_clerk"));
    assert_eq!(spent(&mut wire, &row), "40.00");
    assert_eq!(pay(&mut wire, &row, "second", 20), second, "each is known");
    assert_eq!(spent(&mut wire, &row), "40.00");
}

#[test]
fn a_restore_up_to_a_record_leaves_out_what_came_behind_it() {
    let (site, server, row, mut wire) = spending();
    let until = pay(&mut wire, &row, "kept", 7);
    pay(&mut wire, &row, "left-out", 5);
    drop(server);
    let to = site.folder.path().join("backup");
    let to = to.to_str().unwrap();
    done(&site, &["backup", "--to", to]);

    let other = site.beside();
    let restore = ["restore", "--from", to, "--until", &until.to_string()];
    let said = done(&other, &restore);
    assert!(said.contains(&format!("records 1..={until}")), "{said}");
    let _server = other.serve();
    let mut wire = Wire::open(&other, &other.token("clerk", "agency_clerk"));
    assert_eq!(spent(&mut wire, &row), "7.00");
    // A key that was left out is a new command.
    assert_eq!(pay(&mut wire, &row, "left-out", 1), until + 1);

    // A copy of one course is not gone on with on another.
    let said = refused(&other, &["backup", "--to", to]);
    assert!(said.contains("another course"), "{said}");
    let far = refused(
        &site.beside(),
        &["restore", "--from", to, "--until", "9999"],
    );
    assert!(far.contains("ends with record"), "{far}");
}

#[test]
fn nothing_is_restored_over_anything_nor_from_what_is_not_whole() {
    let (site, server, row, mut wire) = spending();
    pay(&mut wire, &row, "paid", 30);
    drop(server);
    let to = site.folder.path().join("backup");
    let to = to.to_str().unwrap();
    done(&site, &["backup", "--to", to]);
    let said = refused(&site, &["restore", "--from", to]);
    assert!(said.contains("is not empty"), "{said}");

    let segment = Path::new(to).join("00000001.segment");
    let mut bytes = std::fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end / 2] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let said = refused(&site.beside(), &["restore", "--from", to]);
    assert!(said.contains("damaged where record"), "{said}");
    // Nor is a damaged backup gone on with.
    let said = refused(&site, &["backup", "--to", to]);
    assert!(said.contains("damaged where record"), "{said}");
}

#[cfg(feature = "postgres")]
#[test]
fn a_journal_moves_from_files_into_a_database_and_back() {
    let (site, server, row, mut wire) = spending();
    pay(&mut wire, &row, "paid", 10);
    drop(server);
    let digest = done(&site, &["verify"]);
    let journal = site.folder.path().join("data/journal");

    let cluster = hubu_testkit::PgCluster::start().unwrap();
    let mut database = site.beside();
    database.set("HUBU_JOURNAL_PLACE", &cluster.url());
    let said = done(&database, &["restore", "--from", journal.to_str().unwrap()]);
    assert!(said.contains("(a new one)"), "{said}");
    assert_eq!(shown(&said, "digest"), shown(&digest, "digest"));
    let again = refused(&database, &["restore", "--from", journal.to_str().unwrap()]);
    assert!(again.contains("choose an empty one"), "{again}");

    let server = database.serve();
    let mut wire = Wire::open(&database, &database.token("clerk", "agency_clerk"));
    assert_eq!(spent(&mut wire, &row), "10.00");
    pay(&mut wire, &row, "there", 3);
    let to = site.folder.path().join("from-database");
    let to = to.to_str().unwrap();
    done(&database, &["backup", "--to", to]);
    drop(server);
    let verified = done(&database, &["verify"]);
    let back = site.beside();
    let said = done(&back, &["restore", "--from", to]);
    assert_eq!(shown(&said, "digest"), shown(&verified, "digest"));
    assert_eq!(shown(&said, "chain"), shown(&verified, "chain"));
}
