//! How old (时效) a read may be: all that was answered before this moment, by whichever server, is in the state.
//!
//! Whoever alone may write knows all there is. A file's lock holds for as long as the process does, so what is read
//! there is never old. A lease holds until it lapses: behind that moment another server may have answered. A standby
//! knows what it saw when it last looked.

use crate::sync::atomic::{AtomicU64, Ordering};
use hubu_kernel::ident::Seq;
use std::time::{Duration, Instant};

/// A moment that never comes.
const NEVER: u64 = u64::MAX;

/// See the module.
pub(crate) struct Freshness {
    start: Instant,
    /// In µs since the start.
    whole_until: AtomicU64,
}

/// What a read is told that may not show all that was answered elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Behind {
    /// Everything that was answered this long ago, or longer, is shown.
    pub age: Duration,
    /// Everything up to this record is shown.
    pub seq: Seq,
}

impl Freshness {
    pub(crate) fn new() -> Freshness {
        Freshness {
            start: Instant::now(),
            whole_until: AtomicU64::new(NEVER),
        }
    }

    /// All that was, or will be, answered before `moment` is in the state; `None` is for ever.
    pub(crate) fn set(&self, moment: Option<Instant>) {
        let us = moment.map_or(NEVER, |moment| self.us(moment));
        self.whole_until.store(us, Ordering::Release);
    }

    /// How old what is read now may be; `None` when it shows everything.
    #[inline]
    pub(crate) fn age(&self, now: Instant) -> Option<Duration> {
        let until = self.whole_until.load(Ordering::Acquire);
        if until == NEVER {
            return None;
        }
        let age = self.us(now).checked_sub(until).filter(|age| *age > 0);
        age.map(Duration::from_micros)
    }

    fn us(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.start);
        u64::try_from(since.as_micros()).unwrap_or(NEVER - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_grows_old_behind_the_moment_alone() {
        let fresh = Freshness::new();
        let second = Duration::from_secs(1);
        let now = Instant::now() + second;
        assert_eq!(fresh.age(now), None, "nobody else may write");
        fresh.set(Some(now));
        assert_eq!(fresh.age(now), None);
        assert_eq!(fresh.age(now + second), Some(second));
        fresh.set(Some(now + second));
        assert_eq!(fresh.age(now + second), None);
        fresh.set(None);
        assert_eq!(fresh.age(now + 9 * second), None);
    }
}
