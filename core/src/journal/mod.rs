//! The journal (日志): batches of decided records, made durable one after another, and the only truth there is.
//!
//! One writer, the engine's group-commit thread, appends; any number of readers look at what is durable. Payloads are
//! opaque here. The invariants, the same for every implementation:
//!
//! - sequence numbers begin at 1 and have no gap; epochs never fall; each batch carries the chain value of the one before;
//! - `append` returned `Ok` = durable; returned an error = latched, and nothing more is ever written by this writer;
//! - a reader sees nothing that is not durable.
//!
//! `docs/journal.md` draws the format.

mod chain;
mod check;
pub mod codec;
mod copy;
mod error;
pub mod file;
mod framing;
mod header;
mod latch;
mod open;
#[cfg(feature = "postgres")]
pub mod postgres;
mod reading;
mod setting;
pub mod simulated;

pub use chain::{Chain, GENESIS, chain_value};
pub use copy::{Copied, copy_into, copy_into_folder};
pub use error::JournalError;
pub(crate) use error::remedy;
pub use framing::{Records, push_record, record_at};
pub use header::{HEADER_BYTES, Header, HeaderFault};
pub use open::{open_journal, open_reader, open_watch};
pub(crate) use reading::chain_at;
pub use setting::{Check, Settings};

use std::time::Instant;

/// What one group commit makes durable.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Sequence number of the first record.
    pub first: u64,
    /// Sequence number of the last record, inclusive.
    pub last: u64,
    /// The records, each a varint length and its bytes: see [`push_record`].
    pub payload: &'a [u8],
}

/// A durable batch, as a reader shows it.
#[derive(Debug, Clone, Copy)]
pub struct StoredBatch<'a> {
    /// Number drawn when the journal was created.
    pub journal: u64,
    /// Sequence number of the first record.
    pub first: u64,
    /// Sequence number of the last record, inclusive.
    pub last: u64,
    /// Epoch of the writer.
    pub epoch: u64,
    /// Chain value of this batch.
    pub chain: &'a Chain,
    /// The records, each a varint length and its bytes: see [`Records`].
    pub payload: &'a [u8],
}

/// What [`JournalReader::verify`] found: everything up to `last` is what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyReport {
    /// Batches checked.
    pub batches: u64,
    /// Payload bytes checked.
    pub bytes: u64,
    /// Last record (0 = the journal is empty).
    pub last: u64,
    /// Epoch of the last batch (0 = the journal is empty).
    pub epoch: u64,
    /// Chain value of the last batch; kept elsewhere, it proves later that nothing was cut.
    pub chain: Chain,
}

impl VerifyReport {
    /// Before the first batch.
    pub(crate) const EMPTY: Self = Self {
        batches: 0,
        bytes: 0,
        last: 0,
        epoch: 0,
        chain: GENESIS,
    };

    pub(crate) fn add(&mut self, header: &Header) {
        self.batches += 1;
        self.bytes += u64::from(header.length);
        self.last = header.last;
        self.epoch = header.epoch;
        self.chain = header.chain;
    }
}

/// The one writer of a journal.
pub trait Journal: Send {
    /// Makes the batch durable; `Ok` means it is.
    ///
    /// # Errors
    /// After any error the journal is latched: every later append fails with [`JournalError::Latched`]. The batch may or
    /// may not be durable then; opening anew tells.
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), JournalError>;

    /// Epoch of this writer: at least 1, higher than any writer's before.
    fn epoch(&self) -> u64;

    /// Last durable sequence number (0 = empty).
    fn last(&self) -> u64;

    /// The most bytes of payload that one batch may have.
    fn payload_max(&self) -> u64;

    /// A reader that is independent of the writer and follows what becomes durable.
    fn reader(&self) -> Box<dyn JournalReader>;

    /// Keeps the right to write; to be called about three times per [`Settings::lease`] when nothing is appended.
    ///
    /// # Errors
    /// As for `append`: the journal is latched afterwards.
    fn renew(&mut self) -> Result<(), JournalError>;

    /// Until when nobody else can become the writer; `None` where that is for as long as this writer lives.
    fn held_until(&self) -> Option<Instant> {
        None
    }
}

/// What a standby sees of the journal that another writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The last durable record (0 = the journal is empty).
    pub last: u64,
    /// Whether nobody has the right to write: it lapsed or was given back.
    pub is_free: bool,
}

/// Follows a journal that another process writes, and takes it over once nobody does.
pub trait Watch: Send {
    /// Shows what the last [`Watch::look`] saw, and after [`Watch::take_over`] what the new writer makes durable.
    fn reader(&self) -> Box<dyn JournalReader>;

    /// Looks how far the journal has come.
    ///
    /// # Errors
    /// The store can't be asked, which may pass; or [`JournalError::Damage`]: it holds less than it once did.
    fn look(&mut self) -> Result<Seen, JournalError>;

    /// Becomes the writer, under a new epoch; from then on nobody adds to what the reader shows but this writer.
    ///
    /// # Errors
    /// [`JournalError::Busy`] when another was quicker; otherwise as for opening.
    fn take_over(&mut self) -> Result<Box<dyn Journal>, JournalError>;

    /// As [`Journal::payload_max`] of the writer to be.
    fn payload_max(&self) -> u64;
}

/// What moved to the folder of old segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shelved {
    /// How many segments.
    pub segments: u64,
    /// The last record in them (0 = none moved).
    pub through: u64,
}

/// Receives batches in order; `false` stops the reading.
pub type Each<'a> = dyn FnMut(StoredBatch<'_>) -> bool + 'a;

/// Reads what is durable, from any thread.
pub trait JournalReader: Send + Sync {
    /// Gives every durable batch from the one that holds `from` on, in order. Checks CRCs, contiguity, epochs and the
    /// stored chain links. Returns the last sequence number given (0 = none). What becomes durable meanwhile is left
    /// to the next scan.
    ///
    /// # Errors
    /// [`JournalError::Damage`] with the place; or the store cannot be read.
    fn scan(&self, from: u64, each: &mut Each<'_>) -> Result<u64, JournalError>;

    /// As `scan` from the beginning, and recomputes the SM3 chain over every payload.
    ///
    /// # Errors
    /// [`JournalError::Damage`] names the first batch that was changed, moved or cut.
    fn verify(&self, each: &mut Each<'_>) -> Result<VerifyReport, JournalError> {
        self.verify_from(1, each)
    }

    /// As `verify`, from the batch that holds `from` on; that what comes before it is what was written, only its chain
    /// value can tell, to whoever kept it.
    ///
    /// # Errors
    /// As for `verify`.
    fn verify_from(&self, from: u64, each: &mut Each<'_>) -> Result<VerifyReport, JournalError>;

    /// The bytes of one record, without its length.
    ///
    /// # Errors
    /// [`JournalError::NotFound`] when it is not durable.
    fn record(&self, seq: u64) -> Result<Vec<u8>, JournalError>;

    /// Last durable sequence number that this reader knows of (0 = empty).
    fn last(&self) -> u64;

    /// Whether old segments have a place to go to: [`Settings::old`].
    fn has_shelf(&self) -> bool {
        false
    }

    /// Moves segments all of whose records are up to `through` there, one after another while `goes_on` says so. Only the
    /// process that writes the journal may ask for it.
    ///
    /// # Errors
    /// A copy can't be made or is not whole, or the place is another journal's; what was not moved stays.
    fn shelve(&self, _through: u64, _goes_on: &dyn Fn() -> bool) -> Result<Shelved, JournalError> {
        Ok(Shelved::default())
    }

    /// Makes sure that what another process wrote last is durable: a reader of files may see a batch before its writer's
    /// sync ends.
    ///
    /// # Errors
    /// The store's.
    fn settle(&self) -> Result<(), JournalError> {
        Ok(())
    }
}
