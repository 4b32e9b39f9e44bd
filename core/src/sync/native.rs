//! What runs: locks that never poison, as a panic ends the process, and the standard library's atomics and threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
pub(crate) use std::sync::atomic;
pub(crate) use std::{thread, thread_local};

/// Declares what all threads of the process share.
macro_rules! shared {
    ($(#[$about:meta])* static $name:ident: $kind:ty = $first:expr;) => {
        $(#[$about])*
        static $name: $kind = $first;
    };
}
pub(crate) use shared;

/// Locks that somebody else held when they were wanted, and the time that was waited for them.
static WAITS: AtomicU64 = AtomicU64::new(0);
static WAITED_NS: AtomicU64 = AtomicU64::new(0);

/// How often a lock is looked at before its waiter sleeps: about the time that a few commands hold one.
/// To sleep and be woken takes longer than that, and costs whoever wakes a system call.
const SPINS: u32 = 256;

/// Locks, and counts the wait where there is one: a lock that is free costs no look at the clock.
#[inline]
pub(crate) fn lock_counted<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.try_lock().unwrap_or_else(|| lock_waiting(mutex))
}

#[cold]
fn lock_waiting<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let start = Instant::now();
    let guard = spin(mutex).unwrap_or_else(|| mutex.lock());
    let waited_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    WAITS.fetch_add(1, Ordering::Relaxed);
    WAITED_NS.fetch_add(waited_ns, Ordering::Relaxed);
    guard
}

fn spin<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    (0..SPINS).find_map(|_| {
        std::hint::spin_loop();
        if mutex.is_locked() {
            None
        } else {
            mutex.try_lock()
        }
    })
}

/// How often [`lock_counted`] had to wait since the process began, and for how many nanoseconds in all.
#[cfg(feature = "server")]
pub(crate) fn lock_waits() -> (u64, u64) {
    (
        WAITS.load(Ordering::Relaxed),
        WAITED_NS.load(Ordering::Relaxed),
    )
}
