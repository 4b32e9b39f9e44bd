//! The list of what is no longer believed (吊销名单), in TOML:
//!
//! ```toml
//! [[revoked]]
//! jti = "3f2a..."                              # one token
//! [[revoked]]
//! subject = "zhang"                            # all of one person's, also those of their delegates
//! issued_before = 2026-12-01T08:00:00+08:00    # only the older ones; left out: all
//! [[revoked]]
//! kid = "2026-a"                               # all that name this key
//! [[revoked]]
//! issued_before = 2026-12-01T08:00:00+08:00    # everybody's older ones
//! ```
//!
//! A token without `iat` counts as older than every date.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use toml::value::Datetime;

use super::error::AccessError;
use super::file::fault;
use super::moment;

/// The longest list, in bytes.
pub(super) const LIST_BYTES_MAX: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    revoked: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    jti: Option<Box<str>>,
    subject: Option<Box<str>>,
    kid: Option<Box<str>>,
    issued_before: Option<Datetime>,
}

/// What a token is known by to this list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Basis {
    pub(super) jti: Option<Box<str>>,
    pub(super) kid: Option<Box<str>>,
    pub(super) subject: Box<str>,
    pub(super) delegated_by: Option<Box<str>>,
    /// When it was issued; 0 where it does not say.
    pub(super) issued_seconds: u64,
}

/// The list, ready to be asked.
#[derive(Default)]
pub(super) struct Revocations {
    tokens: HashSet<Box<str>>,
    keys: HashSet<Box<str>>,
    /// Tokens of this person that were issued before then.
    people: HashMap<Box<str>, u64>,
    everybody_before: u64,
}

impl Revocations {
    /// The list in a file.
    ///
    /// # Errors
    /// An entry that says nothing or too much, with its place.
    pub(super) fn read(path: &Path, text: &str) -> Result<Self, AccessError> {
        let list: List =
            toml::from_str(text).map_err(|error| fault(path, error.to_string().trim()))?;
        let mut all = Self::default();
        for (at, entry) in list.revoked.into_iter().enumerate() {
            all.add(entry)
                .map_err(|reason| fault(path, &format!("entry {}: {reason}", at + 1)))?;
        }
        Ok(all)
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        let before = entry.issued_before.as_ref().map(moment::seconds);
        let before = before.transpose()?;
        match (entry.jti, entry.subject, entry.kid, before) {
            (Some(jti), None, None, None) => {
                self.tokens.insert(jti);
            }
            (None, Some(subject), None, before) => {
                let before = before.unwrap_or(u64::MAX);
                let known = self.people.entry(subject).or_insert(0);
                *known = before.max(*known);
            }
            (None, None, Some(kid), None) => {
                self.keys.insert(kid);
            }
            (None, None, None, Some(before)) => {
                self.everybody_before = before.max(self.everybody_before);
            }
            _ => {
                return Err("one of `jti`, `subject`, `kid`; `issued_before` goes with \
                            `subject` or alone"
                    .into());
            }
        }
        Ok(())
    }

    /// Entries, each kind counted.
    pub(super) fn count(&self) -> usize {
        let everybody = usize::from(self.everybody_before > 0);
        self.tokens.len() + self.keys.len() + self.people.len() + everybody
    }

    /// Whether a token is no longer believed.
    pub(super) fn covers(&self, token: &Basis) -> bool {
        let is_listed = |set: &HashSet<Box<str>>, name: &Option<Box<str>>| {
            name.as_ref().is_some_and(|name| set.contains(name))
        };
        let is_old = |person: &str| {
            let before = self.people.get(person);
            before.is_some_and(|before| token.issued_seconds < *before)
        };
        token.issued_seconds < self.everybody_before
            || is_listed(&self.tokens, &token.jti)
            || is_listed(&self.keys, &token.kid)
            || is_old(&token.subject)
            || token.delegated_by.as_deref().is_some_and(is_old)
    }
}
