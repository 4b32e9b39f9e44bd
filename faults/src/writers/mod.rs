//! `hubu-faults writers`: a second writer on one cell, and writers that were overtaken: each is let loose, and must add
//! nothing to the journal. What the journal holds is the proof, and not what anybody says.
//!
//! What cannot be detected is said, too: a whole copy of a file journal that is started elsewhere is another journal.

mod book;
mod cut;
mod file;
mod namespace;
mod overtaken;
mod paused;
mod postgres;
mod proxy;

use crate::Outcome;
use crate::report::Report;
use clap::Args;
use hubu_testkit::PgCluster;

/// Its options.
#[derive(Args)]
pub(crate) struct Writers {
    /// Once, and of the overtaken ones only the one whose last append arrives late.
    #[arg(long)]
    quick: bool,
    /// How often the paused and the cut-off writers are tried.
    #[arg(long, default_value_t = 3)]
    count: usize,
}

/// What came of the trials.
#[derive(Debug, Default)]
struct Tally {
    tried: u32,
    stale_writes: u64,
}

impl Tally {
    /// Notes a trial and what was written that must not be.
    fn note(&mut self, what: &str, stale_writes: u64) {
        self.tried += 1;
        self.stale_writes += stale_writes;
        match stale_writes {
            0 => println!("held: {what}"),
            some => println!("BROKEN: {what}: {some} stale writes"),
        }
    }
}

impl Writers {
    /// Whether no stale writer wrote.
    pub(crate) fn run(&self, report: &mut Report) -> Outcome<bool> {
        let mut tally = Tally::default();
        file::try_all(&mut tally)?;
        let cluster = PgCluster::start()?;
        postgres::try_all(&mut tally, &cluster)?;
        for round in 0..if self.quick { 1 } else { self.count } {
            // A cell of its own for each.
            let cell = 10 * (round as u64 + 1);
            cut::before_a_write(&mut tally, &cluster, cell)?;
            if !self.quick {
                cut::under_load(&mut tally, &cluster, cell + 1)?;
                paused::try_paused(&mut tally, &cluster, cell + 2)?;
                namespace::try_namespace(&mut tally, &cluster, cell + 3)?;
            }
        }
        report.put("writers_tried", f64::from(tally.tried));
        report.put("stale_writes", tally.stale_writes as f64);
        Ok(tally.stale_writes == 0)
    }
}
