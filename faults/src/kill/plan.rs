//! What is done to a cell, and in which order: drawn from the seed.

use super::draw::Draw;
use clap::ValueEnum;
use std::time::Duration;

/// What is done under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// SIGKILL to the server.
    Kill,
    /// The same, and again to the next one while it starts.
    KillStarting,
    /// The database is shut down at once (SIGQUIT).
    Immediate,
    /// SIGKILL to all of the database's processes.
    KillAll,
    /// The database is stopped by its operator (SIGINT), and started again.
    Stop,
    /// The server's connections are ended (`pg_terminate_backend`).
    Cut,
    /// Nothing more fits on the database's disk.
    Full,
    /// The database is frozen for longer than the server's patience.
    Pause,
    /// The database is frozen for a moment.
    Hiccup,
}

impl Fault {
    const OF_DATABASE: [Fault; 7] = [
        Fault::Immediate,
        Fault::KillAll,
        Fault::Stop,
        Fault::Cut,
        Fault::Full,
        Fault::Pause,
        Fault::Hiccup,
    ];

    pub(super) fn kills_database(self) -> bool {
        matches!(self, Fault::Immediate | Fault::KillAll)
    }

    pub(super) fn is_of_database(self) -> bool {
        Fault::OF_DATABASE.contains(&self)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Fault::Kill => "server killed",
            Fault::KillStarting => "server killed, and again while it started",
            Fault::Immediate => "database shut down at once",
            Fault::KillAll => "all processes of the database killed",
            Fault::Stop => "database stopped and started again",
            Fault::Cut => "connections to the database cut",
            Fault::Full => "database's disk full",
            Fault::Pause => "database paused beyond the server's patience",
            Fault::Hiccup => "database paused for a moment",
        }
    }
}

/// Where the journal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    File,
    Postgres,
}

/// One cell from its first record to its end: journals grow, and a start replays them.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) faults: Vec<Fault>,
    /// Seconds between two snapshots; 0 = none.
    pub(super) snapshots: u32,
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Kills of the server on each journal.
    pub(super) kills: usize,
    /// Kills of the server in one life.
    pub(super) kills_in_life: usize,
    /// Load before the earliest fault, as acknowledged requests, and the latest moment after it.
    pub(super) requests: u64,
    pub(super) moment: Duration,
    /// How long the database is frozen; the server's patience is [`PATIENCE`].
    pub(super) pause: Duration,
    /// Whether a restart waits for the lease of the server before to run out; else it is ended by hand.
    pub(super) waits_for_lease: bool,
    /// Commands of a large batch, at most.
    pub(super) batch: usize,
}

/// What the server allows its database (`journal.patience_seconds`).
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

impl Size {
    pub(super) fn full(kills: Option<usize>) -> Size {
        Size {
            kills: kills.unwrap_or(100),
            kills_in_life: 20,
            requests: 100,
            moment: Duration::from_secs(3),
            pause: Duration::from_secs(30),
            waits_for_lease: true,
            batch: 600,
        }
    }

    pub(super) fn quick(kills: Option<usize>) -> Size {
        Size {
            kills: kills.unwrap_or(3),
            kills_in_life: 20,
            requests: 30,
            moment: Duration::from_millis(150),
            pause: PATIENCE + Duration::from_secs(1),
            waits_for_lease: false,
            batch: 60,
        }
    }

    /// How often each fault of the database is tried.
    fn times(&self, fault: Fault) -> usize {
        let one_in = match fault {
            Fault::Immediate | Fault::KillAll => 5,
            Fault::Cut => 10,
            Fault::Stop | Fault::Full | Fault::Hiccup => 20,
            _ => 34,
        };
        self.kills.div_ceil(one_in)
    }
}

/// The lives on one journal, numbered from `first`.
pub(super) fn lives(kind: Kind, size: &Size, draw: &mut Draw, first: u64) -> Vec<Life> {
    let mut kills: Vec<Fault> = (0..size.kills)
        .map(|_| {
            if draw.once_in(4) {
                Fault::KillStarting
            } else {
                Fault::Kill
            }
        })
        .collect();
    // Both kinds of kill in the smallest run too.
    if let Some(last) = kills.last_mut() {
        *last = Fault::KillStarting;
    }
    let count = size.kills.div_ceil(size.kills_in_life).max(1);
    let mut lives: Vec<Vec<Fault>> = vec![Vec::new(); count];
    let of_database = Fault::OF_DATABASE
        .into_iter()
        .filter(|_| kind == Kind::Postgres);
    let others = of_database.flat_map(|fault| std::iter::repeat_n(fault, size.times(fault)));
    for (at, fault) in kills.into_iter().chain(others).enumerate() {
        lives[at % count].push(fault);
    }
    let numbered = (first..).zip(lives);
    let life = |(number, mut faults): (u64, Vec<Fault>)| {
        draw.shuffle(&mut faults);
        let snapshots = [0, 1, 5][draw.below(3)];
        Life {
            number,
            kind,
            faults,
            snapshots,
        }
    };
    numbered.map(life).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_what_was_asked_for_and_is_the_same_again() {
        let plan = |seed| {
            lives(
                Kind::Postgres,
                &Size::full(Some(50)),
                &mut Draw::new(seed, 0),
                1,
            )
        };
        let all: Vec<Fault> = plan(3).into_iter().flat_map(|life| life.faults).collect();
        let again: Vec<Fault> = plan(3).into_iter().flat_map(|life| life.faults).collect();
        assert_eq!(all, again);
        assert_eq!(
            all.iter().filter(|fault| !fault.is_of_database()).count(),
            50
        );
        for fault in Fault::OF_DATABASE {
            assert!(all.contains(&fault), "{fault:?}");
        }
        let file = lives(Kind::File, &Size::quick(None), &mut Draw::new(3, 0), 1);
        assert_eq!(file.len(), 1);
        assert_eq!(file[0].faults.len(), 3);
        assert!(!file[0].faults.iter().any(|fault| fault.is_of_database()));
    }
}
