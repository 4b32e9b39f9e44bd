//! Lanes: threads on which users work, each with an event loop of its own.
//!
//! A user stays on its lane. Goose's tasks live elsewhere: goose counts what was reported twice a second in one go, and
//! a lane on which it did so would keep its users waiting meanwhile. Beside that an event loop that nobody steals from
//! wakes no other thread when work comes, which is most of what a lone request costs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::error::LoadError;

/// Threads that users are dealt to in turn.
#[derive(Debug)]
pub struct Lanes {
    handles: Vec<Handle>,
    next: AtomicUsize,
    // Dropped before the threads are joined: a lane lasts as long as its sender.
    ends: Vec<oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl Lanes {
    /// Starts `count` lanes, one at least.
    pub fn start(count: usize) -> Result<Self, LoadError> {
        let system = |source| LoadError::System {
            what: "starting threads",
            source,
        };
        let mut lanes = Self {
            handles: Vec::new(),
            next: AtomicUsize::new(0),
            ends: Vec::new(),
            threads: Vec::new(),
        };
        for number in 0..count.max(1) {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(system)?;
            lanes.handles.push(runtime.handle().clone());
            let (end, ended) = oneshot::channel::<()>();
            let thread = std::thread::Builder::new().name(format!("lane-{number}"));
            // An error is the end as well: the sender was dropped.
            let work = move || drop(runtime.block_on(ended));
            lanes.threads.push(thread.spawn(work).map_err(system)?);
            lanes.ends.push(end);
        }
        Ok(lanes)
    }

    /// The next lane in turn.
    pub fn next(&self) -> &Handle {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len();
        &self.handles[at]
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.handles.len()
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.ends.clear();
        for thread in self.threads.drain(..) {
            // A lane that panicked has ended as well.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_dealt_to_all_lanes_and_ends_with_them() {
        let lanes = Lanes::start(3).unwrap();
        let names = || async { std::thread::current().name().map(str::to_owned) };
        let waiting: Vec<_> = (0..6).map(|_| lanes.next().spawn(names())).collect();
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut seen: Vec<String> = waiting
            .into_iter()
            .map(|one| runtime.block_on(one).unwrap().unwrap())
            .collect();
        seen.sort();
        assert_eq!(
            seen,
            ["lane-0", "lane-0", "lane-1", "lane-1", "lane-2", "lane-2"]
        );
        let forever = lanes.next().spawn(std::future::pending::<()>());
        drop(lanes);
        assert!(runtime.block_on(forever).unwrap_err().is_cancelled());
    }
}
