//! A history: what clients asked of rows and documents that belong together, when, and what they heard.
//!
//! Strict serializability is local to parts that share nothing: a history is all the rows and
//! documents of one division of one round, and each is checked by itself. Times are of one monotonic
//! clock, that of the process in which all clients run.

use super::model::{Answer, Asked, Form, Row, State};

/// When nothing was heard.
pub(crate) const NEVER: u64 = u64::MAX;

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// When, in ns.
    pub(crate) at: u64,
    pub(crate) answer: Answer,
    /// The engine's number of the decision; reads and what was not decided have none.
    pub(crate) seq: Option<u64>,
}

/// One operation of one client.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) asked: Asked,
    /// When it was first sent, in ns.
    pub(crate) from: u64,
    /// Without it, it may have taken effect at any time since, or never.
    pub(crate) heard: Option<Heard>,
}

impl Operation {
    /// When it was over: [`NEVER`] as long as nothing was heard.
    pub(crate) fn until(&self) -> u64 {
        self.heard.as_ref().map_or(NEVER, |heard| heard.at)
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// The rows before the first operation.
    pub(crate) rows: Vec<Row>,
    /// The last numbers given before it.
    pub(crate) numbers: [u64; 3],
    pub(crate) forms: Vec<Form>,
    pub(crate) operations: Vec<Operation>,
}

/// What came of checking one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is an order that explains all that was heard.
    Holds,
    /// There is none; what stood in the way where the search came furthest.
    Broken(String),
    /// It was too hard: the search was ended at its limit.
    Undecided,
}

impl History {
    /// The state before the first operation.
    pub(crate) fn start(&self) -> State {
        State::new(self.rows.clone(), self.forms.len(), self.numbers)
    }

    /// Words about one operation, and what it would be answered in this state.
    pub(crate) fn tell(&self, at: usize, state: &State) -> String {
        let Operation { asked, from, heard } = &self.operations[at];
        let form = match asked {
            Asked::Enter { document } | Asked::Act { document, .. } => {
                format!(" {:?}", self.forms[*document])
            }
            _ => String::new(),
        };
        let (right, _) = state.judge(&self.forms, *asked);
        format!("#{at} {asked:?}{form} at {from}: heard {heard:?}, right would be {right:?}")
    }
}
