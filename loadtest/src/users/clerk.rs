//! 单位经办: enters payments and plans against the agency's own indicators, and looks at them in between.

use std::time::Instant;

use super::ask::Command;
use super::papers::{Base, NewDocument, NewLine};
use super::session::{KnownRow, Session};
use crate::book::{Kind, Line, Step};
use crate::measure::Action;
use crate::plan::CLERK;
use crate::world::Ledger;

/// Payments and plans are for December: payments may use what is planned up to then, and plans are never in the past.
pub(super) const MONTH: u8 = 12;
/// What a payment of the world says.
pub(super) const PAYMENT: &str = r#"{"purpose":"示例：办公用品","payee":"示例供应商","payee_account":"0000000001","payee_match":true}"#;
/// 部门经济分类 of payments: one, so that an indicator has one PAY row.
pub(super) const TO: &str = r#"{"dept_econ":"30201"}"#;

impl Session {
    pub(super) async fn clerk(&mut self, due: Instant) {
        match self.choose(&CLERK, |stage, name| {
            stage.plan.clerk.get(name).copied().unwrap_or(0)
        }) {
            "payment" => self.enter(Kind::Payment, Ledger::Ind, due).await,
            "payroll" => self.pay_out(due).await,
            "revise" => self.revise(due).await,
            "pay_plan" => self.enter(Kind::PayPlan, Ledger::Indp, due).await,
            "read_document" => self.read_document(due).await,
            "read_work" => self.read_work(due).await,
            _ => self.read_quotas(due).await,
        }
    }

    /// Enters a document against one of the agency's rows; without rows, reads them first.
    async fn enter(&mut self, kind: Kind, ledger: Ledger, due: Instant) {
        let found = self
            .rows
            .iter()
            .filter(|r| r.key.ledger() == ledger)
            .count();
        if found == 0 {
            return self.read_own_rows(due).await;
        }
        let lines = if kind == Kind::Payment && self.choice.fraction() < 0.2 {
            2
        } else {
            1
        };
        let mut wanted = Vec::with_capacity(lines);
        for _ in 0..lines {
            let at = self.choice.below(found as u64) as usize;
            let Some(row) = self
                .rows
                .iter()
                .filter(|r| r.key.ledger() == ledger)
                .nth(at)
                .copied()
            else {
                continue;
            };
            // Ten to two thousand yuan, to the fen.
            let amount = self.choice.between(1_000, 200_000) as i64;
            wanted.push((row, amount));
        }
        self.submit(kind, wanted, due).await;
    }

    async fn submit(&mut self, kind: Kind, wanted: Vec<(KnownRow, i64)>, due: Instant) {
        let stage = self.stage.clone();
        let agency = &stage.world.agencies[self.seat.agency as usize];
        let is_payment = kind == Kind::Payment;
        let to = || is_payment.then(|| TO.to_owned());
        let fields = if is_payment {
            PAYMENT
        } else {
            r#"{"purpose":"示例：月度计划"}"#
        };
        let body = NewDocument {
            kind,
            transition: "submit",
            division: stage.world.division_of(agency).code,
            fiscal_year: stage.world.recipe.fiscal_year,
            agency: Some(&agency.code),
            fields: fields.into(),
            month: Some(MONTH),
            lines: wanted
                .iter()
                .map(|(row, amount)| NewLine {
                    amount: *amount,
                    base: Base::Row(row.id),
                    to: to(),
                })
                .collect(),
        }
        .body();
        let lines: Vec<Line> = wanted
            .iter()
            .map(|(row, amount)| Line {
                amount: *amount,
                row: row.key.in_ledger(Ledger::Ind),
            })
            .collect();
        let action = if is_payment {
            Action::PaymentSubmit
        } else {
            Action::PlanSubmit
        };
        self.create(action, kind, &lines, body, due).await;
    }

    /// Sends a new document that submits itself.
    pub(super) async fn create(
        &mut self,
        action: Action,
        kind: Kind,
        lines: &[Line],
        body: String,
        due: Instant,
    ) {
        let paper = self.stage.paper(kind, lines);
        let key = self
            .stage
            .book
            .lock()
            .begin(kind, Step::Reserve, paper.lines);
        let command = Command {
            key,
            paper,
            step: Step::Reserve,
            verb: "create",
            body,
            seen: None,
        };
        self.command(action, "/v1/documents", command, due).await;
    }
}
