//! Writes answers: straight into one buffer a thread, from which each answer takes its bytes.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use hyper::header::{
    ALLOW, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::admission::{Admission, Held, Purpose};
use super::browser;
use super::error::HttpError;
use super::payload::{Payload, SMALL};
use super::problem::{Hint, Problem};
use crate::engine::freshness::Behind;

/// How much the buffer grows by: some dozen usual answers.
const CHUNK: usize = 16 << 10;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
/// How old an answer may be: see `docs/http.md`.
const STALE: HeaderName = HeaderName::from_static("hubu-stale");

/// An answer before its headers.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    body: Bytes,
    kind: HeaderValue,
    extra: Option<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// Bytes that are there already.
    pub(super) fn bytes(kind: &'static str, body: Bytes) -> Self {
        let kind = HeaderValue::from_static(kind);
        Self {
            status: StatusCode::OK,
            body,
            kind,
            extra: None,
        }
    }

    /// With the document's version, for a later `If-Match`.
    pub(super) fn with_version(mut self, version: u32) -> Self {
        // A number in quotes is always a header's value.
        self.extra = HeaderValue::try_from(format!("\"{version}\""))
            .ok()
            .map(|v| (ETAG, v));
        self
    }

    /// Counts its body as bytes under way, if it is large. What a command came to is told in any case.
    ///
    /// # Errors
    /// There is no room for it.
    pub(super) fn count(
        &self,
        admission: &Arc<Admission>,
        is_command: bool,
    ) -> Result<Option<Held<Arc<Admission>>>, HttpError> {
        if self.body.len() <= SMALL {
            return Ok(None);
        }
        let mut held = Held::new(admission.clone(), Purpose::Answer);
        if is_command {
            held.grow_anyway(self.body.len());
        } else {
            held.grow(self.body.len())?;
        }
        Ok(Some(held))
    }

    /// As hyper sends it.
    pub(super) fn into_response(self, held: Option<Held<Arc<Admission>>>) -> Response<Payload> {
        let mut response = Response::new(Payload::counted(self.body, held));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        browser::protect(headers);
        headers.insert(CONTENT_TYPE, self.kind);
        if let Some((name, value)) = self.extra {
            headers.insert(name, value);
        }
        response
    }
}

/// Says on an answer that it may not show all that was answered elsewhere: a dictionary of RFC 9651.
pub(super) fn tell_age(response: &mut Response<Payload>, behind: Behind) {
    let (age, seq) = (behind.age.as_millis(), behind.seq.0);
    // Numbers and plain letters are always a header's value.
    if let Ok(value) = HeaderValue::try_from(format!("age_ms={age}, seq={seq}")) {
        response.headers_mut().insert(STALE, value);
    }
}

/// The buffer of one network thread.
pub(super) struct Writer {
    buffer: RefCell<BytesMut>,
    retry_after: HeaderValue,
}

impl Writer {
    pub(super) fn new(retry_after_seconds: u32) -> Self {
        Self {
            buffer: RefCell::default(),
            retry_after: HeaderValue::from(retry_after_seconds),
        }
    }

    /// `value` as JSON.
    ///
    /// # Errors
    /// A value that JSON cannot say, which is our fault.
    pub(super) fn json(
        &self,
        status: StatusCode,
        value: &impl Serialize,
    ) -> Result<Reply, HttpError> {
        let body = self.write(value)?;
        Ok(Reply {
            status,
            body,
            kind: JSON,
            extra: None,
        })
    }

    /// A problem, with the headers that it asks for.
    pub(super) fn problem(&self, problem: &Problem) -> Reply {
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let extra = match problem.hint {
            Hint::None => None,
            Hint::Authenticate => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Hint::Retry => Some((RETRY_AFTER, self.retry_after.clone())),
            Hint::RetryIn(seconds) => Some((RETRY_AFTER, HeaderValue::from(seconds))),
            Hint::Allow(methods) => Some((ALLOW, HeaderValue::from_static(methods))),
        };
        // A problem is text and numbers: it always has a form in JSON.
        let body = self.write(problem).unwrap_or_default();
        Reply {
            status,
            body,
            kind: PROBLEM,
            extra,
        }
    }

    fn write(&self, value: &impl Serialize) -> Result<Bytes, HttpError> {
        let mut buffer = self.buffer.borrow_mut();
        if buffer.capacity() < CHUNK / 16 {
            buffer.reserve(CHUNK);
        }
        let mut writer = (&mut *buffer).writer();
        let written = serde_json::to_writer(&mut writer, value).map_err(std::io::Error::other);
        let written = written.and_then(|()| writer.flush());
        let bytes = buffer.split();
        written.map_err(|error| HttpError::Internal(error.to_string()))?;
        Ok(bytes.freeze())
    }
}
