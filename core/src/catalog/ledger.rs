//! A ledger (账簿): a family of rows with the same dimensions.

use super::dimension::DimensionId;
use hubu_kernel::ident::LedgerId;
use hubu_kernel::row::Control;

/// What the rows of a ledger are for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Rows hold quota and postings (额度).
    Quota,
    /// Rows hold postings only (对方科目): no effect may touch them.
    Account,
}

/// The side on which a ledger's balance normally stands (余额方向).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Normal {
    /// 借
    Debit,
    /// 贷
    Credit,
}

/// A dimension of a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LedgerDimension {
    /// Which.
    pub id: DimensionId,
    /// Whether a row can't be without it; an optional one that is missing is empty, never a wildcard.
    pub required: bool,
}

/// A ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// Its stable code; it is journalled inside row keys.
    pub id: LedgerId,
    /// Its mnemonic, such as `IND`.
    pub name: String,
    /// Its name in words (中文名).
    pub zh: String,
    /// What its rows are for.
    pub kind: Kind,
    /// Where its balance stands.
    pub normal: Normal,
    /// Whether `Σ debit − Σ credit = approved − used` holds for each row (domain rule 7).
    pub resource: bool,
    /// Whether a row keeps its planned amounts by month (分月).
    pub schedule: bool,
    /// How hard its rows hold what is asked of them.
    pub control: Control,
    /// Its dimensions in the order of the row key, those that spread rows over shards first.
    pub dimensions: Vec<LedgerDimension>,
    /// The first ledger with just these dimensions: keys of two ledgers of one shape differ in the
    /// ledger alone.
    pub shape: LedgerId,
}
