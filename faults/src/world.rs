//! The small world of the trials: the budget in `faults/world`, and commands in it.

use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::AeadKind;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::command::{Act, Action, Command, Enter};
use hubu_core::fields::key::FieldKey;
use hubu_core::fields::keyring::{Fields, Keyring};
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{Division, DocumentId, FieldId, LedgerId, TransitionId, TypeId, Year};
use hubu_kernel::money::Cents;
use std::sync::Arc;

/// Counties; each has one agency.
pub(crate) const COUNTIES: usize = 2;

/// Projects of an agency; each is one row of every ledger.
pub(crate) const PROJECTS: usize = 4;

/// When trials begin: 2026-03-02 09:00 in Beijing, in milliseconds since 1970-01-01 UTC.
pub(crate) const MARCH_MS: u64 = 1_772_413_200_000;

/// The one fiscal year.
pub(crate) const YEAR: Year = Year(2026);

/// The ledger that money is spent from and moved within.
pub(crate) const BUDGET: LedgerId = LedgerId(2);

const FILES: [(&str, &str); 8] = [
    ("dimensions.toml", include_str!("../world/dimensions.toml")),
    ("ledgers.toml", include_str!("../world/ledgers.toml")),
    ("roles.toml", include_str!("../world/roles.toml")),
    ("params.toml", include_str!("../world/params.toml")),
    ("divisions.csv", include_str!("../world/divisions.csv")),
    (
        "documents/opening.toml",
        include_str!("../world/documents/opening.toml"),
    ),
    (
        "documents/payment.toml",
        include_str!("../world/documents/payment.toml"),
    ),
    (
        "documents/virement.toml",
        include_str!("../world/documents/virement.toml"),
    ),
];

/// Kinds of documents, by their `id` in `faults/world/documents`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// Gives rows their money, in one step.
    Opening = 1,
    /// Spends from a row.
    Payment = 2,
    /// Moves from a row to another.
    Virement = 3,
}

/// Steps of payments and virements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    /// Reserves.
    Submit,
    /// Makes it final.
    Pay,
    /// Lets it go.
    Withdraw,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Step::Submit => "submit",
            Step::Pay => "pay",
            Step::Withdraw => "withdraw",
        }
    }
}

/// A line: so much from a project's row, and, in a virement, to another's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Part {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// In 分.
    pub(crate) fen: i64,
}

/// What somebody asks, in the trials' own words.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Ask {
    /// A new document; openings are loaded at once.
    Enter {
        kind: Kind,
        county: usize,
        parts: Vec<Part>,
        submit: bool,
    },
    /// A step of one.
    Act {
        county: usize,
        document: DocumentId,
        step: Step,
        version: Option<u32>,
    },
}

/// The budget as data.
pub(crate) fn sources() -> Sources {
    let mut sources = Sources::new();
    for (path, text) in FILES {
        sources.insert(path, text);
    }
    sources
}

/// A county's division.
pub(crate) fn division(county: usize) -> Division {
    Division(420_106_000 + 1000 * county as u32)
}

/// The dimensions of a project's row.
pub(crate) fn dims(county: usize, project: usize) -> Vec<Dimension> {
    let agency = format!("{}{:012}", division(county).0, 1);
    let project = format!("{project:02}");
    let dim = |(code, value): (u8, String)| Dimension {
        code,
        value: value.into(),
    };
    [(1, agency), (2, project)].into_iter().map(dim).collect()
}

/// An official of a county, who may do everything there: what roles may do is tried elsewhere.
pub(crate) fn official(county: usize) -> Arc<Actor> {
    Arc::new(Actor {
        name: format!("official-{county}").into(),
        roles: 1,
        division: division(county),
        ..Actor::default()
    })
}

impl Ask {
    /// The county whose official asks.
    pub(crate) fn county(&self) -> usize {
        match self {
            Ask::Enter { county, .. } | Ask::Act { county, .. } => *county,
        }
    }

    /// The command that asks it under a key.
    pub(crate) fn command(&self, key: &str) -> Command {
        let action = match self {
            Ask::Enter {
                kind,
                county,
                parts,
                submit,
            } => Action::Enter(enter(*kind, *county, parts, *submit)),
            Ask::Act {
                document,
                step,
                version,
                ..
            } => Action::Act(Act {
                document: *document,
                transition: step.name().into(),
                if_match: *version,
                fields: Vec::new(),
                lines: None,
                signature: None,
            }),
        };
        Command {
            key: key.into(),
            actor: official(self.county()),
            trace: None,
            action,
        }
    }
}

/// Who is paid: a sensitive field, which stands in the journal as ciphertext.
fn payee(county: usize) -> Field {
    Field {
        id: FieldId(1),
        value: Value::Text(format!("payee-{county}").into()),
    }
}

/// What sensitive fields are sealed with: the same in every run.
pub(crate) fn fields() -> Fields {
    let key = FieldKey::new(1, AeadKind::Sm4Gcm, &[7; 16]);
    let ring = key.map(|key| Keyring::new(vec![key]));
    match ring {
        Ok(Ok(ring)) => Fields::Sealed(Arc::new(ring)),
        _ => Fields::default(),
    }
}

fn enter(kind: Kind, county: usize, parts: &[Part], submit: bool) -> Enter {
    // The first step of every kind.
    let first = TransitionId(0);
    let line = |part: &Part| Line {
        amount: Cents(part.fen),
        dims: dims(county, part.from),
        to: match kind {
            Kind::Virement => dims(county, part.to),
            Kind::Opening | Kind::Payment => Vec::new(),
        },
        ..Line::default()
    };
    Enter {
        kind: TypeId(kind as u16),
        division: division(county),
        year: YEAR,
        agency: "".into(),
        fields: match kind {
            Kind::Payment => vec![payee(county)],
            Kind::Opening | Kind::Virement => Vec::new(),
        },
        lines: parts.iter().map(line).collect(),
        links: Vec::new(),
        transition: (submit || kind == Kind::Opening).then_some(first),
    }
}
