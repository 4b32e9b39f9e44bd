//! The driver of every view: durable batches in order, from memory while the view keeps up, from the
//! journal when it has fallen behind, until it is stopped or the engine closes.
//!
//! One batch at a time is held; what waits, waits in the tail (bounded in bytes) or on disk.

use super::error::ViewError;
use crate::engine::Engine;
use crate::engine::tail::Next;
use crate::engine::watermark::{Latched, Watermark};
use crate::journal::Records;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a view waits for news before it looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a view that has caught up leaves what comes to gather: to wake for each batch would cost
/// more than to take it. One that had nothing to do takes a batch at once.
const REST: Duration = Duration::from_millis(5);

/// Something that is built from records.
pub(crate) trait Follower: Send + 'static {
    /// Takes the records of one batch: `records` begins at `first`, and all before was taken.
    fn take(&mut self, first: u64, last: u64, records: Records<'_>) -> Result<(), ViewError>;

    /// Called when nothing is new, and often enough otherwise.
    fn rest(&mut self) -> Result<(), ViewError> {
        Ok(())
    }

    /// Whether another batch may come; asked again after [`Follower::rest`].
    fn has_room(&self) -> bool {
        true
    }

    /// Up to which record a reader may rely on the view, of what was taken up to `taken`.
    fn built(&self, taken: u64) -> u64 {
        taken
    }

    /// Called once, when nothing more will come.
    fn finish(&mut self) -> Result<(), ViewError> {
        Ok(())
    }
}

/// A view's thread.
#[derive(Debug)]
pub(crate) struct Thread {
    stop: Arc<AtomicBool>,
    joining: Option<JoinHandle<()>>,
}

impl Thread {
    /// Starts following behind `after`; `mark` rises with what was taken and ends with the view.
    pub(crate) fn start(
        name: &'static str,
        engine: Arc<Engine>,
        mark: Arc<Watermark>,
        after: u64,
        follower: impl Follower,
    ) -> Result<Thread, ViewError> {
        Thread::begin(name, engine, mark, move |_| Ok(Some((after, follower))))
    }

    /// As [`Thread::start`], for a follower that its own thread must make first; `make` is given what
    /// tells it to stop, and may come to nothing then.
    pub(crate) fn begin<F: Follower>(
        name: &'static str,
        engine: Arc<Engine>,
        mark: Arc<Watermark>,
        make: impl FnOnce(&AtomicBool) -> Result<Option<(u64, F)>, ViewError> + Send + 'static,
    ) -> Result<Thread, ViewError> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let run = move || {
            let followed = match make(&asked) {
                Ok(Some((after, follower))) => follow(&engine, &asked, &mark, after, follower),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            let reason = match followed {
                Ok(()) => "it was closed".to_owned(),
                Err(error) => {
                    tracing::error!(view = name, %error, "a view has stopped");
                    error.to_string()
                }
            };
            mark.latch(Latched(Arc::from(reason)));
        };
        let joining = std::thread::Builder::new()
            .name(format!("hubu-{name}"))
            .spawn(run)
            .map_err(|source| ViewError::System {
                doing: "start a thread",
                source,
            })?;
        Ok(Thread {
            stop,
            joining: Some(joining),
        })
    }

    /// Asks the thread to end and waits for it.
    pub(crate) fn stop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.join();
    }

    /// Waits until the engine's end has ended the thread.
    pub(crate) fn join(&mut self) {
        if let Some(joining) = self.joining.take() {
            // A panic of it has ended the process already.
            let _joined = joining.join();
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.stop();
    }
}

fn follow(
    engine: &Engine,
    stop: &AtomicBool,
    mark: &Watermark,
    mut after: u64,
    mut follower: impl Follower,
) -> Result<(), ViewError> {
    mark.raise(follower.built(after));
    while !stop.load(Ordering::Acquire) {
        if follower.has_room() {
            match engine.tail().next(after, PATIENCE) {
                Next::Batch(batch) => {
                    let records = from(after + 1, batch.first, &batch.payload);
                    follower.take(after + 1, batch.last, records)?;
                    after = batch.last;
                    mark.raise(follower.built(after));
                    if after >= engine.watermark().durable() {
                        std::thread::sleep(REST);
                    }
                }
                Next::Behind(until) => {
                    after = catch_up(engine, stop, mark, after, until, &mut follower)?;
                }
                Next::Quiet => {}
                Next::Closed => break,
            }
        } else {
            std::thread::sleep(PATIENCE);
        }
        follower.rest()?;
        mark.raise(follower.built(after));
    }
    follower.finish()?;
    mark.raise(follower.built(after));
    Ok(())
}

/// Reads the journal behind `after`, up to about `until`; returns how far it came.
fn catch_up(
    engine: &Engine,
    stop: &AtomicBool,
    mark: &Watermark,
    mut after: u64,
    until: u64,
    follower: &mut impl Follower,
) -> Result<u64, ViewError> {
    let mut taken = Ok(());
    engine.journal().scan(after + 1, &mut |batch| {
        let records = from(after + 1, batch.first, batch.payload);
        taken = follower
            .take(after + 1, batch.last, records)
            .and_then(|()| follower.rest());
        after = batch.last;
        if taken.is_ok() {
            mark.raise(follower.built(after));
        }
        let more = after < until && follower.has_room();
        taken.is_ok() && more && !stop.load(Ordering::Acquire)
    })?;
    taken.map(|()| after)
}

/// The records of a payload from `wanted` on.
fn from(wanted: u64, first: u64, payload: &[u8]) -> Records<'_> {
    assert!(first <= wanted, "batches follow each other");
    let mut records = Records::new(payload);
    for _ in first..wanted {
        records.next();
    }
    records
}
