//! A row (额度行): one line of budgetary control and of double entry, in one cache line.

use crate::ident::{Division, LedgerId, Year};
use crate::money::{Cents, Total};
use crate::schedule::Schedule;
use alloc::boxed::Box;
use core::fmt;

/// How hard a row holds what is asked of it (控制级别).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Control {
    /// Refuse what the row does not have (刚性).
    #[default]
    Strict = 0,
    /// Accept it and say so (预警).
    Warn = 1,
    /// Only count (不控制).
    None = 2,
}

impl Control {
    /// The control level of this number.
    pub const fn from_number(number: u8) -> Option<Control> {
        match number {
            0 => Some(Control::Strict),
            1 => Some(Control::Warn),
            2 => Some(Control::None),
            _ => None,
        }
    }
}

const _: () = {
    let mut number = 0;
    while let Some(control) = Control::from_number(number) {
        assert!(control as u8 == number, "each level by its own number");
        number += 1;
    }
    assert!(number == 3, "every level has a number");
};

/// How a row holds, in one byte: its control level, and whether it is frozen (冻结).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hold(u8);

const FROZEN: u8 = 1 << 7;

impl Hold {
    /// A row of this control level, not frozen.
    pub const fn new(control: Control) -> Hold {
        Hold(control as u8)
    }

    /// The same, frozen or not.
    #[must_use]
    pub const fn with_frozen(self, frozen: bool) -> Hold {
        let level = self.0 & !FROZEN;
        Hold(if frozen { level | FROZEN } else { level })
    }

    /// How hard the row holds.
    #[inline]
    pub const fn control(self) -> Control {
        match self.0 & !FROZEN {
            0 => Control::Strict,
            1 => Control::Warn,
            _ => Control::None,
        }
    }

    /// Whether consuming and cutting are stopped.
    #[inline]
    pub const fn is_frozen(self) -> bool {
        self.0 & FROZEN != 0
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frozen = if self.is_frozen() { " frozen" } else { "" };
        write!(f, "{:?}{frozen}", self.control())
    }
}

/// One row. The four quota amounts are at least 0 at every moment; all amounts in 分.
///
/// A command finds its rows all over memory: aligned, each costs one cache miss instead of two.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[repr(align(64))]
pub struct Row {
    /// What was given (批准数).
    pub approved: Cents,
    /// What was spent (已用数).
    pub used: Cents,
    /// Decreases in flight (在途减): they bite at once.
    pub decreasing: Cents,
    /// Increases in flight (在途增): seen, not spendable.
    pub increasing: Cents,
    /// Σ debits posted to the row (借方累计).
    pub debit: Cents,
    /// Σ credits posted to the row (贷方累计).
    pub credit: Cents,
    /// Planned amounts by month, in ledgers that have them.
    pub schedule: Option<Box<Schedule>>,
    /// Whose money (区划).
    pub division: Division,
    /// Of which year (年度).
    pub year: Year,
    /// Of which ledger (账簿).
    pub ledger: LedgerId,
    /// How hard it holds, and whether it is frozen.
    pub hold: Hold,
}

/// What a new row is, before anything is on it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RowKind {
    /// Whose money.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// Of which ledger.
    pub ledger: LedgerId,
    /// How hard it holds.
    pub control: Control,
    /// Whether it keeps planned amounts by month.
    pub scheduled: bool,
}

impl Row {
    /// An empty row.
    pub fn new(kind: RowKind) -> Row {
        let row = Row {
            approved: Cents::ZERO,
            used: Cents::ZERO,
            decreasing: Cents::ZERO,
            increasing: Cents::ZERO,
            debit: Cents::ZERO,
            credit: Cents::ZERO,
            schedule: kind.scheduled.then(|| Box::new(Schedule::default())),
            division: kind.division,
            year: kind.year,
            ledger: kind.ledger,
            hold: Hold::new(kind.control),
        };
        assert!(row.is_sound() && row.available() == 0 && row.balance() == 0);
        assert_eq!(row.schedule.is_some(), kind.scheduled);
        row
    }

    /// `approved − used − decreasing` (可用数), in 分; negative only on rows that do not hold strictly.
    #[inline]
    pub fn available(&self) -> Total {
        Total::from(self.approved.0) - Total::from(self.used.0) - Total::from(self.decreasing.0)
    }

    /// Whether no amount is negative, months aside: what holds before and after every change.
    #[inline]
    pub const fn is_sound(&self) -> bool {
        // The sign bit of any of them is the sign bit of all of them together.
        let signs = self.approved.0
            | self.used.0
            | self.decreasing.0
            | self.increasing.0
            | self.debit.0
            | self.credit.0;
        signs >= 0
    }

    /// Σ debit − Σ credit, in 分.
    pub fn balance(&self) -> Total {
        Total::from(self.debit.0) - Total::from(self.credit.0)
    }
}

const _: () = assert!(size_of::<Row>() == 64, "a row is a cache line");
