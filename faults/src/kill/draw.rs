//! Choices drawn from the seed.

use std::time::Duration;

/// Good for choices, useless for secrets.
#[derive(Clone, Debug)]
pub(super) struct Draw(fastrand::Rng);

impl Draw {
    /// The choices of one purpose: `stream` tells purposes apart.
    pub(super) fn new(seed: u64, stream: u64) -> Draw {
        Draw(fastrand::Rng::with_seed(
            seed ^ stream.wrapping_mul(0xA24B_AED4_963E_E407),
        ))
    }

    /// A number below `bound`, which is more than 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "an empty range has no member");
        self.0.usize(..bound)
    }

    /// True once in `of` times.
    pub(super) fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// A time below `most`.
    pub(super) fn time(&mut self, most: Duration) -> Duration {
        Duration::from_micros(self.below(most.as_micros().max(1) as usize) as u64)
    }

    /// Puts them in an order drawn at random.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_streams_differ() {
        let take = |stream| {
            let mut draw = Draw::new(7, stream);
            [(); 4].map(|()| draw.below(1000))
        };
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
    }
}
