//! Document types of the double: which rows a line touches and what each transition does.

/// A transition: name, from, to, phase.
pub struct Transition(
    pub &'static str,
    pub &'static str,
    pub &'static str,
    pub Phase,
    pub &'static str,
);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Reserve,
    Pass,
    Final,
    Release,
    Now,
}

/// Which amount of the line: its own, or a field of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Line,
    Planned,
    Procurable,
}

/// A document type.
pub struct Type {
    pub name: &'static str,
    pub initial: &'static str,
    /// Ledger, whether it takes the `to` dimensions.
    pub consumes: &'static [(&'static str, bool, Of)],
    pub grants: &'static [(&'static str, bool, Of)],
    /// What is consumed at once after the grant (sources).
    pub used_up: &'static [(&'static str, bool)],
    /// Made smaller, instead of used.
    pub cuts: &'static [(&'static str, bool)],
    /// What was used is given back, by the last step alone.
    pub restores: &'static [(&'static str, bool)],
    /// Debit, credit, amount.
    pub postings: &'static [(&'static str, &'static str, Of)],
    pub transitions: &'static [Transition],
}

use Of::{Line, Planned, Procurable};
use Phase::{Final, Now, Pass, Release, Reserve};

pub const TYPES: &[Type] = &[
    Type {
        name: "opening",
        initial: "new",
        consumes: &[("INDP", false, Planned)],
        grants: &[
            ("SRC", false, Line),
            ("IND", false, Line),
            ("INDP", false, Line),
            ("PLN", false, Planned),
            ("INDG", false, Procurable),
        ],
        used_up: &[("SRC", false)],
        cuts: &[],
        restores: &[],
        postings: &[
            ("IND", "SRC", Line),
            ("INDP", "CPL", Line),
            ("PLN", "INDP", Planned),
            ("INDG", "CPG", Procurable),
        ],
        transitions: &[Transition("load", "new", "loaded", Now, "system_admin")],
    },
    Type {
        name: "legal_approval",
        initial: "draft",
        consumes: &[],
        grants: &[("SRC", false, Line), ("TOT", false, Line)],
        used_up: &[("SRC", false)],
        cuts: &[],
        restores: &[],
        postings: &[("TOT", "SRC", Line)],
        transitions: &[
            Transition(
                "enter",
                "draft",
                "resolution_entered",
                Reserve,
                "budget_office",
            ),
            Transition(
                "confirm",
                "resolution_entered",
                "effective",
                Final,
                "budget_office",
            ),
        ],
    },
    Type {
        name: "pool_to_office",
        initial: "draft",
        consumes: &[("TOT", false, Line)],
        grants: &[("OFF", true, Line)],
        used_up: &[],
        cuts: &[],
        restores: &[],
        postings: &[("OFF", "TOT", Line)],
        transitions: &[
            Transition("submit", "draft", "submitted", Reserve, "budget_office"),
            Transition("approve", "submitted", "approved", Final, "budget_office"),
        ],
    },
    Type {
        name: "indicator_issue",
        initial: "draft",
        consumes: &[("OFF", false, Line)],
        grants: &[("IND", true, Line), ("INDP", true, Line)],
        used_up: &[],
        cuts: &[],
        restores: &[],
        postings: &[("IND", "OFF", Line), ("INDP", "CPL", Line)],
        transitions: &[
            Transition("submit", "draft", "submitted", Reserve, "business_office"),
            Transition(
                "review",
                "submitted",
                "office_reviewed",
                Pass,
                "business_office",
            ),
            Transition("reject", "submitted", "draft", Release, "business_office"),
            Transition("issue", "office_reviewed", "issued", Final, "budget_office"),
            Transition(
                "reject",
                "office_reviewed",
                "draft",
                Release,
                "budget_office",
            ),
        ],
    },
    Type {
        name: "pay_plan",
        initial: "draft",
        consumes: &[("INDP", false, Line)],
        grants: &[("PLN", false, Line)],
        used_up: &[],
        cuts: &[],
        restores: &[],
        postings: &[("PLN", "INDP", Line)],
        transitions: &[
            Transition("submit", "draft", "submitted", Reserve, "agency_clerk"),
            Transition(
                "review",
                "submitted",
                "agency_reviewed",
                Pass,
                "agency_reviewer",
            ),
            Transition("reject", "submitted", "draft", Release, "agency_reviewer"),
            Transition(
                "review",
                "agency_reviewed",
                "dept_reviewed",
                Pass,
                "dept_reviewer",
            ),
            Transition(
                "review",
                "dept_reviewed",
                "second_reviewed",
                Pass,
                "business_office",
            ),
            Transition(
                "approve",
                "second_reviewed",
                "approved",
                Final,
                "treasury_office",
            ),
        ],
    },
    Type {
        name: "payment",
        initial: "draft",
        consumes: &[("IND", false, Line), ("PLN", false, Line)],
        grants: &[("PAY", true, Line)],
        used_up: &[],
        cuts: &[],
        restores: &[],
        postings: &[("PAY", "IND", Line), ("CPL", "PLN", Line)],
        transitions: &[
            Transition("submit", "draft", "submitted", Reserve, "agency_clerk"),
            Transition(
                "review",
                "submitted",
                "agency_reviewed",
                Pass,
                "agency_reviewer",
            ),
            Transition("reject", "submitted", "draft", Release, "agency_reviewer"),
            Transition("sign", "agency_reviewed", "signed", Pass, "agency_head"),
            Transition("seal", "signed", "sealed", Pass, "payment_centre"),
            Transition("send", "sealed", "sent", Pass, "payment_centre"),
            Transition("receipt", "sent", "paid", Final, "agent_bank"),
        ],
    },
    Type {
        name: "bank_settlement",
        initial: "collected",
        consumes: &[("PAY", true, Line)],
        grants: &[("CLR", true, Line)],
        used_up: &[],
        cuts: &[],
        restores: &[],
        postings: &[("CLR", "PAY", Line)],
        transitions: &[
            Transition("match", "collected", "matched", Reserve, "treasury_office"),
            Transition("settle", "matched", "settled", Final, "treasury_bank"),
        ],
    },
    Type {
        name: "project_virement",
        initial: "draft",
        consumes: &[],
        grants: &[("IND", true, Line), ("INDP", true, Line)],
        used_up: &[],
        cuts: &[("IND", false), ("INDP", false)],
        restores: &[],
        postings: &[("IND", "IND", Line), ("INDP", "INDP", Line)],
        transitions: &[
            Transition("submit", "draft", "submitted", Reserve, "dept_reviewer"),
            Transition(
                "review",
                "submitted",
                "dept_reviewed",
                Pass,
                "dept_reviewer",
            ),
            Transition(
                "approve",
                "dept_reviewed",
                "approved",
                Final,
                "business_office",
            ),
        ],
    },
    Type {
        name: "indicator_reduction",
        initial: "draft",
        consumes: &[],
        grants: &[],
        used_up: &[],
        cuts: &[("IND", false), ("INDP", false)],
        restores: &[("OFF", true)],
        postings: &[("OFF", "IND", Line), ("CPL", "INDP", Line)],
        transitions: &[
            Transition("submit", "draft", "submitted", Reserve, "business_office"),
            Transition("review", "submitted", "reviewed", Pass, "business_office"),
            Transition("approve", "reviewed", "approved", Final, "budget_office"),
        ],
    },
];

pub fn type_named(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|t| t.name == name)
}

/// Dimensions of a ledger's rows.
pub fn dimensions(ledger: &str) -> &'static [&'static str] {
    match ledger {
        "SRC" | "TOT" => &[
            "fund_type",
            "source_type",
            "budget_level",
            "exp_func",
            "pro_code",
            "marks",
        ],
        "OFF" => &[
            "fund_type",
            "source_type",
            "budget_level",
            "exp_func",
            "office",
            "pro_code",
            "gov_econ",
            "marks",
        ],
        "PAY" | "CLR" => &[
            "agency_code",
            "fund_type",
            "source_type",
            "budget_level",
            "exp_func",
            "office",
            "dept",
            "pro_code",
            "gov_econ",
            "dept_econ",
            "pay_mode",
            "month",
            "marks",
        ],
        _ => &[
            "agency_code",
            "fund_type",
            "source_type",
            "budget_level",
            "exp_func",
            "office",
            "dept",
            "pro_code",
            "gov_econ",
            "pay_mode",
            "marks",
        ],
    }
}
