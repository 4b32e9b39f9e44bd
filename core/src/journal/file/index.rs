//! Where records lie: a sparse map from sequence numbers to places, in memory, learnt while reading and writing.

use std::collections::BTreeMap;

use parking_lot::RwLock;

/// One entry for so many bytes of a segment: a look-up reads no more than this and one batch. 100 GB of journal make
/// 400,000 entries, some 15 MB.
const SPACING: u64 = 256 << 10;

/// Where a batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) segment: u64,
    pub(super) offset: u64,
}

/// Places by the first sequence number of the batch there.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: RwLock<BTreeMap<u64, Position>>,
}

impl Index {
    /// Notes a batch, unless one close before it is known.
    pub(super) fn note(&self, first: u64, position: Position) {
        let near = |place: &Position| {
            place.segment == position.segment
                && position.offset.saturating_sub(place.offset) < SPACING
        };
        let known = self
            .at_or_before(first)
            .is_some_and(|(_, place)| near(&place));
        if !known {
            self.places.write().insert(first, position);
        }
    }

    /// The nearest known batch that begins at or before a sequence number.
    pub(super) fn at_or_before(&self, seq: u64) -> Option<(u64, Position)> {
        let places = self.places.read();
        places
            .range(..=seq)
            .next_back()
            .map(|(first, place)| (*first, *place))
    }
}
