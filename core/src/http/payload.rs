//! The body of an answer, given to the wire in pieces, so that little of it lies in buffers that nobody counts.
//!
//! A large answer is among the bytes under way until its last piece is given: a client that asks for pages and
//! reads none of them holds what [`super::admission`] allows, and no more.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::admission::{Admission, Held};
use super::session::{Sending, Session};

/// How much is given at a time: what HTTP/2 puts into one frame.
const PIECE: usize = 16 << 10;

/// Answers up to this size are not counted: there is one a connection or stream, as there is a request's head.
pub(super) const SMALL: usize = 4 << 10;

/// See the module.
pub struct Payload {
    rest: Bytes,
    _held: Option<Held<Arc<Admission>>>,
    _sending: Option<Sending>,
}

impl Payload {
    /// A body whose bytes are counted as `held` says until it is sent.
    pub(super) fn counted(bytes: Bytes, held: Option<Held<Arc<Admission>>>) -> Self {
        Self {
            rest: bytes,
            _held: held,
            _sending: None,
        }
    }

    /// The session is told that an answer is on its way until this one is sent.
    pub(crate) fn sent_in(mut self, session: &Rc<Session>) -> Self {
        self._sending = Some(Sending::new(session.clone()));
        self
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::counted(bytes, None)
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::admission::Purpose;
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_large_answer_is_counted_until_its_last_piece_is_given() {
        let admission = Arc::new(Admission::new(1, 100_000, 1));
        let mut held = Held::new(admission.clone(), Purpose::Answer);
        held.grow(40_000).unwrap();
        let body = Bytes::from(vec![7; 40_000]);
        let mut payload = Payload::counted(body.clone(), Some(held));
        assert_eq!(payload.size_hint().exact(), Some(40_000));
        let first = payload.frame().await.unwrap().unwrap();
        let mut whole = first.into_data().unwrap().to_vec();
        assert_eq!(whole.len(), PIECE);
        assert_eq!(admission.bytes(), 40_000);
        whole.extend(payload.collect().await.unwrap().to_bytes());
        assert_eq!(whole, body);
        assert_eq!(admission.bytes(), 0);
    }
}
