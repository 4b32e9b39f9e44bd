//! Second and restored writers on a journal in PostgreSQL. The paused and the cut-off ones are beside.

use super::Tally;
use super::book::Book;
use super::file::ended;
use crate::Outcome;
use crate::cell::{Place, Server, Wire, await_some, payment};
use hubu_testkit::PgCluster;

/// All of them, on cell 1 of a database that has no other yet.
pub(super) fn try_all(tally: &mut Tally, cluster: &PgCluster) -> Outcome<()> {
    let place = Place::new(&cluster.url())?;
    let server = place.serve(&[])?;
    let (row, token) = (place.load()?, place.token("clerk", "agency_clerk")?);
    let mut copy = place.copied()?;
    pay(&place, &row, &token, 5)?;
    let before = Book::read(&cluster.url(), 1)?;

    let mut second = place.beside()?;
    let refused = ended(&mut second, "whose lease has not run out")?;
    let wrote = Book::read(&cluster.url(), 1)?.last.abs_diff(before.last) + u64::from(!refused);
    tally.note("postgres: a second server while the first runs", wrote);

    let refused = ended(&mut copy, "whose lease has not run out")?;
    let wrote = Book::read(&cluster.url(), 1)?.last.abs_diff(before.last) + u64::from(!refused);
    tally.note(
        "postgres: an old copy of the data folder while the first runs",
        wrote,
    );

    server.stop()?;
    let restored = copy.serve(&[])?;
    let held = Wire::open(copy.address, &token)?
        .get(&format!("/v1/quotas/{row}"))?
        .body;
    let knows = held["decreasing"] == "5.00";
    pay(&copy, &row, &token, 1)?;
    let book = Book::read(&cluster.url(), 1)?;
    let wrote = book.stale(before.last, book.epoch()) + u64::from(!knows);
    tally.note(
        "postgres: the same copy after the first: it knows all, under a new epoch",
        wrote,
    );
    restored.stop()?;
    restored_rows(tally, cluster, &place)?;
    restored_under_a_standby(tally, cluster, (&place, &copy), (&row, &token))
}

/// The newest rows are gone, as after a restore of the one table: the lease remembers a later end.
fn restored_rows(tally: &mut Tally, cluster: &PgCluster, place: &Place) -> Outcome<()> {
    let last = "(SELECT max(first) FROM hubu_journal)";
    cluster.sql(&format!(
        "CREATE TABLE kept AS SELECT * FROM hubu_journal WHERE first = {last}"
    ))?;
    cluster.sql(&format!("DELETE FROM hubu_journal WHERE first = {last}"))?;
    let mut program = Server::spawn(place, &[])?;
    let status = program.wait()?;
    let refused = status.code() == Some(3) && place.said().contains("its end was cut");
    cluster.sql("INSERT INTO hubu_journal SELECT * FROM kept")?;
    cluster.sql("DROP TABLE kept")?;
    tally.note(
        "postgres: rows of an older state beside the newer lease",
        u64::from(!refused),
    );
    // The refused start took the lease before it looked, and gave it back or let it run out.
    await_some("the lease does not become free", || {
        Ok((cluster.sql("SELECT expires_at <= now() FROM hubu_lease")? == "t").then_some(()))
    })
}

/// The whole database goes back to an older state, lease and all, while a standby has read more: the database cannot
/// tell, but the standby can, and does not take over.
fn restored_under_a_standby(
    tally: &mut Tally,
    cluster: &PgCluster,
    (place, other): (&Place, &Place),
    (row, token): (&str, &str),
) -> Outcome<()> {
    let server = place.serve(&[])?;
    pay(place, row, token, 1)?;
    let standby = other.serve(&["--standby"])?;
    standby.await_following()?;
    standby.pause()?;
    server.kill();
    cluster.sql("DELETE FROM hubu_journal WHERE first = (SELECT max(first) FROM hubu_journal)")?;
    cluster.sql(
        "UPDATE hubu_lease SET expires_at = now(), last = j.last, chain = j.chain
         FROM (SELECT last, chain FROM hubu_journal ORDER BY first DESC LIMIT 1) j",
    )?;
    let before = Book::read(&cluster.url(), 1)?;
    standby.wake()?;
    await_some("the standby does not notice", || {
        let noticed = other.said().contains("this standby has read");
        Ok(noticed.then_some(()))
    })?;
    let wrote = Book::read(&cluster.url(), 1)?.last.abs_diff(before.last);
    tally.note(
        "postgres: a whole database of an older state, under a standby that had read more",
        wrote,
    );
    println!(
        "not detected: a whole database of an older state, where nobody is left who has read more; only the chain \
         value that `hubu verify` printed shows it"
    );
    Ok(())
}

/// Pays 1.00 so many times.
fn pay(place: &Place, row: &str, token: &str, times: u32) -> Outcome<()> {
    let mut wire = Wire::open(place.address, token)?;
    let run = std::time::UNIX_EPOCH.elapsed()?.as_nanos();
    for at in 0..times {
        let key = format!("{run}-{at}");
        let paid = wire.ask("POST", "/v1/documents", &key, &payment(row, 100))?;
        if paid.status != 201 {
            return Err(format!("it does not pay: {paid:?}").into());
        }
    }
    Ok(())
}
