//! A line: `NUMBER CHAIN JSON`, ended by a line feed.
//!
//! `CHAIN` is the SM3 (64 hex digits) of the chain value before, the number (8 bytes, little-endian) and the JSON text. The
//! first line's chain value before is the SM3 of a fixed text. JSON has no raw line feed, so one line is one entry.

use std::io::Write;

use sm3::{Digest, Sm3};

/// A value of the chain.
pub(super) type Chain = [u8; 32];

/// What the chain begins with.
const BEGINNING: &[u8] = b"hubu audit log, format 1";

/// The chain value before the first line.
pub(super) fn beginning() -> Chain {
    Sm3::digest(BEGINNING).into()
}

/// The chain value of a line.
pub(super) fn link(before: &Chain, number: u64, json: &[u8]) -> Chain {
    let mut hash = Sm3::new();
    hash.update(before);
    hash.update(number.to_le_bytes());
    hash.update(json);
    hash.finalize().into()
}

/// Adds a line.
pub(super) fn write(into: &mut Vec<u8>, number: u64, chain: &Chain, json: &[u8]) {
    debug_assert!(!json.contains(&b'\n'), "one line is one entry");
    // Writing to memory does not fail.
    let _ = write!(into, "{number} ");
    for byte in chain {
        let _ = write!(into, "{byte:02x}");
    }
    into.push(b' ');
    into.extend_from_slice(json);
    into.push(b'\n');
}

/// A line as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) chain: Chain,
    pub(super) json: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads a line, without its line feed; `None` when it has another form.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (number, rest) = split(bytes)?;
        let (chain, json) = split(rest)?;
        let number = std::str::from_utf8(number).ok()?;
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| is_plain)?;
        let chain = unhex(chain)?;
        Some(Self {
            number,
            chain,
            json,
        })
    }

    /// Whether it follows a line of this number and chain value.
    pub(super) fn follows(&self, number: u64, before: &Chain) -> bool {
        self.number == number + 1 && self.chain == link(before, self.number, self.json)
    }
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == b' ')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

fn unhex(text: &[u8]) -> Option<Chain> {
    let mut chain = Chain::default();
    if text.len() != 2 * chain.len() {
        return None;
    }
    for (byte, pair) in chain.iter_mut().zip(text.chunks_exact(2)) {
        // Only the form that is written: two forms of one value could hide a change.
        if pair.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_changed_byte_breaks_the_link() {
        let json = br#"{"at":"2026-11-30T08:00:00.000Z","what":"refused"}"#;
        let chain = link(&beginning(), 1, json);
        let mut bytes = Vec::new();
        write(&mut bytes, 1, &chain, json);
        let end = bytes.len() - 1;
        let read = Line::read(&bytes[..end]).unwrap();
        assert!(read.follows(0, &beginning()));
        for at in 0..end {
            let mut other = bytes[..end].to_vec();
            other[at] ^= 1;
            let line = Line::read(&other);
            assert!(
                !line.is_some_and(|line| line.follows(0, &beginning())),
                "byte {at}"
            );
        }
    }
}
