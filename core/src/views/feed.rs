//! The event feed (事件流): what was decided and refused, in order, straight from what is durable.
//!
//! A reader that keeps up is served from memory; one that starts far back reads the journal, one
//! bounded page at a time. It blocks on a disk or a database then, so a network thread asks elsewhere.

use super::error::ViewError;
use crate::engine::Engine;
use crate::engine::tail::Next;
use crate::journal::{Records, codec};
use hubu_kernel::ident::Seq;
use hubu_kernel::record::{Body, Record};
use std::time::Duration;

/// The most events of one page.
pub const FEED_PAGE_MAX: usize = 1000;

/// The most bytes of records of one page; one record more than that is a page of its own.
const FEED_BYTES_MAX: usize = 4 << 20;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Where its record stands.
    pub seq: Seq,
    /// What was decided.
    pub record: Record,
}

impl Event {
    /// What kind of event it is, as the API names it.
    pub fn kind(&self) -> &'static str {
        match self.record.body {
            Body::Decided(_) => "decided",
            Body::Refused(_) => "refused",
            Body::Catalog { .. } => "catalog",
            Body::Genesis { .. } => "genesis",
        }
    }
}

/// A part of the feed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedPage {
    /// Ascending, without gaps but for the journal's first record, which holds a secret.
    pub events: Vec<Event>,
    /// Ask behind this for the next part; it may be asked again while nothing is new.
    pub next: Seq,
}

/// The events behind `after`, at most `limit` (and [`FEED_PAGE_MAX`]) of them; only what is durable.
///
/// # Errors
/// When the journal can't be read.
pub fn feed(engine: &Engine, after: Seq, limit: usize) -> Result<FeedPage, ViewError> {
    let mut page = Page {
        found: FeedPage {
            events: Vec::new(),
            next: after,
        },
        room: limit.clamp(1, FEED_PAGE_MAX),
        bytes: FEED_BYTES_MAX,
    };
    let mut failed = None;
    while failed.is_none() && page.room > 0 && page.bytes > 0 {
        match engine.tail().next(page.found.next.0, Duration::ZERO) {
            Next::Batch(batch) => page.take(batch.first, &batch.payload)?,
            // A batch is acknowledged before the tail has it; who reads what he wrote finds it in the journal.
            Next::Quiet | Next::Closed if page.found.next.0 >= engine.watermark().durable() => {
                break;
            }
            Next::Quiet | Next::Closed | Next::Behind(_) => {
                let before = page.found.next;
                engine.journal().scan(page.found.next.0 + 1, &mut |batch| {
                    failed = page.take(batch.first, batch.payload).err();
                    failed.is_none() && page.room > 0 && page.bytes > 0
                })?;
                if page.found.next == before {
                    // A reader that does not show it yet: the next page has it, and nobody waits here.
                    break;
                }
            }
        }
    }
    failed.map_or(Ok(page.found), Err)
}

struct Page {
    found: FeedPage,
    room: usize,
    bytes: usize,
}

impl Page {
    fn take(&mut self, first: u64, payload: &[u8]) -> Result<(), ViewError> {
        let wanted = self.found.next.0 + 1;
        for (seq, bytes) in (first..).zip(Records::new(payload)) {
            if seq < wanted {
                continue;
            }
            if self.room == 0 || self.bytes == 0 {
                break;
            }
            let record =
                codec::decode(bytes).map_err(|source| ViewError::Record { seq, source })?;
            self.found.next = Seq(seq);
            self.bytes = self.bytes.saturating_sub(bytes.len());
            // The secret would let anybody make keys that collide.
            if !matches!(record.body, Body::Genesis { .. }) {
                self.found.events.push(Event {
                    seq: Seq(seq),
                    record,
                });
                self.room -= 1;
            }
        }
        Ok(())
    }
}
