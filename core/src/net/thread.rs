//! The life of one network thread: accept, serve, sweep, drain.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::connection::Protocols;
use super::handler::Handler;
use super::sweep::{Connections, Limits};
use super::tls::{Handshakes, TlsKeeper};
use crate::config::Server;
use crate::http::session::{Session, TICK_MS, set_now_ticks};

/// How long to wait when the system has no descriptor or memory for one more connection.
const BACK_OFF: Duration = Duration::from_millis(50);

/// What all network threads share.
pub(super) struct Shared {
    pub(super) settings: Server,
    pub(super) max_connections: usize,
    /// Name of the gauge that counts them.
    pub(super) gauge: &'static str,
    /// Connections now, all threads together.
    pub(super) connections: AtomicUsize,
    /// Network threads.
    pub(super) threads: usize,
}

/// Where one thread listens.
pub(super) struct Listeners {
    pub(super) plain: TcpListener,
    /// The second one, and what its handshakes are made with.
    pub(super) tls: Option<(TcpListener, Arc<TlsKeeper>)>,
}

impl Listeners {
    /// The next connection, and whether it speaks TLS.
    async fn accept(&self) -> (io::Result<(TcpStream, SocketAddr)>, bool) {
        match &self.tls {
            None => (self.plain.accept().await, false),
            // In turns: neither can keep the other waiting.
            Some((tls, _)) => tokio::select! {
                accepted = self.plain.accept() => (accepted, false),
                accepted = tls.accept() => (accepted, true),
            },
        }
    }
}

/// Serves `listeners` until `stop` says so, then drains. Returns how many connections were cut off.
pub(super) async fn run<H: Handler>(
    shared: Arc<Shared>,
    listeners: Listeners,
    handler: H,
    mut stop: watch::Receiver<bool>,
) -> usize {
    let connections = Rc::new(Connections::new(Limits::new(&shared.settings)));
    let sweeper = tokio::task::spawn_local(sweep(connections.clone()));
    let accepting = Accepting {
        protocols: Rc::new(Protocols::new(shared.settings.header_limit_bytes)),
        handshakes: listeners
            .tls
            .as_ref()
            .map(|(_, keeper)| Rc::new(Handshakes::new(keeper.clone(), shared.threads))),
        refused: http_refusal(shared.settings.retry_after_seconds),
        connections: connections.clone(),
        gauge: metrics::gauge!(shared.gauge),
        shed: metrics::counter!("hubu_connections_refused_total"),
        is_full: Cell::new(false),
        shared: shared.clone(),
        handler,
    };
    loop {
        tokio::select! {
            biased;
            // An error means that the server object is gone, which is a stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
            (accepted, is_tls) = listeners.accept() => accepting.take(accepted, is_tls).await,
        }
    }
    accepting.take_rest(&listeners).await;
    drop(listeners);
    let drain = Duration::from_secs(u64::from(shared.settings.drain_timeout_seconds));
    let left = wait_until_empty(&connections, drain).await;
    sweeper.abort();
    left
}

async fn wait_until_empty(connections: &Connections, limit: Duration) -> usize {
    let end = Instant::now() + limit;
    loop {
        // Each time anew: a connection may have been between its accept and its first poll.
        connections.finish_all();
        let left = connections.len();
        if left == 0 || Instant::now() >= end {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn sweep(connections: Rc<Connections>) {
    let start = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(TICK_MS));
    loop {
        ticks.tick().await;
        let now = start.elapsed().as_millis() / u128::from(TICK_MS);
        set_now_ticks(u32::try_from(now).unwrap_or(u32::MAX));
        connections.sweep();
    }
}

/// What is needed to take connections on.
struct Accepting<H> {
    protocols: Rc<Protocols>,
    handshakes: Option<Rc<Handshakes>>,
    connections: Rc<Connections>,
    shared: Arc<Shared>,
    handler: H,
    gauge: metrics::Gauge,
    shed: metrics::Counter,
    refused: Vec<u8>,
    /// Whether the last attempt met a limit of the system; logged once until it passes.
    is_full: Cell<bool>,
}

impl<H: Handler> Accepting<H> {
    async fn take(&self, accepted: io::Result<(TcpStream, SocketAddr)>, is_tls: bool) {
        match accepted {
            Ok((stream, peer)) => {
                self.is_full.set(false);
                self.take_on(stream, peer, is_tls);
            }
            Err(error) if is_clients(&error) => {}
            Err(error) => {
                if !self.is_full.replace(true) {
                    tracing::warn!(%error, "cannot accept connections; trying again");
                }
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }

    /// Takes on what the kernel has already accepted for us: their clients believe to be connected.
    async fn take_rest(&self, listeners: &Listeners) {
        let pending = tokio::time::timeout(Duration::from_millis(1), async {
            while let (Ok((stream, peer)), is_tls) = listeners.accept().await {
                self.take_on(stream, peer, is_tls);
            }
        });
        // The time-out is the usual end: nobody else is waiting.
        let _ = pending.await;
    }

    fn take_on(&self, stream: TcpStream, peer: SocketAddr, is_tls: bool) {
        let Some(place) = Place::take(&self.shared, &self.gauge) else {
            self.shed.increment(1);
            if !is_tls {
                // The socket's buffer is empty, so this fits or the client is gone.
                let _ = stream.try_write(&self.refused);
            }
            return;
        };
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let (protocols, handler) = (self.protocols.clone(), self.handler.clone());
        let session = Session::of(peer.ip(), is_tls);
        let entry = self.connections.enter(session);
        // A task is as large as the largest that it may do: so there are two.
        match self.handshakes.clone().filter(|_| is_tls) {
            None => tokio::task::spawn_local(async move {
                protocols.serve(stream, handler, entry).await;
                drop(place);
            }),
            Some(handshakes) => tokio::task::spawn_local(async move {
                let with = (entry, &*handshakes);
                protocols.serve_tls(stream, handler, with).await;
                drop(place);
            }),
        };
    }
}

/// A connection that was reset before we took it is no trouble of ours.
fn is_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}

fn http_refusal(retry_after_seconds: u32) -> Vec<u8> {
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: {retry_after_seconds}\r\n\
         Connection: close\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// One of the connections that the server holds at most.
struct Place {
    shared: Arc<Shared>,
    gauge: metrics::Gauge,
}

impl Place {
    fn take(shared: &Arc<Shared>, gauge: &metrics::Gauge) -> Option<Self> {
        if shared.connections.fetch_add(1, Ordering::Relaxed) >= shared.max_connections {
            shared.connections.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        gauge.increment(1.0);
        Some(Self {
            shared: shared.clone(),
            gauge: gauge.clone(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let before = self.shared.connections.fetch_sub(1, Ordering::Relaxed);
        assert!(before > 0, "a place is given back once");
        self.gauge.decrement(1.0);
    }
}
