//! The figures: key, what it counts, and the goal.

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// This much or more: how hard it was tried.
    AtLeast(f64),
    /// This much or less.
    AtMost(f64),
    /// Nothing of it, ever: a promise.
    Never,
    /// None: it is told for the reader.
    Shown,
}

/// One figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    /// Its name in `faults.json`.
    pub(crate) key: &'static str,
    pub(crate) goal: Goal,
    pub(crate) what: &'static str,
}

/// All figures, in the order of the table.
pub(crate) const FIGURES: &[Figure] = &[
    figure("sim_seeds", Goal::AtLeast(10_000.0), "seeds simulated"),
    figure("sim_crashes", Goal::Shown, "crashes in them"),
    figure(
        "sim_faults",
        Goal::Shown,
        "operations of the disk that failed",
    ),
    figure(
        "sim_full",
        Goal::Shown,
        "batches that found the disk or the database full, and waited for room",
    ),
    figure(
        "sim_hours",
        Goal::Shown,
        "hours that the simulated clocks went on",
    ),
    figure(
        "sim_told",
        Goal::Shown,
        "answers told, and found again after each crash",
    ),
    figure("sim_rots", Goal::Shown, "disks of which one bit rotted"),
    figure(
        "crash_points",
        Goal::AtLeast(200.0),
        "operations of one run, each with a crash before it",
    ),
    figure(
        "crash_states",
        Goal::AtLeast(1_000.0),
        "combinations of what had reached the disk by then",
    ),
    figure(
        "crash_archive_points",
        Goal::AtLeast(200.0),
        "operations of the archive's store, recorded, each with a crash before it",
    ),
    figure(
        "crash_archive_states",
        Goal::AtLeast(1_000.0),
        "combinations of what had reached the disk by then",
    ),
    figure(
        "crash_broken",
        Goal::Never,
        "runs of which one did not come back right",
    ),
    figure(
        "interleavings",
        Goal::AtLeast(10_000.0),
        "orders in which the engine's threads were run",
    ),
    figure(
        "interleavings_broken",
        Goal::Never,
        "scenarios of which one order broke a promise, or stood still",
    ),
    figure("mutants", Goal::AtLeast(20.0), "mistakes made on purpose"),
    figure(
        "mutants_missed",
        Goal::Never,
        "mistakes that nothing noticed",
    ),
    figure("sim_broken", Goal::Never, "seeds that broke a promise"),
    figure(
        "kill_server",
        Goal::AtLeast(200.0),
        "servers killed with SIGKILL under load or while they started, on file and PostgreSQL",
    ),
    figure(
        "kill_database",
        Goal::AtLeast(20.0),
        "databases killed under load: shut down at once, or SIGKILL for all of their processes",
    ),
    figure(
        "kill_database_faults",
        Goal::AtLeast(15.0),
        "databases stopped, paused, with a full disk or with their connections cut, under load",
    ),
    figure(
        "kill_settled",
        Goal::AtLeast(10_000_000.0),
        "acknowledged commands found in the feed exactly once, with the effect that was acknowledged",
    ),
    figure(
        "kill_unknown",
        Goal::Shown,
        "commands without an answer, settled by repeating their keys",
    ),
    figure(
        "kill_lost",
        Goal::Never,
        "acknowledged, and gone after a fault",
    ),
    figure(
        "kill_doubled",
        Goal::Never,
        "there twice, or there and asked for by nobody",
    ),
    figure(
        "kill_torn",
        Goal::Never,
        "there in part: lines, commands of an atomic batch, sums of rows",
    ),
    figure(
        "kill_wrong",
        Goal::Never,
        "repeats answered otherwise, answers after the latch, starts refused, journals not whole",
    ),
    figure(
        "writers_tried",
        Goal::AtLeast(8.0),
        "ways in which a second or stale writer was let loose",
    ),
    figure(
        "stale_writes",
        Goal::Never,
        "records that a writer added after another had taken over",
    ),
    figure(
        "failovers",
        Goal::AtLeast(20.0),
        "kills of the primary under load, each taken over by the standby",
    ),
    figure(
        "failover_p50_s",
        Goal::Shown,
        "from the kill to the first acknowledgement, in the middle (lease 3 s)",
    ),
    figure(
        "failover_max_s",
        Goal::AtMost(5.0),
        "the same, at worst (lease 3 s)",
    ),
    figure(
        "failover_settled",
        Goal::Shown,
        "payments without an answer that a repeat settled",
    ),
    figure(
        "failover_promotion_s",
        Goal::Shown,
        "the same as above where PostgreSQL's primary dies and its synchronous standby is promoted",
    ),
    figure(
        "failover_lost",
        Goal::Never,
        "acknowledged payments that were gone after a failover",
    ),
    figure(
        "failover_doubled",
        Goal::Never,
        "payments that took effect twice through a failover",
    ),
    figure(
        "flood_goodput_ratio",
        Goal::AtLeast(0.9),
        "accepted a second at 10 x the capacity, of that at capacity",
    ),
    figure(
        "flood_p99_ratio",
        Goal::AtMost(2.0),
        "p99 of what is accepted then, of that at capacity",
    ),
    figure(
        "flood_refusal_p99_ms",
        Goal::Shown,
        "p99 of 503 to who asks in time",
    ),
    figure(
        "flood_connections",
        Goal::AtLeast(40_000.0),
        "opened in 10 s, open and answered at once",
    ),
    figure(
        "flood_peak_memory_mb",
        Goal::Shown,
        "most memory, of the scenario nearest to its bound, MiB",
    ),
    figure(
        "flood_memory_bound_mb",
        Goal::Shown,
        "that scenario's bound, from its settings, MiB",
    ),
    figure(
        "flood_memory_over",
        Goal::Never,
        "scenarios with more memory than the bound",
    ),
    figure(
        "flood_recovery_s",
        Goal::AtMost(5.0),
        "after a flood, until commands are as quick as before",
    ),
    figure(
        "flood_probes",
        Goal::Shown,
        "/readyz and /metrics asked during floods",
    ),
    figure(
        "flood_probe_slowest_ms",
        Goal::Shown,
        "the slowest of these",
    ),
    figure(
        "flood_probe_failed",
        Goal::Never,
        "these without 200 in 20 s",
    ),
    figure(
        "flood_wrong_answers",
        Goal::Never,
        "answers, closes and effects that should not be",
    ),
    figure(
        "flood_lost",
        Goal::Never,
        "分 between the row and all that was acknowledged",
    ),
    figure(
        "damaged_folders",
        Goal::Shown,
        "damaged data folders started",
    ),
    figure(
        "damaged_wrong",
        Goal::Never,
        "of them served with a state that is not the truth",
    ),
    figure(
        "access_cells",
        Goal::AtLeast(100_000.0),
        "cells asked of a real server: route or step, role and scope",
    ),
    figure(
        "access_refused",
        Goal::Shown,
        "of them refused, as all that the table does not allow",
    ),
    figure(
        "access_wrong",
        Goal::Never,
        "cells answered otherwise than docs/access.md says",
    ),
    figure("fuzz_targets", Goal::Shown, "parsers given hostile bytes"),
    figure("fuzz_guided", Goal::Shown, "of them guided by coverage"),
    figure("fuzz_executions", Goal::AtLeast(1e6), "hostile inputs"),
    figure("fuzz_crashes", Goal::Never, "of them that broke something"),
    figure(
        "histories_checked",
        Goal::AtLeast(50.0),
        "histories of clients under faults, each decided for strict serializability",
    ),
    figure("histories_operations", Goal::Shown, "operations in them"),
    figure(
        "histories_unheard",
        Goal::Shown,
        "of these never answered: they may have taken effect at any time, or never",
    ),
    figure(
        "histories_sums_read",
        Goal::Shown,
        "reads of a city's sums while money moved below it",
    ),
    figure(
        "histories_kills",
        Goal::Shown,
        "kills of the server meanwhile",
    ),
    figure(
        "histories_cuts",
        Goal::Shown,
        "connections cut by the proxy meanwhile",
    ),
    figure(
        "histories_undecided",
        Goal::AtMost(0.0),
        "histories that were too hard to decide",
    ),
    figure(
        "histories_broken",
        Goal::Never,
        "histories that no order explains, and sums that lacked money",
    ),
];

const fn figure(key: &'static str, goal: Goal, what: &'static str) -> Figure {
    Figure { key, goal, what }
}

impl Goal {
    /// Whether `value` is what was promised; what is only tried hard is not a promise.
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Goal::AtLeast(least) => value >= least,
            Goal::AtMost(most) => value <= most,
            Goal::Never => value == 0.0,
            Goal::Shown => true,
        }
    }

    /// As the table shows it.
    pub(crate) fn text(self) -> String {
        match self {
            Goal::AtLeast(least) => format!(">= {least}"),
            Goal::AtMost(most) => format!("<= {most}"),
            Goal::Never => "0".into(),
            Goal::Shown => "-".into(),
        }
    }
}
