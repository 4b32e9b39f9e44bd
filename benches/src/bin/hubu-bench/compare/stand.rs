//! The systems as they stand: a server each, with the same rows; for three of them a PostgreSQL of its own.

use super::order::Hand;
use super::system::{Load, System};
use crate::server::{self, Server, Site};
use crate::{Outcome, machine};
use hubu_load::audit::{Against, Settlement, settle};
use hubu_load::book::{Book, read_book};
use hubu_load::seed::{Pace, Progress, load};
use hubu_load::wire::{Claims, Connection, Local, Minter, QuotaPage, Reader, Target, parse};
use hubu_load::world::{Ledger, World};
use hubu_naive::Mode;
use hubu_testkit::PgCluster;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// The secret of tokens for the systems that believe them anyway.
const SECRET: &str = "nobody checks the signature";
/// One request of the setting up may take this long.
const LIMIT: Duration = Duration::from_secs(30);
/// What a private PostgreSQL is asked about itself.
const SETTINGS: [&str; 7] = [
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
    "max_wal_size",
];

/// One system with its rows and books.
pub(super) struct Stand {
    pub(super) system: System,
    /// Its process is started anew where its size changes.
    server: Server,
    database: Option<PgCluster>,
    /// Connections of the pool, or writers; 0 where there is none to choose.
    pub(super) size: usize,
    /// The secret that its tokens are signed with.
    pub(super) secret: PathBuf,
    /// Every indicator, by the server's id, those with the largest plans first.
    hands: Vec<Hand>,
    /// Where its feed stood after the loading.
    pub(super) seeded_to: u64,
    /// Books of its clerks.
    pub(super) books: Vec<PathBuf>,
    /// The number of the next process of clerks.
    pub(super) worker: u16,
}

impl Stand {
    /// Starts it in `folder` and loads the world.
    pub(super) fn start(
        system: System,
        folder: &Path,
        world: &Arc<World>,
        users: usize,
        runtime: &Runtime,
    ) -> Outcome<Stand> {
        std::fs::create_dir_all(folder)?;
        let database = match system {
            System::HubuFile => None,
            _ => Some(PgCluster::start_apart()?),
        };
        let place = match &database {
            None => format!("file:{}", folder.join("journal").display()),
            Some(cluster) => cluster.url(),
        };
        let (server, secret, size) = match mode_of(system) {
            None => {
                let site = Site::lay_out(&folder.join("site"), &place)?;
                let site = site.with_connections(users + users / 50 + 64);
                (site.serve()?, site.secret(), 0)
            }
            Some(mode) => {
                runtime.block_on(hubu_naive::rows::load(
                    &place,
                    &hubu_naive::world::openings(world),
                ))?;
                let secret = folder.join("secret");
                std::fs::write(&secret, SECRET)?;
                (server::naive(&place, mode, 1)?, secret, 1)
            }
        };
        let mut stand = Stand {
            system,
            server,
            database,
            size,
            secret,
            hands: Vec::new(),
            seeded_to: 0,
            books: Vec::new(),
            worker: 0,
        };
        runtime.block_on(stand.load(world))?;
        Ok(stand)
    }

    async fn load(&mut self, world: &Arc<World>) -> Outcome<()> {
        let minter = Arc::new(Minter::from_file(&self.secret)?);
        let target = Target::new(&self.url())?;
        if self.system.is_hubu() {
            let (target, minter, world) = (target.clone(), minter.clone(), world.clone());
            let loaded = load(
                target,
                minter,
                world,
                Pace::default(),
                Arc::new(Progress::default()),
            );
            self.seeded_to = loaded.await?.seeded_to;
        }
        let mut reader = Reader {
            connection: Connection::new(target, Local::Any, LIMIT),
            token: minter.bearer(&Claims::new("load-reader", "budget_office", root(world)))?,
        };
        self.hands = hands(&mut reader, world).await?;
        Ok(())
    }

    /// `host:port` of the server.
    pub(super) fn address(&self) -> String {
        self.server.address.to_string()
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Gives it a pool, or writers, of this size: the same database, a new process.
    pub(super) fn resize(&mut self, size: usize) -> Outcome<()> {
        if let (Some(mode), Some(database)) = (mode_of(self.system), &self.database)
            && size != self.size
        {
            self.server = server::naive(&database.url(), mode, size)?;
            self.size = size;
        }
        Ok(())
    }

    /// Processor seconds so far of server and database.
    pub(super) fn cpu_seconds(&self) -> Outcome<f64> {
        let server = machine::process_seconds(self.server.process())?;
        let database = self.database.as_ref().and_then(PgCluster::pid);
        Ok(server + database.map_or(Ok(0.0), machine::family_seconds)?)
    }

    /// The rows of a load: the richest, each of another agency, so that none runs dry.
    pub(super) fn hands(&self, load: Load) -> Vec<Hand> {
        let Some(count) = load.rows() else {
            return self.hands.clone();
        };
        let mut agencies = HashSet::new();
        let apart = |hand: &&Hand| agencies.insert(hand.agency.clone());
        self.hands
            .iter()
            .filter(apart)
            .take(count)
            .cloned()
            .collect()
    }

    /// What its PostgreSQL says about itself.
    pub(super) fn settings(&self) -> Outcome<Value> {
        let Some(database) = &self.database else {
            return Ok(Value::Null);
        };
        let mut settings = serde_json::Map::new();
        for name in SETTINGS {
            settings.insert(name.into(), database.sql(&format!("SHOW {name}"))?.into());
        }
        Ok(settings.into())
    }

    /// Settles its books by the harness's audit.
    pub(super) async fn audit(&self, world: &World) -> Outcome<Settlement> {
        let minter = Minter::from_file(&self.secret)?;
        let books = self.books.iter().map(|path| Ok(read_book(path)?.0));
        let mut books: Vec<Book> = books.collect::<Outcome<_>>()?;
        let against = Against {
            target: Target::new(&self.url())?,
            minter: &minter,
            world,
            seeded_to: self.seeded_to,
            when: "after the run",
        };
        Ok(settle(&mut books, &against).await?)
    }
}

/// How the servers that Hubu is compared with go about it.
fn mode_of(system: System) -> Option<Mode> {
    match system {
        System::HubuFile | System::HubuPostgres => None,
        System::RowLock => Some(Mode::RowLock),
        System::Batched => Some(Mode::Batched),
    }
}

fn root(world: &World) -> u32 {
    let root = world.divisions.iter().find(|d| d.parent.is_none());
    root.map_or(0, |division| division.code)
}

/// Every indicator of the world by the server's id, richest plan first.
async fn hands(reader: &mut Reader, world: &World) -> Outcome<Vec<Hand>> {
    let mut found: Vec<(i64, Hand)> = Vec::new();
    for agency in &world.agencies {
        let division = world.division_of(agency).code;
        let path = format!(
            "/v1/quotas?division={division:09}&agency={}&ledger=IND&fiscal_year={}&limit=1000",
            agency.code, world.recipe.fiscal_year
        );
        let mut cursor = String::new();
        loop {
            let answer = reader.get(&format!("{path}{cursor}")).await?;
            let page: QuotaPage<'_> = parse("quotas", &answer.body)?;
            for item in &page.items {
                let key = world.key_of(Ledger::Ind, &item.division, &item.dims);
                let key = key.ok_or("a row that was not loaded")?;
                let plan = world.opening(key.in_ledger(Ledger::Pln));
                let hand = Hand {
                    row: item.row.parse()?,
                    key: key.to_bits(),
                    division,
                    agency: agency.code.clone(),
                };
                found.push((plan.unwrap_or_default().approved, hand));
            }
            match page.cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    // Equal ones by name, so that all systems have the same.
    found.sort_by_key(|(plan, hand)| (Reverse(*plan), hand.key));
    Ok(found.into_iter().map(|(_, hand)| hand).collect())
}
