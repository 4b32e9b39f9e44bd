//! The next segment, made ahead by a thread of its own, so that changing segments costs a commit nothing. It is begun when
//! a quarter of the current one is full: early enough, and a small journal takes no more room than it needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::segment::{Folder, Pace, Segment};
use crate::journal::error::JournalError;

/// Segments up to this size in bytes are made on the spot: that takes no longer than a few commits.
const SMALL: u64 = 1 << 20;
/// The next segment is begun when the current one is full to one part in so many.
const BEGIN_AT: u64 = 4;

/// Where the next segment comes from.
pub(super) struct Spare {
    folder: Folder,
    size: u64,
    maker: Option<Maker>,
}

impl Spare {
    /// Gets ready to give segments of a size.
    pub(super) fn start(folder: Folder, size: u64) -> Result<Self, JournalError> {
        let maker = match size <= SMALL {
            true => None,
            false => Some(Maker::start(folder.clone(), size)?),
        };
        Ok(Self {
            folder,
            size,
            maker,
        })
    }

    /// Begins the next segment when the current one is full enough; to be told after each batch.
    pub(super) fn watch(&mut self, current: &Segment, offset: u64) {
        if let Some(maker) = &mut self.maker
            && offset > current.size / BEGIN_AT
        {
            maker.ask(current.number + 1);
        }
    }

    /// Segment `number`, waiting when it is not ready.
    ///
    /// # Errors
    /// [`JournalError::NoRoom`] when the disk is full: it may be asked for again.
    pub(super) fn take(&mut self, number: u64) -> Result<Segment, JournalError> {
        match &mut self.maker {
            None => self.folder.make(number, self.size, Pace::AtOnce),
            Some(maker) => maker.take(number),
        }
    }
}

/// The thread that makes segments. It is asked for one at a time.
struct Maker {
    asks: Option<SyncSender<u64>>,
    made: Receiver<Result<Segment, JournalError>>,
    /// The newest segment asked for (0 = none).
    asked: u64,
    /// Tells the thread to give up.
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Maker {
    fn start(folder: Folder, size: u64) -> Result<Self, JournalError> {
        let (asks, orders) = sync_channel::<u64>(1);
        let (gives, made) = sync_channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let path = folder.path.clone();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("hubu-segments".into())
            .spawn(move || {
                while let Ok(number) = orders.recv() {
                    let segment = folder.make(number, size, Pace::Aside(&stopped));
                    if let Err(error) = &segment
                        && !stopped.load(Ordering::Relaxed)
                    {
                        tracing::warn!(%error, "the next segment can't be made yet: it is tried again when it is needed");
                    }
                    if gives.send(segment).is_err() {
                        return;
                    }
                }
            })
            .map_err(JournalError::io("start a thread for", &path))?;
        Ok(Self {
            asks: Some(asks),
            made,
            asked: 0,
            stop,
            thread: Some(thread),
        })
    }

    fn ask(&mut self, number: u64) {
        if number <= self.asked {
            return;
        }
        self.asked = number;
        // A failed send means that the thread is gone; `take` says so when it matters.
        if let Some(asks) = &self.asks {
            let _ = asks.send(number);
        }
    }

    fn take(&mut self, number: u64) -> Result<Segment, JournalError> {
        let was_asked = self.asked >= number;
        let made = match self.asked_for(number) {
            // That was when it was made ahead; there may be room by now.
            Err(_) if was_asked => self.asked_for(number),
            made => made,
        }?;
        assert!(made.number == number, "segments are asked for in order");
        Ok(made)
    }

    /// What came of the one that was asked for last; it can be asked for again when that was nothing.
    fn asked_for(&mut self, number: u64) -> Result<Segment, JournalError> {
        self.ask(number);
        let made = self.made.recv().unwrap_or_else(|_| {
            Err(JournalError::Latched {
                reason: "the thread that makes segments is gone".into(),
            })
        });
        if made.is_err() {
            self.asked = number - 1;
        }
        made
    }
}

impl Drop for Maker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.asks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
