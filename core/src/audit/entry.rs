//! What one line says.

use std::net::IpAddr;

use serde::Serialize;

use crate::clock::Moment;

/// Longer texts of a request are cut here, in bytes: a line has a bound.
const TEXT_BYTES: usize = 256;

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Somebody was not let in, or asked for what is not theirs.
    Refused,
    /// A privileged role asks; written before the request is looked at.
    Privileged,
    /// The server did something: it started, stopped, took keys over.
    Server,
}

/// Who asks, as the token says (操作人).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Who<'a> {
    /// The actor's name.
    pub name: &'a str,
    /// The names of the actor's roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<&'a str>,
    /// Nine digits; empty where only the name is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub division: String,
    /// The agency, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<&'a str>,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// When.
    pub at: Moment,
    /// Its kind.
    pub what: What,
    /// A word that is always the same for the same reason, such as `role_denied` or `started`.
    pub why: &'a str,
    /// Who, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<Who<'a>>,
    /// The client's address, as the connection has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The subject of the certificate that the connection showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<&'a str>,
    /// The request's name, as its answer has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// Method and path; a query is left out, as it may hold anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<&'a str>,
    /// The command's idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// Anything more, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<&'a str>,
    /// How many acts the entry stands for, where that is more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

impl<'a> Entry<'a> {
    /// An entry that says nothing but this.
    pub fn new(at_ms: u64, what: What, why: &'a str) -> Self {
        Self {
            at: Moment(at_ms),
            what,
            why,
            who: None,
            client: None,
            certificate: None,
            id: None,
            request: None,
            key: None,
            detail: None,
            count: None,
        }
    }

    /// The same with its texts cut to their longest.
    pub(super) fn bounded(mut self) -> Self {
        for text in [
            &mut self.certificate,
            &mut self.id,
            &mut self.request,
            &mut self.key,
            &mut self.detail,
        ] {
            *text = text.map(cut);
        }
        self
    }
}

/// At most [`TEXT_BYTES`] of a text, and no half character.
pub(super) fn cut(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "户".repeat(200);
        let mut entry = Entry::new(0, What::Refused, "role_denied");
        entry.request = Some(&text);
        let cut = entry.bounded().request.unwrap().len();
        assert_eq!(cut, 255, "85 characters of three bytes");
    }
}
