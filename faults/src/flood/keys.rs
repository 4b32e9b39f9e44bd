//! Idempotency keys: a million of them, all remembered, in memory that is counted; and one that a thousand clients
//! use at once, which takes effect once and is answered to all alike.

use super::bound::Asked;
use super::trial::Trial;
use super::wire::{Wire, connect_from, post};
use crate::Outcome;
use serde_json::json;
use std::io::Write;
use std::time::{Duration, Instant};

/// Commands of one request.
const BATCH: usize = 1_000;
/// Clients of the one key.
const CLIENTS: usize = 1_000;

/// A million keys, each spent on a command that is refused: the decision is kept, no document is.
pub(super) fn distinct(trial: &mut Trial) -> Outcome<Asked> {
    let count = trial.size(20_000, 1_000_000);
    let before = trial.site.figure("hubu_idempotency_keys")?;
    // More than there is.
    let payment = trial.site.payment(100_000_000_000);
    let mut clerk = Wire::open(trial.site.address)?;
    let start = Instant::now();
    for _ in 0..count / BATCH {
        let commands: Vec<_> = (0..BATCH)
            .map(|_| json!({"key": trial.key(), "create": payment}))
            .collect();
        let body = json!({"atomic": false, "commands": commands}).to_string();
        let reply = clerk.post("/v1/batches", &trial.site.token, "-", &body)?;
        let answer = reply.json()?;
        let results = answer["results"].as_array().map_or(&[][..], Vec::as_slice);
        let refused = results
            .iter()
            .filter(|result| result["problem"]["code"] == "insufficient");
        let refused = refused.count();
        trial.expect(refused == BATCH, || {
            format!("{refused} of {BATCH} were decided: {answer}")
        });
    }
    let kept = trial.site.figure("hubu_idempotency_keys")? - before;
    println!(
        "  {kept} more keys are remembered, {:.0} a second",
        kept / start.elapsed().as_secs_f64()
    );
    trial.expect(kept >= count as f64, || {
        format!("{kept} of {count} keys are remembered")
    });
    Ok(Asked {
        connections: 1,
        keys: count as u64,
        ..Asked::default()
    })
}

pub(super) fn one(trial: &mut Trial) -> Outcome<Asked> {
    let key = trial.key();
    let request = post(
        "/v1/documents",
        &trial.site.token,
        &key,
        &trial.site.payment(1).to_string(),
    );
    let mut wires = Vec::with_capacity(CLIENTS);
    for number in 0..CLIENTS {
        let stream = connect_from(trial.site.address, number)?;
        wires.push(Wire::from_stream(stream, Duration::from_secs(60))?);
    }
    let before = trial.site.reserved()?;
    let mut answers = Vec::with_capacity(CLIENTS);
    let mut shed = 0;
    while !wires.is_empty() {
        for wire in &mut wires {
            wire.stream.write_all(request.as_bytes())?;
        }
        let mut again = Vec::new();
        for mut wire in wires {
            let reply = wire.hear()?;
            if reply.is_shed() {
                shed += 1;
                again.push(wire);
            } else {
                answers.push((reply.status, reply.body));
            }
        }
        wires = again;
    }
    let first = answers[0].clone();
    let differ = answers.iter().filter(|answer| **answer != first).count();
    let effect = trial.site.reserved()? - before;
    println!(
        "  {} answers, {shed} of 503 before, effect {effect} 分",
        answers.len()
    );
    trial.expect(first.0 == 201 && differ == 0, || {
        format!("{differ} answers differ from {first:?}")
    });
    trial.expect(effect == 1, || {
        format!("one key took effect {effect} times")
    });
    trial.acknowledged += 1;
    Ok(Asked {
        connections: CLIENTS as u64,
        ..Asked::default()
    })
}
