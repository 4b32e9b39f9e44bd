//! One network thread's part: takes a request to its handler and its answer back.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hubu_kernel::record::Traceparent;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, Version};
use tracing::Instrument;

use super::admission::{Admission, Admitted, Held, Purpose};
use super::app::App;
use super::error::HttpError;
use super::measure::Measure;
use super::payload::Payload;
use super::respond::{Reply, Writer};
use super::route::{self, Found, Operation};
use super::session::Session;
use super::turn::Turns;
use super::{
    audit, batch, body, document, event, head, health, quota, respond, signing, submit, work,
};
use crate::access::{AccessError, Recent};
use crate::engine::actor::Actor;
use crate::engine::error::SubmitError;

/// What one network thread keeps.
pub struct Worker {
    pub(super) app: Arc<App>,
    pub(super) writer: Writer,
    pub(super) turns: Rc<Turns>,
    measure: Measure,
    recent: Recent,
    /// Counts those who are sent away.
    spread: Cell<u32>,
}

impl Worker {
    /// The worker of the calling thread, which is inside its runtime: hangs up the thread's bell, so
    /// that a durable batch wakes the thread once and not each of its requests.
    pub fn new(app: Arc<App>) -> Rc<Self> {
        let engine = app.engine.clone();
        tokio::task::spawn_local(async move { engine.watermark().bell().await });
        let turns = Turns::new(app.engine.clone());
        let writer = Writer::new(app.limits.retry_after_seconds);
        Rc::new(Self {
            app,
            writer,
            turns,
            measure: Measure::new(),
            recent: Recent::default(),
            spread: Cell::new(0),
        })
    }

    /// Answers one request.
    pub async fn answer(&self, session: &Session, request: Request<Incoming>) -> Response<Payload> {
        let start = Instant::now();
        // Asked before anything is looked at: what comes in meanwhile only makes the answer newer than it says.
        let behind = self.app.engine.behind(start);
        let (head, body) = request.into_parts();
        let found = route::find(&head.method, head.uri.path());
        let operation = found.as_ref().ok().map(|found| found.operation);
        let reply = match found {
            Ok(found) if tracing::enabled!(tracing::Level::DEBUG) => {
                let span = span(&head);
                let answered = Box::pin(self.operate(session, found, &head, body));
                answered.instrument(span).await
            }
            Ok(found) => self.operate(session, found, &head, body).await,
            Err(error) => Err(error),
        };
        let reply = match reply {
            Err(error) if audit::is_refusal(&error) => {
                Err(Box::pin(self.note_refusal(session, &head, error)).await)
            }
            reply => reply,
        };
        let counted = reply.and_then(|reply| {
            let held = reply.count(&self.app.admission, head.method != Method::GET)?;
            Ok((reply, held))
        });
        let (reply, held) = counted.unwrap_or_else(|error| {
            if is_shed(&error) {
                session.send_away(start, self.time_away());
            }
            let problem = error.problem(head::language(&head.headers));
            (self.writer.problem(&problem), None)
        });
        self.measure.count(operation, reply.status, start.elapsed());
        let mut response = reply.into_response(held);
        if let Some(behind) = behind {
            respond::tell_age(&mut response, behind);
        }
        response
    }

    /// How long one who is shed is to stay away: what `Retry-After` says, and up to as much again, so that those
    /// who were shed together do not come back together.
    fn time_away(&self) -> Duration {
        let least = Duration::from_secs(u64::from(self.app.limits.retry_after_seconds));
        let step = self.spread.get().wrapping_add(1);
        self.spread.set(step);
        least + least * (step % 64) / 64
    }

    async fn operate(
        &self,
        session: &Session,
        found: Found<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Reply, HttpError> {
        let first = found.parameters[0];
        if self.app.engine.is_standby() && found.operation.is_command() {
            // As for one who is shed; on the heap, as it is seldom.
            Box::pin(body::let_go(head, body)).await;
            return Err(SubmitError::Standby.into());
        }
        if let Some(actor) = self.privileged(session, head) {
            Box::pin(self.note_privileged(&actor, head)).await?;
        }
        match found.operation {
            Operation::Create => submit::create(self, session, head, body).await,
            Operation::Act => submit::act(self, session, head, body, found.parameters).await,
            // The rest is on the heap: a connection is as large as its largest request.
            Operation::Batch => Box::pin(batch::batch(self, session, head, body)).await,
            Operation::Document => Box::pin(document::document(self, session, head, first)).await,
            Operation::Quota => Box::pin(quota::quota(self, session, head, first)).await,
            Operation::Quotas => Box::pin(quota::quotas(self, session, head)).await,
            Operation::Signing => {
                let step = found.parameters;
                Box::pin(signing::signing(self, session, head, body, step)).await
            }
            Operation::Trace => Box::pin(event::trace(self, session, head, first)).await,
            Operation::Events => Box::pin(event::events(self, session, head)).await,
            Operation::Work => Box::pin(work::work(self, session, head)).await,
            Operation::Summary => Box::pin(work::summary(self, session, head, first)).await,
            Operation::OpenApi => Ok(Reply::bytes("application/json", self.app.openapi.clone())),
            Operation::Health => health::health(self),
            Operation::Ready => health::ready(self),
        }
    }

    /// Who asks.
    ///
    /// # Errors
    /// No token, or one that is not believed.
    #[inline]
    pub(super) fn actor(
        &self,
        session: &Session,
        headers: &HeaderMap,
    ) -> Result<Arc<Actor>, HttpError> {
        let token = head::bearer(headers).ok_or(AccessError::Missing)?;
        let now_seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if let Some(known) = session.known(token, now_seconds) {
            session.asks(&known);
            return Ok(known);
        }
        if let Some(known) = self.recent.get(token, now_seconds) {
            session.asks(&known);
            return Ok(known);
        }
        let verified = self.app.tokens.verify(token, now_seconds)?;
        let verified = self.recent.put(token, &verified);
        let actor = verified.actor.clone();
        session.asks(&actor);
        session.remember(verified);
        Ok(actor)
    }

    /// The whole body of a request that is let in, and its place among those under way.
    ///
    /// # Errors
    /// Too long, too slow, broken off, or too much is under way.
    pub(super) async fn receive(
        &self,
        session: &Session,
        head: &Parts,
        body: Incoming,
        purpose: Purpose,
    ) -> Result<Received<'_>, HttpError> {
        let admission = &*self.app.admission;
        let limits = &self.app.limits;
        let limit_bytes = match purpose {
            Purpose::Batch => limits.batch_bytes,
            _ => limits.body_bytes,
        };
        let declared = body::declared_bytes(&head.headers, limit_bytes)?;
        self.hold_back(session, head.version).await?;
        if let Err(error) = admission.look(declared, purpose) {
            // Who is still sending hears nothing of a connection that is closed on him.
            body::let_go(head, body).await;
            return Err(error);
        }
        let mut held = Held::new(admission, purpose);
        let limit = body::Limit {
            bytes: limit_bytes,
            time: limits.body_time,
        };
        let bytes = body::read(&head.headers, body, limit, &mut held).await?;
        Ok(Received {
            bytes,
            _admitted: admission.admit()?,
            held,
        })
    }

    /// Keeps one waiting who was shed and comes back before his time: he hears the same again, at the end of
    /// it. Without this, clients that do not heed `Retry-After` make the server spend its time on refusals.
    async fn hold_back(&self, session: &Session, version: Version) -> Result<(), HttpError> {
        let Some(until) = session.is_away_until() else {
            return Ok(());
        };
        let now = Instant::now();
        if until <= now {
            return Ok(());
        }
        // Of HTTP/2's many streams none may wait: each keeps its head in memory.
        if version != Version::HTTP_2 {
            tokio::time::sleep_until(until.into()).await;
        }
        Err(HttpError::HeldBack)
    }
}

/// The body of a request that was let in. While it is there the request counts as worked on.
pub(super) struct Received<'a> {
    pub(super) bytes: Bytes,
    _admitted: Admitted<'a>,
    held: Held<&'a Admission>,
}

impl Received<'_> {
    /// Counts what is made of the body as well.
    ///
    /// # Errors
    /// There is no room for it, now or ever.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), HttpError> {
        if self.held.could_never(bytes) {
            return Err(HttpError::value(
                "commands",
                "too many small parts for one request",
            ));
        }
        self.held.grow(bytes)
    }
}

/// Whether the client is to stay away for a while.
fn is_shed(error: &HttpError) -> bool {
    matches!(
        error,
        HttpError::Shed | HttpError::Submit(SubmitError::Busy)
    )
}

fn span(head: &Parts) -> tracing::Span {
    let trace = head::traceparent(&head.headers);
    tracing::debug_span!(
        "request",
        method = %head.method,
        path = head.uri.path(),
        trace = trace.as_ref().map(trace_id),
    )
}

/// The trace's 32 hex digits.
pub(super) fn trace_id(trace: &Traceparent) -> String {
    trace[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
