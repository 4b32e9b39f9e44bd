//! What a browser needs to be told: that answers are data and no pages, whom they may be shown to, and not to keep them.
//!
//! The interface is for programs, and its money for no cache on the way. Origins are closed unless the settings open them
//! (CORS): without them no `Access-Control` header is ever sent, so that a foreign page can neither read an answer nor send
//! a command, which would need a preflight.

use bytes::Bytes;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::payload::Payload;

/// What every answer says.
const EVERY: [(HeaderName, HeaderValue); 4] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// What answers over TLS say beside that: never to ask over plain HTTP again, for a year.
const STRICT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What scripts of an origin that is let in may send and read.
const SENT: HeaderValue = HeaderValue::from_static(
    "accept-language, authorization, content-type, idempotency-key, if-match, traceparent, x-request-id",
);
const READ: HeaderValue =
    HeaderValue::from_static("etag, hubu-stale, retry-after, www-authenticate, x-request-id");

/// Says what every answer says. Room for all headers is taken at once.
pub(super) fn protect(headers: &mut HeaderMap) {
    headers.reserve(EVERY.len() + 8);
    for (name, value) in EVERY {
        headers.insert(name, value);
    }
}

/// Says what an answer over TLS says.
pub(super) fn insist_on_tls(headers: &mut HeaderMap) {
    headers.insert(STRICT_TRANSPORT_SECURITY, STRICT);
}

/// The origins whose pages may ask.
#[derive(Debug, Default)]
pub(super) struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Reads `https://desk.example, https://other.example`.
    ///
    /// # Errors
    /// Something that is no origin; `*` is none.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim);
        let entries = entries.filter(|entry| !entry.is_empty());
        let read = entries.map(|entry| {
            let wrong = || {
                format!(
                    "server.allowed_origins: {entry:?} is no origin such as https://desk.example"
                )
            };
            let host = entry
                .strip_prefix("https://")
                .or(entry.strip_prefix("http://"));
            let is_origin = host.is_some_and(|host| {
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
                !host.is_empty() && host.bytes().all(is_plain)
            });
            is_origin
                .then(|| HeaderValue::from_str(entry).ok())
                .flatten()
                .ok_or_else(wrong)
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The origin of a request, when it is let in.
    #[inline]
    pub(super) fn of<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        headers.get(ORIGIN).filter(|origin| self.0.contains(origin))
    }

    /// The answer to a browser that asks whether a page of an origin that is let in may ask.
    pub(super) fn preflight(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Option<Response<Payload>> {
        if self.0.is_empty() || *method != Method::OPTIONS {
            return None;
        }
        self.of(headers)?;
        headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut response = Response::new(Payload::from(Bytes::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        let said = response.headers_mut();
        protect(said);
        said.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST"),
        );
        said.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
        said.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(response)
    }

    /// Lets the page of this origin read an answer.
    pub(super) fn open(origin: &HeaderValue, said: &mut HeaderMap) {
        said.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        said.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
        said.insert(VARY, HeaderValue::from_static("Origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        let origins = Origins::new("https://desk.example, http://[::1]:8080").unwrap();
        let mut headers = HeaderMap::new();
        for (origin, is_let_in) in [
            ("https://desk.example", true),
            ("http://[::1]:8080", true),
            ("https://desk.example.evil", false),
            ("https://DESK.example", false),
            ("null", false),
        ] {
            headers.insert(ORIGIN, origin.parse().unwrap());
            assert_eq!(origins.of(&headers).is_some(), is_let_in, "{origin}");
        }
        for wrong in [
            "*",
            "desk.example",
            "https://",
            "https://desk.example/",
            "null",
        ] {
            assert!(Origins::new(wrong).is_err(), "{wrong}");
        }
    }
}
