//! One command in the book, in 24 bytes.

use super::{Kind, Step};
use crate::world::RowKey;

/// How a command ended, as far as the harness knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Sent, not answered yet.
    Pending = 0,
    /// Answered yes.
    Acknowledged = 1,
    /// Answered no: it must not be found.
    Refused = 2,
    /// Nobody knows; must be asked again.
    Unknown = 3,
    /// Never sent, or shed: it must not be found either.
    Unsent = 4,
}

impl Outcome {
    /// From its number in a file.
    pub fn numbered(number: u8) -> Option<Self> {
        [
            Self::Pending,
            Self::Acknowledged,
            Self::Refused,
            Self::Unknown,
            Self::Unsent,
        ]
        .into_iter()
        .find(|o| *o as u8 == number)
    }
}

/// Where a document's lines stand in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// Index of the first.
    pub at: u32,
    /// How many, at least one.
    pub count: u16,
}

/// One line of a document: an amount and the indicator row that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Fen.
    pub amount: i64,
    /// The agency's indicator; the model finds the rows of the other ledgers beside it.
    pub row: RowKey,
}

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The document, once acknowledged.
    pub document: u64,
    /// Its version after the command.
    pub version: u32,
    /// Its lines.
    pub lines: Lines,
    /// Its type.
    pub kind: Kind,
    /// What the command did to it.
    pub step: Step,
    /// How it ended.
    pub outcome: Outcome,
}

const _: () = assert!(size_of::<Entry>() == 24);
