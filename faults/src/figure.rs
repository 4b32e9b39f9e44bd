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
