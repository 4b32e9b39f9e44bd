//! Commands, one a request: enter a document, take a step with one.

use std::sync::Arc;

use hubu_kernel::ident::{CatalogVersion, DocumentId, TypeId};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use super::admission::Purpose;
use super::error::HttpError;
use super::head::{self, Language};
use super::problem::Problem;
use super::respond::Reply;
use super::session::Session;
use super::wire::answer::{Id, Moved, Number};
use super::wire::command::{ActBody, CreateBody};
use super::worker::Worker;
use super::{document, refusal, resolve};
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::answer::{Answer, Done};
use crate::engine::command::{Action, Command};
use crate::engine::error::{FormError, SubmitError};
use crate::engine::read::Owner;

/// Enters a document.
///
/// The answer leaves once the decision is durable. A refusal for a business reason is a decision too:
/// its problem has a `seq`, and the same key gets the same refusal again.
#[utoipa::path(
    post, path = "/v1/documents", tag = "commands", operation_id = "createDocument",
    request_body = CreateBody,
    params(
        ("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters; the same key takes effect once"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context, kept in the journal"),
    ),
    responses(
        (status = 201, description = "The document was entered", body = Moved),
        (status = "4XX", description = "Not accepted, or refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the journal can't be written", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn create(
    worker: &Worker,
    (session, actor): (&Session, Arc<Actor>),
    head: &Parts,
    body: Incoming,
) -> Result<Reply, HttpError> {
    let headers = &head.headers;
    let key = head::idempotency_key(headers)?;
    head::expect_json(headers)?;
    let received = worker
        .receive((session, &actor), head, body, Purpose::Command)
        .await?;
    let command = {
        let body: CreateBody<'_> = serde_json::from_slice(&received.bytes)?;
        let (_, catalog) = worker.app.engine.catalogs().current();
        let action = Action::Enter(resolve::enter(catalog, &body)?);
        Command {
            key: key.into(),
            actor,
            trace: head::traceparent(headers),
            action,
        }
    };
    decide(worker, command, StatusCode::CREATED, head).await
}

/// Takes a step with a document.
#[utoipa::path(
    post, path = "/v1/documents/{id}/actions/{transition}", tag = "commands", operation_id = "act",
    request_body = ActBody,
    params(
        ("id" = String, Path, description = "The document"),
        ("transition" = String, Path, description = "The step, as the document type names it"),
        ("Idempotency-Key" = String, Header, description = "1 to 64 visible ASCII characters; the same key takes effect once"),
        ("If-Match" = Option<String>, Header, description = "The version that was read, in quotes"),
        ("traceparent" = Option<String>, Header, description = "W3C trace context, kept in the journal"),
    ),
    responses(
        (status = 200, description = "The document moved", body = Moved),
        (status = "4XX", description = "Not accepted, or refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the journal can't be written", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn act(
    worker: &Worker,
    (session, actor): (&Session, Arc<Actor>),
    head: &Parts,
    body: Incoming,
    [id, transition]: [&str; 2],
) -> Result<Reply, HttpError> {
    let headers = &head.headers;
    let key = head::idempotency_key(headers)?;
    let if_match = head::if_match(headers)?;
    let document = resolve::document_id(id, "id").map_err(|_| HttpError::NotFound("document"))?;
    let received = worker
        .receive((session, &actor), head, body, Purpose::Command)
        .await?;
    let bytes = &received.bytes;
    if !bytes.is_empty() {
        head::expect_json(headers)?;
    }
    let (catalog, kind) = type_of(worker, &actor, document).await?;
    let command = {
        let body: ActBody<'_> = match bytes.is_empty() {
            true => ActBody::default(),
            false => serde_json::from_slice(bytes)?,
        };
        let catalog = worker.app.engine.catalogs().version(catalog);
        let kind = catalog
            .document_type(kind)
            .ok_or(SubmitError::Form(FormError::Kind))?;
        let (fields, lines) = (&body.fields, body.lines.as_deref());
        let step = resolve::Step {
            name: transition,
            if_match,
            fields,
            lines,
            signature: body.signature.as_ref(),
        };
        let action = Action::Act(resolve::act(catalog, kind, document, step)?);
        Command {
            key: key.into(),
            actor,
            trace: head::traceparent(headers),
            action,
        }
    };
    decide(worker, command, StatusCode::OK, head).await
}

/// The type of a document and the catalog that it lives under: its fields' names are from there.
///
/// # Errors
/// There is no such document, or the actor has nothing to do with it: they are not told which.
pub(super) async fn type_of(
    worker: &Worker,
    actor: &Actor,
    id: DocumentId,
) -> Result<(CatalogVersion, TypeId), HttpError> {
    let engine = &worker.app.engine;
    let lost = || HttpError::NotFound("document");
    let owner = match engine.owner_of(id) {
        Some(owner) => owner,
        None => Owner::of(&*document::find(worker, id).await?.ok_or_else(lost)?),
    };
    match engine.may_know(actor, &owner) {
        true => Ok((owner.catalog, owner.kind)),
        false => Err(HttpError::OutOfScope("document")),
    }
}

async fn decide(
    worker: &Worker,
    command: Command,
    status: StatusCode,
    head: &Parts,
) -> Result<Reply, HttpError> {
    let engine = &worker.app.engine;
    worker.turns.note_command();
    let ticket = match engine.submit(command) {
        Ok(ticket) => ticket,
        Err(error) => {
            settle(engine, &error).await?;
            return Err(error.into());
        }
    };
    tracing::debug!(
        seq = ticket.seq.0,
        is_repeat = ticket.answer.is_none(),
        "decided"
    );
    engine.durable(ticket.seq).await?;
    tracing::debug!(seq = ticket.seq.0, "durable");
    let answer = match ticket.answer {
        Some(answer) => answer,
        None => recall(worker, ticket.seq).await?,
    };
    match &answer {
        Answer::Done(done) => {
            let reply = worker.writer.json(status, &moved(engine, done)?)?;
            Ok(reply.with_version(done.version))
        }
        Answer::Refused(refused) => {
            let catalog = engine.catalogs().version(refused.catalog);
            let language = head::language(&head.headers);
            Ok(worker
                .writer
                .problem(&refusal::problem(refused, catalog, language)))
        }
    }
}

/// The answer that a repeat gets: the first one, read back from the journal.
///
/// # Errors
/// It can't be read, or too many reads wait.
pub(super) async fn recall(
    worker: &Worker,
    seq: hubu_kernel::ident::Seq,
) -> Result<Answer, HttpError> {
    let engine: Arc<Engine> = worker.app.engine.clone();
    let recalled = worker.app.reader.run(move || engine.recall(seq)).await??;
    recalled.ok_or_else(|| HttpError::Internal(format!("record {} answers no command", seq.0)))
}

/// Waits where an error may tell of state that is not durable yet: who may take a step, and what a
/// line's row and a step's form ask for, hangs on how things stand.
///
/// # Errors
/// It never will be.
pub(super) async fn settle(engine: &Engine, error: &SubmitError) -> Result<(), HttpError> {
    if tells_of_state(error) {
        engine.durable(engine.newest()).await?;
    }
    Ok(())
}

/// Whether something was looked at to come to this: all but what the server says of itself.
pub(super) fn tells_of_state(error: &SubmitError) -> bool {
    use SubmitError as E;
    !matches!(error, E::Busy | E::TooLarge | E::Latched(_) | E::Closed)
}

/// An answer in the words of the catalog that the document lives under.
///
/// # Errors
/// The catalog lacks what its own record names, which is our fault.
pub(super) fn moved<'e>(engine: &'e Engine, done: &Done) -> Result<Moved<'e>, HttpError> {
    let catalog = engine.catalogs().version(done.catalog);
    let lost = || HttpError::Internal(format!("record {} is of no known type", done.seq.0));
    let kind = catalog.document_type(done.kind).ok_or_else(lost)?;
    let state = kind.state(done.state).ok_or_else(lost)?;
    let number = done.number.map(|(division, year, number)| Number {
        division,
        year,
        series: &kind.series,
        number,
    });
    Ok(Moved {
        id: Id(done.document.0),
        kind: &kind.name,
        state: &state.name,
        version: done.version,
        number,
        seq: Id(done.seq.0),
        warnings: done
            .warnings
            .iter()
            .map(|row| Id(u64::from(row.0)))
            .collect(),
        spawned: done.spawned.iter().map(|document| Id(document.0)).collect(),
    })
}

/// A refusal or an answer as part of a batch.
pub(super) fn result_of<'e>(
    engine: &'e Engine,
    answer: &Answer,
    done_status: StatusCode,
    language: Language,
) -> Result<super::wire::answer::BatchResult<'e>, HttpError> {
    use super::wire::answer::BatchResult;
    Ok(match answer {
        Answer::Done(done) => BatchResult {
            status: done_status.as_u16(),
            answer: Some(moved(engine, done)?),
            problem: None,
        },
        Answer::Refused(refused) => {
            let catalog = engine.catalogs().version(refused.catalog);
            BatchResult::refused(refusal::problem(refused, catalog, language))
        }
    })
}
