//! The model: shuttle's locks, atomics and threads in the shapes of those that run. Each use of them is a moment at
//! which another thread may go on. It takes every atomic for sequentially consistent, and no wait ever times out.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

pub(crate) use shuttle::sync::atomic;
pub(crate) use shuttle::{thread, thread_local};

/// Declares what all threads of one run share.
macro_rules! shared {
    ($(#[$about:meta])* static $name:ident: $kind:ty = $first:expr;) => {
        shuttle::lazy_static! {
            $(#[$about])*
            static ref $name: $kind = $first;
        }
    };
}
pub(crate) use shared;

/// What a panic in a test leaves behind: the test has failed by then.
const POISONED: &str = "another thread panicked";

/// A mutex that never poisons.
#[derive(Default, Debug)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

/// Its lock. Empty only while a condition is waited for.
pub(crate) struct MutexGuard<'a, T>(Option<shuttle::sync::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Mutex<T> {
        Mutex(shuttle::sync::Mutex::new(value))
    }

    #[expect(clippy::expect_used, reason = "only in tests")]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().expect(POISONED)))
    }

    #[expect(clippy::expect_used, reason = "only in tests")]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect(POISONED)
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[expect(clippy::expect_used, reason = "only in tests")]
    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[expect(clippy::expect_used, reason = "only in tests")]
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is held")
    }
}

/// A condition that threads wait for.
pub(crate) struct Condvar(shuttle::sync::Condvar);

/// How a wait that could have timed out ended.
pub(crate) struct Waited;

impl Waited {
    pub(crate) fn timed_out(&self) -> bool {
        false
    }
}

impl Condvar {
    pub(crate) const fn new() -> Condvar {
        Condvar(shuttle::sync::Condvar::new())
    }

    #[expect(clippy::expect_used, reason = "only in tests")]
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.0.take().expect("it is held");
        guard.0 = Some(self.0.wait(held).expect(POISONED));
    }

    pub(crate) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: Duration) -> Waited {
        self.wait(guard);
        Waited
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

pub(crate) fn lock_counted<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// Nothing is counted here.
#[cfg(feature = "server")]
pub(crate) fn lock_waits() -> (u64, u64) {
    (0, 0)
}
