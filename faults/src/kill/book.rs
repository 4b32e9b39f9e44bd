//! A client's own log: what was acknowledged to it, and what it has no answer to.

use super::answer::{Moved, Problem};
use super::cast::Who;
use super::deed::{Ask, Deed, Due, Form, Heard, Request, Step};
use super::money::Effect;

/// An acknowledged command: the record that must stand in the journal at `seq`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acknowledged {
    pub(super) seq: u64,
    /// The number of its request.
    pub(super) request: u64,
    pub(super) who: Who,
    pub(super) step: &'static Step,
    pub(super) outcome: Outcome,
}

/// As the client understood the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done {
        document: u64,
        version: u32,
        effect: Effect,
    },
    /// And the document that it was about, where there was one.
    Refused {
        code: &'static str,
        document: Option<u64>,
    },
}

/// A command with its first answer, to be asked again later.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) request: Request,
    pub(super) first: Heard,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) acknowledged: Vec<Acknowledged>,
    /// Requests with those of their commands whose answer is open; their order is that in which they were sent.
    pub(super) open: Vec<Request>,
    pub(super) kept: Vec<Kept>,
    /// Answers that should not have been given.
    pub(super) complaints: Vec<String>,
}

impl Book {
    /// Notes what was heard of each command; `keep` says which answers are kept whole.
    pub(super) fn note(
        &mut self,
        mut request: Request,
        heard: &[Heard],
        mut keep: impl FnMut() -> bool,
    ) {
        assert_eq!(
            heard.len(),
            request.deeds.len(),
            "each command was heard of"
        );
        let is_doomed = request.form == Form::Atomic && request.is_doomed();
        let mut open = Vec::new();
        for (deed, heard) in request.deeds.iter().zip(heard) {
            let outcome = match heard {
                Heard::Open => {
                    open.push(deed.clone());
                    continue;
                }
                Heard::Undone if is_doomed => continue,
                Heard::Undone => Err("it was not decided".into()),
                Heard::Done(_) if is_doomed => Err("it took effect without the others".into()),
                Heard::Done(moved) => done(deed, moved),
                Heard::Refused(problem) => refused(deed, problem),
            };
            match outcome {
                Ok((seq, outcome)) => {
                    let (who, step, request) = (request.who, deed.step, request.number);
                    self.acknowledged.push(Acknowledged {
                        seq,
                        request,
                        who,
                        step,
                        outcome,
                    });
                }
                Err(why) => {
                    let key = request.key(deed);
                    self.complaints
                        .push(format!("{key} {}: {why}: {heard:?}", deed.step.name));
                    continue;
                }
            }
            if keep() {
                self.kept.push(Kept {
                    request: request.only(deed),
                    first: heard.clone(),
                });
            }
        }
        if !open.is_empty() {
            // An atomic batch is open as a whole.
            if request.form != Form::Atomic {
                request.deeds = open;
            }
            self.open.push(request);
        }
    }

    /// Notes a request that has no answer at all.
    pub(super) fn note_silence(&mut self, request: Request) {
        self.open.push(request);
    }
}

impl Request {
    /// Whether one of its commands must be refused.
    pub(super) fn is_doomed(&self) -> bool {
        self.deeds
            .iter()
            .any(|deed| matches!(deed.due, Due::Refused(_)))
    }
}

/// The answer of a command that was accepted, if it is the one that was due.
fn done(deed: &Deed, moved: &Moved) -> Result<(u64, Outcome), String> {
    let Due::Done(version, effect) = deed.due else {
        return Err("it had to be refused".into());
    };
    let is_due = moved.kind == deed.step.kind
        && moved.state == deed.step.state
        && moved.version == version
        && moved.warnings.is_empty();
    if !is_due {
        return Err("it is another answer than was due".into());
    }
    Ok((
        moved.seq,
        Outcome::Done {
            document: moved.id,
            version,
            effect,
        },
    ))
}

/// The same of one that was refused.
fn refused(deed: &Deed, problem: &Problem) -> Result<(u64, Outcome), String> {
    let seq = problem.seq().ok_or("it was not accepted")?;
    match deed.due {
        Due::Refused(code) if code == problem.code => {
            let document = match deed.ask {
                Ask::Enter(_) => None,
                Ask::Act(document, _) => Some(document),
            };
            Ok((seq, Outcome::Refused { code, document }))
        }
        _ => Err("it is another refusal than was due".into()),
    }
}
