//! What an answer means: done, a refusal that is right, shed, or a failure.
//!
//! Several officials share a work list. Who comes second is told that the state has no such step (409), or, where
//! the next state has a step of that name for another role, that this role may not take it (403). Both are right then,
//! and a 403 is a mistake of the server whenever the document is still what the list showed. So is a 412, where the
//! step named the version of the list.

use std::time::Instant;

use hyper::StatusCode;

use super::ask::{Command, fate_of};
use super::session::Session;
use crate::error::WireError;
use crate::measure::{Action, Fate};
use crate::wire::{Answer, Document, parse};

impl Session {
    /// What an answer to a command means. A denial is a right answer only to somebody who acted on a stale list.
    pub(super) async fn judge(
        &mut self,
        command: &Command,
        outcome: &Result<Answer, WireError>,
    ) -> Fate {
        let denials = [StatusCode::FORBIDDEN, StatusCode::PRECONDITION_FAILED];
        let is_denied = matches!(outcome, Ok(answer) if denials.contains(&answer.status));
        match fate_of(outcome) {
            Fate::Failed if is_denied && self.has_moved_on(command).await => Fate::Refused,
            fate => fate,
        }
    }

    /// Whether the document is no longer what the user's list showed, because somebody else was faster: looks again, as
    /// the official would. A denial that meets an unchanged document is the server's mistake.
    pub(super) async fn has_moved_on(&mut self, command: &Command) -> bool {
        let Some(seen) = command.seen else {
            return false;
        };
        let path = format!("/v1/documents/{}", seen.document);
        let answer = self.read(Action::ReadDocument, &path, Instant::now()).await;
        let version = answer.and_then(|answer| {
            let document = parse::<Document<'_>>("document", &answer.body).ok()?;
            Some(document.version)
        });
        version.is_some_and(|version| version != seen.version)
    }
}
