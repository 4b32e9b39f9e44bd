//! What a comparison came to, as `compare.json` has it, and the verdict.

use super::play::Slice;
use super::search::{Best, Held};
use super::system::{Load, System, USERS_GOAL};
use crate::scenario::median;
use hubu_load::audit::Settlement;
use hubu_load::report::Platform;
use serde::Serialize;
use serde_json::Value;

/// Version of `compare.json`; a change of meaning raises it.
pub(super) const SCHEMA: &str = "hubu-compare/1";

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(super) schema: &'static str,
    pub(super) platform: Platform,
    pub(super) settings: Settings,
    pub(super) systems: Vec<Facts>,
    pub(super) cells: Vec<Cell>,
    pub(super) users: Vec<Held>,
    pub(super) audits: Vec<Audit>,
    pub(super) goals: Vec<Goal>,
    /// Whether somebody stopped it before its end.
    pub(super) was_interrupted: bool,
    /// From the first server's start to the last audit.
    pub(super) total_seconds: f64,
}

/// How it was done.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Settings {
    pub(super) rounds: usize,
    /// Of one slice.
    pub(super) seconds: f64,
    pub(super) warm_seconds: f64,
    pub(super) agencies: u32,
    /// Rows of every system.
    pub(super) rows: u64,
    /// Rows that a uniform load pays from.
    pub(super) indicators: u64,
    /// Mean think time of the users that are held.
    pub(super) think_seconds: f64,
    /// What their p99 may be.
    pub(super) p99_ms: f64,
}

/// One system.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) system: System,
    pub(super) letter: &'static str,
    pub(super) name: &'static str,
    /// Its PostgreSQL's settings, or null.
    pub(super) postgres: Value,
}

/// One system under one load, saturated.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub(super) system: System,
    pub(super) load: Load,
    pub(super) best: Best,
    /// Payments a second: the median of the slices, and the lowest and the highest.
    pub(super) rate: f64,
    pub(super) rate_min: f64,
    pub(super) rate_max: f64,
    /// Over all slices.
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Medians.
    pub(super) cpu_us: f64,
    pub(super) client_cpu_us: f64,
    /// The highest of all slices.
    pub(super) bystanders_share: f64,
    /// The median rate, as so many times that of row locks in the same run.
    pub(super) ratio: Option<f64>,
    pub(super) slices: Vec<Slice>,
}

/// One system's audit.
#[derive(Debug, Serialize)]
pub(super) struct Audit {
    pub(super) system: System,
    pub(super) is_clean: bool,
    pub(super) settlement: Option<Settlement>,
    /// Why there is none.
    pub(super) error: Option<String>,
}

/// What is wanted of one figure, and what it came to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Goal {
    pub(super) system: System,
    /// The load, or `users`.
    pub(super) of: &'static str,
    pub(super) goal: f64,
    pub(super) value: f64,
    pub(super) is_met: bool,
}

impl Cell {
    /// The slices of one system under one load, taken together.
    pub(super) fn of(system: System, load: Load, best: Best, slices: Vec<Slice>) -> Cell {
        let rates: Vec<f64> = slices.iter().map(|slice| slice.rate).collect();
        let middle = |of: fn(&Slice) -> f64| median(&slices.iter().map(of).collect::<Vec<_>>());
        let mut latency = slices.iter().map(|slice| slice.latency.clone());
        let all = latency.next().map(|mut all| {
            // Same bounds on both sides: adding cannot fail.
            latency.for_each(|one| all.add(one).unwrap_or_default());
            all
        });
        let ms = |quantile| {
            all.as_ref()
                .map_or(0.0, |all| all.value_at_quantile(quantile) as f64 / 1e3)
        };
        Cell {
            system,
            load,
            best,
            rate: median(&rates),
            rate_min: rates.iter().copied().fold(f64::INFINITY, f64::min),
            rate_max: rates.iter().copied().fold(0.0, f64::max),
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            cpu_us: middle(|slice| slice.cpu_us),
            client_cpu_us: middle(|slice| slice.client_cpu_us),
            bystanders_share: slices
                .iter()
                .map(|s| s.bystanders_share)
                .fold(0.0, f64::max),
            ratio: None,
            slices,
        }
    }

    /// Requests that were neither done nor refused.
    pub(super) fn unsound(&self) -> u64 {
        self.slices
            .iter()
            .map(|slice| slice.failed + slice.shed)
            .sum()
    }
}

impl Comparison {
    /// Fills in the ratios to row locks, and holds them to the goals.
    pub(super) fn judge(&mut self) {
        let rates: Vec<(Load, f64)> = self.of_row_locks();
        for cell in &mut self.cells {
            let base = rates.iter().find(|(load, _)| *load == cell.load);
            cell.ratio = base
                .filter(|(_, rate)| *rate > 0.0)
                .map(|(_, rate)| cell.rate / rate);
        }
        self.goals.clear();
        for cell in self.cells.iter().filter(|cell| cell.system.is_hubu()) {
            let Some(value) = cell.ratio else { continue };
            let goal = cell.load.goal();
            self.goals.push(Goal {
                system: cell.system,
                of: cell.load.name(),
                goal,
                value,
                is_met: value >= goal && cell.unsound() == 0,
            });
        }
        for held in self.users.iter().filter(|held| held.system.is_hubu()) {
            let Some(value) = self.users_ratio(held) else {
                continue;
            };
            self.goals.push(Goal {
                system: held.system,
                of: "users",
                goal: USERS_GOAL,
                value,
                is_met: value >= USERS_GOAL,
            });
        }
    }

    fn of_row_locks(&self) -> Vec<(Load, f64)> {
        let row_locks = self
            .cells
            .iter()
            .filter(|cell| cell.system == System::RowLock);
        row_locks.map(|cell| (cell.load, cell.rate)).collect()
    }

    /// How many times the users of row locks; `None` where those hold nobody or were not asked.
    pub(super) fn users_ratio(&self, held: &Held) -> Option<f64> {
        let base = self
            .users
            .iter()
            .find(|held| held.system == System::RowLock)?;
        (base.users > 0).then(|| held.users as f64 / base.users as f64)
    }

    /// Whether every audit is clean.
    pub(crate) fn is_clean(&self) -> bool {
        !self.audits.is_empty() && self.audits.iter().all(|audit| audit.is_clean)
    }

    /// The lower of Hubu's two values for a goal, with each; `None` where a ratio could not be had.
    pub(crate) fn lowest(&self, of: &str) -> Option<(f64, Vec<(&'static str, f64)>)> {
        let found = self.goals.iter().filter(|goal| goal.of == of);
        let each: Vec<_> = found
            .map(|goal| (goal.system.letter(), goal.value))
            .collect();
        let lowest = each.iter().map(|(_, value)| *value).reduce(f64::min)?;
        Some((lowest, each))
    }

    /// 0 when all holds; 11 an audit failed, 12 somebody stopped it, 10 a goal was missed or a request failed.
    pub(super) fn exit(&self) -> u8 {
        let is_met = self.goals.iter().all(|goal| goal.is_met);
        let is_sound = self.cells.iter().all(|cell| cell.unsound() == 0);
        match () {
            () if !self.is_clean() => 11,
            () if self.was_interrupted => 12,
            () if is_met && is_sound => 0,
            () => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubu_load::measure::decode;

    fn cell(system: System, rates: &[f64]) -> Cell {
        let slice = |rate: &f64| Slice {
            rate: *rate,
            p50_ms: 1.0,
            p99_ms: 1.0,
            max_ms: 1.0,
            cpu_us: 1.0,
            client_cpu_us: 1.0,
            bystanders_share: 0.0,
            connected: 1,
            refused: 0,
            shed: 0,
            failed: 0,
            failures: Vec::new(),
            latency: decode("").unwrap(),
        };
        let best = Best {
            connections: 1,
            size: 0,
        };
        Cell::of(system, Load::Hot1, best, rates.iter().map(slice).collect())
    }

    fn comparison(cells: Vec<Cell>) -> Comparison {
        let audit = |system| Audit {
            system,
            is_clean: true,
            settlement: None,
            error: None,
        };
        let mut made = Comparison {
            schema: SCHEMA,
            platform: Platform::default(),
            settings: Settings {
                rounds: 3,
                seconds: 1.0,
                warm_seconds: 0.0,
                agencies: 1,
                rows: 7,
                indicators: 1,
                think_seconds: 1.0,
                p99_ms: 200.0,
            },
            systems: Vec::new(),
            audits: cells.iter().map(|cell| audit(cell.system)).collect(),
            cells,
            users: Vec::new(),
            goals: Vec::new(),
            was_interrupted: false,
            total_seconds: 0.0,
        };
        made.judge();
        made
    }

    #[test]
    fn ratios_are_of_medians_and_goals_are_held_to() {
        let both = |hubu: f64| {
            comparison(vec![
                cell(System::HubuFile, &[hubu, 9.9, 9e9]),
                cell(System::RowLock, &[1.0, 9.0, 2.0]),
            ])
        };
        let (met, missed) = (both(44.0), both(30.0));
        assert_eq!(met.lowest("hot1"), Some((22.0, vec![("a", 22.0)])));
        assert_eq!((met.exit(), missed.exit()), (0, 10));
        assert_eq!(missed.lowest("users"), None);
    }

    #[test]
    fn an_audit_outweighs_every_ratio_and_failures_are_not_met() {
        let mut lost = comparison(vec![
            cell(System::HubuFile, &[50.0]),
            cell(System::RowLock, &[1.0]),
        ]);
        lost.audits[1].is_clean = false;
        assert_eq!(lost.exit(), 11);
        lost.audits.clear();
        assert_eq!(lost.exit(), 11, "what was not audited is not clean");
        let mut failing = comparison(vec![cell(System::RowLock, &[1.0])]);
        failing.cells[0].slices[0].failed = 1;
        assert_eq!(failing.exit(), 10);
        failing.was_interrupted = true;
        assert_eq!(failing.exit(), 12);
    }
}
