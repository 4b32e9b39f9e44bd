//! Connections whose other end is not there any more, or has nothing more to say: vanished without a word, closed in
//! the middle of a head, closed behind a whole request.

use super::bound::Asked;
use super::trial::Trial;
use super::wire::{Wire, connect_from, get};
use crate::Outcome;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::TcpRepair;
use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// The server's ticks, and a busy machine.
const CLOSE_SLACK: Duration = Duration::from_secs(20);

pub(super) fn run(trial: &mut Trial) -> Outcome<Asked> {
    let each = trial.size(50, 2_000);
    let before = trial.site.figure("hubu_connections")?;
    let vanished = vanish(trial, each)?;
    half_close(trial, each)?;
    let there = trial.site.figure("hubu_connections")? - before;
    println!("  {vanished} vanished without a word; {there} are there for the server");
    for _ in 0..20 {
        trial.must_pay()?;
    }
    let limits = &trial.site.limits;
    let patience = Duration::from_secs(limits.idle_seconds + limits.header_seconds) + CLOSE_SLACK;
    let (start, mut left) = (Instant::now(), there);
    while left > 0.0 && start.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(200));
        left = trial.site.figure("hubu_connections")? - before;
    }
    println!("  all gone after {:.1} s", start.elapsed().as_secs_f64());
    trial.expect(left <= 0.0, || {
        format!("{left} connections to nobody are still held")
    });
    Ok(Asked {
        connections: 3 * each as u64,
        ..Asked::default()
    })
}

/// Connections that this end forgets without telling the other, as when its machine loses power; every second has
/// begun a head. Where the system does not allow that (it takes CAP_NET_ADMIN), they stay open and silent.
fn vanish(trial: &Trial, count: usize) -> Outcome<usize> {
    let mut vanished = 0;
    for number in 0..count {
        let mut stream = connect_from(trial.site.address, number)?;
        if number % 2 == 1 {
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHo")?;
        }
        if setsockopt(&stream, TcpRepair, &1).is_ok() {
            vanished += 1;
        }
    }
    Ok(vanished)
}

/// Half a head or a whole request, and then the end of what this side has to say.
fn half_close(trial: &mut Trial, count: usize) -> Outcome<()> {
    let whole = get("/readyz", "");
    let mut wires = Vec::with_capacity(2 * count);
    for number in 0..2 * count {
        let stream = connect_from(trial.site.address, number)?;
        let mut wire = Wire::from_stream(stream, CLOSE_SLACK)?;
        let length = if number % 2 == 0 {
            whole.len()
        } else {
            whole.len() / 2
        };
        wire.stream.write_all(&whole.as_bytes()[..length])?;
        wire.stream.shutdown(Shutdown::Write)?;
        wires.push(wire);
    }
    let mut unanswered = 0;
    let mut open = 0;
    for (number, wire) in wires.iter_mut().enumerate() {
        if number % 2 == 0 {
            unanswered += u32::from(!wire.hear().is_ok_and(|reply| reply.status == 200));
        }
        open += u32::from(!wire.is_closed_within(CLOSE_SLACK));
    }
    trial.expect(unanswered == 0, || {
        format!("{unanswered} whole requests had no answer")
    });
    trial.expect(open == 0, || {
        format!("{open} connections stay open behind their end")
    });
    Ok(())
}
