//! One network thread's part: takes a request to its handler and its answer back.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::Full;
use hubu_kernel::record::Traceparent;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response};
use tracing::Instrument;

use super::app::App;
use super::error::HttpError;
use super::measure::Measure;
use super::respond::{Reply, Writer};
use super::route::{self, Found, Operation};
use super::session::Session;
use super::turn::Turns;
use super::{batch, body, document, event, head, health, quota, respond, submit, work};
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
        })
    }

    /// Answers one request.
    pub async fn answer(
        &self,
        session: &Session,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
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
        let reply = reply.unwrap_or_else(|error| {
            self.writer
                .problem(&error.problem(head::language(&head.headers)))
        });
        self.measure.count(operation, reply.status, start.elapsed());
        let mut response = reply.into_response();
        if let Some(behind) = behind {
            respond::tell_age(&mut response, behind);
        }
        response
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
            return Err(SubmitError::Standby.into());
        }
        match found.operation {
            Operation::Create => submit::create(self, session, head, body).await,
            Operation::Act => submit::act(self, session, head, body, found.parameters).await,
            // The rest is on the heap: a connection is as large as its largest request.
            Operation::Batch => Box::pin(batch::batch(self, session, head, body)).await,
            Operation::Document => Box::pin(document::document(self, session, head, first)).await,
            Operation::Quota => Box::pin(quota::quota(self, session, head, first)).await,
            Operation::Quotas => Box::pin(quota::quotas(self, session, head)).await,
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
            return Ok(known);
        }
        if let Some(known) = self.recent.get(token, now_seconds) {
            return Ok(known);
        }
        let verified = self.app.tokens.verify(token, now_seconds)?;
        let verified = self.recent.put(token, &verified);
        let actor = verified.actor.clone();
        session.remember(verified);
        Ok(actor)
    }

    /// The whole body of a request that is let in, and its place among those under way.
    ///
    /// # Errors
    /// Too long, too slow, broken off, no JSON by its own word, or too much is under way.
    pub(super) async fn receive(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        limit_bytes: usize,
    ) -> Result<(Bytes, super::admission::Admitted<'_>), HttpError> {
        let declared = body::declared_bytes(headers, limit_bytes)?;
        let admitted = self.app.admission.admit(declared)?;
        let bytes = body::read(body, limit_bytes, self.app.limits.body_time).await?;
        Ok((bytes, admitted))
    }
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
