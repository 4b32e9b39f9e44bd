//! Group commit (组提交): while one batch is being made durable, the next one fills.
//!
//! There is no timer: a lone command is committed at once, and under load a batch is what arrived
//! during the sync before it. A caller with many commands says so ([`Group::fill`]): then the journal
//! waits for them, up to [`ENOUGH`] bytes, as a sync costs as much for ten records as for a thousand.
//! A network thread says so too, for the requests that it found ready together ([`Group::turn`]).
//! Memory is bounded by two batches; a full one refuses more. What has gathered goes to the journal in [`writer`].

mod writer;

pub(crate) use writer::{Committed, Writer};

use crate::engine::freshness::Freshness;
use crate::engine::tail::Tail;
use crate::engine::watermark::{Latched, Watermark};
use crate::journal::push_record;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Condvar, Mutex, MutexGuard};
use hubu_kernel::ident::Seq;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most that one batch may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupLimits {
    /// Bytes of records.
    pub bytes: usize,
    /// Records.
    pub records: u64,
}

/// The most bytes of a record's length.
const LENGTH_MAX: usize = 5;

/// So many bytes are committed although more is announced: others wait for theirs meanwhile, and
/// filling this much takes no longer than writing it.
const ENOUGH: usize = 256 << 10;

/// Why a record was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NotTaken {
    /// The batch that waits is full: come back.
    Full,
    /// No batch could hold it.
    TooLarge,
    /// The journal can't be written.
    Latched(Latched),
    /// The engine is closing.
    Closed,
    /// Another server writes this journal.
    Standby,
}

struct Open {
    payload: Vec<u8>,
    first: u64,
    next: u64,
    /// Callers that are about to add more.
    filling: u32,
    /// Whether one that announced records has said them all, so that they are not to wait for the others'.
    asked: bool,
    idle: bool,
    closing: bool,
}

impl Open {
    /// Whether the journal should begin.
    fn is_due(&self, enough: &GroupLimits) -> bool {
        let is_enough =
            self.payload.len() >= enough.bytes || self.next - self.first >= enough.records;
        let announced = self.filling > 0 && !self.asked && !self.closing && !is_enough;
        !self.payload.is_empty() && !announced
    }
}

/// More records are about to come, until this is dropped: see [`Group::fill`].
pub(crate) struct Filling(Arc<Group>);

impl Drop for Filling {
    fn drop(&mut self) {
        let mut open = self.0.open.lock();
        open.filling -= 1;
        self.0.wake_if_due(open);
    }
}

/// As [`Filling`], for one who answers many at once: see [`Group::turn`].
#[cfg(feature = "server")]
pub(crate) struct Turn(Arc<Group>);

#[cfg(feature = "server")]
impl Drop for Turn {
    fn drop(&mut self) {
        let mut open = self.0.open.lock();
        open.filling -= 1;
        open.asked = !open.payload.is_empty();
        self.0.wake_if_due(open);
    }
}

/// Counters of the commit path; all since start.
#[derive(Default, Debug)]
pub struct GroupStats {
    /// Batches made durable.
    pub batches: AtomicU64,
    /// Records made durable.
    pub records: AtomicU64,
    /// Bytes made durable.
    pub bytes: AtomicU64,
    /// Time in the journal's append, in µs.
    pub sync_us: AtomicU64,
    /// The longest append, in µs.
    pub sync_us_max: AtomicU64,
    /// Records refused because the batch was full.
    pub full: AtomicU64,
}

/// The open batch and its way to the journal.
pub(crate) struct Group {
    open: Mutex<Open>,
    work: Condvar,
    limits: GroupLimits,
    /// What is committed although more is announced.
    enough: GroupLimits,
    pub(crate) watermark: Watermark,
    pub(crate) tail: Tail,
    pub(crate) stats: GroupStats,
    pub(crate) freshness: Freshness,
    /// Whether another server writes the journal and this one follows it.
    standby: AtomicBool,
}

impl Group {
    pub(crate) fn new(last: u64, limits: GroupLimits, tail_bytes: usize) -> Group {
        let open = Open {
            payload: Vec::with_capacity(64 << 10),
            first: last + 1,
            next: last + 1,
            filling: 0,
            asked: false,
            idle: false,
            closing: false,
        };
        Group {
            open: Mutex::new(open),
            work: Condvar::new(),
            enough: GroupLimits {
                bytes: ENOUGH.min(limits.bytes / 2),
                records: limits.records / 2,
            },
            limits,
            watermark: Watermark::new(last),
            tail: Tail::new(last, tail_bytes),
            stats: GroupStats::default(),
            freshness: Freshness::new(),
            standby: AtomicBool::new(false),
        }
    }

    /// Begins to follow what another server writes, or stops: from then on records are taken.
    pub(crate) fn set_standby(&self, standby: bool) {
        self.standby.store(standby, Ordering::Release);
    }

    pub(crate) fn is_standby(&self) -> bool {
        self.standby.load(Ordering::Acquire)
    }

    /// `seq` was numbered by the server that is followed; called under the locks of all that it touches.
    pub(crate) fn follow(&self, seq: u64) {
        let mut open = self.open.lock();
        assert!(open.payload.is_empty(), "a standby takes no records");
        assert_eq!(open.next, seq, "records follow each other");
        (open.first, open.next) = (seq + 1, seq + 1);
    }

    /// Announces records: the caller appends them at once, without waiting for anything in between.
    pub(crate) fn fill(self: &Arc<Self>) -> Filling {
        self.open.lock().filling += 1;
        Filling(Arc::clone(self))
    }

    /// As [`Group::fill`], but when it is over the journal begins, whoever else has announced records: two
    /// threads that take turns without a pause would else keep it waiting until there is enough.
    #[cfg(feature = "server")]
    pub(crate) fn turn(self: &Arc<Self>) -> Turn {
        self.open.lock().filling += 1;
        Turn(Arc::clone(self))
    }

    /// Takes one record; its effects must be applied before any of the shards that it touched is unlocked.
    pub(crate) fn append(&self, record: &[u8]) -> Result<Seq, NotTaken> {
        self.append_all(std::iter::once(record), record.len(), 1)
    }

    /// Takes `count` records of `bytes` together into one batch, or none: returns the first's place.
    pub(crate) fn append_all<'r>(
        &self,
        records: impl Iterator<Item = &'r [u8]>,
        bytes: usize,
        count: u64,
    ) -> Result<Seq, NotTaken> {
        let mut open = crate::sync::lock_counted(&self.open);
        if let Some(latched) = self.watermark.latched() {
            return Err(NotTaken::Latched(latched));
        }
        if open.closing {
            return Err(NotTaken::Closed);
        }
        if self.is_standby() {
            return Err(NotTaken::Standby);
        }
        // Each record stands behind its length.
        let bytes = bytes + count as usize * LENGTH_MAX;
        if bytes > self.limits.bytes || count > self.limits.records {
            return Err(NotTaken::TooLarge);
        }
        let full = open.payload.len() + bytes > self.limits.bytes
            || open.next - open.first + count > self.limits.records;
        if full {
            self.stats.full.fetch_add(1, Ordering::Relaxed);
            return Err(NotTaken::Full);
        }
        let first = open.next;
        for record in records {
            push_record(&mut open.payload, record);
            open.next += 1;
        }
        assert_eq!(open.next, first + count, "the caller counted its records");
        self.wake_if_due(open);
        Ok(Seq(first))
    }

    fn wake_if_due(&self, mut open: MutexGuard<'_, Open>) {
        let wake = open.idle && open.is_due(&self.enough);
        if wake {
            open.idle = false;
        }
        drop(open);
        if wake {
            self.work.notify_one();
        }
    }

    /// The newest sequence number given out; all up to it was applied, or is being, under locks.
    pub(crate) fn newest(&self) -> u64 {
        self.open.lock().next - 1
    }

    /// Bytes and records that wait for the journal.
    pub(crate) fn waiting(&self) -> (usize, u64) {
        let open = self.open.lock();
        (open.payload.len(), open.next - open.first)
    }

    /// Takes nothing more; the journal's thread ends once all is durable.
    pub(crate) fn close(&self) {
        self.open.lock().closing = true;
        self.work.notify_all();
    }

    /// Waits so long, or until the engine closes: then it is true.
    pub(crate) fn is_closing_within(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut open = self.open.lock();
        while !open.closing {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return false;
            }
            self.work.wait_for(&mut open, rest);
        }
        true
    }
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn records_wait_for_the_end_of_a_turn_and_for_no_other_turn() {
        let limits = GroupLimits {
            bytes: 1 << 20,
            records: 1000,
        };
        let group = Arc::new(Group::new(0, limits, 0));
        let is_due = || group.open.lock().is_due(&group.enough);
        let (first, second) = (group.turn(), group.turn());
        drop(group.turn());
        group.append(b"record").unwrap();
        assert!(
            !is_due(),
            "two turns go on, and the one that is over had brought nothing"
        );
        drop(first);
        assert!(is_due(), "it waits for the other");
        drop(second);
        assert!(is_due());
    }
}
