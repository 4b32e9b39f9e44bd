//! One rate for many clients, in a table of a fixed size.
//!
//! A client's place is worked out from its name by a hash with a key of this process, so nobody can choose whose place he
//! shares. Two who share one share its rate: with a table far larger than the crowd that is seldom, and the worst that
//! comes of it is a 429 that says when to come back. There is nothing to prune and no lock to wait for: a place is one
//! atomic number, the time at which its client would be served if it waited for its turn.

use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The hash that a client's place is worked out from.
pub(super) fn hash(name: &(impl Hash + ?Sized)) -> u64 {
    KEY.hash_one(name)
}

/// Nanoseconds since a moment near the start of this process.
pub(super) fn now_nanos() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The time of the limits.
#[derive(Debug, Clone, Copy)]
struct Time;

impl Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(now_nanos())
    }
}

/// What governor keeps of each client.
struct Table(Box<[InMemoryState]>);

impl StateStore for Table {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let place = (*key % self.0.len() as u64) as usize;
        self.0[place].measure_and_replace(&NotKeyed::NonKey, f)
    }
}

/// See the module.
pub(super) struct Cells(RateLimiter<u64, Table, Time, NoOpMiddleware<Nanos>>);

impl Cells {
    /// `count` in so many seconds, and up to `burst` at once; `None` where `count` is 0.
    pub(super) fn new(count: u32, seconds: u32, burst: u32, places: usize) -> Option<Self> {
        if count == 0 {
            return None;
        }
        let period = Duration::from_secs(u64::from(seconds)) / count;
        let quota = Quota::with_period(period)?.allow_burst(NonZeroU32::new(burst.max(1))?);
        let table = (0..places).map(|_| InMemoryState::default()).collect();
        Some(Self(RateLimiter::new(quota, Table(table), Time)))
    }

    /// Takes one for the client of this hash.
    ///
    /// # Errors
    /// How long to wait for one.
    pub(super) fn take(&self, key: u64) -> Result<(), Duration> {
        self.0
            .check_key(&key)
            .map_err(|not_until| not_until.wait_time_from(Time.now()))
    }
}
