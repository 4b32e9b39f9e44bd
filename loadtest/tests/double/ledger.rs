//! The double's books: rows, documents, events and keys.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Lie;
use super::model::{Transition, dimensions, type_named};

pub type Dims = BTreeMap<String, String>;

#[derive(Debug, Clone, Default)]
pub struct Row {
    pub ledger: String,
    pub division: String,
    pub dims: Dims,
    /// approved, used, decreasing, increasing, debit, credit
    pub sums: [i64; 6],
}

#[derive(Debug, Clone)]
pub struct Line {
    pub amount: i64,
    pub planned: i64,
    pub procurable: i64,
    pub month: Option<u64>,
    pub dims: Dims,
    pub to: Dims,
    /// As it was entered: row, dimensions, receiving side.
    pub entered: Value,
}

#[derive(Debug, Clone)]
pub struct Document {
    pub kind: &'static str,
    pub state: &'static str,
    pub version: u32,
    pub division: String,
    pub agency: Option<String>,
    pub lines: Vec<Line>,
    pub fields: serde_json::Map<String, Value>,
    pub last: Option<String>,
}

/// Status and body.
pub type Outcome = (u16, Value);

#[derive(Clone)]
pub struct Ledger {
    pub rows: Vec<Row>,
    index: HashMap<(String, String, String), usize>,
    pub documents: Vec<Document>,
    pub events: Vec<Value>,
    keys: HashMap<String, Outcome>,
    decided: u64,
    pub lie: Lie,
    /// Every answer takes so long.
    pub pause_ms: u64,
}

pub struct Actor {
    pub sub: String,
    pub roles: Vec<String>,
    pub division: String,
    pub agency: Option<String>,
    pub dept: Option<String>,
}

pub fn fen(text: &str) -> i64 {
    let (yuan, part) = text.split_once('.').unwrap_or((text, "00"));
    yuan.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap()
}

pub fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn problem(status: u16, code: &str) -> Outcome {
    (
        status,
        json!({"type": "about:blank", "title": code, "status": status, "code": code, "detail": code}),
    )
}

impl Ledger {
    pub fn new(lie: Lie) -> Self {
        Self {
            rows: Vec::new(),
            index: HashMap::new(),
            documents: Vec::new(),
            events: Vec::new(),
            keys: HashMap::new(),
            decided: 0,
            lie,
            pause_ms: 0,
        }
    }

    /// Decides one command. The flag says that the connection is to be cut instead of answering.
    pub fn command(
        &mut self,
        key: &str,
        actor: &Actor,
        verb: &str,
        body: &Value,
    ) -> (Outcome, bool) {
        if let Some((status, answer)) = self.keys.get(key) {
            let mut answer = answer.clone();
            if self.lie == Lie::AnswerTwice && *status < 300 {
                answer["version"] = json!(answer["version"].as_u64().unwrap() + 1);
            }
            return ((*status, answer), false);
        }
        if verb == "act" && self.is_first_review(body) {
            match self.lie {
                Lie::Overtake => self.overtake(key, actor, body),
                Lie::Deny => return (problem(403, "not_allowed"), false),
                _ => {}
            }
        }
        let before = self.clone_if_lying();
        let outcome = self.decide(key, actor, verb, body);
        self.keys.insert(key.to_owned(), outcome.clone());
        if outcome.0 >= 300 {
            return (outcome, false);
        }
        let at = self.decided;
        self.decided += 1;
        self.lie_about(at, key, actor, verb, body, outcome, before)
    }

    fn is_first_review(&self, body: &Value) -> bool {
        let id = body["document"].as_str().and_then(|d| d.parse().ok());
        let document = id.and_then(|id: usize| self.documents.get(id.wrapping_sub(1)));
        document.is_some_and(|d| d.kind == "pay_plan" && d.state == "submitted")
            && body["transition"] == "review"
    }

    /// A reviewer who is not one of the run's users takes the step that is being asked for.
    fn overtake(&mut self, key: &str, actor: &Actor, body: &Value) {
        let other = Actor {
            sub: "somebody-else".into(),
            roles: actor.roles.clone(),
            division: actor.division.clone(),
            agency: actor.agency.clone(),
            dept: None,
        };
        let (status, _) = self.decide(&format!("other-{key}"), &other, "act", body);
        assert_eq!(status, 200);
    }

    fn clone_if_lying(&self) -> Option<Box<Self>> {
        matches!(self.lie, Lie::Lose { at } if at == self.decided).then(|| Box::new(self.clone()))
    }

    #[allow(clippy::too_many_arguments)]
    fn lie_about(
        &mut self,
        now: u64,
        key: &str,
        actor: &Actor,
        verb: &str,
        body: &Value,
        outcome: Outcome,
        before: Option<Box<Self>>,
    ) -> (Outcome, bool) {
        match self.lie {
            Lie::Lose { at } if at == now => {
                *self = *before.unwrap();
                self.decided = now + 1;
            }
            Lie::Double { at } if at == now => {
                let event = self.events.last().unwrap().clone();
                self.apply_event_again(&event);
                let mut event = event;
                event["seq"] = json!((self.events.len() + 1).to_string());
                self.events.push(event);
            }
            Lie::Mispost { at } if at == now => {
                let row = self.first_row_of_last();
                self.rows[row].sums[1] += 1;
            }
            Lie::MispostFeed { at } if at == now => {
                let last = self.events.last_mut().unwrap();
                let amount = fen(last["ops"][0]["amount"].as_str().unwrap());
                last["ops"][0]["amount"] = json!(yuan(amount + 1));
            }
            Lie::RefuseAndDo { at } if at == now => {
                let no = problem(409, "insufficient");
                self.keys.insert(key.to_owned(), no.clone());
                return (no, false);
            }
            Lie::StaleVersion { at } if at == now => {
                let (status, mut answer) = outcome;
                answer["version"] = json!(answer["version"].as_u64().unwrap() - 1);
                return ((status, answer), false);
            }
            Lie::CutAfter { at } if at == now => return (outcome, true),
            _ => {}
        }
        let _ = (actor, verb, body);
        (outcome, false)
    }

    fn first_row_of_last(&self) -> usize {
        let last = self.events.last().unwrap();
        last["ops"][0]["row"]
            .as_str()
            .unwrap()
            .parse::<usize>()
            .unwrap()
            - 1
    }

    fn apply_event_again(&mut self, event: &Value) {
        for op in event["ops"].as_array().unwrap() {
            let row = op["row"].as_str().unwrap().parse::<usize>().unwrap() - 1;
            self.apply(
                row,
                op["operation"].as_str().unwrap(),
                fen(op["amount"].as_str().unwrap()),
            );
        }
    }

    fn decide(&mut self, key: &str, actor: &Actor, verb: &str, body: &Value) -> Outcome {
        let (id, name, fields) = if verb == "create" {
            let Some(kind) = type_named(body["type"].as_str().unwrap_or("")) else {
                return problem(422, "unknown_type");
            };
            let lines: Vec<Line> = body["lines"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| self.read_line(line))
                .collect();
            let document = Document {
                kind: kind.name,
                state: kind.initial,
                version: 0,
                division: body["division"].as_str().unwrap().to_owned(),
                agency: body["agency"].as_str().map(str::to_owned),
                lines,
                fields: serde_json::Map::new(),
                last: None,
            };
            self.documents.push(document);
            (
                self.documents.len(),
                body["transition"].as_str().unwrap_or(""),
                &body["fields"],
            )
        } else {
            let Some(id) = body["document"]
                .as_str()
                .and_then(|d| d.parse::<usize>().ok())
            else {
                return problem(422, "no_document");
            };
            if id == 0 || id > self.documents.len() {
                return problem(404, "unknown_document");
            }
            (
                id,
                body["transition"].as_str().unwrap_or(""),
                &body["fields"],
            )
        };
        let version = self.documents[id - 1].version;
        if body["if_match"]
            .as_u64()
            .is_some_and(|v| v != u64::from(version))
        {
            return problem(412, "stale_version");
        }
        let kept = self.documents[id - 1].lines.clone();
        if let (Some(lines), "act") = (body["lines"].as_array(), verb) {
            let lines = lines.iter().map(|line| self.read_line(line)).collect();
            self.documents[id - 1].lines = lines;
        }
        let outcome = self.step(key, actor, id, name, fields);
        if outcome.0 >= 300 {
            self.documents[id - 1].lines = kept;
        }
        if outcome.0 >= 300 && verb == "create" {
            self.documents.pop();
        }
        if verb == "create" && outcome.0 == 200 {
            (201, outcome.1)
        } else {
            outcome
        }
    }

    fn step(&mut self, key: &str, actor: &Actor, id: usize, name: &str, fields: &Value) -> Outcome {
        let document = self.documents[id - 1].clone();
        let kind = type_named(document.kind).unwrap();
        let found = kind
            .transitions
            .iter()
            .find(|t| t.0 == name && t.1 == document.state);
        let Some(Transition(_, _, to, phase, role)) = found else {
            return problem(409, "wrong_state");
        };
        if !actor.roles.iter().any(|r| r == role) || actor.division != document.division {
            return problem(403, "not_allowed");
        }
        if document.last.as_deref() == Some(&actor.sub) {
            return problem(409, "separation_of_duties");
        }
        let (ops, postings) = self.effects(kind, &document, *phase);
        let before: Vec<(usize, [i64; 6])> = ops
            .iter()
            .map(|(row, ..)| (*row, self.rows[*row].sums))
            .collect();
        for (row, operation, amount) in &ops {
            let [approved, used, decreasing, ..] = self.rows[*row].sums;
            let is_held = matches!(*operation, "reserve_consume" | "reserve_cut");
            let is_short = is_held && approved - used - decreasing < *amount
                || *operation == "restore" && used < *amount;
            if is_short {
                before
                    .iter()
                    .rev()
                    .for_each(|(row, sums)| self.rows[*row].sums = *sums);
                return problem(409, "insufficient");
            }
            self.apply(*row, operation, *amount);
        }
        for (debit, credit, amount) in &postings {
            self.rows[*debit].sums[4] += amount;
            self.rows[*credit].sums[5] += amount;
        }
        let document = &mut self.documents[id - 1];
        document.state = to;
        document.version += 1;
        document.last = Some(actor.sub.clone());
        if let Some(more) = fields.as_object() {
            document.fields.extend(more.clone());
        }
        let (state, version) = (document.state, document.version);
        let seq = self.events.len() + 1;
        self.events.push(json!({
            "seq": seq.to_string(), "time": "2026-01-01T00:00:00Z", "actor": actor.sub, "kind": "decided",
            "document": id.to_string(), "type": kind.name, "transition": name, "state": state, "version": version,
            "key": key,
            "ops": ops.iter().map(|(r, o, a)| json!({"row": (r + 1).to_string(), "operation": o, "amount": yuan(*a)}))
                .collect::<Vec<_>>(),
            "postings": postings.iter().map(|(d, c, a)| json!({
                "debit": self.rows[*d].ledger, "debit_row": (d + 1).to_string(),
                "credit": self.rows[*c].ledger, "credit_row": (c + 1).to_string(), "amount": yuan(*a)}))
                .collect::<Vec<_>>(),
        }));
        (
            200,
            json!({"id": id.to_string(), "type": kind.name, "state": state, "version": version,
            "number": format!("X-{id}"), "seq": seq.to_string(), "warnings": [], "spawned": []}),
        )
    }

    fn read_line(&mut self, line: &Value) -> Line {
        let read = |value: &Value| -> Dims {
            let object = value.as_object().cloned().unwrap_or_default();
            object
                .into_iter()
                .map(|(k, v)| (k, v.as_str().unwrap().to_owned()))
                .collect()
        };
        let base = line["row"]
            .as_str()
            .map(|r| self.rows[r.parse::<usize>().unwrap() - 1].dims.clone());
        let mut dims = base.unwrap_or_default();
        dims.extend(read(&line["dims"]));
        let mut to = dims.clone();
        to.extend(read(&line["to"]));
        Line {
            amount: fen(line["amount"].as_str().unwrap()),
            planned: line["fields"]["planned"].as_str().map_or(0, fen),
            procurable: line["fields"]["procurable"].as_str().map_or(0, fen),
            month: line["month"].as_u64(),
            dims,
            to,
            entered: line.clone(),
        }
    }

    pub fn row(&mut self, ledger: &str, division: &str, dims: &Dims) -> usize {
        let wanted = dimensions(ledger);
        let dims: Dims = dims
            .iter()
            .filter(|(k, _)| wanted.contains(&k.as_str()))
            .filter(|(_, v)| !v.is_empty())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let key = (ledger.to_owned(), division.to_owned(), format!("{dims:?}"));
        let next = self.rows.len();
        let at = *self.index.entry(key).or_insert(next);
        if at == next {
            let (ledger, division) = (ledger.to_owned(), division.to_owned());
            self.rows.push(Row {
                ledger,
                division,
                dims,
                sums: [0; 6],
            });
        }
        at
    }
}
