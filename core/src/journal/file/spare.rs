//! The next segment, made ahead by a thread of its own, so that changing segments costs a commit nothing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::segment::{Folder, Segment};
use crate::journal::error::JournalError;

/// The thread that makes segments. At most one is asked for at a time.
pub(super) struct Spare {
    asks: Option<SyncSender<u64>>,
    made: Receiver<Result<Segment, JournalError>>,
    thread: Option<JoinHandle<()>>,
}

impl Spare {
    /// Starts the thread and asks it for segment `next`.
    pub(super) fn start(folder: Folder, size: u64, next: u64) -> Result<Self, JournalError> {
        let (asks, asked) = sync_channel::<u64>(1);
        let (gives, made) = sync_channel(1);
        let path = folder.path.clone();
        let thread = std::thread::Builder::new()
            .name("hubu-segments".into())
            .spawn(move || {
                while let Ok(number) = asked.recv() {
                    if gives.send(folder.make(number, size)).is_err() {
                        return;
                    }
                }
            })
            .map_err(JournalError::io("start a thread for", &path))?;
        let spare = Self {
            asks: Some(asks),
            made,
            thread: Some(thread),
        };
        spare.ask(next);
        Ok(spare)
    }

    /// The segment asked for, waiting when it is not ready; the one after it is asked for at once.
    pub(super) fn take(&self) -> Result<Segment, JournalError> {
        let made = self.made.recv().unwrap_or_else(|_| {
            Err(JournalError::Latched {
                reason: "the thread that makes segments is gone".into(),
            })
        })?;
        self.ask(made.number + 1);
        Ok(made)
    }

    fn ask(&self, number: u64) {
        // A failed send means that the thread is gone; `take` says so when it matters.
        if let Some(asks) = &self.asks {
            let _ = asks.send(number);
        }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        drop(self.asks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
