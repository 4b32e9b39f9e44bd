//! Durable payments over TLS as a share of the same over plain HTTP: one server with both doors open, and `wrk` turns to
//! one and then to the other, round after round.

use crate::certificate::Pair;
use crate::scenario::{Task, median, room, tell};
use crate::wrk::{self, Ran};
use crate::{Outcome, http};
use serde_json::json;

const ROUNDS: usize = 7;
const SECONDS: u64 = 3;
const CONNECTIONS: usize = 64;

/// `https_file_64`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("https-")
        .tempdir_in(room()?)?;
    let at = folder.path();
    let journal = format!("file:{}", at.join("journal").display());
    let (site, _) = http::lay_out(task, at, &journal)?;
    let server = site
        .with_tls(Pair::make(at, &rcgen::PKCS_ECDSA_P256_SHA256)?)
        .serve()?;
    let tls = server.tls.ok_or("the server has no TLS")?;
    let plain_url = format!("http://{}", server.address);
    let tls_url = format!("https://{tls}");
    let (mut plain, mut sealed): (Vec<Ran>, Vec<Ran>) = (Vec::new(), Vec::new());
    let seconds = task.size(SECONDS, 1);
    // The first round warms both up and is not counted.
    for round in 0..=task.size(ROUNDS, 1) {
        let ask =
            |url: &str, name: String| wrk::run_at(at, (&server, url), CONNECTIONS, seconds, &name);
        let one = ask(&plain_url, format!("plain-{round}"))?;
        let other = ask(&tls_url, format!("tls-{round}"))?;
        eprintln!(
            "   {CONNECTIONS} connections: http {:>8.0}/s, https {:>8.0}/s",
            one.rate(),
            other.rate()
        );
        if round > 0 {
            plain.push(one);
            sealed.push(other);
        }
    }
    let middle =
        |rans: &[Ran], what: fn(&Ran) -> f64| median(&rans.iter().map(what).collect::<Vec<_>>());
    let rates = |rans: &[Ran]| {
        rans.iter()
            .map(|ran| ran.rate().round())
            .collect::<Vec<_>>()
    };
    let (plain_rate, tls_rate) = (middle(&plain, Ran::rate), middle(&sealed, Ran::rate));
    let all = plain.iter().chain(&sealed);
    let unsound: u64 = all.map(|ran| ran.refused + ran.broken).sum();
    let detail = [
        ("requests_per_second", json!(tls_rate.round())),
        ("plain_requests_per_second", json!(plain_rate.round())),
        ("p99_ms", json!(middle(&sealed, |ran| ran.p99_ms))),
        ("plain_p99_ms", json!(middle(&plain, |ran| ran.p99_ms))),
        (
            "cpu_us_per_request",
            json!(middle(&sealed, |ran| ran.cpu_us)),
        ),
        (
            "plain_cpu_us_per_request",
            json!(middle(&plain, |ran| ran.cpu_us)),
        ),
        ("refused_or_broken", json!(unsound)),
        ("rounds", json!(rates(&sealed))),
        ("plain_rounds", json!(rates(&plain))),
    ];
    tell(
        "https_file_64",
        tls_rate / plain_rate,
        unsound == 0,
        &detail,
    )
}
