//! Asking the server: every request is timed from when it was due, every command is in the book before it is sent.

use std::str::FromStr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::StatusCode;

use super::session::Session;
use super::stage::Paper;
use crate::book::{Key, Step, Unknown};
use crate::error::WireError;
use crate::measure::{Action, Fate};
use crate::wire::{Answer, BatchResult, DocumentAnswer, Problem, Request, parse};

/// How often a command without an answer is asked again on the spot.
const AGAIN: u32 = 2;

/// One command of a request.
pub(super) struct Command {
    pub(super) key: Key,
    pub(super) paper: Paper,
    pub(super) step: Step,
    /// `create` or `act`, as batches name it.
    pub(super) verb: &'static str,
    /// Its body, as batches have it.
    pub(super) body: String,
    /// The document as the user's work list showed it; `None` for a new one.
    pub(super) seen: Option<Seen>,
}

/// A document at one version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) document: u64,
    pub(super) version: u32,
}

impl Session {
    /// A read. `None` when there was no right answer; that is counted already.
    pub(super) async fn read(
        &mut self,
        action: Action,
        path: &str,
        due: Instant,
    ) -> Option<Answer> {
        let outcome = self.connection.send(&Request::get(path, &self.token)).await;
        let fate = match &outcome {
            Ok(answer) if answer.status == StatusCode::OK => Fate::Done,
            Ok(answer) if answer.status == StatusCode::SERVICE_UNAVAILABLE => Fate::Shed,
            _ => Fate::Failed,
        };
        self.note(action, fate, due.elapsed(), path, &outcome);
        outcome.ok().filter(|_| fate == Fate::Done)
    }

    /// One command on its own. Returns the answer to a yes.
    pub(super) async fn command(
        &mut self,
        action: Action,
        path: &str,
        command: Command,
        due: Instant,
    ) -> Option<DocumentAnswer> {
        let text = command.key.to_string();
        let body = Bytes::from(command.body.clone());
        let (at, token) = (self.version_of(&command), self.token.clone());
        let asked = Request {
            if_match: at.as_deref(),
            ..Request::post(path, &token, Some(&text), body)
        };
        let mut outcome = self.connection.send(&asked).await;
        let took = due.elapsed();
        let fate = self.judge(&command, &outcome).await;
        self.note(action, fate, took, path, &outcome);
        for _ in 0..AGAIN {
            if !is_open(&outcome) {
                break;
            }
            let again = Instant::now();
            outcome = self.connection.send(&asked).await;
            let took = again.elapsed();
            let fate = self.judge(&command, &outcome).await;
            self.note(Action::Repeat, fate, took, path, &outcome);
        }
        let done = self.settle(&command, path, &outcome)?;
        self.stage.meter.record_parts(action, 1, 0);
        if self.choice.fraction() < self.stage.plan.repeat_share {
            self.repeat(&asked, &command, &done).await;
        }
        Some(done)
    }

    /// Several commands in one request, each for itself. Returns how many were done.
    pub(super) async fn batch(
        &mut self,
        action: Action,
        commands: Vec<Command>,
        due: Instant,
    ) -> u64 {
        let path = "/v1/batches";
        let body = Bytes::from(batch_body(&commands));
        let outcome = self
            .connection
            .send(&Request::post(path, &self.token, None, body))
            .await;
        let mut fate = fate_of(&outcome);
        let results = match &outcome {
            Ok(answer) if answer.status == StatusCode::OK => {
                read_results(&answer.body, commands.len())
            }
            _ => None,
        };
        if fate == Fate::Done && results.is_none() {
            fate = Fate::Failed;
        }
        self.note(action, fate, due.elapsed(), path, &outcome);
        let (mut done, mut refused) = (0, 0);
        for (at, command) in commands.iter().enumerate() {
            match results.as_ref().map(|r| &r[at]) {
                Some((status, Some(answer))) if *status < 300 => {
                    self.acknowledge(command, answer);
                    done += 1;
                }
                Some((409 | 422, _)) => {
                    self.stage.book.lock().refuse(command.key);
                    refused += 1;
                }
                Some((503, _)) => self.stage.book.lock().drop_unsent(command.key),
                Some((status @ 400..500, _)) => {
                    self.stage.book.lock().refuse(command.key);
                    if matches!(status, 403 | 412) && self.has_moved_on(command).await {
                        refused += 1;
                        continue;
                    }
                    self.stage.meter.record(action, Fate::Failed, 0);
                    self.stage
                        .meter
                        .example(|| format!("{path} {}: status {status}", command.key));
                }
                _ if matches!(outcome, Err(WireError::Connect(_))) || fate == Fate::Shed => {
                    self.stage.book.lock().drop_unsent(command.key);
                }
                _ => self.leave_unknown(command, path, batch_body(std::slice::from_ref(command))),
            }
        }
        self.stage.meter.record_parts(action, done, refused);
        done
    }

    /// Writes the outcome of one command down.
    fn settle(
        &mut self,
        command: &Command,
        path: &str,
        outcome: &Result<Answer, WireError>,
    ) -> Option<DocumentAnswer> {
        match outcome {
            Ok(answer) if answer.status.is_success() => {
                let done = parse::<DocumentAnswer>("answer", &answer.body).ok();
                let Some(done) = done else {
                    self.leave_unknown(command, path, command.body.clone());
                    return None;
                };
                self.acknowledge(command, &done);
                return Some(done);
            }
            Ok(answer) if answer.status.is_client_error() => {
                self.stage.book.lock().refuse(command.key)
            }
            Ok(answer) if answer.status == StatusCode::SERVICE_UNAVAILABLE => {
                self.stage.book.lock().drop_unsent(command.key);
            }
            Err(WireError::Connect(_)) => self.stage.book.lock().drop_unsent(command.key),
            _ => self.leave_unknown(command, path, command.body.clone()),
        }
        None
    }

    fn acknowledge(&mut self, command: &Command, done: &DocumentAnswer) {
        let id = u64::from_str(&done.id).unwrap_or(0);
        self.stage
            .book
            .lock()
            .acknowledge(command.key, id, done.version);
        self.recent = id;
        self.stage.newest.lock()[self.seat.division as usize] = id;
        let paper = Paper {
            version: done.version,
            ..command.paper
        };
        let mut papers = self.stage.papers.lock();
        // After a pass these are still its lines, at its new version.
        let is_kept = match command.step {
            Step::Reserve => true,
            Step::Pass => self.stage.is_revised(paper.kind),
            Step::Final | Step::Release => {
                papers.remove(&id);
                false
            }
        };
        if is_kept {
            papers.insert(id, paper);
        }
    }

    /// The version that a step names, where lines may change on the way.
    fn version_of(&self, command: &Command) -> Option<String> {
        let seen = command.seen?;
        let is_named = self.stage.is_revised(command.paper.kind);
        is_named.then(|| format!("\"{}\"", seen.version))
    }

    fn leave_unknown(&self, command: &Command, path: &str, body: String) {
        let (number, claims, path) = (command.key.number, self.claims.clone(), path.to_owned());
        self.stage.book.lock().leave_unknown(
            command.key,
            Unknown {
                number,
                claims,
                path,
                body,
            },
        );
    }

    /// Asks the same key again: the answer must be the same.
    async fn repeat(&mut self, again: &Request<'_>, command: &Command, first: &DocumentAnswer) {
        let (path, due) = (again.path, Instant::now());
        let outcome = self.connection.send(again).await;
        self.note(
            Action::Repeat,
            fate_of(&outcome),
            due.elapsed(),
            path,
            &outcome,
        );
        let second = match &outcome {
            Ok(answer) if answer.status.is_success() => {
                match parse::<DocumentAnswer>("answer", &answer.body) {
                    Ok(done) => brief(&done),
                    Err(error) => error.to_string(),
                }
            }
            Ok(answer) if answer.status.is_client_error() => {
                format!("status {}", answer.status.as_u16())
            }
            _ => return,
        };
        self.stage
            .book
            .lock()
            .repeat(command.key, &brief(first), &second);
    }

    fn note(
        &self,
        action: Action,
        fate: Fate,
        took: Duration,
        path: &str,
        outcome: &Result<Answer, WireError>,
    ) {
        let micros = took.as_micros() as u64;
        self.stage.meter.record(action, fate, micros);
        if fate == Fate::Failed {
            self.stage
                .meter
                .example(|| format!("{} {path}: {}", action.name(), in_words(outcome)));
        }
        self.metrics.send(
            action,
            fate,
            micros,
            outcome.as_ref().map_or(0, |a| a.status.as_u16()),
        );
    }
}

/// What an answer means by its status alone.
pub(super) fn fate_of(outcome: &Result<Answer, WireError>) -> Fate {
    match outcome.as_ref().map(|a| a.status.as_u16()) {
        Ok(200..300) => Fate::Done,
        Ok(409 | 422) => Fate::Refused,
        Ok(503) => Fate::Shed,
        _ => Fate::Failed,
    }
}

/// Whether nobody knows what became of the command.
fn is_open(outcome: &Result<Answer, WireError>) -> bool {
    match outcome {
        Ok(answer) => {
            answer.status.is_server_error() && answer.status != StatusCode::SERVICE_UNAVAILABLE
        }
        Err(error) => !matches!(error, WireError::Connect(_)),
    }
}

fn in_words(outcome: &Result<Answer, WireError>) -> String {
    match outcome {
        Err(error) => error.to_string(),
        Ok(answer) => match parse::<Problem<'_>>("problem", &answer.body) {
            Ok(problem) => format!(
                "status {}: {} {}",
                answer.status.as_u16(),
                &*problem.code,
                &*problem.detail
            ),
            Err(_) => format!("status {}", answer.status.as_u16()),
        },
    }
}

fn brief(done: &DocumentAnswer) -> String {
    format!(
        "document {} version {} state {} seq {}",
        done.id, done.version, done.state, done.seq
    )
}

fn batch_body(commands: &[Command]) -> String {
    let size: usize = commands.iter().map(|c| c.body.len() + 64).sum();
    let mut out = String::with_capacity(size + 64);
    out.push_str(r#"{"atomic":false,"commands":["#);
    for (command, at) in commands.iter().zip(0..) {
        let comma = if at == 0 { "" } else { "," };
        out.push_str(&format!(
            r#"{comma}{{"key":"{}","{}":{}}}"#,
            command.key, command.verb, command.body
        ));
    }
    out.push_str("]}");
    out
}

type Parts = Vec<(u16, Option<DocumentAnswer>)>;

fn read_results(body: &[u8], count: usize) -> Option<Parts> {
    #[derive(serde::Deserialize)]
    struct Results<'a> {
        #[serde(borrow)]
        results: Vec<BatchResult<'a>>,
    }
    let read: Results<'_> = parse("batch", body).ok()?;
    let parts: Parts = read
        .results
        .into_iter()
        .map(|r| (r.status, r.answer))
        .collect();
    (parts.len() == count).then_some(parts)
}
