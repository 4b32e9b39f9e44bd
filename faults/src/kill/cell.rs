//! One cell under faults: its server, its database, its clients and their log.

use super::book::Book;
use super::cast::{AGENCIES, COUNTY, Cast, Who, agency};
use super::client::Office;
use super::database::Database;
use super::draw::Draw;
use super::feed;
use super::latch;
use super::log::Log;
use super::money::Ledger;
use super::plan::{Fault, Kind, Life, PATIENCE, Size};
use super::rows;
use super::settle::Settling;
use super::tally::{Breach, Tally};
use crate::Outcome;
use hubu_testkit::{Program, Site, Wire};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::path::Path;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// No more than guards against waiting for ever.
const LOAD_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(90);
/// How long clients go on where a fault need not stop them.
const GO_ON: Duration = Duration::from_secs(1);
/// A starting server is killed within this time.
const STARTING: Duration = Duration::from_millis(600);
/// A killed server's lease (3 s) has run out by then.
const LEASE_OVER: Duration = Duration::from_millis(3200);

/// See the module.
pub(super) struct Cell<'a> {
    size: &'a Size,
    tally: &'a mut Tally,
    draw: Draw,
    // The server ends before its database.
    server: Option<Program>,
    site: Site,
    database: Option<Database>,
    office: Office,
    log: Log,
}

impl<'a> Cell<'a> {
    /// Begins a cell and gives money to its agencies.
    pub(super) fn begin(
        hubu: &Path,
        life: &Life,
        size: &'a Size,
        (mut draw, tally): (Draw, &'a mut Tally),
    ) -> Outcome<Cell<'a>> {
        let database = match life.kind {
            Kind::File => None,
            Kind::Postgres => Some(Database::start(life.faults.contains(&Fault::Full))?),
        };
        let place = database
            .as_ref()
            .map_or("file:journal".into(), Database::url);
        let (snapshots, patience) = (life.snapshots.to_string(), PATIENCE.as_secs().to_string());
        let settings = [
            ("HUBU_JOURNAL_PLACE", &*place),
            ("HUBU_JOURNAL_PATIENCE_SECONDS", &patience),
            ("HUBU_ENGINE_SNAPSHOT_INTERVAL_SECONDS", &snapshots),
        ];
        let site = Site::new(hubu, Path::new("config"), &settings)?;
        let server = site.serve()?;
        let cast = Cast::new(&site)?;
        let mut wire = Wire::open(site.address)?;
        open_books(&mut wire, &cast)?;
        let read = rows::read(&mut wire, &cast)?.ok_or("the rows can't be read")?;
        let row = |place| {
            let mut owners = read.owners.iter();
            owners
                .find(|(_, owner)| **owner == (place, Ledger::Indicator))
                .map(|(row, _)| row.clone())
        };
        let rows: Option<Vec<String>> = (0..AGENCIES).map(row).collect();
        let start = feed::read(&mut wire, &cast, 0, &mut |_| {})?;
        let log = Log::new(
            start,
            read.sums,
            Draw::new(draw.below(usize::MAX) as u64, 0),
        );
        let rows = rows.ok_or("an agency without a row")?;
        let office = Office::new(site.address, cast, rows, (life.number, size.batch));
        Ok(Cell {
            size,
            tally,
            draw,
            server: Some(server),
            site,
            database,
            office,
            log,
        })
    }

    /// One fault under load, and everything settled after it.
    pub(super) fn round(&mut self, fault: Fault) -> Outcome<()> {
        for book in self.load(fault)? {
            for complaint in self.log.take(book) {
                self.tally.breach(Breach::Wrong, 1, &complaint);
            }
        }
        match fault.is_of_database() {
            true => self.after_database(fault)?,
            false => self.serve_after_kill(fault)?,
        }
        self.settling()?.settle()
    }

    /// All clients at work, until the fault has ended them or the time for it is over.
    fn load(&mut self, fault: Fault) -> Outcome<Vec<Book>> {
        let Cell {
            size,
            tally,
            draw,
            server,
            database,
            office,
            ..
        } = self;
        let office = &*office;
        std::thread::scope(|scope| {
            let clients = office.open(scope, draw);
            // Into real work, however fast this machine is now.
            wait(LOAD_WITHIN, || {
                office.answered() >= size.requests || are_over(&clients)
            });
            std::thread::sleep(draw.time(size.moment));
            let suffered = match database {
                Some(database) if fault.is_of_database() => {
                    *tally.faults.entry(fault).or_default() += 1;
                    let suffered = database.suffer(fault, size);
                    // Where the database is there again its clients may have noticed nothing.
                    let within = match fault {
                        Fault::Cut | Fault::Hiccup => GO_ON,
                        _ => LOAD_WITHIN,
                    };
                    wait(within, || are_over(&clients));
                    suffered
                }
                _ => kill(server, tally),
            };
            office.go_home();
            let books = clients
                .into_iter()
                .map(|client| client.join().map_err(|_| "a client failed"));
            let books = books.collect::<Result<_, _>>()?;
            suffered.map(|()| books)
        })
    }

    /// Starts the server again, and kills the first of them while they start if that is the fault.
    fn serve_after_kill(&mut self, fault: Fault) -> Outcome<()> {
        if fault == Fault::KillStarting {
            for _ in 0..=self.draw.below(3) {
                self.pass_lease()?;
                self.server = Some(self.site.start()?);
                std::thread::sleep(self.draw.time(STARTING));
                kill(&mut self.server, self.tally)?;
            }
        }
        self.serve()
    }

    /// What an operator does about a database that was away: looks whether the server noticed, and restarts it then,
    /// unless it says that it goes on by itself.
    fn after_database(&mut self, fault: Fault) -> Outcome<()> {
        let Some(reason) = latch::reason(self.office.address)? else {
            if !matches!(fault, Fault::Cut | Fault::Hiccup | Fault::Full) {
                self.tally
                    .breach(Breach::Wrong, 1, "it is ready though its database was gone");
            }
            return self.mend();
        };
        if latch::goes_on(&reason) {
            // Until there is room; a small batch may find some before.
            self.mend()?;
            return latch::await_ready(&mut self.settling()?);
        }
        latch::check(&mut self.settling()?)?;
        self.mend()?;
        let mut settling = self.settling()?;
        latch::await_reads(&mut settling)?;
        latch::check(&mut settling)?;
        self.stop()?;
        self.serve()
    }

    fn mend(&mut self) -> Outcome<()> {
        self.database.as_mut().map_or(Ok(()), Database::mend)
    }

    /// Until a killed server's lease is over.
    fn pass_lease(&self) -> Outcome<()> {
        match &self.database {
            Some(_) if self.size.waits_for_lease => std::thread::sleep(LEASE_OVER),
            Some(database) => database.end_lease()?,
            None => {}
        }
        Ok(())
    }

    fn serve(&mut self) -> Outcome<()> {
        if let Some(database) = &self.database
            && !self.size.waits_for_lease
        {
            database.end_lease()?;
        }
        match self.site.serve() {
            Ok(server) => self.server = Some(server),
            Err(error) => {
                self.tally.breach(Breach::Wrong, 1, &error.to_string());
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Stops the server as an operator does.
    fn stop(&mut self) -> Outcome<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        if let Some(pid) = Pid::from_raw(server.id().cast_signed()) {
            kill_process(pid, Signal::TERM)?;
        }
        let end = Instant::now() + STOP_WITHIN;
        while server.try_wait()?.is_none() {
            if Instant::now() > end {
                return Err("the server does not stop".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Acknowledged commands that were settled in this run.
    pub(super) fn settled(&self) -> u64 {
        self.tally.settled
    }

    fn settling(&mut self) -> Outcome<Settling<'_>> {
        let wire = Wire::open(self.office.address)?;
        let Cell {
            office, log, tally, ..
        } = self;
        Ok(Settling {
            office,
            log,
            tally,
            wire,
        })
    }

    /// At the end: all that was ever settled is there, and the journal is whole.
    pub(super) fn end(mut self) -> Outcome<()> {
        self.settling()?.check_history()?;
        self.stop()?;
        let verified = self
            .site
            .command()
            .args(["verify", "--config", "data/hubu.toml"])
            .output()?;
        if !verified.status.success() {
            let words = String::from_utf8_lossy(&verified.stderr);
            self.tally
                .breach(Breach::Wrong, 1, &format!("hubu verify: {words}"));
        }
        Ok(())
    }
}

/// Kills the server, and counts it where it was there to be killed.
fn kill(server: &mut Option<Program>, tally: &mut Tally) -> Outcome<()> {
    let Some(mut server) = server.take() else {
        return Ok(());
    };
    tally.server_kills += u64::from(server.try_wait()?.is_none());
    server.kill();
    Ok(())
}

fn are_over(clients: &[ScopedJoinHandle<'_, Book>]) -> bool {
    clients.iter().all(ScopedJoinHandle::is_finished)
}

/// Waits until it is so, at most so long.
fn wait(within: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + within;
    while !is_so() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// An opening load with one line for each agency.
fn open_books(wire: &mut Wire, cast: &Cast) -> Outcome<()> {
    let line = |place| {
        let dims = json!({
            "agency_code": agency(place), "fund_type": "1", "source_type": "1", "budget_level": "4",
            "exp_func": "2010101", "office": "001", "dept": "101", "pro_code": "420106000000000000900",
            "gov_econ": "50201", "pay_mode": "1", "marks": "00",
        });
        json!({"amount": "9000000000.00", "month": 3, "dims": dims, "fields": {"planned": "4000000000.00"}})
    };
    let lines: Vec<_> = (0..AGENCIES).map(line).collect();
    let body = json!({"type": "opening", "division": COUNTY, "fiscal_year": 2026, "transition": "load", "lines": lines});
    let headers = format!("{}Idempotency-Key: load\r\n", cast.header(Who::Loader));
    let reply = wire.ask("POST", "/v1/documents", &headers, &body.to_string())?;
    match reply.status {
        201 => Ok(()),
        other => Err(format!("the load: {other} {}", String::from_utf8_lossy(&reply.body)).into()),
    }
}
