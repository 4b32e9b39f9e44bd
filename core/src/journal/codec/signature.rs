//! Signatures, and in what capacity somebody acted. What is absent takes no bytes.
//!
//! ```text
//! signature = algorithm u8 | key bytes | value bytes
//! capacity  = flags u8: 0 break glass, 1 on behalf of, 2-7 zero | on behalf of text?
//! signed    = record varint | version varint | transition u8 | signer text | signature
//! ```

use super::cursor::Cursor;
use super::entry::{flag, read_flags};
use super::error::CodecError;
use super::varint;
use hubu_kernel::ident::{Seq, TransitionId};
use hubu_kernel::signature::{Capacity, Signature, Signed};

const BREAK_GLASS: u8 = 1;
const ON_BEHALF_OF: u8 = 1 << 1;

/// Record, version, transition, signer, and a signature of no bytes.
pub(super) const SIGNED_SIZE_MIN: usize = 7;

/// Appends a signature.
pub(super) fn put_signature(signature: &Signature, out: &mut Vec<u8>) {
    out.push(signature.algorithm);
    varint::put_bytes(out, &signature.key);
    varint::put_bytes(out, &signature.value);
}

/// Reads a signature.
pub(super) fn read_signature(cursor: &mut Cursor<'_>) -> Result<Signature, CodecError> {
    Ok(Signature {
        algorithm: cursor.byte()?,
        key: cursor.bytes()?.into(),
        value: cursor.bytes()?.into(),
    })
}

/// Appends a capacity.
pub(super) fn put_capacity(capacity: &Capacity, out: &mut Vec<u8>) {
    out.push(
        flag(capacity.break_glass, BREAK_GLASS)
            | flag(capacity.on_behalf_of.is_some(), ON_BEHALF_OF),
    );
    if let Some(principal) = &capacity.on_behalf_of {
        varint::put_bytes(out, principal.as_bytes());
    }
}

/// Reads a capacity.
pub(super) fn read_capacity(cursor: &mut Cursor<'_>) -> Result<Capacity, CodecError> {
    let flags = read_flags(cursor, BREAK_GLASS | ON_BEHALF_OF, "flags of a capacity")?;
    let on_behalf_of = match flags & ON_BEHALF_OF {
        0 => None,
        _ => Some(cursor.text()?.into()),
    };
    Ok(Capacity {
        on_behalf_of,
        break_glass: flags & BREAK_GLASS != 0,
    })
}

/// Appends a signature under a document.
pub(super) fn put_signed(signed: &Signed, out: &mut Vec<u8>) {
    varint::put(out, signed.seq.0);
    varint::put(out, u64::from(signed.version));
    out.push(signed.transition.0);
    varint::put_bytes(out, signed.signer.as_bytes());
    put_signature(&signed.signature, out);
}

/// Reads a signature under a document.
pub(super) fn read_signed(cursor: &mut Cursor<'_>) -> Result<Signed, CodecError> {
    Ok(Signed {
        seq: Seq(cursor.varint()?),
        version: cursor.narrow("version")?,
        transition: TransitionId(cursor.byte()?),
        signer: cursor.text()?.into(),
        signature: read_signature(cursor)?,
    })
}
