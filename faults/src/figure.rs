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
