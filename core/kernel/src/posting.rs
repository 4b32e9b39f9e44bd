//! Double entry (复式记账): a posting debits one row and credits another with the same amount.
//!
//! A record's postings balance because there is no other form of posting; what can still be wrong is
//! a pair across two divisions or years, which would unbalance each of their books: `decide` refuses it.

use crate::ident::RowId;
use crate::money::Cents;
use crate::row::Row;

/// `Dr debit / Cr credit amount` (借/贷).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Posting {
    /// The row debited.
    pub debit: RowId,
    /// The row credited; another than `debit`.
    pub credit: RowId,
    /// Positive, in 分.
    pub amount: Cents,
}

/// Which total of a row a posting raises.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// 借
    Debit,
    /// 贷
    Credit,
}

impl Row {
    /// Raises one total; `None` and unchanged past the end of the range.
    #[inline]
    pub fn post(&mut self, side: Side, amount: Cents) -> Option<()> {
        assert!(amount.is_positive(), "a posting moves something");
        let total = match side {
            Side::Debit => &mut self.debit,
            Side::Credit => &mut self.credit,
        };
        *total = total.plus(amount)?;
        assert!(*total >= amount, "a total is never negative");
        Some(())
    }
}
