//! Walks the batches of a folder in order with large sequential reads, and tells what it finds; the judgement, whether
//! that is an end, a torn tail or damage, is the caller's.

use std::ops::Range;

use super::index::Position;
use super::segment::{Folder, NEWER, SEGMENT_HEADER, Segment};
use crate::disk::Access;
use crate::journal::check::Links;
use crate::journal::error::JournalError;
use crate::journal::header::{HEADER_BYTES, Header, HeaderFault};

/// Bytes read at once when many batches are wanted.
pub(super) const MANY: usize = 2 << 20;
/// Bytes read at once when one batch is wanted; then what is missing of it.
pub(super) const ONE: usize = 64 << 10;

/// What lies at the scanner's position.
#[derive(Debug)]
pub(super) enum Found {
    /// A whole batch with both CRCs right. The scanner has moved behind it.
    Batch(Header),
    /// No header: zeros, or the end of the file.
    Blank,
    /// Something else; the header when that much was readable.
    Bad {
        reason: String,
        header: Option<Header>,
    },
}

/// A position in the folder, and a buffer.
pub(super) struct Scanner<'f> {
    folder: &'f Folder,
    pub(super) segment: Segment,
    /// Where in the segment the next batch should begin.
    pub(super) offset: u64,
    buffer: Vec<u8>,
    /// Offset in the segment of the buffer's first byte.
    start: u64,
    /// Bytes of the buffer that hold the file's.
    filled: usize,
    payload: Range<usize>,
    /// Bytes read at once; more only for a batch that is larger.
    at_once: usize,
}

impl<'f> Scanner<'f> {
    /// Stands before the batch at a place.
    pub(super) fn at(
        folder: &'f Folder,
        position: Position,
        access: Access,
    ) -> Result<Self, JournalError> {
        let segment = folder.open(position.segment, access)?;
        Ok(Self {
            offset: position.offset,
            ..Self::of(folder, segment)
        })
    }

    /// Stands before the first batch of a segment.
    pub(super) fn of(folder: &'f Folder, segment: Segment) -> Self {
        Self {
            folder,
            segment,
            offset: SEGMENT_HEADER,
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            payload: 0..0,
            at_once: MANY,
        }
    }

    /// The first batch of a segment; nothing while it is empty.
    pub(super) fn first(folder: &Folder, number: u64) -> Result<Option<Header>, JournalError> {
        let segment = folder.open(number, Access::Read)?;
        match Scanner::of(folder, segment).reading(ONE).step()? {
            Found::Batch(header) => Ok(Some(header)),
            Found::Blank | Found::Bad { .. } => Ok(None),
        }
    }

    /// Reads so many bytes at once from now on.
    pub(super) fn reading(mut self, at_once: usize) -> Self {
        self.at_once = at_once;
        self
    }

    /// Goes on to the first batch of another segment.
    pub(super) fn enter(&mut self, number: u64, access: Access) -> Result<(), JournalError> {
        self.segment = self.folder.open(number, access)?;
        self.offset = SEGMENT_HEADER;
        self.start = 0;
        self.filled = 0;
        Ok(())
    }

    /// Looks at the next batch.
    pub(super) fn step(&mut self) -> Result<Found, JournalError> {
        let bytes = self.window(self.offset, HEADER_BYTES)?;
        let bytes = &self.buffer[bytes];
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(Found::Blank);
        }
        let header = match bytes.as_array().map(Header::decode) {
            None => return Ok(bad("the file ends in the middle of a header", None)),
            Some(Err(HeaderFault::Version(version))) => {
                return Err(JournalError::Foreign {
                    place: self.segment.place(self.offset),
                    reason: format!("{}; {NEWER}", HeaderFault::Version(version)),
                });
            }
            Some(Err(fault)) => return Ok(bad(&fault.to_string(), None)),
            Some(Ok(header)) => header,
        };
        if (header.journal, header.cell) != (self.folder.journal, self.folder.cell) {
            return Ok(bad("the batch belongs to another journal", Some(header)));
        }
        let length = header.length as usize;
        let payload = self.window(self.offset + HEADER_BYTES as u64, length)?;
        if payload.len() < length {
            return Ok(bad(
                "the file ends in the middle of a payload",
                Some(header),
            ));
        }
        if let Err(reason) = Links::fits(&header, &self.buffer[payload.clone()]) {
            return Ok(bad(&reason, Some(header)));
        }
        self.payload = payload;
        self.offset += (HEADER_BYTES + length) as u64;
        Ok(Found::Batch(header))
    }

    /// The payload of the batch that `step` returned last.
    pub(super) fn payload(&self) -> &[u8] {
        &self.buffer[self.payload.clone()]
    }

    /// Where that batch began.
    pub(super) fn position_of(&self, header: &Header) -> Position {
        Position {
            segment: self.segment.number,
            offset: self.offset - HEADER_BYTES as u64 - u64::from(header.length),
        }
    }

    /// Reads `length` bytes at an offset of the segment, or as many as there are; answers their place in the buffer.
    pub(super) fn window(
        &mut self,
        offset: u64,
        length: usize,
    ) -> Result<Range<usize>, JournalError> {
        let held =
            self.start <= offset && offset + length as u64 <= self.start + self.filled as u64;
        if !held {
            let wanted = length.max(self.at_once);
            let whole = usize::try_from(self.segment.size).unwrap_or(usize::MAX);
            // A damaged length must not make us ask for gigabytes: no batch is larger than its segment.
            let wanted = wanted.min(whole);
            if self.buffer.len() < wanted {
                self.buffer.resize(wanted, 0);
            }
            self.start = offset;
            self.filled = self
                .segment
                .file
                .read_at(&mut self.buffer[..wanted], offset)
                .map_err(JournalError::io("read", &self.segment.path))?;
        }
        let from = usize::try_from(offset - self.start)
            .unwrap_or(usize::MAX)
            .min(self.filled);
        Ok(from..(from + length).min(self.filled))
    }

    /// The journal and cell that batches here must name.
    pub(super) fn owner(&self) -> (u64, u64) {
        (self.folder.journal, self.folder.cell)
    }

    /// The buffer that windows point into.
    pub(super) fn bytes(&self, window: Range<usize>) -> &[u8] {
        &self.buffer[window]
    }
}

fn bad(reason: &str, header: Option<Header>) -> Found {
    Found::Bad {
        reason: reason.to_owned(),
        header,
    }
}
