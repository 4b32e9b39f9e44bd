//! A walk over all shards: each is seen under its own lock, at its own moment, and the world goes on.

use crate::engine::Engine;
use crate::engine::place::ShardId;
use crate::engine::shard::{Shard, Shards};
use std::sync::atomic::Ordering;

impl Engine {
    /// Shows every shard with its stamp: of the records up to the stamp it has all that concern it,
    /// and none behind. Returns the highest stamp, which is not durable yet.
    pub(crate) fn walk(&self, mut see: impl FnMut(ShardId, &Shard, u64)) -> u64 {
        let state = self.state();
        let mut highest = 0;
        for id in Shards::ids() {
            let shard = state.lock(id);
            // A record takes its number under the locks of all its shards: while this one is held,
            // nothing that was numbered is still on its way here.
            let stamp = self.newest().0;
            assert!(shard.last <= stamp, "a shard is not ahead of its cell");
            see(id, &shard, stamp);
            highest = highest.max(stamp);
        }
        highest
    }

    /// The archive has all documents that ended up to this record; called before they are forgotten.
    pub(crate) fn note_archived(&self, through: u64) {
        self.archived.fetch_max(through, Ordering::AcqRel);
    }
}
