//! What an audit found: counts, and the first few of each fault by name.

use serde::{Deserialize, Serialize};

use super::arithmetic::LedgerSums;

/// Faults kept by name, of each kind.
const NAMED_MAX: usize = 20;

/// A way in which the server's books differ from the harness's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Acknowledged and not found.
    Lost,
    /// Found more than once.
    Doubled,
    /// Found with another effect, or a row that is not the sum of what was done to it.
    Misposted,
    /// Done by one of our users, who was told no, or nothing.
    RefusedButDone,
    /// One key answered twice differently, or answered yes and journalled as no.
    Contradictory,
    /// No answer, and asking again gave none either.
    Unresolved,
    /// Debits are not credits.
    Unbalanced,
}

/// One fault, named: which document or row, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finding {
    /// What is wrong.
    pub fault: Fault,
    /// The document, row or key.
    pub what: String,
    /// What was expected and what was there.
    pub detail: String,
}

/// The audit's arithmetic. Amounts are fen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Figures {
    /// Commands answered yes.
    pub acknowledged: u64,
    /// Of these, found in the feed.
    pub found: u64,
    /// Of these, not found.
    pub lost: u64,
    /// Found more than once.
    pub doubled: u64,
    /// Commands or rows with another effect than the acknowledged.
    pub misposted: u64,
    /// Commands answered no.
    pub refused: u64,
    /// Of these, found done.
    pub refused_but_done: u64,
    /// Keys asked twice on purpose.
    pub repeated: u64,
    /// Keys answered twice differently.
    pub contradictory: u64,
    /// Commands without an answer, settled by asking again.
    pub unknown_resolved: u64,
    /// Commands whose fate stays unknown.
    pub unresolved: u64,
    /// Events read from the feed.
    pub events: u64,
    /// Events of other clients since the seeding; their effects are taken from the feed.
    pub foreign_events: u64,
    /// Rows compared field by field.
    pub rows_compared: u64,
    /// Rows that the run's acknowledged effects touched.
    pub rows_touched: u64,
    /// Rows that the sums of the whole tree cover.
    pub rows_summed: u64,
    /// Documents read back by id.
    pub documents_read: u64,
    /// Debit total of all rows.
    pub debit: i128,
    /// Credit total of all rows.
    pub credit: i128,
}

/// Findings as they are gathered.
#[derive(Debug, Default)]
pub struct Findings {
    named: Vec<Finding>,
    counts: std::collections::HashMap<Fault, u64>,
}

impl Findings {
    /// Notes a fault.
    pub fn add(&mut self, fault: Fault, what: impl ToString, detail: impl ToString) {
        let count = self.counts.entry(fault).or_default();
        *count += 1;
        if *count <= NAMED_MAX as u64 {
            self.named.push(Finding {
                fault,
                what: what.to_string(),
                detail: detail.to_string(),
            });
        }
    }

    /// Whether the next fault of a kind will be kept by name.
    pub fn names(&self, fault: Fault) -> bool {
        self.count(fault) < NAMED_MAX as u64
    }

    /// Notes more faults of a kind than are named.
    pub fn add_unnamed(&mut self, fault: Fault, count: u64) {
        *self.counts.entry(fault).or_default() += count;
    }

    /// How many of a kind.
    pub fn count(&self, fault: Fault) -> u64 {
        self.counts.get(&fault).copied().unwrap_or(0)
    }

    /// Takes the named ones.
    pub fn into_named(self) -> Vec<Finding> {
        self.named
    }
}

/// The outcome of an audit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Settlement {
    /// When: `after the run`, `after a restart`.
    pub when: String,
    /// Seconds that it took.
    pub seconds: f64,
    /// The arithmetic.
    pub figures: Figures,
    /// The sums of each ledger, as a reader adds them up.
    pub ledgers: Vec<LedgerSums>,
    /// Faults by name, the first few of each kind.
    pub findings: Vec<Finding>,
}

impl Settlement {
    /// Whether the books agree.
    pub fn is_clean(&self) -> bool {
        let f = &self.figures;
        let faults =
            f.lost + f.doubled + f.misposted + f.refused_but_done + f.contradictory + f.unresolved;
        self.findings.is_empty() && faults == 0 && f.found == f.acknowledged && f.debit == f.credit
    }
}
