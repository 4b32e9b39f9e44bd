//! A journal with a test's own word before each append.
#![allow(unreachable_pub, reason = "shared by test files")]

use hubu_core::journal::{Batch, Journal, JournalError, JournalReader};

/// A journal whose every append is first allowed, delayed or refused by `before`.
pub struct Around {
    pub inner: Box<dyn Journal>,
    pub before: Box<dyn FnMut() -> Result<(), JournalError> + Send>,
}

impl Journal for Around {
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        (self.before)()?;
        self.inner.append(batch)
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn last(&self) -> u64 {
        self.inner.last()
    }

    fn payload_max(&self) -> u64 {
        self.inner.payload_max()
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        self.inner.reader()
    }

    fn renew(&mut self) -> Result<(), JournalError> {
        self.inner.renew()
    }
}
