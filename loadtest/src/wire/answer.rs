//! The server's answers, as far as the harness reads them. Fields that it does not need are left out; text borrows from
//! the body, so that a page of a thousand rows costs few allocations.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::text::{Dims, Text};
use crate::error::LoadError;

/// Answer to a create or an act.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DocumentAnswer {
    /// The document's id.
    pub id: String,
    /// State after the transition.
    pub state: String,
    /// Version after the transition.
    pub version: u32,
    /// Document number.
    #[serde(default)]
    pub number: Option<String>,
    /// Sequence number of the record.
    pub seq: String,
    /// Documents made for someone else's inbox.
    #[serde(default)]
    pub spawned: Vec<String>,
}

/// One result of a batch.
#[derive(Debug, Deserialize)]
pub struct BatchResult<'a> {
    /// HTTP status of this command.
    pub status: u16,
    /// The answer, when it was done.
    #[serde(default)]
    pub answer: Option<DocumentAnswer>,
    /// The problem, when not.
    #[serde(default, borrow)]
    pub problem: Option<Problem<'a>>,
}

/// RFC 9457 problem, as far as we read it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem<'a> {
    /// Our stable code.
    #[serde(default, borrow)]
    pub code: Text<'a>,
    /// A sentence for people.
    #[serde(default, borrow)]
    pub detail: Text<'a>,
}

/// A page of quota rows.
#[derive(Debug, Deserialize)]
pub struct QuotaPage<'a> {
    /// The rows.
    #[serde(borrow)]
    pub items: Vec<Quota<'a>>,
    /// Where the next page starts; none at the end.
    pub cursor: Option<String>,
}

/// One quota or account row.
#[derive(Debug, Deserialize)]
pub struct Quota<'a> {
    /// The server's id.
    #[serde(borrow)]
    pub row: Text<'a>,
    /// Ledger name.
    #[serde(borrow)]
    pub ledger: Text<'a>,
    /// Nine-digit division.
    #[serde(borrow)]
    pub division: Text<'a>,
    /// Dimensions by name.
    #[serde(borrow)]
    pub dims: Dims<'a>,
    /// Granted.
    #[serde(borrow)]
    pub approved: Text<'a>,
    /// Consumed.
    #[serde(borrow)]
    pub used: Text<'a>,
    /// Reserved.
    #[serde(borrow)]
    pub decreasing: Text<'a>,
    /// Coming.
    #[serde(borrow)]
    pub increasing: Text<'a>,
    /// Debit total.
    #[serde(borrow)]
    pub debit: Text<'a>,
    /// Credit total.
    #[serde(borrow)]
    pub credit: Text<'a>,
}

/// A page of a work list.
#[derive(Debug, Deserialize)]
pub struct WorkPage<'a> {
    /// The documents that wait.
    #[serde(borrow)]
    pub items: Vec<WorkItem<'a>>,
}

/// A document that waits for somebody.
#[derive(Debug, Deserialize)]
pub struct WorkItem<'a> {
    /// Document id.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Document type.
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    /// Its state.
    #[serde(borrow)]
    pub state: Text<'a>,
    /// Its version.
    pub version: u32,
    /// What the reader may do.
    #[serde(borrow)]
    pub actions: Vec<Text<'a>>,
}

/// A whole document.
#[derive(Debug, Deserialize)]
pub struct Document<'a> {
    /// Document id.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Document type.
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    /// Its state.
    #[serde(borrow)]
    pub state: Text<'a>,
    /// Its version.
    pub version: u32,
    /// Its division.
    #[serde(borrow)]
    pub division: Text<'a>,
    /// Its lines.
    #[serde(borrow)]
    pub lines: Vec<DocumentLine<'a>>,
}

/// One line of a document.
#[derive(Debug, Deserialize)]
pub struct DocumentLine<'a> {
    /// Amount in yuan.
    #[serde(borrow)]
    pub amount: Text<'a>,
    /// The row that it was entered with; its dimensions are the row's then, but for those beside it.
    #[serde(default, borrow)]
    pub row: Option<Text<'a>>,
    /// Dimensions.
    #[serde(default, borrow)]
    pub dims: Dims<'a>,
    /// Dimensions of the receiving side.
    #[serde(default, borrow)]
    pub to: Dims<'a>,
}

/// A page of the event feed.
#[derive(Debug, Deserialize)]
pub struct EventPage<'a> {
    /// In order of their numbers.
    #[serde(borrow)]
    pub events: Vec<Event<'a>>,
    /// What to ask for next.
    pub next: String,
}

/// One journalled decision.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    /// Its sequence number.
    #[serde(borrow)]
    pub seq: Text<'a>,
    /// Who asked for it.
    #[serde(borrow)]
    pub actor: Text<'a>,
    /// `decided`, `refused`, …
    #[serde(borrow)]
    pub kind: Text<'a>,
    /// The document, when there is one.
    #[serde(default, borrow)]
    pub document: Option<Text<'a>>,
    /// Version after it.
    #[serde(default)]
    pub version: Option<u32>,
    /// What it did to rows.
    #[serde(default, borrow)]
    pub ops: Vec<Op<'a>>,
    /// What it posted.
    #[serde(default, borrow)]
    pub postings: Vec<Posting<'a>>,
}

/// One operation on one row.
#[derive(Debug, Deserialize)]
pub struct Op<'a> {
    /// Row id.
    #[serde(borrow)]
    pub row: Text<'a>,
    /// Operation name.
    #[serde(borrow)]
    pub operation: Text<'a>,
    /// Amount in yuan.
    #[serde(borrow)]
    pub amount: Text<'a>,
}

/// One balanced pair.
#[derive(Debug, Deserialize)]
pub struct Posting<'a> {
    /// Row debited.
    #[serde(borrow)]
    pub debit_row: Text<'a>,
    /// Row credited.
    #[serde(borrow)]
    pub credit_row: Text<'a>,
    /// Amount in yuan.
    #[serde(borrow)]
    pub amount: Text<'a>,
}

/// Sums of a division and of all below it.
#[derive(Debug, Deserialize)]
pub struct Summary {
    /// Sequence number up to which they hold.
    pub as_of: String,
    /// By ledger.
    pub ledgers: Vec<SummaryLedger>,
}

/// One ledger's sums.
#[derive(Debug, Deserialize)]
pub struct SummaryLedger {
    /// Ledger name.
    pub ledger: String,
    /// The division with all below it.
    pub subtree: Sums,
}

/// Sums of rows.
#[derive(Debug, Deserialize)]
pub struct Sums {
    /// Granted.
    pub approved: String,
    /// Consumed.
    pub used: String,
    /// Reserved.
    pub decreasing: String,
    /// Coming.
    pub increasing: String,
    /// Debit total.
    pub debit: String,
    /// Credit total.
    pub credit: String,
    /// How many rows.
    pub rows: u64,
}

/// Reads a body that may borrow.
pub fn parse<'a, T: Deserialize<'a>>(what: &'static str, body: &'a [u8]) -> Result<T, LoadError> {
    serde_json::from_slice(body).map_err(|e| LoadError::format(what, e))
}

/// Reads a body into something owned.
pub fn serde_body<T: DeserializeOwned>(what: &'static str, body: &[u8]) -> Result<T, LoadError> {
    serde_json::from_slice(body).map_err(|e| LoadError::format(what, e))
}
