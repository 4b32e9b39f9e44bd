//! What rows and documents should do: the sequential model that histories are held against.
//!
//! It is written from `docs/http.md` and `config/documents`, not from the engine: four amounts a row,
//! a state and a version a document, a gapless number a series. It is deterministic, so an answer is
//! right exactly if the model gives the same one.

use std::fmt::Debug;

/// What a row shows, in 分.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) approved: i64,
    pub(crate) used: i64,
    pub(crate) decreasing: i64,
    pub(crate) increasing: i64,
}

/// A type of document; its place is that of its number series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `payment`: consumes `from` when final, which it does not become here.
    Payment,
    /// `quick_virement`: moves money from one row to another at once.
    Quick,
    /// `project_virement`: reserves, and moves when approved.
    Virement,
}

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stand {
    /// It was never entered.
    Absent,
    Draft,
    Submitted,
    Reviewed,
    /// `moved` or `approved`: nothing follows.
    Ended,
}

/// A step, with who takes it where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Submit,
    Withdraw,
    Review,
    /// By whoever may reject what was submitted.
    RejectSubmitted,
    /// By whoever may reject what was reviewed.
    RejectReviewed,
    Approve,
}

/// A document as it was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) kind: Kind,
    pub(crate) from: usize,
    /// The row that gets; `from` itself for a payment.
    pub(crate) to: usize,
    pub(crate) fen: i64,
}

/// What was asked. Rows and documents are places in the history's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Enter a document and take its first step, `submit` or `move`.
    Enter { document: usize },
    /// Take a step; with the version that was read, perhaps.
    Act {
        document: usize,
        step: Step,
        if_match: Option<u32>,
    },
    /// One row.
    Row(usize),
    /// All rows in one answer.
    Rows,
    /// The sums of the division.
    Sums,
    /// One document.
    Document(usize),
}

impl Asked {
    /// Whether it can change nothing.
    pub(crate) fn is_read(self) -> bool {
        !matches!(self, Asked::Enter { .. } | Asked::Act { .. })
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The document moved; its number stands in the answer to its entry.
    Moved {
        stand: Stand,
        version: u32,
        number: Option<u64>,
    },
    /// `insufficient`, with what the row had.
    Insufficient { available: i64 },
    /// `wrong_state`.
    WrongState,
    /// `stale_version`.
    Stale,
    /// `role_denied`.
    Denied,
    /// `document_ended`.
    Ended,
    /// `not_found`.
    Absent,
    /// One row or all.
    Rows(Vec<Row>),
    /// Sums over all rows.
    Sums(Row),
    /// A document.
    Document { stand: Stand, version: u32 },
    /// What the model never says.
    Other(String),
}

/// All that there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    rows: Vec<Row>,
    documents: Vec<(Stand, u32)>,
    /// The last number of each series, by [`Kind`].
    numbers: [u64; 3],
}

/// What an operation changes: the new values. [`State::take`] gives the old ones back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    rows: Vec<(usize, Row)>,
    document: Option<(usize, (Stand, u32))>,
    number: Option<(Kind, u64)>,
}

impl Change {
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Change::default()
    }
}

/// What a step does to the rows of its document.
#[derive(Clone, Copy)]
enum Phase {
    None,
    Reserve,
    Release,
    Final,
    Now,
}

/// What becomes of a step in a state.
enum Turn {
    To(Stand, Phase),
    Answer(Answer),
}

impl State {
    pub(crate) fn new(rows: Vec<Row>, documents: usize, numbers: [u64; 3]) -> State {
        State {
            rows,
            documents: vec![(Stand::Absent, 0); documents],
            numbers,
        }
    }

    /// Makes a change and gives back what undoes it.
    pub(crate) fn take(&mut self, change: Change) -> Change {
        let rows = change.rows.into_iter();
        let rows = rows.map(|(at, row)| (at, std::mem::replace(&mut self.rows[at], row)));
        Change {
            rows: rows.collect(),
            document: change
                .document
                .map(|(at, new)| (at, std::mem::replace(&mut self.documents[at], new))),
            number: change.number.map(|(kind, new)| {
                let series = &mut self.numbers[kind as usize];
                (kind, std::mem::replace(series, new))
            }),
        }
    }

    /// What must be answered now, and what it changes.
    pub(crate) fn judge(&self, forms: &[Form], asked: Asked) -> (Answer, Change) {
        let answer = match asked {
            Asked::Enter { document } => return self.enter(document, forms[document]),
            Asked::Act {
                document,
                step,
                if_match,
            } => return self.act(document, forms[document], step, if_match),
            Asked::Row(at) => Answer::Rows(vec![self.rows[at]]),
            Asked::Rows => Answer::Rows(self.rows.clone()),
            Asked::Sums => Answer::Sums(sum(&self.rows)),
            Asked::Document(at) => match self.documents[at] {
                (Stand::Absent, _) => Answer::Absent,
                (stand, version) => Answer::Document { stand, version },
            },
        };
        (answer, Change::default())
    }

    fn enter(&self, document: usize, form: Form) -> (Answer, Change) {
        let (stand, phase) = match form.kind {
            Kind::Quick => (Stand::Ended, Phase::Now),
            Kind::Payment | Kind::Virement => (Stand::Submitted, Phase::Reserve),
        };
        match self.moved(form, phase) {
            Err(refused) => (refused, Change::default()),
            Ok(rows) => {
                let number = self.numbers[form.kind as usize] + 1;
                let change = Change {
                    rows,
                    document: Some((document, (stand, 1))),
                    number: Some((form.kind, number)),
                };
                (moved(stand, 1, Some(number)), change)
            }
        }
    }

    fn act(&self, at: usize, form: Form, step: Step, if_match: Option<u32>) -> (Answer, Change) {
        let (stand, version) = self.documents[at];
        let refused = |answer| (answer, Change::default());
        let (to, phase) = match turn(form.kind, stand, step) {
            Turn::Answer(answer) => return refused(answer),
            Turn::To(to, phase) => (to, phase),
        };
        if if_match.is_some_and(|wanted| wanted != version) {
            return refused(Answer::Stale);
        }
        match self.moved(form, phase) {
            Err(answer) => refused(answer),
            Ok(rows) => {
                let change = Change {
                    rows,
                    document: Some((at, (to, version + 1))),
                    number: None,
                };
                (moved(to, version + 1, None), change)
            }
        }
    }

    /// The rows of a document after a phase.
    fn moved(&self, form: Form, phase: Phase) -> Result<Vec<(usize, Row)>, Answer> {
        let Form {
            kind,
            from,
            to,
            fen,
        } = form;
        let mut gives = self.rows[from];
        let available = gives.approved - gives.used - gives.decreasing;
        let sign = match phase {
            Phase::None => return Ok(Vec::new()),
            Phase::Reserve | Phase::Now if available < fen => {
                return Err(Answer::Insufficient { available });
            }
            Phase::Reserve => 1,
            Phase::Release | Phase::Final => -1,
            Phase::Now => 0,
        };
        gives.decreasing += sign * fen;
        if kind == Kind::Payment {
            return Ok(vec![(from, gives)]);
        }
        let mut gets = self.rows[to];
        gets.increasing += sign * fen;
        if matches!(phase, Phase::Final | Phase::Now) {
            gives.approved -= fen;
            gets.approved += fen;
        }
        Ok(vec![(from, gives), (to, gets)])
    }
}

fn moved(stand: Stand, version: u32, number: Option<u64>) -> Answer {
    Answer::Moved {
        stand,
        version,
        number,
    }
}

fn turn(kind: Kind, stand: Stand, step: Step) -> Turn {
    match (stand, step) {
        (Stand::Absent, _) => Turn::Answer(Answer::Absent),
        (Stand::Ended, _) => Turn::Answer(Answer::Ended),
        (Stand::Draft, Step::Submit) => Turn::To(Stand::Submitted, Phase::Reserve),
        (Stand::Submitted, Step::Review) => Turn::To(Stand::Reviewed, Phase::None),
        (Stand::Submitted, Step::Withdraw | Step::RejectSubmitted)
        | (Stand::Reviewed, Step::RejectReviewed) => Turn::To(Stand::Draft, Phase::Release),
        // The state has a step of this name, which is another role's.
        (Stand::Submitted, Step::RejectReviewed) | (Stand::Reviewed, Step::RejectSubmitted) => {
            Turn::Answer(Answer::Denied)
        }
        (Stand::Reviewed, Step::Approve) if kind == Kind::Virement => {
            Turn::To(Stand::Ended, Phase::Final)
        }
        _ => Turn::Answer(Answer::WrongState),
    }
}

/// What a list of rows comes to.
pub(crate) fn sum(rows: &[Row]) -> Row {
    rows.iter().fold(Row::default(), |sum, row| Row {
        approved: sum.approved + row.approved,
        used: sum.used + row.used,
        decreasing: sum.decreasing + row.decreasing,
        increasing: sum.increasing + row.increasing,
    })
}
