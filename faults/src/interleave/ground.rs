//! What each run begins with: an engine on a journal in memory, with money to spend; and what must hold at its end.
#![expect(clippy::expect_used, reason = "a run that can't go on has failed")]

use crate::world::{self, Ask, BUDGET, Kind, MARCH_MS, Part, YEAR};
use hubu_core::catalog::bag::Bag;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::answer::{Answer, Ticket};
use hubu_core::engine::command::{Action, Command};
use hubu_core::engine::open::Options;
use hubu_core::engine::read::RowView;
use hubu_core::journal::simulated::{DatabaseFault, DatabaseJournal, SimulatedDatabase};
use hubu_core::journal::{Batch, Journal, JournalError, JournalReader, Settings};
use hubu_kernel::ident::Seq;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a row has to begin with, in 分.
pub(super) const MONEY: i64 = 100;

/// See the module. Threads share it behind an [`Arc`].
pub(super) struct Ground {
    pub(super) engine: Engine,
    database: SimulatedDatabase,
    /// Appends that go well from now on; then the database is gone.
    until_failure: Arc<AtomicU64>,
    /// The last record that every run begins with.
    pub(super) opened: u64,
}

/// A journal during whose appends other threads go on.
struct Paced {
    inner: DatabaseJournal,
    database: SimulatedDatabase,
    until_failure: Arc<AtomicU64>,
}

impl Journal for Paced {
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        shuttle::thread::yield_now();
        let left = self.until_failure.load(Ordering::SeqCst);
        match left {
            0 => self.database.fail_next(DatabaseFault::LostBefore),
            _ => self.until_failure.store(left - 1, Ordering::SeqCst),
        }
        let appended = self.inner.append(batch);
        shuttle::thread::yield_now();
        appended
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    fn last(&self) -> u64 {
        self.inner.last()
    }

    fn payload_max(&self) -> u64 {
        self.inner.payload_max()
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        self.inner.reader()
    }

    fn renew(&mut self) -> Result<(), JournalError> {
        self.inner.renew()
    }
}

impl Ground {
    /// An engine whose first project in each county has [`MONEY`].
    pub(super) fn new() -> Arc<Ground> {
        let database = SimulatedDatabase::default();
        let until_failure = Arc::new(AtomicU64::new(u64::MAX));
        let inner = database.open(&Settings::default()).expect("it is new");
        let journal = Paced {
            inner,
            database: database.clone(),
            until_failure: Arc::clone(&until_failure),
        };
        let engine = open(Box::new(journal), false);
        let mut ground = Ground {
            engine,
            database,
            until_failure,
            opened: 0,
        };
        for county in 0..world::COUNTIES {
            let kind = Kind::Opening;
            let opening = entry(kind, county, MONEY).command(&format!("opening-{county}"));
            ground.acknowledged(ground.engine.submit(opening).expect("there is room"));
        }
        ground.opened = ground.engine.newest().0;
        Arc::new(ground)
    }

    /// From now on so many batches are stored, and no more.
    pub(super) fn fail_after(&self, batches: u64) {
        self.until_failure.store(batches, Ordering::SeqCst);
    }

    /// Waits for an answer as a thread does, and looks whether what is told stands in the journal.
    pub(super) fn acknowledged(&self, ticket: Ticket) -> Answer {
        let waited = self.engine.watermark().wait_blocking(ticket.seq.0);
        waited.expect("the journal goes well");
        self.is_stored(ticket.seq);
        self.answer(ticket)
    }

    /// As [`Ground::acknowledged`], waiting as a task of a network thread.
    pub(super) fn awaited(&self, ticket: Ticket) -> Answer {
        let waited = shuttle::future::block_on(self.engine.durable(ticket.seq));
        waited.expect("the journal goes well");
        self.is_stored(ticket.seq);
        self.answer(ticket)
    }

    pub(super) fn is_stored(&self, seq: Seq) {
        let stored = self.engine.journal().last();
        assert!(
            seq.0 <= stored,
            "record {} was told, and {stored} are stored",
            seq.0
        );
    }

    fn answer(&self, ticket: Ticket) -> Answer {
        let again = || self.engine.recall(ticket.seq).expect("it was told");
        let answer = ticket.answer.or_else(again);
        answer.expect("a record of a command")
    }

    /// A county's first row.
    pub(super) fn row(&self, county: usize) -> (RowView, Seq) {
        row(&self.engine, county)
    }

    /// Nothing more comes: memory is what the journal says, and the books balance.
    pub(super) fn end(&self) {
        self.engine.close();
        self.database.heal();
        self.database.expire();
        let journal = self.database.open(&Settings::default());
        let anew = open(Box::new(journal.expect("nobody has it")), true);
        for county in 0..world::COUNTIES {
            let (found, wanted) = (self.row(county).0, row(&anew, county).0);
            assert_eq!(found, wanted, "memory is what the journal says");
            let free = found.row.approved.0 - found.row.used.0 - found.row.decreasing.0;
            assert!(free >= 0, "a row is overdrawn: {found:?}");
        }
        let digest = anew.digest().expect("it stands still");
        assert!(
            digest.unbalanced.is_empty() && digest.broken_rows == 0,
            "{digest:?}"
        );
    }
}

fn open(journal: Box<dyn Journal>, stepped: bool) -> Engine {
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        stepped,
        ..Options::default()
    };
    Engine::open(journal, &world::sources(), options).expect("the world is sound")
}

fn row(engine: &Engine, county: usize) -> (RowView, Seq) {
    let (_, catalog) = engine.catalogs().current();
    let ledger = catalog.ledger(BUDGET).expect("the world has it");
    let mut bag = Bag::new();
    bag.overlay(&world::dims(county, 0));
    let key = catalog.key(ledger, YEAR, world::division(county), &bag);
    let (row, seq) = engine.row_by_key(key.expect("a whole key").as_bytes());
    (row.expect("it was opened"), seq)
}

/// A document about the first project of a county.
pub(super) fn entry(kind: Kind, county: usize, fen: i64) -> Ask {
    Ask::Enter {
        kind,
        county,
        parts: vec![Part {
            from: 0,
            to: 0,
            fen,
        }],
        submit: true,
    }
}

/// A payment out of the first project of a county.
pub(super) fn pay(key: &str, county: usize, fen: i64) -> Command {
    entry(Kind::Payment, county, fen).command(key)
}

/// Money moved from the first project of a county to that of another agency there, whose rows stand behind another lock.
pub(super) fn move_away(key: &str, county: usize, fen: i64) -> Command {
    let mut command = entry(Kind::Virement, county, fen).command(key);
    if let Action::Enter(enter) = &mut command.action {
        let neighbour = format!("{}{:012}", world::division(county).0, 2);
        for dim in enter.lines.iter_mut().flat_map(|line| &mut line.to) {
            if dim.code == 1 {
                dim.value = neighbour.as_str().into();
            }
        }
    }
    command
}
