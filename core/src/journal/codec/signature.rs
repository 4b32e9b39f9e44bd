//! Signatures, of a record and under a document. What is absent takes no bytes.
//!
//! ```text
//! signature = algorithm u8 | key bytes | value bytes
//! signed    = record varint | version varint | transition u8 | signer text | signature
//! ```

use super::cursor::Cursor;
use super::error::CodecError;
use super::varint;
use hubu_kernel::ident::{Seq, TransitionId};
use hubu_kernel::signature::{Signature, Signed};

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
