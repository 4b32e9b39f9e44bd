//! Work lists and sums, as they go out.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::money::Amount;
use super::answer::{Id, Number};
use crate::clock::Moment;
use crate::views::rollup::Sums;

/// A document that waits for somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkView<'a> {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Where it stands.
    pub state: &'a str,
    /// Its version.
    pub version: u32,
    /// Its number.
    #[schema(value_type = String)]
    pub number: Number<'a>,
    /// Whose it is: nine digits.
    pub division: String,
    /// The agency, or null.
    pub agency: Option<&'a str>,
    /// The sum of its lines.
    #[schema(value_type = String)]
    pub amount: Amount,
    /// Since when it stands there.
    #[schema(value_type = String)]
    pub waiting_since: Moment,
    /// Steps that the actor may take with it.
    pub actions: Vec<&'a str>,
}

/// A part of a work list (`GET /v1/work`).
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkList<'a> {
    /// Oldest first.
    pub items: Vec<WorkView<'a>>,
    /// Where the next part begins; null at the end.
    pub cursor: Option<String>,
}

/// Sums over rows.
#[derive(Debug, Serialize, ToSchema)]
pub struct SumsView {
    /// What was given.
    #[schema(value_type = String)]
    pub approved: Amount,
    /// What was taken for good.
    #[schema(value_type = String)]
    pub used: Amount,
    /// What is being taken.
    #[schema(value_type = String)]
    pub decreasing: Amount,
    /// What is being given.
    #[schema(value_type = String)]
    pub increasing: Amount,
    /// Total debited.
    #[schema(value_type = String)]
    pub debit: Amount,
    /// Total credited.
    #[schema(value_type = String)]
    pub credit: Amount,
    /// How many rows.
    pub rows: u64,
}

impl From<Sums> for SumsView {
    fn from(sums: Sums) -> Self {
        Self {
            approved: Amount(sums.approved),
            used: Amount(sums.used),
            decreasing: Amount(sums.decreasing),
            increasing: Amount(sums.increasing),
            debit: Amount(sums.debit),
            credit: Amount(sums.credit),
            rows: sums.rows,
        }
    }
}

/// The sums of one ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct LedgerView<'a> {
    /// The ledger.
    pub ledger: &'a str,
    /// Of the division's own rows (本级).
    pub own: SumsView,
    /// Of its rows and all below it (全辖).
    pub subtree: SumsView,
}

/// The sums of a division (`GET /v1/divisions/{code}/summary`).
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryView<'a> {
    /// Nine digits.
    pub division: String,
    /// The year.
    pub fiscal_year: u16,
    /// The last record that the sums contain.
    #[schema(value_type = String)]
    pub as_of: Id,
    /// By ledger; ledgers without a row are left out.
    pub ledgers: Vec<LedgerView<'a>>,
}
