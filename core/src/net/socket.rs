//! The wire as hyper wants it, telling the session when bytes come in.
//!
//! [`Wire`] is what carries bytes: TCP, or TLS over it. The code is made anew for each, so that plain HTTP pays nothing
//! for TLS being there.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::screen::Screen;
use crate::http::session::Session;

/// What carries the bytes of a connection.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin {
    /// Whether bytes that were written may still be with us: then only a flush tells that the client takes nothing.
    const KEEPS_UNSENT: bool;

    /// Ready once there is something to read, or the client has gone.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Tells the client that nothing more comes, as far as that fits at once.
    fn say_goodbye(&mut self, context: &mut Context<'_>);
}

impl Wire for TcpStream {
    const KEEPS_UNSENT: bool = false;

    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(context)
    }

    // Closing says it.
    fn say_goodbye(&mut self, _context: &mut Context<'_>) {}
}

// On the heap: an async function keeps a place for what it is given and another for what it makes of it, and this is large.
impl Wire for Box<TlsStream<TcpStream>> {
    const KEEPS_UNSENT: bool = true;

    // A connection on which nothing is said was read until it had to wait: there is nothing left inside.
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_ref().0.poll_read_ready(context)
    }

    // Without close_notify the client cannot tell an end from a cut (RFC 8446 §6.1).
    fn say_goodbye(&mut self, context: &mut Context<'_>) {
        let _ = Pin::new(self).poll_shutdown(context);
    }
}

/// A connection and its session.
pub(super) struct Socket<W> {
    wire: W,
    session: Rc<Session>,
    /// Looks at heads before hyper does; HTTP/2 has none.
    screen: Option<Screen>,
    /// Bytes that were read and not used.
    again: Bytes,
}

impl<W: Wire> Socket<W> {
    /// For HTTP/1.1, whose heads are screened.
    pub(super) fn screened(wire: W, session: Rc<Session>) -> Self {
        Self {
            screen: Some(Screen::default()),
            ..Self::new(wire, session)
        }
    }

    /// For HTTP/2.
    pub(super) fn new(wire: W, session: Rc<Session>) -> Self {
        Self {
            wire,
            session,
            screen: None,
            again: Bytes::new(),
        }
    }
    /// Gives bytes back that were read and not used: the next reads begin with them.
    pub(super) fn put_back(&mut self, bytes: Bytes) {
        assert!(self.again.is_empty(), "what was given back is read first");
        self.again = bytes;
    }

    /// Whether there are bytes that were given back.
    pub(super) fn has_more(&self) -> bool {
        !self.again.is_empty()
    }

    /// Ready once there is something to read, or the client has gone.
    pub(super) fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire.poll_readable(context)
    }

    /// See [`Wire::say_goodbye`].
    pub(super) fn say_goodbye(&mut self, context: &mut Context<'_>) {
        self.wire.say_goodbye(context);
    }

    fn read_again(&mut self, cursor: &mut ReadBufCursor<'_>) {
        let count = self.again.len().min(cursor.remaining());
        let bytes = self.again.split_to(count);
        cursor.put_slice(&bytes);
        self.session.heard();
    }
}

impl<W: Wire> Read for Socket<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_more() {
            self.read_again(&mut cursor);
            return Poll::Ready(Ok(()));
        }
        if self.session.is_turn_over() {
            // Behind all others that are ready.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // SAFETY: bytes are only written through `ReadBuf`, which never takes initialised ones back.
        #[allow(unsafe_code)]
        let mut buffer = ReadBuf::uninit(unsafe { cursor.as_mut() });
        match Pin::new(&mut self.wire).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len();
                if let Some(screen) = &mut self.screen {
                    screen.look(buffer.filled_mut());
                }
                // SAFETY: `count` bytes at the start of the cursor were just filled.
                #[allow(unsafe_code)]
                unsafe {
                    cursor.advance(count);
                }
                if count > 0 {
                    self.session.read(count);
                }
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl<W: Wire> Write for Socket<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write(context, bytes);
        self.session.set_blocked(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.wire).poll_flush(context);
        if W::KEEPS_UNSENT {
            self.session.set_blocked(flushed.is_pending());
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.wire).poll_write_vectored(context, slices);
        self.session.set_blocked(written.is_pending());
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::rt::ReadBuf as HyperBuf;
    use std::future::poll_fn;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    /// Reads until it must wait; how many bytes that were.
    async fn read_a_turn(socket: &mut Socket<TcpStream>) -> usize {
        socket.session.take_turn();
        let mut total = 0;
        loop {
            let mut bytes = [0; 4096];
            let mut buffer = HyperBuf::new(&mut bytes);
            let ready = poll_fn(|context| {
                let read = Pin::new(&mut *socket).poll_read(context, buffer.unfilled());
                Poll::Ready(read.is_ready())
            });
            if !ready.await {
                return total;
            }
            total += buffer.filled().len();
        }
    }

    #[tokio::test]
    async fn who_has_much_to_say_says_it_in_turns() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = Socket::new(stream, Rc::new(Session::new()));
        let sending = tokio::spawn(async move {
            client.write_all(&vec![7; 1 << 20]).await.unwrap();
            client
        });
        let (mut heard, mut most) = (0, 0);
        while heard < 1 << 20 {
            let turn = read_a_turn(&mut socket).await;
            heard += turn;
            most = most.max(turn);
            tokio::task::yield_now().await;
        }
        assert_eq!(heard, 1 << 20);
        assert!(most < 32 << 10, "{most} bytes in one turn");
        drop(sending.await.unwrap());
    }
}
