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
    Figure {
        key: "damaged_folders",
        goal: Goal::Shown,
        what: "damaged data folders started",
    },
    Figure {
        key: "damaged_wrong",
        goal: Goal::Never,
        what: "of them served with a state that is not the truth",
    },
    Figure {
        key: "fuzz_targets",
        goal: Goal::Shown,
        what: "parsers given hostile bytes",
    },
    Figure {
        key: "fuzz_guided",
        goal: Goal::Shown,
        what: "of them guided by coverage",
    },
    Figure {
        key: "fuzz_executions",
        goal: Goal::AtLeast(1e6),
        what: "hostile inputs",
    },
    Figure {
        key: "fuzz_crashes",
        goal: Goal::Never,
        what: "of them that broke something",
    },
];

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
