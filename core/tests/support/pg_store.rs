//! The PostgreSQL journal under test: a cell of its own in a real database.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hubu_core::database::link::Link;
use hubu_core::journal::postgres::{PostgresJournal, PostgresReader};
use hubu_core::journal::{Chain, GENESIS, Header, Journal, JournalError, JournalReader, Settings};
use hubu_testkit::{PgServer, Pooler};

use super::store::{Spoil, Store};

/// A PostgreSQL journal in a cell that nobody else uses.
pub struct PgStore {
    server: PgServer,
    cell: u64,
}

impl PgStore {
    /// Runs a statement; `CELL` stands for this store's.
    pub fn sql(&self, statement: &str) -> String {
        let statement = statement.replace("CELL", &self.cell.to_string());
        self.server.sql(&statement).unwrap()
    }

    /// Ends the journal's connections, as a database does that was told to.
    pub fn cut(&self) {
        self.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'hubu cell CELL'");
    }

    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The stored header of the batch that begins with `first`, and its payload, as the columns say.
    pub fn row(&self, first: u64) -> (Header, Vec<u8>) {
        let columns = "last, epoch, journal, length, encode(previous, 'hex'), encode(chain, 'hex'), encode(payload, 'hex')";
        let row = self.sql(&format!(
            "SELECT {columns} FROM hubu_journal WHERE cell = CELL AND first = {first}"
        ));
        let fields: Vec<&str> = row.split('|').collect();
        let number = |at: usize| fields[at].parse::<i64>().unwrap().cast_unsigned();
        let chain = |at: usize| Chain::try_from(unhex(fields[at])).unwrap();
        let header = Header {
            journal: number(2),
            cell: self.cell,
            epoch: number(1),
            first,
            last: number(0),
            length: number(3) as u32,
            payload_crc: 0,
            previous: chain(4),
            chain: GENESIS,
        };
        let header = Header {
            chain: chain(5),
            ..header
        };
        (header, unhex(fields[6]))
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Flips the lowest bit of a byte of a column.
fn flip(column: &str, byte: usize) -> String {
    format!("{column} = set_byte({column}, {byte}, get_byte({column}, {byte}) # 1)")
}

impl Store for PgStore {
    fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Processes that share a server keep apart by their ids.
        let own = u64::from(std::process::id()) * 1_000_000;
        let cell = own + 10 * NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            server: PgServer::obtain().unwrap(),
            cell,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            cell: self.cell,
            compress: false,
            patience: Duration::from_secs(20),
            ..Settings::default()
        }
    }

    fn open_with(&self, settings: &Settings) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(PostgresJournal::open(self.url(), settings)?))
    }

    fn read(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        Ok(Box::new(PostgresReader::open(
            self.url(),
            &self.settings(),
        )?))
    }

    fn spoil(&self, first: u64, how: Spoil) {
        let change = match how {
            Spoil::Payload => flip("payload", 9),
            Spoil::Chain => flip("chain", 4),
            Spoil::Previous => flip("previous", 6),
            Spoil::First => "first = first # 1".into(),
            Spoil::Last => "last = last # 1".into(),
            Spoil::Epoch => "epoch = epoch # 1".into(),
            Spoil::PayloadWithCrc => {
                let (header, mut payload) = self.row(first);
                payload[9] ^= 1;
                let header = Header {
                    payload_crc: crc32fast::hash(&payload),
                    ..header
                };
                let own = u32::from_le_bytes(header.encode()[56..60].try_into().unwrap());
                let sum = (u64::from(own) << 32 | u64::from(header.payload_crc)).cast_signed();
                format!("{}, checksum = {sum}", flip("payload", 9))
            }
            Spoil::Remove => {
                self.sql(&format!(
                    "DELETE FROM hubu_journal WHERE cell = CELL AND first = {first}"
                ));
                return;
            }
        };
        self.sql(&format!(
            "UPDATE hubu_journal SET {change} WHERE cell = CELL AND first = {first}"
        ));
    }

    fn take_over(&self) -> Box<dyn Journal> {
        self.open_with(&Settings {
            force: true,
            ..self.settings()
        })
        .unwrap()
    }

    fn break_down(&self) {
        self.sql(
            "ALTER TABLE hubu_journal ADD CONSTRAINT broken_CELL CHECK (cell <> CELL) NOT VALID",
        );
    }

    fn repair(&self) {
        self.sql("ALTER TABLE hubu_journal DROP CONSTRAINT broken_CELL");
        // As if the lease had run out.
        self.sql("UPDATE hubu_lease SET expires_at = now() WHERE cell = CELL");
    }
}

/// The same behind a pooler in transaction mode, which gives each statement another of its connections.
pub struct PooledStore {
    behind: PgStore,
    pooler: Mutex<Pooler>,
    url: String,
}

impl Store for PooledStore {
    fn fresh() -> Self {
        let behind = PgStore::fresh();
        let port = behind.url().rsplit([':', '/']).nth(1).unwrap();
        let pooler = Pooler::start(port.parse().unwrap()).unwrap();
        Self {
            url: pooler.url(),
            pooler: Mutex::new(pooler),
            behind,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            link: Link {
                pooler: true,
                ..Link::default()
            },
            ..self.behind.settings()
        }
    }

    fn open_with(&self, settings: &Settings) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(PostgresJournal::open(&self.url, settings)?))
    }

    fn read(&self) -> Result<Box<dyn JournalReader>, JournalError> {
        Ok(Box::new(PostgresReader::open(&self.url, &self.settings())?))
    }

    fn spoil(&self, first: u64, how: Spoil) {
        self.behind.spoil(first, how);
    }

    fn take_over(&self) -> Box<dyn Journal> {
        self.open_with(&Settings {
            force: true,
            ..self.settings()
        })
        .unwrap()
    }

    fn break_down(&self) {
        self.pooler.lock().unwrap().stop();
    }

    fn repair(&self) {
        self.pooler.lock().unwrap().start_again().unwrap();
        self.behind
            .sql("UPDATE hubu_lease SET expires_at = now() WHERE cell = CELL");
    }
}
