//! A block: documents of one record each, of one shard, in the order of their names.
//!
//! ```text
//! block = version u8 | entry...
//! entry = count varint, less the one before | seq varint, less the one before
//!       | length varint | the record as journalled
//! ```
//! Documents of a shard are named in the order of their records, so a block is filled by appending,
//! never sorted, and the blocks of a shard follow each other: its key names its first document.

use crate::journal::codec::cursor::Cursor;
use crate::journal::codec::varint;

/// The first byte of every block.
const VERSION: u8 = 1;

/// A block is closed when it is this long: what one read takes from disk.
pub(super) const BLOCK_BYTES: usize = 64 << 10;

/// A block being filled.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// The count of its first document.
    pub(super) first: u64,
    /// The count of its last document; 0 while it is empty.
    pub(super) last: u64,
    last_seq: u64,
    pub(super) bytes: Vec<u8>,
}

impl Block {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn push(&mut self, count: u64, seq: u64, record: &[u8]) {
        assert!(
            count > self.last && seq > self.last_seq,
            "documents are named in order"
        );
        if self.is_empty() {
            self.first = count;
            self.bytes.push(VERSION);
        }
        varint::put(&mut self.bytes, count - self.last);
        varint::put(&mut self.bytes, seq - self.last_seq);
        varint::put_bytes(&mut self.bytes, record);
        (self.last, self.last_seq) = (count, seq);
    }

    /// Empties the block and keeps its room.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        *self = Block {
            bytes: std::mem::take(&mut self.bytes),
            ..Block::default()
        };
    }
}

/// The record of a document in a block, with its place in the journal; `Err` when the bytes are no block.
pub(super) fn find(bytes: &[u8], count: u64) -> Result<Option<(u64, &[u8])>, ()> {
    let cursor = &mut Cursor::new(bytes);
    if cursor.byte() != Ok(VERSION) {
        return Err(());
    }
    let (mut at, mut seq) = (0_u64, 0_u64);
    while cursor.position() < bytes.len() {
        at = at.wrapping_add(cursor.varint().map_err(drop)?);
        seq = seq.wrapping_add(cursor.varint().map_err(drop)?);
        let record = cursor.bytes().map_err(drop)?;
        if at >= count {
            return Ok((at == count).then_some((seq, record)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_found_and_no_other() {
        let mut block = Block::default();
        for count in [3, 4, 900, 1 << 40] {
            block.push(count, 2 * count, &count.to_le_bytes());
        }
        for count in [3_u64, 4, 900, 1 << 40] {
            let record = count.to_le_bytes();
            assert_eq!(
                find(&block.bytes, count),
                Ok(Some((2 * count, &record[..])))
            );
        }
        for missing in [0, 1, 5, 899, 901, u64::MAX] {
            assert_eq!(find(&block.bytes, missing), Ok(None));
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_pushed_is_found(
            steps in proptest::collection::vec((1..9_u64, 1..99_u64, proptest::collection::vec(0..255_u8, 0..40)), 1..30),
        ) {
            let (mut block, mut count, mut seq) = (Block::default(), 0, 0);
            let mut pushed = std::collections::BTreeMap::new();
            for (by, later, record) in steps {
                (count, seq) = (count + by, seq + later);
                block.push(count, seq, &record);
                pushed.insert(count, (seq, record));
            }
            for wanted in 0..count + 3 {
                let found = pushed.get(&wanted).map(|(seq, record)| (*seq, &record[..]));
                assert_eq!(find(&block.bytes, wanted), Ok(found));
            }
        }
    }

    #[test]
    fn damage_is_told_from_absence() {
        let mut block = Block::default();
        block.push(7, 7, b"record");
        assert_eq!(find(&block.bytes[..4], 7), Err(()));
        assert_eq!(find(&[9, 1, 1, 0], 1), Err(()));
        assert_eq!(find(&[], 1), Err(()));
    }
}
