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
                    self.session.heard();
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
