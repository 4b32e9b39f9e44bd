//! A walk over all shards: each is seen under its own lock, at its own moment, and the world goes on.

use crate::engine::Engine;
use crate::engine::place::ShardId;
use crate::engine::shard::{Shard, Shards};
use crate::sync::atomic::Ordering;

impl Engine {
    /// Shows every shard with its stamp: see [`Engine::look`]. Returns the highest stamp, which need
    /// not be durable.
    pub(crate) fn walk(&self, mut see: impl FnMut(ShardId, &Shard, u64)) -> u64 {
        let stamps = Shards::ids().map(|id| {
            let state = self.state();
            let shard = state.lock(id);
            let stamp = self.stamp(&shard);
            see(id, &shard, stamp);
            stamp
        });
        stamps.max().unwrap_or(0)
    }

    /// Shows one shard and returns its stamp: of the records up to the stamp it has all that concern
    /// it, and none behind.
    pub(crate) fn look(&self, id: ShardId, see: impl FnOnce(&Shard)) -> u64 {
        let state = self.state();
        let shard = state.lock(id);
        see(&shard);
        self.stamp(&shard)
    }

    /// A record takes its number under the locks of all its shards: while this one is held, nothing
    /// that was numbered is still on its way here.
    fn stamp(&self, locked: &Shard) -> u64 {
        let stamp = self.newest().0;
        assert!(locked.last <= stamp, "a shard is not ahead of its cell");
        stamp
    }

    /// The archive has all documents that ended up to this record; called before they are forgotten.
    pub(crate) fn note_archived(&self, through: u64) {
        self.archived.fetch_max(through, Ordering::AcqRel);
    }

    /// The record up to which documents that ended may have been forgotten.
    pub(crate) fn archived(&self) -> u64 {
        self.archived.load(Ordering::Acquire)
    }
}
