//! What the engine should be, in the plainest terms: rows and documents in maps, one command at a time.
//!
//! It shares nothing with the engine but the words of `world`. Amounts are in 分.

use crate::world::{Ask, Kind, Part, Step};
use hubu_kernel::ident::DocumentId;
use std::collections::BTreeMap;

/// A row of the budget, by county and project.
pub(crate) type Place = (usize, usize);

/// Approved, used, decreasing, increasing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Row {
    pub(crate) approved: i64,
    pub(crate) used: i64,
    pub(crate) decreasing: i64,
    pub(crate) increasing: i64,
}

/// Where a document stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Draft,
    Submitted,
    /// It has ended.
    Paid,
}

/// A document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) county: usize,
    pub(crate) parts: Vec<Part>,
    pub(crate) state: State,
    pub(crate) version: u32,
}

/// What an answer should say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// The document stands so now; it has this number, if it is new.
    Done {
        state: State,
        version: u32,
        number: Option<u64>,
    },
    /// There is no such step from where it stands.
    WrongState,
    /// Its version is another.
    StaleVersion,
    /// A row has not what is asked of it.
    Row,
    /// It has ended, or never was: no answer, and no key is spent.
    Undecided,
}

/// See the module.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Model {
    pub(crate) rows: BTreeMap<Place, Row>,
    pub(crate) documents: BTreeMap<u64, Document>,
    /// Numbers given, by county and kind.
    numbers: BTreeMap<(usize, u16), u64>,
}

impl Model {
    /// Decides; a new document gets the name that `named` says.
    pub(crate) fn decide(&mut self, ask: &Ask, named: Option<DocumentId>) -> Verdict {
        match ask {
            Ask::Enter {
                kind,
                county,
                parts,
                submit,
            } => self.enter(*kind, *county, parts, *submit, named),
            Ask::Act {
                document,
                step,
                version,
                ..
            } => self.act(*document, *step, *version),
        }
    }

    fn enter(
        &mut self,
        kind: Kind,
        county: usize,
        parts: &[Part],
        submit: bool,
        named: Option<DocumentId>,
    ) -> Verdict {
        let document = Document {
            kind,
            county,
            parts: parts.to_vec(),
            state: match (kind, submit) {
                (Kind::Opening, _) => State::Paid,
                (_, true) => State::Submitted,
                (_, false) => State::Draft,
            },
            version: 1,
        };
        match (kind, submit) {
            (Kind::Opening, _) => {
                for part in parts {
                    self.row(county, part.from).approved += part.fen;
                }
            }
            (_, true) if !self.reserve(&document) => return Verdict::Row,
            _ => {}
        }
        let number = self.numbers.entry((county, kind as u16)).or_default();
        *number += 1;
        let verdict = Verdict::Done {
            state: document.state,
            version: 1,
            number: Some(*number),
        };
        if let Some(named) = named {
            self.documents.insert(named.0, document);
        }
        verdict
    }

    fn act(&mut self, id: DocumentId, step: Step, version: Option<u32>) -> Verdict {
        let Some(mut document) = self.documents.get(&id.0).cloned() else {
            return Verdict::Undecided;
        };
        let to = match (document.state, step) {
            (State::Paid, _) => return Verdict::Undecided,
            (State::Draft, Step::Submit) => State::Submitted,
            (State::Submitted, Step::Pay) => State::Paid,
            (State::Submitted, Step::Withdraw) => State::Draft,
            _ => return Verdict::WrongState,
        };
        if version.is_some_and(|version| version != document.version) {
            return Verdict::StaleVersion;
        }
        match step {
            Step::Submit if !self.reserve(&document) => return Verdict::Row,
            Step::Submit => {}
            Step::Pay => self.settle(&document),
            Step::Withdraw => self.release(&document),
        }
        document.state = to;
        document.version += 1;
        let verdict = Verdict::Done {
            state: to,
            version: document.version,
            number: None,
        };
        self.documents.insert(id.0, document);
        verdict
    }

    fn row(&mut self, county: usize, project: usize) -> &mut Row {
        self.rows.entry((county, project)).or_default()
    }

    /// Takes what it asks from what is available, if every row has it.
    fn reserve(&mut self, document: &Document) -> bool {
        let mut asked: BTreeMap<usize, i64> = BTreeMap::new();
        for part in &document.parts {
            *asked.entry(part.from).or_default() += part.fen;
        }
        for (project, fen) in &asked {
            let row = self.rows.get(&(document.county, *project));
            let row = row.copied().unwrap_or_default();
            if row.approved - row.used - row.decreasing < *fen {
                return false;
            }
        }
        for part in &document.parts {
            self.row(document.county, part.from).decreasing += part.fen;
            if document.kind == Kind::Virement {
                self.row(document.county, part.to).increasing += part.fen;
            }
        }
        true
    }

    fn settle(&mut self, document: &Document) {
        self.release(document);
        for part in &document.parts {
            match document.kind {
                Kind::Virement => {
                    self.row(document.county, part.from).approved -= part.fen;
                    self.row(document.county, part.to).approved += part.fen;
                }
                Kind::Opening | Kind::Payment => {
                    self.row(document.county, part.from).used += part.fen;
                }
            }
        }
    }

    fn release(&mut self, document: &Document) {
        for part in &document.parts {
            self.row(document.county, part.from).decreasing -= part.fen;
            if document.kind == Kind::Virement {
                self.row(document.county, part.to).increasing -= part.fen;
            }
        }
    }
}
