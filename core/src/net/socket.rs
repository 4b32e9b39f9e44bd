//! The wire as hyper wants it, telling the session when bytes come in.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::http::session::Session;

/// A TCP connection and its session.
pub(super) struct Socket {
    stream: TcpStream,
    session: Rc<Session>,
    /// Bytes that were read and not used.
    again: Bytes,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, session: Rc<Session>) -> Self {
        Self {
            stream,
            session,
            again: Bytes::new(),
        }
    }
}

impl Socket {
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
        self.stream.poll_read_ready(context)
    }

    fn read_again(&mut self, cursor: &mut ReadBufCursor<'_>) {
        let count = self.again.len().min(cursor.remaining());
        let bytes = self.again.split_to(count);
        cursor.put_slice(&bytes);
        self.session.heard();
    }
}

impl Read for Socket {
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
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len();
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

impl Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.session.set_blocked(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
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
    async fn read_a_turn(socket: &mut Socket) -> usize {
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
