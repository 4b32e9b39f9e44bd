//! A turn (一轮) of a network thread: the requests that it found ready together, answered one after another.
//!
//! The journal is told of the first command of a turn, and begins when the turn is over. A sync costs as much
//! for one record as for thirty, and each wakes the journal's thread and every network thread that waits for it.
//!
//! A turn ends by a task of its own, which stands behind all that were ready when the turn began; so a lone
//! command waits for nobody.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::engine::Engine;
use crate::engine::group::Turn;

/// Commands of one turn: the disk is not to stand idle while a thread goes on with hundreds of connections.
const COMMANDS_MAX: u32 = 128;

/// The turns of one network thread.
pub(super) struct Turns {
    engine: Arc<Engine>,
    open: RefCell<Option<Turn>>,
    commands: Cell<u32>,
    ender: RefCell<Option<Waker>>,
}

impl Turns {
    /// The turns of the calling thread, which is inside its runtime.
    pub(super) fn new(engine: Arc<Engine>) -> Rc<Self> {
        let turns = Rc::new(Self {
            engine,
            open: RefCell::default(),
            commands: Cell::new(0),
            ender: RefCell::default(),
        });
        tokio::task::spawn_local(turns.clone().end_each());
        turns
    }

    /// A command is about to be decided: a turn begins unless one is under way.
    #[inline]
    pub(super) fn note_command(&self) {
        if self.commands.get() == COMMANDS_MAX {
            self.end();
        }
        self.commands.set(self.commands.get() + 1);
        let is_open = self.open.borrow().is_some();
        let ender = self.ender.borrow();
        if let Some(ender) = ender.as_ref().filter(|_| !is_open) {
            self.open.replace(Some(self.engine.turn()));
            ender.wake_by_ref();
        }
    }

    fn end(&self) {
        self.commands.set(0);
        self.open.replace(None);
    }

    async fn end_each(self: Rc<Self>) {
        poll_fn(|context| {
            self.end();
            self.ender.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await
    }
}
