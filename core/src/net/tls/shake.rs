//! The handshakes of one network thread.
//!
//! A handshake costs a signature and a key exchange, a hundred times what a request costs. So only so many are made
//! before the thread looks at its other connections again, and the rest wait in order: a storm of log-ins slows log-ins.
//! Until its first byte a connection waits for nothing and holds nothing but its socket. A turn is for that work and not
//! for waiting: it begins when the client's first message is there as a whole, and what its client does afterwards
//! costs little. Who dawdles is cut off, and holds up nobody meanwhile.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use metrics::{Counter, counter};
use rustls::server::Acceptor;
use rustls::{HandshakeKind, ServerConnection};
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate::subject;
use super::keeper::TlsKeeper;
use crate::access::Thumbprint;
use crate::net::sweep::{Order, Watch};

/// Makes handshakes.
pub(in crate::net) struct Handshakes {
    keeper: Arc<TlsKeeper>,
    turns: Turns,
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
            turns: Turns::new(at_once),
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

    /// Does what is dear in turn, and the rest without.
    async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        self.turns.take().await;
        // The keys are exchanged and the signature is made before the first wait.
        hello.into_stream(self.keeper.config()).await
    }

    fn count(&self, connection: &ServerConnection) {
        let counter = match connection.handshake_kind() {
            Some(HandshakeKind::Resumed) => &self.resumed,
            _ => &self.full,
        };
        counter.increment(1);
    }
}

/// Turns at what is dear: so many before the thread looks at its sockets again.
struct Turns(Arc<Semaphore>);

impl Turns {
    fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// Waits for a turn. Its work is to be done at once, without an await: the turn is given back after the thread has
    /// looked at its sockets.
    async fn take(&self) {
        // Never closed, so this only waits.
        let turn = self.0.clone().acquire_owned().await;
        tokio::task::spawn_local(async move {
            tokio::task::yield_now().await;
            drop(turn);
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;
    use tokio::runtime::{Builder, LocalOptions};
    use tokio::task::{spawn_local, yield_now};

    /// How often a thread looks at its sockets until sixty have had their turns.
    fn looks(at_once: usize) -> usize {
        let runtime = Builder::new_current_thread().build_local(LocalOptions::default());
        runtime.unwrap().block_on(async {
            let (turns, looks) = (Rc::new(Turns::new(at_once)), Rc::new(Cell::new(0)));
            let counted = looks.clone();
            let counting = spawn_local(async move {
                while counted.get() < 1_000 {
                    counted.set(counted.get() + 1);
                    yield_now().await;
                }
            });
            let waiting: Vec<_> = (0..60)
                .map(|_| {
                    let turns = turns.clone();
                    spawn_local(async move { turns.take().await })
                })
                .collect();
            for one in waiting {
                one.await.unwrap();
            }
            counting.abort();
            looks.get()
        })
    }

    #[test]
    fn the_thread_looks_at_its_sockets_between_turns() {
        let (one_by_one, all_at_once) = (looks(1), looks(60));
        assert!(one_by_one > 50, "{one_by_one} looks for sixty turns");
        assert!(all_at_once < 10, "{all_at_once} looks for one turn of all");
    }
}
