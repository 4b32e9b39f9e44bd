//! How large a comparison is.

use super::outcome::Settings;
use super::play::Pace;
use super::search::Reach;
use super::system::{Load, System};
use hubu_load::world::World;

/// Sizes and times.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(super) agencies: u32,
    /// Rows of the world at least, as Hubu counts them.
    pub(super) rows: u32,
    pub(super) rounds: usize,
    pub(super) slice_seconds: f64,
    pub(super) warm_seconds: f64,
    pub(super) reach: Reach,
    /// Numbers of users tried for each system; 0 leaves them out.
    pub(super) tries: usize,
    pub(super) think_seconds: f64,
    /// What the p99 of users that are held may be.
    pub(super) p99_ms: f64,
    /// Window of one number of users.
    pub(super) users_seconds: f64,
    /// How fast users come.
    users_a_second: f64,
    /// The most users that are tried, and of those that one table of descriptors must hold.
    most: usize,
    most_of_one_table: usize,
}

impl Scale {
    /// As promised: below eight minutes.
    pub(crate) fn full() -> Scale {
        Scale {
            agencies: 2_000,
            rows: 70_000,
            rounds: 4,
            slice_seconds: 2.0,
            warm_seconds: 0.5,
            reach: Reach {
                connections: &[16, 64, 256, 1024],
                pools: &[1, 2, 4, 8, 16, 32, 64],
                writers: &[1, 2, 4, 8],
                warm_seconds: 0.3,
                seconds: 0.8,
            },
            tries: 5,
            think_seconds: 1.0,
            p99_ms: 200.0,
            users_seconds: 3.0,
            users_a_second: 10_000.0,
            most: 35_000,
            most_of_one_table: 19_000,
        }
    }

    /// Does it run at all?
    pub(crate) fn smoke() -> Scale {
        Scale {
            agencies: 60,
            rows: 700,
            rounds: 1,
            slice_seconds: 0.5,
            warm_seconds: 0.1,
            reach: Reach {
                connections: &[16],
                pools: &[2, 4],
                writers: &[1],
                warm_seconds: 0.1,
                seconds: 0.2,
            },
            tries: 2,
            // A smoke test fails on no clock.
            p99_ms: f64::INFINITY,
            users_seconds: 0.5,
            most: 64,
            most_of_one_table: 64,
            ..Scale::full()
        }
    }

    /// The most users that are tried with a system. The servers that Hubu is compared with hold all their connections in
    /// one table of descriptors.
    pub(super) fn users_most(&self, system: System) -> usize {
        if system.is_hubu() {
            self.most
        } else {
            self.most_of_one_table
        }
    }

    /// A slice without think time.
    pub(super) fn saturated(&self, load: Load, clerks: usize) -> Pace {
        Pace {
            load,
            clerks,
            think_seconds: 0.0,
            ramp_seconds: 0.0,
            warm_seconds: self.warm_seconds,
            seconds: self.slice_seconds,
        }
    }

    /// A slice of users with one hot row. They come slowly enough that coming is not what is measured, and have all asked
    /// once before the window.
    pub(super) fn thinking(&self, clerks: usize) -> Pace {
        Pace {
            load: Load::Hot1,
            clerks,
            think_seconds: self.think_seconds,
            ramp_seconds: (clerks as f64 / self.users_a_second).max(0.3),
            warm_seconds: self.think_seconds * 1.5,
            seconds: self.users_seconds,
        }
    }

    /// What the report says of it.
    pub(super) fn settings(&self, world: &World) -> Settings {
        Settings {
            rounds: self.rounds,
            seconds: self.slice_seconds,
            warm_seconds: self.warm_seconds,
            agencies: self.agencies,
            rows: world.opened_rows(),
            indicators: world.indicators(),
            think_seconds: self.think_seconds,
            p99_ms: self.p99_ms,
        }
    }
}
