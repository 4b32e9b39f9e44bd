//! What the HTTP figures are compared with: hyper alone, a runtime a core, that reads a payment, parses
//! it with serde_json and answers bytes that Hubu answered.

use crate::Outcome;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use socket2::{Domain, Protocol, Socket, Type};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// A payment as it comes in. Every value is read; nothing is done with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    division: Cow<'a, str>,
    fiscal_year: u16,
    #[serde(borrow)]
    agency: Cow<'a, str>,
    #[serde(borrow)]
    transition: Cow<'a, str>,
    #[serde(borrow)]
    fields: BTreeMap<&'a str, serde_json::Value>,
    lines: Vec<Line<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    amount: Cow<'a, str>,
    #[serde(borrow)]
    row: Cow<'a, str>,
    #[serde(borrow)]
    to: BTreeMap<&'a str, Cow<'a, str>>,
    month: u8,
}

impl Payment<'_> {
    /// Looks at everything, so that nothing of the parsing is left out.
    fn weight(&self) -> usize {
        let lines = self.lines.iter().map(|line| {
            line.amount.len() + line.row.len() + line.to.len() + usize::from(line.month)
        });
        let head =
            self.kind.len() + self.division.len() + self.agency.len() + self.transition.len();
        head + usize::from(self.fiscal_year) + self.fields.len() + lines.sum::<usize>()
    }
}

/// Serves until it is killed.
pub(crate) fn serve(listen: SocketAddr, answer: &Path) -> Outcome<()> {
    let answer = Bytes::from(std::fs::read(answer)?);
    let cores = std::thread::available_parallelism()?.get();
    let threads: Vec<_> = (0..cores)
        .map(|_| {
            let listener = listener(listen)?;
            let answer = answer.clone();
            Ok(std::thread::spawn(move || {
                one_thread(listener, answer).map_err(|error| error.to_string())
            }))
        })
        .collect::<Outcome<_>>()?;
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    Ok(())
}

fn listener(listen: SocketAddr) -> Outcome<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(listen),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&listen.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

fn one_thread(listener: TcpListener, answer: Bytes) -> Outcome<()> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answer = answer.clone();
            let service = service_fn(move |request| respond(request, answer.clone()));
            // An error is the client's: it went away.
            tokio::task::spawn_local(
                http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    })
}

async fn respond(
    request: Request<Incoming>,
    answer: Bytes,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    if request.method() == Method::GET {
        return Ok(Response::new(Full::new(Bytes::new())));
    }
    let body = request.into_body().collect().await?.to_bytes();
    let (status, bytes) = match serde_json::from_slice::<Payment<'_>>(&body) {
        Ok(payment) if payment.weight() > 0 => (StatusCode::CREATED, answer),
        _ => (StatusCode::BAD_REQUEST, Bytes::new()),
    };
    let mut response = Response::new(Full::new(bytes));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
