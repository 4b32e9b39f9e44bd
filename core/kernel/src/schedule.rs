//! The months of a plan row (分月计划): how much was planned for each, in one row.
//!
//! Keeping the twelve months inside the row makes the cumulative rule one comparison on one row:
//! what is consumed up to month *n* may not pass what was planned up to month *n*.

use crate::money::{Cents, Total};

/// A month of the fiscal year, 1 to 12.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month(u8);

impl Month {
    /// December, the last.
    pub const LAST: Month = Month(12);

    /// The month of this number, or `None` outside 1 to 12.
    pub const fn new(number: u8) -> Option<Month> {
        if number >= 1 && number <= 12 {
            Some(Month(number))
        } else {
            None
        }
    }

    /// 1 to 12.
    pub const fn number(self) -> u8 {
        self.0
    }

    const fn index(self) -> usize {
        assert!(self.0 >= 1 && self.0 <= 12, "made by `new` alone");
        self.0 as usize - 1
    }
}

/// Planned amounts of the twelve months, each at least 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Schedule {
    planned: [Cents; 12],
}

impl Schedule {
    /// A schedule read back from where it was stored; `None` if a month is negative.
    pub fn from_months(planned: [Cents; 12]) -> Option<Schedule> {
        planned
            .iter()
            .all(|m| m.0 >= 0)
            .then_some(Schedule { planned })
    }

    /// What was planned for each month, January first.
    pub const fn months(&self) -> &[Cents; 12] {
        &self.planned
    }

    /// Σ planned up to and including `month`.
    pub fn up_to(&self, month: Month) -> Total {
        let sum = self.planned[..=month.index()]
            .iter()
            .map(|m| Total::from(m.0))
            .sum();
        assert!(sum >= 0, "a schedule holds no negative month");
        sum
    }

    /// Adds to one month; `None` and unchanged past the end of the range.
    pub fn add(&mut self, month: Month, amount: Cents) -> Option<()> {
        assert!(amount.is_positive(), "a plan grows by something");
        let slot = &mut self.planned[month.index()];
        *slot = slot.plus(amount)?;
        assert!(*slot >= amount, "a month is never negative");
        Some(())
    }

    /// Takes `amount` away: from `month` alone, or, without one, from the last months first.
    /// `None` and unchanged when there is not so much.
    pub fn take(&mut self, month: Option<Month>, amount: Cents) -> Option<()> {
        assert!(amount.is_positive(), "a plan shrinks by something");
        match month {
            Some(month) => {
                let slot = &mut self.planned[month.index()];
                *slot = slot.minus_floor(amount)?;
            }
            None => {
                if self.up_to(Month::LAST) < Total::from(amount.0) {
                    return None;
                }
                let mut rest = amount.0;
                for slot in self.planned.iter_mut().rev() {
                    let part = rest.min(slot.0);
                    slot.0 -= part;
                    rest -= part;
                }
                assert_eq!(rest, 0, "the sum covered the amount");
            }
        }
        assert!(
            self.planned.iter().all(|m| m.0 >= 0),
            "a month is never negative"
        );
        Some(())
    }
}
