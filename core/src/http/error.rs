//! Why a request is not answered as asked. What it looks like on the wire is `problem`'s business.

use crate::access::AccessError;
use crate::audit::Unwritten;
use crate::engine::error::{EngineError, SubmitError};
use crate::engine::watermark::Latched;
use crate::views::error::ViewError;

/// A request that gets a problem for an answer. None of these spends an idempotency key.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No token, or one that is not believed.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The engine did not decide the command.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A read failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Nothing more becomes durable.
    #[error(transparent)]
    Latched(#[from] Latched),
    /// A view can't be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// There is no such path.
    #[error("no such path")]
    NoRoute,
    /// The path has other methods.
    #[error("the path takes {0}")]
    Method(&'static str),
    /// There is no such thing, or it is outside of the actor's scope.
    #[error("no {0} of this name")]
    NotFound(&'static str),
    /// It is there, but outside of the actor's scope: told as if it were not.
    #[error("no {0} of this name")]
    OutOfScope(&'static str),
    /// A privileged act that can't be written down is not done.
    #[error("{0}")]
    Audit(Unwritten),
    /// A command comes without its key.
    #[error("an Idempotency-Key is needed")]
    KeyMissing,
    /// A key is something else than 1 to 64 visible ASCII characters.
    #[error("an idempotency key is 1 to 64 visible ASCII characters")]
    KeyMalformed,
    /// `If-Match` is no version in quotes.
    #[error("If-Match is a version in quotes, such as \"3\"")]
    IfMatch,
    /// A header that may stand once stands twice: two readers could heed another one each.
    #[error("the header {0} stands more than once")]
    Repeated(&'static str),
    /// An HTTP/1.1 request without `Host`, or with one that is no host.
    #[error("a request has exactly one Host header")]
    Host,
    /// This client, person or route has had its share.
    #[error("too many requests: come back in {seconds} s")]
    TooMany {
        /// Which limit it is: `client`, `token`, `route` or `bad_token`.
        by: &'static str,
        /// When there is room for one more.
        seconds: u32,
    },
    /// The body does not say that it is JSON.
    #[error("the body's Content-Type is not application/json")]
    NotJson,
    /// The body is longer than allowed.
    #[error("the body has more than {limit_bytes} bytes")]
    BodyTooLarge {
        /// The most, in bytes.
        limit_bytes: usize,
    },
    /// The body took too long.
    #[error("the body did not arrive in time")]
    BodySlow,
    /// The body broke off.
    #[error("the body broke off")]
    BodyBroken,
    /// The body is no JSON.
    #[error("the body is no JSON: {0}")]
    BodySyntax(String),
    /// The body is JSON of another form: an unknown field, one that is missing, a wrong type.
    #[error("the body does not fit: {0}")]
    BodyForm(String),
    /// A value in body, path or query is not what it should be.
    #[error("{place}: {reason}")]
    Value {
        /// Where, such as `lines[0].amount` or `?limit`.
        place: String,
        /// What is wrong with it.
        reason: Reason,
    },
    /// Too much is under way: come back in a moment.
    #[error("too much is under way")]
    Shed,
    /// Too much was under way a moment ago, and the client came back at once.
    #[error("too much is under way; wait as Retry-After says")]
    HeldBack,
    /// Something that must not be missing is: our fault.
    #[error("internal: {0}")]
    Internal(String),
}

/// Why a value is not what it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Reason {
    /// In words that are always the same; `wording` has their Chinese.
    #[error("{0}")]
    Fixed(&'static str),
    /// The query has another parameter than these.
    #[error("unknown parameter; there are: {0}")]
    Parameter(String),
    /// A limit is not from 1 to this.
    #[error("1 to {0}")]
    Limit(usize),
    /// The catalog has no dimension of this name.
    #[error("no dimension {0:?}")]
    Dimension(String),
    /// The document type has no field of this name.
    #[error("{kind} has no field {field:?}")]
    Field {
        /// The type's name.
        kind: String,
        /// As given.
        field: String,
    },
}

impl From<&'static str> for Reason {
    fn from(words: &'static str) -> Self {
        Self::Fixed(words)
    }
}

impl HttpError {
    /// A value that is not what it should be.
    pub fn value(place: impl Into<String>, reason: impl Into<Reason>) -> Self {
        Self::Value {
            place: place.into(),
            reason: reason.into(),
        }
    }
}

impl From<serde_json::Error> for HttpError {
    fn from(error: serde_json::Error) -> Self {
        let said = without_value(&error.to_string());
        match error.classify() {
            serde_json::error::Category::Data => Self::BodyForm(said),
            _ => Self::BodySyntax(said),
        }
    }
}

/// What the JSON reader says, without the value that it stumbled over: that may be somebody's account, and errors go to
/// logs of clients and gateways. Names of fields stay, as that is what has to be mended.
fn without_value(said: &str) -> String {
    let wrong = ["invalid type: ", "invalid value: "];
    let is_about_value = wrong.iter().any(|start| said.starts_with(start));
    let parts = said.split_once(['"', '`']).zip(said.rfind(", expected "));
    match parts.filter(|_| is_about_value) {
        Some(((kind, _), expected)) => format!("{}{}", kind.trim_end(), &said[expected..]),
        None => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            #[allow(dead_code)]
            year: u16,
        }
        let said = |text: &str| {
            let error = serde_json::from_str::<Body>(text).unwrap_err();
            HttpError::from(error).to_string()
        };
        for (body, words) in [
            (
                r#"{"year":"6222020200011234"}"#,
                "invalid type: string, expected u16 at line 1",
            ),
            (
                r#"{"year":"6222 \", expected 0200011234"}"#,
                "invalid type: string, expected u16 at line 1",
            ),
            (
                r#"{"year":6222020200011234}"#,
                "invalid value: integer, expected u16 at line 1",
            ),
            (
                r#"{"year":-6222020200011234}"#,
                "invalid value: integer, expected u16 at line 1",
            ),
            (
                r#"{"year":0.0200011234}"#,
                "invalid type: floating point, expected u16 at line 1",
            ),
            (
                r#"{"colour":1}"#,
                "unknown field `colour`, expected `year` at line 1",
            ),
        ] {
            let said = said(body);
            assert!(said.contains(words), "{said}");
            assert!(!said.contains("0200011234"), "{said}");
        }
    }
}
