//! One TCP connection, held by one user for the whole run: a hyper HTTP/1.1 client driven by the user's own task.
//!
//! Between requests a user holds the socket alone: hyper's side of a connection, with buffers of 8 KiB for each
//! direction, is made for a request and given up after its answer. A crowd is thinking, nearly all of it nearly all of the
//! time. While there is one, it is polled inside the request instead of in a task of its own: ten thousand users are then
//! ten thousand tasks, not twenty, and a request wakes one of them. The price: a connection that the server closes
//! while its user thinks is noticed at the next request, which then opens a new one.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use rustls::pki_types::ServerName;
use tokio::net::TcpSocket;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::stream::Stream;
use super::trust;
use crate::error::{LoadError, WireError};

/// The largest answer that we read: a page of quota rows or of events stays well below.
const ANSWER_MAX: usize = 64 << 20;
/// Connections from one loopback source address before the next is taken. Linux offers 28,232 ports by default and tries
/// half of them first; once those are taken, each connect looks through all of that half in vain.
pub(crate) const PORTS_PER_ADDRESS: u32 = 12_000;

/// Where the load goes, shared by all connections of a process.
pub struct Target {
    address: SocketAddr,
    host: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    opened: AtomicU64,
    next: AtomicU32,
}

impl Target {
    /// Takes `http://host:port`, or `https://host:port` once [`trust`](super::trust()) was told whom to believe; resolves
    /// the host once.
    pub fn new(url: &str) -> Result<Arc<Self>, LoadError> {
        let bad = || LoadError::Target(url.to_owned());
        let (host, is_tls) = match url.strip_prefix("https://") {
            Some(host) => (host, true),
            None => (url.strip_prefix("http://").ok_or_else(bad)?, false),
        };
        let host = host.trim_end_matches('/');
        let tls = is_tls.then(|| tls_for(host, url)).transpose()?;
        let mut found = host.to_socket_addrs().map_err(|_| bad())?;
        Ok(Arc::new(Self {
            address: found.next().ok_or_else(bad)?,
            host: HeaderValue::from_str(host).map_err(|_| bad())?,
            tls,
            opened: AtomicU64::new(0),
            next: AtomicU32::new(0),
        }))
    }

    /// The target as a URL.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.host.to_str().unwrap_or_default())
    }

    /// How many connections were opened so far, reconnections included.
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    async fn connect(&self, local: Local) -> std::io::Result<Stream> {
        let socket = match self.address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if let (Local::Spread { first }, true) = (
            local,
            self.address.ip().is_loopback() && self.address.is_ipv4(),
        ) {
            let number = first + self.next.fetch_add(1, Ordering::Relaxed) / PORTS_PER_ADDRESS;
            let last = u8::try_from(1 + number % 250).unwrap_or(1);
            // The port is chosen at the connect, when the other end is known. To choose it here the kernel would look
            // through all ports of the address, longer and longer: it took most of a crowd's ramp.
            setsockopt(&socket, IpBindAddressNoPort, &true)?;
            socket.bind(SocketAddr::new(
                IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)),
                0,
            ))?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.opened.fetch_add(1, Ordering::Relaxed);
        let Some((connector, name)) = &self.tls else {
            return Ok(Stream::Plain(stream));
        };
        let shaken = connector.connect(name.clone(), stream).await?;
        Ok(Stream::Tls(Box::new(shaken)))
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Target").field(&self.url()).finish()
    }
}

/// What handshakes with this host are made with.
fn tls_for(host: &str, url: &str) -> Result<(TlsConnector, ServerName<'static>), LoadError> {
    let config = trust::config().ok_or_else(|| {
        let reason = format!("{url} wants --ca FILE: the authority, or the server's certificate");
        LoadError::format("TLS", reason)
    })?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(name).map_err(|_| LoadError::Target(url.to_owned()))?;
    Ok((TlsConnector::from(config), name))
}

/// Which source address a connection takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    /// Whatever the system chooses.
    Any,
    /// 127.0.0.(1 + first + n / 12,000) for the n-th connection of the process, when the target is on loopback.
    Spread {
        /// Number of the first address, from 0.
        first: u32,
    },
}

/// A request as a user makes it. The body is JSON, or empty for GET.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// GET or POST.
    pub method: Method,
    /// Path and query.
    pub path: &'a str,
    /// `Bearer …`; a plan's own requests have none, or name it themselves.
    pub token: Option<&'a HeaderValue>,
    /// Headers beside these; one that is named here stands for the harness's own.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// `Idempotency-Key`, on every POST but batches.
    pub key: Option<&'a str>,
    /// `If-Match`, quotes and all.
    pub if_match: Option<&'a str>,
    /// JSON, or empty.
    pub body: Bytes,
}

impl<'a> Request<'a> {
    /// A read.
    pub fn get(path: &'a str, token: &'a HeaderValue) -> Self {
        Self {
            method: Method::GET,
            path,
            token: Some(token),
            headers: &[],
            key: None,
            if_match: None,
            body: Bytes::new(),
        }
    }

    /// A request of a plan's own.
    pub fn own(
        method: Method,
        path: &'a str,
        headers: &'a [(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Self {
        Self {
            method,
            path,
            token: None,
            headers,
            key: None,
            if_match: None,
            body,
        }
    }

    /// A command with its key.
    pub fn post(path: &'a str, token: &'a HeaderValue, key: Option<&'a str>, body: Bytes) -> Self {
        Self {
            method: Method::POST,
            path,
            token: Some(token),
            headers: &[],
            key,
            if_match: None,
            body,
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Seconds of `Retry-After`, when the server sheds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Bytes,
}

/// One connection to the target, opened at the first request and again after it was cut.
pub struct Connection {
    target: Arc<Target>,
    local: Local,
    limit: Duration,
    stream: Option<Stream>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("open", &self.stream.is_some())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A connection that is not open yet. `limit` bounds each request, connecting included.
    pub fn new(target: Arc<Target>, local: Local, limit: Duration) -> Self {
        Self {
            target,
            local,
            limit,
            stream: None,
        }
    }

    /// Whether there is a connection that was good when last used.
    pub fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Opens the connection, if it is not open.
    pub async fn open(&mut self) -> Result<(), WireError> {
        match tokio::time::timeout(self.limit, self.connect()).await {
            Ok(done) => done,
            Err(_) => Err(WireError::Connect(ErrorKind::TimedOut)),
        }
    }

    async fn connect(&mut self) -> Result<(), WireError> {
        if self.stream.is_none() {
            let opened = self.target.connect(self.local).await;
            self.stream = Some(opened.map_err(|e| WireError::Connect(e.kind()))?);
        }
        Ok(())
    }

    /// Sends one request and reads the whole answer. After any error the connection is dropped.
    pub async fn send(&mut self, request: &Request<'_>) -> Result<Answer, WireError> {
        // A server may close a connection while its user thinks: that is no failure, it is opened again.
        if self.stream.as_mut().is_some_and(Stream::is_over) {
            self.stream = None;
        }
        let end = Instant::now() + self.limit;
        if self.stream.is_none() {
            match timeout_at(end, self.connect()).await {
                Ok(done) => done?,
                Err(_) => return Err(WireError::Connect(ErrorKind::TimedOut)),
            }
        }
        let wanted = self.build(request)?;
        let Some(stream) = self.stream.take() else {
            return Err(WireError::Cut);
        };
        let (answer, kept) = timeout_at(end, exchange(stream, wanted))
            .await
            .map_err(|_| WireError::Timeout)??;
        self.stream = kept;
        Ok(answer)
    }

    fn build(&self, request: &Request<'_>) -> Result<hyper::Request<Full<Bytes>>, WireError> {
        let mut builder = hyper::Request::builder()
            .method(request.method.clone())
            .uri(request.path)
            .header(HOST, self.target.host.clone());
        if let Some(token) = request.token {
            builder = builder.header(AUTHORIZATION, token.clone());
        }
        for (name, value) in request.headers {
            builder = builder.header(name.clone(), value.clone());
        }
        let names_type = request
            .headers
            .iter()
            .any(|(name, _)| *name == CONTENT_TYPE);
        if !request.body.is_empty() && !names_type {
            builder = builder.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = request.key {
            builder = builder.header("idempotency-key", key);
        }
        if let Some(version) = request.if_match {
            builder = builder.header("if-match", version);
        }
        builder
            .body(Full::new(request.body.clone()))
            .map_err(|_| WireError::Garbled)
    }
}

/// One request and its answer, and the stream if it is good for another.
async fn exchange(
    stream: Stream,
    wanted: hyper::Request<Full<Bytes>>,
) -> Result<(Answer, Option<Stream>), WireError> {
    // Bodies are small: to copy one behind its head costs less than to send both from where they are.
    let shaken = http1::Builder::new()
        .writev(false)
        .handshake(TokioIo::new(stream))
        .await;
    let (mut sender, mut driver) = shaken.map_err(|_| WireError::Connect(ErrorKind::Other))?;
    let work = async {
        let response = sender.send_request(wanted).await.map_err(|e| broken(&e))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_MAX)
            .collect()
            .await
            .map_err(|_| WireError::Cut)?
            .to_bytes();
        let retry = head
            .headers
            .get(hyper::header::RETRY_AFTER)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        Ok(Answer {
            status: head.status,
            retry_after: retry,
            body,
        })
    };
    let answer = drive(&mut driver, work).await?;
    // Ready for another means: all was sent, all was read, and neither side wants to close.
    let is_over = poll_fn(|context| Poll::Ready(Pin::new(&mut driver).poll(context).is_ready()));
    let is_kept = !is_over.await && sender.is_ready();
    let parts = driver.into_parts();
    let stream = (is_kept && parts.read_buf.is_empty()).then(|| parts.io.into_inner());
    Ok((answer, stream))
}

/// What is told of an exchange that broke: an answer that is no HTTP is not the same as none.
fn broken(error: &hyper::Error) -> WireError {
    if error.is_parse() {
        WireError::Garbled
    } else {
        WireError::Cut
    }
}

/// Polls `work`, and the connection under it whenever the work waits.
async fn drive<T>(
    driver: &mut http1::Connection<TokioIo<Stream>, Full<Bytes>>,
    work: impl Future<Output = Result<T, WireError>>,
) -> Result<T, WireError> {
    let mut work = pin!(work);
    let mut over = false;
    poll_fn(|context| {
        loop {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            if over {
                return Poll::Ready(Err(WireError::Cut));
            }
            match Pin::new(&mut *driver).poll(context) {
                // The last bytes of an answer may be there although the connection is over: look once more.
                Poll::Ready(_) => over = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}
