//! The tail: the newest durable batches, kept in memory for the views that follow the journal.
//!
//! A view that keeps up never touches the disk; one that falls behind reads the journal until it has
//! caught up. The tail is bounded in bytes and drops its oldest batches.

use crate::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// A batch of up to so many bytes is copied, and its buffer filled again: a new one would grow step by step
/// while commands wait for the open batch. A larger one is kept as it is.
const COPIED: usize = 64 << 10;

/// A durable batch.
#[derive(Debug)]
pub struct TailBatch {
    /// Sequence number of its first record.
    pub first: u64,
    /// Sequence number of its last record.
    pub last: u64,
    /// The records, each a varint length and its bytes: see [`crate::journal::Records`].
    pub payload: Vec<u8>,
}

/// What comes after a place in the journal.
#[derive(Debug)]
pub enum Next {
    /// The batch that holds it.
    Batch(Arc<TailBatch>),
    /// It is no longer in memory: read the journal up to this sequence number.
    Behind(u64),
    /// Nothing yet.
    Quiet,
    /// Nothing will come any more.
    Closed,
}

struct State {
    batches: VecDeque<Arc<TailBatch>>,
    bytes: usize,
    last: u64,
    closed: bool,
    spare: Vec<Vec<u8>>,
}

/// See the module.
pub struct Tail {
    state: Mutex<State>,
    more: Condvar,
    bytes_max: usize,
}

impl Tail {
    /// A tail that begins after `last`; with `bytes_max` 0 it keeps nothing.
    pub(crate) fn new(last: u64, bytes_max: usize) -> Tail {
        let state = State {
            batches: VecDeque::new(),
            bytes: 0,
            last,
            closed: false,
            spare: Vec::new(),
        };
        Tail {
            state: Mutex::new(state),
            more: Condvar::new(),
            bytes_max,
        }
    }

    /// Adds a durable batch and gives back a buffer to fill.
    pub(crate) fn push(&self, first: u64, last: u64, payload: Vec<u8>) -> Vec<u8> {
        let mut state = self.state.lock();
        assert_eq!(first, state.last + 1, "batches follow each other");
        state.last = last;
        if self.bytes_max == 0 {
            return payload;
        }
        state.bytes += payload.len();
        let (payload, emptied) = match payload.len() {
            0..=COPIED => (payload.as_slice().to_vec(), Some(payload)),
            _ => (payload, None),
        };
        state.batches.push_back(Arc::new(TailBatch {
            first,
            last,
            payload,
        }));
        while state.bytes > self.bytes_max && state.batches.len() > 1 {
            if let Some(old) = state.batches.pop_front() {
                state.bytes -= old.payload.len();
                if let Ok(old) = Arc::try_unwrap(old)
                    && old.payload.len() > COPIED
                    && state.spare.len() < 2
                {
                    state.spare.push(old.payload);
                }
            }
        }
        let next = emptied.or_else(|| state.spare.pop()).unwrap_or_default();
        drop(state);
        self.more.notify_all();
        next
    }

    /// No more batches will come.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.more.notify_all();
    }

    /// What follows `after`, waiting up to `patience` for it.
    pub fn next(&self, after: u64, patience: Duration) -> Next {
        let mut state = self.state.lock();
        if state.last <= after && !state.closed {
            self.more.wait_for(&mut state, patience);
        }
        if state.last <= after {
            return if state.closed {
                Next::Closed
            } else {
                Next::Quiet
            };
        }
        let at = state.batches.partition_point(|batch| batch.last <= after);
        match state.batches.get(at) {
            Some(batch) if batch.first <= after + 1 => Next::Batch(Arc::clone(batch)),
            Some(batch) => Next::Behind(batch.first - 1),
            None => Next::Behind(state.last),
        }
    }
}
