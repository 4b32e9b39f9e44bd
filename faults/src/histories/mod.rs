//! The trial `histories`: is what clients see under faults explained by one order (promise 6)?
//!
//! Clients work on rows and documents of a real `hubu serve` over HTTP, through a proxy that cuts and
//! slows connections ([`proxy`]), while the server is killed and started again ([`site`]). What each
//! asked and heard in a [`round`], and when, is a [`history`]; [`search`] decides from it alone whether the
//! [`model`] explains it, with what was never heard as "at some time, or never". Afterwards what was
//! not heard is settled under its key, and the whole is decided again, by search and along the
//! engine's own sequence numbers ([`order`]): the three must agree.
//!
//! Meanwhile somebody reads the sums of the whole city: transfers move money below it, and every
//! single answer must contain all of it.

#[cfg(test)]
mod agree;
mod dice;
mod group;
mod history;
mod model;
mod order;
mod people;
mod proxy;
mod round;
mod search;
mod site;
#[cfg(test)]
mod tests;
mod wire;

use self::dice::Dice;
use self::round::Round;
use self::site::Site;
use crate::Outcome;
use crate::program;
use crate::report::Report;
use std::time::{Duration, Instant};

/// The city whose townships the groups get, one each.
const CITY: &str = "420100000";

/// Where journals are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum JournalKind {
    /// In files.
    File,
    /// In a PostgreSQL of the trial's own.
    Postgres,
}

/// Histories of clients under faults, checked for strict serializability.
#[derive(clap::Args, Debug)]
pub(crate) struct Histories {
    /// What all that is drawn comes from.
    #[arg(long, default_value_t = 20_260_302)]
    seed: u64,
    /// How many rounds of histories.
    #[arg(long, default_value_t = 8)]
    rounds: u64,
    /// Goes on with more rounds until so many minutes have passed.
    #[arg(long, default_value_t = 0)]
    minutes: u64,
    /// Histories of a round, each of a division of its own.
    #[arg(long, default_value_t = 8)]
    groups: usize,
    /// How long a round's clients work between two kills, in milliseconds.
    #[arg(long, default_value_t = 2_500)]
    between_ms: u64,
    /// How often the server is killed in a round.
    #[arg(long, default_value_t = 2)]
    kills: u64,
    /// Where journals are written.
    #[arg(long, value_enum, default_value = "file")]
    journal: JournalKind,
    /// The smallest size that means something.
    #[arg(long)]
    quick: bool,
}

/// What was counted.
#[derive(Default)]
struct Tally {
    checked: u64,
    operations: u64,
    unheard: u64,
    undecided: u64,
    broken: u64,
    sums: u64,
    kills: u64,
    cuts: u64,
}

impl Histories {
    /// Runs the trial; whether everything held.
    pub(crate) fn run(mut self, report: &mut Report) -> Outcome<bool> {
        if self.quick {
            (self.rounds, self.groups, self.between_ms, self.kills) = (2, 4, 1_200, 1);
        }
        println!(
            "histories: seed {}, {} rounds of {} divisions with {} clients each, {} kills a round, journal: {:?}",
            self.seed,
            self.rounds,
            self.groups,
            round::CLIENTS,
            self.kills,
            self.journal
        );
        let mut dice = Dice::new(self.seed);
        let start = Instant::now();
        let townships = townships()?;
        if self.groups == 0 || self.groups > townships.len() {
            return Err(format!("--groups is 1 to {}", townships.len()).into());
        }
        let mut tally = Tally::default();
        let mut round = 0;
        let more = |round| round < self.rounds || start.elapsed().as_secs() < self.minutes * 60;
        while more(round) {
            // A fresh site when every township has had its history.
            let site = Site::new(self.journal == JournalKind::Postgres)?;
            let mut server = site.serve()?;
            let mut loaded_fen = 0;
            for divisions in townships.chunks_exact(self.groups) {
                if !more(round) {
                    break;
                }
                let kills = if self.quick {
                    u64::from(round == 0)
                } else {
                    self.kills
                };
                let plan = Round {
                    divisions,
                    kills,
                    between: Duration::from_millis(self.between_ms),
                    seed: dice.next(),
                };
                plan.run(&site, &mut server, &mut loaded_fen, &mut tally)?;
                round += 1;
                println!(
                    "round {round}: {} histories, {} operations so far, {} broken",
                    tally.checked, tally.operations, tally.broken
                );
            }
            server.kill();
        }
        tally.put(report);
        Ok(tally.broken == 0)
    }
}

impl Tally {
    fn put(&self, report: &mut Report) {
        report.put("histories_checked", self.checked as f64);
        report.put("histories_operations", self.operations as f64);
        report.put("histories_unheard", self.unheard as f64);
        report.put("histories_sums_read", self.sums as f64);
        report.put("histories_kills", self.kills as f64);
        report.put("histories_cuts", self.cuts as f64);
        report.put("histories_undecided", self.undecided as f64);
        report.put("histories_broken", self.broken as f64);
    }
}

/// The city's townships, from the repository's divisions.
fn townships() -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(program::catalog().join("divisions.csv"))?;
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let fields = rows.map(|line| line.split(',').collect::<Vec<_>>());
    let is_below = |fields: &Vec<&str>| {
        fields.get(2) == Some(&"4")
            && fields
                .get(1)
                .is_some_and(|parent| parent.starts_with("4201"))
    };
    Ok(fields
        .filter(is_below)
        .map(|fields| fields[0].to_owned())
        .collect())
}
