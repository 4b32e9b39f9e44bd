//! The clients' book: what was asked under which key, what should have come of it, and what was told.

use super::model::{Model, Verdict};
use crate::world::Ask;
use hubu_core::engine::answer::Answer;
use hubu_kernel::ident::DocumentId;
use std::collections::HashMap;

/// The records that every journal begins with: the secret and the catalog.
pub(crate) const FIRST: u64 = 3;

/// A decided command.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) ask: Ask,
    pub(crate) verdict: Verdict,
    pub(crate) answer: Answer,
    /// Whether it and the next one are of one atomic batch.
    pub(crate) goes_on: bool,
    /// Whether it was refused behind others of a batch, whose effects nobody ever saw.
    pub(crate) in_batch: bool,
}

/// See the module. An entry's place is its record's, less [`FIRST`].
#[derive(Default, Debug)]
pub(crate) struct Book {
    pub(crate) entries: Vec<Entry>,
    keys: HashMap<String, usize>,
    /// How many were told to their clients: they must survive everything.
    pub(crate) told: usize,
}

/// The document that an answer entered, if any.
fn named(entry: &Entry) -> Option<DocumentId> {
    match (&entry.ask, &entry.answer) {
        (Ask::Enter { .. }, Answer::Done(done)) => Some(done.document),
        _ => None,
    }
}

impl Book {
    pub(crate) fn find(&self, key: &str) -> Option<&Entry> {
        self.keys.get(key).map(|at| &self.entries[*at])
    }

    pub(crate) fn push(&mut self, entry: Entry) {
        self.keys.insert(entry.key.clone(), self.entries.len());
        self.entries.push(entry);
    }

    /// What the first `count` commands make.
    pub(crate) fn model(&self, count: usize) -> Model {
        let mut model = Model::default();
        for entry in self.entries[..count].iter().filter(|entry| !entry.in_batch) {
            let verdict = model.decide(&entry.ask, named(entry));
            assert_eq!(verdict, entry.verdict, "the model repeats itself");
        }
        model
    }

    /// Whether a journal may end behind `count` commands: none is half of a batch, and all that was told is there.
    pub(crate) fn may_end(&self, count: usize) -> Result<(), String> {
        self.may_end_after(self.told, count)
    }

    /// As [`Book::may_end`], when only so many had been told.
    pub(crate) fn may_end_after(&self, told: usize, count: usize) -> Result<(), String> {
        if count < told {
            return Err(format!(
                "{told} answers were told and {count} records are left"
            ));
        }
        if count > self.entries.len() {
            return Err(format!(
                "{count} records are there, and {} were asked",
                self.entries.len()
            ));
        }
        match count.checked_sub(1).map(|last| &self.entries[last]) {
            Some(last) if last.goes_on => Err(format!(
                "the atomic batch around record {count} is there in part"
            )),
            _ => Ok(()),
        }
    }

    /// Forgets what did not survive, and gives it back: clients will ask again.
    pub(crate) fn truncate(&mut self, count: usize) -> Vec<(String, Ask)> {
        let lost = self.entries.split_off(count);
        for entry in &lost {
            self.keys.remove(&entry.key);
        }
        lost.into_iter()
            .map(|entry| (entry.key, entry.ask))
            .collect()
    }
}
