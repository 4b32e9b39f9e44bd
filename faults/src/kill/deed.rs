//! Commands, with what must come of them; one alone or many in a batch.

use super::answer::{Batch, Moved, Part, Problem};
use super::cast::{Cast, Who};
use super::money::Effect;
use hubu_testkit::{Reply, Wire};
use serde_json::{Value, json};
use std::io;

/// A step of a document type: what the feed calls it and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) state: &'static str,
}

const fn payment(name: &'static str, state: &'static str) -> Step {
    Step {
        kind: "payment",
        name,
        state,
    }
}

pub(super) static MOVE: Step = Step {
    kind: "quick_virement",
    name: "move",
    state: "moved",
};
pub(super) static SUBMIT: Step = payment("submit", "submitted");
pub(super) static WITHDRAW: Step = payment("withdraw", "draft");
pub(super) static REJECT: Step = payment("reject", "draft");
pub(super) static REVIEW: Step = payment("review", "agency_reviewed");
pub(super) static SIGN: Step = payment("sign", "signed");
pub(super) static SEAL: Step = payment("seal", "sealed");
pub(super) static SEND: Step = payment("send", "sent");
pub(super) static RECEIPT: Step = payment("receipt", "paid");

/// What is asked.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// A new document.
    Enter(Value),
    /// A step with a document, and the fields that it brings.
    Act(u64, Value),
}

/// What must come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The step is taken: the document's version then, and what it does to rows.
    Done(u32, Effect),
    /// It is refused for a business reason, with this code.
    Refused(&'static str),
}

/// A command.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    /// Its place in the request that it first came with, which names its key.
    pub(super) place: usize,
    pub(super) step: &'static Step,
    pub(super) ask: Ask,
    pub(super) due: Due,
}

impl Deed {
    /// Without its place, which the request gives to it.
    pub(super) fn new(step: &'static Step, ask: Ask, due: Due) -> Deed {
        Deed {
            place: 0,
            step,
            ask,
            due,
        }
    }

    fn in_batch(&self, key: &str) -> Value {
        match &self.ask {
            Ask::Enter(body) => json!({"key": key, "create": body}),
            Ask::Act(document, fields) => {
                let (document, step) = (document.to_string(), self.step.name);
                json!({"key": key, "act": {"document": document, "transition": step, "fields": fields}})
            }
        }
    }
}

/// How commands are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One, by itself.
    Single,
    /// Each for itself.
    Each,
    /// All or none.
    Atomic,
}

/// One request of one person. Its number makes the keys of its commands and its trace, which the feed tells.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) number: u64,
    pub(super) who: Who,
    pub(super) form: Form,
    pub(super) deeds: Vec<Deed>,
}

/// What was heard of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Done(Moved),
    /// With a sequence number it was decided so.
    Refused(Problem),
    /// Another command of its atomic batch was refused, so it was not decided.
    Undone,
    /// The answer leaves open what came of it.
    Open,
}

impl Request {
    pub(super) fn key(&self, deed: &Deed) -> String {
        format!("{:x}-{}", self.number, deed.place)
    }

    /// Sends it under the life's trace, and answers what was heard of each command, in their order.
    pub(super) fn send(&self, wire: &mut Wire, cast: &Cast, life: u64) -> io::Result<Vec<Heard>> {
        let headers = self.headers(cast, life);
        if let (Form::Single, [deed]) = (self.form, &self.deeds[..]) {
            let headers = format!("{headers}Idempotency-Key: {}\r\n", self.key(deed));
            let (path, body) = match &deed.ask {
                Ask::Enter(body) => ("/v1/documents".into(), body.to_string()),
                Ask::Act(document, fields) => (
                    format!("/v1/documents/{document}/actions/{}", deed.step.name),
                    json!({ "fields": fields }).to_string(),
                ),
            };
            let reply = wire.ask("POST", &path, &headers, &body)?;
            return Ok(vec![single(&reply)?]);
        }
        let commands: Vec<Value> = self
            .deeds
            .iter()
            .map(|deed| deed.in_batch(&self.key(deed)))
            .collect();
        let body = json!({"atomic": self.form == Form::Atomic, "commands": commands}).to_string();
        let reply = wire.ask("POST", "/v1/batches", &headers, &body)?;
        self.parts(&reply)
    }

    fn headers(&self, cast: &Cast, life: u64) -> String {
        let (who, number) = (cast.header(self.who), self.number);
        format!("{who}traceparent: 00-{life:016x}{number:016x}-0000000000000001-01\r\n")
    }

    fn parts(&self, reply: &Reply) -> io::Result<Vec<Heard>> {
        if reply.status == 200 {
            let batch: Batch = parse(reply)?;
            if batch.results.len() != self.deeds.len() {
                return Err(io::Error::other("a batch with too few or too many results"));
            }
            return Ok(batch.results.into_iter().map(part).collect());
        }
        let problem: Problem = parse(reply)?;
        let fault = problem.index.filter(|_| problem.seq.is_some());
        let heard = |at| match fault {
            _ if problem.leaves_open() => Heard::Open,
            Some(fault) if fault != at => Heard::Undone,
            _ => Heard::Refused(Problem {
                index: None,
                ..problem.clone()
            }),
        };
        Ok((0..self.deeds.len()).map(heard).collect())
    }

    /// The same request with one of its commands alone.
    pub(super) fn only(&self, deed: &Deed) -> Request {
        let deeds = vec![deed.clone()];
        Request {
            deeds,
            form: Form::Single,
            ..*self
        }
    }
}

fn single(reply: &Reply) -> io::Result<Heard> {
    if matches!(reply.status, 200 | 201) {
        return Ok(Heard::Done(parse(reply)?));
    }
    let problem: Problem = parse(reply)?;
    Ok(if problem.leaves_open() {
        Heard::Open
    } else {
        Heard::Refused(problem)
    })
}

fn part(part: Part) -> Heard {
    match (part.answer, part.problem) {
        (Some(moved), _) => Heard::Done(moved),
        (None, Some(problem)) if !problem.leaves_open() => Heard::Refused(problem),
        (None, _) => Heard::Open,
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(reply: &'a Reply) -> io::Result<T> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        let said = String::from_utf8_lossy(&reply.body);
        io::Error::other(format!("{} with {error}: {:.300}", reply.status, said))
    })
}
