//! Reads the body of a request, within limits of size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::CONTENT_LENGTH;

use super::error::HttpError;

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

/// The whole body.
///
/// # Errors
/// It has more than `limit_bytes`, takes longer than `limit`, or breaks off.
pub(super) async fn read(
    mut body: Incoming,
    limit_bytes: usize,
    limit: Duration,
) -> Result<Bytes, HttpError> {
    // Most bodies came with their head: those need neither a timer nor a copy.
    match poll_once(&mut body).await {
        Poll::Ready(first) => {
            let first = first?.unwrap_or_default();
            if first.len() <= limit_bytes && body.is_end_stream() {
                return Ok(first);
            }
            collect(body, first, limit_bytes, limit).await
        }
        Poll::Pending => collect(body, Bytes::new(), limit_bytes, limit).await,
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
    limit: Duration,
) -> Result<Bytes, HttpError> {
    let mut whole = BytesMut::from(&first[..]);
    let rest = async {
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|_| HttpError::BodyBroken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if whole.len() + data.len() > limit_bytes {
                return Err(HttpError::BodyTooLarge { limit_bytes });
            }
            whole.extend_from_slice(&data);
        }
        Ok(())
    };
    match tokio::time::timeout(limit, rest).await {
        Err(_) => Err(HttpError::BodySlow),
        Ok(Err(error)) => Err(error),
        Ok(Ok(())) if whole.len() > limit_bytes => Err(HttpError::BodyTooLarge { limit_bytes }),
        Ok(Ok(())) => Ok(whole.freeze()),
    }
}
