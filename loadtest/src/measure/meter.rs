//! One worker's meter: histograms by action, and what happened since the last tick.

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Action;
use super::total::{Totals, encode, new_histogram};

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// As it should.
    Done,
    /// A no for a reason of business (409, 422).
    Refused,
    /// The server was full (503).
    Shed,
    /// No answer, or a wrong one.
    Failed,
}

/// What one second brought; a worker sends one a second to its parent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tick {
    /// Users at work.
    pub users: u64,
    /// Connections opened so far, again after a cut included.
    pub opened: u64,
    /// Requests ended.
    pub requests: u64,
    /// Of these refused.
    pub refused: u64,
    /// Of these shed.
    pub shed: u64,
    /// Of these failed.
    pub failed: u64,
    /// Latencies in µs from when each was due: a histogram in base64.
    pub latency: String,
}

/// The last few failures, for people.
const EXAMPLES_MAX: usize = 20;

struct Inner {
    totals: Totals,
    interval: Histogram<u64>,
    late: Histogram<u64>,
    tick: Tick,
    examples: Vec<String>,
}

/// Shared by all users of a worker.
pub struct Meter {
    inner: Mutex<Inner>,
}

impl Default for Meter {
    fn default() -> Self {
        Self::of(Totals::new())
    }
}

impl Meter {
    /// A meter of requests with these names.
    pub fn new(names: Vec<String>) -> Self {
        Self::of(Totals::named(names))
    }

    fn of(totals: Totals) -> Self {
        let inner = Inner {
            totals,
            interval: new_histogram(),
            late: new_histogram(),
            tick: Tick::default(),
            examples: Vec::new(),
        };
        Self {
            inner: Mutex::new(inner),
        }
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meter")
    }
}

impl Meter {
    /// Records one request: `micros` counts from when it was due.
    pub fn record(&self, action: Action, fate: Fate, micros: u64) {
        self.record_at(action as usize, fate, micros);
    }

    /// As [`Meter::record`], by the place of the request's name.
    pub fn record_at(&self, at: usize, fate: Fate, micros: u64) {
        let mut inner = self.inner.lock();
        inner.totals.record(at, fate, micros);
        // Longer than the histogram reaches (an hour) cannot be: requests have a time limit.
        inner.interval.saturating_record(micros);
        inner.tick.requests += 1;
        match fate {
            Fate::Done => {}
            Fate::Refused => inner.tick.refused += 1,
            Fate::Shed => inner.tick.shed += 1,
            Fate::Failed => inner.tick.failed += 1,
        }
    }

    /// Records how late the harness itself was: from when a request was due to when its user could begin.
    pub fn record_late(&self, micros: u64) {
        self.inner.lock().late.saturating_record(micros);
    }

    /// The harness's own lateness: its 99th percentile, in µs.
    pub fn late_p99(&self) -> u64 {
        self.inner.lock().late.value_at_quantile(0.99)
    }

    /// Counts commands that one request carried beyond itself: `done` more, and `refused` of its parts.
    pub fn record_parts(&self, action: Action, done: u64, refused: u64) {
        self.record_parts_at(action as usize, done, refused);
    }

    /// As [`Meter::record_parts`], by the place of the request's name.
    pub fn record_parts_at(&self, at: usize, done: u64, refused: u64) {
        self.inner.lock().totals.record_parts(at, done, refused);
    }

    /// Keeps a failure in words, if there is room.
    pub fn example(&self, text: impl FnOnce() -> String) {
        let mut inner = self.inner.lock();
        if inner.examples.len() < EXAMPLES_MAX {
            inner.examples.push(text());
        }
    }

    /// What happened since the last tick.
    pub fn tick(&self, users: u64, opened: u64) -> Tick {
        let mut inner = self.inner.lock();
        let mut tick = std::mem::take(&mut inner.tick);
        tick.users = users;
        tick.opened = opened;
        tick.latency = encode(&inner.interval);
        inner.interval.reset();
        tick
    }

    /// Everything so far, with examples of failures.
    pub fn totals(&self) -> (Totals, Vec<String>) {
        let inner = self.inner.lock();
        (inner.totals.clone(), inner.examples.clone())
    }
}
