//! Clients that pay, each on a thread of its own with its own log. When a server fails them they turn to the next one
//! and repeat, under the same key, what they have no answer to.

use super::place::{AGENCY, COUNTY};
use super::wire::{Reply, Wire};
use crate::Outcome;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two payments, and before a repeat.
const PAUSE: Duration = Duration::from_millis(20);

/// A payment that was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) key: String,
    pub(crate) fen: i64,
    /// The first acknowledgement.
    pub(crate) answer: Value,
    pub(crate) acknowledged: Instant,
    /// By which of the servers.
    pub(crate) by: usize,
    /// Whether an attempt before had no answer, so that nobody knew.
    pub(crate) was_unknown: bool,
}

/// What every client knows.
struct Office {
    servers: Vec<SocketAddr>,
    token: String,
    row: String,
    is_over: AtomicBool,
}

/// Clients at work.
pub(crate) struct Clients {
    office: Arc<Office>,
    threads: Vec<JoinHandle<Log>>,
}

/// A client's log, or what it can't make sense of.
type Log = Result<Vec<Sent>, String>;

impl Clients {
    /// Begins; each client prefers the server that it reached last.
    pub(crate) fn begin(
        count: usize,
        name: &str,
        (servers, token, row): (&[SocketAddr], &str, &str),
    ) -> Clients {
        let office = Arc::new(Office {
            servers: servers.to_vec(),
            token: token.into(),
            row: row.into(),
            is_over: AtomicBool::new(false),
        });
        let threads = (0..count).map(|at| {
            let (office, name) = (Arc::clone(&office), format!("{name}-{at}"));
            std::thread::spawn(move || office.work(&name))
        });
        let threads = threads.collect();
        Clients { office, threads }
    }

    /// Lets each finish the payment at hand, and gives all logs.
    pub(crate) fn end(self) -> Outcome<Vec<Sent>> {
        self.office.is_over.store(true, Ordering::Release);
        let mut all = Vec::new();
        for thread in self.threads {
            let log = thread.join().map_err(|_| "a client failed")?;
            all.extend(log?);
        }
        Ok(all)
    }
}

impl Office {
    fn work(&self, name: &str) -> Log {
        let mut log = Vec::new();
        let (mut at, mut wire) = (0, None);
        while !self.is_over.load(Ordering::Acquire) {
            let (key, fen) = (format!("{name}-{}", log.len()), 1 + log.len() as i64 % 7);
            log.push(self.pay_until_known(&mut at, &mut wire, key, fen)?);
            std::thread::sleep(PAUSE);
        }
        Ok(log)
    }

    /// Repeats a payment until it is acknowledged, at whichever server.
    fn pay_until_known(
        &self,
        at: &mut usize,
        wire: &mut Option<Wire>,
        key: String,
        fen: i64,
    ) -> Result<Sent, String> {
        let body = payment(&self.row, fen);
        let (mut was_unknown, end) = (false, Instant::now() + super::PATIENCE);
        while Instant::now() < end {
            if wire.is_none() {
                *wire = Wire::open(self.servers[*at], &self.token).ok();
            }
            if let Some(open) = wire {
                match open.ask("POST", "/v1/documents", &key, &body) {
                    Ok(Reply {
                        status: 201,
                        body: answer,
                        ..
                    }) => {
                        let acknowledged = Instant::now();
                        return Ok(Sent {
                            key,
                            fen,
                            answer,
                            acknowledged,
                            by: *at,
                            was_unknown,
                        });
                    }
                    Ok(Reply {
                        status: 503, body, ..
                    }) => {
                        // What was refused for the latch may have been written nevertheless.
                        was_unknown |= body["code"] == "journal_latched";
                    }
                    Ok(other) => return Err(format!("{key}: {other:?}")),
                    Err(_) => was_unknown = true,
                }
            }
            *wire = None;
            *at = (*at + 1) % self.servers.len();
            std::thread::sleep(PAUSE);
        }
        Err(format!("{key}: no server acknowledges"))
    }
}

/// A payment out of the row, entered and submitted in one command.
pub(crate) fn payment(row: &str, fen: i64) -> String {
    let amount = format!("{}.{:02}", fen / 100, fen % 100);
    json!({
        "type": "payment", "division": COUNTY, "fiscal_year": 2026, "agency": AGENCY, "transition": "submit",
        "fields": {"purpose": "office", "payee": "Zhang", "payee_account": "6222", "payee_match": true},
        "lines": [{"amount": amount, "row": row, "month": 3, "to": {"dept_econ": "30201"}}],
    })
    .to_string()
}
