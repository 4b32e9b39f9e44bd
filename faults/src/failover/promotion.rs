//! PostgreSQL fails over below the servers: its primary dies under load, its synchronous standby is promoted, and the
//! server that stood by goes on there. Both servers know both databases by one address with two hosts.

use super::{CLIENTS, LOAD, Seen, check, note};
use crate::Outcome;
use crate::cell::{Clients, Place, await_some};
use hubu_testkit::PgCluster;
use std::time::Instant;

/// One promotion.
pub(super) fn promote() -> Outcome<Seen> {
    let mut first = PgCluster::start()?;
    let mut second = first.replica()?;
    first.require_replica()?;
    await_some("the replica is not synchronous", || {
        let state = first.sql("SELECT sync_state FROM pg_stat_replication")?;
        Ok((state == "sync").then_some(()))
    })?;
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", first.port(), second.port());
    let url = format!("postgres://hubu@{hosts}/postgres?target_session_attrs=read-write");
    let mut place = Place::new(&url)?;
    // A commit that waits for a dead database is given up before the clients do.
    place.set("HUBU_JOURNAL_PATIENCE_SECONDS", "5");
    let mut other = place.beside()?;
    other.set("HUBU_JOURNAL_PATIENCE_SECONDS", "5");
    let primary = place.serve(&[])?;
    let (row, token) = (place.load()?, place.token("clerk", "agency_clerk")?);
    let standby = other.serve(&["--standby"])?;
    standby.await_following()?;
    let servers = [primary.address, standby.address];
    let clients = Clients::begin(CLIENTS, "promotion", (&servers, &token, &row));
    std::thread::sleep(LOAD);
    println!("the database's primary is killed, its replica promoted");
    let killed = Instant::now();
    first.stop_immediate()?;
    second.promote()?;
    println!("promoted {:.3} s later", killed.elapsed().as_secs_f64());
    standby.await_ready()?;
    std::thread::sleep(LOAD / 2);
    let mut seen = Seen::default();
    let paid = clients.end()?;
    note(&mut seen, &paid, killed, "promotion")?;
    let overtaken = primary.readiness()?;
    println!("the overtaken server says: {overtaken}");
    if overtaken["ready"] != false {
        return Err("two servers take commands".into());
    }
    check(&mut seen, &standby, &token, &row, &paid)?;
    Ok(seen)
}
