//! The feed of all that happened, as an auditor reads it.

use super::answer::number;
use super::book::{Acknowledged, Outcome as Answered};
use super::cast::{Cast, Who};
use super::money::{Amounts, Changes, Rows, change, fen};
use crate::Outcome;
use hubu_testkit::Wire;
use serde::Deserialize;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One record, as the feed tells it.
#[derive(Debug, Hash, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(deserialize_with = "number")]
    pub(super) seq: u64,
    actor: &'a str,
    kind: &'a str,
    document: Option<&'a str>,
    #[serde(rename = "type")]
    document_type: Option<&'a str>,
    transition: Option<&'a str>,
    state: Option<&'a str>,
    version: Option<u32>,
    code: Option<&'a str>,
    trace: Option<&'a str>,
    #[serde(borrow)]
    ops: Vec<Operation<'a>>,
}

#[derive(Debug, Hash, Deserialize)]
struct Operation<'a> {
    row: &'a str,
    operation: &'a str,
    amount: &'a str,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    events: Vec<Event<'a>>,
    #[serde(deserialize_with = "number")]
    next: u64,
}

/// Which rows are whose.
pub(super) type Owners = HashMap<String, Rows>;

impl Event<'_> {
    /// The request that it came with, if it came with one of this life.
    pub(super) fn request(&self, life: u64) -> Option<u64> {
        let (of, request) = self.trace?.split_at_checked(16)?;
        let of = u64::from_str_radix(of, 16).ok()?;
        (of == life).then(|| u64::from_str_radix(request, 16).ok())?
    }

    /// Whether it is the record that was acknowledged, but for what it did to rows.
    pub(super) fn is(&self, acknowledged: &Acknowledged, life: u64) -> bool {
        let step = acknowledged.step;
        let about = self.document.and_then(|id| id.parse().ok());
        let is_outcome = match acknowledged.outcome {
            Answered::Done {
                document, version, ..
            } => {
                self.kind == "decided"
                    && about == Some(document)
                    && (self.version, self.state) == (Some(version), Some(step.state))
                    && self.transition == Some(step.name)
            }
            // Where the document's state has no such step the record names none.
            Answered::Refused { code, document } => {
                self.kind == "refused"
                    && about == document
                    && self.code == Some(code)
                    && (self.transition == Some(step.name) || code == "wrong_state")
            }
        };
        is_outcome
            && self.seq == acknowledged.seq
            && self.request(life) == Some(acknowledged.request)
            && self.actor == acknowledged.who.name()
            && self.document_type == Some(step.kind)
    }

    /// What it did to rows; nothing where an operation or a row is not known.
    pub(super) fn changes(&self, owners: &Owners) -> Option<Changes> {
        let mut changes = Changes::new();
        for operation in &self.ops {
            let by = Amounts::of(operation.operation, fen(operation.amount)?)?;
            change(&mut changes, *owners.get(operation.row)?, by);
        }
        Some(changes)
    }
}

/// A sum over the events of a part of the feed, in order: it tells whether they are still the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Digest(DefaultHasher);

impl Digest {
    pub(super) fn add(&mut self, event: &Event<'_>) {
        event.hash(&mut self.0);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.finish()
    }
}

/// Reads all behind `after`, and answers where the end is.
pub(super) fn read(
    wire: &mut Wire,
    cast: &Cast,
    mut after: u64,
    each: &mut dyn FnMut(&Event<'_>),
) -> Outcome<u64> {
    loop {
        let path = format!("/v1/events?after={after}&limit=1000");
        let reply = wire.ask("GET", &path, cast.header(Who::Auditor), "")?;
        if reply.status != 200 {
            let said = String::from_utf8_lossy(&reply.body);
            return Err(format!("the feed: {} {said}", reply.status).into());
        }
        let page: Page<'_> = serde_json::from_slice(&reply.body)?;
        page.events.iter().for_each(&mut *each);
        if page.next == after {
            return Ok(after);
        }
        after = page.next;
    }
}
