//! The writer of a file journal: one vectored write and one `fdatasync` a batch.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::index::Position;
use super::lock::{Lock, Slot};
use super::reader::{FileReader, Shared};
use super::segment::{SEGMENT_HEADER, Segment, padding};
use super::spare::Spare;
use crate::journal::chain::{Chain, GENESIS};
use crate::journal::check::Links;
use crate::journal::error::{JournalError, RESTORE};
use crate::journal::header::{HEADER_BYTES, Header};
use crate::journal::latch::Latch;
use crate::journal::{Batch, Journal, JournalReader, StoredBatch};

/// The writer of a file journal. Dropping it closes the journal and gives the lock back.
pub struct FileJournal {
    pub(super) shared: Arc<Shared>,
    pub(super) lock: Lock,
    /// What the lock file says of this writer.
    pub(super) slot: Slot,
    pub(super) segment: Segment,
    /// Where in the segment the next batch goes.
    pub(super) offset: u64,
    pub(super) links: Links,
    /// Largest payload in bytes.
    pub(super) limit: u64,
    pub(super) spare: Spare,
    pub(super) latch: Latch,
}

impl FileJournal {
    /// The last record, and the chain value of its batch.
    pub(in crate::journal) fn end(&self) -> (u64, Chain) {
        (self.links.last, self.links.chain.unwrap_or(GENESIS))
    }

    /// Appends a batch of another copy of this journal as it is.
    ///
    /// # Errors
    /// [`JournalError::Damage`] when its chain value is not the one that it has here; otherwise as [`Journal::append`].
    pub(in crate::journal) fn append_stored(
        &mut self,
        batch: &StoredBatch<'_>,
    ) -> Result<(), JournalError> {
        self.latch.pass()?;
        let written = self.write_stored(batch);
        self.latch.note(written)
    }

    fn write_stored(&mut self, batch: &StoredBatch<'_>) -> Result<(), JournalError> {
        let here = Batch {
            first: batch.first,
            last: batch.last,
            payload: batch.payload,
        };
        let header = self.header(&here, batch.epoch)?;
        if header.chain != *batch.chain || header.journal != batch.journal {
            return Err(JournalError::Damage {
                place: self.segment.place(self.offset),
                seq: batch.first,
                reason: "the batch to copy does not follow the one before it".into(),
                advice: RESTORE,
            });
        }
        self.write(&header, batch.payload)
    }

    /// Everything that an append does; any error latches.
    fn write(&mut self, header: &Header, payload: &[u8]) -> Result<(), JournalError> {
        self.lock.check(self.slot.epoch)?;
        let room = self.segment.size - self.offset;
        if room < HEADER_BYTES as u64 + u64::from(header.length) {
            self.segment = self.spare.take(self.segment.number + 1)?;
            self.offset = SEGMENT_HEADER;
        }
        let position = Position {
            segment: self.segment.number,
            offset: self.offset,
        };
        self.write_parts(header, payload)?;
        self.segment
            .file
            .sync()
            .map_err(JournalError::io("sync", &self.segment.path))?;
        // A writer that was replaced while it wrote must not say "durable".
        self.lock.check(self.slot.epoch)?;
        self.links
            .follow(header)
            .map_err(|reason| JournalError::Latched { reason })?;
        self.offset += (HEADER_BYTES + payload.len()) as u64;
        self.spare.watch(&self.segment, self.offset);
        self.shared.index.note(header.first, position);
        self.shared.durable.store(header.last, Ordering::Release);
        Ok(())
    }

    fn header(&self, batch: &Batch<'_>, epoch: u64) -> Result<Header, JournalError> {
        if batch.first != self.links.last + 1 || batch.last < batch.first {
            return Err(JournalError::Order {
                expected: self.links.last + 1,
                first: batch.first,
                last: batch.last,
            });
        }
        let bytes = batch.payload.len() as u64;
        let limit = self.limit;
        let length = u32::try_from(bytes).ok().filter(|_| bytes <= limit);
        let header = Header {
            journal: self.slot.journal,
            cell: self.slot.cell,
            epoch,
            first: batch.first,
            last: batch.last,
            length: length.ok_or(JournalError::TooLarge { bytes, limit })?,
            payload_crc: 0,
            previous: self.links.chain.unwrap_or(GENESIS),
            chain: GENESIS,
        };
        Ok(header.seal(batch.payload))
    }

    /// Header and payload in one call, the payload straight from the engine's buffer. A short write is a failure: on a
    /// file whose space is there already it means that something is badly wrong.
    fn write_parts(&self, header: &Header, payload: &[u8]) -> Result<(), JournalError> {
        let path = &self.segment.path;
        let head = header.encode();
        let end = self.offset + (HEADER_BYTES + payload.len()) as u64;
        let zeros = padding(end, self.segment.size);
        let wanted = HEADER_BYTES + payload.len() + zeros.len();
        let parts = [IoSlice::new(&head), IoSlice::new(payload), zeros];
        let written = self.segment.file.write_at(&parts, self.offset);
        if written.map_err(JournalError::io("write", path))? != wanted {
            let short = std::io::Error::from(std::io::ErrorKind::WriteZero);
            return Err(JournalError::io("write", path)(short));
        }
        Ok(())
    }
}

impl Journal for FileJournal {
    fn payload_max(&self) -> u64 {
        self.limit
    }

    fn append(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        self.latch.pass()?;
        let header = self.header(batch, self.slot.epoch);
        let written = header.and_then(|header| self.write(&header, batch.payload));
        self.latch.note(written)
    }

    fn epoch(&self) -> u64 {
        self.slot.epoch
    }

    fn last(&self) -> u64 {
        self.links.last
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(FileReader::new(Arc::clone(&self.shared)))
    }

    /// The lock is held for as long as the process lives: there is nothing to renew, only to look after.
    fn renew(&mut self) -> Result<(), JournalError> {
        self.latch.pass()?;
        let checked = self.lock.check(self.slot.epoch);
        self.latch.note(checked)
    }
}

impl Drop for FileJournal {
    /// Notes in the lock file how far the journal came, so that a later cut shows. Best effort: without the note the
    /// next opening still finds every batch.
    fn drop(&mut self) {
        if self.latch.is_shut() || self.lock.check(self.slot.epoch).is_err() {
            return;
        }
        let note = Slot {
            closed: true,
            turn: self.slot.turn + 1,
            last: self.links.last,
            chain: self.links.chain.unwrap_or(GENESIS),
            ..self.slot
        };
        if let Err(error) = self.lock.write(&note) {
            tracing::warn!(%error, "the journal was closed without a note of its end");
        }
    }
}
