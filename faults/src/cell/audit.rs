//! The audit: every acknowledged payment is there with the answer that was given, once, and nothing else is.

use super::client::{Sent, payment};
use super::wire::Wire;
use crate::Outcome;
use std::collections::HashSet;
use std::net::SocketAddr;

/// What it found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Audit {
    /// Acknowledged payments that were looked at.
    pub(crate) looked: u64,
    /// Acknowledged, and not there as acknowledged.
    pub(crate) lost: u64,
    /// There more than once, or there and never asked for.
    pub(crate) doubled: u64,
}

/// Repeats every payment of the log, which must get its first answer again and change nothing; then compares the row
/// and the events with the log's sums. `log` is all that was ever paid from the row.
pub(crate) fn audit(address: SocketAddr, token: &str, row: &str, log: &[Sent]) -> Outcome<Audit> {
    let mut wire = Wire::open(address, token)?;
    let mut documents = HashSet::new();
    let mut found = Audit::default();
    for sent in log {
        found.looked += 1;
        let reply = wire.ask("POST", "/v1/documents", &sent.key, &payment(row, sent.fen))?;
        if reply.status != 201 || reply.body != sent.answer {
            println!("lost: {}: {} is now {}", sent.key, sent.answer, reply.body);
            found.lost += 1;
        }
        if !documents.insert(sent.answer["id"].to_string()) {
            println!(
                "doubled: {} shares the document {}",
                sent.key, sent.answer["id"]
            );
            found.doubled += 1;
        }
    }
    let events = payments(&mut wire)?;
    let known = documents.len() as u64;
    found.doubled += events.saturating_sub(known);
    found.lost += known.saturating_sub(events);
    let sum: i64 = log.iter().map(|sent| sent.fen).sum();
    let held = wire.get(&format!("/v1/quotas/{row}"))?.body["decreasing"].clone();
    let wanted = format!("{}.{:02}", sum / 100, sum % 100);
    if held != wanted.as_str() {
        println!(
            "the row holds {held}, and {wanted} was acknowledged; {events} payments, {known} acknowledged"
        );
        let too_little = held.as_str().and_then(|held| held.parse::<f64>().ok());
        match too_little.is_some_and(|held| held < sum as f64 / 100.0) {
            true => found.lost = found.lost.max(1),
            false => found.doubled = found.doubled.max(1),
        }
    }
    Ok(found)
}

/// How many documents the journal's feed shows to have been entered for the agency.
fn payments(wire: &mut Wire) -> Outcome<u64> {
    let (mut after, mut count) = ("0".to_owned(), 0);
    loop {
        let page = wire
            .get(&format!("/v1/events?after={after}&limit=1000"))?
            .body;
        let next = page["next"]
            .as_str()
            .ok_or("a page without its end")?
            .to_owned();
        if next == after {
            return Ok(count);
        }
        let events = page["events"].as_array().ok_or("a page without events")?;
        let is_payment =
            |event: &&serde_json::Value| event["kind"] == "decided" && event["actor"] == "clerk";
        count += events.iter().filter(is_payment).count() as u64;
        after = next;
    }
}
