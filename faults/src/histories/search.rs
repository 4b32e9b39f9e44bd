//! Decides a history by search (Wing and Gong 1993, with Lowe's memory of where it has been, 2017).
//!
//! The search builds an order step by step. Whatever began before everything that is not yet placed
//! was over may come next, if the model gives it the answer that was heard. Two things keep it short:
//! - what changes nothing and has the right answer now is placed at once: to place it later can only
//!   be harder, and to have it placed hinders nobody;
//! - the same operations placed with the same state are not tried twice.
//!
//! What nobody heard of may be placed anywhere after it began, and is left out as well: it is tried
//! last. The memory holds a 128-bit hash of each place; that two collide, and hide the only right order,
//! is as good as impossible, and could only make a whole history look broken.

use super::history::{History, NEVER, Verdict};
use super::model::{Change, State};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Places that are remembered before the search gives up: 16 bytes each.
pub(crate) const PLACES_MAX: usize = 4_000_000;

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
    placed: Vec<(usize, Change)>,
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
        search.place_what_changes_nothing();
        if search.left == 0 {
            return Verdict::Holds;
        }
        if seen.len() >= places_max {
            return Verdict::Undecided;
        }
        if seen.insert(search.here()) {
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

    fn place_what_changes_nothing(&mut self) {
        loop {
            let before = self.placed.len();
            for slot in self.ready() {
                if self.fits(slot).is_some_and(|change| change.is_nothing()) {
                    self.place(slot);
                }
            }
            if self.placed.len() == before {
                return;
            }
        }
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
        let undo = self.state.take(change);
        self.placed.push((slot, undo));
        let (previous, next) = (self.previous[slot], self.next[slot]);
        (self.next[previous], self.previous[next]) = (next, previous);
        self.count(slot, false);
    }

    fn undo_to(&mut self, placed: usize) {
        while self.placed.len() > placed {
            let Some((slot, undo)) = self.placed.pop() else {
                return;
            };
            self.state.take(undo);
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
        hash_128(&(self.set, &self.state))
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
