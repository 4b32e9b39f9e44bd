//! `hubu-faults failover`: a primary and a standby on one PostgreSQL journal, under load. The primary is killed, the
//! standby takes over, and clients go there and repeat what nobody knew; then the roles are swapped, again and again.
//! At the end PostgreSQL itself fails over: `promotion`.
//!
//! The time is from the kill to the first payment that the standby acknowledges.

mod promotion;

use crate::Outcome;
use crate::cell::{Clients, Place, Sent, Server, audit};
use crate::report::Report;
use clap::Args;
use hubu_testkit::PgCluster;
use std::time::{Duration, Instant};

/// Clients that pay at once.
const CLIENTS: usize = 6;

/// Time under load before each kill; grows a little with the round, so that kills fall differently.
const LOAD: Duration = Duration::from_millis(800);

/// Its options.
#[derive(Args)]
pub(crate) struct Failover {
    /// How often the primary is killed.
    #[arg(long, default_value_t = 20)]
    count: usize,
    /// Two kills.
    #[arg(long)]
    quick: bool,
}

impl Failover {
    /// Whether nothing was lost or doubled.
    pub(crate) fn run(&self, report: &mut Report) -> Outcome<bool> {
        let count = if self.quick { 2 } else { self.count };
        let killed = kill_again_and_again(count)?;
        let promoted = promotion::promote()?;
        let lost = killed.lost + promoted.lost;
        let doubled = killed.doubled + promoted.doubled;
        report.put("failovers", count as f64);
        report.put("failover_p50_s", median(&killed.seconds));
        report.put(
            "failover_max_s",
            killed.seconds.iter().copied().fold(0.0, f64::max),
        );
        report.put(
            "failover_settled",
            (killed.settled + promoted.settled) as f64,
        );
        report.put("failover_promotion_s", median(&promoted.seconds));
        report.put("failover_lost", lost as f64);
        report.put("failover_doubled", doubled as f64);
        Ok(lost + doubled == 0)
    }
}

/// What came of failovers.
#[derive(Debug, Default)]
struct Seen {
    /// From each kill to the first acknowledgement by the other server.
    seconds: Vec<f64>,
    /// Payments of which nobody knew at first, and which were settled by repeating them.
    settled: usize,
    lost: u64,
    doubled: u64,
}

fn kill_again_and_again(count: usize) -> Outcome<Seen> {
    let cluster = PgCluster::start()?;
    let first = Place::new(&cluster.url())?;
    let places = [first.beside()?, first];
    let mut primary = places[0].serve(&[])?;
    let (row, token) = (places[0].load()?, places[0].token("clerk", "agency_clerk")?);
    let mut standby = places[1].serve(&["--standby"])?;
    let mut seen = Seen::default();
    let mut log = Vec::new();
    for round in 0..count {
        standby.await_following()?;
        let servers = [primary.address, standby.address];
        let clients = Clients::begin(CLIENTS, &format!("r{round}"), (&servers, &token, &row));
        std::thread::sleep(LOAD + Duration::from_millis(37 * (round as u64 % 10)));
        let killed = Instant::now();
        primary.kill();
        standby.await_ready()?;
        std::thread::sleep(LOAD / 2);
        let paid = clients.end()?;
        note(&mut seen, &paid, killed, &format!("failover {}", round + 1))?;
        // The killed one comes again as a standby, and the roles are swapped.
        primary = standby;
        standby = places[round % 2].serve(&["--standby"])?;
        log.extend(paid);
    }
    check(&mut seen, &primary, &token, &row, &log)?;
    drop(standby);
    if !primary.stop()?.success() || !places[0].verify()? {
        return Err("the journal is not whole".into());
    }
    Ok(seen)
}

/// Notes the time and the repeats of one failover.
fn note(seen: &mut Seen, paid: &[Sent], killed: Instant, what: &str) -> Outcome<()> {
    let by_the_other = paid.iter().filter(|sent| sent.by == 1);
    let first = by_the_other.map(|sent| sent.acknowledged).min();
    let first = first.ok_or("the standby acknowledged nothing")?;
    let seconds = first.saturating_duration_since(killed).as_secs_f64();
    let settled = paid.iter().filter(|sent| sent.was_unknown).count();
    println!(
        "{what}: {seconds:.3} s to the first acknowledgement; {} payments, {settled} of them settled by a repeat",
        paid.len()
    );
    seen.seconds.push(seconds);
    seen.settled += settled;
    Ok(())
}

/// Compares all logs with what the server holds now.
fn check(seen: &mut Seen, server: &Server, token: &str, row: &str, log: &[Sent]) -> Outcome<()> {
    let start = Instant::now();
    let found = audit(server.address, token, row, log)?;
    println!(
        "audit: {} acknowledged payments, {} lost, {} doubled ({:.1} s)",
        found.looked,
        found.lost,
        found.doubled,
        start.elapsed().as_secs_f64()
    );
    seen.lost += found.lost;
    seen.doubled += found.doubled;
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
