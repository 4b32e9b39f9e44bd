//! A statement (待签内容): the texts that are signed, in order, each with a label for people.
//!
//! ```text
//! form = (length u32 big-endian | UTF-8 bytes)...     one for each text
//! ```
//! As each text stands behind its length, the bytes tell where each begins and ends; as every list in a
//! document's statement ([`super::form`]) stands behind its count, the texts tell what each of them is.

use sm3::{Digest, Sm3};

/// One text that is signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// What it is, for people and programs; it is not signed itself, as its place says it.
    pub label: String,
    /// What is signed.
    pub text: String,
}

/// What is signed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statement {
    /// The texts, in order.
    pub parts: Vec<Part>,
}

impl Statement {
    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.parts.iter().map(|p| 4 + p.text.len()).sum());
        self.parts.iter().for_each(|p| put(&mut bytes, &p.text));
        bytes
    }
}

/// Where the texts of a statement go: to bytes alone, or kept with their labels.
pub(super) trait Write {
    /// Takes the next text.
    fn part(&mut self, label: &dyn std::fmt::Display, text: &str);
}

impl Write for Vec<u8> {
    fn part(&mut self, _: &dyn std::fmt::Display, text: &str) {
        put(self, text);
    }
}

impl Write for Statement {
    fn part(&mut self, label: &dyn std::fmt::Display, text: &str) {
        self.parts.push(Part {
            label: label.to_string(),
            text: text.to_owned(),
        });
    }
}

fn put(bytes: &mut Vec<u8>, text: &str) {
    // A text comes from a request or a record, and both are far below 4 GiB.
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// SM3 of the bytes that are signed: a short name for them, to compare by eye.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sm3::digest(bytes).into()
}
