//! The watermark (水位): the sequence number up to which all is durable, and who waits for it.
//!
//! A batch of hundreds of records wakes hundreds of requests. To wake each from the journal's thread
//! would cost a system call apiece, so a network thread hangs up a *bell*: the journal rings it once
//! and the thread wakes its own waiters. Threads without a bell are woken one by one.

use crate::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use crate::sync::{Condvar, Mutex};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Lists of waiters; threads share them in turn when there are more.
const LISTS: usize = 64;

/// The journal can't be written, for good or until there is room: nothing that waits will be answered "yes" now.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the journal is latched: {0}")]
pub struct Latched(pub std::sync::Arc<str>);

#[derive(Default)]
struct List {
    waiting: Vec<(u64, Waker)>,
    bell: Option<Waker>,
}

/// Why nothing is waited for.
enum Latch {
    /// It may become durable yet.
    UntilThereIsRoom(Latched),
    ForGood(Latched),
}

/// See the module.
pub struct Watermark {
    durable: AtomicU64,
    /// Looked at by every command; the reason stands behind it.
    is_latched: AtomicBool,
    latch: Mutex<Option<Latch>>,
    lists: Vec<Mutex<List>>,
    blocked: Mutex<usize>,
    raised: Condvar,
}

crate::sync::shared! {
    /// Threads that have ever waited: only their lists are looked at when the mark rises.
    static THREADS: AtomicUsize = AtomicUsize::new(0);
}

fn own_list() -> usize {
    crate::sync::thread_local!(static MINE: Cell<Option<usize>> = const { Cell::new(None) });
    MINE.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let list = THREADS.fetch_add(1, Ordering::Relaxed) % LISTS;
            // With the fence of `wake`: it looks at this list, or whoever waits here sees the mark raised.
            fence(Ordering::SeqCst);
            mine.set(Some(list));
            list
        })
    })
}

impl Watermark {
    /// A watermark that stands at `durable`.
    pub fn new(durable: u64) -> Watermark {
        Watermark {
            durable: AtomicU64::new(durable),
            is_latched: AtomicBool::new(false),
            latch: Mutex::new(None),
            lists: (0..LISTS).map(|_| Mutex::new(List::default())).collect(),
            blocked: Mutex::new(0),
            raised: Condvar::new(),
        }
    }

    /// The newest durable sequence number.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Why the journal can't be written, if so.
    #[inline]
    pub fn latched(&self) -> Option<Latched> {
        if self.is_latched.load(Ordering::Acquire) {
            self.reason()
        } else {
            None
        }
    }

    #[cold]
    fn reason(&self) -> Option<Latched> {
        match &*self.latch.lock() {
            Some(Latch::UntilThereIsRoom(reason) | Latch::ForGood(reason)) => Some(reason.clone()),
            None => None,
        }
    }

    /// Raises the mark and wakes whom it covers.
    pub(crate) fn raise(&self, to: u64) {
        let durable = self.durable();
        assert!(to >= durable, "the watermark only rises");
        if to == durable {
            return;
        }
        self.durable.store(to, Ordering::Release);
        self.wake();
    }

    /// Ends all waiting: nothing after the present mark becomes durable. The first reason stands.
    pub(crate) fn latch(&self, reason: Latched) {
        let mut latch = self.latch.lock();
        if !matches!(*latch, Some(Latch::ForGood(_))) {
            *latch = Some(Latch::ForGood(reason));
        }
        drop(latch);
        self.is_latched.store(true, Ordering::Release);
        self.wake();
    }

    /// Ends all waiting for now: what is after the present mark becomes durable once there is room.
    pub(crate) fn pause(&self, reason: Latched) {
        let mut latch = self.latch.lock();
        assert!(latch.is_none(), "it went on until now");
        *latch = Some(Latch::UntilThereIsRoom(reason));
        drop(latch);
        self.is_latched.store(true, Ordering::Release);
        self.wake();
    }

    /// There is room again.
    pub(crate) fn resume(&self) {
        let mut latch = self.latch.lock();
        assert!(
            !matches!(*latch, Some(Latch::ForGood(_))),
            "a latch is for good"
        );
        *latch = None;
        drop(latch);
        self.is_latched.store(false, Ordering::Release);
    }

    /// Whether it is latched until there is room, and not for good.
    pub(crate) fn is_paused(&self) -> bool {
        matches!(*self.latch.lock(), Some(Latch::UntilThereIsRoom(_)))
    }

    fn wake(&self) {
        fence(Ordering::SeqCst);
        for list in self.lists.iter().take(THREADS.load(Ordering::Relaxed)) {
            let mut guard = list.lock();
            let covered = guard.waiting.iter().any(|(seq, _)| self.settled(*seq));
            let due = match (&guard.bell, covered) {
                (_, false) => continue,
                (Some(bell), true) => vec![bell.clone()],
                (None, true) => self.drain(&mut guard),
            };
            drop(guard);
            due.into_iter().for_each(Waker::wake);
        }
        if *self.blocked.lock() > 0 {
            self.raised.notify_all();
        }
    }

    fn settled(&self, seq: u64) -> bool {
        seq <= self.durable() || self.is_latched.load(Ordering::Acquire)
    }

    fn drain(&self, list: &mut List) -> Vec<Waker> {
        let due = list.waiting.extract_if(.., |(seq, _)| self.settled(*seq));
        due.map(|(_, waker)| waker).collect()
    }

    fn answer(&self, seq: u64) -> Option<Result<(), Latched>> {
        if seq <= self.durable() {
            return Some(Ok(()));
        }
        self.latched().map(Err)
    }

    /// Waits on this thread until `seq` is durable.
    ///
    /// # Errors
    /// [`Latched`] when it never will be, as far as this process can tell.
    pub fn wait_blocking(&self, seq: u64) -> Result<(), Latched> {
        let mut blocked = self.blocked.lock();
        *blocked += 1;
        let answer = loop {
            match self.answer(seq) {
                Some(answer) => break answer,
                None => self.raised.wait(&mut blocked),
            }
        };
        *blocked -= 1;
        answer
    }

    /// Resolves once `seq` is durable, or with [`Latched`] when it never will be.
    pub fn wait(&self, seq: u64) -> Durable<'_> {
        Durable {
            watermark: self,
            seq,
        }
    }

    /// Never resolves: rings for the waiters of the thread that polls it. A network thread spawns one.
    pub fn bell(&self) -> Bell<'_> {
        Bell { watermark: self }
    }
}

/// See [`Watermark::wait`].
pub struct Durable<'a> {
    watermark: &'a Watermark,
    seq: u64,
}

impl Future for Durable<'_> {
    type Output = Result<(), Latched>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let watermark = self.watermark;
        if let Some(answer) = watermark.answer(self.seq) {
            return Poll::Ready(answer);
        }
        let mut list = watermark.lists[own_list()].lock();
        // Asked again under the list's lock: a mark raised in between would find no waiter to wake.
        if let Some(answer) = watermark.answer(self.seq) {
            return Poll::Ready(answer);
        }
        list.waiting.push((self.seq, context.waker().clone()));
        Poll::Pending
    }
}

/// See [`Watermark::bell`].
pub struct Bell<'a> {
    watermark: &'a Watermark,
}

impl Future for Bell<'_> {
    type Output = std::convert::Infallible;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut list = self.watermark.lists[own_list()].lock();
        list.bell = Some(context.waker().clone());
        let due = self.watermark.drain(&mut list);
        drop(list);
        due.into_iter().for_each(Waker::wake);
        Poll::Pending
    }
}

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        let mut list = self.watermark.lists[own_list()].lock();
        list.bell = None;
        let due: Vec<Waker> = list.waiting.drain(..).map(|(_, waker)| waker).collect();
        drop(list);
        due.into_iter().for_each(Waker::wake);
    }
}
