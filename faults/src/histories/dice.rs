//! Chance from a seed: the same seed draws the same plans, though threads run as they like.

use fastrand::Rng;

/// See the module.
pub(crate) struct Dice(Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(Rng::with_seed(seed))
    }

    /// A number that is as good as any other.
    pub(crate) fn next(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// Less than `count`, which is not 0.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.0.u64(..count.max(1))
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
