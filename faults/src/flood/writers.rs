//! Clients that send slowly: heads a byte at a time (slowloris), and bodies that are announced and hardly come. They
//! are cut in time, and meanwhile take nothing that others need.

use super::bound::Asked;
use super::trial::Trial;
use super::wire::{Wire, connect_from, head};
use crate::Outcome;
use std::io::Write;
use std::time::{Duration, Instant};

const BETWEEN_BYTES: Duration = Duration::from_millis(250);
/// The server's ticks, and a busy machine.
const CLOSE_SLACK: Duration = Duration::from_secs(20);

pub(super) fn run(trial: &mut Trial) -> Outcome<Asked> {
    let heads = trial.size(100, 2_000);
    let bodies = trial.size(300, 1_000);
    let batches = trial.size(20, 200);
    let limits = trial.site.limits.clone();
    let mut slow = Vec::with_capacity(heads + bodies + batches);
    for number in 0..heads + bodies + batches {
        let mut wire = Wire::from_stream(
            connect_from(trial.site.address, number)?,
            Duration::from_secs(5),
        )?;
        let token = &trial.site.token;
        let text = match number {
            _ if number < heads => "POST /v1/documents HTTP/1.1\r\nHost: h\r\nX-Slow: ".to_owned(),
            _ if number < heads + bodies => head("/v1/documents", token, "slow", 64 << 10),
            _ => head("/v1/batches", token, "slow", limits.batch_bytes),
        };
        wire.stream.write_all(text.as_bytes())?;
        slow.push(wire);
    }
    let end = Instant::now()
        + Duration::from_secs(limits.header_seconds.max(limits.body_seconds))
        + CLOSE_SLACK;
    let (mut open, mut shed) = (slow, 0);
    while !open.is_empty() && Instant::now() < end {
        let next = Instant::now() + BETWEEN_BYTES;
        open.retain_mut(|wire| wire.stream.write_all(b" ").is_ok() && !wire.is_closed());
        // Nobody else is to notice.
        let key = trial.key();
        let reply = trial.site.pay(&key)?;
        trial.acknowledged += i64::from(reply.status == 201);
        shed += u32::from(reply.status != 201);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let left = open.len();
    trial.expect(left == 0, || {
        format!("{left} slow connections are still open")
    });
    trial.expect(shed == 0, || {
        format!("{shed} payments were not taken while others sent slowly")
    });
    Ok(Asked {
        connections: (heads + bodies + batches) as u64,
        ..Asked::default()
    })
}
