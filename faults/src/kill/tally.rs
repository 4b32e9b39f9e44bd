//! What was tried and what came of it.

use super::plan::Fault;
use crate::report::Report;
use std::collections::BTreeMap;

/// How many broken promises are told one by one.
const TOLD: u64 = 40;

/// A way in which a promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breach {
    Lost,
    Doubled,
    Torn,
    Wrong,
}

/// All that a run counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) server_kills: u64,
    pub(super) faults: BTreeMap<Fault, u64>,
    /// Acknowledged commands found exactly once, with their effect.
    pub(super) settled: u64,
    /// Commands whose answer was open and that were repeated.
    pub(super) unknown: u64,
    /// Of them, those that had taken effect.
    pub(super) unknown_done: u64,
    breaches: BTreeMap<Breach, u64>,
}

impl Tally {
    /// Notes broken promises, and tells the first of them.
    pub(super) fn breach(&mut self, breach: Breach, count: u64, what: &str) {
        if count == 0 {
            return;
        }
        if self.breaches.values().sum::<u64>() < TOLD {
            println!("BROKEN: {breach:?} ({count}): {what}");
        }
        *self.breaches.entry(breach).or_default() += count;
    }

    pub(super) fn broken(&self, breach: Breach) -> u64 {
        self.breaches.get(&breach).copied().unwrap_or_default()
    }

    pub(super) fn holds(&self) -> bool {
        self.breaches.is_empty()
    }

    fn faults(&self, is_wanted: impl Fn(Fault) -> bool) -> u64 {
        let wanted = self.faults.iter().filter(|(fault, _)| is_wanted(**fault));
        wanted.map(|(_, count)| count).sum()
    }

    pub(super) fn put(&self, report: &mut Report) {
        for (fault, count) in &self.faults {
            println!("{count} x {}", fault.name());
        }
        let done = self.unknown_done;
        println!(
            "of {} commands without an answer {done} had taken effect",
            self.unknown
        );
        let figures = [
            ("kill_server", self.server_kills),
            ("kill_database", self.faults(Fault::kills_database)),
            (
                "kill_database_faults",
                self.faults(|f| f.is_of_database() && !f.kills_database()),
            ),
            ("kill_settled", self.settled),
            ("kill_unknown", self.unknown),
            ("kill_lost", self.broken(Breach::Lost)),
            ("kill_doubled", self.broken(Breach::Doubled)),
            ("kill_torn", self.broken(Breach::Torn)),
            ("kill_wrong", self.broken(Breach::Wrong)),
        ];
        for (key, value) in figures {
            report.put(key, value as f64);
        }
    }
}
