//! Amounts as the interface writes them, in 元, and as they are counted here, in 分; and what a command does to rows.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// 分 as 元.
pub(super) fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// 元, exact to 0.01 and perhaps negative, as 分.
pub(super) fn fen(yuan: &str) -> Option<i64> {
    let (sign, digits) = match yuan.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, yuan),
    };
    let (whole, part) = digits.split_once('.')?;
    let part = (part.len() == 2).then_some(part)?;
    let (whole, part): (i64, i64) = (whole.parse().ok()?, part.parse().ok()?);
    Some(sign * whole.checked_mul(100)?.checked_add(part)?)
}

/// The ledgers that the trial's commands touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ledger {
    Indicator,
    Plan,
    Payment,
}

impl Ledger {
    pub(super) fn named(name: &str) -> Option<Ledger> {
        match name {
            "IND" => Some(Ledger::Indicator),
            "PLN" => Some(Ledger::Plan),
            "PAY" => Some(Ledger::Payment),
            _ => None,
        }
    }
}

/// All rows of an agency (by its place) in one ledger: the trial gives it one of each, but for PAY.
pub(super) type Rows = (usize, Ledger);

/// The four amounts of rows, or changes of them, in 分.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) approved: i64,
    pub(super) used: i64,
    pub(super) decreasing: i64,
    pub(super) increasing: i64,
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, more: Amounts) {
        self.approved += more.approved;
        self.used += more.used;
        self.decreasing += more.decreasing;
        self.increasing += more.increasing;
    }
}

impl Amounts {
    /// What an operation of the feed does to its row: the table of the design, not the engine's code.
    pub(super) fn of(operation: &str, fen: i64) -> Option<Amounts> {
        let (approved, used, decreasing, increasing) = match operation {
            "reserve_consume" | "reserve_cut" => (0, 0, fen, 0),
            "release" => (0, 0, -fen, 0),
            "consume" => (0, fen, -fen, 0),
            "cut" => (-fen, 0, -fen, 0),
            "promise" => (0, 0, 0, fen),
            "unpromise" => (0, 0, 0, -fen),
            "grant" => (fen, 0, 0, -fen),
            "restore" => (0, -fen, 0, 0),
            "freeze" | "thaw" => (0, 0, 0, 0),
            _ => return None,
        };
        Some(Amounts {
            approved,
            used,
            decreasing,
            increasing,
        })
    }
}

/// What commands did to rows; nothing is left out but zeros.
pub(super) type Changes = BTreeMap<Rows, Amounts>;

/// Adds a change, and drops what has become nothing.
pub(super) fn change(changes: &mut Changes, rows: Rows, by: Amounts) {
    let amounts = changes.entry(rows).or_default();
    *amounts += by;
    if *amounts == Amounts::default() {
        changes.remove(&rows);
    }
}

/// What a command that is accepted does to rows, as its document type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Nothing,
    /// From one agency's indicator to another's.
    Move {
        from: usize,
        to: usize,
        fen: i64,
    },
    /// A payment of an agency is submitted: indicator and plan hold it back, PAY is promised it.
    Reserve {
        agency: usize,
        fen: i64,
    },
    /// It is withdrawn or rejected.
    Release {
        agency: usize,
        fen: i64,
    },
    /// The bank has paid it.
    Pay {
        agency: usize,
        fen: i64,
    },
}

impl Effect {
    pub(super) fn changes(self) -> Changes {
        let mut changes = Changes::new();
        let nothing = Amounts::default();
        let mut both = |agency, spent: Amounts, paid: Amounts| {
            change(&mut changes, (agency, Ledger::Indicator), spent);
            change(&mut changes, (agency, Ledger::Plan), spent);
            change(&mut changes, (agency, Ledger::Payment), paid);
        };
        match self {
            Effect::Nothing => {}
            Effect::Move { from, to, fen } => {
                change(
                    &mut changes,
                    (from, Ledger::Indicator),
                    Amounts {
                        approved: -fen,
                        ..nothing
                    },
                );
                change(
                    &mut changes,
                    (to, Ledger::Indicator),
                    Amounts {
                        approved: fen,
                        ..nothing
                    },
                );
            }
            Effect::Reserve { agency, fen } => both(
                agency,
                Amounts {
                    decreasing: fen,
                    ..nothing
                },
                Amounts {
                    increasing: fen,
                    ..nothing
                },
            ),
            Effect::Release { agency, fen } => both(
                agency,
                Amounts {
                    decreasing: -fen,
                    ..nothing
                },
                Amounts {
                    increasing: -fen,
                    ..nothing
                },
            ),
            Effect::Pay { agency, fen } => both(
                agency,
                Amounts {
                    decreasing: -fen,
                    used: fen,
                    ..nothing
                },
                Amounts {
                    increasing: -fen,
                    approved: fen,
                    ..nothing
                },
            ),
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_they_are_written() {
        for amount in [0, 1, 99, 100, 123_456_789] {
            assert_eq!(fen(&yuan(amount)), Some(amount));
        }
        assert_eq!(fen("-0.05"), Some(-5));
        for wrong in ["1", "1.5", "1.234", "x.00", ""] {
            assert_eq!(fen(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_payment_that_was_released_left_nothing() {
        let mut changes = Effect::Reserve { agency: 1, fen: 7 }.changes();
        assert_eq!(changes.len(), 3);
        for (rows, by) in (Effect::Release { agency: 1, fen: 7 }).changes() {
            change(&mut changes, rows, by);
        }
        assert!(changes.is_empty());
    }
}
