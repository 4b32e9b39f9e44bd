//! Time-outs without timers: one walk over a thread's connections each tick.
//!
//! | state | told to |
//! |---|---|
//! | a head half there for longer than the header time-out | go at once |
//! | an answer of which the client takes nothing for longer than the time-out of a body | go at once |
//! | no request for longer than the idle time-out | finish |
//! | older than the connection age (spread by up to a tenth) | finish |
//! | quiet for a moment (HTTP/1.1) | sleep, which frees its buffers |
//! | told to finish a header time-out ago, and idle or stuck in sending | go at once |

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

use crate::config::Server;
use crate::http::session::{Session, TICK_MS, now_ticks};

/// How long a connection is quiet before it is told to sleep: between a quarter and half a second.
const QUIET_TICKS: u32 = 2;

/// What a connection is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Nothing.
    Stay,
    /// Let go of buffers until the client speaks again.
    Sleep,
    /// Finish the requests under way, then close.
    Finish,
    /// Close now.
    Abort,
}

/// One connection as the sweeper sees it.
pub(super) struct Watch {
    pub(super) session: Rc<Session>,
    /// Whether it may sleep. HTTP/2 may not; and its bytes between requests are no head.
    may_sleep: Cell<bool>,
    is_asleep: Cell<bool>,
    order: Cell<Order>,
    ordered_at: Cell<u32>,
    /// When it has lived long enough, in ticks.
    dies_at: u32,
    waker: RefCell<Option<Waker>>,
    place: Cell<usize>,
}

impl Watch {
    /// What it is told to do now.
    pub(super) fn order(&self) -> Order {
        self.order.get()
    }

    /// Asks to be woken at the next order.
    pub(super) fn register(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// Never tells it to sleep: it speaks HTTP/2.
    pub(super) fn forbid_sleep(&self) {
        self.may_sleep.set(false);
    }

    /// It sleeps from now on.
    pub(super) fn fall_asleep(&self) {
        assert!(self.may_sleep.get(), "HTTP/2 is never told to sleep");
        self.is_asleep.set(true);
        self.order.set(Order::Stay);
    }

    /// It is awake, whatever it was told; an order to finish or go stands.
    pub(super) fn stay_awake(&self) {
        self.is_asleep.set(false);
        if self.order.get() == Order::Sleep {
            self.order.set(Order::Stay);
        }
    }

    fn tell(&self, order: Order) {
        if self.order.get() == order {
            return;
        }
        self.order.set(order);
        self.ordered_at.set(now_ticks());
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Time limits in ticks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    header: u32,
    body: u32,
    idle: u32,
    age: u32,
}

impl Limits {
    pub(super) fn new(server: &Server) -> Self {
        let ticks = |seconds: u32| {
            u32::try_from(u64::from(seconds) * 1000 / TICK_MS).unwrap_or(u32::MAX / 4)
        };
        Self {
            header: ticks(server.header_timeout_seconds),
            body: ticks(server.body_timeout_seconds),
            idle: ticks(server.idle_timeout_seconds),
            age: ticks(server.connection_age_seconds),
        }
    }
}

/// All connections of one thread.
pub(super) struct Connections {
    list: RefCell<Vec<Rc<Watch>>>,
    limits: Limits,
    count: Cell<u32>,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            list: RefCell::default(),
            limits,
            count: Cell::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.borrow().len()
    }

    /// Takes a new connection on; it leaves when the entry is dropped.
    pub(super) fn enter(self: &Rc<Self>, session: Session) -> Entry {
        let count = self.count.get().wrapping_add(1);
        self.count.set(count);
        // A tenth of spread, in 16 steps, so that those who came together don't all leave together.
        let age = self.limits.age - self.limits.age / 160 * (count % 16);
        let mut list = self.list.borrow_mut();
        let watch = Rc::new(Watch {
            session: Rc::new(session),
            may_sleep: Cell::new(true),
            // Nothing is held for it before its first bytes.
            is_asleep: Cell::new(true),
            order: Cell::new(Order::Stay),
            ordered_at: Cell::new(0),
            dies_at: now_ticks().saturating_add(age),
            waker: RefCell::default(),
            place: Cell::new(list.len()),
        });
        list.push(watch.clone());
        Entry {
            watch,
            connections: self.clone(),
        }
    }

    /// Tells every connection to finish: the server stops.
    pub(super) fn finish_all(&self) {
        for watch in self.list.borrow().iter() {
            watch.tell(Order::Finish);
        }
    }

    /// Looks at every connection once.
    pub(super) fn sweep(&self) {
        let now = now_ticks();
        for watch in self.list.borrow().iter() {
            let order = self.judge(watch, now);
            if order != Order::Stay {
                watch.tell(order);
            }
        }
    }

    fn judge(&self, watch: &Watch, now: u32) -> Order {
        let session = &watch.session;
        let Limits {
            header, body, idle, ..
        } = self.limits;
        let is_idle = session.active() == 0;
        if session.stuck_ticks() > body {
            return Order::Abort;
        }
        match watch.order.get() {
            Order::Stay | Order::Sleep => {
                let is_head = session.is_heard() && watch.may_sleep.get();
                let may_sleep = watch.may_sleep.get() && !watch.is_asleep.get();
                if is_idle && is_head && session.age_ticks() > header {
                    Order::Abort
                } else if (is_idle && session.age_ticks() > idle) || now >= watch.dies_at {
                    Order::Finish
                } else if may_sleep && session.is_quiet() && session.age_ticks() >= QUIET_TICKS {
                    Order::Sleep
                } else {
                    watch.order.get()
                }
            }
            Order::Finish if is_idle && now.wrapping_sub(watch.ordered_at.get()) > header => {
                Order::Abort
            }
            told => told,
        }
    }

    fn leave(&self, watch: &Watch) {
        let mut list = self.list.borrow_mut();
        let place = watch.place.get();
        assert!(place < list.len(), "a connection leaves once");
        list.swap_remove(place);
        if let Some(moved) = list.get(place) {
            moved.place.set(place);
        }
    }
}

/// A connection's membership of its thread.
pub(super) struct Entry {
    pub(super) watch: Rc<Watch>,
    connections: Rc<Connections>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.leave(&self.watch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::session::set_now_ticks;

    fn connections() -> Rc<Connections> {
        set_now_ticks(0);
        Rc::new(Connections::new(Limits {
            header: 4,
            body: 12,
            idle: 40,
            age: 1600,
        }))
    }

    #[test]
    fn a_slow_head_goes_at_once_and_an_idle_one_finishes() {
        let all = connections();
        let (slow, idle, busy) = (
            all.enter(Session::new()),
            all.enter(Session::new()),
            all.enter(Session::new()),
        );
        for entry in [&slow, &idle, &busy] {
            entry.watch.stay_awake();
        }
        slow.watch.session.heard();
        let _request = busy.watch.session.begin();
        set_now_ticks(5);
        all.sweep();
        assert_eq!(slow.watch.order(), Order::Abort);
        assert_eq!(idle.watch.order(), Order::Sleep);
        idle.watch.fall_asleep();
        set_now_ticks(41);
        all.sweep();
        assert_eq!(idle.watch.order(), Order::Finish);
        assert_eq!(busy.watch.order(), Order::Stay);
        set_now_ticks(50);
        all.sweep();
        assert_eq!(idle.watch.order(), Order::Abort, "it did not go by itself");
    }

    #[test]
    fn an_answer_that_nobody_takes_is_given_up() {
        let all = connections();
        let (stuck, slow) = (all.enter(Session::new()), all.enter(Session::new()));
        for entry in [&stuck, &slow] {
            entry.watch.stay_awake();
            entry.watch.session.set_blocked(true);
        }
        set_now_ticks(10);
        slow.watch.session.set_blocked(false);
        slow.watch.session.set_blocked(true);
        set_now_ticks(13);
        all.sweep();
        assert_eq!(stuck.watch.order(), Order::Abort);
        assert_eq!(slow.watch.order(), Order::Stay, "it takes some");
    }

    #[test]
    fn only_a_quiet_connection_is_told_to_sleep() {
        let all = connections();
        let (http2, blocked, new) = (
            all.enter(Session::new()),
            all.enter(Session::new()),
            all.enter(Session::new()),
        );
        for entry in [&http2, &blocked] {
            entry.watch.stay_awake();
        }
        http2.watch.forbid_sleep();
        blocked.watch.session.set_blocked(true);
        set_now_ticks(3);
        all.sweep();
        for entry in [&http2, &blocked, &new] {
            assert_eq!(entry.watch.order(), Order::Stay);
        }
        blocked.watch.session.set_blocked(false);
        all.sweep();
        assert_eq!(blocked.watch.order(), Order::Sleep);
        blocked.watch.session.heard();
        assert!(!blocked.watch.session.is_quiet(), "bytes came in between");
        blocked.watch.stay_awake();
        assert_eq!(blocked.watch.order(), Order::Stay);
    }

    #[test]
    fn an_old_connection_finishes_even_when_busy() {
        let all = connections();
        let old = all.enter(Session::new());
        let _request = old.watch.session.begin();
        set_now_ticks(1600);
        all.sweep();
        assert_eq!(old.watch.order(), Order::Finish);
        set_now_ticks(1700);
        all.sweep();
        assert_eq!(
            old.watch.order(),
            Order::Finish,
            "its request is never cut off"
        );
    }

    #[test]
    fn leaving_keeps_the_others_in_place() {
        let all = connections();
        let (a, b, c) = (
            all.enter(Session::new()),
            all.enter(Session::new()),
            all.enter(Session::new()),
        );
        drop(a);
        drop(c);
        assert_eq!(all.len(), 1);
        drop(b);
        assert_eq!(all.len(), 0);
    }
}
