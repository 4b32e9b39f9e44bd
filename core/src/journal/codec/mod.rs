//! The bytes of a record: compact, versioned, and the same on every CPU.
//!
//! ```text
//! record = head u8: 0-1 body kind, 2 no once key, 3 trace, 4-7 format version
//!        | time varint | once (key u128, body u64)? | trace 25 bytes? | actor text | body
//! body   = 0 decided | 1 refused | 2 catalog: version varint, sources bytes | 3 genesis: 16 bytes
//! ```
//! Fixed-width numbers are little-endian, the others LEB128 in their shortest form. The layouts of
//! the bodies stand in `decided.rs` and `refused.rs`, that of a signature in `signature.rs`; [`state`] holds those of a
//! snapshot. Files in `core/tests/golden` fix every shape: a change that alters one needs a new format version.
//!
//! Decoding trusts nothing: every number, length and count is checked before it is used, room is
//! made only for what the bytes can hold, and bytes after the record are refused.

mod changes;
pub mod cursor;
mod decided;
mod entry;
pub mod error;
mod recent;
mod refused;
mod signature;
pub mod state;
pub mod step;
pub mod varint;

use cursor::Cursor;
use entry::flag;
use error::CodecError;
use hubu_kernel::ident::CatalogVersion;
use hubu_kernel::record::{Body, Once, Record, Traceparent};

/// The version of the format that this program writes.
pub const FORMAT_VERSION: u8 = 1;

const KIND_MASK: u8 = 3;
const ONCE_ABSENT: u8 = 1 << 2;
const TRACE: u8 = 1 << 3;

const DECIDED: u8 = 0;
const REFUSED: u8 = 1;
const CATALOG: u8 = 2;
const GENESIS: u8 = 3;

/// What stands before the body of every record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head<'a> {
    /// When it was decided: milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    /// Under which key.
    pub once: Once,
    /// The trace that it belongs to.
    pub trace: Option<Traceparent>,
    /// Who asked.
    pub actor: &'a str,
    /// Whether a document moved.
    pub is_decided: bool,
}

/// Appends the bytes of `record`.
pub fn encode(record: &Record, out: &mut Vec<u8>) {
    let kind = match &record.body {
        Body::Decided(_) => DECIDED,
        Body::Refused(_) => REFUSED,
        Body::Catalog { .. } => CATALOG,
        Body::Genesis { .. } => GENESIS,
    };
    let once_absent = record.once == Once::default();
    out.push(
        FORMAT_VERSION << 4
            | kind
            | flag(once_absent, ONCE_ABSENT)
            | flag(record.trace.is_some(), TRACE),
    );
    varint::put(out, record.time_ms);
    if !once_absent {
        out.extend_from_slice(&record.once.key.to_le_bytes());
        out.extend_from_slice(&record.once.body.to_le_bytes());
    }
    if let Some(trace) = &record.trace {
        out.extend_from_slice(trace);
    }
    varint::put_bytes(out, record.actor.as_bytes());
    match &record.body {
        Body::Decided(decided) => decided::put(decided, out),
        Body::Refused(refused) => refused::put(refused, out),
        Body::Catalog { version, sources } => {
            varint::put(out, u64::from(version.0));
            varint::put_bytes(out, sources);
        }
        Body::Genesis { secret } => out.extend_from_slice(secret),
    }
}

/// The record whose bytes these are, all of them.
///
/// # Errors
/// Any [`CodecError`], for the first fault.
pub fn decode(bytes: &[u8]) -> Result<Record, CodecError> {
    decode_as(bytes, true)
}

/// As [`decode`], for replay: a document that begins and ends in this record is only counted; its
/// agency, fields, lines and links are left out and not checked.
///
/// # Errors
/// Any [`CodecError`], for the first fault in what is read.
pub fn decode_for_replay(bytes: &[u8]) -> Result<Record, CodecError> {
    decode_as(bytes, false)
}

#[inline]
fn decode_as(bytes: &[u8], whole: bool) -> Result<Record, CodecError> {
    let cursor = &mut Cursor::new(bytes);
    let (kind, head) = read_head(cursor)?;
    let body = match kind {
        DECIDED => Body::Decided(decided::read(cursor, whole)?),
        REFUSED => Body::Refused(Box::new(refused::read(cursor)?)),
        CATALOG => Body::Catalog {
            version: CatalogVersion(cursor.narrow("catalog version")?),
            sources: cursor.bytes()?.into(),
        },
        _ => Body::Genesis {
            secret: cursor.array()?,
        },
    };
    cursor.finish()?;
    Ok(Record {
        time_ms: head.time_ms,
        actor: head.actor.into(),
        once: head.once,
        trace: head.trace,
        body,
    })
}

/// The head of the record whose bytes these are; its body is not looked at.
///
/// # Errors
/// Any [`CodecError`] that the head has.
pub fn peek(bytes: &[u8]) -> Result<Head<'_>, CodecError> {
    let (_, head) = read_head(&mut Cursor::new(bytes))?;
    Ok(head)
}

#[inline]
fn read_head<'a>(cursor: &mut Cursor<'a>) -> Result<(u8, Head<'a>), CodecError> {
    let first = cursor.byte()?;
    if first >> 4 != FORMAT_VERSION {
        return Err(CodecError::Version { found: first >> 4 });
    }
    let kind = first & KIND_MASK;
    let head = Head {
        time_ms: cursor.varint()?,
        once: if first & ONCE_ABSENT != 0 {
            Once::default()
        } else {
            Once {
                key: u128::from_le_bytes(cursor.array()?),
                body: u64::from_le_bytes(cursor.array()?),
            }
        },
        trace: if first & TRACE != 0 {
            Some(cursor.array()?)
        } else {
            None
        },
        actor: cursor.text()?,
        is_decided: kind == DECIDED,
    };
    Ok((kind, head))
}
