//! Kill for real: the server under load, killed with SIGKILL at moments drawn from a seed, on a file and on PostgreSQL;
//! and PostgreSQL killed, stopped, paused, filled up and cut off beneath it. The clients keep a log of their own of what
//! was acknowledged, outside of the server; after every fault it is settled.
//!
//! **For every acknowledged command** since the last fault, done or refused, the feed (`/v1/events`) has at its sequence
//! number one record of this request, person, type, step, document, state, version or refusal code, which did to rows what
//! the document type says and nothing else; and the feed has no record that nobody was told of. Before anything is
//! repeated, an atomic batch without an answer stands there whole or not at all. Then every command without an answer is
//! repeated under its key: what had taken effect is answered with that effect, the rest is decided now, and no record comes
//! twice. **All rows** of the agencies hold exactly the sums. **For a sample** of all answers since the cell began (60 of at
//! most 400, drawn anew after each fault) the key is repeated and the answer must be the first, word for word, with no
//! record made. **At the end of a cell** its feed is read again from the start and must be what was settled, and
//! `hubu verify` must find the journal whole.
//!
//! **While the database is gone** the server must say on `readyz` that it takes nothing and why, answer no new command,
//! answer repeats as before or not at all, and tell rows, where it tells any, that hold what was acknowledged and of what is
//! open some or nothing; once the database is back it must tell them again, before it is restarted.
//!
//! What this can't show: SIGKILL leaves what was written in the page cache, so that a missing sync goes unnoticed (the
//! simulation and the crash enumeration see to that). The seed repeats plan, moments and commands, not how threads and
//! processes ran.
//!
//! Reading order: [`plan`] what is done, [`cell`] to whom, [`client`] with [`mover`] and [`desk`] the load, [`deed`] and [`book`]
//! what was asked and heard, [`settle`] and [`latch`] what is checked.

mod answer;
mod book;
mod cast;
mod cell;
mod client;
mod database;
mod deed;
mod desk;
mod disk;
mod draw;
mod feed;
mod latch;
mod log;
mod money;
mod mover;
mod plan;
mod rows;
mod settle;
mod tally;

use crate::Outcome;
use crate::program;
use crate::report::Report;
use cell::Cell;
use clap::{Args, ValueEnum};
use draw::Draw;
use plan::{Fault, Kind, Life, Size};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tally::Tally;

/// Kills servers and databases under load, and settles what their clients were told
#[derive(Args, Clone, Debug)]
pub(crate) struct Kill {
    /// Repeats the choices of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// How often the server is killed on each journal (100; 3 with --quick); faults of the database are in proportion
    #[arg(long)]
    kills: Option<usize>,
    /// Which journals
    #[arg(long, value_enum, default_value_t = Journal::Both)]
    journal: Journal,
    /// A few of each, with short pauses
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Journal {
    File,
    Postgres,
    Both,
}

impl Kill {
    /// Whether every promise held.
    pub(crate) fn run(&self, report: &mut Report) -> Outcome<bool> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let seed = self.seed.unwrap_or(now.as_micros() as u64 % 1_000_000);
        let size = match self.quick {
            true => Size::quick(self.kills),
            false => Size::full(self.kills),
        };
        let hubu = program::hubu()?;
        let mut tally = Tally::default();
        let mut draw = Draw::new(seed, 0);
        println!("seed {seed}: --seed {seed} repeats its choices");
        for life in self.lives(&size, &mut draw) {
            if let Err(error) = live(&hubu, &life, &size, (&mut draw, &mut tally)) {
                // A cell that can't go on because a promise was broken has said so.
                match tally.holds() {
                    true => return Err(error),
                    false => println!("cell {}: {error}", life.number),
                }
            }
        }
        tally.put(report);
        Ok(tally.holds())
    }

    fn lives(&self, size: &Size, draw: &mut Draw) -> Vec<Life> {
        let mut lives = Vec::new();
        if self.journal != Journal::Postgres {
            lives.extend(plan::lives(Kind::File, size, draw, 1));
        }
        if self.journal != Journal::File {
            let first = lives.len() as u64 + 1;
            lives.extend(plan::lives(Kind::Postgres, size, draw, first));
        }
        if let Err(error) = disk::Disk::mount(1) {
            println!("no disk is filled, as none can be mounted here: {error}");
            lives
                .iter_mut()
                .for_each(|life| life.faults.retain(|fault| *fault != Fault::Full));
        }
        lives
    }
}

/// One cell from its first record to its end.
fn live(
    hubu: &std::path::Path,
    life: &Life,
    size: &Size,
    (draw, tally): (&mut Draw, &mut Tally),
) -> Outcome<()> {
    let (number, kind, snapshots) = (life.number, life.kind, life.snapshots);
    println!(
        "cell {number}: {kind:?}, snapshots every {snapshots} s, {} faults",
        life.faults.len()
    );
    let own = Draw::new(draw.below(usize::MAX) as u64, number);
    let mut cell = Cell::begin(hubu, life, size, (own, tally))?;
    for fault in &life.faults {
        let start = Instant::now();
        cell.round(*fault)?;
        let settled = cell.settled();
        println!(
            "  {}: {settled} settled so far, {:.1} s",
            fault.name(),
            start.elapsed().as_secs_f64()
        );
    }
    cell.end()
}
