//! The shards that one command holds, locked in ascending order so that no two commands wait for each other.

use crate::engine::place::ShardId;
use crate::engine::shard::{Access, Shard, Shards};
use crate::sync::MutexGuard;
use hubu_kernel::ident::Seq;
use smallvec::SmallVec;

/// Which shards a command touches: ascending, each once.
#[derive(Clone, Default, Debug)]
pub(crate) struct Touched(SmallVec<[ShardId; 12]>);

impl Touched {
    pub(crate) fn add(&mut self, id: ShardId) {
        if let Err(at) = self.0.binary_search(&id) {
            self.0.insert(at, id);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ShardId> {
        self.0.iter().copied()
    }

    /// Adds all of another's.
    pub(crate) fn add_all(&mut self, other: &Touched) {
        other.iter().for_each(|id| self.add(id));
    }
}

/// Locked shards.
pub(crate) struct Held<'a> {
    guards: SmallVec<[(ShardId, MutexGuard<'a, Shard>); 12]>,
    archives: bool,
}

impl<'a> Held<'a> {
    /// Locks all of `touched`; `archives` says whether an archive waits for ended documents.
    pub(crate) fn lock(shards: &'a Shards, touched: &Touched, archives: bool) -> Held<'a> {
        assert!(touched.0.is_sorted(), "locks are taken in one order");
        let guards = touched.0.iter().map(|&id| (id, shards.lock(id))).collect();
        Held { guards, archives }
    }

    pub(crate) fn holds(&self, id: ShardId) -> bool {
        self.position(id).is_some()
    }

    pub(crate) fn get(&self, id: ShardId) -> &Shard {
        let at = self.position(id);
        assert!(at.is_some(), "shard {id} is not among those locked");
        &self.guards[at.unwrap_or(0)].1
    }

    /// Notes on every held shard that `seq` looked at it.
    pub(crate) fn touch(&mut self, seq: Seq) {
        for (_, shard) in &mut self.guards {
            shard.last = shard.last.max(seq.0);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (ShardId, &Shard)> {
        self.guards.iter().map(|(id, guard)| (*id, &**guard))
    }

    fn position(&self, id: ShardId) -> Option<usize> {
        if self.guards.len() <= 8 {
            return self.guards.iter().position(|(held, _)| *held == id);
        }
        self.guards
            .binary_search_by_key(&id, |(held, _)| *held)
            .ok()
    }
}

impl Access for Held<'_> {
    fn shard(&mut self, id: ShardId) -> &mut Shard {
        let at = self.position(id);
        assert!(at.is_some(), "shard {id} is not among those locked");
        &mut self.guards[at.unwrap_or(0)].1
    }

    fn keeps_retired(&self, _: Seq) -> bool {
        self.archives
    }
}
