//! Reads that touch the disk or a database, on threads of their own.
//!
//! A network thread must not block, and where it has a private descriptor table it must not touch
//! files at all. These threads are made by the main thread and share the process's table.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::error::HttpError;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded pool of reading threads.
pub struct Reader {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Reader {
    /// Starts `threads` threads with room for `queue` reads that wait.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(threads: usize, queue: usize) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let body = |index: usize| {
            let waiting = waiting.clone();
            std::thread::Builder::new()
                .name(format!("hubu-reader-{index}"))
                .spawn(move || {
                    loop {
                        let job = waiting
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .recv();
                        let Ok(job) = job else { return };
                        job();
                    }
                })
        };
        let threads = (0..threads).map(body).collect::<Result<_, _>>()?;
        Ok(Self {
            jobs: Some(jobs),
            threads,
        })
    }

    /// Runs `read` on one of the threads.
    ///
    /// # Errors
    /// Too many reads wait.
    pub async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HttpError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // An error means that nobody waits any more: the client went away.
            let _ = answer.send(read());
        });
        let jobs = self.jobs.as_ref().ok_or(HttpError::Shed)?;
        match jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                return Err(HttpError::Shed);
            }
        }
        answered
            .await
            .map_err(|_| HttpError::Internal("a reading thread ended".into()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.jobs.take());
        for thread in self.threads.drain(..) {
            // A panic there has ended the process already.
            let _ = thread.join();
        }
    }
}
