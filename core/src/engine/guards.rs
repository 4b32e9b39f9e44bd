//! Required fields and guards (必填项与条件), judged outside of all locks.

use crate::catalog::document::TransitionRule;
use crate::catalog::guard::{ActorFacts, DocumentFacts, GuardContext, LineFacts, Today};
use crate::clock::Day;
use crate::engine::actor::Actor;
use crate::engine::choose::{Bags, Subject};
use crate::engine::error::FormError;
use hubu_kernel::actor::{ActorName, share_a_person};
use hubu_kernel::document::Line;
use hubu_kernel::money::{Cents, Total};
use hubu_kernel::rejection::Rejection;
use std::cell::Cell;

/// What a step's guards and required fields say about a document with `fields`.
pub(crate) struct Facts<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) step: &'a TransitionRule,
    pub(crate) actor: &'a Actor,
    pub(crate) agency: &'a str,
    pub(crate) creator: &'a str,
    pub(crate) previous: &'a str,
    pub(crate) lines: &'a [Line],
    pub(crate) now_ms: u64,
}

impl Facts<'_> {
    /// Required fields, then guards, in order; `Ok(Err(_))` is a refusal.
    pub(crate) fn judge(&self) -> Result<Result<(), Rejection>, FormError> {
        let has = |id| crate::catalog::key::find(self.subject.header, id).is_some();
        if let Some(field) = self.step.requires.iter().find(|id| !has(**id)) {
            return Ok(Err(Rejection::FieldMissing { field: *field }));
        }
        if self.step.guards.is_empty() {
            return Ok(Ok(()));
        }
        let total: Total = self.lines.iter().map(|l| Total::from(l.amount.0)).sum();
        let Ok(amount) = i64::try_from(total) else {
            return Ok(Err(Rejection::Overflow));
        };
        let needs_lines = self.step.guards.iter().any(|guard| guard.needs_lines);
        let lines = if needs_lines { self.lines } else { &[] };
        let bags: Vec<Bags> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| self.subject.bags(at, line))
            .collect::<Result<_, _>>()?;
        let facts: Vec<LineFacts<'_>> = lines
            .iter()
            .zip(&bags)
            .map(|(line, bags)| LineFacts {
                amount: line.amount,
                month: line.month,
                line: &bags.line,
                to: &bags.to,
                fields: &line.fields,
            })
            .collect();
        self.judge_guards(&facts, Cents(amount))
    }

    /// A person as guards compare them with who acts: a delegate is both themselves and the delegator, so whoever has a
    /// person in common with the actor goes by the actor's name.
    fn as_told<'n>(&'n self, name: &'n str) -> &'n str {
        if share_a_person(name, &self.actor.name) {
            self.actor.named().person
        } else {
            ActorName::of(name).person
        }
    }

    fn judge_guards(
        &self,
        lines: &[LineFacts<'_>],
        amount: Cents,
    ) -> Result<Result<(), Rejection>, FormError> {
        let fault = Cell::new(None);
        let has = |line, id, value: &str| {
            let has = self.subject.line_has(line, id, value);
            has.unwrap_or_else(|error| {
                fault.set(Some(error));
                false
            })
        };
        let all = self.lines;
        let Day { year, month, day } = Day::in_beijing(self.now_ms);
        let context = GuardContext {
            catalog: self.subject.catalog,
            kind: self.subject.kind,
            document: DocumentFacts {
                division: self.subject.division,
                year: self.subject.year,
                agency: self.agency,
                creator: self.as_told(self.creator),
                previous: self.as_told(self.previous),
                amount,
                fields: self.subject.header,
            },
            lines,
            every_line_has: &|id, value| all.iter().enumerate().all(|line| has(line, id, value)),
            actor: ActorFacts {
                id: self.actor.named().person,
                division: self.actor.division,
                agency: self.actor.agency.as_deref().unwrap_or_default(),
                dept: self.actor.dept.as_deref().unwrap_or_default(),
            },
            today: Today { year, month, day },
        };
        for (at, guard) in self.step.guards.iter().enumerate() {
            // A guard that can't be judged counts as not holding.
            if !guard.eval(&context).unwrap_or(false) {
                let failed = Err(Rejection::GuardFailed { guard: at as u16 });
                // What can't be looked at is no reason to refuse: the command is not well formed.
                return fault.take().map_or(Ok(failed), Err);
            }
        }
        Ok(Ok(()))
    }
}
