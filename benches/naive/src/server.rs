//! The server: hyper, a pool of connections, and one of the two ways to pay.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_postgres::NoTls;

use crate::Mode;
use crate::answer::Answer;
use crate::batched::{Full as QueueFull, Writers};
use crate::error::NaiveError;
use crate::payment::Payment;
use crate::{read, row_lock};

/// The most connections at a time; more wait to be accepted. One table of descriptors, of 20,000 where limits are usual,
/// holds them beside those to the database.
const CONNECTIONS_MAX: usize = 19_000;
/// The largest body, in bytes.
const BODY_MAX: usize = 64 * 1024;
/// Connections for reads, beside those that the writers of [`Mode::Batched`] keep.
const READERS: usize = 2;

/// What the server is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://user@host:port/database`, laid out by [`crate::rows::load`].
    pub database: String,
    /// How payments become durable.
    pub mode: Mode,
    /// Row-lock: connections of the pool; batched: writers.
    pub size: usize,
    /// Batched: the most payments of one transaction.
    pub batch: usize,
}

/// What every connection shares.
struct App {
    pool: Pool,
    writers: Option<Writers>,
}

/// Serves until the task is dropped.
///
/// # Errors
/// The database can't be reached, or nothing more can be accepted.
pub async fn serve(listener: TcpListener, settings: &Settings) -> Result<(), NaiveError> {
    let app = Arc::new(App::open(settings).await?);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let permit = Arc::clone(&room).acquire_owned().await;
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            let _permit = permit;
            connection(stream, app).await;
        });
    }
}

async fn connection(stream: TcpStream, app: Arc<App>) {
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(respond(app, request).await) }
    });
    // An error is the client's: it went away.
    let _gone = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl App {
    async fn open(settings: &Settings) -> Result<App, NaiveError> {
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(
            settings.database.parse()?,
            NoTls,
            ManagerConfig { recycling_method },
        );
        let is_batched = settings.mode == Mode::Batched;
        let readers = if is_batched { READERS } else { 0 };
        let pool = Pool::builder(manager)
            .max_size(settings.size + readers)
            .build()?;
        let writers = if is_batched {
            Some(Writers::start(&pool, settings.size, settings.batch).await?)
        } else {
            // The first command should not find the database missing.
            drop(pool.get().await?);
            None
        };
        Ok(App { pool, writers })
    }

    async fn pay(&self, payment: Payment) -> Result<Answer, NaiveError> {
        let payment = Arc::new(payment);
        let Some(writers) = &self.writers else {
            let kept = row_lock::pay(&self.pool, &payment).await?;
            return Ok(Answer::to_payment(&payment, kept));
        };
        Ok(match writers.pay(Arc::clone(&payment)).await? {
            Ok(kept) => Answer::to_payment(&payment, kept),
            Err(QueueFull) => Answer::problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "shed",
                "too many wait; ask again",
            ),
        })
    }
}

async fn respond(app: Arc<App>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    // In a task of its own: a client that goes away must not leave a transaction half done in its connection.
    let answered = tokio::spawn(async move { answer(&app, &head, body).await }).await;
    let answer = match answered {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => failed(&error.to_string()),
        Err(error) => failed(&error.to_string()),
    };
    let mut response = Response::new(Full::new(answer.body.into()));
    *response.status_mut() = answer.status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn failed(words: &str) -> Answer {
    Answer::problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", words)
}

async fn answer(app: &App, head: &Parts, body: Incoming) -> Result<Answer, NaiveError> {
    let query = head.uri.query().unwrap_or("");
    match (&head.method, head.uri.path()) {
        (&Method::POST, "/v1/documents") => match payment(head, body).await {
            Ok(payment) => app.pay(payment).await,
            Err(words) => Ok(Answer::problem(
                StatusCode::BAD_REQUEST,
                "body_form",
                &words,
            )),
        },
        (&Method::GET, "/v1/quotas") => read::quotas(&app.pool, query).await,
        (&Method::GET, "/v1/events") => read::events(&app.pool, query).await,
        (&Method::GET, "/readyz") => Ok(Answer::json(StatusCode::OK, &"ready")),
        (&Method::GET, path) => by_name(app, path, query).await,
        _ => Ok(no_such_place()),
    }
}

/// Reads of one thing, whose name stands in the path.
async fn by_name(app: &App, path: &str, query: &str) -> Result<Answer, NaiveError> {
    let summed = |rest: &'static str| path.strip_prefix("/v1/divisions/")?.strip_suffix(rest);
    if let Some(row) = path.strip_prefix("/v1/quotas/") {
        read::quota(&app.pool, row).await
    } else if let Some(document) = path.strip_prefix("/v1/documents/") {
        read::document(&app.pool, document).await
    } else if let Some(division) = summed("/summary") {
        read::summary(&app.pool, division, query).await
    } else {
        Ok(no_such_place())
    }
}

fn no_such_place() -> Answer {
    Answer::problem(StatusCode::NOT_FOUND, "not_found", "no such place")
}

async fn payment(head: &Parts, body: Incoming) -> Result<Payment, String> {
    let header = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| format!("{name} is missing"))
    };
    let (token, key) = (header(AUTHORIZATION.as_str())?, header("idempotency-key")?);
    let body = Limited::new(body, BODY_MAX).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    Payment::read(token, key, &body)
}
