//! Requests that are too large or too deep: heads of 8 MB, bodies of 1 GB (declared, and really sent until the
//! server has enough), JSON nested a hundred thousand times, lists of next to nothing.

use super::bound::Asked;
use super::trial::Trial;
use super::wire::{Reply, Wire, head, post};
use crate::Outcome;
use serde_json::json;
use std::io::Write;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;
/// What is sent of a gigabyte at most before the server must have refused.
const SENT_MAX: usize = 64 * MIB;
/// Connections that do the same at once.
const AT_ONCE: usize = 8;

pub(super) fn run(trial: &mut Trial) -> Outcome<Asked> {
    heads(trial)?;
    declared(trial)?;
    streamed(trial)?;
    nested(trial)?;
    lists(trial)?;
    trial.must_pay()?;
    Ok(Asked {
        connections: 2 * AT_ONCE as u64,
        ..Asked::default()
    })
}

/// Sends as much as is taken, and hears what is said to it. A server that has refused may reset what it does not
/// read, and its answer is then lost on the way: that is a refusal too.
fn send(wire: &mut Wire, text: &[u8], times: usize) -> (usize, Option<Reply>) {
    let mut sent = 0;
    for _ in 0..times {
        if wire.stream.write_all(text).is_err() {
            break;
        }
        sent += text.len();
    }
    (sent, wire.hear().ok())
}

fn heads(trial: &mut Trial) -> Outcome<()> {
    let line = "x".repeat(MIB);
    let many = "X-Many: 1\r\n".repeat(MIB / 11);
    for (what, start, part) in [
        ("one value", "GET /readyz HTTP/1.1\r\nHost: h\r\nX: ", line),
        ("many lines", "GET /readyz HTTP/1.1\r\nHost: h\r\n", many),
    ] {
        let mut wire = Wire::open(trial.site.address)?;
        wire.stream.write_all(start.as_bytes())?;
        let (sent, reply) = send(&mut wire, part.as_bytes(), 8);
        let status = reply.as_ref().map(|reply| reply.status);
        println!("  a head of 8 MB in {what}: {sent} bytes were taken, answered {status:?}");
        trial.expect(matches!(status, None | Some(400 | 431)), || {
            format!("8 MB of head: {reply:?}")
        });
        trial.expect(wire.is_closed_within(Duration::from_secs(20)), || {
            "it is kept open".into()
        });
    }
    Ok(())
}

fn declared(trial: &mut Trial) -> Outcome<()> {
    for path in ["/v1/documents", "/v1/batches"] {
        let mut wire = Wire::open(trial.site.address)?;
        let start = Instant::now();
        wire.stream
            .write_all(head(path, &trial.site.token, "large", 1 << 30).as_bytes())?;
        let status = wire.hear()?.status;
        println!(
            "  a body of 1 GB is declared to {path}: {status} after {:?}",
            start.elapsed()
        );
        trial.expect(status == 413, || format!("1 GB declared: {status}"));
    }
    Ok(())
}

/// Eight gigabytes at once, in chunks, of which nobody said how many will come.
fn streamed(trial: &mut Trial) -> Outcome<()> {
    let token = &trial.site.token;
    let start = head("/v1/batches", token, "large", 0)
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let stranger = start.replace(token, "nobody");
    let mut chunk = b"10000\r\n".to_vec();
    chunk.resize(chunk.len() + (64 << 10), b' ');
    chunk.extend(b"\r\n");
    let address = trial.site.address;
    let sent: Vec<Outcome<(usize, Option<u16>)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE)
            .map(|number| {
                let (start, chunk) = (if number == 0 { &stranger } else { &start }, &chunk);
                scope.spawn(move || {
                    let mut wire = Wire::open(address).map_err(|error| error.to_string())?;
                    wire.stream
                        .write_all(start.as_bytes())
                        .map_err(|error| error.to_string())?;
                    let (sent, reply) = send(&mut wire, chunk, (1 << 30) / (64 << 10));
                    Ok::<_, String>((sent, reply.map(|reply| reply.status)))
                })
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<_, String>>| {
            Ok(thread.join().map_err(|_| "a sender ended")??)
        };
        threads.into_iter().map(join).collect()
    });
    for (number, sent) in sent.into_iter().enumerate() {
        let (sent, status) = sent?;
        if number < 2 {
            println!(
                "  1 GB is sent in chunks: {} MiB were taken, answered {status:?}",
                sent / MIB
            );
        }
        trial.expect(sent <= SENT_MAX, || {
            format!("{} MiB of a body were taken", sent / MIB)
        });
        let is_refused = matches!(status, None | Some(401 | 413 | 503));
        trial.expect(is_refused, || format!("1 GB was answered {status:?}"));
    }
    Ok(())
}

fn nested(trial: &mut Trial) -> Outcome<()> {
    let batch = trial.site.limits.batch_bytes;
    let mut clerk = Wire::open(trial.site.address)?;
    for (path, room) in [("/v1/documents", 256 << 10), ("/v1/batches", batch)] {
        for open in ["[", "{\"a\":"] {
            for prefix in [
                "",
                "{\"fields\":",
                "{\"lines\":",
                "{\"commands\":",
                "{\"x\":",
            ] {
                let depth = ((room - prefix.len()) / (open.len() + 1)).min(400_000);
                let close = if open == "[" { "]" } else { "}" };
                let body = format!("{prefix}{}{}", open.repeat(depth), close.repeat(depth));
                let token = trial.site.token.clone();
                let reply = clerk.post(path, &token, "deep", &body)?;
                trial.expect(matches!(reply.status, 400 | 422), || {
                    format!("{depth} times {open} behind {prefix} to {path}: {reply:?}")
                });
            }
        }
    }
    Ok(())
}

/// Bodies whose every few bytes become a large value in memory.
fn lists(trial: &mut Trial) -> Outcome<()> {
    let room = trial.site.limits.batch_bytes - 1024;
    let line = "{\"amount\":\"1\"}";
    let lines = vec![line; room / (line.len() + 1)].join(",");
    let links = vec!["\"\""; room / 3].join(",");
    let create = |name: &str, list: String| {
        let mut create =
            json!({"type": "payment", "division": "420106000", "fiscal_year": 2026}).to_string();
        create.truncate(create.len() - 1);
        format!(
            "{{\"atomic\":true,\"commands\":[{{\"key\":\"k\",\"create\":{create},\"{name}\":[{list}]}}}}]}}"
        )
    };
    for body in [create("lines", lines), create("links", links)] {
        let (token, address) = (&trial.site.token, trial.site.address);
        let request = post("/v1/batches", token, "-", &body);
        let statuses: Vec<Option<u16>> = std::thread::scope(|scope| {
            let request = &request;
            let ask = || send(&mut Wire::open(address).ok()?, request.as_bytes(), 1).1;
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(ask)).collect();
            let status = |thread: std::thread::ScopedJoinHandle<'_, Option<Reply>>| {
                thread.join().ok().flatten().map(|reply| reply.status)
            };
            threads.into_iter().map(status).collect()
        });
        println!("  lists of next to nothing: answered {statuses:?}");
        let is_fine = |status: &Option<u16>| matches!(status, Some(400..=499 | 503));
        trial.expect(statuses.iter().all(is_fine), || {
            format!("long lists: {statuses:?}")
        });
    }
    Ok(())
}
