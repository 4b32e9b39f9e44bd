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
    /// 项目调剂: from one indicator to another. Two lines of the book for one of the document: what leaves is negative.
    Virement = 4,
    /// 指标调减: from an agency's indicator back into the office's pool.
    Reduction = 5,
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
    pub const ALL: [Self; 6] = [
        Self::Payment,
        Self::PayPlan,
        Self::Settlement,
        Self::Issue,
        Self::Virement,
        Self::Reduction,
    ];

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
            Self::Virement => "project_virement",
            Self::Reduction => "indicator_reduction",
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
            (Self::Settlement, "submit") => Step::Pass,
            (_, "submit") => Step::Reserve,
            (Self::Settlement, "match") => Step::Reserve,
            (Self::Payment, "receipt") => Step::Final,
            (Self::PayPlan | Self::Virement | Self::Reduction, "approve") => Step::Final,
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
            Self::Virement | Self::Reduction => &[],
        }
    }

    fn grants(self) -> &'static [Ledger] {
        match self {
            Self::Payment => &[Ledger::Pay],
            Self::PayPlan => &[Ledger::Pln],
            Self::Settlement => &[Ledger::Clr],
            Self::Issue | Self::Virement => &[Ledger::Ind, Ledger::Indp],
            Self::Reduction => &[],
        }
    }

    /// Ledgers whose rows are made smaller: what was approved goes, instead of being used.
    fn cuts(self) -> &'static [Ledger] {
        match self {
            Self::Virement | Self::Reduction => &[Ledger::Ind, Ledger::Indp],
            _ => &[],
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
    let (m, zero) = (line.amount.abs(), Balance::default());
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
    let leaves = kind != Kind::Virement || line.amount < 0;
    let arrives = line.amount > 0;
    let mut all = Vec::new();
    if leaves {
        let cut = Balance {
            approved: -consumed.used,
            used: 0,
            ..consumed
        };
        all.extend(kind.consumes().iter().map(|l| (row(*l), consumed)));
        all.extend(kind.cuts().iter().map(|l| (row(*l), cut)));
    }
    if arrives {
        all.extend(kind.grants().iter().map(|l| (row(*l), granted)));
    }
    match (step, kind) {
        (Step::Final, Kind::Payment) => all.push((row(Ledger::Cpl), Balance { debit: m, ..zero })),
        (Step::Final, Kind::Issue) => all.push((row(Ledger::Cpl), Balance { credit: m, ..zero })),
        (Step::Final, Kind::Reduction) => {
            let restored = Balance {
                used: -m,
                debit: m,
                ..zero
            };
            all.push((row(Ledger::Off), restored));
            all.push((row(Ledger::Cpl), Balance { debit: m, ..zero }));
        }
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(kind: Kind, steps: &[Step]) -> Vec<(RowKey, Balance)> {
        let line = |amount, indicator| Line {
            amount,
            row: RowKey::of_indicator(Ledger::Ind, 3, indicator),
        };
        let lines = match kind {
            Kind::Virement => vec![line(-500, 0), line(500, 1)],
            _ => vec![line(500, 1)],
        };
        let mut sums: Vec<(RowKey, Balance)> = Vec::new();
        for (step, line) in steps
            .iter()
            .flat_map(|s| lines.iter().map(move |l| (s, *l)))
        {
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
    fn a_virement_moves_and_a_reduction_goes_back_to_the_pool() {
        let sums = total(Kind::Virement, &[Step::Reserve, Step::Final]);
        let of = |ledger, indicator| {
            let row = RowKey::of_indicator(ledger, 3, indicator);
            sums.iter().find(|(r, _)| *r == row).map(|(_, b)| *b)
        };
        let (gone, come) = (of(Ledger::Ind, 0).unwrap(), of(Ledger::Indp, 1).unwrap());
        assert_eq!((gone.approved, gone.used, gone.credit), (-500, 0, 500));
        assert_eq!((come.approved, come.increasing, come.debit), (500, 0, 500));
        assert_eq!(sums.len(), 4);
        let sums = total(Kind::Reduction, &[Step::Reserve, Step::Final]);
        let pool = sums
            .iter()
            .find(|(r, _)| r.ledger() == Ledger::Off)
            .unwrap()
            .1;
        assert_eq!((pool.used, pool.debit, pool.approved), (-500, 500, 0));
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
