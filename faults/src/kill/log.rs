//! The clients' log of one cell, all books together: what the cell must hold, whatever happens to it.

use super::book::{Acknowledged, Book, Kept, Outcome};
use super::deed::Request;
use super::draw::Draw;
use super::feed::Digest;
use super::money::{Changes, change};

/// So many answers are kept to be asked for again.
const KEPT_MAX: usize = 400;

/// See the module. Bounded but for what was acknowledged since it was last settled.
#[derive(Debug)]
pub(super) struct Log {
    /// Where the feed stood before the first command.
    pub(super) start: u64,
    /// Up to where everything in the feed is settled, and a sum over it.
    pub(super) stood: u64,
    pub(super) digest: Digest,
    /// What the rows must hold: openings, and the effects of all that was acknowledged.
    pub(super) sums: Changes,
    /// Acknowledged and not yet settled.
    pub(super) acknowledged: Vec<Acknowledged>,
    /// Requests with open answers.
    pub(super) open: Vec<Request>,
    /// A sample of all answers, each as likely as another.
    kept: Vec<Kept>,
    seen: usize,
    pub(super) draw: Draw,
}

impl Log {
    pub(super) fn new(start: u64, openings: Changes, draw: Draw) -> Log {
        Log {
            start,
            stood: start,
            digest: Digest::default(),
            sums: openings,
            acknowledged: Vec::new(),
            open: Vec::new(),
            kept: Vec::new(),
            seen: 0,
            draw,
        }
    }

    /// Takes over a book; answers what its client complains of.
    pub(super) fn take(&mut self, book: Book) -> Vec<String> {
        for acknowledged in &book.acknowledged {
            if let Outcome::Done { effect, .. } = acknowledged.outcome {
                for (rows, by) in effect.changes() {
                    change(&mut self.sums, rows, by);
                }
            }
        }
        self.acknowledged.extend(book.acknowledged);
        self.open.extend(book.open);
        for kept in book.kept {
            self.seen += 1;
            if self.kept.len() < KEPT_MAX {
                self.kept.push(kept);
                continue;
            }
            // Reservoir sampling (Vitter's algorithm R).
            let at = self.draw.below(self.seen);
            if let Some(place) = self.kept.get_mut(at) {
                *place = kept;
            }
        }
        book.complaints
    }

    /// Some of the kept answers, drawn anew each time.
    pub(super) fn some_kept(&mut self, count: usize) -> Vec<Kept> {
        let Log { kept, draw, .. } = self;
        if kept.is_empty() {
            return Vec::new();
        }
        (0..count)
            .map(|_| kept[draw.below(kept.len())].clone())
            .collect()
    }
}
