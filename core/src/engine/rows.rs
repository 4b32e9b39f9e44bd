//! The rows of one shard: amounts in one slab, keys packed end to end in another, and an index between.
//!
//! A row is named by its slot, which is never used again; its key never changes.

use crate::engine::place::ROWS_MAX;
use hashbrown::{DefaultHashBuilder, HashTable};
use hubu_kernel::row::Row;
use std::hash::BuildHasher;

/// See the module.
#[derive(Default)]
pub(crate) struct Rows {
    rows: Vec<Row>,
    keys: Vec<u8>,
    /// Where each key ends in `keys`.
    ends: Vec<u32>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, slot: usize) -> Option<&Row> {
        self.rows.get(slot)
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Row> {
        self.rows.get_mut(slot)
    }

    /// The key at a slot that exists.
    pub(crate) fn key(&self, slot: usize) -> &[u8] {
        key_at(&self.keys, &self.ends, slot)
    }

    /// The slot of a key.
    pub(crate) fn find(&self, key: &[u8]) -> Option<usize> {
        let hash = self.hasher.hash_one(key);
        let is = |slot: &u32| key_at(&self.keys, &self.ends, *slot as usize) == key;
        self.index.find(hash, is).map(|slot| *slot as usize)
    }

    /// Adds a row whose key is not here yet, at the next slot.
    pub(crate) fn push(&mut self, key: &[u8], row: Row) {
        assert!(
            self.len() < ROWS_MAX,
            "a shard holds at most {ROWS_MAX} rows"
        );
        let slot = self.rows.len() as u32;
        reserve(&mut self.rows, 1);
        reserve(&mut self.keys, key.len());
        reserve(&mut self.ends, 1);
        self.rows.push(row);
        self.keys.extend_from_slice(key);
        self.ends
            .push(u32::try_from(self.keys.len()).unwrap_or(u32::MAX));
        let Rows {
            keys,
            ends,
            index,
            hasher,
            ..
        } = self;
        let rehash = |slot: &u32| hasher.hash_one(key_at(keys, ends, *slot as usize));
        index.insert_unique(hasher.hash_one(key), slot, rehash);
    }

    /// Takes away the newest rows, down to `len`: for a batch that is undone.
    pub(crate) fn truncate(&mut self, len: usize) {
        while self.rows.len() > len {
            let slot = self.rows.len() - 1;
            let hash = self.hasher.hash_one(self.key(slot));
            if let Ok(entry) = self.index.find_entry(hash, |s| *s as usize == slot) {
                entry.remove();
            }
            self.rows.pop();
            self.ends.pop();
            self.keys
                .truncate(self.ends.last().map_or(0, |end| *end as usize));
        }
    }

    /// Every row with its slot and key, in order of slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[u8], &Row)> {
        self.rows
            .iter()
            .enumerate()
            .map(|(slot, row)| (slot, self.key(slot), row))
    }
}

fn key_at<'a>(keys: &'a [u8], ends: &[u32], slot: usize) -> &'a [u8] {
    let start = if slot == 0 {
        0
    } else {
        ends[slot - 1] as usize
    };
    &keys[start..ends[slot] as usize]
}

/// Grows by a quarter, not by half: a million rows are the memory of a cell.
fn reserve<T>(vec: &mut Vec<T>, more: usize) {
    if vec.capacity() - vec.len() < more {
        vec.reserve_exact(more.max(vec.len() / 4).max(16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubu_kernel::ident::{Division, LedgerId, Year};
    use hubu_kernel::row::{Control, RowKind};

    fn row() -> Row {
        Row::new(RowKind {
            division: Division(1),
            year: Year(2026),
            ledger: LedgerId(1),
            control: Control::Strict,
            scheduled: false,
        })
    }

    #[test]
    fn keys_find_their_slot_and_undone_rows_are_gone() {
        let mut rows = Rows::default();
        for n in 0..1000_u32 {
            rows.push(&n.to_le_bytes(), row());
        }
        assert_eq!(rows.find(&7_u32.to_le_bytes()), Some(7));
        assert_eq!(rows.key(999), 999_u32.to_le_bytes());
        rows.truncate(500);
        assert_eq!((rows.len(), rows.find(&700_u32.to_le_bytes())), (500, None));
        rows.push(b"other", row());
        assert_eq!(rows.find(b"other"), Some(500));
        assert_eq!(rows.find(&499_u32.to_le_bytes()), Some(499));
    }
}
