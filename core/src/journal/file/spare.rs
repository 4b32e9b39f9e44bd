//! The next segment, made ahead by a thread of its own, so that changing segments costs a commit nothing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::segment::{Folder, Segment};
use crate::journal::error::JournalError;

/// Segments up to this size in bytes are made on the spot: that takes no longer than a few commits.
const SMALL: u64 = 1 << 20;

/// Where the next segment comes from.
pub(super) struct Spare {
    folder: Folder,
    size: u64,
    maker: Option<Maker>,
}

impl Spare {
    /// Gets ready to give segments from `next` on.
    pub(super) fn start(folder: Folder, size: u64, next: u64) -> Result<Self, JournalError> {
        let maker = match size <= SMALL {
            true => None,
            false => Some(Maker::start(folder.clone(), size, next)?),
        };
        Ok(Self {
            folder,
            size,
            maker,
        })
    }

    /// Segment `number`, waiting when it is not ready; the one after it is begun at once.
    pub(super) fn take(&self, number: u64) -> Result<Segment, JournalError> {
        match &self.maker {
            None => self.folder.make(number, self.size),
            Some(maker) => maker.take(number),
        }
    }
}

/// The thread that makes segments. It is asked for one at a time.
struct Maker {
    asks: Option<SyncSender<u64>>,
    made: Receiver<Result<Segment, JournalError>>,
    thread: Option<JoinHandle<()>>,
}

impl Maker {
    fn start(folder: Folder, size: u64, next: u64) -> Result<Self, JournalError> {
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
        let maker = Self {
            asks: Some(asks),
            made,
            thread: Some(thread),
        };
        maker.ask(next);
        Ok(maker)
    }

    fn take(&self, number: u64) -> Result<Segment, JournalError> {
        let made = self.made.recv().unwrap_or_else(|_| {
            Err(JournalError::Latched {
                reason: "the thread that makes segments is gone".into(),
            })
        })?;
        assert!(made.number == number, "segments are asked for in order");
        self.ask(number + 1);
        Ok(made)
    }

    fn ask(&self, number: u64) {
        // A failed send means that the thread is gone; `take` says so when it matters.
        if let Some(asks) = &self.asks {
            let _ = asks.send(number);
        }
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        drop(self.asks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
