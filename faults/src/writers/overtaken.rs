//! What the paused, the cut-off and the partitioned writer have in common: a primary under load is kept from its
//! database, a standby takes over, and then the old primary is let loose again, with commands that it had taken.

use super::Tally;
use super::book::Book;
use crate::Outcome;
use crate::cell::{Clients, PATIENCE, Place, Server, Wire, audit, await_some, payment};
use hubu_testkit::PgCluster;
use std::time::{Duration, Instant};

/// How long the old primary has, once it is let loose, to do its worst.
const LOOSE: Duration = Duration::from_secs(2);

/// The parts of one trial.
pub(super) struct Scene<'a> {
    pub(super) cluster: &'a PgCluster,
    pub(super) cell: u64,
    pub(super) old: &'a Place,
    pub(super) new: &'a Place,
    /// Whether clients pay all the time; else the new primary has written nothing when the old one is let loose.
    pub(super) has_load: bool,
}

/// Runs it. `keep_away` keeps the old primary from its database, `let_loose` ends that.
pub(super) fn overtake(
    tally: &mut Tally,
    what: &str,
    scene: &Scene<'_>,
    keep_away: impl FnOnce(&Server) -> Outcome<()>,
    let_loose: impl FnOnce(&Server) -> Outcome<()>,
) -> Outcome<()> {
    let primary = scene.old.serve(&[])?;
    let (row, token) = (scene.old.load()?, scene.old.token("clerk", "agency_clerk")?);
    let standby = scene.new.serve(&["--standby"])?;
    standby.await_following()?;
    let servers = [primary.address, standby.address];
    let mut clients = Some(Clients::begin(4, "c", (&servers, &token, &row)));
    std::thread::sleep(Duration::from_millis(500));
    let mut paid = Vec::new();
    if let Some(clients) = clients.take_if(|_| !scene.has_load) {
        paid = clients.end()?;
    }
    // A connection of its own, whose request waits for the old primary throughout.
    let mut waiting = Wire::open_within(primary.address, &token, PATIENCE)?;
    let mut reading = Wire::open(primary.address, &token)?;
    let kept_away = Instant::now();
    keep_away(&primary)?;
    let (key, body) = ("waiting", payment(&row, 100));
    let asked = std::thread::spawn(move || waiting.ask("POST", "/v1/documents", key, &body));
    standby.await_ready()?;
    println!(
        "{what}: taken over after {:.3} s",
        kept_away.elapsed().as_secs_f64()
    );
    let (taken, epoch) = scene.taken()?;
    let_loose(&primary)?;
    let read = reading.get(&format!("/v1/quotas/{row}"));
    let (tried, acknowledged) = do_the_worst(&primary, &token, &row);
    let waited = asked.join().map_err(|_| "the waiting client failed")?;
    let waited = waited.is_ok_and(|reply| reply.status == 201);
    let (silent, read) = match read {
        Ok(read) if read.status == 200 && read.stale.is_none() => {
            (true, "does not say that it is old")
        }
        Ok(read) if read.status == 200 => (false, "says that it is old"),
        _ => (false, "gets no answer"),
    };
    if let Some(clients) = clients {
        paid = clients.end()?;
    }
    let found = audit(standby.address, &token, &row, &paid)?;
    let stale = scene.book()?.stale(taken.last, epoch);
    println!(
        "  let loose: {tried} commands, {acknowledged} acknowledged, the one that waited {}; a read {}\n  \
         batches of the old epoch since: {stale}; {} payments, {} lost, {} doubled",
        if waited { "acknowledged" } else { "not" },
        read,
        found.looked,
        found.lost,
        found.doubled,
    );
    let wrong = acknowledged + u64::from(waited) + u64::from(silent) + found.lost + found.doubled;
    tally.note(what, stale + wrong);
    Ok(())
}

impl Scene<'_> {
    fn book(&self) -> Outcome<Book> {
        Book::read(&self.cluster.url(), self.cell)
    }

    /// What the journal holds when the new primary has taken it, and its epoch.
    fn taken(&self) -> Outcome<(Book, u64)> {
        let sql = format!("SELECT epoch FROM hubu_lease WHERE cell = {}", self.cell);
        let epoch = self.cluster.sql(&sql)?.parse()?;
        let book = match self.has_load {
            true => await_some("the new primary writes nothing", || {
                let book = self.book()?;
                Ok((book.epoch() == epoch).then_some(book))
            })?,
            false => self.book()?,
        };
        Ok((book, epoch))
    }
}

/// Sends commands to a server that must acknowledge none; how many it was sent, and how many it did.
fn do_the_worst(server: &Server, token: &str, row: &str) -> (u64, u64) {
    let (until, mut tried, mut acknowledged) = (Instant::now() + LOOSE, 0, 0);
    while Instant::now() < until {
        let stale = Wire::open(server.address, token).and_then(|mut wire| {
            let key = format!("stale-{tried}");
            wire.ask("POST", "/v1/documents", &key, &payment(row, 100))
        });
        acknowledged += u64::from(stale.is_ok_and(|reply| reply.status == 201));
        tried += 1;
        std::thread::sleep(Duration::from_millis(50));
    }
    (tried, acknowledged)
}
