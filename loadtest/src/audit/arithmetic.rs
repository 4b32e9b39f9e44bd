//! The sums of a ledger as a reader adds them up: its openings, what each kind of step did to it, and what was found.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::book::{Kind, Step};
use crate::world::{Balance, Ledger};

/// The six fields of rows, summed, in fen. A province's sums go beyond an i64 on the way, hence i128.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Amounts {
    /// Granted.
    pub approved: i128,
    /// Consumed.
    pub used: i128,
    /// Reserved.
    pub decreasing: i128,
    /// Coming.
    pub increasing: i128,
    /// Debit total.
    pub debit: i128,
    /// Credit total.
    pub credit: i128,
}

impl Amounts {
    /// Adds a row's balance or change.
    pub fn add(&mut self, more: Balance) {
        self.approved += i128::from(more.approved);
        self.used += i128::from(more.used);
        self.decreasing += i128::from(more.decreasing);
        self.increasing += i128::from(more.increasing);
        self.debit += i128::from(more.debit);
        self.credit += i128::from(more.credit);
    }

    /// Adds another sum.
    pub fn add_all(&mut self, more: Self) {
        self.approved += more.approved;
        self.used += more.used;
        self.decreasing += more.decreasing;
        self.increasing += more.increasing;
        self.debit += more.debit;
        self.credit += more.credit;
    }

    /// The six, in the order of the fields.
    pub fn all(&self) -> [i128; 6] {
        [
            self.approved,
            self.used,
            self.decreasing,
            self.increasing,
            self.debit,
            self.credit,
        ]
    }
}

/// What one kind of step did to one ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerMove {
    /// Document type.
    pub document: String,
    /// `reserve` (submission), `final` (final approval) or `release` (rejection or withdrawal).
    pub step: String,
    /// Acknowledged commands that touched the ledger so.
    pub commands: u64,
    /// What they did to it, in fen.
    pub change: Amounts,
}

/// One ledger: `opening` + every `change` = `found`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerSums {
    /// Name, as `config/ledgers.toml` has it.
    pub ledger: String,
    /// Rows that the server summed.
    pub rows: u64,
    /// What was loaded, from the seed.
    pub opening: Amounts,
    /// What the run's acknowledged steps did.
    pub moves: Vec<LedgerMove>,
    /// What the server has.
    pub found: Amounts,
}

impl LedgerSums {
    /// The openings and all changes.
    pub fn expected(&self) -> Amounts {
        let mut sum = self.opening;
        self.moves.iter().for_each(|m| sum.add_all(m.change));
        sum
    }
}

/// Changes by ledger and kind of step, as they are gathered from the books.
#[derive(Debug, Default)]
pub(super) struct Moves(HashMap<(Ledger, Kind, Step), (u64, Amounts)>);

impl Moves {
    /// Counts one command: its changes by row.
    pub(super) fn add<R>(
        &mut self,
        kind: Kind,
        step: Step,
        changes: &[(R, Balance)],
        ledger: impl Fn(&R) -> Ledger,
    ) {
        let mut touched: Vec<Ledger> = Vec::new();
        for (row, change) in changes {
            let ledger = ledger(row);
            let (commands, sum) = self.0.entry((ledger, kind, step)).or_default();
            sum.add(*change);
            if !touched.contains(&ledger) {
                touched.push(ledger);
                *commands += 1;
            }
        }
    }

    /// Those of a ledger, in a fixed order.
    pub(super) fn of(&self, ledger: Ledger) -> Vec<LedgerMove> {
        let steps = [
            (Step::Reserve, "reserve"),
            (Step::Pass, "pass"),
            (Step::Final, "final"),
            (Step::Release, "release"),
        ];
        let all = Kind::ALL
            .into_iter()
            .flat_map(|kind| steps.map(|s| (kind, s)));
        all.filter_map(|(kind, (step, name))| {
            let (commands, change) = self.0.get(&(ledger, kind, step))?;
            Some(LedgerMove {
                document: kind.name().to_owned(),
                step: name.to_owned(),
                commands: *commands,
                change: *change,
            })
        })
        .collect()
    }
}
