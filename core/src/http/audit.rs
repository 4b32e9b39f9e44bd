//! What of the interface goes to the audit log (see [`crate::audit`]): refusals of access, and every request of a
//! privileged role before it is looked at. Each is durable there before its answer leaves.

use std::sync::Arc;

use hyper::http::request::Parts;

use super::error::HttpError;
use super::head::{self, Language};
use super::request_id::request_id;
use super::session::Session;
use super::worker::Worker;
use crate::access::AccessError;
use crate::audit::{AuditLog, Entry, Unwritten, What, Who, Whom};
use crate::catalog::document::RoleSet;
use crate::catalog::model::Catalog;
use crate::engine::actor::Actor;
use crate::engine::error::SubmitError;

/// A command of a batch that was refused: its place, its key and why.
pub(super) type Refused<'a> = (usize, &'a str, &'a HttpError);

/// Whether somebody asked for what is not theirs, and not only in a wrong way or at a wrong moment.
pub(super) fn is_refusal(error: &HttpError) -> bool {
    match error {
        HttpError::Access(_)
        | HttpError::OutOfScope(_)
        | HttpError::Submit(SubmitError::Denied(_) | SubmitError::NoDocument(_)) => true,
        HttpError::Submit(SubmitError::Signature(fault)) => fault.is_of_access(),
        _ => false,
    }
}

impl Worker {
    /// Notes a refusal of access, of the actor whose token was believed when the request came, if it was. Where that is not
    /// possible the refusal stands, but for a log that is only behind: then its client is to come again, as nothing may be
    /// refused unseen.
    pub(super) async fn note_refusal(
        &self,
        (session, actor): (&Session, Option<&Arc<Actor>>),
        head: &Parts,
        error: HttpError,
    ) -> HttpError {
        let Some(log) = &self.app.audit else {
            return error;
        };
        let written = self.write_refusal(log, (session, actor), head, &error, &[]);
        match written.await {
            Err(Unwritten::Behind) => HttpError::Shed,
            Err(Unwritten::Broken) | Ok(()) => error,
        }
    }

    /// Notes the refusals among a batch's commands in one entry, which names the first.
    ///
    /// # Errors
    /// The log is behind: the client is to come again, under the same keys.
    pub(super) async fn note_refused(
        &self,
        (session, actor): (&Session, &Arc<Actor>),
        head: &Parts,
        refused: &[Refused<'_>],
    ) -> Result<(), HttpError> {
        let (Some(log), Some((_, _, error))) = (&self.app.audit, refused.first()) else {
            return Ok(());
        };
        let written = self.write_refusal(log, (session, Some(actor)), head, error, refused);
        match written.await {
            Err(Unwritten::Behind) => Err(HttpError::Shed),
            Err(Unwritten::Broken) | Ok(()) => Ok(()),
        }
    }

    async fn write_refusal(
        &self,
        log: &AuditLog,
        (session, actor): (&Session, Option<&Arc<Actor>>),
        head: &Parts,
        error: &HttpError,
        commands: &[Refused<'_>],
    ) -> Result<(), Unwritten> {
        let catalog = self.app.engine.catalogs().current().1;
        let request = request(head);
        let certificate = session.certificate();
        let subject = subject(error);
        let mut detail = error.to_string();
        if let Some(subject) = subject {
            detail = format!("{detail}: of {subject}");
        }
        let mut entry = Entry::new(log.now_ms(), What::Refused, why(error));
        entry.client = self.app.rates.client(session, &head.headers);
        entry.certificate = certificate.as_deref();
        entry.id = request_id(&head.headers);
        entry.key = key(head);
        if let Some((index, key, _)) = commands.first() {
            detail = format!("command {index} of the batch: {detail}");
            entry.key = Some(key);
            entry.count = Some(commands.len() as u64).filter(|count| *count > 1);
        }
        entry.who = actor.map(|actor| who(catalog, actor));
        entry.request = Some(&request);
        entry.detail = Some(&detail);
        let whom = match (actor, subject) {
            (Some(actor), _) => Whom::person(actor.named().person),
            (None, Some(subject)) => Whom::former(subject),
            (None, None) => Whom::Strangers,
        };
        log.durable(log.note_refusal(whom, &entry)?).await
    }

    /// Whether this request is to be noted before it is looked at: a privileged role asks, and the log is kept.
    pub(super) fn is_privileged(&self, actor: &Actor) -> bool {
        let privileged = self.app.engine.catalogs().current().1.privileged();
        privileged.meets(RoleSet(actor.roles)) && self.app.audit.is_some()
    }

    /// Notes what a privileged role asks for.
    ///
    /// # Errors
    /// It can't be noted: nothing is done for it.
    pub(super) async fn note_privileged(
        &self,
        actor: &Actor,
        session: &Session,
        head: &Parts,
    ) -> Result<(), HttpError> {
        let Some(log) = &self.app.audit else {
            return Ok(());
        };
        let catalog = self.app.engine.catalogs().current().1;
        let (request, certificate) = (request(head), session.certificate());
        let mut entry = Entry::new(log.now_ms(), What::Privileged, "asks");
        entry.client = self.app.rates.client(session, &head.headers);
        entry.certificate = certificate.as_deref();
        entry.id = request_id(&head.headers);
        entry.who = Some(who(catalog, actor));
        entry.request = Some(&request);
        entry.key = key(head);
        let noted = match log.note(&entry) {
            Ok(ticket) => log.durable(ticket).await,
            Err(error) => Err(error),
        };
        noted.map_err(HttpError::Audit)
    }
}

/// Why somebody was refused, in a word.
fn why(error: &HttpError) -> &'static str {
    match error {
        HttpError::OutOfScope(_) | HttpError::Submit(SubmitError::NoDocument(_)) => "out_of_scope",
        HttpError::Access(error) => why_not_believed(error),
        other => other.problem(Language::English).code,
    }
}

fn why_not_believed(error: &AccessError) -> &'static str {
    match error {
        AccessError::Of { error, .. } => why_not_believed(error),
        AccessError::Missing => "token_missing",
        AccessError::Expired => "token_expired",
        AccessError::NotYet => "token_not_yet",
        AccessError::Revoked => "token_revoked",
        AccessError::Unbound => "token_unbound",
        AccessError::UnknownDivision(_) => "token_division_unknown",
        _ => "token_invalid",
    }
}

/// Whose token it is that is not believed any more.
fn subject(error: &HttpError) -> Option<&str> {
    match error {
        HttpError::Access(AccessError::Of { subject, .. }) => Some(subject),
        _ => None,
    }
}

fn who<'a>(catalog: &'a Catalog, actor: &'a Actor) -> Who<'a> {
    Who {
        name: &actor.name,
        roles: catalog.role_names(RoleSet(actor.roles)).collect(),
        division: format!("{:09}", actor.division.0),
        agency: actor.agency.as_deref(),
    }
}

fn request(head: &Parts) -> String {
    format!("{} {}", head.method, head.uri.path())
}

fn key(head: &Parts) -> Option<&str> {
    head::idempotency_key(&head.headers).ok()
}
