//! The handshakes of one network thread.
//!
//! A handshake costs a signature and a key exchange, a hundred times what a request costs. So only so many are under way
//! at once, others wait in order, and those who are served already get their turn in between: a storm of log-ins slows
//! log-ins. Until its first byte a connection waits for nothing and holds nothing but its socket. A turn is given back
//! after a moment, while its client is waited for: who dawdles is cut off later, and holds up nobody meanwhile.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use metrics::{Counter, counter};
use rustls::{HandshakeKind, ServerConnection};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate::subject;
use super::keeper::TlsKeeper;
use crate::access::Thumbprint;
use crate::net::sweep::{Order, Watch};

/// How long a turn is held at most: many times what a handshake costs us. Its dear part is done at once when the client's
/// first flight is there, the rest waits for the client.
const TURN: Duration = Duration::from_millis(200);

/// Makes handshakes.
pub(in crate::net) struct Handshakes {
    keeper: Arc<TlsKeeper>,
    turns: Semaphore,
    limit: Duration,
    full: Counter,
    resumed: Counter,
    failed: Counter,
    late: Counter,
}

impl Handshakes {
    /// The part of one of `threads`.
    pub(in crate::net) fn new(keeper: Arc<TlsKeeper>, threads: usize) -> Self {
        let settings = keeper.settings();
        let at_once = settings.handshakes_in_flight.div_ceil(threads.max(1));
        let limit = Duration::from_secs(u64::from(settings.handshake_timeout_seconds));
        let count = |result| counter!("hubu_tls_handshakes_total", "result" => result);
        Self {
            turns: Semaphore::new(at_once),
            limit,
            full: count("full"),
            resumed: count("resumed"),
            failed: count("failed"),
            late: count("late"),
            keeper,
        }
    }

    /// Makes one; `None` when the connection is to be closed.
    pub(in crate::net) async fn shake(
        &self,
        stream: TcpStream,
        watch: &Watch,
    ) -> Option<Box<TlsStream<TcpStream>>> {
        unless_ordered(watch, first_byte(&stream)).await?.ok()?;
        let shaking = tokio::time::timeout(self.limit, self.accept(stream));
        let shaken = unless_ordered(watch, shaking).await?;
        match shaken {
            Err(_) => {
                self.late.increment(1);
                None
            }
            Ok(Err(error)) => {
                self.failed.increment(1);
                tracing::debug!(client = ?watch.session.peer(), %error, "TLS handshake failed");
                None
            }
            Ok(Ok(stream)) => {
                self.count(stream.get_ref().1);
                note_client(stream.get_ref().1, watch);
                Some(Box::new(stream))
            }
        }
    }

    /// Begins in turn, and goes on without.
    async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        // Never closed, so this only waits.
        let turn = self.turns.acquire().await;
        let mut shaking = pin!(TlsAcceptor::from(self.keeper.config()).accept(stream));
        let shaken = tokio::time::timeout(TURN, shaking.as_mut()).await;
        drop(turn);
        match shaken {
            Ok(shaken) => shaken,
            Err(_) => shaking.await,
        }
    }

    fn count(&self, connection: &ServerConnection) {
        let counter = match connection.handshake_kind() {
            Some(HandshakeKind::Resumed) => &self.resumed,
            _ => &self.full,
        };
        counter.increment(1);
    }
}

/// Remembers whose certificate the client showed.
fn note_client(connection: &ServerConnection, watch: &Watch) {
    let shown = connection.peer_certificates().and_then(<[_]>::first);
    if let Some((subject, der)) = shown.and_then(|der| Some((subject(der)?, der))) {
        tracing::debug!(client = ?watch.session.peer(), %subject, "client certificate");
        watch.session.set_certificate(subject, Thumbprint::of(der));
    }
}

/// Ready once the client has said something.
async fn first_byte(stream: &TcpStream) -> io::Result<()> {
    poll_fn(|context| {
        let mut byte = [0; 1];
        let mut buffer = ReadBuf::new(&mut byte);
        match stream.poll_peek(context, &mut buffer) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What `doing` comes to; `None` when the sweeper wants the connection gone before.
async fn unless_ordered<T>(watch: &Watch, doing: impl Future<Output = T>) -> Option<T> {
    let mut doing = pin!(doing);
    poll_fn(|context| {
        watch.register(context.waker());
        if watch.order() != Order::Stay {
            return Poll::Ready(None);
        }
        doing.as_mut().poll(context).map(Some)
    })
    .await
}
