//! What a step of the double's documents does to its rows.

use super::ledger::{Document, Ledger};
use super::model::{Of, Phase, Type};

impl Ledger {
    #[allow(clippy::type_complexity)]
    pub fn effects(
        &mut self,
        kind: &Type,
        document: &Document,
        phase: Phase,
    ) -> (Vec<(usize, &'static str, i64)>, Vec<(usize, usize, i64)>) {
        let (mut ops, mut postings) = (Vec::new(), Vec::new());
        let phases: &[Phase] = if phase == Phase::Now {
            &[Phase::Reserve, Phase::Final]
        } else {
            &[phase]
        };
        for (phase, line) in phases
            .iter()
            .flat_map(|p| document.lines.iter().map(move |l| (*p, l)))
        {
            let amount = |of| match of {
                Of::Line => line.amount,
                Of::Planned => line.planned,
                Of::Procurable => line.procurable,
            };
            let row = |books: &mut Self, ledger, to| {
                let mut dims = if to {
                    line.to.clone()
                } else {
                    line.dims.clone()
                };
                if let Some(month) = line.month {
                    dims.insert("month".into(), format!("{month:02}"));
                }
                books.row(ledger, &document.division, &dims)
            };
            let consume = match phase {
                Phase::Reserve => Some(("reserve_consume", "promise")),
                Phase::Final => Some(("consume", "grant")),
                Phase::Release => Some(("release", "unpromise")),
                Phase::Pass | Phase::Now => None,
            };
            let Some((consume, grant)) = consume else {
                continue;
            };
            // What is granted and consumed by one document must be granted first.
            let late = kind.name == "opening";
            for (ledger, to, of) in kind.consumes.iter().filter(|_| !late) {
                ops.push((row(self, ledger, *to), consume, amount(*of)));
            }
            for (ledger, to) in kind.cuts {
                let cut = match phase {
                    Phase::Reserve => "reserve_cut",
                    Phase::Final => "cut",
                    _ => "release",
                };
                ops.push((row(self, ledger, *to), cut, line.amount));
            }
            for (ledger, to) in kind.restores.iter().filter(|_| phase == Phase::Final) {
                ops.push((row(self, ledger, *to), "restore", line.amount));
            }
            for (ledger, to, of) in kind.grants {
                ops.push((row(self, ledger, *to), grant, amount(*of)));
            }
            if phase != Phase::Final {
                continue;
            }
            let used_up = kind
                .used_up
                .iter()
                .map(|(ledger, to)| (*ledger, *to, Of::Line));
            for (ledger, to, of) in used_up.chain(kind.consumes.iter().copied().filter(|_| late)) {
                let row = row(self, ledger, to);
                ops.push((row, "hold_and_consume", amount(of)));
            }
            for (debit, credit, of) in kind.postings {
                let to = |ledger: &str| {
                    if kind.restores.iter().any(|(l, t)| *l == ledger && *t) {
                        return true;
                    }
                    kind.grants
                        .iter()
                        .chain(kind.consumes)
                        .any(|(l, t, _)| *l == ledger && *t)
                };
                let counter_to = kind.name == "indicator_issue";
                let d = row(self, debit, to(debit) || (*debit == "CPL" && counter_to));
                // Moved within a ledger: credited where it leaves.
                let c_to = to(credit) && debit != credit;
                let c = row(self, credit, c_to || (*credit == "CPL" && counter_to));
                postings.push((d, c, amount(*of)));
            }
        }
        (expand(ops), postings)
    }

    pub fn apply(&mut self, row: usize, operation: &str, m: i64) {
        let [approved, used, decreasing, increasing, ..] = &mut self.rows[row].sums;
        match operation {
            "reserve_consume" | "reserve_cut" => *decreasing += m,
            "cut" => (*decreasing, *approved) = (*decreasing - m, *approved - m),
            "restore" => *used -= m,
            "consume" => (*decreasing, *used) = (*decreasing - m, *used + m),
            "release" => *decreasing -= m,
            "promise" => *increasing += m,
            "unpromise" => *increasing -= m,
            "grant" => (*increasing, *approved) = (*increasing - m, *approved + m),
            other => panic!("operation {other}"),
        }
    }
}

/// What is used up at once is held and consumed.
fn expand(ops: Vec<(usize, &'static str, i64)>) -> Vec<(usize, &'static str, i64)> {
    let mut all = Vec::new();
    for (row, operation, amount) in ops {
        if operation == "hold_and_consume" {
            all.push((row, "reserve_consume", amount));
            all.push((row, "consume", amount));
        } else {
            all.push((row, operation, amount));
        }
    }
    all
}
