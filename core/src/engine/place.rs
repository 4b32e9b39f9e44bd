//! Where things live: which of the shards holds a row, a document, a series or an idempotency key.
//!
//! Rows and documents of one agency share a shard, so that a payment locks few of them and a list of
//! an agency's rows is one look. A place is part of every row's and document's name and stands in
//! journals: this file may never change what it answers.

use hubu_kernel::ident::{Division, DocumentId, RowId};
use siphasher::sip::SipHasher13;
use smallvec::SmallVec;
use std::hash::Hasher;

/// Bits of an id that name its shard.
const SHARD_BITS: u32 = 10;

/// How many shards there are.
pub const SHARDS: usize = 1 << SHARD_BITS;

/// The most rows of one shard.
pub const ROWS_MAX: usize = 1 << (32 - SHARD_BITS);

/// A shard, by its place.
pub type ShardId = u16;

const _: () = assert!(SHARDS - 1 <= ShardId::MAX as usize);

/// The shard of an agency's rows and documents, the agency packed as in row keys; the division's own
/// with an empty one.
pub fn of_agency(division: Division, agency: &[u8]) -> ShardId {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    hasher.write(&division.0.to_le_bytes());
    hasher.write(agency);
    (hasher.finish() % SHARDS as u64) as ShardId
}

/// The shard of a document.
pub fn of_document_of(division: Division, agency: &str) -> ShardId {
    of_agency(division, &pack_agency(agency))
}

/// An agency's code as a row key has it: two digits to a byte, an odd last one with 0xF.
pub fn pack_agency(agency: &str) -> SmallVec<[u8; 16]> {
    let half = |digit: &u8| digit.wrapping_sub(b'0');
    let pair = |pair: &[u8]| half(&pair[0]) << 4 | pair.get(1).map_or(0xF, half);
    agency.as_bytes().chunks(2).map(pair).collect()
}

/// The shard that counts a division's documents.
pub fn of_numbers(division: Division) -> ShardId {
    of_agency(division, b"")
}

/// The shard that remembers a key: its low bits, leaving the others to the table inside.
pub fn of_once(key: u128) -> ShardId {
    ((key >> 64) % SHARDS as u128) as ShardId
}

/// The shard of a row.
pub fn of_row(row: RowId) -> ShardId {
    (row.0 % SHARDS as u32) as ShardId
}

/// The row's slot in its shard.
pub fn slot(row: RowId) -> usize {
    (row.0 >> SHARD_BITS) as usize
}

/// The row at a slot of a shard.
pub fn row(shard: ShardId, slot: usize) -> RowId {
    assert!(slot < ROWS_MAX && usize::from(shard) < SHARDS);
    RowId((slot as u32) << SHARD_BITS | u32::from(shard))
}

/// The shard of a document.
pub fn of_document(document: DocumentId) -> ShardId {
    (document.0 % SHARDS as u64) as ShardId
}

/// The document of this count in a shard.
pub fn document(shard: ShardId, count: u64) -> DocumentId {
    DocumentId(count << SHARD_BITS | u64::from(shard))
}

/// The count that a document's name was made from.
pub fn count(document: DocumentId) -> u64 {
    document.0 >> SHARD_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_place() {
        let shard = of_agency(Division(420_106_000), b"420106000000000000001");
        assert_eq!(
            shard,
            of_agency(Division(420_106_000), b"420106000000000000001")
        );
        let row = row(shard, 77);
        assert_eq!((of_row(row), slot(row)), (shard, 77));
        let document = document(shard, 9);
        assert_eq!((of_document(document), count(document)), (shard, 9));
    }

    #[test]
    fn places_never_change() {
        // Written down once: another answer would lose every row of an old journal.
        assert_eq!(of_document_of(Division(420_000_000), ""), 572);
        assert_eq!(
            of_document_of(Division(420_106_000), "420106000000000000001"),
            423
        );
    }
}
