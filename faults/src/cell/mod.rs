//! Servers as people run them, several on one cell: their folders and processes, connections that may break, clients
//! that pay and keep their own log, and the audit that compares the logs with what the server holds.

mod audit;
mod client;
mod place;
mod server;
mod wire;

pub(crate) use audit::audit;
pub(crate) use client::{Clients, Sent, payment};
pub(crate) use place::Place;
pub(crate) use server::Server;
pub(crate) use wire::Wire;

use crate::Outcome;
use std::time::{Duration, Instant};

/// How long anything is waited for that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until there is something to see.
pub(crate) fn await_some<T>(
    what: &str,
    mut look: impl FnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        if Instant::now() > end {
            return Err(format!("waited {} s in vain: {what}", PATIENCE.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
