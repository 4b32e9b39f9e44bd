//! The life of one connection: HTTP/1.1, or HTTP/2 when the client opens with its preface.
//!
//! An HTTP/1.1 connection on which nothing is said falls asleep: hyper's connection, with its two buffers
//! of 8 KiB, is taken apart down to the socket, and built anew when the client speaks again.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, rt};
use tokio::net::TcpStream;

use super::handler::{Answer, Handler};
use super::socket::{Socket, Wire};
use super::sweep::{Entry, Order, Watch};
use super::tls::Handshakes;
use crate::http::session::Session;

/// The first bytes of HTTP/2 (RFC 9113 §3.4) that no method of HTTP/1.1 begins with.
const PREFACE: &[u8; 4] = b"PRI ";

/// Streams that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 128;

/// How both protocols are spoken, made once a thread.
pub(super) struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<Local>,
}

impl Protocols {
    pub(super) fn new(header_limit_bytes: usize) -> Self {
        let mut http1 = http1::Builder::new();
        // One buffer for head and body in place of a list: fewer bytes for each idle connection.
        http1.max_buf_size(header_limit_bytes).writev(false);
        // Nobody looks whether the client is still there while its request is answered: that look would take
        // a new buffer for each request that waits for the journal.
        http1.half_close(true);
        let mut http2 = http2::Builder::new(Local);
        let header_limit = u32::try_from(header_limit_bytes).unwrap_or(u32::MAX);
        http2
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(header_limit)
            .initial_stream_window_size(256 * 1024)
            .initial_connection_window_size(1024 * 1024);
        Self { http1, http2 }
    }

    /// Serves `stream` until either side ends it.
    pub(super) async fn serve<H: Handler>(&self, stream: TcpStream, handler: H, entry: Entry) {
        let watch = &entry.watch;
        let Ok(is_http2) = begins_with_preface(&stream, watch).await else {
            return;
        };
        watch.stay_awake();
        if is_http2 {
            self.serve_http2(stream, handler, watch).await;
        } else {
            self.serve_http1(stream, handler, watch).await;
        }
    }

    /// As [`Protocols::serve`], over TLS: which protocol it is was settled in the handshake (ALPN), and without a word on
    /// it it is HTTP/1.1.
    pub(super) async fn serve_tls<H: Handler>(
        &self,
        stream: TcpStream,
        handler: H,
        (entry, handshakes): (Entry, &Handshakes),
    ) {
        let watch = &entry.watch;
        // On the heap, so that a connection does not carry the room for its handshake all its life.
        let Some(stream) = Box::pin(handshakes.shake(stream, watch)).await else {
            return;
        };
        watch.stay_awake();
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            self.serve_http2(stream, handler, watch).await;
        } else {
            self.serve_http1(stream, handler, watch).await;
        }
    }

    async fn serve_http2<W, H>(&self, wire: W, handler: H, watch: &Rc<Watch>)
    where
        W: Wire + 'static,
        H: Handler,
    {
        watch.forbid_sleep();
        let socket = Socket::new(wire, watch.session.clone());
        let service = service(handler, watch.session.clone());
        let mut connection = Box::pin(self.http2.serve_connection(socket, service));
        drive(&mut connection, watch, |c| c.graceful_shutdown()).await;
    }

    /// Speaks HTTP/1.1, and lets go of hyper's buffers while nothing is said: most people who are online
    /// are reading or thinking.
    async fn serve_http1<W, H>(&self, wire: W, handler: H, watch: &Rc<Watch>)
    where
        W: Wire + 'static,
        H: Handler,
    {
        let mut socket = Socket::screened(wire, watch.session.clone());
        loop {
            let service = service(handler.clone(), watch.session.clone());
            let mut connection = Box::pin(self.http1.serve_connection(socket, service));
            let end = drive(&mut connection, watch, |c| c.graceful_shutdown()).await;
            if end != End::Asleep {
                return;
            }
            let parts = Pin::into_inner(connection).into_parts();
            socket = parts.io;
            socket.put_back(parts.read_buf);
            if !wait_for_more(&mut socket, watch).await {
                return;
            }
        }
    }
}

/// Answers requests through `handler`, counting those under way in `session`.
fn service<H: Handler>(
    handler: H,
    session: Rc<Session>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Answer,
    Error = Infallible,
    Future: 'static,
> {
    service_fn(move |request: Request<Incoming>| {
        let (handler, session) = (handler.clone(), session.clone());
        async move {
            let _active = session.begin();
            let answer = handler.answer(&session, request).await;
            Ok::<Answer, Infallible>(answer.map(|body| body.sent_in(&session)))
        }
    })
}

/// How the driving of a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Either side closed it, or it was told to go at once.
    Closed,
    /// Nothing is under way, half heard or half sent.
    Asleep,
}

/// Polls a connection, and passes on what the sweeper says.
async fn drive<C: Future>(
    connection: &mut Pin<Box<C>>,
    watch: &Rc<Watch>,
    finish: impl Fn(Pin<&mut C>),
) -> End {
    let mut is_finishing = false;
    poll_fn(|context: &mut Context<'_>| {
        watch.register(context.waker());
        watch.session.take_turn();
        match watch.order() {
            Order::Abort => return Poll::Ready(End::Closed),
            Order::Sleep if watch.session.is_quiet() => {
                watch.fall_asleep();
                return Poll::Ready(End::Asleep);
            }
            Order::Sleep => watch.stay_awake(),
            Order::Finish if !is_finishing => {
                is_finishing = true;
                finish(connection.as_mut());
            }
            Order::Finish | Order::Stay => {}
        }
        // An error is the client's: it went away, or spoke something else. Nothing was promised.
        connection.as_mut().poll(context).map(|_| End::Closed)
    })
    .await
}

/// Waits until the client says more or goes; false when the connection is to be closed.
async fn wait_for_more<W: Wire>(socket: &mut Socket<W>, watch: &Watch) -> bool {
    if socket.has_more() {
        watch.stay_awake();
        return true;
    }
    poll_fn(|context| {
        watch.register(context.waker());
        if watch.order() != Order::Stay {
            // Nothing is under way, so there is nothing to finish.
            socket.say_goodbye(context);
            return Poll::Ready(false);
        }
        socket.poll_readable(context).map(|readable| {
            watch.stay_awake();
            readable.is_ok()
        })
    })
    .await
}

/// Looks at the first bytes and leaves them where they are.
async fn begins_with_preface(stream: &TcpStream, watch: &Watch) -> io::Result<bool> {
    poll_fn(|context| {
        watch.register(context.waker());
        if watch.order() != Order::Stay {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let mut bytes = [0; PREFACE.len()];
        let mut buffer = tokio::io::ReadBuf::new(&mut bytes);
        match stream.poll_peek(context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(_)) => {
                let seen = buffer.filled();
                // Fewer than four bytes: what came may be the start of either. HTTP/1.1 clients send a
                // whole line, so a short start that fits the preface is taken for HTTP/2.
                Poll::Ready(Ok(
                    PREFACE.starts_with(seen) && seen.len() > 1 || seen == PREFACE
                ))
            }
        }
    })
    .await
}

/// Runs HTTP/2's streams on the thread that accepted the connection.
#[derive(Clone, Copy)]
pub(super) struct Local;

impl<F> rt::Executor<F> for Local
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
