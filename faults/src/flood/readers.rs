//! Clients that ask and never read: over HTTP/1.1 requests in a row behind answers that nobody takes, over HTTP/2
//! many streams whose window is shut. Their answers wait in the server's memory; they are counted, and given up
//! when nothing of them is taken for as long as a body may take.

use super::bound::Asked;
use super::frames::Frames;
use super::trial::Trial;
use super::wire::{Wire, get};
use crate::Outcome;
use serde_json::json;
use socket2::SockRef;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The server's own limit, its ticks, and a busy machine.
const CLOSE_SLACK: Duration = Duration::from_secs(60);
/// Streams that each HTTP/2 connection asks on.
const STREAMS: usize = 100;

pub(super) fn run(trial: &mut Trial) -> Outcome<Asked> {
    fill_the_feed(trial)?;
    let before = trial.site.figure("hubu_connections")?;
    let many = trial.size(20, 400);
    let mut silent = Vec::with_capacity(many);
    for _ in 0..many {
        silent.push(ask_without_reading(trial)?);
    }
    let few = trial.size(4, 40);
    let mut shut = Vec::with_capacity(few);
    for _ in 0..few {
        shut.push(ask_with_a_shut_window(trial)?);
    }
    // They are full now; others go on.
    for _ in 0..20 {
        trial.must_pay()?;
    }
    // Who would look at the connections would read from them.
    let limit = Duration::from_secs(trial.site.limits.body_seconds) + CLOSE_SLACK;
    let start = Instant::now();
    let mut left = trial.site.figure("hubu_connections")? - before;
    println!("  {left} are there, of which nobody reads");
    while left > 0.0 && start.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(200));
        left = trial.site.figure("hubu_connections")? - before;
    }
    println!("  all gone after {:.1} s", start.elapsed().as_secs_f64());
    trial.expect(left <= 0.0, || {
        format!("{left} connections of which nobody reads are still held")
    });
    drop((silent, shut));
    Ok(Asked {
        connections: (many + few) as u64,
        http2: few as u64,
        ..Asked::default()
    })
}

/// Makes pages of the feed large.
fn fill_the_feed(trial: &mut Trial) -> Outcome<()> {
    let mut clerk = Wire::open(trial.site.address)?;
    for _ in 0..4 {
        let payment = trial.site.payment(1);
        let commands: Vec<_> = (0..500)
            .map(|_| json!({"key": trial.key(), "create": payment}))
            .collect();
        let body = json!({"atomic": false, "commands": commands}).to_string();
        let reply = clerk.post("/v1/batches", &trial.site.token, "-", &body)?;
        let results = reply.json()?;
        let done = results["results"].as_array().map_or(0, |results| {
            results
                .iter()
                .filter(|result| result["status"] == 201)
                .count()
        });
        trial.acknowledged += i64::try_from(done)?;
    }
    Ok(())
}

/// Sends requests until no more are taken.
fn ask_without_reading(trial: &Trial) -> Outcome<Wire> {
    let stream = TcpStream::connect(trial.site.address)?;
    SockRef::from(&stream).set_recv_buffer_size(4096)?;
    let mut wire = Wire::from_stream(stream, Duration::from_millis(200))?;
    // Large, and made once: what the server sends is soon more than the kernel keeps.
    let request = get("/openapi.json", "").repeat(20);
    for _ in 0..50 {
        if wire.stream.write_all(request.as_bytes()).is_err() {
            break;
        }
    }
    Ok(wire)
}

fn ask_with_a_shut_window(trial: &Trial) -> Outcome<Frames> {
    let mut frames = Frames::connect(trial.site.address)?;
    frames.settings(&[(4, 0)]);
    let authorization = format!("Bearer {}", trial.site.token);
    for _ in 0..STREAMS {
        frames.get("/v1/events?limit=1000", &authorization);
    }
    Ok(frames)
}
