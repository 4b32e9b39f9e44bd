//! How far long work has come, told on the error stream every few seconds.

use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Progress {
    doing: &'static str,
    of: u64,
    begun: Instant,
    told: Instant,
}

impl Progress {
    /// `of` records are to be `doing`.
    pub(super) fn new(doing: &'static str, of: u64) -> Progress {
        let now = Instant::now();
        Progress {
            doing,
            of,
            begun: now,
            told: now,
        }
    }

    /// Record `at` is done.
    pub(super) fn at(&mut self, at: u64) {
        if self.told.elapsed() < EVERY {
            return;
        }
        self.told = Instant::now();
        let percent = 100.0 * at as f64 / self.of.max(1) as f64;
        let seconds = self.begun.elapsed().as_secs();
        eprintln!(
            "{} {at} of {} records ({percent:.0} %), {seconds} s",
            self.doing, self.of
        );
    }
}
