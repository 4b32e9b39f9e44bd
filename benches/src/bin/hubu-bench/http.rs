//! Durable payments over HTTP, as a share of what bare hyper does with the same bytes.
//!
//! Both servers run from beginning to end, and `wrk` turns to one and then to the other, round after
//! round: what the machine does meanwhile meets both. The share is one median over the other.

use crate::scenario::{Task, median, room, tell};
use crate::server::{self, Server, Site};
use crate::wrk::{self, Ran};
use crate::{Outcome, client, payments};
use serde_json::json;
use std::path::Path;

const ROUNDS: usize = 7;
const SECONDS: u64 = 3;
/// Counties with ten agencies each.
const COUNTIES: usize = 20;

/// `http_file_*` and `http_bare_*`.
pub(crate) fn on_files(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("http-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    run(task, folder.path(), &journal, "http_file")
}

/// `http_pg_*`.
pub(crate) fn on_postgres(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("http-")
        .tempdir_in(room()?)?;
    let cluster = hubu_testkit::PgCluster::start()?;
    run(task, folder.path(), &cluster.url(), "http_pg")
}

fn run(task: &Task<'_>, folder: &Path, journal: &str, name: &str) -> Outcome<()> {
    let (site, lines) = lay_out(task, folder, journal)?;
    let hubu = site.serve()?;
    let answer = folder.join("answer.json");
    std::fs::write(&answer, first_answer(&hubu, &lines)?)?;
    let bare = server::bare(&answer)?;
    for connections in [64, 1024] {
        let (share, plain) = (
            format!("{name}_{connections}"),
            format!("http_bare_{connections}"),
        );
        if task.wants(&share) || task.wants(&plain) {
            compare(task, folder, (&hubu, &bare), connections, (&share, &plain))?;
        }
    }
    Ok(())
}

/// A journal with agencies that can pay, its site, and what `wrk` reads: tokens and bodies.
pub(crate) fn lay_out(task: &Task<'_>, folder: &Path, journal: &str) -> Outcome<(Site, String)> {
    let hands = payments::load(journal, task.size(COUNTIES, 1))?;
    let site = Site::lay_out(&folder.join("site"), journal)?;
    let mut lines = String::new();
    for hand in &hands {
        let token = site.token("clerk", "agency_clerk", &hand.division(), &hand.agency)?;
        lines.push_str(&format!("{token}\t{}\n", hand.body()));
    }
    std::fs::write(folder.join("hands"), &lines)?;
    wrk::lay_out(folder)?;
    Ok((site, lines))
}

/// One payment, answered: the bytes that the bare server will answer.
fn first_answer(hubu: &Server, lines: &str) -> Outcome<Vec<u8>> {
    let (token, body) = lines
        .lines()
        .next()
        .and_then(|line| line.split_once('\t'))
        .ok_or("no hands")?;
    let head = format!(
        "POST /v1/documents HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: first"
    );
    let answered = client::ask(&mut client::connect(hubu.address)?, &head, body.as_bytes())?;
    if answered.status != 201 {
        let said = String::from_utf8_lossy(&answered.body).into_owned();
        return Err(format!("a payment was answered with {}: {said}", answered.status).into());
    }
    Ok(answered.body)
}

fn compare(
    task: &Task<'_>,
    folder: &Path,
    (hubu, bare): (&Server, &Server),
    connections: usize,
    (share, plain): (&str, &str),
) -> Outcome<()> {
    let seconds = task.size(SECONDS, 1);
    let (mut ours, mut theirs): (Vec<Ran>, Vec<Ran>) = (Vec::new(), Vec::new());
    // The first round warms both up and is not counted.
    for round in 0..=task.size(ROUNDS, 1) {
        let name = format!("{connections}-{round}");
        let their = wrk::run(folder, bare, connections, seconds, &name)?;
        let our = wrk::run(folder, hubu, connections, seconds, &name)?;
        eprintln!(
            "   {connections} connections: bare {:>8.0}/s, hubu {:>8.0}/s",
            their.rate(),
            our.rate()
        );
        if round > 0 {
            theirs.push(their);
            ours.push(our);
        }
    }
    let middle =
        |rans: &[Ran], what: fn(&Ran) -> f64| median(&rans.iter().map(what).collect::<Vec<_>>());
    let (our, their) = (middle(&ours, Ran::rate), middle(&theirs, Ran::rate));
    let unsound: u64 = ours
        .iter()
        .chain(&theirs)
        .map(|ran| ran.refused + ran.broken)
        .sum();
    let detail = [
        ("requests_per_second", json!(our.round())),
        ("bare_requests_per_second", json!(their.round())),
        ("p50_ms", json!(middle(&ours, |ran| ran.p50_ms))),
        ("p99_ms", json!(middle(&ours, |ran| ran.p99_ms))),
        ("bare_p99_ms", json!(middle(&theirs, |ran| ran.p99_ms))),
        ("cpu_us_per_request", json!(middle(&ours, |ran| ran.cpu_us))),
        (
            "bare_cpu_us_per_request",
            json!(middle(&theirs, |ran| ran.cpu_us)),
        ),
        ("refused_or_broken", json!(unsound)),
        (
            "rounds",
            json!(
                ours.iter()
                    .map(|ran| ran.rate().round())
                    .collect::<Vec<_>>()
            ),
        ),
        (
            "bare_rounds",
            json!(
                theirs
                    .iter()
                    .map(|ran| ran.rate().round())
                    .collect::<Vec<_>>()
            ),
        ),
    ];
    if share.starts_with("http_file") {
        tell(
            plain,
            their,
            true,
            &[("p99_ms", json!(middle(&theirs, |ran| ran.p99_ms)))],
        )?;
    }
    tell(share, our / their, unsound == 0, &detail)
}
