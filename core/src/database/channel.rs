//! What tokio-postgres talks through: the socket, in the clear or in TLS. It lets everything pass but one message: the first one of
//! a server that asks for a password in a way of its own (openGauss). That one it answers itself, unless the address insists
//! on channel binding, which that way does not have.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::gauss::{self, Request};

/// Kind, length and code of a request for authentication.
const HEAD: usize = 9;
/// The longest message that is looked at; openGauss' have 145 bytes or less.
const LONGEST: usize = 512;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// See the module.
pub(super) struct Channel {
    wire: Box<dyn Duplex>,
    binding: Option<Vec<u8>>,
    password: Option<Arc<[u8]>>,
    wants_binding: bool,
    stage: Stage,
}

enum Stage {
    /// The server's first message comes in.
    First(Vec<u8>),
    /// It is answered; so many bytes are sent.
    Answering(Vec<u8>, usize),
    /// What was kept back is handed on, then all that comes.
    Open(Vec<u8>, usize),
}

impl Channel {
    /// In the clear.
    pub(super) fn plain(
        wire: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        password: Option<Arc<[u8]>>,
    ) -> Self {
        Self {
            wire: Box::new(wire),
            binding: None,
            password,
            wants_binding: false,
            stage: Stage::First(Vec::new()),
        }
    }

    /// In TLS, with what its certificate binds the password to.
    pub(super) fn sealed(
        wire: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        binding: Option<Vec<u8>>,
        password: Option<Arc<[u8]>>,
    ) -> Self {
        Self {
            binding,
            ..Self::plain(wire, password)
        }
    }

    /// The same, where the address insists on channel binding or not.
    pub(super) fn insisting(self, wants_binding: bool) -> Self {
        Self {
            wants_binding,
            ..self
        }
    }

    /// Reads on until the first message is whole, or is seen to be none of ours; answers what comes next.
    fn poll_first(&mut self, cx: &mut Context<'_>, mut seen: Vec<u8>) -> Poll<io::Result<()>> {
        loop {
            let wanted = wanted(&seen);
            if seen.len() >= wanted {
                break;
            }
            let mut room = [0; LONGEST];
            let mut part = ReadBuf::new(&mut room[..wanted - seen.len()]);
            let read = Pin::new(&mut self.wire).poll_read(cx, &mut part);
            let Poll::Ready(read) = read else {
                self.stage = Stage::First(seen);
                return Poll::Pending;
            };
            read?;
            if part.filled().is_empty() {
                break;
            }
            seen.extend_from_slice(part.filled());
        }
        let answered = gauss::request(&seen).map(|request| self.answer(&request));
        self.stage = match answered {
            Some(answer) => Stage::Answering(answer?, 0),
            None => Stage::Open(seen, 0),
        };
        Poll::Ready(Ok(()))
    }

    fn answer(&self, request: &Request<'_>) -> io::Result<Vec<u8>> {
        if self.wants_binding {
            return Err(io::Error::other(gauss::unbound()));
        }
        let answer = gauss::answer(request, self.password.as_deref());
        answer.map_err(io::Error::other)
    }
}

/// How many bytes of the first message must be there to tell what it is, or to answer it.
fn wanted(seen: &[u8]) -> usize {
    if seen.first().is_some_and(|kind| *kind != b'R') {
        return 1;
    }
    match gauss::length(seen) {
        Some(length) => length.clamp(HEAD, LONGEST),
        None => HEAD,
    }
}

impl AsyncRead for Channel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::Open(Vec::new(), 0)) {
                Stage::First(seen) => ready!(self.poll_first(cx, seen))?,
                Stage::Answering(answer, mut sent) => {
                    while sent < answer.len() {
                        match Pin::new(&mut self.wire).poll_write(cx, &answer[sent..]) {
                            Poll::Ready(Ok(0)) => {
                                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                            }
                            Poll::Ready(written) => sent += written?,
                            Poll::Pending => {
                                self.stage = Stage::Answering(answer, sent);
                                return Poll::Pending;
                            }
                        }
                    }
                    if Pin::new(&mut self.wire).poll_flush(cx)?.is_pending() {
                        self.stage = Stage::Answering(answer, sent);
                        return Poll::Pending;
                    }
                }
                Stage::Open(kept, given) if given < kept.len() => {
                    let part = (kept.len() - given).min(buf.remaining());
                    buf.put_slice(&kept[given..given + part]);
                    self.stage = Stage::Open(kept, given + part);
                    return Poll::Ready(Ok(()));
                }
                Stage::Open(..) => return Pin::new(&mut self.wire).poll_read(cx, buf),
            }
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

impl TlsStream for Channel {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.binding {
            Some(digest) => ChannelBinding::tls_server_end_point(digest.clone()),
            None => ChannelBinding::none(),
        }
    }
}
