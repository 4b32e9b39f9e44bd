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
