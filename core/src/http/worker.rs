//! One network thread's part: takes a request to its handler and its answer back.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hubu_kernel::record::Traceparent;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, Version};
use tracing::Instrument;

use super::admission::{Admission, Admitted, Held, Purpose};
use super::app::App;
use super::browser::{self, Origins};
use super::error::HttpError;
use super::measure::Measure;
use super::payload::Payload;
use super::request_id::{REQUEST_ID, RequestIds, request_id};
use super::respond::{Reply, Writer};
use super::route::{self, Found, Needs, Operation};
use super::session::Session;
use super::turn::Turns;
use super::{
    audit, batch, body, document, event, head, health, privileged, quota, respond, signing, submit,
    work,
};
use crate::access::{AccessError, Bearer, Recent, Verified};
use crate::cipher::to_hex;
use crate::engine::actor::Actor;
use crate::engine::error::{Denied, SubmitError};
use crate::engine::permit;

/// What one network thread keeps.
pub struct Worker {
    pub(super) app: Arc<App>,
    pub(super) writer: Writer,
    pub(super) turns: Rc<Turns>,
    measure: Measure,
    recent: Recent,
    ids: RequestIds,
    /// Counts those who are sent away.
    spread: Cell<u32>,
}

/// Who makes one request. They are looked up once: after an await their token may be believed no more, and what is refused,
/// counted and noted is still theirs.
type Asker = OnceCell<Arc<Actor>>;

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
            ids: RequestIds::new(),
            spread: Cell::new(0),
        })
    }

    /// Answers one request.
    pub async fn answer(&self, session: &Session, request: Request<Incoming>) -> Response<Payload> {
        let start = Instant::now();
        // Asked before anything is looked at: what comes in meanwhile only makes the answer newer than it says.
        let behind = self.app.engine.behind(start);
        let (mut head, body) = request.into_parts();
        let id = self.ids.name(&mut head.headers);
        if let Some(mut answer) = self.app.origins.preflight(&head.method, &head.headers) {
            self.finish(&mut answer, session, &head, id);
            return answer;
        }
        let found = self.find(session, &head);
        let operation = found.as_ref().ok().map(|found| found.operation);
        let asker = Asker::new();
        let reply = match found {
            Ok(found) if tracing::enabled!(tracing::Level::DEBUG) => {
                let span = span(&head);
                let answered = Box::pin(self.operate((session, &asker), found, &head, body));
                answered.instrument(span).await
            }
            Ok(found) => self.operate((session, &asker), found, &head, body).await,
            Err(error) => Err(error),
        };
        let reply = match reply {
            Err(error) if audit::is_refusal(&error) => {
                let who = (session, asker.get());
                Err(Box::pin(self.note_refusal(who, &head, error)).await)
            }
            reply => reply,
        };
        let counted = reply.and_then(|reply| {
            let held = reply.count(&self.app.admission, head.method != Method::GET)?;
            Ok((reply, held))
        });
        let (reply, held) = counted.unwrap_or_else(|error| {
            if let Some(actor) = asker.get().filter(|_| is_shed(&error)) {
                session.send_away(actor, start, self.time_away());
            }
            let mut problem = error.problem(head::language(&head.headers));
            problem.request_id = id.to_str().ok().map(str::to_owned);
            if problem.status == 500 {
                tracing::error!(
                    request = problem.request_id,
                    "answered with a fault of ours"
                );
            }
            (self.writer.problem(&problem), None)
        });
        self.measure.count(operation, reply.status, start.elapsed());
        let mut response = reply.into_response(held);
        if let Some(behind) = behind {
            respond::tell_age(&mut response, behind);
        }
        self.finish(&mut response, session, &head, id);
        response
    }

    /// The route of a request whose head is no riddle and whose client has not had its share. What is no request of ours
    /// counts as well.
    fn find<'a>(&self, session: &Session, head: &'a Parts) -> Result<Found<'a>, HttpError> {
        let found = route::find(&head.method, head.uri.path());
        let operation = found.as_ref().ok().map(|found| found.operation);
        // Whoever looks whether we live is let in however loud others at his address are.
        if !matches!(operation, Some(Operation::Health | Operation::Ready)) {
            self.app.rates.count_client(session, &head.headers)?;
        }
        head::check(head)?;
        found
    }

    /// The headers of an answer that have nothing to do with what it says.
    #[inline]
    fn finish(
        &self,
        answer: &mut Response<Payload>,
        session: &Session,
        head: &Parts,
        id: HeaderValue,
    ) {
        let said = answer.headers_mut();
        said.insert(REQUEST_ID, id);
        if session.is_tls() {
            browser::insist_on_tls(said);
        }
        if let Some(origin) = self.app.origins.of(&head.headers) {
            Origins::open(origin, said);
        }
        // A proxy that overlooks this header and one that heeds it disagree on where the next request begins: there
        // is none.
        if head.headers.contains_key(TRANSFER_ENCODING) {
            said.insert(CONNECTION, HeaderValue::from_static("close"));
        }
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
        (session, asker): (&Session, &Asker),
        found: Found<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Reply, HttpError> {
        let (first, needs) = (found.parameters[0], found.operation.needs());
        if self.app.rates.counts_people(found.operation) && needs != Needs::Nothing {
            let actor = self.asker(session, &head.headers, asker)?;
            let counted = self.app.rates.count_person(actor, found.operation);
            if let Err(error) = counted {
                Box::pin(body::let_go(head, body)).await;
                return Err(error);
            }
        }
        if self.app.engine.is_standby() && found.operation.is_command() {
            // As for one who is shed; on the heap, as it is seldom.
            Box::pin(body::let_go(head, body)).await;
            return Err(SubmitError::Standby.into());
        }
        if needs == Needs::Nothing {
            return self.tell_anybody(found.operation);
        }
        let holder = self.asker(session, &head.headers, asker)?;
        let actor = self.actor(holder.clone(), found.operation)?;
        if self.is_privileged(&actor) {
            Box::pin(self.note_privileged(&actor, session, head)).await?;
        }
        match found.operation {
            Operation::Create => submit::create(self, (session, actor), head, body).await,
            Operation::Act => {
                submit::act(self, (session, actor), head, body, found.parameters).await
            }
            // The rest is on the heap: a connection is as large as its largest request.
            Operation::Batch => Box::pin(batch::batch(self, (session, actor), head, body)).await,
            Operation::Document => Box::pin(document::document(self, actor, first)).await,
            Operation::Quota => Box::pin(quota::quota(self, actor, first)).await,
            Operation::Quotas => Box::pin(quota::quotas(self, actor, head)).await,
            Operation::Signing => {
                let step = found.parameters;
                Box::pin(signing::signing(self, (session, actor), head, body, step)).await
            }
            Operation::Trace => Box::pin(event::trace(self, actor, first)).await,
            Operation::Events => Box::pin(event::events(self, actor, head)).await,
            Operation::Work => Box::pin(work::work(self, actor, head)).await,
            Operation::Summary => Box::pin(work::summary(self, actor, head, first)).await,
            open @ (Operation::OpenApi | Operation::Health | Operation::Ready) => {
                self.tell_anybody(open)
            }
        }
    }

    /// What needs no token.
    fn tell_anybody(&self, operation: Operation) -> Result<Reply, HttpError> {
        match operation {
            Operation::OpenApi => Ok(Reply::bytes("application/json", self.app.openapi.clone())),
            Operation::Health => health::health(self),
            Operation::Ready => health::ready(self),
            other => Err(HttpError::Internal(format!("{other:?} needs a token"))),
        }
    }

    /// The holder of a token as who asks for this operation: the one place where the token's narrowing and its holder's
    /// roles meet the routes.
    ///
    /// # Errors
    /// The token was narrowed to other operations, or none of its holder's roles reads this sort of thing at all.
    #[inline]
    fn actor(&self, actor: Arc<Actor>, operation: Operation) -> Result<Arc<Actor>, HttpError> {
        if let Some(narrowed) = &actor.narrowed
            && !narrowed.lets_ask(operation.name(), operation.is_command())
        {
            return Err(SubmitError::from(Denied::Narrowed).into());
        }
        privileged::mark(&actor, operation);
        if let Needs::Reader(area) = operation.needs() {
            let catalog = self.app.engine.catalogs().current().1;
            permit::may_use(catalog, &actor, area).map_err(SubmitError::from)?;
        }
        Ok(actor)
    }

    /// Who makes this request, looked up at the first call for it.
    ///
    /// # Errors
    /// As [`Worker::holder`].
    #[inline]
    fn asker<'a>(
        &self,
        session: &Session,
        headers: &HeaderMap,
        asker: &'a Asker,
    ) -> Result<&'a Arc<Actor>, HttpError> {
        if let Some(known) = asker.get() {
            return Ok(known);
        }
        let holder = self.holder(session, headers)?;
        Ok(asker.get_or_init(|| holder))
    }

    /// Who holds the token, whatever is asked: the one place where a token is looked at.
    ///
    /// # Errors
    /// No token, or one that is not believed.
    #[inline]
    fn holder(&self, session: &Session, headers: &HeaderMap) -> Result<Arc<Actor>, HttpError> {
        let token = head::bearer(headers).ok_or(AccessError::Missing)?;
        let now_seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let tokens = &self.app.tokens;
        let bearer = session.bearer(token, now_seconds);
        if let Some(known) = session.known(tokens, bearer) {
            return Ok(known);
        }
        if let Some(known) = self.recent.get(tokens, bearer) {
            return Ok(known);
        }
        let verified = self.verify(session, headers, bearer)?;
        let verified = self.recent.put(token, &verified);
        let actor = verified.actor.clone();
        session.remember(verified);
        Ok(actor)
    }

    /// Whose a token is that this thread has not seen lately. A client whose tokens were none too often is believed only
    /// what is known.
    fn verify(
        &self,
        session: &Session,
        headers: &HeaderMap,
        bearer: Bearer<'_>,
    ) -> Result<Arc<Verified>, HttpError> {
        let (tokens, rates) = (&self.app.tokens, &self.app.rates);
        if let Some(known) = tokens.known(bearer) {
            return Ok(known);
        }
        rates.may_try(session, headers)?;
        tokens.verify_or_name(bearer).map_err(|error| {
            if matches!(error, AccessError::Invalid(_)) {
                rates.count_guess(session, headers);
            }
            error.into()
        })
    }

    /// The whole body of a request that is let in, and its place among those under way.
    ///
    /// # Errors
    /// Too long, too slow, broken off, or too much is under way.
    pub(super) async fn receive(
        &self,
        (session, actor): (&Session, &Arc<Actor>),
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
        let away = session.is_away_until(actor);
        hold_back(away, head.version).await?;
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
}

/// Keeps one waiting who was shed and comes back before his time: he hears the same again, at the end of
/// it. Without this, clients that do not heed `Retry-After` make the server spend its time on refusals.
async fn hold_back(away_until: Option<Instant>, version: Version) -> Result<(), HttpError> {
    let Some(until) = away_until.filter(|until| *until > Instant::now()) else {
        return Ok(());
    };
    // Of HTTP/2's many streams none may wait: each keeps its head in memory.
    if version != Version::HTTP_2 {
        tokio::time::sleep_until(until.into()).await;
    }
    Err(HttpError::HeldBack)
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
        request = request_id(&head.headers),
        trace = trace.as_ref().map(trace_id),
    )
}

/// The trace's 32 hex digits.
pub(super) fn trace_id(trace: &Traceparent) -> String {
    to_hex(&trace[..16])
}
