//! The bytes of one shard.
//!
//! ```text
//! shard = documents named varint | rows | open | retiring | numbers | keys
//! rows  = count | (key bytes, row)...           in the order of their slots
//! open  = count | (document, acted)...           retiring = count | document...
//! numbers = count | (division u32, year u16, type u16, last varint)...
//! keys  = count | (key u128, body u64, seq varint)...
//! ```
//! Rows and documents are encoded as [`crate::journal::codec::state`] has them.

use crate::engine::shard::Shard;
use crate::engine::spent::Spent;
use crate::journal::codec::cursor::Cursor;
use crate::journal::codec::error::CodecError;
use crate::journal::codec::state::{
    decode_acted, decode_document, decode_row, encode_acted, encode_document, encode_row,
};
use crate::journal::codec::varint;
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
    varint::put(out, shard.documents.len() as u64);
    for document in shard.documents.values() {
        encode_document(document, out);
        encode_acted(document, out);
    }
    varint::put(out, shard.retiring.len() as u64);
    for document in shard.retiring.values() {
        encode_document(document, out);
    }
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
        varint::put(out, spent.answer);
    }
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
        let mut document = decode_document(cursor)?;
        decode_acted(cursor, &mut document)?;
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
        if key == 0 {
            return Err(cursor.no_number("key of a command", 0_u64));
        }
        let body = u64::from_le_bytes(cursor.array()?);
        shard.once.put(
            key,
            Spent {
                body,
                answer: cursor.varint()?,
            },
        );
    }
    cursor.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubu_kernel::document::{Document, Entry};
    use hubu_kernel::ident::{DocumentId, LedgerId, Seq, StateId, TransitionId};
    use hubu_kernel::money::Cents;
    use hubu_kernel::row::{Control, Row, RowKind};
    use hubu_kernel::signature::{Signature, Signed};
    use proptest::collection::{btree_map, btree_set, vec};
    use proptest::prelude::*;

    fn row(amount: i64, scheduled: bool) -> Row {
        let kind = RowKind {
            division: Division(420_106_000),
            year: Year(2026),
            ledger: LedgerId(3),
            control: Control::Strict,
            scheduled,
        };
        Row {
            approved: Cents(amount),
            ..Row::new(kind)
        }
    }

    fn signed(id: u64) -> Signed {
        Signed {
            seq: Seq(id),
            version: 2,
            transition: TransitionId(1),
            signer: "wang".into(),
            signature: Signature {
                algorithm: 1,
                key: [8; 5].into(),
                value: [9; 64].into(),
            },
        }
    }

    fn document(id: u64, acted: &[String]) -> Document {
        Document {
            id: DocumentId(id),
            entry: Entry::default(),
            state: StateId(1),
            version: 3,
            creator: "li".into(),
            previous: "wang".into(),
            acted: acted.iter().map(|name| (&**name).into()).collect(),
            created_ms: 1,
            moved_ms: 2,
            holds: Vec::new(),
            history: vec![Seq(id)],
            downstream: Vec::new(),
            // Every other one is signed: who acted stands behind the signatures.
            signatures: (0..id % 2).map(|_| signed(id)).collect(),
        }
    }

    proptest! {
        // Documents and the fields of rows have their own in core/tests/codec.
        #[test]
        fn a_shard_comes_back(
            named: u64,
            rows in btree_set(vec(any::<u8>(), 1..20), 0..20),
            amount in 0..i64::MAX,
            numbers in btree_map((any::<u32>(), any::<u16>(), any::<u16>()), any::<u64>(), 0..8),
            keys in btree_map(1..u128::MAX, any::<(u64, u64)>(), 0..50),
            acted in vec(vec("[a-z张李]{1,9}", 0..4), 0..4),
        ) {
            let mut shard = Shard { documents_named: named, ..Shard::default() };
            rows.iter().for_each(|key| shard.rows.push(key, row(amount, key.len() % 2 == 0)));
            for ((division, year, kind), last) in numbers {
                shard.numbers.insert((Division(division), Year(year), TypeId(kind)), last);
            }
            for (id, acted) in (1..).zip(&acted) {
                shard.documents.insert(DocumentId(id), document(id, acted));
            }
            for (key, (body, answer)) in &keys {
                shard.once.put(*key, Spent { body: *body, answer: *answer });
            }
            let mut bytes = Vec::new();
            put(&shard, &mut bytes);
            let mut again = Shard::default();
            prop_assert_eq!(fill(&bytes, Some(0), &mut again), Ok(()));
            prop_assert_eq!(again.documents_named, named);
            prop_assert!(again.rows.iter().eq(shard.rows.iter()));
            prop_assert_eq!(&again.numbers, &shard.numbers);
            prop_assert_eq!(&again.documents, &shard.documents);
            let spent: std::collections::BTreeMap<_, _> =
                again.once.iter().map(|(key, spent)| (key, (spent.body, spent.answer))).collect();
            prop_assert_eq!(spent, keys);
            for cut in 0..bytes.len() {
                prop_assert!(fill(&bytes[..cut], Some(0), &mut Shard::default()).is_err());
            }
        }
    }
}
