//! How honest the load harness is: against a server that stalls, does it report what who was due had to wait; and do
//! the percentiles of merged workers equal those of one?

use crate::Outcome;
use crate::scenario::{Task, tell};
use http_body_util::Full;
use hubu_load::measure::{Action, Fate, Meter, Totals};
use hubu_load::own::{self, OwnPlan};
use hubu_load::report::Latency;
use hubu_load::run::{Done, Show};
use hubu_load::seeded::Seeded;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// How long the double stalls.
const STALL: Duration = Duration::from_secs(1);
/// Arrivals a second.
const RATE: f64 = 200.0;

/// `coordinated_omission` and `merge_exact`.
pub(crate) fn run(task: &Task<'_>) -> Outcome<()> {
    if task.wants("coordinated_omission") {
        omission(task)?;
    }
    if task.wants("merge_exact") {
        merge(task)?;
    }
    Ok(())
}

/// Arrivals at a constant rate against a double that answers nobody for a second. What is true follows from the due
/// times alone: they are 1/rate apart, and who was due in the stall waited for its end.
fn omission(task: &Task<'_>) -> Outcome<()> {
    let seconds = task.size(10.0, 4.0);
    let url = stalling_double(Duration::from_secs_f64(seconds / 2.0))?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.toml");
    std::fs::write(
        &file,
        format!(
            "name = \"stall\"\nusers = 400\nramp_seconds = 0.5\nduration_seconds = {seconds}\n\
             timeout_seconds = 10.0\n[open]\narrivals_per_second = {RATE}\n\
             [[journeys]]\nname = \"ask\"\nweight = 1\n[[journeys.requests]]\nname = \"it\"\npath = \"/\"\n"
        ),
    )?;
    let plan = OwnPlan::read(&file)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(own::play(&plan, &url, &mut Show::new(seconds, true)))?;
    let total = outcome.totals.sum();
    let seen = Latency::of(&total.latency);
    let arrived = outcome.workers.first().ok_or("no worker")?.arrived;
    let (p99, max) = (
        true_wait_ms(total.requests, 0.99),
        true_wait_ms(total.requests, 1.0),
    );
    let off = |seen: f64, truth: f64| 100.0 * (seen - truth).abs() / truth;
    let worst = off(seen.p99, p99).max(off(seen.max, max));
    let detail = [
        ("p99_ms", json!(seen.p99)),
        ("p99_true_ms", json!(p99)),
        ("max_ms", json!(seen.max)),
        ("max_true_ms", json!(max)),
        ("p50_ms", json!(seen.p50)),
        ("requests", json!(total.requests)),
        ("dropped", json!(arrived.dropped)),
        ("failed", json!(total.failed)),
    ];
    let is_sound = total.failed == 0 && arrived.dropped == 0 && arrived.due == total.requests;
    tell("coordinated_omission", worst, is_sound, &detail)
}

/// What the request at this quantile had to wait, of so many at the constant rate around one stall. The first was due
/// at most 1/rate after the stall began, so half of that is the best guess for each.
fn true_wait_ms(requests: u64, quantile: f64) -> f64 {
    let step = 1.0 / RATE;
    let above = (requests as f64 * (1.0 - quantile)).floor();
    1_000.0 * (STALL.as_secs_f64() - (above + 0.5) * step).max(0.0)
}

/// A server that answers at once, but nobody from `calm` after its first request for as long as the stall.
fn stalling_double(calm: Duration) -> Outcome<String> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let first = Arc::new(OnceLock::new());
    // It ends with this process, as the scenario does.
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let first = first.clone();
                let service = service_fn(move |request| respond(request, first.clone(), calm));
                // An error is the client's: it went away.
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            #[expect(unreachable_code, reason = "it says what the block gives")]
            Ok::<(), std::io::Error>(())
        })
    });
    Ok(url)
}

async fn respond(
    _request: Request<Incoming>,
    first: Arc<OnceLock<Instant>>,
    calm: Duration,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let begins = *first.get_or_init(Instant::now) + calm;
    let now = Instant::now();
    if begins <= now && now < begins + STALL {
        tokio::time::sleep_until((begins + STALL).into()).await;
    }
    Ok(Response::new(Full::new(Bytes::new())))
}

/// The same samples to one worker and, dealt out, to seven; what the seven send is sent as workers send it and added as
/// the parent adds it. The value is the share of percentiles that are equal, over all actions and their sum.
fn merge(task: &Task<'_>) -> Outcome<()> {
    const WORKERS: usize = 7;
    let samples: u64 = task.size(1_000_000, 50_000);
    let whole = Meter::default();
    let parts: Vec<Meter> = (0..WORKERS).map(|_| Meter::default()).collect();
    let mut choice = Seeded::new(20_260_101, 7);
    for _ in 0..samples {
        // From 10 µs to 10 s, evenly in their logarithm.
        let micros = 10f64.powf(1.0 + 6.0 * choice.fraction()) as u64;
        let action = Action::ALL[choice.below(Action::ALL.len() as u64) as usize];
        whole.record(action, Fate::Done, micros);
        parts[choice.below(WORKERS as u64) as usize].record(action, Fate::Done, micros);
    }
    let mut merged = Totals::new();
    for part in &parts {
        let (totals, examples) = part.totals();
        let sent = serde_json::to_string(&Done::new(&totals, examples))?;
        merged.add(&serde_json::from_str::<Done>(&sent)?.totals()?)?;
    }
    let (whole, _) = whole.totals();
    let (mut equal, mut compared) = (0u64, 0u64);
    let pairs = merged.actions.iter().zip(&whole.actions);
    let sums = (merged.sum(), whole.sum());
    for (one, other) in pairs.chain([(&sums.0, &sums.1)]) {
        for at in 0..=1_000 {
            let quantile = f64::from(at) / 1_000.0;
            let of = |total: &hubu_load::measure::ActionTotal| {
                (total.requests, total.latency.value_at_quantile(quantile))
            };
            compared += 1;
            equal += u64::from(of(one) == of(other));
        }
    }
    let detail = [
        ("samples", json!(samples)),
        ("workers", json!(WORKERS)),
        ("compared", json!(compared)),
        ("equal", json!(equal)),
    ];
    let value = equal as f64 / compared as f64;
    tell("merge_exact", value, sums.0.requests == samples, &detail)
}
