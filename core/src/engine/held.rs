//! The shards that are locked together, in ascending order so that no two threads wait for each other.

use crate::engine::place::{SHARDS, ShardId};
use crate::engine::shard::{Access, Shard, Shards};
use crate::sync::MutexGuard;
use hubu_kernel::ident::Seq;
use smallvec::SmallVec;

const WORDS: usize = SHARDS / 64;

/// A set of shards: one bit for each, so that it is in order and without doubles however it was filled.
#[derive(Clone, Default, Debug)]
pub(crate) struct ShardSet([u64; WORDS]);

impl ShardSet {
    #[inline]
    pub(crate) fn add(&mut self, id: ShardId) {
        let (word, bit) = split(id);
        self.0[word] |= bit;
    }

    pub(crate) fn add_all(&mut self, other: &ShardSet) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(word, more)| *word |= more);
    }

    pub(crate) fn clear(&mut self) {
        *self = ShardSet::default();
    }

    #[inline]
    pub(crate) fn contains(&self, id: ShardId) -> bool {
        let (word, bit) = split(id);
        self.0[word] & bit != 0
    }

    /// Ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ShardId> {
        (0..).zip(self.0).flat_map(|(word, bits)| {
            let mut rest = bits;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as ShardId)?;
                rest &= rest - 1;
                Some(word * 64 + bit)
            })
        })
    }
}

/// The word and the bit of a shard.
#[inline]
fn split(id: ShardId) -> (usize, u64) {
    (usize::from(id) / 64, 1 << (id % 64))
}

/// Locked shards.
pub(crate) struct Held<'a> {
    set: ShardSet,
    /// How many of the set stand in the words before each.
    before: [u16; WORDS],
    guards: SmallVec<[MutexGuard<'a, Shard>; 32]>,
    archives: bool,
}

impl<'a> Held<'a> {
    /// Locks all of `set`; `archives` says whether an archive waits for ended documents.
    pub(crate) fn lock(shards: &'a Shards, set: &ShardSet, archives: bool) -> Held<'a> {
        let mut before = [0; WORDS];
        let mut count = 0;
        for (before, bits) in before.iter_mut().zip(set.0) {
            *before = count;
            count += bits.count_ones() as u16;
        }
        let guards: SmallVec<_> = set.iter().map(|id| shards.lock(id)).collect();
        assert_eq!(guards.len(), usize::from(count), "each shard has its guard");
        Held {
            set: set.clone(),
            before,
            guards,
            archives,
        }
    }

    pub(crate) fn holds(&self, id: ShardId) -> bool {
        self.set.contains(id)
    }

    #[inline]
    pub(crate) fn get(&self, id: ShardId) -> &Shard {
        &self.guards[self.position(id)]
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (ShardId, &Shard)> {
        self.set
            .iter()
            .zip(self.guards.iter().map(|guard| &**guard))
    }

    #[inline]
    fn position(&self, id: ShardId) -> usize {
        let (word, bit) = split(id);
        let bits = self.set.0[word];
        assert!(bits & bit != 0, "shard {id} is not among those locked");
        usize::from(self.before[word]) + (bits & (bit - 1)).count_ones() as usize
    }
}

impl Access for Held<'_> {
    #[inline]
    fn shard(&mut self, id: ShardId) -> &mut Shard {
        let at = self.position(id);
        &mut self.guards[at]
    }

    fn keeps_retired(&self, _: Seq) -> bool {
        self.archives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shard_of_a_set_is_found_behind_its_own_lock() {
        let shards = Shards::new();
        let mut set = ShardSet::default();
        let ids = [1023, 0, 64, 63, 511, 0, 700];
        ids.into_iter().for_each(|id| set.add(id));
        assert!(set.iter().eq([0, 63, 64, 511, 700, 1023]));
        let mut held = Held::lock(&shards, &set, false);
        for id in ids {
            held.shard(id).documents_named = u64::from(id);
        }
        for (id, shard) in held.all() {
            assert_eq!(shard.documents_named, u64::from(id));
        }
        drop(held);
        assert_eq!(shards.lock(700).documents_named, 700);
        assert!(!set.contains(65) && set.contains(63));
    }
}
