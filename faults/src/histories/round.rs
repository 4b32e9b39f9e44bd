//! One round: divisions are loaded, clients work on them under faults, and their histories are decided.

use super::dice::Dice;
use super::group::Group;
use super::history::{History, Operation, Verdict};
use super::proxy::Proxy;
use super::site::Site;
use super::wire::{Request, Wire};
use super::{CITY, Tally, order, people, search};
use crate::Outcome;
use hubu_testkit::Program;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Clients of a division.
pub(crate) const CLIENTS: u64 = 5;

/// One round: some divisions, worked on at once.
pub(crate) struct Round<'a> {
    pub(crate) divisions: &'a [String],
    pub(crate) kills: u64,
    /// How long the clients work between two kills, about.
    pub(crate) between: Duration,
    pub(crate) seed: u64,
}

impl Round<'_> {
    /// Loads the divisions, lets clients work on them, and decides what they saw.
    pub(crate) fn run(
        &self,
        site: &Site,
        server: &mut Program,
        loaded_fen: &mut i64,
        tally: &mut Tally,
    ) -> Outcome<()> {
        let clock = Instant::now();
        let mut groups = Vec::new();
        for (at, division) in self.divisions.iter().enumerate() {
            // From a row and its source up to three that money goes round between.
            groups.push(Group::new(site, division, 1 + at % 3, clock)?);
        }
        *loaded_fen += groups.iter().map(Group::loaded_fen).sum::<i64>();
        let sums = self.work(site, server, &groups, *loaded_fen, tally)?;
        tally.sums += sums.read;
        if let Some(wrong) = sums.wrong {
            tally.broken += 1;
            println!("BROKEN: the sums of the city: {wrong}");
        }
        for (group, division) in groups.iter().zip(self.divisions) {
            let (heard, settled) = group.settle(site.address)?;
            tally.checked += 1;
            tally.operations += settled.operations.len() as u64;
            let is_lost = |operation: &&Operation| operation.heard.is_none();
            tally.unheard += heard.operations.iter().filter(is_lost).count() as u64;
            judge(division, &heard, &settled, tally)?;
        }
        Ok(())
    }

    /// Lets the clients work while the server is killed and started again.
    fn work(
        &self,
        site: &Site,
        server: &mut Program,
        groups: &[Group],
        loaded_fen: i64,
        tally: &mut Tally,
    ) -> Outcome<Sums> {
        let mut dice = Dice::new(self.seed);
        let proxy = Proxy::start(site.address, dice.next())?;
        let auditor = site.token("auditor", "auditor", CITY, None)?;
        let stop = AtomicBool::new(false);
        let sums = std::thread::scope(|scope| {
            for group in groups {
                for _ in 0..CLIENTS {
                    let (seed, address, stop) = (dice.next(), proxy.address, &stop);
                    scope.spawn(move || group.run(address, seed, stop));
                }
            }
            let watching = scope.spawn(|| watch(site, &auditor, loaded_fen, &stop));
            let fared = (|| -> Outcome<()> {
                for _ in 0..self.kills {
                    std::thread::sleep(self.between.mul_f64(0.5 + dice.below(100) as f64 / 100.0));
                    // Killed where it stands when the old one is dropped.
                    kill(server)?;
                    *server = site.serve()?;
                }
                std::thread::sleep(self.between);
                Ok(())
            })();
            stop.store(true, Ordering::Release);
            let watched = watching
                .join()
                .map_err(|_| "the auditor's thread panicked")?;
            fared.map(|()| watched)
        });
        tally.kills += self.kills;
        tally.cuts += proxy.stop();
        sums
    }
}

fn kill(server: &mut Program) -> Outcome<()> {
    Child::kill(server)?;
    server.wait()?;
    Ok(())
}

/// What the auditor saw.
#[derive(Default)]
struct Sums {
    read: u64,
    wrong: Option<String>,
}

/// Reads the sums of the city again and again: all that was loaded is there, in each answer.
fn watch(site: &Site, token: &str, loaded_fen: i64, stop: &AtomicBool) -> Sums {
    let mut wire = Wire::new(site.address);
    let year = people::YEAR;
    let request = Request::get(
        format!("/v1/divisions/{CITY}/summary?fiscal_year={year}"),
        token,
    );
    let mut sums = Sums::default();
    while !stop.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(2));
        let Some((200, body)) = wire.ask(&request) else {
            continue;
        };
        sums.read += 1;
        let is_right = people::sums(&body, "subtree").is_some_and(|row| {
            row.approved == loaded_fen && row.used == 0 && row.decreasing <= loaded_fen
        });
        if !is_right && sums.wrong.is_none() {
            sums.wrong = Some(format!("{loaded_fen} 分 were loaded, {body} was read"));
        }
    }
    sums
}

/// Decides a history in all three ways and counts what came of it.
fn judge(division: &str, heard: &History, settled: &History, tally: &mut Tally) -> Outcome<()> {
    let verdicts = [
        (
            "as heard, by search",
            search::search(heard, search::PLACES_MAX),
        ),
        (
            "settled, by search",
            search::search(settled, search::PLACES_MAX),
        ),
        ("settled, by number", order::follow(settled)),
    ];
    let is = |wanted: fn(&Verdict) -> bool| verdicts.iter().any(|(_, verdict)| wanted(verdict));
    if is(|verdict| matches!(verdict, Verdict::Broken(_))) {
        tally.broken += 1;
        let path = format!("target/faults/broken-history-{division}.txt");
        std::fs::create_dir_all("target/faults")?;
        std::fs::write(&path, format!("{verdicts:#?}\n{settled:#?}\n"))?;
        println!("BROKEN: the history of {division}, see {path}");
        for (way, verdict) in &verdicts {
            println!("  {way}: {verdict:?}");
        }
    } else if is(|verdict| *verdict == Verdict::Undecided) {
        tally.undecided += 1;
        println!("UNDECIDED: the history of {division} was too hard for its limit");
    }
    Ok(())
}
