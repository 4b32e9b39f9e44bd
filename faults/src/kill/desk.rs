//! Desks: a clerk submits payments with several lines, and they are left, withdrawn, rejected, or paid step by step.

use super::cast::{AGENCIES, COUNTY, Who, agency};
use super::client::Client;
use super::deed::{
    Ask, Deed, Due, Form, Heard, RECEIPT, REJECT, REVIEW, SEAL, SEND, SIGN, SUBMIT, Step, WITHDRAW,
};
use super::money::{Effect, yuan};
use super::mover::TOO_MUCH;
use serde_json::{Value, json};

const LINES_MAX: usize = 4;
/// Payments that go the same way together.
const TOGETHER_MAX: usize = 6;

/// A payment that was submitted.
struct Payment {
    document: u64,
    fen: i64,
}

/// Some payments of one agency, from their submission to where they end.
pub(super) fn turn(client: &mut Client<'_>) -> Option<()> {
    let agency = client.draw.below(AGENCIES);
    if client.draw.once_in(8) {
        let deed = Deed::new(
            &SUBMIT,
            Ask::Enter(body(client, agency, &[TOO_MUCH])),
            Due::Refused("insufficient"),
        );
        client.send(Who::Clerk(agency), Form::Single, vec![deed])?;
    }
    let mut story = Story {
        agency,
        version: 0,
        payments: Vec::new(),
    };
    story.submit(client)?;
    match client.draw.below(8) {
        0 => Some(()),
        1..=3 => story.withdraw(client),
        4 => story.step(
            client,
            Who::Reviewer(agency),
            &REJECT,
            &|_| json!({"reason": "no"}),
        ),
        _ => story.pay(client),
    }
}

struct Story {
    agency: usize,
    version: u32,
    payments: Vec<Payment>,
}

impl Story {
    fn submit(&mut self, client: &mut Client<'_>) -> Option<()> {
        let count = 1 + client.draw.below(TOGETHER_MAX);
        let mut sums = Vec::new();
        let mut deeds = Vec::new();
        for _ in 0..count {
            let lines = 1 + client.draw.below(LINES_MAX);
            let lines: Vec<i64> = (0..lines)
                .map(|_| 1 + client.draw.below(5_000) as i64)
                .collect();
            let fen = lines.iter().sum();
            let effect = Effect::Reserve {
                agency: self.agency,
                fen,
            };
            let ask = Ask::Enter(body(client, self.agency, &lines));
            deeds.push(Deed::new(&SUBMIT, ask, Due::Done(1, effect)));
            sums.push(fen);
        }
        let form = form(client, count);
        let heard = client.send(Who::Clerk(self.agency), form, deeds)?;
        self.version = 1;
        for (heard, fen) in heard.into_iter().zip(sums) {
            // Anything else was complained of already.
            let Heard::Done(moved) = heard else {
                return None;
            };
            self.payments.push(Payment {
                document: moved.id,
                fen,
            });
        }
        Some(())
    }

    /// Takes one step with all payments.
    fn step(
        &mut self,
        client: &mut Client<'_>,
        who: Who,
        step: &'static Step,
        fields: &dyn Fn(&Payment) -> Value,
    ) -> Option<()> {
        self.version += 1;
        let agency = self.agency;
        let deed = |payment: &Payment| {
            let fen = payment.fen;
            let effect = match step.name {
                "withdraw" | "reject" => Effect::Release { agency, fen },
                "receipt" => Effect::Pay { agency, fen },
                _ => Effect::Nothing,
            };
            let ask = Ask::Act(payment.document, fields(payment));
            Deed::new(step, ask, Due::Done(self.version, effect))
        };
        let deeds = self.payments.iter().map(deed).collect();
        let form = form(client, self.payments.len());
        client.send(who, form, deeds).map(drop)
    }

    /// Withdrawn, and in vain reviewed after that.
    fn withdraw(&mut self, client: &mut Client<'_>) -> Option<()> {
        self.step(client, Who::Clerk(self.agency), &WITHDRAW, &|_| json!({}))?;
        if client.draw.once_in(2) {
            let ask = Ask::Act(
                self.payments.first()?.document,
                json!({"alerts_blocking": 0}),
            );
            let deed = Deed::new(&REVIEW, ask, Due::Refused("wrong_state"));
            client.send(Who::Reviewer(self.agency), Form::Single, vec![deed])?;
        }
        Some(())
    }

    fn pay(&mut self, client: &mut Client<'_>) -> Option<()> {
        self.step(
            client,
            Who::Reviewer(self.agency),
            &REVIEW,
            &|_| json!({"alerts_blocking": 0}),
        )?;
        self.step(
            client,
            Who::Head(self.agency),
            &SIGN,
            &|_| json!({"alerts_unattached": 0}),
        )?;
        self.step(
            client,
            Who::Sealer,
            &SEAL,
            &|_| json!({"certificate_valid": true}),
        )?;
        let order = |payment: &Payment| format!("order-{}", payment.document);
        self.step(
            client,
            Who::Sender,
            &SEND,
            &|payment| json!({"order_no": order(payment), "bank_reachable": true}),
        )?;
        self.step(client, Who::Bank, &RECEIPT, &|payment| {
            json!({"receipt_amount": yuan(payment.fen), "receipt_order_no": order(payment)})
        })
    }
}

/// One alone is sent alone; many as a batch of either kind.
fn form(client: &mut Client<'_>, count: usize) -> Form {
    match (count, client.draw.once_in(2)) {
        (1, _) => Form::Single,
        (_, true) => Form::Atomic,
        (_, false) => Form::Each,
    }
}

/// A payment of an agency, entered and submitted in one command.
fn body(client: &Client<'_>, place: usize, amounts: &[i64]) -> Value {
    const KINDS: [&str; LINES_MAX] = ["30201", "30202", "30203", "30204"];
    let row = &client.office.rows[place];
    let line = |(fen, kind): (&i64, &str)| json!({"amount": yuan(*fen), "row": row, "month": 3, "to": {"dept_econ": kind}});
    let lines: Vec<Value> = amounts.iter().zip(KINDS).map(line).collect();
    json!({
        "type": SUBMIT.kind, "division": COUNTY, "fiscal_year": 2026, "agency": agency(place), "transition": SUBMIT.name,
        "fields": {"purpose": "office", "payee": "Zhang", "payee_account": "6222", "payee_match": true},
        "lines": lines,
    })
}
