//! What the head of a request says, beside its method and path.

use hubu_kernel::record::Traceparent;
use hyper::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, IF_MATCH,
    TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Version};

use super::error::HttpError;

/// The longest idempotency key, in bytes.
const KEY_MAX: usize = 64;

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 中文
    #[default]
    Chinese,
    /// English
    English,
}

/// Headers that may stand once in a request.
const SINGLE: [&str; 8] = [
    "authorization",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "if-match",
    "origin",
    "traceparent",
];

/// Refuses a head that two readers could read in two ways: a header twice that decides who asks, what for or how long
/// the request is; no `Host`, or two (RFC 9112 §3.2).
///
/// # Errors
/// It is such a head.
#[inline]
pub(super) fn check(head: &Parts) -> Result<(), HttpError> {
    let headers = &head.headers;
    if headers.len() != headers.keys_len() {
        let repeated = |name: &&&str| headers.get_all(**name).iter().nth(1).is_some();
        if let Some(name) = SINGLE.iter().find(repeated) {
            return Err(HttpError::Repeated(name));
        }
    }
    let needs_host = head.version == Version::HTTP_11;
    if needs_host && !headers.get(HOST).is_some_and(is_host) {
        return Err(HttpError::Host);
    }
    // hyper drops one of the two, and `net::screen` has refused both; this is for whoever takes their place.
    let is_framed_twice =
        headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH);
    if is_framed_twice {
        return Err(HttpError::Repeated("content-length"));
    }
    Ok(())
}

/// Whether it may be a host and a port: nothing that ends a host and begins something else. Ours is not among what it is
/// compared with: there is one interface, whatever it is called.
fn is_host(value: &HeaderValue) -> bool {
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(byte);
    value.as_bytes().iter().all(is_plain)
}

/// The bearer token, if there is one.
pub fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

/// The idempotency key: 1 to 64 visible ASCII characters.
///
/// # Errors
/// There is none, or it is something else.
pub fn idempotency_key(headers: &HeaderMap) -> Result<&str, HttpError> {
    let value = headers
        .get("idempotency-key")
        .ok_or(HttpError::KeyMissing)?;
    visible_key(value).ok_or(HttpError::KeyMalformed)
}

fn visible_key(value: &HeaderValue) -> Option<&str> {
    // `to_str` lets spaces and tabs through, which a key must not have.
    let key = value.to_str().ok()?;
    is_key(key).then_some(key)
}

/// Whether a text may be an idempotency key.
pub fn is_key(key: &str) -> bool {
    (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The version in `If-Match: "3"`; `None` without one, or for `*`.
///
/// # Errors
/// It is no version in quotes.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u32>, HttpError> {
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| HttpError::IfMatch)?.trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    version
        .and_then(|version| version.parse().ok())
        .map(Some)
        .ok_or(HttpError::IfMatch)
}

/// Refuses a body that does not say that it is JSON.
///
/// # Errors
/// Another content type, or none.
pub fn expect_json(headers: &HeaderMap) -> Result<(), HttpError> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| {
            let kind = text.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/json")
        });
    if is_json {
        Ok(())
    } else {
        Err(HttpError::NotJson)
    }
}

/// The trace that the request belongs to (W3C Trace Context, version 00). One that is malformed is
/// left out, as the standard asks.
pub fn traceparent(headers: &HeaderMap) -> Option<Traceparent> {
    let text = headers.get("traceparent")?.as_bytes();
    let is_form =
        text.len() == 55 && text.starts_with(b"00-") && text[35] == b'-' && text[52] == b'-';
    if !is_form {
        return None;
    }
    let mut trace: Traceparent = [0; 25];
    from_hex(&text[3..35], &mut trace[..16])?;
    from_hex(&text[36..52], &mut trace[16..24])?;
    from_hex(&text[53..55], &mut trace[24..])?;
    let is_set = trace[..16] != [0; 16] && trace[16..24] != [0; 8];
    is_set.then_some(trace)
}

fn from_hex(text: &[u8], bytes: &mut [u8]) -> Option<()> {
    for (pair, byte) in text.chunks_exact(2).zip(bytes) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(())
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The language that the client likes best of ours; Chinese when it does not say.
pub fn language(headers: &HeaderMap) -> Language {
    let Some(text) = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
    else {
        return Language::default();
    };
    let ranked = text.split(',').filter_map(|range| {
        let mut parts = range.split(';');
        let tag = parts.next()?.trim().to_ascii_lowercase();
        let quality = parts.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok());
        let language = match tag.split('-').next()? {
            "zh" => Language::Chinese,
            "en" => Language::English,
            _ => return None,
        };
        Some((language, quality.unwrap_or(1.0)))
    });
    let best = ranked
        .filter(|(_, quality)| *quality > 0.0)
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(Language::default(), |(language, _)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn a_traceparent_is_read_or_left_out() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = traceparent(&headers("traceparent", text)).unwrap();
        assert_eq!((trace[0], trace[16], trace[24]), (0x4b, 0x00, 1));
        for wrong in [
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            assert_eq!(traceparent(&headers("traceparent", wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn the_language_is_the_best_liked_of_ours() {
        let of = |text| language(&headers("accept-language", text));
        assert_eq!(of("en-US,en;q=0.9,zh;q=0.8"), Language::English);
        assert_eq!(of("fr, zh-CN;q=0.5, en;q=0.4"), Language::Chinese);
        assert_eq!(of("en;q=0, zh"), Language::Chinese);
        assert_eq!(of("fr"), Language::Chinese);
        assert_eq!(language(&HeaderMap::new()), Language::Chinese);
    }

    #[test]
    fn keys_and_versions_have_their_form() {
        assert!(is_key("pay-1") && is_key(&"k".repeat(64)));
        assert!(!is_key("") && !is_key("a b") && !is_key(&"k".repeat(65)) && !is_key("付"));
        assert_eq!(if_match(&headers("if-match", "\"7\"")).unwrap(), Some(7));
        assert_eq!(if_match(&headers("if-match", "*")).unwrap(), None);
        assert!(if_match(&headers("if-match", "7")).is_err());
    }

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_its_scheme() {
        assert_eq!(
            bearer(&headers("authorization", "bearer abc")),
            Some(&b"abc"[..])
        );
        assert_eq!(bearer(&headers("authorization", "Basic abc")), None);
    }

    #[test]
    fn json_is_told_by_its_type() {
        assert!(expect_json(&headers("content-type", "application/json; charset=utf-8")).is_ok());
        assert!(expect_json(&headers("content-type", "text/plain")).is_err());
        assert!(expect_json(&HeaderMap::new()).is_err());
    }
}
