//! The name of a request (`X-Request-Id`), by which a client, a proxy and our log speak of the same one.
//!
//! A client's own is taken when it is 1 to 64 letters, digits and `-_.`; anything else would let strangers write into
//! logs. Otherwise one is made: a number of this thread behind a random beginning.

use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::io::Write;

use bytes::{BufMut, BytesMut};
use hyper::HeaderMap;
use hyper::header::{Entry, HeaderName, HeaderValue};

/// The header.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest that is taken.
const LENGTH: usize = 64;
/// How much the buffer grows by: some hundred names.
const CHUNK: usize = 4 << 10;

/// Names the requests of one network thread.
pub(super) struct RequestIds {
    beginning: u32,
    count: Cell<u32>,
    buffer: RefCell<BytesMut>,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        Self {
            // Each thread draws one of its own, so that two do not name alike.
            beginning: RandomState::new().hash_one(std::thread::current().id()) as u32,
            count: Cell::new(0),
            buffer: RefCell::default(),
        }
    }

    /// The name of the request with these headers, which say it from now on.
    pub(super) fn name(&self, headers: &mut HeaderMap) -> HeaderValue {
        match headers.entry(REQUEST_ID) {
            // Given twice it is no name: the two may differ, and each reader takes another one.
            Entry::Occupied(entry) if entry.iter().nth(1).is_none() && is_name(entry.get()) => {
                entry.get().clone()
            }
            Entry::Occupied(mut entry) => {
                let made = self.make();
                entry.insert(made.clone());
                made
            }
            Entry::Vacant(entry) => {
                let made = self.make();
                entry.insert(made.clone());
                made
            }
        }
    }

    fn make(&self) -> HeaderValue {
        let count = self.count.get().wrapping_add(1);
        self.count.set(count);
        let mut buffer = self.buffer.borrow_mut();
        if buffer.capacity() < 32 {
            buffer.reserve(CHUNK);
        }
        let begun = write!(
            (&mut *buffer).writer(),
            "{:08x}-{count:08x}",
            self.beginning
        );
        let name = buffer.split().freeze();
        // Digits and a dash are always a header's value.
        begun
            .ok()
            .and_then(|()| HeaderValue::from_maybe_shared(name).ok())
            .unwrap_or(HeaderValue::from_static("unnamed"))
    }
}

/// Whether a client's own name is taken.
fn is_name(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=LENGTH).contains(&bytes.len()) && bytes.iter().all(is_plain)
}

/// The name that a request's headers say, once it is named.
pub fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(REQUEST_ID)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &'static str) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static(text));
        let name = RequestIds::new().name(&mut headers);
        assert_eq!(request_id(&headers), name.to_str().ok());
        name
    }

    #[test]
    fn a_well_formed_name_is_taken_and_another_is_replaced() {
        assert_eq!(named("Desk-7_a.4"), "Desk-7_a.4");
        for wrong in ["", "a b", "a\u{9}b", "{}", "x/../y", "a,b", "a;b"] {
            assert_ne!(named(wrong), wrong);
        }
        let mut twice = HeaderMap::new();
        twice.append(REQUEST_ID, HeaderValue::from_static("a"));
        twice.append(REQUEST_ID, HeaderValue::from_static("b"));
        let name = RequestIds::new().name(&mut twice);
        assert!(name != "a" && name != "b");
        assert_eq!(twice.get_all(REQUEST_ID).iter().count(), 1);
        let mut once = HeaderMap::new();
        once.insert(REQUEST_ID, HeaderValue::from_static("a"));
        for hop in ["1.2.3.4", "10.0.0.7"] {
            once.append("x-forwarded-for", HeaderValue::from_static(hop));
        }
        assert_eq!(
            RequestIds::new().name(&mut once),
            "a",
            "another header twice"
        );
    }

    #[test]
    fn names_that_are_made_differ() {
        let ids = RequestIds::new();
        let names: std::collections::BTreeSet<Vec<u8>> = (0..1000)
            .map(|_| ids.name(&mut HeaderMap::new()).as_bytes().to_vec())
            .collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| name.len() == 17));
    }
}
