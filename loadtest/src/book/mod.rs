//! The book: what the harness itself wrote down of each command, and of its answer.
//!
//! It believes nothing that the server says later. Memory is bounded by what was asked: 24 bytes a command and 16 a
//! line. Each command's idempotency key carries its place in the book; what was
//! acknowledged is found in the server's feed by document and version.

mod effect;
mod entry;
mod file;
mod key;

pub use effect::{Kind, Step, changes};
pub use entry::{Entry, Line, Lines, Outcome};
pub use file::{Kept, Unknown, read_book, write_book};
pub use key::{Key, user_prefix};

use crate::world::{Balance, RowKey};

/// The most contradictions that are kept by name.
const NAMED_MAX: usize = 50;
/// The most commands without an answer that are kept for asking again; past that a run has failed anyway.
const UNKNOWN_MAX: usize = 100_000;

/// Two answers to one key that are not the same.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contradiction {
    /// The key asked twice.
    pub key: String,
    /// What the first answer said.
    pub first: String,
    /// What the second said.
    pub second: String,
}

/// One worker's book.
#[derive(Debug)]
pub struct Book {
    /// Number of the run, in every key.
    pub run: u32,
    /// Number of the worker, in every key.
    pub worker: u16,
    entries: Vec<Entry>,
    lines: Vec<Line>,
    unknown: Vec<Unknown>,
    contradictions: Vec<Contradiction>,
    contradicted: u64,
    repeated: u64,
    dropped: u64,
}

impl Book {
    /// An empty book.
    pub fn new(run: u32, worker: u16) -> Self {
        Self {
            run,
            worker,
            entries: Vec::new(),
            lines: Vec::new(),
            unknown: Vec::new(),
            contradictions: Vec::new(),
            contradicted: 0,
            repeated: 0,
            dropped: 0,
        }
    }

    /// Writes down a document's lines once; every command on the document points at them.
    pub fn add_lines(&mut self, lines: &[Line]) -> Lines {
        assert!(!lines.is_empty() && lines.len() <= usize::from(u16::MAX));
        let at = self.lines.len() as u32;
        self.lines.extend_from_slice(lines);
        Lines {
            at,
            count: lines.len() as u16,
        }
    }

    /// The lines behind a reference.
    pub fn lines(&self, lines: Lines) -> &[Line] {
        &self.lines[lines.at as usize..][..usize::from(lines.count)]
    }

    /// Writes down a command before it is sent, and gives its key.
    pub fn begin(&mut self, kind: Kind, step: Step, lines: Lines) -> Key {
        let number = self.entries.len() as u32;
        self.entries.push(Entry {
            document: 0,
            version: 0,
            lines,
            kind,
            step,
            outcome: Outcome::Pending,
        });
        Key {
            run: self.run,
            worker: self.worker,
            number,
        }
    }

    /// Writes down a yes: the document and its version after the command.
    pub fn acknowledge(&mut self, key: Key, document: u64, version: u32) {
        let entry = self.entry_mut(key);
        assert_ne!(
            entry.outcome,
            Outcome::Acknowledged,
            "a key is acknowledged once"
        );
        entry.outcome = Outcome::Acknowledged;
        entry.document = document;
        entry.version = version;
    }

    /// Writes down a no for a reason of business, or for the form of the request.
    pub fn refuse(&mut self, key: Key) {
        self.entry_mut(key).outcome = Outcome::Refused;
    }

    /// Writes down that the command was surely not taken: nothing was sent, or the server shed it.
    pub fn drop_unsent(&mut self, key: Key) {
        self.entry_mut(key).outcome = Outcome::Unsent;
    }

    /// Writes down that nobody knows; the request is kept, to be asked again.
    pub fn leave_unknown(&mut self, key: Key, request: Unknown) {
        assert_eq!(request.number, key.number);
        self.entry_mut(key).outcome = Outcome::Unknown;
        if self.unknown.len() < UNKNOWN_MAX {
            self.unknown.push(request);
        } else {
            self.dropped += 1;
        }
    }

    /// Writes down the second answer to a key that was asked twice on purpose.
    pub fn repeat(&mut self, key: Key, first: &str, second: &str) {
        self.repeated += 1;
        if first != second {
            self.contradicted += 1;
            if self.contradictions.len() < NAMED_MAX {
                let (first, second) = (first.to_owned(), second.to_owned());
                self.contradictions.push(Contradiction {
                    key: key.to_string(),
                    first,
                    second,
                });
            }
        }
    }

    /// The entry of a key of this book, when there is one.
    pub fn entry(&self, key: Key) -> Option<&Entry> {
        let ours = key.run == self.run && key.worker == self.worker;
        self.entries.get(key.number as usize).filter(|_| ours)
    }

    /// All entries with their keys.
    pub fn entries(&self) -> impl Iterator<Item = (Key, &Entry)> {
        let (run, worker) = (self.run, self.worker);
        self.entries.iter().zip(0..).map(move |(entry, number)| {
            (
                Key {
                    run,
                    worker,
                    number,
                },
                entry,
            )
        })
    }

    /// Contradictions: how many, and the first few by name.
    pub fn contradictions(&self) -> (u64, &[Contradiction]) {
        (self.contradicted, &self.contradictions)
    }

    /// How many keys were asked twice.
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Commands without an answer whose request was too much to keep.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Takes the requests that must be asked again.
    pub fn take_unknown(&mut self) -> Vec<Unknown> {
        std::mem::take(&mut self.unknown)
    }

    /// Row changes of one entry, as the harness computes them from what it asked; one for each row, sorted.
    pub fn changes_of(
        &self,
        entry: &Entry,
        pool: impl Fn(RowKey) -> RowKey,
    ) -> Vec<(RowKey, Balance)> {
        let mut all: Vec<(RowKey, Balance)> = Vec::new();
        for line in self.lines(entry.lines) {
            for (row, change) in changes(entry.kind, entry.step, *line, &pool) {
                match all.binary_search_by_key(&row, |(r, _)| *r) {
                    Ok(at) => all[at].1.add(change),
                    Err(at) => all.insert(at, (row, change)),
                }
            }
        }
        all
    }

    fn entry_mut(&mut self, key: Key) -> &mut Entry {
        assert!(
            key.run == self.run && key.worker == self.worker,
            "a key of another book"
        );
        &mut self.entries[key.number as usize]
    }
}
