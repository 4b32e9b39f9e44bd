//! A standby follows the journal of another server: it answers reads and says how old they are, refuses commands, and
//! takes over when the primary is gone. What was overtaken writes nothing, and its reads say that they are old.
#![cfg(all(feature = "server", feature = "postgres"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod http_support;
mod site;

use std::time::{Duration, Instant};

use http_support::{AGENCY, payment};
use hubu_testkit::{PgCluster, Program};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use site::{Site, Wire, load};

const STANDBY: &[&str] = &["--standby"];

/// Looks again and again until there is something to see.
fn await_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn site(cluster: &PgCluster, lease_seconds: &str) -> Site {
    Site::new(&[
        ("HUBU_JOURNAL_PLACE", &cluster.url()),
        ("HUBU_JOURNAL_LEASE_SECONDS", lease_seconds),
    ])
}

fn pay(wire: &mut Wire, row: &str, key: &str) -> (u16, String, Value) {
    let body = payment(row, "1.00").to_string();
    wire.ask_all("POST", "/v1/documents", key, &body).unwrap()
}

/// Pays until it is accepted: while a standby takes over, it says to come back.
fn pay_soon(wire: &mut Wire, row: &str, key: &str) -> Value {
    await_some("it does not take over", || match pay(wire, row, key) {
        (201, _, answer) => Some(answer),
        (503, head, _) => {
            assert!(head.contains("retry-after: "), "{head}");
            None
        }
        other => panic!("{other:?}"),
    })
}

fn get(wire: &mut Wire, path: &str) -> (u16, String, Value) {
    wire.ask_all("GET", path, "-", "").unwrap()
}

fn decreasing(wire: &mut Wire, row: &str) -> Value {
    get(wire, &format!("/v1/quotas/{row}")).2["decreasing"].clone()
}

/// The age in ms and the record that an answer's `Hubu-Stale` tells.
fn stale(head: &str) -> Option<(u64, u64)> {
    let line = head.lines().find_map(|l| l.strip_prefix("hubu-stale: "))?;
    let (age, seq) = line.trim().split_once(", ").unwrap();
    let age = age.strip_prefix("age_ms=").unwrap().parse().unwrap();
    Some((age, seq.strip_prefix("seq=").unwrap().parse().unwrap()))
}

fn signal(server: &Program, signal: Signal) {
    let pid = Pid::from_raw(server.id().cast_signed()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn a_standby_answers_reads_with_their_age_and_refuses_commands() {
    let cluster = PgCluster::start().unwrap();
    let first = site(&cluster, "60");
    let _primary = first.serve();
    let row = load(&first);
    let token = first.token("clerk", "agency_clerk");
    let mut clerk = Wire::open(&first, &token);
    let answer = pay(&mut clerk, &row, "one").2;
    let second = first.beside();
    let _standby = second.serve_as(STANDBY);
    let mut reader = Wire::open(&second, &token);
    let seen = get(&mut reader, &format!("/v1/quotas/{row}"));
    assert_eq!(
        seen.2["decreasing"], "1.00",
        "what stood there at the start"
    );
    let (_, seq) = stale(&seen.1).expect("the answer says how old it is");
    assert_eq!(
        seq.to_string(),
        answer["seq"],
        "and what it is sure to show"
    );

    let later = pay(&mut clerk, &row, "two").2;
    await_some("it does not follow", || {
        (decreasing(&mut reader, &row) == "2.00").then_some(())
    });
    let document = format!("/v1/documents/{}", later["id"].as_str().unwrap());
    let (status, head, shown) = get(&mut reader, &document);
    assert_eq!((status, &shown["state"]), (200, &later["state"]), "{shown}");
    assert!(stale(&head).is_some());
    // Work lists and sums follow as well.
    let reviewer = second.token("reviewer", "agency_reviewer");
    let mut reviewer = Wire::open(&second, &reviewer);
    await_some("no work list", || {
        let list = get(&mut reviewer, &format!("/v1/work?agency={AGENCY}")).2;
        (list["items"].as_array()?.len() == 2).then_some(())
    });

    let (status, head, problem) = pay(&mut reader, &row, "three");
    assert_eq!((status, &problem["code"]), (503, &"standby".into()));
    assert!(head.contains("retry-after: "), "{head}");
    let (status, _, ready) = get(&mut reader, "/readyz");
    assert_eq!(
        (status, &ready["role"]),
        (503, &"standby".into()),
        "{ready}"
    );
    assert_eq!(ready["ready"], false);
    assert_eq!(get(&mut clerk, "/readyz").2["role"], "primary");
    let (_, head, _) = get(&mut clerk, &format!("/v1/quotas/{row}"));
    assert_eq!(stale(&head), None, "the primary knows all there is");
    assert_eq!(cluster.sql("SELECT epoch FROM hubu_lease").unwrap(), "1");
}

#[test]
fn a_standby_takes_over_from_a_killed_primary() {
    let cluster = PgCluster::start().unwrap();
    let first = site(&cluster, "3");
    let primary = first.serve();
    let row = load(&first);
    let token = first.token("clerk", "agency_clerk");
    let mut clerk = Wire::open(&first, &token);
    let second = first.beside();
    let mut standby = second.serve_as(STANDBY);
    let mut other = Wire::open(&second, &token);
    let answers: Vec<Value> = (0..20)
        .map(|at| pay(&mut clerk, &row, &format!("before-{at}")).2)
        .collect();
    primary.kill();
    // The same connection, to the same process: refused until it leads.
    let repeated = pay_soon(&mut other, &row, "before-0");
    assert_eq!(repeated, answers[0], "the first answer again");
    for (at, answer) in answers.iter().enumerate() {
        assert_eq!(&pay(&mut other, &row, &format!("before-{at}")).2, answer);
    }
    let (status, _, fresh) = pay(&mut other, &row, "after");
    assert_eq!(status, 201, "{fresh}");
    let next = answers[19]["seq"].as_str().unwrap().parse::<u64>().unwrap() + 1;
    assert_eq!(
        fresh["seq"],
        next.to_string(),
        "it goes on where the other stopped"
    );
    let (_, head, quota) = get(&mut other, &format!("/v1/quotas/{row}"));
    assert_eq!(quota["decreasing"], "21.00");
    assert_eq!(stale(&head), None, "{head}");
    let (status, _, ready) = get(&mut other, "/readyz");
    assert_eq!((status, &ready["role"]), (200, &"primary".into()));
    assert!(
        standby.try_wait().unwrap().is_none(),
        "it is still the same process"
    );
    assert_eq!(cluster.sql("SELECT epoch FROM hubu_lease").unwrap(), "2");
}

#[test]
fn a_standby_takes_over_at_once_from_a_primary_that_stops() {
    let cluster = PgCluster::start().unwrap();
    // Nobody waits for this lease to run out.
    let first = site(&cluster, "3600");
    let mut primary = first.serve();
    let row = load(&first);
    let token = first.token("clerk", "agency_clerk");
    let second = first.beside();
    let mut standby = second.serve_as(STANDBY);
    pay(&mut Wire::open(&first, &token), &row, "one");
    signal(&primary, Signal::TERM);
    assert!(primary.wait().unwrap().success());
    let mut other = Wire::open(&second, &token);
    pay_soon(&mut other, &row, "two");
    // And back: whoever stops comes again as a standby.
    let mut primary = first.serve_as(STANDBY);
    drop(other);
    signal(&standby, Signal::TERM);
    assert!(standby.wait().unwrap().success());
    let mut back = Wire::open(&first, &token);
    pay_soon(&mut back, &row, "three");
    assert_eq!(decreasing(&mut back, &row), "3.00");
    drop(back);
    signal(&primary, Signal::TERM);
    assert!(primary.wait().unwrap().success());
    let mut verify = first.command();
    verify.args(["verify", "--config", "data/hubu.toml"]);
    assert!(verify.status().unwrap().success(), "the journal is whole");
}

#[test]
fn a_primary_that_slept_through_the_takeover_writes_nothing_and_says_that_its_reads_are_old() {
    let cluster = PgCluster::start().unwrap();
    let first = site(&cluster, "3");
    let sleeper = first.serve();
    let row = load(&first);
    let token = first.token("clerk", "agency_clerk");
    let mut old = Wire::open(&first, &token);
    pay(&mut old, &row, "before");
    let second = first.beside();
    let _standby = second.serve_as(STANDBY);
    signal(&sleeper, Signal::STOP);
    let mut new = Wire::open(&second, &token);
    pay_soon(&mut new, &row, "while-it-slept");
    let epoch = cluster.sql("SELECT epoch FROM hubu_lease").unwrap();
    signal(&sleeper, Signal::CONT);
    let (_, head, quota) = get(&mut old, &format!("/v1/quotas/{row}"));
    assert_eq!(quota["decreasing"], "1.00", "it can't know better");
    assert!(stale(&head).is_some(), "but says so: {head}");
    let (status, _, problem) = pay(&mut old, &row, "as-if-nothing-were");
    assert_eq!(
        (status, &problem["code"]),
        (503, &"journal_latched".into()),
        "{problem}"
    );
    let (status, _, ready) = get(&mut old, "/readyz");
    assert_eq!((status, &ready["ready"]), (503, &false.into()), "{ready}");
    pay(&mut new, &row, "and-on");
    let later = format!(
        "SELECT count(*) FROM hubu_journal WHERE epoch < {epoch} AND first > \
        (SELECT min(first) FROM hubu_journal WHERE epoch = {epoch})"
    );
    assert_eq!(
        cluster.sql(&later).unwrap(),
        "0",
        "nothing of the old epoch came later"
    );
    assert_eq!(decreasing(&mut new, &row), "3.00");
}

#[test]
fn two_standbys_on_an_empty_journal_agree_who_begins_it() {
    let cluster = PgCluster::start().unwrap();
    let first = site(&cluster, "60");
    let second = first.beside();
    let _one = first.serve_as(STANDBY);
    let _two = second.serve_as(STANDBY);
    let role = |site: &Site| get(&mut Wire::open(site, "-"), "/readyz").2["role"].clone();
    assert_eq!(
        (role(&first), role(&second)),
        ("primary".into(), "standby".into())
    );
}

#[test]
fn a_journal_in_files_has_no_standby() {
    let site = Site::new(&[]);
    let mut serve = site.command();
    serve.args(["serve", "--standby", "--config", "data/hubu.toml"]);
    let output = serve.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("a standby follows a journal in PostgreSQL"),
        "{said}"
    );
}

#[test]
fn a_standby_ends_when_another_catalog_is_put_to_use() {
    let cluster = PgCluster::start().unwrap();
    let first = site(&cluster, "3");
    let mut primary = first.serve();
    load(&first);
    let second = first.beside();
    let mut standby = second.serve_as(STANDBY);
    // The standby must not take over between the two.
    signal(&standby, Signal::STOP);
    signal(&primary, Signal::TERM);
    assert!(primary.wait().unwrap().success());
    let roles = first.folder.path().join("data/catalog/roles.toml");
    let mut text = std::fs::read_to_string(&roles).unwrap();
    text.push_str("\n# Another version.\n");
    std::fs::write(&roles, text).unwrap();
    let _primary = first.serve();
    signal(&standby, Signal::CONT);
    let status = await_some("it goes on", || standby.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    assert!(
        second.said().contains("catalog version 2 was put to use"),
        "{}",
        second.said()
    );
    let _standby = second.serve_as(STANDBY);
    assert_eq!(
        get(&mut Wire::open(&second, "-"), "/readyz").2["catalog"],
        2
    );
}
