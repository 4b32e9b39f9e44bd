//! Who commits: the journal's own thread, or the caller, step by step.

use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::group::{Committed, Group, Writer};
use crate::engine::recover::Recovered;
use crate::engine::shard::Shards;
use crate::journal::JournalReader;
use crate::sync::thread::{self, JoinHandle};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::Duration;

/// How long a journal that can't be read is left alone before it is tried again: twice as long each time, up to the most.
const UNDO_AGAIN: Duration = Duration::from_millis(100);
const UNDO_AGAIN_MAX: Duration = Duration::from_secs(5);

/// What one step of [`Engine::step`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// What had gathered is durable.
    Committed,
    /// Nothing had gathered.
    Idle,
    /// There is no room for what had gathered: nothing more is accepted until a step finds some.
    NoRoom,
    /// The journal can't be written: nothing more is accepted. The next step undoes what is not durable.
    Latched,
    /// Nothing is left to do: closed, or latched and undone.
    Ended,
}

/// See the module. Nothing is left of either once the engine was closed.
pub(crate) enum Committer {
    Thread(Option<JoinHandle<()>>),
    Stepped(Option<(Commit, Writer)>),
}

/// What one who commits needs beside the journal.
pub(crate) struct Commit {
    pub(crate) group: Arc<Group>,
    pub(crate) state: Arc<ArcSwap<Shards>>,
    pub(crate) reader: Arc<dyn JournalReader>,
    pub(crate) archived: Option<u64>,
}

impl Committer {
    /// Starts the journal's thread with its work.
    pub(crate) fn spawn(work: impl FnOnce() + Send + 'static) -> Result<Committer, EngineError> {
        let builder = thread::Builder::new().name("hubu-journal".into());
        let spawned = builder.spawn(work).map_err(|source| EngineError::System {
            doing: "start a thread",
            source,
        })?;
        Ok(Committer::Thread(Some(spawned)))
    }
}

impl Commit {
    /// Commits until the engine closes or the journal latches; then undoes what is not durable.
    pub(crate) fn run(self, writer: Writer, renew_every: Duration) {
        self.group.run(writer, renew_every);
        if self.group.watermark.latched().is_some() {
            self.undo_until_it_works();
        }
    }

    /// A journal that can't be read, as a database that is away, comes back.
    fn undo_until_it_works(&self) {
        let mut pause = UNDO_AGAIN;
        while !self.undo() && !self.group.is_closing_within(pause) {
            pause = (pause * 2).min(UNDO_AGAIN_MAX);
        }
    }

    /// What was decided and is not durable is undone: memory is built anew from the journal, so that
    /// reads go on with what is durable. `false` when the journal can't be read now; until it can, reads of
    /// what was under way stay refused.
    fn undo(&self) -> bool {
        let mut recovered = Recovered::empty(self.archived);
        let replayed = recovered.replay(&*self.reader, 1);
        match &replayed {
            Ok(()) => {
                self.state.store(Arc::new(recovered.shards));
                tracing::info!("what was not durable is undone: reads go on");
            }
            Err(error) => {
                tracing::error!(%error, "the journal can't be read again: reads of what was under way stay refused");
            }
        }
        replayed.is_ok()
    }
}

impl Engine {
    /// Does the next thing that a journal's thread would do, on this thread; for an engine that was opened
    /// [`stepped`](crate::engine::open::Options::stepped), and so for simulations.
    ///
    /// # Panics
    /// When the engine has a thread that commits.
    pub fn step(&self) -> Step {
        let mut committer = self.committer.lock();
        let Committer::Stepped(stepped) = &mut *committer else {
            panic_of_thread()
        };
        let Some((commit, writer)) = stepped else {
            return Step::Ended;
        };
        if self.is_latched_for_good() {
            if !commit.undo() {
                return Step::Latched;
            }
            *stepped = None;
            return Step::Ended;
        }
        match commit.group.commit_gathered(writer) {
            None => Step::Idle,
            Some(Committed::Done) => Step::Committed,
            Some(Committed::NoRoom) => Step::NoRoom,
            Some(Committed::Latched) => Step::Latched,
        }
    }

    /// Keeps the right to write, as a journal's thread does when it has nothing else to do; see [`Engine::step`].
    ///
    /// # Panics
    /// As [`Engine::step`].
    pub fn renew(&self) -> Step {
        let mut committer = self.committer.lock();
        let Committer::Stepped(stepped) = &mut *committer else {
            panic_of_thread()
        };
        match stepped {
            None => Step::Ended,
            Some(_) if self.is_latched_for_good() => Step::Latched,
            Some((commit, writer)) => match commit.group.renew(writer) {
                true => Step::Idle,
                false => Step::Latched,
            },
        }
    }

    fn is_latched_for_good(&self) -> bool {
        self.latched().is_some() && !self.lacks_room()
    }

    /// Commits what is left and lets the journal go.
    pub(crate) fn end_commits(&self) {
        match &mut *self.committer.lock() {
            Committer::Thread(thread) => {
                if let Some(thread) = thread.take() {
                    // The thread asserts; a panic of it has ended the process already.
                    let _joined = thread.join();
                }
            }
            Committer::Stepped(stepped) => {
                if let Some((commit, mut writer)) = stepped.take()
                    && !self.is_latched_for_good()
                {
                    // What found no room first is followed by what gathered meanwhile.
                    while commit.group.commit_gathered(&mut writer) == Some(Committed::Done) {}
                }
            }
        }
    }
}

#[expect(
    clippy::panic,
    reason = "a mistake of the caller's, named in the documentation"
)]
fn panic_of_thread() -> ! {
    panic!("this engine's own thread commits: open it with `stepped`")
}
