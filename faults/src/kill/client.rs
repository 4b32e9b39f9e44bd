//! Clients at work: each asks on a connection of its own until that breaks, the server refuses, or all go home.

use super::book::Book;
use super::cast::{Cast, Who};
use super::deed::{Deed, Form, Heard, Request};
use super::draw::Draw;
use super::{desk, mover};
use hubu_testkit::Wire;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Scope, ScopedJoinHandle};

/// Clients that move money in large batches, and those at desks with a few payments each.
const MOVERS: usize = 2;
const DESKS: usize = 4;

/// What all clients of a cell know.
pub(super) struct Office {
    pub(super) address: SocketAddr,
    pub(super) cast: Cast,
    /// The indicator row of each agency.
    pub(super) rows: Vec<String>,
    /// The number of the cell's life, which stands in every trace.
    pub(super) life: u64,
    /// Commands of a large batch, at most.
    pub(super) batch: usize,
    requests: AtomicU64,
    answered: AtomicU64,
    is_over: AtomicBool,
}

impl Office {
    pub(super) fn new(
        address: SocketAddr,
        cast: Cast,
        rows: Vec<String>,
        (life, batch): (u64, usize),
    ) -> Office {
        Office {
            address,
            cast,
            rows,
            life,
            batch,
            requests: AtomicU64::new(1),
            answered: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        }
    }

    /// A number for a request; it is never given again.
    pub(super) fn request(&self, who: Who, form: Form, mut deeds: Vec<Deed>) -> Request {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        deeds
            .iter_mut()
            .enumerate()
            .for_each(|(place, deed)| deed.place = place);
        Request {
            number,
            who,
            form,
            deeds,
        }
    }

    /// Requests that were answered since the clients began.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Every client finishes the request at hand and ends.
    pub(super) fn go_home(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    /// Lets all clients begin, each with choices of its own.
    pub(super) fn open<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        draw: &mut Draw,
    ) -> Vec<ScopedJoinHandle<'scope, Book>> {
        self.answered.store(0, Ordering::Relaxed);
        self.is_over.store(false, Ordering::Release);
        let client = |at| {
            let draw = Draw::new(draw.below(usize::MAX) as u64, at as u64);
            scope.spawn(move || Client::work(self, draw, at < MOVERS))
        };
        (0..MOVERS + DESKS).map(client).collect()
    }
}

/// One of them.
pub(super) struct Client<'a> {
    pub(super) office: &'a Office,
    pub(super) draw: Draw,
    wire: Wire,
    book: Book,
}

impl<'a> Client<'a> {
    fn work(office: &'a Office, draw: Draw, is_mover: bool) -> Book {
        let Ok(wire) = Wire::open(office.address) else {
            return Book::default();
        };
        let mut client = Client {
            office,
            draw,
            wire,
            book: Book::default(),
        };
        let mut goes_on = Some(());
        while goes_on.is_some() && !office.is_over.load(Ordering::Acquire) {
            goes_on = match is_mover {
                true => mover::turn(&mut client),
                false => desk::turn(&mut client),
            };
        }
        client.book
    }

    /// Sends commands and notes what is heard; nothing when something stays open, which ends the client.
    pub(super) fn send(&mut self, who: Who, form: Form, deeds: Vec<Deed>) -> Option<Vec<Heard>> {
        let request = self.office.request(who, form, deeds);
        let Ok(heard) = request.send(&mut self.wire, &self.office.cast, self.office.life) else {
            self.book.note_silence(request);
            return None;
        };
        self.office.answered.fetch_add(1, Ordering::Relaxed);
        let (draw, one_in) = (&mut self.draw, 1 + request.deeds.len() * 2);
        self.book.note(request, &heard, || draw.once_in(one_in));
        (!heard.contains(&Heard::Open)).then_some(heard)
    }
}
