//! What all users of one worker share: the world, the plan, the meter, the book, and the papers that are in flight.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::arrivals::Arrivals;
use crate::book::{Book, Kind, Line, Lines};
use crate::measure::Meter;
use crate::plan::Plan;
use crate::wire::{Local, Minter, Target};
use crate::world::{RowKey, World};

/// A document in flight, as the harness knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paper {
    pub(super) kind: Kind,
    pub(super) lines: Lines,
    /// Sum of its lines, in fen.
    pub(super) amount: i64,
    /// The document's version at which these were its lines; 0 for a new one.
    pub(super) version: u32,
}

/// Shared by the users of a worker.
#[derive(Debug)]
pub struct Stage {
    /// The world they live in.
    pub world: Arc<World>,
    /// How they work.
    pub plan: Plan,
    /// Where the server is.
    pub target: Arc<Target>,
    /// Source addresses.
    pub local: Local,
    /// Signs tokens.
    pub minter: Minter,
    /// Number of the run, in every user's name.
    pub run: u32,
    /// Seed of every choice.
    pub seed: u64,
    /// Counts and times.
    pub meter: Meter,
    /// Writes down.
    pub book: Mutex<Book>,
    /// Users at work.
    pub users: AtomicU64,
    /// Becomes true when they are to stop.
    pub stop: watch::Receiver<bool>,
    /// When the first user came: the clock of the plan's load curve.
    pub began: Instant,
    /// Arrivals of the open model.
    pub arrivals: Arrivals,
    /// Rows by the server's id, as far as they had to be looked up: no more than the world has.
    pub(super) rows: Mutex<HashMap<u64, RowKey>>,
    pub(super) papers: Mutex<HashMap<u64, Paper>>,
    /// The newest document of each division, for those who look up; 0 for none.
    pub(super) newest: Mutex<Vec<u64>>,
}

impl Stage {
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one thing that the users share"
    )]
    /// Sets the stage.
    pub fn new(
        world: Arc<World>,
        plan: Plan,
        target: Arc<Target>,
        local: Local,
        minter: Minter,
        seed: u64,
        book: Book,
        stop: watch::Receiver<bool>,
    ) -> Arc<Self> {
        let arrivals = Arrivals::new(plan.open);
        let newest = vec![0; world.divisions.len()];
        Arc::new(Self {
            run: book.run,
            world,
            plan,
            target,
            local,
            minter,
            seed,
            meter: Meter::default(),
            book: Mutex::new(book),
            users: AtomicU64::new(0),
            stop,
            began: Instant::now(),
            arrivals,
            rows: Mutex::new(HashMap::new()),
            papers: Mutex::new(HashMap::new()),
            newest: Mutex::new(newest),
        })
    }

    /// When someone acts who would wait `work` at the plan's own pace, following its load curve.
    pub(super) fn due(&self, from: Instant, work: Duration) -> Instant {
        if self.plan.phases.is_empty() {
            return from + work;
        }
        let now = from.saturating_duration_since(self.began).as_secs_f64();
        let due = self.plan.due(now, work.as_secs_f64());
        self.began + Duration::from_secs_f64(due)
    }

    /// The time limit of one request.
    pub(super) fn limit(&self) -> Duration {
        Duration::from_secs_f64(self.plan.timeout_seconds)
    }

    /// Writes down a document's lines.
    pub(super) fn paper(&self, kind: Kind, lines: &[Line]) -> Paper {
        let amount = lines.iter().map(|l| l.amount).sum();
        Paper {
            kind,
            lines: self.book.lock().add_lines(lines),
            amount,
            version: 0,
        }
    }

    /// Whether lines of such a document may change on its way, so that every step must name the version it is for.
    pub(super) fn is_revised(&self, kind: Kind) -> bool {
        kind == Kind::PayPlan && self.plan.clerk.get("revise").is_some_and(|w| *w > 0)
    }
}
