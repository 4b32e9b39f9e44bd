//! A look at one shard: through its lock, or through locks that are held already.

use crate::engine::held::Held;
use crate::engine::place::ShardId;
use crate::engine::shard::{Shard, Shards};

/// Somewhere a shard can be looked at.
pub(crate) trait Look {
    /// Calls `see` with the shard, or not at all where it can't be had (a batch that did not lock it).
    fn look(&self, id: ShardId, see: &mut dyn FnMut(&Shard));
}

impl Look for Shards {
    fn look(&self, id: ShardId, see: &mut dyn FnMut(&Shard)) {
        see(&self.lock(id));
    }
}

impl Look for Held<'_> {
    fn look(&self, id: ShardId, see: &mut dyn FnMut(&Shard)) {
        if self.holds(id) {
            see(self.get(id));
        }
    }
}
