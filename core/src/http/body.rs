//! Reads the body of a request, within limits of size and time, and counts what comes.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Version};

use super::admission::{Admission, Held};
use super::error::HttpError;

/// What a request costs that waits for its body, beside its head.
const WAITING_BYTES: usize = 1 << 10;

/// What one body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

/// How many bytes a body takes, as far as its head says: what it declares, or else the limit.
///
/// # Errors
/// It declares more than `limit_bytes`.
pub(super) fn declared_bytes(headers: &HeaderMap, limit_bytes: usize) -> Result<usize, HttpError> {
    let Some(value) = headers.get(CONTENT_LENGTH) else {
        return Ok(limit_bytes);
    };
    // hyper has refused a length that is no number.
    let length = value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usize::MAX);
    if length > limit_bytes {
        return Err(HttpError::BodyTooLarge { limit_bytes });
    }
    Ok(length)
}

/// How long the rest of a refused body is read and thrown away, so that its sender gets to hear the answer: a socket
/// that is closed on what still comes takes the answer back.
const LET_GO: Duration = Duration::from_secs(1);

/// Reads what comes of a refused body, for a moment.
pub(super) async fn let_go(head: &Parts, mut body: Incoming) {
    // Who asks first is told before he sends; HTTP/2 ends the stream alone.
    if head.headers.contains_key(EXPECT) || head.version == Version::HTTP_2 {
        return;
    }
    let rest = async {
        while let Some(Ok(_)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {}
    };
    // Whoever is slower than that is slow, and hears it or not.
    let _ = tokio::time::timeout(LET_GO, rest).await;
}

/// What a request's head takes in memory while its body is awaited.
fn waiting_bytes(headers: &HeaderMap) -> usize {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    WAITING_BYTES + headers.iter().map(pair).sum::<usize>()
}

/// The whole body; its bytes are counted in `held`.
///
/// # Errors
/// It has more bytes than the limit, takes longer, or breaks off; or there is no room for it.
pub(super) async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: Limit,
    held: &mut Held<&Admission>,
) -> Result<Bytes, HttpError> {
    // Most bodies came with their head: those need neither a timer nor a copy.
    let first = match poll_once(&mut body).await {
        Poll::Ready(first) => {
            let first = first?.unwrap_or_default();
            held.grow(first.len())?;
            if first.len() <= limit.bytes && body.is_end_stream() {
                return Ok(first);
            }
            first
        }
        Poll::Pending => Bytes::new(),
    };
    held.grow(waiting_bytes(headers))?;
    let collecting = collect(body, first, limit.bytes, held);
    match tokio::time::timeout(limit.time, collecting).await {
        Err(_) => Err(HttpError::BodySlow),
        Ok(collected) => collected,
    }
}

async fn poll_once(body: &mut Incoming) -> Poll<Result<Option<Bytes>, HttpError>> {
    poll_fn(|context| {
        Poll::Ready(match Pin::new(&mut *body).poll_frame(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(None) => Poll::Ready(Ok(None)),
            Poll::Ready(Some(Err(_))) => Poll::Ready(Err(HttpError::BodyBroken)),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Ok(frame.into_data().ok())),
        })
    })
    .await
}

async fn collect(
    mut body: Incoming,
    first: Bytes,
    limit_bytes: usize,
    held: &mut Held<&Admission>,
) -> Result<Bytes, HttpError> {
    let too_large = HttpError::BodyTooLarge { limit_bytes };
    if first.len() > limit_bytes {
        return Err(too_large);
    }
    let mut whole = BytesMut::from(&first[..]);
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| HttpError::BodyBroken)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > limit_bytes {
            return Err(too_large);
        }
        held.grow(data.len())?;
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
