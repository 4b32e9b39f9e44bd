//! The journal as it is told: events, and the records of one document.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::money::Amount;
use super::answer::Id;
use super::query::DocumentView;
use super::sign::SignatureView;
use crate::clock::Moment;

/// A change of a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationView {
    /// The row.
    #[schema(value_type = String)]
    pub row: Id,
    /// What was done to it, such as `reserve_consume` or `grant`.
    pub operation: &'static str,
    /// How much.
    #[schema(value_type = String)]
    pub amount: Amount,
    /// The month, where a plan is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<u8>,
}

/// A posting: debit and credit of one amount.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostingView<'a> {
    /// The ledger debited.
    pub debit: &'a str,
    /// The row debited.
    #[schema(value_type = String)]
    pub debit_row: Id,
    /// The ledger credited.
    pub credit: &'a str,
    /// The row credited.
    #[schema(value_type = String)]
    pub credit_row: Id,
    /// How much.
    #[schema(value_type = String)]
    pub amount: Amount,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView<'a> {
    /// Its place in the journal.
    #[schema(value_type = String)]
    pub seq: Id,
    /// When.
    #[schema(value_type = String, example = "2026-03-02T09:30:00.000Z")]
    pub time: Moment,
    /// Who asked.
    pub actor: &'a str,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<&'a str>,
    /// Under a break-glass role: the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<&'a str>,
    /// The signature under the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureView<'a>>,
    /// `decided`, `refused` or `catalog`.
    pub kind: &'static str,
    /// The document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub document: Option<Id>,
    /// Its type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub document_type: Option<&'a str>,
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<&'a str>,
    /// Where the document stands since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'a str>,
    /// Its version since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Why it was refused: the problem's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The trace that it belongs to, 32 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// What was done to rows.
    pub ops: Vec<OperationView>,
    /// What was posted.
    pub postings: Vec<PostingView<'a>>,
    /// Documents made for others.
    #[schema(value_type = Vec<String>)]
    pub spawned: Vec<Id>,
}

/// A part of the feed (`GET /v1/events`).
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPage<'a> {
    /// What happened, in order.
    pub events: Vec<EventView<'a>>,
    /// What to ask `after` next.
    #[schema(value_type = String)]
    pub next: Id,
}

/// Postings of one division's book of one year: they balance pair by pair.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoucherView<'a> {
    /// Nine digits.
    pub division: String,
    /// The year of the book.
    pub fiscal_year: u16,
    /// Its postings.
    pub postings: Vec<PostingView<'a>>,
}

/// One record of a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView<'a> {
    /// Its place in the journal.
    #[schema(value_type = String)]
    pub seq: Id,
    /// When.
    #[schema(value_type = String)]
    pub time: Moment,
    /// Who took the step.
    pub actor: &'a str,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<&'a str>,
    /// Under a break-glass role: the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<&'a str>,
    /// The signature under the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureView<'a>>,
    /// The step; null for an entry without one.
    pub transition: Option<&'a str>,
    /// Where the document stood.
    pub from: &'a str,
    /// Where it stood then.
    pub to: &'a str,
    /// What was done to rows.
    pub ops: Vec<OperationView>,
    /// What was posted.
    pub vouchers: Vec<VoucherView<'a>>,
}

/// A document with all that happened to it (`GET /v1/documents/{id}/trace`).
#[derive(Debug, Serialize, ToSchema)]
pub struct TraceView<'a> {
    /// The document.
    pub document: DocumentView<'a>,
    /// Its records, in order.
    pub records: Vec<RecordView<'a>>,
    /// Where its money came from: documents upstream.
    #[schema(value_type = Vec<String>)]
    pub upstream: Vec<Id>,
    /// Where it went: documents that it made.
    #[schema(value_type = Vec<String>)]
    pub downstream: Vec<Id>,
}
