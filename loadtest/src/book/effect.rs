//! What a command does to rows, worked out by the harness from what it asked for.
//!
//! This is the audit's own small model of the processes that the journeys use, written from the business rules
//! (reserve on submission, final on approval, release on rejection) and not from the server's code.

use super::Line;
use crate::world::{Balance, Ledger, RowKey};

/// A document type that the journeys use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// 支付申请: spends an indicator and its plan.
    Payment = 0,
    /// 用款计划: plans what may be spent.
    PayPlan = 1,
    /// 清算: settles what was paid.
    Settlement = 2,
    /// 指标下达: gives an agency more, out of the office's pool.
    Issue = 3,
}

/// What a command does to its document's reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Step {
    /// Submission: decreases bite, increases are seen.
    Reserve = 0,
    /// A step that only moves the document.
    Pass = 1,
    /// Final approval.
    Final = 2,
    /// Rejection or withdrawal.
    Release = 3,
}

impl Step {
    /// From its number in a file.
    pub fn numbered(number: u8) -> Option<Self> {
        [Self::Reserve, Self::Pass, Self::Final, Self::Release]
            .into_iter()
            .find(|s| *s as u8 == number)
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Payment, Self::PayPlan, Self::Settlement, Self::Issue];

    /// From its number in a file.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|k| *k as u8 == number)
    }

    /// Name as `config/documents` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::PayPlan => "pay_plan",
            Self::Settlement => "bank_settlement",
            Self::Issue => "indicator_issue",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// What a transition of this type does.
    pub fn step(self, transition: &str) -> Step {
        match (self, transition) {
            (_, "reject" | "withdraw") => Step::Release,
            (Self::Payment | Self::PayPlan | Self::Issue, "submit") => Step::Reserve,
            (Self::Settlement, "match") => Step::Reserve,
            (Self::Payment, "receipt") => Step::Final,
            (Self::PayPlan, "approve") => Step::Final,
            (Self::Settlement, "settle") => Step::Final,
            (Self::Issue, "issue") => Step::Final,
            _ => Step::Pass,
        }
    }

    fn consumes(self) -> &'static [Ledger] {
        match self {
            Self::Payment => &[Ledger::Ind, Ledger::Pln],
            Self::PayPlan => &[Ledger::Indp],
            Self::Settlement => &[Ledger::Pay],
            Self::Issue => &[Ledger::Off],
        }
    }

    fn grants(self) -> &'static [Ledger] {
        match self {
            Self::Payment => &[Ledger::Pay],
            Self::PayPlan => &[Ledger::Pln],
            Self::Settlement => &[Ledger::Clr],
            Self::Issue => &[Ledger::Ind, Ledger::Indp],
        }
    }
}

/// The changes of one line: each row with its change. `pool` finds the pool above an indicator.
pub fn changes(
    kind: Kind,
    step: Step,
    line: Line,
    pool: impl Fn(RowKey) -> RowKey,
) -> Vec<(RowKey, Balance)> {
    let (m, zero) = (line.amount, Balance::default());
    let (consumed, granted) = match step {
        Step::Pass => return Vec::new(),
        Step::Reserve => (
            Balance {
                decreasing: m,
                ..zero
            },
            Balance {
                increasing: m,
                ..zero
            },
        ),
        Step::Release => (
            Balance {
                decreasing: -m,
                ..zero
            },
            Balance {
                increasing: -m,
                ..zero
            },
        ),
        // What is granted is debited, what is consumed is credited.
        Step::Final => (
            Balance {
                decreasing: -m,
                used: m,
                credit: m,
                ..zero
            },
            Balance {
                increasing: -m,
                approved: m,
                debit: m,
                ..zero
            },
        ),
    };
    let row = |ledger| {
        if ledger == Ledger::Off {
            pool(line.row)
        } else {
            line.row.in_ledger(ledger)
        }
    };
    let mut all: Vec<_> = kind
        .consumes()
        .iter()
        .map(|l| (row(*l), consumed))
        .collect();
    all.extend(kind.grants().iter().map(|l| (row(*l), granted)));
    match (step, kind) {
        (Step::Final, Kind::Payment) => all.push((row(Ledger::Cpl), Balance { debit: m, ..zero })),
        (Step::Final, Kind::Issue) => all.push((row(Ledger::Cpl), Balance { credit: m, ..zero })),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(kind: Kind, steps: &[Step]) -> Vec<(RowKey, Balance)> {
        let line = Line {
            amount: 500,
            row: RowKey::of_indicator(Ledger::Ind, 3, 1),
        };
        let mut sums: Vec<(RowKey, Balance)> = Vec::new();
        for step in steps {
            for (row, change) in changes(kind, *step, line, |_| RowKey::of_division(Ledger::Off, 0))
            {
                match sums.iter_mut().find(|(r, _)| *r == row) {
                    Some((_, sum)) => sum.add(change),
                    None => sums.push((row, change)),
                }
            }
        }
        sums
    }

    #[test]
    fn a_rejected_document_leaves_every_row_as_it_was() {
        for kind in Kind::ALL {
            let sums = total(kind, &[Step::Reserve, Step::Pass, Step::Release]);
            assert!(sums.iter().all(|(_, c)| c.is_zero()), "{kind:?} {sums:?}");
        }
    }

    #[test]
    fn a_paid_payment_uses_indicator_and_plan_and_grants_what_is_to_be_settled() {
        let sums = total(Kind::Payment, &[Step::Reserve, Step::Pass, Step::Final]);
        let of = |ledger| {
            sums.iter()
                .find(|(r, _)| r.ledger() == ledger)
                .map(|(_, c)| *c)
        };
        let spent = Balance {
            used: 500,
            credit: 500,
            ..Balance::default()
        };
        assert_eq!(of(Ledger::Ind), Some(spent));
        assert_eq!(of(Ledger::Pln), Some(spent));
        assert_eq!(
            of(Ledger::Pay),
            Some(Balance {
                approved: 500,
                debit: 500,
                ..Balance::default()
            })
        );
    }

    #[test]
    fn every_final_step_balances() {
        for kind in Kind::ALL {
            let sums = total(kind, &[Step::Reserve, Step::Final]);
            let (debit, credit) = sums
                .iter()
                .fold((0, 0), |(d, c), (_, b)| (d + b.debit, c + b.credit));
            assert_eq!(debit, credit, "{kind:?}");
        }
    }
}
