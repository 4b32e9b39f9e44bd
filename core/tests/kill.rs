//! The server killed with SIGKILL under load, again and again: nothing acknowledged is lost or doubled.
//!
//! The clients keep their own log of what was acknowledged. After each restart every acknowledged
//! command is repeated under its key and must give the answer it gave; what was on its way when the
//! server died is settled by repeating it; and the row must hold exactly the sum.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![cfg(feature = "server")]

mod http_support;
mod site;

use http_support::payment;
use serde_json::Value;
use site::{Site, Wire, load};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 6;
const KILLS: usize = 3;

/// A command of a client: its key, its amount in 分, and the answer where one came.
struct Sent {
    key: String,
    fen: i64,
    answer: Option<Value>,
}

fn pay(wire: &mut Wire, row: &str, sent: &Sent) -> Option<Value> {
    let amount = format!("{}.{:02}", sent.fen / 100, sent.fen % 100);
    let body = payment(row, &amount).to_string();
    let (status, answer) = wire.ask("POST", "/v1/documents", &sent.key, &body)?;
    assert_eq!(status, 201, "{answer}");
    Some(answer)
}

/// Pays until the connection breaks; counts what is acknowledged.
fn run_client(
    site: &Site,
    token: &str,
    row: &str,
    name: String,
    acknowledged: &AtomicUsize,
) -> Vec<Sent> {
    let mut wire = Wire::open(site, token);
    let mut log = Vec::new();
    loop {
        let mut sent = Sent {
            key: format!("{name}-{}", log.len()),
            fen: 1 + log.len() as i64 % 7,
            answer: None,
        };
        sent.answer = pay(&mut wire, row, &sent);
        let broke = sent.answer.is_none();
        acknowledged.fetch_add(usize::from(!broke), Ordering::Relaxed);
        log.push(sent);
        if broke {
            return log;
        }
    }
}

/// Repeats everything and compares: the sum in 分 that the row must hold.
fn settle(site: &Site, token: &str, row: &str, log: &mut [Sent]) -> i64 {
    let mut wire = Wire::open(site, token);
    let mut documents = HashSet::new();
    for sent in log.iter_mut() {
        let answer = pay(&mut wire, row, sent).unwrap();
        if let Some(first) = &sent.answer {
            assert_eq!(
                &answer, first,
                "{} was acknowledged with another answer",
                sent.key
            );
        }
        let document = answer["id"].as_str().unwrap().to_owned();
        assert!(
            documents.insert(document),
            "{} shares its document",
            sent.key
        );
        sent.answer = Some(answer);
    }
    log.iter().map(|sent| sent.fen).sum()
}

fn kill_again_and_again(place: &str) {
    let site = Site::new(&[("HUBU_JOURNAL_PLACE", place), ("HUBU_METRICS_LISTEN", "")]);
    let mut server = site.serve();
    let row = load(&site);
    let token = site.token("clerk", "agency_clerk");
    let mut log: Vec<Sent> = Vec::new();
    for round in 0..KILLS {
        let acknowledged = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (site, token, row, count) = (&site, &token, &row, &acknowledged);
                    let name = format!("{round}-{client}");
                    scope.spawn(move || run_client(site, token, row, name, count))
                })
                .collect();
            // Into real work, however fast this machine is now.
            let end = Instant::now() + Duration::from_secs(60);
            while acknowledged.load(Ordering::Relaxed) < 20 * CLIENTS {
                assert!(Instant::now() < end, "the clients get no answers");
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_millis(50 + 50 * round as u64));
            server.kill();
            clients
                .into_iter()
                .for_each(|client| log.extend(client.join().unwrap()));
        });
        server = site.serve();
        let sum = settle(&site, &token, &row, &mut log);
        let (_, quota) = Wire::open(&site, &token)
            .ask("GET", &format!("/v1/quotas/{row}"), "-", "")
            .unwrap();
        assert_eq!(
            quota["decreasing"],
            format!("{}.{:02}", sum / 100, sum % 100)
        );
    }
    server.kill();
    std::thread::sleep(Duration::from_millis(3200));
    let verify = site
        .command()
        .args(["verify", "--config", "data/hubu.toml"])
        .status();
    assert!(verify.unwrap().success(), "the journal is whole");
}

#[test]
fn a_killed_server_on_a_file_loses_nothing_acknowledged() {
    kill_again_and_again("file:journal");
}

#[test]
#[cfg(feature = "postgres")]
fn a_killed_server_on_postgresql_loses_nothing_acknowledged() {
    let cluster = hubu_testkit::PgCluster::start().unwrap();
    kill_again_and_again(&cluster.url());
}
