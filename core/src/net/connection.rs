//! The life of one connection: HTTP/1.1, or HTTP/2 when the client opens with its preface.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, rt};
use tokio::net::TcpStream;

use super::handler::{Answer, Handler};
use super::socket::Socket;
use super::sweep::{Entry, Order, Watch};

/// The first bytes of HTTP/2 (RFC 9113 §3.4) that no method of HTTP/1.1 begins with.
const PREFACE: &[u8; 4] = b"PRI ";

/// Streams that one HTTP/2 connection may have open.
const STREAMS_MAX: u32 = 256;

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
        watch.is_http2.set(is_http2);
        let session = watch.session.clone();
        let socket = Socket::new(stream, session.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (handler, session) = (handler.clone(), session.clone());
            async move {
                let _active = session.begin();
                Ok::<Answer, Infallible>(handler.answer(&session, request).await)
            }
        });
        // An error here is the client's: it went away, or spoke something else. Nothing was promised.
        if is_http2 {
            // On the heap: it is larger than HTTP/1.1's, and each task is as large as its largest path.
            let connection = Box::pin(self.http2.serve_connection(socket, service));
            let _ = drive(connection, watch, |c| c.graceful_shutdown()).await;
        } else {
            let connection = pin!(self.http1.serve_connection(socket, service));
            let _ = drive(connection, watch, |c| c.graceful_shutdown()).await;
        }
    }
}

/// Polls a connection, and passes on what the sweeper says. `None` when told to go at once.
async fn drive<C: Future>(
    mut connection: Pin<impl std::ops::DerefMut<Target = C>>,
    watch: &Rc<Watch>,
    finish: impl Fn(Pin<&mut C>),
) -> Option<C::Output> {
    let mut is_finishing = false;
    poll_fn(|context: &mut Context<'_>| {
        watch.register(context.waker());
        match watch.order() {
            Order::Abort => return Poll::Ready(None),
            Order::Finish if !is_finishing => {
                is_finishing = true;
                finish(connection.as_mut());
            }
            _ => {}
        }
        connection.as_mut().poll(context).map(Some)
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
