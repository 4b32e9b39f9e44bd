//! What clerks do in a season: the payroll into one row, and plans that came back and go again.

use std::str::FromStr;
use std::time::Instant;

use super::ask::{Command, Seen};
use super::clerk::{MONTH, PAYMENT, TO};
use super::desk::Todo;
use super::papers::{Base, NewDocument, NewLine, push_lines};
use super::session::Session;
use crate::book::{Kind, Line, Step};
use crate::measure::Action;
use crate::wire::{WorkPage, parse};
use crate::world::Ledger;

impl Session {
    /// 发放工资: as many payments as the plan's batch holds, in one request and all of the agency's first row.
    pub(super) async fn pay_out(&mut self, due: Instant) {
        let is_hot = |r: &&super::session::KnownRow| r.key.ledger() == Ledger::Ind;
        let Some(row) = self
            .rows
            .iter()
            .filter(is_hot)
            .min_by_key(|r| r.key)
            .copied()
        else {
            return self.read_own_rows(due).await;
        };
        let stage = self.stage.clone();
        let agency = &stage.world.agencies[self.seat.agency as usize];
        let mut commands = Vec::with_capacity(stage.plan.batch as usize);
        for _ in 0..stage.plan.batch {
            // Ten to a hundred yuan: a row lasts for a few thousand of them.
            let amount = self.choice.between(1_000, 10_000) as i64;
            let body = NewDocument {
                kind: Kind::Payment,
                transition: "submit",
                division: stage.world.division_of(agency).code,
                fiscal_year: stage.world.recipe.fiscal_year,
                agency: Some(&agency.code),
                fields: PAYMENT.into(),
                month: Some(MONTH),
                lines: vec![NewLine {
                    amount,
                    base: Base::Row(row.id),
                    to: Some(TO.into()),
                }],
            };
            let row = row.key.in_ledger(Ledger::Ind);
            let paper = stage.paper(Kind::Payment, &[Line { amount, row }]);
            let key = stage
                .book
                .lock()
                .begin(Kind::Payment, Step::Reserve, paper.lines);
            commands.push(Command {
                key,
                paper,
                step: Step::Reserve,
                verb: "create",
                body: body.body(),
                seen: None,
            });
        }
        self.batch(Action::PaymentPayroll, commands, due).await;
    }

    /// Takes a plan that was sent back, changes its amounts, submits it again; looks for some when none is at hand.
    pub(super) async fn revise(&mut self, due: Instant) {
        let Some(todo) = self.todo.front().copied() else {
            return self.find_returned(due).await;
        };
        if let Some(document) = self.unknown_paper() {
            return self.learn(document, due).await;
        }
        self.todo.pop_front();
        let stage = self.stage.clone();
        let Some(old) = stage.papers.lock().get(&todo.document).copied() else {
            return;
        };
        let rows: Vec<_> = stage
            .book
            .lock()
            .lines(old.lines)
            .iter()
            .map(|l| l.row)
            .collect();
        let (mut lines, mut wanted) = (Vec::new(), Vec::new());
        for row in rows {
            let amount = self.choice.between(1_000, 200_000) as i64;
            let mut dims = String::new();
            stage.world.push_dims(&mut dims, row);
            wanted.push(NewLine {
                amount,
                base: Base::Dims(dims),
                to: None,
            });
            lines.push(Line { amount, row });
        }
        let mut body = String::from(r#"{"fields":{},"lines":"#);
        push_lines(&mut body, &wanted, Some(MONTH));
        body.push('}');
        let paper = stage.paper(Kind::PayPlan, &lines);
        let key = stage
            .book
            .lock()
            .begin(Kind::PayPlan, Step::Reserve, paper.lines);
        let command = Command {
            key,
            paper,
            step: Step::Reserve,
            verb: "act",
            body,
            seen: Some(Seen {
                document: todo.document,
                version: todo.version,
            }),
        };
        let path = format!("/v1/documents/{}/actions/submit", todo.document);
        self.command(Action::PlanRevise, &path, command, due).await;
    }

    /// Reads which plans came back.
    async fn find_returned(&mut self, due: Instant) {
        let path = "/v1/work?role=agency_clerk&type=pay_plan&limit=20";
        let Some(answer) = self.read(Action::ReadWork, path, due).await else {
            return;
        };
        let Ok(page) = parse::<WorkPage<'_>>("work", &answer.body) else {
            return;
        };
        for item in &page.items {
            let is_back = item.actions.iter().any(|a| &**a == "submit");
            if let (true, Ok(document)) = (is_back, u64::from_str(&item.id)) {
                self.todo.push_back(Todo {
                    document,
                    version: item.version,
                    kind: Kind::PayPlan,
                    transition: "submit",
                });
            }
        }
    }
}
