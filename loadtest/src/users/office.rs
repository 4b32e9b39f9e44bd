//! Documents that begin at a desk: the business office issues indicators and takes back what is not needed, the
//! department moves between projects, the treasury settles what was paid.

use std::time::Instant;

use super::papers::{Base, NewDocument, NewLine};
use super::session::Session;
use crate::book::{Kind, Line};
use crate::measure::Action;
use crate::money;
use crate::wire::{QuotaPage, parse};
use crate::world::{Ledger, RowKey};

/// Rows of one settlement, at most.
const SETTLED_MAX: usize = 10;

impl Session {
    /// Begins a document if this desk does so and now is the time. True when a request was made.
    pub(super) async fn originates(&mut self, due: Instant) -> bool {
        // The first desk of an office begins documents, the second reviews them.
        let kinds: &[Kind] = match (self.seat.role, self.seat.number % 2) {
            ("business_office", 0) => &[Kind::Issue, Kind::Reduction],
            ("dept_reviewer", 0) => &[Kind::Virement],
            ("treasury_office", _) => &[Kind::Settlement],
            _ => &[],
        };
        if kinds.is_empty() {
            return false;
        }
        let mut drawn = self.choice.fraction();
        for kind in kinds {
            let share = self.stage.plan.begins(kind.name());
            if drawn < share {
                match kind {
                    Kind::Settlement => self.settle_paid(due).await,
                    Kind::Reduction => self.reduce(due).await,
                    Kind::Virement => self.move_between(due).await,
                    _ => self.issue(due).await,
                }
                return true;
            }
            drawn -= share;
        }
        false
    }

    /// Issues one to five thousand yuan to an indicator of the team's agency, out of the division's pool.
    async fn issue(&mut self, due: Instant) {
        let stage = self.stage.clone();
        let world = &stage.world;
        let Some(row) = self.some_indicator() else {
            return;
        };
        let amount = self.choice.between(100_000, 500_000) as i64;
        let mut to = String::new();
        world.push_dims(&mut to, row);
        let mut pool = String::new();
        world.push_dims(&mut pool, world.pool_of(row));
        let body = NewDocument {
            kind: Kind::Issue,
            transition: "submit",
            division: world.divisions[self.seat.division as usize].code,
            fiscal_year: world.recipe.fiscal_year,
            agency: None,
            fields: r#"{"purpose":"示例：追加","project_status":"executing"}"#.into(),
            month: None,
            lines: vec![NewLine {
                amount,
                base: Base::Dims(pool),
                to: Some(to),
            }],
        }
        .body();
        self.create(
            Action::IssueSubmit,
            Kind::Issue,
            &[Line { amount, row }],
            body,
            due,
        )
        .await;
    }

    /// Takes ten to a hundred yuan of an indicator back into the pool that it was issued from.
    async fn reduce(&mut self, due: Instant) {
        let stage = self.stage.clone();
        let Some(row) = self.some_indicator() else {
            return;
        };
        let amount = self.choice.between(1_000, 10_000) as i64;
        let mut from = String::new();
        stage.world.push_dims(&mut from, row);
        let mut pool = String::new();
        stage.world.push_dims(&mut pool, stage.world.pool_of(row));
        // The receiving side begins as a copy of the line's own: what the pool does not have is taken out.
        let mut to = pool.trim_end_matches('}').to_owned();
        to.push_str(r#","pro_code":"","gov_econ":""}"#);
        let body = self.moving(Kind::Reduction, amount, from, to);
        let lines = [Line { amount, row }];
        self.create(Action::ReductionSubmit, Kind::Reduction, &lines, body, due)
            .await;
    }

    /// Moves ten to two thousand yuan from one indicator of the team to another.
    async fn move_between(&mut self, due: Instant) {
        let stage = self.stage.clone();
        let (Some(from), Some(to)) = (self.some_indicator(), self.some_indicator()) else {
            return;
        };
        if from == to {
            return self.idle(due).await;
        }
        let amount = self.choice.between(1_000, 200_000) as i64;
        let (mut leaves, mut arrives) = (String::new(), String::new());
        stage.world.push_dims(&mut leaves, from);
        stage.world.push_dims(&mut arrives, to);
        let body = self.moving(Kind::Virement, amount, leaves, arrives);
        let lines = [
            Line {
                amount: -amount,
                row: from,
            },
            Line { amount, row: to },
        ];
        self.create(Action::VirementSubmit, Kind::Virement, &lines, body, due)
            .await;
    }

    /// The body of a document of one line from one row to another.
    fn moving(&self, kind: Kind, amount: i64, from: String, to: String) -> String {
        let world = &self.stage.world;
        NewDocument {
            kind,
            transition: "submit",
            division: world.divisions[self.seat.division as usize].code,
            fiscal_year: world.recipe.fiscal_year,
            agency: None,
            fields: r#"{"purpose":"示例：调整"}"#.into(),
            month: None,
            lines: vec![NewLine {
                amount,
                base: Base::Dims(from),
                to: Some(to),
            }],
        }
        .body()
    }

    /// An indicator of one of the team's agencies.
    fn some_indicator(&mut self) -> Option<RowKey> {
        let index = self.seat.some_agency(&mut self.choice);
        let count = self.stage.world.agencies[index as usize].indicators;
        let indicator = (count > 0).then(|| self.choice.below(u64::from(count)) as u32)?;
        Some(RowKey::of_indicator(Ledger::Ind, index, indicator))
    }

    /// Settles a few rows of what was paid and not settled; without rows, reads them first.
    async fn settle_paid(&mut self, due: Instant) {
        if self.rows.is_empty() {
            return self.read_paid(due).await;
        }
        // What is settled now is no longer open, so the rows are read anew next time.
        let rows: Vec<_> = std::mem::take(&mut self.rows)
            .into_iter()
            .take(SETTLED_MAX)
            .collect();
        let total: i64 = rows.iter().map(|r| r.available).sum();
        let world = &self.stage.world;
        let body = NewDocument {
            kind: Kind::Settlement,
            transition: "match",
            division: world.divisions[self.seat.division as usize].code,
            fiscal_year: world.recipe.fiscal_year,
            agency: None,
            fields: format!(r#"{{"receipts_total":"{}"}}"#, money::text(total)),
            month: Some(12),
            lines: rows
                .iter()
                .map(|r| NewLine {
                    amount: r.available,
                    base: Base::Row(r.id),
                    to: None,
                })
                .collect(),
        }
        .body();
        let lines: Vec<Line> = rows
            .iter()
            .map(|r| Line {
                amount: r.available,
                row: r.key.in_ledger(Ledger::Ind),
            })
            .collect();
        self.create(Action::SettlementMatch, Kind::Settlement, &lines, body, due)
            .await;
    }

    /// What one of the team's agencies has paid and not settled.
    async fn read_paid(&mut self, due: Instant) {
        let agency = self.seat.some_agency(&mut self.choice);
        let path = self.quotas_path(agency, "&ledger=PAY");
        let Some(answer) = self.read(Action::ReadQuotas, &path, due).await else {
            return;
        };
        if let Ok(page) = parse::<QuotaPage<'_>>("quotas", &answer.body) {
            self.keep_rows(&page, &[Ledger::Pay]);
        }
    }
}
