//! Decides a history by search (Wing and Gong 1993, with Lowe's memory of where it has been, 2017).
//!
//! The search builds an order step by step. Whatever began before everything that is not yet placed
//! was over may come next, if the model gives it the answer that was heard. Two things keep it short:
//! - what changes nothing and has the right answer now is placed at once: to place it later can only
//!   be harder, and to have it placed hinders nobody;
//! - the same operations placed with the same state are not tried twice;
//! - what is loose in time (never heard, or heard late) is placed no earlier than needed: if nothing
//!   that comes behind it and up to the next answer has to do with it, it could as well come later, and
//!   that is tried anyway. Else each of them would double what there is to try.
//!
//! What nobody heard of may be placed anywhere after it began, and is left out as well: it is tried
//! last. The memory holds a 128-bit hash of each place; that two collide, and hide the only right order,
//! is as good as impossible, and could only make a whole history look broken.

use super::history::{History, NEVER, Verdict};
use super::model::{Asked, Change, State, Step};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Places that are remembered before the search gives up: 16 bytes each.
pub(crate) const PLACES_MAX: usize = 1_000_000;

/// What takes longer, in ns, is loose in time.
const LOOSE_NS: u64 = 200_000_000;

/// Before the first and behind the last operation of the list.
const END: usize = usize::MAX;

struct Search<'h> {
    history: &'h History,
    state: State,
    /// What is not placed, in order of beginning: a list with its ends in the last slot.
    next: Vec<usize>,
    previous: Vec<usize>,
    order: Vec<usize>,
    /// What was heard and is not placed.
    left: usize,
    /// What is placed, what undoes it, and what was unused before it.
    placed: Vec<(usize, Change, Vec<usize>)>,
    /// Loose slots placed that nothing placed behind them has to do with yet.
    unused: Vec<usize>,
    /// The operations placed, as one number whatever their order.
    set: u128,
    best: (usize, String),
}

/// Where several operations could come next.
struct Fork {
    /// How many were placed before it.
    placed: usize,
    /// What is still to be tried, the first last.
    choices: Vec<usize>,
}

/// Whether some order explains the history; gives up past `places_max` places.
pub(crate) fn search(history: &History, places_max: usize) -> Verdict {
    let mut search = Search::new(history);
    let mut seen = HashSet::new();
    let mut forks: Vec<Fork> = Vec::new();
    loop {
        let is_needed = search.place_what_changes_nothing();
        if search.left == 0 {
            return Verdict::Holds;
        }
        if seen.len() >= places_max {
            return Verdict::Undecided;
        }
        if is_needed && seen.insert(search.here()) {
            search.note_progress();
            forks.push(Fork {
                placed: search.placed.len(),
                choices: search.choices(),
            });
        }
        // Back to the newest fork that has a way left.
        loop {
            let Some(fork) = forks.last_mut() else {
                return Verdict::Broken(search.best.1);
            };
            search.undo_to(fork.placed);
            if let Some(choice) = fork.choices.pop() {
                search.place(choice);
                break;
            }
            forks.pop();
        }
    }
}

impl<'h> Search<'h> {
    fn new(history: &'h History) -> Search<'h> {
        let operations = &history.operations;
        // A read that nobody heard says nothing.
        let told = |at: &usize| operations[*at].heard.is_some() || !operations[*at].asked.is_read();
        let mut order: Vec<usize> = (0..operations.len()).filter(told).collect();
        order.sort_by_key(|at| operations[*at].from);
        let count = order.len();
        let left = order.iter().filter(|at| operations[**at].heard.is_some());
        Search {
            history,
            state: history.start(),
            next: (1..=count).chain([0]).collect(),
            previous: [count].into_iter().chain(0..count).collect(),
            left: left.count(),
            order,
            placed: Vec::new(),
            unused: Vec::new(),
            set: 0,
            best: (0, String::new()),
        }
    }

    /// The slot behind `slot`; with [`END`] the first.
    fn after(&self, slot: usize) -> Option<usize> {
        let ends = self.order.len();
        let next = self.next[if slot == END { ends } else { slot }];
        (next != ends).then_some(next)
    }

    /// The slots that may come next: none is over that is not placed and was over before they began.
    fn ready(&self) -> Vec<usize> {
        let operations = &self.history.operations;
        let mut ready = Vec::new();
        let (mut slot, mut until) = (END, NEVER);
        while let Some(next) = self.after(slot) {
            let operation = &operations[self.order[next]];
            if operation.from > until {
                break;
            }
            until = until.min(operation.until());
            ready.push(next);
            slot = next;
        }
        ready
    }

    /// The change that a slot would make now, if what was heard of it is right.
    fn fits(&self, slot: usize) -> Option<Change> {
        let operation = &self.history.operations[self.order[slot]];
        let (right, change) = self.state.judge(&self.history.forms, operation.asked);
        match &operation.heard {
            Some(heard) => (heard.answer == right).then_some(change),
            // Without an effect it is as if it never were.
            None => (!change.is_nothing()).then_some(change),
        }
    }

    /// Places it all; false where something loose was placed earlier than needed.
    fn place_what_changes_nothing(&mut self) -> bool {
        loop {
            let before = self.placed.len();
            let mut is_early = false;
            for slot in self.ready() {
                if self.fits(slot).is_some_and(|change| change.is_nothing()) {
                    if self.unused.iter().all(|loose| self.concerns(*loose, slot)) {
                        self.place(slot);
                    } else {
                        is_early = true;
                    }
                }
            }
            if self.placed.len() == before {
                return !is_early;
            }
        }
    }

    /// Whether `slot` could not as well come before `loose`, which is placed.
    fn concerns(&self, loose: usize, slot: usize) -> bool {
        let operation = |slot: usize| &self.history.operations[self.order[slot]];
        let (loose, other) = (operation(loose), operation(slot));
        other.from > loose.until() || self.shares(loose.asked, other.asked)
    }

    /// Whether two operations have to do with a common row, document or series.
    fn shares(&self, one: Asked, other: Asked) -> bool {
        let document = |asked| match asked {
            Asked::Enter { document } | Asked::Act { document, .. } | Asked::Document(document) => {
                Some(document)
            }
            Asked::Row(_) | Asked::Rows | Asked::Sums => None,
        };
        let forms = &self.history.forms;
        let touches = |asked: Asked, row: usize| match asked {
            Asked::Row(at) => at == row,
            Asked::Rows | Asked::Sums => true,
            // A review moves no money.
            Asked::Document(_)
            | Asked::Act {
                step: Step::Review, ..
            } => false,
            Asked::Enter { document } | Asked::Act { document, .. } => {
                forms[document].from == row || forms[document].to == row
            }
        };
        let series = |asked| match asked {
            Asked::Enter { document } => Some(forms[document].kind),
            _ => None,
        };
        let same_document = document(one).is_some() && document(one) == document(other);
        let same_series = series(one).is_some() && series(one) == series(other);
        let mut rows = 0..self.history.rows.len();
        same_document || same_series || rows.any(|row| touches(one, row) && touches(other, row))
    }

    fn is_loose(&self, slot: usize) -> bool {
        let operation = &self.history.operations[self.order[slot]];
        operation.until() - operation.from > LOOSE_NS
    }

    /// What could come next, the likeliest last: what was over first, and before it what nobody heard of.
    fn choices(&self) -> Vec<usize> {
        let mut choices = self.ready();
        choices.retain(|slot| self.fits(*slot).is_some());
        let until = |slot: &usize| self.history.operations[self.order[*slot]].until();
        choices.sort_by_key(|slot| std::cmp::Reverse(until(slot)));
        choices
    }

    fn place(&mut self, slot: usize) {
        let change = self.fits(slot).unwrap_or_default();
        let is_loose = self.is_loose(slot) && !change.is_nothing();
        let undo = self.state.take(change);
        let still = self
            .unused
            .iter()
            .copied()
            .filter(|loose| !self.concerns(*loose, slot));
        let mut unused: Vec<usize> = still.collect();
        if is_loose {
            unused.push(slot);
            unused.sort_unstable();
        }
        let before = std::mem::replace(&mut self.unused, unused);
        self.placed.push((slot, undo, before));
        let (previous, next) = (self.previous[slot], self.next[slot]);
        (self.next[previous], self.previous[next]) = (next, previous);
        self.count(slot, false);
    }

    fn undo_to(&mut self, placed: usize) {
        while self.placed.len() > placed {
            let Some((slot, undo, before)) = self.placed.pop() else {
                return;
            };
            self.state.take(undo);
            self.unused = before;
            let (previous, next) = (self.previous[slot], self.next[slot]);
            (self.next[previous], self.previous[next]) = (slot, slot);
            self.count(slot, true);
        }
    }

    fn count(&mut self, slot: usize, is_back: bool) {
        self.set ^= hash_128(&slot);
        if self.history.operations[self.order[slot]].heard.is_some() {
            self.left = if is_back {
                self.left + 1
            } else {
                self.left - 1
            };
        }
    }

    fn here(&self) -> u128 {
        hash_128(&(self.set, &self.unused, &self.state))
    }

    /// Remembers what stands in the way here, if the search never came this far.
    fn note_progress(&mut self) {
        if self.placed.len() <= self.best.0 && !self.best.1.is_empty() {
            return;
        }
        let stuck = self
            .ready()
            .into_iter()
            .filter(|slot| self.fits(*slot).is_none());
        let heard = |slot: &usize| self.history.operations[self.order[*slot]].heard.is_some();
        let lines: Vec<String> = stuck
            .filter(heard)
            .map(|slot| self.history.tell(self.order[slot], &self.state))
            .collect();
        self.best = (self.placed.len(), lines.join("\n"));
    }
}

fn hash_128(what: &impl Hash) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        (salt, what).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}
