//! Snapshots at intervals, so that the next start is short. They are written beside the serving: on a
//! thread of their own, one at a time, and a failed one leaves the older ones as they were. Behind each, segments of the
//! journal that no start replays any more make way, where they have a place to go to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hubu_core::config::Engine as EngineSettings;
use hubu_core::engine::Engine;
use hubu_core::engine::snapshot::SnapshotReport;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// See the module.
pub(super) struct Snapshots {
    engine: Arc<Engine>,
    folder: PathBuf,
    /// None where snapshots are off.
    every: Option<Interval>,
    writing: Option<JoinHandle<()>>,
    /// The newest record when the last one was begun.
    at: u64,
}

impl Snapshots {
    /// Must be called inside of a runtime; 0 seconds between two means that none is written.
    pub(super) fn new(engine: &Arc<Engine>, settings: &EngineSettings) -> Self {
        let seconds = u64::from(settings.snapshot_interval_seconds);
        let every = (seconds > 0).then(|| {
            let period = Duration::from_secs(seconds);
            let mut every = tokio::time::interval_at(Instant::now() + period, period);
            every.set_missed_tick_behavior(MissedTickBehavior::Delay);
            every
        });
        let folder = settings.snapshot_folder.clone();
        let at = engine.newest().0;
        Self {
            engine: engine.clone(),
            folder,
            every,
            writing: None,
            at,
        }
    }

    /// Resolves when the next one is due; never where they are off. Nothing is lost by dropping it.
    pub(super) async fn due(&mut self) {
        match &mut self.every {
            Some(every) => {
                every.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Begins one, unless the last is still being written or nothing has happened since.
    pub(super) fn write(&mut self) {
        let newest = self.engine.newest().0;
        if self
            .writing
            .as_ref()
            .is_some_and(|last| !last.is_finished())
            || newest == self.at
        {
            return;
        }
        self.at = newest;
        let (engine, folder) = (self.engine.clone(), self.folder.clone());
        self.writing = Some(tokio::task::spawn_blocking(move || {
            match engine.write_snapshot(&folder) {
                Ok(written) => {
                    tracing::info!(
                        path = %written.path.display(),
                        last = written.last,
                        bytes = written.bytes,
                        seconds = written.took.as_secs_f64(),
                        shard_held_us = written.held_max.as_micros() as u64,
                        "snapshot written"
                    );
                    shelve(&engine, &written);
                }
                Err(error) => tracing::warn!(%error, "no snapshot"),
            }
        }));
    }
}

fn shelve(engine: &Engine, written: &SnapshotReport) {
    match engine.shelve_journal(written) {
        Ok(shelved) if shelved.segments > 0 => tracing::info!(
            segments = shelved.segments,
            through = shelved.through,
            "old segments moved"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "old segments stay where they are"),
    }
}
