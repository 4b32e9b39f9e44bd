//! A journal of some kind under test, and what can be done to it behind its back.

use hubu_core::journal::{Journal, JournalError, JournalReader, Settings};

/// The cell that tests write.
pub const CELL: u64 = 420_106_000;

/// Ways to spoil a batch while nobody has the journal open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// One bit of the payload.
    Payload,
    /// One bit of the payload, and the checksums made to fit: only the chain shows it.
    PayloadWithCrc,
    /// One bit of the chain value.
    Chain,
    /// One bit of the link to the batch before.
    Previous,
    /// One bit of `first`.
    First,
    /// One bit of `last`.
    Last,
    /// One bit of the epoch.
    Epoch,
    /// The batch is taken out, and what follows moves up.
    Remove,
}

/// A journal of some kind.
pub trait Store {
    /// A new, empty one.
    fn fresh() -> Self;
    /// Settings that fit the tests.
    fn settings(&self) -> Settings;
    /// Opens it for writing.
    fn open_with(&self, settings: &Settings) -> Result<Box<dyn Journal>, JournalError>;
    /// Opens it for reading only.
    fn read(&self) -> Result<Box<dyn JournalReader>, JournalError>;
    /// Spoils the batch that begins with `first`.
    fn spoil(&self, first: u64, how: Spoil);
    /// Another writer takes over although this one lives (it was taken for dead).
    fn take_over(&self) -> Box<dyn Journal>;
    /// From here on nothing can be written: disk failing, database gone.
    fn break_down(&self);
    /// It works again.
    fn repair(&self);

    /// Opens it for writing.
    fn open(&self) -> Result<Box<dyn Journal>, JournalError> {
        self.open_with(&self.settings())
    }
}
