//! HTTP/2 as an attack: requests that are taken back at once (rapid reset), headers without end (CONTINUATION),
//! pings, settings and empty data by the hundred thousand. The connection is ended, or the frames are swallowed;
//! memory does not grow with them, and others go on.

use super::bound::Asked;
use super::frames::Frames;
use super::trial::Trial;
use crate::Outcome;
use std::time::Instant;

/// Connections that do the same at once.
const AT_ONCE: usize = 16;

type Attack = fn(&mut Frames, &str);

pub(super) fn run(trial: &mut Trial) -> Outcome<Asked> {
    let count = trial.size(5_000, 200_000);
    // Those that must end the connection, and those that may be swallowed.
    let attacks: [(&str, Attack, bool); 6] = [
        ("rapid reset", rapid_reset, true),
        ("continuation", continuation, true),
        ("empty continuation", empty_continuation, true),
        ("pings", ping, false),
        ("settings", settings, false),
        ("empty data", empty_data, false),
    ];
    for (name, attack, must_end) in attacks {
        let start = Instant::now();
        let address = trial.site.address;
        let authorization = format!("Bearer {}", trial.site.token);
        let ended: Vec<Option<(u64, bool)>> = std::thread::scope(|scope| {
            let flood = || {
                let mut frames = Frames::connect(address).ok()?;
                frames.settings(&[]);
                let mut sent = 0;
                while sent < count && !frames.is_broken() {
                    attack(&mut frames, &authorization);
                    sent += 1;
                }
                let is_ended = frames.is_broken() || (must_end && frames.is_closed());
                Some((sent, is_ended))
            };
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(flood)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().ok().flatten())
                .collect()
        });
        let sent: u64 = ended.iter().flatten().map(|(sent, _)| sent).sum();
        let cut = ended
            .iter()
            .flatten()
            .filter(|(_, is_ended)| *is_ended)
            .count();
        println!(
            "  {name}: {sent} on {AT_ONCE} connections in {:.1} s, {cut} of them ended",
            start.elapsed().as_secs_f64()
        );
        trial.expect(!must_end || cut == AT_ONCE, || {
            format!("{name} went on: {ended:?}")
        });
        trial.must_pay()?;
    }
    Ok(Asked {
        connections: AT_ONCE as u64,
        http2: AT_ONCE as u64,
        ..Asked::default()
    })
}

fn rapid_reset(frames: &mut Frames, authorization: &str) {
    let stream = frames.get("/v1/quotas", authorization);
    frames.reset(stream);
}

fn continuation(frames: &mut Frames, _authorization: &str) {
    frames.open_headers_once();
    // Literal without indexing: `x: y`.
    frames.continuation(&[0, 1, b'x', 1, b'y']);
}

fn empty_continuation(frames: &mut Frames, _authorization: &str) {
    frames.open_headers_once();
    frames.continuation(&[]);
}

fn ping(frames: &mut Frames, _authorization: &str) {
    frames.send(6, 0, 0, &[0; 8]);
    frames.swallow();
}

fn settings(frames: &mut Frames, _authorization: &str) {
    frames.settings(&[(4, 65_535)]);
    frames.swallow();
}

fn empty_data(frames: &mut Frames, authorization: &str) {
    frames.open_post_once("/v1/documents", authorization);
    frames.send(0, 0, 1, &[]);
    frames.swallow();
}
