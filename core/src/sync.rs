//! The only way to locks: short mutexes that never poison, as a panic ends the process.

pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
