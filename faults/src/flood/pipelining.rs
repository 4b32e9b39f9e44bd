//! Requests in a row, without waiting for the answers between: each is answered, in order, and takes effect once.

use super::bound::Asked;
use super::trial::Trial;
use super::wire::{Wire, post};
use crate::Outcome;
use std::io::Write;

/// What came on one connection.
#[derive(Default)]
struct Heard {
    accepted: i64,
    shed: usize,
    /// Sequence numbers of the accepted, as they came.
    last_seq: u64,
    wrong: Vec<String>,
    /// Keys that were shed, to be repeated.
    again: Vec<String>,
}

pub(super) fn run(trial: &mut Trial) -> Outcome<Asked> {
    let (connections, each) = trial.size((8, 100), (64, 2_000));
    let seed = trial.seed;
    let site = &trial.site;
    let heard: Vec<Outcome<Heard>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|number| {
                let keys = (0..each).map(move |at| format!("pipe-{seed}-{number}-{at}"));
                let body = site.payment(1).to_string();
                scope.spawn(move || {
                    ask_in_a_row(site, &keys.collect::<Vec<_>>(), &body)
                        .map_err(|error| error.to_string())
                })
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, Result<Heard, String>>| {
            Ok(thread.join().map_err(|_| "a client ended")??)
        };
        threads.into_iter().map(join).collect()
    });
    let mut shed = 0;
    for heard in heard {
        let heard = heard?;
        trial.acknowledged += heard.accepted;
        shed += heard.shed;
        trial.expect(heard.wrong.is_empty(), || {
            format!("such as {}", heard.wrong[0])
        });
        trial.unknown.extend(heard.again);
    }
    println!(
        "  {} requests on {connections} connections, {shed} of them shed",
        connections * each
    );
    Ok(Asked {
        connections: connections as u64,
        ..Asked::default()
    })
}

/// All at once, while the answers are read.
fn ask_in_a_row(site: &super::site::Site, keys: &[String], body: &str) -> Outcome<Heard> {
    let mut wire = Wire::open(site.address)?;
    let mut writer = wire.stream.try_clone()?;
    let request = |key: &String| post("/v1/documents", &site.token, key, body);
    let all: String = keys.iter().map(request).collect();
    let mut heard = Heard::default();
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || writer.write_all(all.as_bytes()));
        for key in keys {
            let reply = wire.hear()?;
            if reply.is_shed() {
                heard.shed += 1;
                heard.again.push(key.clone());
                continue;
            }
            let seq = reply.json()?["seq"]
                .as_str()
                .and_then(|seq| seq.parse().ok())
                .unwrap_or(0);
            if reply.status != 201 || seq <= heard.last_seq {
                heard
                    .wrong
                    .push(format!("{key} behind {}: {reply:?}", heard.last_seq));
            }
            heard.accepted += i64::from(reply.status == 201);
            heard.last_seq = seq;
        }
        writing.join().map_err(|_| "the writer ended")??;
        Ok(heard)
    })
}
