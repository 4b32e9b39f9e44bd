//! The journal's side of the group commit: takes what has gathered, makes it durable, and says so.
//!
//! A batch that finds the disk or the database full waits here for room, as nothing of it was written; any other failure
//! latches.

use super::{Group, Open};
use crate::engine::watermark::Latched;
use crate::journal::{Batch, Journal, JournalError};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What came of one batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Committed {
    /// It is durable.
    Done,
    /// There is no room for it: it waits for some.
    NoRoom,
    /// The journal can't be written any more.
    Latched,
}

/// How often a batch that found no room is tried again.
const ROOM_AGAIN: Duration = Duration::from_millis(500);

/// Where batches go: the journal, and what one who commits needs from one batch to the next.
pub(crate) struct Writer {
    journal: Box<dyn Journal>,
    payload: Vec<u8>,
    /// The batch whose records the payload holds, where it found no room.
    waiting: Option<(u64, u64)>,
    /// Looked up once: that takes longer than to add to them.
    figures: (metrics::Histogram, metrics::Histogram),
}

impl Writer {
    pub(crate) fn new(journal: Box<dyn Journal>) -> Writer {
        Writer {
            journal,
            payload: Vec::with_capacity(64 << 10),
            waiting: None,
            figures: (
                metrics::histogram!("hubu_commit_batch_records"),
                metrics::histogram!("hubu_commit_sync_seconds"),
            ),
        }
    }
}

/// Takes what has gathered for an empty buffer; answers its first and last record.
fn swap(mut open: MutexGuard<'_, Open>, empty: &mut Vec<u8>) -> (u64, u64) {
    assert!(empty.is_empty(), "a batch begins empty");
    std::mem::swap(&mut open.payload, empty);
    let (first, last) = (open.first, open.next - 1);
    open.first = open.next;
    (first, last)
}

impl Group {
    /// The journal's thread: runs until the group is closed or the journal latched.
    pub(crate) fn run(&self, mut writer: Writer, renew_every: Duration) {
        self.freshness.set(writer.journal.held_until());
        while let Some(batch) = self.next_batch(&mut writer, renew_every) {
            if !self.commit_with_room(&mut writer, batch) {
                return;
            }
        }
    }

    /// Commits a batch, waiting for room where there is none; whether it is durable.
    fn commit_with_room(&self, writer: &mut Writer, batch: (u64, u64)) -> bool {
        let mut is_last = false;
        loop {
            match self.commit(writer, batch) {
                Committed::Done => return true,
                Committed::Latched => return false,
                Committed::NoRoom if is_last => {
                    self.latch("it was closed while there was no room for the last records");
                    return false;
                }
                Committed::NoRoom => is_last = self.is_closing_within(ROOM_AGAIN),
            }
        }
    }

    /// Nothing is taken, and nobody waits, until there is room for the batch at hand.
    fn pause(&self, reason: &str) {
        if self.watermark.is_paused() {
            return;
        }
        // As in `latch`: a record is either refused or was taken before.
        let open = self.open.lock();
        tracing::error!(reason, "nothing is accepted until there is room");
        self.watermark.pause(Latched(Arc::from(reason)));
        drop(open);
    }

    /// Makes what has gathered durable, now and on this thread; `None` when nothing had.
    pub(crate) fn commit_gathered(&self, writer: &mut Writer) -> Option<Committed> {
        if let Some(batch) = writer.waiting {
            return Some(self.commit(writer, batch));
        }
        let open = self.open.lock();
        if open.payload.is_empty() {
            return None;
        }
        let batch = swap(open, &mut writer.payload);
        Some(self.commit(writer, batch))
    }

    /// Keeps the right to write; whether that went well.
    pub(crate) fn renew(&self, writer: &mut Writer) -> bool {
        match writer.journal.renew() {
            // Nothing waits for room yet; what comes next will.
            Ok(()) | Err(JournalError::NoRoom { .. }) => {}
            Err(error) => {
                self.latch(&error.to_string());
                return false;
            }
        }
        self.freshness.set(writer.journal.held_until());
        true
    }

    /// Makes one batch durable and says so.
    fn commit(&self, writer: &mut Writer, (first, last): (u64, u64)) -> Committed {
        let batch = Batch {
            first,
            last,
            payload: &writer.payload,
        };
        let start = Instant::now();
        match writer.journal.append(&batch) {
            Ok(()) => {}
            Err(error @ JournalError::NoRoom { .. }) => {
                writer.waiting = Some((first, last));
                self.pause(&format!("{error}, and it goes on by itself"));
                return Committed::NoRoom;
            }
            Err(error) => {
                self.latch(&error.to_string());
                return Committed::Latched;
            }
        }
        let took = start.elapsed();
        self.freshness.set(writer.journal.held_until());
        self.count(&batch, took);
        writer.figures.0.record((last - first + 1) as f64);
        writer.figures.1.record(took.as_secs_f64());
        self.watermark.raise(last);
        if writer.waiting.take().is_some() {
            self.watermark.resume();
            tracing::warn!("there is room again: it goes on");
        }
        writer.payload = self
            .tail
            .push(first, last, std::mem::take(&mut writer.payload));
        writer.payload.clear();
        Committed::Done
    }

    /// Waits for records and swaps them for an empty buffer; `None` when there will be no more.
    fn next_batch(&self, writer: &mut Writer, renew_every: Duration) -> Option<(u64, u64)> {
        let mut open = self.open.lock();
        while !open.is_due(&self.enough) {
            if open.closing {
                assert!(open.payload.is_empty(), "what was taken is due at the end");
                return None;
            }
            open.idle = true;
            if self.work.wait_for(&mut open, renew_every).timed_out() {
                drop(open);
                if !self.renew(writer) {
                    return None;
                }
                open = self.open.lock();
            }
        }
        open.idle = false;
        open.asked = false;
        Some(swap(open, &mut writer.payload))
    }

    pub(crate) fn latch(&self, reason: &str) {
        // Under the open batch's lock: a record is either refused or was taken before the latch.
        let open = self.open.lock();
        tracing::error!(
            reason,
            "the journal can't be written: nothing more is accepted"
        );
        self.watermark.latch(Latched(Arc::from(reason)));
        drop(open);
        self.tail.close();
    }

    fn count(&self, batch: &Batch<'_>, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.stats.batches.fetch_add(1, Ordering::Relaxed);
        self.stats
            .records
            .fetch_add(batch.last - batch.first + 1, Ordering::Relaxed);
        self.stats
            .bytes
            .fetch_add(batch.payload.len() as u64, Ordering::Relaxed);
        self.stats.sync_us.fetch_add(us, Ordering::Relaxed);
        self.stats.sync_us_max.fetch_max(us, Ordering::Relaxed);
    }
}
