//! What a seed draws: which faults and sizes its run has, and what happens next.

use crate::world::{Ask, COUNTIES, Kind, PROJECTS, Part, Step};
use fastrand::Rng;
use hubu_kernel::ident::DocumentId;
use std::time::Duration;

/// What may happen, by its place in [`Swarm::weights`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// One command.
    Submit,
    /// Some commands in one call, each decided alone.
    Bulk,
    /// Some commands that are decided as one.
    Atomic,
    /// A command that was sent before, as a client does that has no answer, or that forgot.
    Repeat,
    /// A key that was used before, for something else.
    Reuse,
    /// The journal's next batch becomes durable.
    Step,
    /// Everything is compared with the model.
    Look,
    /// A snapshot is copied, or one that was copied gets its name.
    Snapshot,
    /// The machine or the process dies.
    Crash,
    /// It is closed and opened again.
    Close,
    /// An operation of the disk will fail.
    Fault,
    /// Nothing can be read for a while.
    Unreadable,
    /// Somebody else opens the same journal.
    Second,
    /// A bit of a copy rots.
    Rot,
    /// The clock jumps.
    Clock,
    /// The right to write is looked after.
    Renew,
}

const EVENTS: [Event; 16] = [
    Event::Submit,
    Event::Bulk,
    Event::Atomic,
    Event::Repeat,
    Event::Reuse,
    Event::Step,
    Event::Look,
    Event::Snapshot,
    Event::Crash,
    Event::Close,
    Event::Fault,
    Event::Unreadable,
    Event::Second,
    Event::Rot,
    Event::Clock,
    Event::Renew,
];

/// The most that a thing weighs against the others when a seed draws its mix.
const WEIGHTS: [u32; 16] = [40, 10, 10, 12, 3, 40, 6, 8, 5, 2, 4, 1, 2, 2, 2, 3];

/// The mix of one seed (swarm testing: what never happens in one run leaves room for the rest).
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    weights: [u32; 16],
    total: u32,
    /// Things that happen in the run.
    pub(crate) events: usize,
    pub(crate) segment_bytes: u64,
    /// The most commands in one call.
    pub(crate) call: usize,
    /// Amounts are up to this, in 分.
    fen: i64,
    pub(crate) queue_records: u64,
    pub(crate) has_snapshots: bool,
    /// Whether the journal is in a database.
    pub(crate) has_database: bool,
}

impl Swarm {
    pub(crate) fn draw(rng: &mut Rng) -> Swarm {
        let mut weights = WEIGHTS.map(|most| match rng.u8(..4) {
            0 => 0,
            1 => most.div_ceil(4),
            _ => most,
        });
        // Without these two nothing happens at all.
        weights[Event::Submit as usize] = WEIGHTS[0];
        weights[Event::Step as usize] = weights[Event::Step as usize].max(WEIGHTS[5] / 4);
        Swarm {
            total: weights.iter().sum(),
            weights,
            events: rng.usize(30..200),
            segment_bytes: [4096, 8192, 65_536, 1 << 20][rng.usize(..4)],
            call: rng.usize(2..24),
            fen: [10, 1_000, 1_000_000, i64::from(u32::MAX)][rng.usize(..4)],
            queue_records: [8, 64, 10_000][rng.usize(..3)],
            has_snapshots: rng.bool(),
            has_database: rng.u8(..3) == 0,
        }
    }

    /// Small segments and snapshots: what a run has that is to crash at every point.
    pub(crate) fn rich() -> Swarm {
        Swarm {
            weights: [0; 16],
            total: 0,
            events: 0,
            segment_bytes: 4096,
            call: 6,
            fen: 1_000_000,
            queue_records: 10_000,
            has_snapshots: true,
            has_database: false,
        }
    }

    /// What happens in such a run: work in batches of all kinds, a snapshot now and then, sometimes a restart.
    pub(crate) fn rich_event(at: usize) -> Event {
        match at % 16 {
            0 | 4 | 9 => Event::Bulk,
            2 | 7 => Event::Atomic,
            13 => Event::Snapshot,
            15 if at % 64 == 63 => Event::Close,
            5 | 11 => Event::Submit,
            12 => Event::Snapshot,
            _ => Event::Step,
        }
    }

    pub(crate) fn event(&self, rng: &mut Rng) -> Event {
        let mut at = rng.u32(..self.total);
        for (event, weight) in EVENTS.into_iter().zip(self.weights) {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return event,
            }
        }
        unreachable!("the weights' sum is their total")
    }

    /// A command about a new document, or about one of `open` (name, county, version).
    pub(crate) fn ask(&self, rng: &mut Rng, open: &[(u64, usize, u32)]) -> Ask {
        if !open.is_empty() && rng.bool() {
            let (name, county, version) = open[rng.usize(..open.len())];
            return Ask::Act {
                county,
                document: DocumentId(name),
                step: [Step::Submit, Step::Pay, Step::Pay, Step::Withdraw][rng.usize(..4)],
                version: match rng.u8(..6) {
                    0..3 => None,
                    3 => Some(version.wrapping_add(1)),
                    _ => Some(version),
                },
            };
        }
        let kind = match rng.u8(..10) {
            0..3 => Kind::Opening,
            3..7 => Kind::Payment,
            _ => Kind::Virement,
        };
        let part = |rng: &mut Rng| {
            let from = rng.usize(..PROJECTS);
            let other = (from + rng.usize(1..PROJECTS)) % PROJECTS;
            Part {
                from,
                // What a command does not say must not make two of them different.
                to: if kind == Kind::Virement { other } else { from },
                fen: rng.i64(1..=self.fen),
            }
        };
        Ask::Enter {
            kind,
            county: rng.usize(..COUNTIES),
            parts: (0..rng.usize(1..4)).map(|_| part(rng)).collect(),
            submit: rng.u8(..4) > 0,
        }
    }

    /// How far the clock jumps.
    pub(crate) fn jump(&self, rng: &mut Rng) -> Duration {
        Duration::from_millis([1, 1_000, 86_400_000][rng.usize(..3)])
    }
}
