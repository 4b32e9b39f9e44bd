//! Many commands in one call (成批), each standing alone.
//!
//! It comes to the same as one after another, but some are locked together: a shard that many of them
//! want (a hot row's) changes hands once for all of them, and what they look at comes from memory side
//! by side. The journal is told that more is coming, and syncs less often.

use crate::engine::Engine;
use crate::engine::answer::Ticket;
use crate::engine::command::Command;
use crate::engine::content::{put_content, take_content};
use crate::engine::error::SubmitError;
use crate::engine::group::Filling;
#[cfg(feature = "server")]
use crate::engine::group::Turn;
use crate::engine::held::{Held, ShardSet};
use crate::engine::intent::Intent;
use crate::engine::place;
use crate::engine::submit::{Append, Halt, Scratch, decide_held};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::hint::black_box;

/// Commands that are locked together. Measured with two threads, 4 to 8 are quickest: with fewer, what is
/// looked at comes from memory one after another; with more, the threads want the same shards too often.
const TOGETHER: usize = 8;

crate::sync::thread_local!(static DESKS: RefCell<Desks> = RefCell::default());

/// Room for commands that are prepared side by side, one for each.
#[derive(Default)]
struct Desks {
    scratches: [Scratch; TOGETHER],
    touched: ShardSet,
}

/// What came of one command.
pub type Submitted = Result<Ticket, SubmitError>;

impl Engine {
    /// Decides commands in their order, each as [`Engine::submit`] would, and appends what came of
    /// each to `outcomes`. An answer may be given once its [`Ticket::seq`] is durable.
    pub fn submit_all(&self, mut commands: Vec<Command>, outcomes: &mut Vec<Submitted>) {
        let before = outcomes.len();
        outcomes.reserve(commands.len());
        let _filling = self.announce();
        DESKS.with(|desks| {
            let desks = &mut *desks.borrow_mut();
            let mut rest = &mut commands[..];
            while !rest.is_empty() {
                let decided = self.submit_some(rest, desks, outcomes);
                rest = &mut rest[decided..];
            }
        });
        assert_eq!(outcomes.len(), before + commands.len());
    }

    /// Tells the journal that more records come at once: it waits for them until this is dropped.
    pub(crate) fn announce(&self) -> Filling {
        self.group.fill()
    }

    /// As [`Engine::announce`], for the requests that a network thread answers in turn: once it is over the
    /// journal begins, whoever else has announced records.
    #[cfg(feature = "server")]
    pub(crate) fn turn(&self) -> Turn {
        self.group.turn()
    }

    /// Decides the first few commands and returns how many.
    fn submit_some(
        &self,
        commands: &mut [Command],
        desks: &mut Desks,
        outcomes: &mut Vec<Submitted>,
    ) -> usize {
        let before = outcomes.len();
        let now_ms = self.clock().now_ms();
        for (command, scratch) in commands.iter_mut().zip(&mut desks.scratches) {
            scratch.plan.defers = true;
            scratch.now_ms = now_ms;
            scratch.content = take_content(&mut command.action);
        }
        self.decide_together(commands, desks, outcomes);
        let decided = outcomes.len() - before;
        let undecided = commands.iter_mut().zip(&mut desks.scratches).skip(decided);
        for (command, scratch) in undecided {
            put_content(&mut command.action, &mut scratch.content);
        }
        if decided > 0 {
            return decided;
        }
        // It can't be prepared, or wants another look: alone, this is dealt with.
        outcomes.push(self.submit_one(&mut commands[0], &mut desks.scratches[0]));
        1
    }

    /// Decides commands up to the first that can't be prepared or must be looked at again, since those
    /// before it may have changed that.
    fn decide_together(
        &self,
        commands: &[Command],
        desks: &mut Desks,
        outcomes: &mut Vec<Submitted>,
    ) {
        if self.watermark().latched().is_some() {
            return;
        }
        let Desks { scratches, touched } = desks;
        let state = self.state();
        touched.clear();
        let mut intents: SmallVec<[Intent<'_>; TOGETHER]> = SmallVec::new();
        for (command, scratch) in commands.iter().zip(scratches.iter_mut()) {
            let Ok(mut intent) = self.prepare(&**state, command, scratch) else {
                break;
            };
            let ahead = intents
                .iter()
                .filter(|before| before.enters_beside(&intent));
            let ahead = ahead.count() as u64;
            if self.seal(&**state, &mut intent, scratch, ahead).is_err() {
                break;
            }
            touched.add_all(&scratch.touched);
            intents.push(intent);
        }
        let mut held = Held::lock(&state, touched, self.archives());
        warm(&held, scratches, intents.len());
        let horizon = self.horizon();
        for (intent, scratch) in intents.into_iter().zip(scratches) {
            match decide_held(intent, &mut held, &mut Append(self), scratch, horizon) {
                Ok(ticket) => outcomes.push(Ok(ticket)),
                Err(Halt::Error(error)) => outcomes.push(Err(error)),
                Err(Halt::Moved | Halt::PlanWithKeys) => return,
            }
        }
    }
}

/// Looks at what the commands will look at. The looks don't wait for each other, so that memory answers
/// them side by side; deciding alone would wait for each in turn.
fn warm(held: &Held<'_>, scratches: &[Scratch; TOGETHER], count: usize) {
    for scratch in &scratches[..count] {
        let key = scratch.once.key;
        black_box(held.get(place::of_once(key)).once.get(key));
        scratch.plan.warm(held);
    }
}
