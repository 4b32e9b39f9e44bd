//! The bytes of one shard.
//!
//! ```text
//! shard = documents named varint | rows | open | retiring | numbers | keys
//! rows  = count | (key bytes, row)...           in the order of their slots
//! open, retiring = count | document...
//! numbers = count | (division u32, year u16, type u16, last varint)...
//! keys  = count | (key u128, body u64, seq varint)...
//! ```
//! Rows and documents are encoded as [`crate::journal::codec::state`] has them.

use crate::engine::shard::Shard;
use crate::engine::spent::Spent;
use crate::journal::codec::cursor::Cursor;
use crate::journal::codec::error::CodecError;
use crate::journal::codec::state::{decode_document, decode_row, encode_document, encode_row};
use crate::journal::codec::varint;
use hubu_kernel::document::Document;
use hubu_kernel::ident::{Division, TypeId, Year};
use std::sync::Arc;

/// The fewest bytes of a row and its key, of a document, of a number, of a key.
const ROW_MIN: usize = 15;
const DOCUMENT_MIN: usize = 16;
const NUMBER_MIN: usize = 9;
const KEY_MIN: usize = 25;

/// Appends a shard.
pub(super) fn put(shard: &Shard, out: &mut Vec<u8>) {
    varint::put(out, shard.documents_named);
    varint::put(out, shard.rows.len() as u64);
    for (_, key, row) in shard.rows.iter() {
        varint::put_bytes(out, key);
        encode_row(row, out);
    }
    put_documents(shard.documents.values(), shard.documents.len(), out);
    put_documents(
        shard.retiring.values().map(|d| &**d),
        shard.retiring.len(),
        out,
    );
    varint::put(out, shard.numbers.len() as u64);
    for ((division, year, kind), last) in &shard.numbers {
        out.extend_from_slice(&division.0.to_le_bytes());
        out.extend_from_slice(&year.0.to_le_bytes());
        out.extend_from_slice(&kind.0.to_le_bytes());
        varint::put(out, *last);
    }
    varint::put(out, shard.once.len() as u64);
    for (key, spent) in shard.once.iter() {
        out.extend_from_slice(&key.to_le_bytes());
        out.extend_from_slice(&spent.body.to_le_bytes());
        varint::put(out, spent.seq);
    }
}

fn put_documents<'d>(
    documents: impl Iterator<Item = &'d Document>,
    count: usize,
    out: &mut Vec<u8>,
) {
    varint::put(out, count as u64);
    documents.for_each(|document| encode_document(document, out));
}

/// Fills an empty shard; of ended documents it takes those behind `archived`, or none.
///
/// # Errors
/// When the bytes are no shard.
pub(super) fn fill(
    bytes: &[u8],
    archived: Option<u64>,
    shard: &mut Shard,
) -> Result<(), CodecError> {
    let cursor = &mut Cursor::new(bytes);
    shard.documents_named = cursor.varint()?;
    for _ in 0..cursor.count(ROW_MIN)? {
        let key = cursor.bytes()?;
        let row = decode_row(cursor)?;
        shard.rows.push(key, row);
    }
    let open = cursor.count(DOCUMENT_MIN)?;
    shard.documents.reserve(open);
    for _ in 0..open {
        let document = decode_document(cursor)?;
        shard.documents.insert(document.id, document);
    }
    for _ in 0..cursor.count(DOCUMENT_MIN)? {
        let document = decode_document(cursor)?;
        let ended = document.history.last().map_or(0, |seq| seq.0);
        if archived.is_some_and(|archived| ended > archived) {
            shard.retiring.insert(document.id, Arc::new(document));
        }
    }
    for _ in 0..cursor.count(NUMBER_MIN)? {
        let division = Division(u32::from_le_bytes(cursor.array()?));
        let year = Year(u16::from_le_bytes(cursor.array()?));
        let kind = TypeId(u16::from_le_bytes(cursor.array()?));
        shard
            .numbers
            .insert((division, year, kind), cursor.varint()?);
    }
    let keys = cursor.count(KEY_MIN)?;
    shard.once.reserve(keys);
    for _ in 0..keys {
        let key = u128::from_le_bytes(cursor.array()?);
        let body = u64::from_le_bytes(cursor.array()?);
        shard.once.put(
            key,
            Spent {
                body,
                seq: cursor.varint()?,
            },
        );
    }
    cursor.finish()
}
