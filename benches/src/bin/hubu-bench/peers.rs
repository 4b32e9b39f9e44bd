//! What the harness itself costs, beside other load tools: the same GET, sent by each to the same server.
//!
//! Runs take turns, so that what the machine does meanwhile meets all; figures are medians. The server shares the
//! machine, as it does in every proof here.

use crate::scenario::{Task, median, room, tell};
use crate::server::{Server, Site};
use crate::tool::{self, Hot, Pace, Spent};
use crate::{Outcome, payments};
use serde_json::{Value, json};
use std::path::Path;

const ROUNDS: usize = 5;
/// What the paced runs are asked for, in requests a second.
const PACE: u32 = 4_000;
const CONNECTIONS: u32 = 256;
/// Users are held while 99 of 100 answers come within this.
const HELD_P99_MS: f64 = 200.0;
/// Mean think time of the users that are held, in seconds.
const THINK: f64 = 1.0;
/// The most users that are tried: a plan of one request runs in one process, with a descriptor for each.
const USERS_MAX: u32 = 19_000;

/// `harness_cpu_us`, `harness_cpu_paced_us`, `harness_cpu_paced`, `wrk`, `locust`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    let folder = tempfile::Builder::new()
        .prefix("peers-")
        .tempdir_in(room()?)?;
    let journal = format!("file:{}", folder.path().join("journal").display());
    let hands = payments::load(&journal, 1)?;
    let site = Site::lay_out(&folder.path().join("site"), &journal)?
        .with_connections(USERS_MAX as usize + 64);
    let hand = hands.first().ok_or("no hands")?;
    let token = site.token("clerk", "agency_clerk", &hand.division(), &hand.agency)?;
    let server = site.serve()?;
    let hot = hot(&server, token, hand.row(), folder.path());
    if task.wants("harness_cpu_us") || task.wants("wrk") {
        saturated(task, &hot)?;
    }
    if task.wants("harness_cpu_paced") || task.wants("harness_cpu_paced_us") {
        paced(task, &hot)?;
    }
    if task.wants("locust") {
        held(task, &hot)?;
    }
    Ok(())
}

fn hot(server: &Server, token: String, row: u32, folder: &Path) -> Hot {
    Hot {
        address: server.address,
        path: format!("/v1/quotas/{row}"),
        token,
        folder: folder.to_owned(),
    }
}

/// As fast as the server answers: the harness beside `wrk`.
fn saturated(task: &Task<'_>, hot: &Hot) -> Outcome<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let seconds = task.size(8, 2);
    for _ in 0..task.size(ROUNDS, 1) {
        let run = tool::hubu_load(hot, CONNECTIONS, f64::from(seconds), Pace::Saturated)?;
        ours.push(said("hubu-load", run));
        theirs.push(said("wrk", tool::wrk(hot, CONNECTIONS, seconds)?));
    }
    let (our, their) = (middle(&ours, cpu), middle(&theirs, cpu));
    let is_sound = ours.iter().all(|run| run.failed == 0);
    let detail = [
        ("requests_per_second", json!(middle(&ours, rate).round())),
        ("wrk_cpu_us", json!(their)),
        (
            "wrk_requests_per_second",
            json!(middle(&theirs, rate).round()),
        ),
        ("connections", json!(CONNECTIONS)),
        ("rounds", json!(ours.iter().map(cpu).collect::<Vec<_>>())),
        (
            "wrk_rounds",
            json!(theirs.iter().map(cpu).collect::<Vec<_>>()),
        ),
    ];
    tell("harness_cpu_us", our, is_sound, &detail)?;
    tell("wrk", our / their, is_sound, &detail)
}

/// At a pace that asks little of anybody: most of what a request costs then is waking up for it.
fn paced(task: &Task<'_>, hot: &Hot) -> Outcome<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let seconds = task.size(10, 2);
    let pace = Pace::Arrivals(task.size(PACE, 200));
    for _ in 0..task.size(ROUNDS, 1) {
        let run = tool::hubu_load(hot, CONNECTIONS, f64::from(seconds), pace)?;
        ours.push(said("hubu-load", run));
        if tool::installed("oha").is_some() {
            theirs.push(said("oha", tool::oha(hot, CONNECTIONS, seconds, pace)?));
        }
    }
    let (our, their) = (middle(&ours, cpu), middle(&theirs, cpu));
    let is_sound = ours.iter().all(|run| run.failed == 0);
    let detail = [
        ("requests_per_second", json!(middle(&ours, rate).round())),
        ("p99_ms", json!(middle(&ours, |run| run.p99_ms))),
        ("oha_cpu_us", json!(their)),
        (
            "oha_requests_per_second",
            json!(middle(&theirs, rate).round()),
        ),
        ("oha_p99_ms", json!(middle(&theirs, |run| run.p99_ms))),
        ("connections", json!(CONNECTIONS)),
        ("rounds", json!(ours.iter().map(cpu).collect::<Vec<_>>())),
        (
            "oha_rounds",
            json!(theirs.iter().map(cpu).collect::<Vec<_>>()),
        ),
    ];
    tell("harness_cpu_paced_us", our, is_sound, &detail)?;
    if theirs.is_empty() {
        return Ok(());
    }
    tell("harness_cpu_paced", our / their, is_sound, &detail)
}

/// Users that think a second: how many each tool holds, and on how many cores.
fn held(task: &Task<'_>, hot: &Hot) -> Outcome<()> {
    let seconds = task.size(10, 2);
    let locust = most(task, "locust", 500, 8_000, |users| {
        tool::locust(hot, users, seconds)
    })?;
    let harness = most(task, "hubu-load", 4_000, USERS_MAX, |users| {
        tool::hubu_load(hot, users, f64::from(seconds), Pace::Think(THINK))
    })?;
    let by_core = |(users, run): &(u32, Spent)| f64::from(*users) / run.cores.max(0.001);
    let (our, their) = (by_core(&harness), by_core(&locust));
    let detail = |(users, run): &(u32, Spent)| -> Value {
        json!({"users": users, "cores": run.cores, "users_a_core": f64::from(*users) / run.cores.max(0.001),
               "cpu_us": run.cpu_us, "requests_per_second": run.rate, "p99_ms": run.p99_ms})
    };
    let details = [
        ("hubu_load", detail(&harness)),
        ("locust", detail(&locust)),
        ("think_seconds", json!(THINK)),
        ("held_while_p99_ms", json!(HELD_P99_MS)),
    ];
    tell("locust", our / their, harness.1.failed == 0, &details)
}

/// The most users that are held, to a tenth, between a number that should be and one beyond which nobody looks.
fn most(
    task: &Task<'_>,
    name: &str,
    from: u32,
    up_to: u32,
    run: impl Fn(u32) -> Outcome<Spent>,
) -> Outcome<(u32, Spent)> {
    let try_with = |users: u32| -> Outcome<(bool, Spent)> {
        let spent = said(&format!("{name} with {users} users"), run(users)?);
        let asked = f64::from(users) / (THINK + spent.p99_ms.min(HELD_P99_MS) / 1e3);
        let is_held = spent.p99_ms <= HELD_P99_MS && spent.failed == 0 && spent.rate >= 0.9 * asked;
        Ok((is_held, spent))
    };
    let (mut best, mut low) = (None, from);
    let (mut high, mut users) = (up_to + 1, task.size(from, 20));
    while best.is_none() || f64::from(high) > f64::from(low) * 1.1 {
        let (is_held, spent) = try_with(users)?;
        if is_held {
            (best, low) = (Some((users, spent)), users);
        } else {
            high = users;
        }
        if task.size(users >= up_to && is_held, true) {
            break;
        }
        users = match best {
            None if users < 10 => return Err(format!("{name} holds nobody").into()),
            None => users / 2,
            Some(_) if high > up_to => (users * 2).min(up_to),
            Some(_) => low + (high - low) / 2,
        };
    }
    best.ok_or_else(|| format!("{name} held nobody").into())
}

fn said(name: &str, run: Spent) -> Spent {
    eprintln!(
        "   {name:<28} {:>8.0}/s  {:>6.1} us of its CPU a request  p99 {:>7.1} ms  failed {}",
        run.rate, run.cpu_us, run.p99_ms, run.failed
    );
    run
}

fn middle(runs: &[Spent], what: fn(&Spent) -> f64) -> f64 {
    median(&runs.iter().map(what).collect::<Vec<_>>())
}

fn cpu(run: &Spent) -> f64 {
    run.cpu_us
}

fn rate(run: &Spent) -> f64 {
    run.rate
}
