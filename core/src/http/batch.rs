//! Many commands in one request: one by one, or all or none.

use std::sync::Arc;

use hubu_kernel::ident::Seq;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::http::request::Parts;

use super::admission::Purpose;
use super::audit::{Refused, is_refusal};
use super::error::HttpError;
use super::head::{self, Language};
use super::problem::Problem;
use super::respond::Reply;
use super::session::Session;
use super::submit::{recall, result_of, settle, tells_of_state, type_of};
use super::wire::answer::{BatchAnswer, BatchResult};
use super::wire::command::{BatchBody, BatchCommand, LineBody};
use super::wire::text::{Scalar, Text};
use super::worker::Worker;
use super::{refusal, resolve};
use crate::engine::actor::Actor;
use crate::engine::answer::{Answer, Ticket};
use crate::engine::atomic::BatchOutcome;
use crate::engine::command::{Action, BATCH_MAX, Command};
use crate::engine::error::{FormError, SubmitError};

/// How many commands are decided before others get their turn on this thread.
const TURN: usize = 256;

/// Signatures that are checked before others get their turn: each takes longer than all else of its command.
const SIGNED_TURN: usize = 8;

/// How many of these commands make one turn.
fn turn_of(commands: &[BatchCommand<'_>]) -> usize {
    let mut signed = 0;
    let fits = |command: &&BatchCommand<'_>| {
        signed += usize::from(
            command
                .act
                .as_ref()
                .is_some_and(|act| act.signature.is_some()),
        );
        signed <= SIGNED_TURN
    };
    commands.iter().take(TURN).take_while(fits).count()
}

/// Decides many commands.
///
/// Without `atomic` each stands alone, and its result is what it would have got alone. With `atomic` all
/// take effect or none; then one problem answers for the whole, with the `index` of the command at fault.
#[utoipa::path(
    post, path = "/v1/batches", tag = "commands", operation_id = "batch",
    request_body = BatchBody,
    params(("traceparent" = Option<String>, Header, description = "W3C trace context, kept in the journal")),
    responses(
        (status = 200, description = "Every command has its result", body = BatchAnswer),
        (status = "4XX", description = "Not accepted, or refused as a whole", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Busy, or the journal can't be written", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn batch(
    worker: &Worker,
    (session, actor): (&Session, Arc<Actor>),
    head: &Parts,
    body: Incoming,
) -> Result<Reply, HttpError> {
    let headers = &head.headers;
    head::expect_json(headers)?;
    let mut received = worker
        .receive((session, &actor), head, body, Purpose::Batch)
        .await?;
    received.grow(read_bytes(&received.bytes))?;
    let body: BatchBody<'_> = serde_json::from_slice(&received.bytes)?;
    let found = body.commands.len();
    if !(1..=BATCH_MAX).contains(&found) {
        return Err(SubmitError::Form(FormError::Batch {
            max: BATCH_MAX,
            found,
        })
        .into());
    }
    let batch = Batch {
        worker,
        session,
        actor,
        head,
        language: head::language(headers),
    };
    if body.atomic {
        batch.all_or_none(&body.commands).await
    } else {
        batch.each(&body.commands).await
    }
}

/// What a body may become in memory, which is much where its parts are small: a command or a line behind each
/// brace, in lists that grow by doubling, and a pair of texts before each comma.
fn read_bytes(body: &[u8]) -> usize {
    let count = |wanted: u8| body.iter().filter(|byte| **byte == wanted).count();
    let braces = count(b'{');
    braces.min(BATCH_MAX) * size_of::<BatchCommand<'_>>()
        + 2 * braces * size_of::<LineBody<'_>>()
        + count(b',') * size_of::<(Text<'_>, Scalar<'_>)>()
}

struct Batch<'a> {
    worker: &'a Worker,
    session: &'a Session,
    actor: Arc<Actor>,
    head: &'a Parts,
    language: Language,
}

/// A command that was decided, or not.
type Decided = Result<Ticket, HttpError>;

impl Batch<'_> {
    async fn each(&self, commands: &[BatchCommand<'_>]) -> Result<Reply, HttpError> {
        let mut decided = Vec::with_capacity(commands.len());
        let mut rest = commands;
        while !rest.is_empty() {
            let (turn, later) = rest.split_at(turn_of(rest));
            rest = later;
            self.decide(turn, &mut decided).await;
            tokio::task::yield_now().await;
        }
        let engine = &self.worker.app.engine;
        let tells = |error: &HttpError| matches!(error, HttpError::Submit(e) if tells_of_state(e));
        let newest = match decided.iter().any(|one| one.as_ref().is_err_and(tells)) {
            true => engine.newest(),
            false => decided
                .iter()
                .flatten()
                .map(|ticket| ticket.seq)
                .max()
                .unwrap_or(Seq(0)),
        };
        engine.durable(newest).await?;
        let mut results = Vec::with_capacity(commands.len());
        let refused: Vec<Refused<'_>> = (commands.iter().enumerate().zip(&decided))
            .filter_map(|((index, command), decided)| {
                let error = decided.as_ref().err().filter(|error| is_refusal(error))?;
                Some((index, &*command.key, error))
            })
            .collect();
        self.note(&refused).await?;
        for (command, decided) in commands.iter().zip(decided) {
            results.push(match decided {
                Ok(ticket) => self.result(command, ticket).await?,
                Err(error) => BatchResult::refused(error.problem(self.language)),
            });
        }
        self.worker
            .writer
            .json(StatusCode::OK, &BatchAnswer { results })
    }

    async fn all_or_none(&self, bodies: &[BatchCommand<'_>]) -> Result<Reply, HttpError> {
        let mut commands = Vec::with_capacity(bodies.len());
        for (index, body) in bodies.iter().enumerate() {
            match self.command(body).await {
                Ok(command) => commands.push(command),
                Err(error) => return self.refused_alone(index, body, error).await,
            }
        }
        let engine = &self.worker.app.engine;
        let tickets = match engine.submit_atomic(&commands) {
            Ok(BatchOutcome::Done(tickets)) => tickets,
            Ok(BatchOutcome::Refused { index, ticket }) => {
                engine.durable(ticket.seq).await?;
                return self.refusal(index, ticket).await;
            }
            Err(error) => {
                settle(engine, &error.error).await?;
                let (index, error) = (error.index, HttpError::from(error.error));
                return match bodies.get(index) {
                    Some(body) => self.refused_alone(index, body, error).await,
                    None => Ok(self.refused(index, error.problem(self.language))),
                };
            }
        };
        let newest = tickets.iter().map(|ticket| ticket.seq).max();
        engine.durable(newest.unwrap_or(Seq(0))).await?;
        let mut results = Vec::with_capacity(tickets.len());
        for (body, ticket) in bodies.iter().zip(tickets) {
            results.push(self.result(body, ticket).await?);
        }
        self.worker
            .writer
            .json(StatusCode::OK, &BatchAnswer { results })
    }

    /// The answer of an atomic batch that ended with this command.
    async fn refused_alone(
        &self,
        index: usize,
        body: &BatchCommand<'_>,
        error: HttpError,
    ) -> Result<Reply, HttpError> {
        if is_refusal(&error) {
            self.note(&[(index, &*body.key, &error)]).await?;
        }
        Ok(self.refused(index, error.problem(self.language)))
    }

    /// Writes down commands that are not the asker's to give.
    async fn note(&self, refused: &[Refused<'_>]) -> Result<(), HttpError> {
        let asker = (self.session, &self.actor);
        let noted = self.worker.note_refused(asker, self.head, refused);
        Box::pin(noted).await
    }

    /// Decides some commands together and adds what came of each.
    async fn decide(&self, bodies: &[BatchCommand<'_>], decided: &mut Vec<Decided>) {
        let mut commands = Vec::with_capacity(bodies.len());
        let mut read = Vec::with_capacity(bodies.len());
        for body in bodies {
            read.push(
                self.command(body)
                    .await
                    .map(|command| commands.push(command)),
            );
        }
        let engine = &self.worker.app.engine;
        let mut outcomes = Vec::new();
        engine.submit_all(commands, &mut outcomes);
        let mut outcomes = outcomes.into_iter();
        for read in read {
            let outcome = read.map(|()| outcomes.next().unwrap_or(Err(SubmitError::Closed)));
            decided.push(match outcome {
                Ok(outcome) => outcome.map_err(HttpError::from),
                Err(error) => Err(error),
            });
        }
    }

    async fn command(&self, body: &BatchCommand<'_>) -> Result<Command, HttpError> {
        if !head::is_key(&body.key) {
            return Err(HttpError::KeyMalformed);
        }
        let catalogs = self.worker.app.engine.catalogs();
        let action = match (&body.create, &body.act) {
            (Some(create), None) => Action::Enter(resolve::enter(catalogs.current().1, create)?),
            (None, Some(act)) => {
                let document = resolve::document_id(&act.document, "act.document")?;
                let (version, kind) = type_of(self.worker, &self.actor, document).await?;
                let catalog = catalogs.version(version);
                let kind = catalog
                    .document_type(kind)
                    .ok_or(SubmitError::Form(FormError::Kind))?;
                Action::Act(resolve::act(catalog, kind, document, act.into())?)
            }
            _ => {
                return Err(HttpError::BodyForm(
                    "a command has either `create` or `act`".into(),
                ));
            }
        };
        let trace = head::traceparent(&self.head.headers);
        Ok(Command {
            key: (&*body.key).into(),
            actor: self.actor.clone(),
            trace,
            action,
        })
    }

    async fn result(
        &self,
        body: &BatchCommand<'_>,
        ticket: Ticket,
    ) -> Result<BatchResult<'_>, HttpError> {
        let status = if body.create.is_some() {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let answer = self.answer(ticket).await?;
        result_of(&self.worker.app.engine, &answer, status, self.language)
    }

    async fn answer(&self, ticket: Ticket) -> Result<Answer, HttpError> {
        match ticket.answer {
            Some(answer) => Ok(answer),
            None => recall(self.worker, ticket.seq).await,
        }
    }

    async fn refusal(&self, index: usize, ticket: Ticket) -> Result<Reply, HttpError> {
        match self.answer(ticket).await? {
            Answer::Refused(refused) => {
                let catalog = self.worker.app.engine.catalogs().version(refused.catalog);
                Ok(self.refused(index, refusal::problem(&refused, catalog, self.language)))
            }
            Answer::Done(done) => Err(HttpError::Internal(format!(
                "record {} is no refusal",
                done.seq.0
            ))),
        }
    }

    fn refused(&self, index: usize, mut problem: Problem) -> Reply {
        problem.index = Some(index);
        self.worker.writer.problem(&problem)
    }
}
