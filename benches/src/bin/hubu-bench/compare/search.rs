//! Finding what suits a system best: its number of connections, its pool, its writers, and the users that it holds.

use super::play::{Ground, Pace, Slice};
use super::stand::Stand;
use super::system::{Load, System};
use crate::Outcome;
use serde::Serialize;

/// How much better a step has to be to be worth going on.
const BETTER: f64 = 1.02;
/// Where a search for users ends: the one that held and the one that did not are so near.
const NEAR: f64 = 1.06;

/// What was found to suit a system under a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Best {
    /// Connections of the clerks.
    pub(super) connections: usize,
    /// Connections of the pool, or writers; 0 where there is none to choose.
    pub(super) size: usize,
}

/// How long and how far is searched.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// Connections to try, ascending.
    pub(super) connections: &'static [usize],
    /// Pools of the row locks to try, ascending.
    pub(super) pools: &'static [usize],
    /// Writers of the batched function to try, ascending.
    pub(super) writers: &'static [usize],
    pub(super) warm_seconds: f64,
    pub(super) seconds: f64,
}

/// Finds the connections, and the pool or the writers, with the highest rate.
pub(super) fn best(
    ground: &mut Ground,
    stands: &mut [Stand],
    at: usize,
    load: Load,
    reach: &Reach,
) -> Outcome<Best> {
    let (sizes, with) = match stands[at].system {
        System::HubuFile | System::HubuPostgres => (&[][..], 0),
        // A pool is fed by more clerks than it has connections; a batch is made of many clerks' payments.
        System::RowLock => (reach.pools, 64),
        System::Batched => (reach.writers, 256),
    };
    let mut rate = |stands: &mut [Stand], clerks: usize| -> Outcome<f64> {
        let pace = Pace {
            load,
            clerks,
            think_seconds: 0.0,
            ramp_seconds: 0.0,
            warm_seconds: reach.warm_seconds,
            seconds: reach.seconds,
        };
        Ok(ground.play(stands, at, &pace)?.rate)
    };
    let mut size = 0;
    if let Some(first) = sizes.first() {
        size = *first;
        // All of them: between few and many connections to a database there may be more than one hill.
        let mut highest = 0.0;
        for one in sizes {
            stands[at].resize(*one)?;
            let found = rate(stands, with)?;
            if found > highest * BETTER {
                (size, highest) = (*one, found);
            }
        }
        stands[at].resize(size)?;
    }
    let ladder = reach.connections;
    let from = ladder.iter().position(|clerks| *clerks >= with.max(64));
    let connections = climb(ladder, from.unwrap_or(0), |clerks| rate(stands, clerks))?;
    Ok(Best { connections, size })
}

/// Climbs from one rung up while it gets better; where the first step up is none, down.
fn climb(
    ladder: &[usize],
    from: usize,
    mut rate: impl FnMut(usize) -> Outcome<f64>,
) -> Outcome<usize> {
    let (mut best, mut highest) = (from, rate(ladder[from])?);
    for up in [true, false] {
        let first = best;
        loop {
            let next = if up {
                best.checked_add(1)
            } else {
                best.checked_sub(1)
            };
            let Some(next) = next.filter(|next| *next < ladder.len()) else {
                break;
            };
            let found = rate(ladder[next])?;
            if found < highest * BETTER {
                break;
            }
            (best, highest) = (next, found);
        }
        if best != first {
            break;
        }
    }
    Ok(ladder[best])
}

/// One number of users that was tried.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Probe {
    pub(super) users: usize,
    /// Whether the system held them.
    pub(super) holds: bool,
    #[serde(flatten)]
    pub(super) slice: Slice,
}

/// How many users a system holds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Held {
    pub(super) system: System,
    /// The largest number that was held; 0 when none was.
    pub(super) users: usize,
    /// The smallest that was not; `None` when even the most that could be tried were held.
    pub(super) broke_at: Option<usize>,
    /// All that were tried, in order.
    pub(super) probes: Vec<Probe>,
}

/// Searches for the largest number of users that is held, between 1 and `most`, beginning at `guess`: in steps until one
/// is held and one is not, then halving, at most `tries` times.
pub(super) fn users(
    guess: usize,
    most: usize,
    tries: usize,
    mut holds: impl FnMut(usize) -> Outcome<bool>,
) -> Outcome<(usize, Option<usize>)> {
    let (mut held, mut broke): (usize, Option<usize>) = (0, None);
    let mut next = guess.clamp(1, most);
    for _ in 0..tries {
        if holds(next)? {
            held = next;
        } else {
            broke = Some(next);
        }
        next = match broke {
            None if held == most => break,
            None => (held + held.div_ceil(4)).min(most),
            Some(broke) if held == 0 => broke * 3 / 4,
            Some(broke) => held.midpoint(broke),
        };
        let is_near = broke.is_some_and(|broke| held > 0 && broke as f64 <= held as f64 * NEAR);
        if next == 0 || next == held || is_near {
            break;
        }
    }
    Ok((held, broke))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn climbing_finds_the_top_on_either_side() {
        let ladder = [1, 2, 4, 8, 16];
        for top in ladder {
            let peak = |size: usize| Ok(100.0 / (1.0 + (size as f64 / top as f64).ln().abs()));
            assert_eq!(climb(&ladder, 2, peak).unwrap(), top);
        }
        // What is no better is not worth more connections.
        assert_eq!(climb(&ladder, 0, |_| Ok(7.0)).unwrap(), 1);
    }

    #[test]
    fn the_users_that_are_held_are_found_from_above_and_below() {
        for (guess, truth) in [(1_000, 730), (1_000, 1_000), (1_000, 2_900), (10, 9)] {
            let (held, broke) = users(guess, 50_000, 12, |users| Ok(users <= truth)).unwrap();
            let broke = broke.unwrap();
            assert!(held <= truth && truth < broke, "{held} {truth} {broke}");
            assert!(broke as f64 <= held as f64 * 1.13, "{held} {broke}");
        }
        let all = users(100, 300, 12, |_| Ok(true)).unwrap();
        assert_eq!(all, (300, None));
        let none = users(8, 300, 12, |_| Ok(false)).unwrap();
        assert_eq!(none, (0, Some(1)));
    }
}
