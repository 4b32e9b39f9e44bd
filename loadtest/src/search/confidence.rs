//! How sure the knee is. A step near the limit holds or breaks by chance, so one of each proves little.
//!
//! The knee is the load at which a step breaks as often as it holds; above it steps break more often, below it less. If
//! loads from L on held k times out of n, the chance of that with the knee below L is at most that of k heads in n throws of
//! a coin (the sign test); the same for loads up to one that broke. So the knee lies between the two with a confidence
//! of at least one less both chances, whatever the noise looks like.

use serde::{Deserialize, Serialize};

/// Where the limit is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// The largest load that holds more often than not: what may be promised.
    pub load: f64,
    /// The smallest load that does not.
    pub broken: f64,
    /// The knee lies from here …
    pub low: f64,
    /// … to here: the same two loads, or wider where the repeats disagreed too often …
    pub high: f64,
    /// … with at least this confidence, by the sign test.
    pub confidence: f64,
    /// How often `load` held, of how often it was measured.
    pub held: (u32, u32),
    /// How often `broken` broke, of how often it was measured.
    pub broke: (u32, u32),
    /// Requests a second at `load`: the median of its steps.
    pub rate: f64,
    /// 99th percentile there in ms: the median of its steps.
    pub p99_ms: f64,
}

/// How often a load was measured and held.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Tally {
    pub(super) load: f64,
    pub(super) held: u32,
    pub(super) all: u32,
}

/// A chance that is small enough for one side.
pub(super) const SMALL: f64 = 1.0 / 16.0;

/// Where the knee lies, and how surely: from the two loads outwards, as far as it takes for a small chance on each side.
pub(super) fn interval(tallies: &[Tally], good: f64, bad: f64) -> (f64, f64, f64) {
    let below = tallies.iter().rev().filter(|t| t.load <= good);
    let above = tallies.iter().filter(|t| t.load >= bad);
    let (low, too_low) = reach(below.map(|t| (t.load, t.held, t.all)), good);
    let (high, too_high) = reach(above.map(|t| (t.load, t.all - t.held, t.all)), bad);
    (low, high, (1.0 - too_low - too_high).max(0.0))
}

fn reach(tallies: impl Iterator<Item = (f64, u32, u32)>, start: f64) -> (f64, f64) {
    let (mut hits, mut all, mut found) = (0, 0, (start, 1.0));
    for (load, more_hits, more) in tallies {
        (hits, all) = (hits + more_hits, all + more);
        found = (load, chance_of(hits, all));
        if found.1 <= SMALL {
            break;
        }
    }
    found
}

/// The largest load that holds more often than not, and the smallest that does not, when the share that holds may only
/// fall with the load: neighbours that contradict this are taken together (isotonic regression).
pub(super) fn sides(tallies: &[Tally]) -> (Option<f64>, Option<f64>) {
    let mut blocks: Vec<(Vec<f64>, u32, u32)> = Vec::new();
    for tally in tallies {
        let mut last = (vec![tally.load], tally.held, tally.all);
        while let Some(before) = blocks.pop_if(|b| b.1 * last.2 < last.1 * b.2) {
            last = (
                [before.0, last.0].concat(),
                before.1 + last.1,
                before.2 + last.2,
            );
        }
        blocks.push(last);
    }
    let holds = |block: &&(Vec<f64>, u32, u32)| block.1 * 2 > block.2;
    let good = blocks.iter().take_while(holds).last();
    let bad = blocks.iter().find(|block| !holds(block));
    (
        good.and_then(|b| b.0.last()).copied(),
        bad.and_then(|b| b.0.first()).copied(),
    )
}

/// The chance of at least `hits` heads in `throws` throws of a fair coin.
pub fn chance_of(hits: u32, throws: u32) -> f64 {
    let mut chance = 0.0;
    // The number of ways, over 2^throws, from one term to the next: no factorial grows.
    let mut term = 0.5f64.powi(i32::try_from(throws).unwrap_or(i32::MAX));
    for k in 0..=throws {
        if k >= hits {
            chance += term;
        }
        term *= f64::from(throws - k) / f64::from(k + 1);
    }
    chance.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_of_a_coin() {
        for (hits, throws, chance) in [
            (0, 0, 1.0),
            (1, 1, 0.5),
            (4, 4, 1.0 / 16.0),
            (3, 4, 5.0 / 16.0),
            (0, 9, 1.0),
            (2, 3, 0.5),
        ] {
            assert!(
                (chance_of(hits, throws) - chance).abs() < 1e-12,
                "{hits} of {throws}"
            );
        }
    }

    fn tallies(all: &[(f64, u32, u32)]) -> Vec<Tally> {
        let tally = |(load, held, all): &(f64, u32, u32)| Tally {
            load: *load,
            held: *held,
            all: *all,
        };
        all.iter().map(tally).collect()
    }

    #[test]
    fn more_repeats_say_more_and_disagreement_widens_the_interval() {
        let calm = tallies(&[(50.0, 1, 1), (100.0, 4, 4), (105.0, 0, 4), (200.0, 0, 1)]);
        assert_eq!(interval(&calm, 100.0, 105.0), (100.0, 105.0, 0.875));
        let calm = tallies(&[(100.0, 6, 6), (105.0, 0, 6)]);
        assert_eq!(interval(&calm, 100.0, 105.0), (100.0, 105.0, 0.96875));
        // 3 of 4 is chance in 5 of 16; with the one below 4 of 5, 6 of 32; with the next 5 of 6, 7 of 64; 6 of 7, 8 of 128.
        let torn = tallies(&[
            (25.0, 1, 1),
            (50.0, 1, 1),
            (90.0, 1, 1),
            (100.0, 3, 4),
            (105.0, 0, 4),
        ]);
        assert_eq!(interval(&torn, 100.0, 105.0), (25.0, 105.0, 0.875));
        let lone = tallies(&[(100.0, 1, 1), (105.0, 0, 1)]);
        assert_eq!(interval(&lone, 100.0, 105.0), (100.0, 105.0, 0.0));
    }

    #[test]
    fn neighbours_that_contradict_each_other_are_taken_together() {
        let of = |all: &[(f64, u32, u32)]| sides(&tallies(all));
        let both = |good, bad| (Some(good), Some(bad));
        assert_eq!(of(&[(1.0, 1, 1), (2.0, 0, 1)]), both(1.0, 2.0));
        // 2 held once, 3 held four of five: together five of six.
        assert_eq!(
            of(&[(1.0, 1, 1), (2.0, 0, 1), (3.0, 4, 5), (4.0, 0, 1)]),
            both(3.0, 4.0)
        );
        assert_eq!(
            of(&[(1.0, 1, 1), (2.0, 0, 4), (3.0, 1, 1), (4.0, 0, 1)]),
            both(1.0, 2.0)
        );
        assert_eq!(of(&[(1.0, 0, 1)]), (None, Some(1.0)));
        assert_eq!(of(&[(1.0, 1, 1)]), (Some(1.0), None));
    }
}
