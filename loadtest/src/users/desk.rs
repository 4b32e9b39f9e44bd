//! Desks: officials who take what waits on their work list and pass it on, or send it back.

use std::str::FromStr;
use std::time::Instant;

use super::ask::{Command, Seen};
use super::papers::fields;
use super::session::Session;
use super::stage::Paper;
use crate::book::{Kind, Line, Step};
use crate::measure::Action;
use crate::money;
use crate::wire::{Document, DocumentLine, Quota, WorkPage, parse};
use crate::world::{Ledger, RowKey};

/// Documents read of a list at once. One that colleagues share is read no further: to look through a long one for what
/// is one's own would cost the server more than to come again.
const LIST: u32 = 20;

/// A document that waits on a desk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Todo {
    pub(super) document: u64,
    /// Its version when the list was read.
    pub(super) version: u32,
    pub(super) kind: Kind,
    pub(super) transition: &'static str,
}

/// What a seat does with a kind of document. Nobody takes two steps of one document in a row: the two desks of the
/// payment centre and of the business office share the work by step.
fn duty(role: &str, number: u32, kind: Kind) -> Option<&'static str> {
    match (role, number % 2, kind) {
        ("agency_reviewer", _, Kind::Payment | Kind::PayPlan) => Some("review"),
        ("agency_head", _, Kind::Payment) => Some("sign"),
        ("dept_reviewer", _, Kind::PayPlan) => Some("review"),
        ("business_office", 0, Kind::PayPlan) => Some("review"),
        ("business_office", 1, Kind::Issue | Kind::Reduction) => Some("review"),
        ("dept_reviewer", 1, Kind::Virement) => Some("review"),
        ("business_office", 0, Kind::Virement) => Some("approve"),
        ("budget_office", _, Kind::Issue) => Some("issue"),
        ("budget_office", _, Kind::Reduction) => Some("approve"),
        ("treasury_office", _, Kind::PayPlan) => Some("approve"),
        ("payment_centre", 0, Kind::Payment) => Some("seal"),
        ("payment_centre", 1, Kind::Payment) => Some("send"),
        ("agent_bank", _, Kind::Payment) => Some("receipt"),
        ("treasury_bank", _, Kind::Settlement) => Some("settle"),
        _ => None,
    }
}

/// Desks that work through lists, several documents in one request.
fn is_in_batches(role: &str) -> bool {
    matches!(
        role,
        "payment_centre" | "agent_bank" | "treasury_office" | "treasury_bank"
    )
}

impl Session {
    pub(super) async fn desk(&mut self, due: Instant) {
        if self.originates(due).await {
            return;
        }
        if let Some(todo) = self.todo.front().copied() {
            if let Some(document) = self.unknown_paper() {
                return self.learn(document, due).await;
            }
            self.is_idle = false;
            if is_in_batches(self.seat.role) {
                return self.act_on_many(due).await;
            }
            self.todo.pop_front();
            return self.act_on_one(todo, due).await;
        }
        if self.is_idle {
            self.is_idle = false;
            return self.idle(due).await;
        }
        self.fetch(due).await;
    }

    /// Reads the work list and keeps what is this desk's to do.
    async fn fetch(&mut self, due: Instant) {
        let path = format!("/v1/work?role={}&limit={LIST}", self.seat.role);
        let Some(answer) = self.read(Action::ReadWork, &path, due).await else {
            return;
        };
        let Ok(page) = parse::<WorkPage<'_>>("work", &answer.body) else {
            return;
        };
        for item in &page.items {
            let Some(kind) = Kind::named(&item.kind) else {
                continue;
            };
            let Some(transition) = duty(self.seat.role, self.seat.number, kind) else {
                continue;
            };
            let [even, odd] = [0, 1].map(|number| duty(self.seat.role, number, kind));
            let may = |name: &str| item.actions.iter().any(|a| &**a == name);
            if let (true, Ok(document)) = (may(transition), u64::from_str(&item.id))
                && self.seat.is_mine(document, even == odd)
            {
                let back = may("reject") && self.choice.fraction() < self.stage.plan.reject_share;
                self.todo.push_back(Todo {
                    document,
                    version: item.version,
                    kind,
                    transition: if back { "reject" } else { transition },
                });
            }
        }
        self.is_idle = self.todo.is_empty();
    }

    /// A waiting document that this worker did not enter itself: it must be read before it is passed on.
    pub(super) fn unknown_paper(&self) -> Option<u64> {
        let papers = self.stage.papers.lock();
        let ahead = if is_in_batches(self.seat.role) {
            self.stage.plan.batch as usize
        } else {
            1
        };
        self.todo
            .iter()
            .take(ahead)
            .find(|t| {
                let paper = papers.get(&t.document);
                paper.is_none_or(|p| self.stage.is_revised(t.kind) && p.version != t.version)
            })
            .map(|t| t.document)
    }

    /// Reads a document whose lines are not known; what cannot be understood is left alone.
    pub(super) async fn learn(&mut self, document: u64, due: Instant) {
        let answer = self
            .read(
                Action::ReadDocument,
                &format!("/v1/documents/{document}"),
                due,
            )
            .await;
        let read = match answer {
            Some(answer) => self.understand(&answer.body).await,
            None => None,
        };
        // Who was slower than another reads a document that is not the list's any more: it is not his to do.
        let is_meant = |version: u32, todo: &Todo| {
            todo.document != document
                || todo.version == version
                || !self.stage.is_revised(todo.kind)
        };
        match read {
            Some((kind, lines, version)) if self.todo.iter().all(|t| is_meant(version, t)) => {
                let mut paper = self.stage.paper(kind, &lines);
                paper.version = version;
                self.stage.papers.lock().insert(document, paper);
            }
            _ => self.todo.retain(|t| t.document != document),
        }
    }

    /// Type, lines and version of a document; `None` when it is of no type or row that the harness knows.
    async fn understand(&mut self, body: &[u8]) -> Option<(Kind, Vec<Line>, u32)> {
        let document = parse::<Document<'_>>("document", body).ok()?;
        let kind = Kind::named(&document.kind)?;
        let mut lines = Vec::with_capacity(document.lines.len());
        for line in &document.lines {
            let amount = money::parse(&line.amount)?;
            let is_to = line.to.get("pro_code").is_some_and(|code| !code.is_empty());
            if kind == Kind::Virement {
                let row = self.indicator(&document, line, false).await?;
                lines.push(Line {
                    amount: -amount,
                    row,
                });
            }
            let row = self.indicator(&document, line, is_to).await?;
            lines.push(Line { amount, row });
        }
        (!lines.is_empty()).then_some((kind, lines, document.version))
    }

    /// The indicator that a side of a line is about. One that was entered by its row is looked up, once for all users.
    async fn indicator(
        &mut self,
        document: &Document<'_>,
        line: &DocumentLine<'_>,
        is_to: bool,
    ) -> Option<RowKey> {
        let stage = self.stage.clone();
        let dims = if is_to { &line.to } else { &line.dims };
        let by_row = line.row.as_ref().filter(|_| dims.get("pro_code").is_none());
        let Some(row) = by_row else {
            let key = stage.world.key_of(Ledger::Ind, &document.division, dims)?;
            return key.indicator().map(|_| key);
        };
        let id = u64::from_str(row).ok()?;
        if let Some(key) = stage.rows.lock().get(&id) {
            return Some(*key);
        }
        let path = format!("/v1/quotas/{id}");
        let answer = self.read(Action::ReadQuotas, &path, Instant::now()).await?;
        let row = parse::<Quota<'_>>("quota", &answer.body).ok()?;
        let key = stage.world.key_of(Ledger::Ind, &row.division, &row.dims)?;
        key.indicator()?;
        stage.rows.lock().insert(id, key);
        Some(key)
    }

    async fn act_on_one(&mut self, todo: Todo, due: Instant) {
        let Some(paper) = self.stage.papers.lock().get(&todo.document).copied() else {
            return;
        };
        let Some(action) = Action::of(action_kind(todo), todo.transition) else {
            return;
        };
        let fields = fields(paper.kind, todo.transition, todo.document, paper.amount);
        let command = self.act(todo, paper, format!(r#"{{"fields":{fields}}}"#));
        let path = format!(
            "/v1/documents/{}/actions/{}",
            todo.document, todo.transition
        );
        self.command(action, &path, command, due).await;
    }

    async fn act_on_many(&mut self, due: Instant) {
        let mut commands = Vec::new();
        let mut action = None;
        while commands.len() < self.stage.plan.batch as usize {
            let Some(todo) = self.todo.pop_front() else {
                break;
            };
            let Some(paper) = self.stage.papers.lock().get(&todo.document).copied() else {
                continue;
            };
            if todo.transition != "reject" || action.is_none() {
                action = Action::of(action_kind(todo), todo.transition);
            }
            let fields = fields(paper.kind, todo.transition, todo.document, paper.amount);
            let (document, transition) = (todo.document, todo.transition);
            let at = if self.stage.is_revised(todo.kind) {
                format!(r#""if_match":{},"#, todo.version)
            } else {
                String::new()
            };
            let body = format!(
                r#"{{"document":"{document}","transition":"{transition}",{at}"fields":{fields}}}"#
            );
            commands.push(self.act(todo, paper, body));
        }
        if let (Some(action), false) = (action, commands.is_empty()) {
            self.batch(action, commands, due).await;
        }
    }

    fn act(&self, todo: Todo, paper: Paper, body: String) -> Command {
        let step: Step = paper.kind.step(todo.transition);
        let key = self.stage.book.lock().begin(paper.kind, step, paper.lines);
        Command {
            key,
            paper,
            step,
            verb: "act",
            body,
            seen: Some(Seen {
                document: todo.document,
                version: todo.version,
            }),
        }
    }
}

fn action_kind(todo: Todo) -> &'static str {
    todo.kind.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duty_is_an_action_that_is_counted() {
        let roles = crate::plan::SEATS.map(|(role, _)| role);
        let mut duties = 0;
        for role in roles {
            for (number, kind) in (0..2).flat_map(|n| Kind::ALL.map(|k| (n, k))) {
                if let Some(transition) = duty(role, number, kind) {
                    assert!(
                        Action::of(kind.name(), transition).is_some(),
                        "{role} {kind:?} {transition}"
                    );
                    duties += 1;
                }
            }
        }
        assert!(duties > 10);
    }
}
