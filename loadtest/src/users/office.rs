//! Documents that begin at a desk: the business office issues indicators, the treasury settles what was paid.

use std::time::Instant;

use super::papers::{Base, NewDocument, NewLine};
use super::session::Session;
use crate::book::{Kind, Line};
use crate::measure::Action;
use crate::money;
use crate::wire::{QuotaPage, parse};
use crate::world::{Ledger, RowKey};

/// How often a desk begins something of its own instead of taking from its list.
const SHARE: f64 = 0.25;
/// Rows of one settlement, at most.
const SETTLED_MAX: usize = 10;

impl Session {
    /// Begins a document if this desk does so and now is the time. True when a request was made.
    pub(super) async fn originates(&mut self, due: Instant) -> bool {
        let begins = match self.seat.role {
            "business_office" => self.seat.number.is_multiple_of(2),
            "treasury_office" => true,
            _ => false,
        };
        if !begins || self.choice.fraction() >= SHARE {
            return false;
        }
        if self.seat.role == "treasury_office" {
            self.settle_paid(due).await
        } else {
            self.issue(due).await
        }
        true
    }

    /// Issues one to five thousand yuan to an indicator of the team's agency, out of the division's pool.
    async fn issue(&mut self, due: Instant) {
        let stage = self.stage.clone();
        let world = &stage.world;
        let index = self.seat.some_agency(&mut self.choice);
        let agency = &world.agencies[index as usize];
        if agency.indicators == 0 {
            return;
        }
        let indicator = self.choice.below(u64::from(agency.indicators)) as u32;
        let row = RowKey::of_indicator(Ledger::Ind, index, indicator);
        let amount = self.choice.between(100_000, 500_000) as i64;
        let mut to = String::new();
        world.push_dims(&mut to, row);
        let mut pool = String::new();
        world.push_dims(&mut pool, world.pool_of(row));
        let body = NewDocument {
            kind: Kind::Issue,
            transition: "submit",
            division: world.division_of(agency).code,
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
