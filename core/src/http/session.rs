//! What is remembered of one connection between its requests: a few words, since there are many.
//!
//! Time here is coarse: whole ticks, read from a cell that the network thread's sweeper sets. So a
//! request costs no timer and no look at the clock for the sake of time-outs.

use std::cell::Cell;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::access::{Bearer, Thumbprint, Tokens, Verified};
use crate::engine::actor::Actor;

/// Length of a tick in milliseconds.
pub const TICK_MS: u64 = 250;

thread_local! {
    static NOW: Cell<u32> = const { Cell::new(0) };
}

/// The time on this thread, in ticks since its start.
#[inline]
pub fn now_ticks() -> u32 {
    NOW.get()
}

/// Sets the time on this thread.
pub fn set_now_ticks(now: u32) {
    NOW.set(now);
}

/// Bytes that a connection may read before others get their turn: a stream of small frames would else keep its thread
/// for seconds.
const TURN_BYTES: usize = 16 << 10;

/// One connection's state, as its requests and the sweeper see it.
#[derive(Default)]
pub struct Session {
    /// Requests under way.
    active: Cell<u32>,
    /// Whether bytes came in since the last request ended, which may be the start of a head.
    is_heard: Cell<bool>,
    /// Whether an answer waits for the client to take it.
    is_blocked: Cell<bool>,
    /// Bytes that were read in this turn.
    read: Cell<usize>,
    /// Answers that are not sent to their end.
    unsent: Cell<u32>,
    /// When something was last sent, or an answer was there to be sent, in ticks.
    sent_at: Cell<u32>,
    /// Since when it has been as it is, in ticks.
    since: Cell<u32>,
    /// Who was told to come back later, only to be compared, and when that is.
    away: Cell<Option<(usize, Instant)>>,
    /// The token that was last verified for this connection: one person's, as a rule.
    token: RefCell<Option<Arc<Verified>>>,
    /// Who holds the connection.
    peer: Option<IpAddr>,
    /// Whether it speaks TLS.
    is_tls: bool,
    /// The certificate that it showed.
    certificate: RefCell<Option<Box<ClientCertificate>>>,
}

/// The certificate that a client showed in its handshake.
struct ClientCertificate {
    /// Whose it is.
    subject: Box<str>,
    /// What tokens are bound to.
    thumbprint: Thumbprint,
}

impl Session {
    /// A connection that was just accepted.
    pub fn new() -> Self {
        let session = Self::default();
        session.since.set(now_ticks());
        session
    }

    /// A connection that was just accepted from this address, with TLS or without.
    pub fn of(peer: IpAddr, is_tls: bool) -> Self {
        Self {
            // An IPv4 client on an IPv6 socket is the IPv4 client.
            peer: Some(peer.to_canonical()),
            is_tls,
            ..Self::new()
        }
    }

    /// Who holds the connection; a proxy perhaps.
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Whether it speaks TLS.
    #[inline]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// It showed a certificate of this subject.
    pub fn set_certificate(&self, subject: String, thumbprint: Thumbprint) {
        self.certificate.replace(Some(Box::new(ClientCertificate {
            subject: subject.into(),
            thumbprint,
        })));
    }

    /// Whose certificate it showed, if any.
    pub fn certificate(&self) -> Option<Box<str>> {
        let shown = self.certificate.borrow();
        shown.as_ref().map(|shown| shown.subject.clone())
    }

    /// What comes with a request on this connection that brings this token.
    #[inline]
    pub fn bearer<'a>(&self, token: &'a [u8], now_seconds: u64) -> Bearer<'a> {
        let shown = self.certificate.borrow();
        Bearer {
            token,
            certificate: shown.as_ref().map(|shown| shown.thumbprint),
            now_seconds,
        }
    }

    /// Bytes came in.
    #[inline]
    pub fn heard(&self) {
        if self.active.get() == 0 && !self.is_heard.get() {
            self.is_heard.set(true);
            self.since.set(now_ticks());
        }
    }

    /// The connection has its turn.
    #[inline]
    pub fn take_turn(&self) {
        self.read.set(0);
    }

    /// Whether it has read enough in this turn.
    #[inline]
    pub fn is_turn_over(&self) -> bool {
        self.read.get() >= TURN_BYTES
    }

    /// So many bytes came in.
    #[inline]
    pub fn read(&self, count: usize) {
        self.read.set(self.read.get() + count);
        self.heard();
    }

    /// Whether an answer, or a part of one, waits for the client to take it; told at each attempt to send.
    #[inline]
    pub fn set_blocked(&self, is_blocked: bool) {
        if !is_blocked {
            self.sent_at.set(now_ticks());
        }
        self.is_blocked.set(is_blocked);
    }

    /// Ticks since the client last took some of an answer that is there for it; 0 when there is none.
    pub fn stuck_ticks(&self) -> u32 {
        let is_sending = self.is_blocked.get() || self.unsent.get() > 0;
        if is_sending {
            now_ticks().wrapping_sub(self.sent_at.get())
        } else {
            0
        }
    }

    /// Whether nothing is under way, half heard or half sent.
    pub fn is_quiet(&self) -> bool {
        let is_sending = self.is_blocked.get() || self.unsent.get() > 0;
        self.active.get() == 0 && !self.is_heard.get() && !is_sending
    }

    /// A request begins; it ends when the guard is dropped, also when its client goes away.
    #[inline]
    pub fn begin(&self) -> Active<'_> {
        self.active.set(self.active.get() + 1);
        self.is_heard.set(false);
        Active(self)
    }

    /// Requests under way.
    pub fn active(&self) -> u32 {
        self.active.get()
    }

    /// Whether a head may be half there.
    pub fn is_heard(&self) -> bool {
        self.is_heard.get()
    }

    /// Ticks since it began to be as it is.
    pub fn age_ticks(&self) -> u32 {
        now_ticks().wrapping_sub(self.since.get())
    }

    /// Who asks, when their token is the one that is remembered and still stands.
    #[inline]
    pub fn known(&self, tokens: &Tokens, bearer: Bearer<'_>) -> Option<Arc<Actor>> {
        let known = self.token.borrow();
        known
            .as_ref()
            .filter(|known| tokens.stands(known, bearer))
            .map(|known| known.actor.clone())
    }

    /// This actor is told to come back after `time`.
    pub fn send_away(&self, actor: &Arc<Actor>, now: Instant, time: Duration) {
        self.away.set(Some((mark_of(actor), now + time)));
    }

    /// Until when this actor was told to stay away. Others on the same connection, as behind a gateway, were not told.
    #[inline]
    pub fn is_away_until(&self, actor: &Arc<Actor>) -> Option<Instant> {
        let (told, until) = self.away.get()?;
        (told == mark_of(actor)).then_some(until)
    }

    /// Remembers a token in place of another.
    pub fn remember(&self, verified: Arc<Verified>) {
        self.token.replace(Some(verified));
    }
}

/// What tells an actor from others on a thread, which has one of its own for each token.
#[inline]
fn mark_of(actor: &Arc<Actor>) -> usize {
    Arc::as_ptr(actor).addr()
}

/// A request under way.
pub struct Active<'a>(&'a Session);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        let session = self.0;
        assert!(session.active.get() > 0, "each request ends once");
        session.active.set(session.active.get() - 1);
        session.is_heard.set(false);
        session.since.set(now_ticks());
    }
}

/// An answer that is on its way; it is sent, or given up, when this is dropped.
pub struct Sending(Rc<Session>);

impl Sending {
    /// One more of this session.
    #[inline]
    pub fn new(session: Rc<Session>) -> Self {
        if session.unsent.get() == 0 && !session.is_blocked.get() {
            session.sent_at.set(now_ticks());
        }
        session.unsent.set(session.unsent.get() + 1);
        Self(session)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let unsent = self.0.unsent.get();
        assert!(unsent > 0, "each answer ends once");
        self.0.unsent.set(unsent - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_stuck_while_nothing_of_it_is_taken() {
        set_now_ticks(10);
        let session = Rc::new(Session::new());
        set_now_ticks(20);
        assert_eq!(session.stuck_ticks(), 0, "there is no answer");
        let answer = Sending::new(session.clone());
        set_now_ticks(25);
        let another = Sending::new(session.clone());
        assert_eq!(session.stuck_ticks(), 5);
        session.set_blocked(false);
        assert_eq!(session.stuck_ticks(), 0, "some was taken");
        session.set_blocked(true);
        drop((answer, another));
        set_now_ticks(28);
        assert_eq!(session.stuck_ticks(), 3, "the socket's buffer is full");
        session.set_blocked(false);
        set_now_ticks(40);
        assert_eq!(session.stuck_ticks(), 0);
    }

    #[test]
    fn who_was_sent_away_is_told_from_others_on_the_connection() {
        let session = Session::new();
        let named = |name: &str| {
            Arc::new(Actor {
                name: name.into(),
                ..Actor::default()
            })
        };
        let (told, other) = (named("li"), named("wang"));
        assert_eq!(session.is_away_until(&told), None);
        let (now, time) = (Instant::now(), Duration::from_secs(2));
        session.send_away(&told, now, time);
        // Whoever asks in between, as over HTTP/2, changes nothing.
        assert_eq!(session.is_away_until(&other), None);
        assert_eq!(session.is_away_until(&told), Some(now + time));
    }

    #[test]
    fn a_session_knows_how_long_it_has_been_idle() {
        set_now_ticks(10);
        let session = Session::new();
        set_now_ticks(15);
        assert_eq!((session.age_ticks(), session.is_heard()), (5, false));
        session.heard();
        assert_eq!((session.age_ticks(), session.is_heard()), (0, true));
        let active = session.begin();
        set_now_ticks(20);
        session.heard();
        assert_eq!((session.active(), session.is_heard()), (1, false));
        drop(active);
        assert_eq!((session.active(), session.age_ticks()), (0, 0));
    }
}
