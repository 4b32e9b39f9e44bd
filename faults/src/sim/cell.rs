//! The cell under trial: an engine on a simulated disk, driven step by step on one thread.

use super::book::{Book, Entry, FIRST};
use super::check::{self, Checked};
use super::draw::Swarm;
use super::model::{Model, Verdict};
use crate::world::{self, Ask, MARCH_MS};
use fastrand::Rng;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::answer::{Answer, Ticket};
use hubu_core::engine::commit::Step;
use hubu_core::engine::error::{EngineError, SubmitError};
use hubu_core::engine::group::GroupLimits;
use hubu_core::engine::open::Options;
use hubu_core::engine::snapshot::Copied;
use hubu_core::journal::simulated::{Faults, SimulatedDatabase, SimulatedDisk};
use hubu_core::journal::{Journal, Settings};
use std::path::Path;
use std::sync::Arc;

pub(crate) const JOURNAL: &str = "/cell/journal";
pub(crate) const SNAPSHOTS: &str = "/cell/snapshots";

/// How often things were done; the figures are made of these.
#[derive(Default, Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) decided: u64,
    pub(crate) told: u64,
    pub(crate) crashes: u64,
    pub(crate) faults: u64,
    pub(crate) latches: u64,
    /// Batches that found no room.
    pub(crate) full: u64,
    pub(crate) rots: u64,
    pub(crate) rots_refused: u64,
    pub(crate) second_writers: u64,
    pub(crate) simulated_ms: u64,
    /// Of the state at the end: two runs of a seed have the same.
    pub(crate) digest: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Counts) {
        self.decided += other.decided;
        self.told += other.told;
        self.crashes += other.crashes;
        self.faults += other.faults;
        self.latches += other.latches;
        self.full += other.full;
        self.rots += other.rots;
        self.rots_refused += other.rots_refused;
        self.second_writers += other.second_writers;
        self.simulated_ms += other.simulated_ms;
        self.digest ^= other.digest;
    }
}

/// See the module.
pub(crate) struct Cell {
    pub(crate) swarm: Swarm,
    pub(crate) ground: Ground,
    pub(crate) engine: Engine,
    pub(crate) book: Book,
    /// What memory should be: with what is decided and not durable, until a latch undoes it.
    pub(crate) model: Model,
    pub(crate) copied: Option<Copied>,
    /// What clients have sent and had no answer for.
    pub(crate) unanswered: Vec<(String, Ask)>,
    /// Atomic batches of which a command was refused.
    pub(crate) refused: Vec<Vec<(String, Ask)>>,
    pub(crate) counts: Counts,
    pub(crate) now_ms: u64,
    /// Whether a latch was followed by the undoing of what is not durable.
    is_undone: bool,
    next_key: u64,
}

/// What a cell stands on: journal and snapshots on one disk, or the journal in a database.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) disk: SimulatedDisk,
    pub(crate) database: Option<SimulatedDatabase>,
}

/// An engine on whatever this ground holds.
pub(crate) fn open(ground: &Ground, swarm: &Swarm, now_ms: u64) -> Result<Engine, EngineError> {
    let settings = Settings {
        cell: 1,
        segment_bytes: swarm.segment_bytes,
        ..Settings::default()
    };
    let journal: Box<dyn Journal> = match &ground.database {
        Some(database) => Box::new(database.open(&settings)?),
        None => Box::new(ground.disk.open(Path::new(JOURNAL), &settings)?),
    };
    let options = Options {
        limits: GroupLimits {
            bytes: 1 << 20,
            records: swarm.queue_records,
        },
        clock: Clock::manual(now_ms),
        snapshots: swarm.has_snapshots.then(|| SNAPSHOTS.into()),
        disk: Arc::new(ground.disk.clone()),
        stepped: true,
        fields: world::fields(),
        ..Options::default()
    };
    Engine::open(journal, &world::sources(), options)
}

impl Cell {
    /// A new cell on an empty disk.
    pub(crate) fn new(seed: u64, swarm: Swarm) -> Result<Cell, String> {
        let ground = Ground {
            disk: SimulatedDisk::new(seed, Faults::default()),
            database: swarm.has_database.then(SimulatedDatabase::default),
        };
        let engine = open(&ground, &swarm, MARCH_MS).map_err(|error| error.to_string())?;
        Ok(Cell {
            swarm,
            ground,
            engine,
            book: Book::default(),
            model: Model::default(),
            copied: None,
            unanswered: Vec::new(),
            refused: Vec::new(),
            counts: Counts::default(),
            now_ms: MARCH_MS,
            is_undone: false,
            next_key: 0,
        })
    }

    /// A key that was never used.
    pub(crate) fn key(&mut self) -> String {
        self.next_key += 1;
        format!("key-{}", self.next_key)
    }

    /// A new command, and its key.
    pub(crate) fn ask(&mut self, rng: &mut Rng) -> (String, Ask) {
        let known = self.model.documents.iter();
        let known = known.map(|(name, document)| (*name, document.county, document.version));
        let open: Vec<_> = known.collect();
        (self.key(), self.swarm.ask(rng, &open))
    }

    /// What came of a command, beside what the model says.
    pub(crate) fn note(
        &mut self,
        (key, ask): (String, Ask),
        came: Result<Ticket, SubmitError>,
        goes_on: bool,
    ) -> Checked {
        if let Some(known) = self.book.find(&key) {
            return self.note_repeat(&known.clone(), &ask, came);
        }
        match came {
            Ok(ticket) => {
                let answer = ticket.answer.ok_or("a new command is taken for a repeat")?;
                let wanted = FIRST + self.book.entries.len() as u64;
                if ticket.seq.0 != wanted {
                    return Err(format!("record {} should be {wanted}", ticket.seq.0));
                }
                let named = match &answer {
                    Answer::Done(done) => Some(done.document),
                    Answer::Refused(_) => None,
                };
                let verdict = self.model.decide(&ask, named);
                check::answer(&self.engine, &answer, &verdict)?;
                self.counts.decided += 1;
                self.book.push(Entry {
                    key,
                    ask,
                    verdict,
                    answer,
                    goes_on,
                    in_batch: false,
                });
                Ok(())
            }
            Err(error) => {
                let mut beside = self.model.clone();
                let verdict = beside.decide(&ask, None);
                self.unanswered.push((key, ask));
                self.may_fail(&error, &verdict)
            }
        }
    }

    /// The last of `asks` was refused, judged behind the others; only its key is spent, and nothing else happened.
    pub(crate) fn note_refused_batch(
        &mut self,
        mut asks: Vec<(String, Ask)>,
        ticket: Ticket,
    ) -> Checked {
        let (key, ask) = asks.pop().ok_or("a batch of none was refused")?;
        let mut beside = self.model.clone();
        for (_, before) in &asks {
            let verdict = beside.decide(before, None);
            if !matches!(verdict, Verdict::Done { .. }) {
                return Err(format!(
                    "{before:?} should have been refused first: {verdict:?}"
                ));
            }
        }
        self.unanswered.extend(asks);
        let verdict = beside.decide(&ask, None);
        let answer = ticket.answer.ok_or("a refusal is taken for a repeat")?;
        check::answer(&self.engine, &answer, &verdict)?;
        self.counts.decided += 1;
        self.book.push(Entry {
            key,
            ask,
            verdict,
            answer,
            goes_on: false,
            in_batch: true,
        });
        Ok(())
    }

    /// A repeat gets the first answer, or none where none can be had; another body is refused.
    fn note_repeat(
        &mut self,
        known: &Entry,
        ask: &Ask,
        came: Result<Ticket, SubmitError>,
    ) -> Checked {
        match came {
            Err(SubmitError::KeyReused) if known.ask != *ask => Ok(()),
            Err(SubmitError::Latched(_)) if self.engine.latched().is_some() => Ok(()),
            Ok(ticket) if known.ask == *ask => {
                let first = known.answer.seq();
                if ticket.seq != first || ticket.answer.is_some() {
                    return Err(format!("a repeat of {first:?} came to {ticket:?}"));
                }
                self.recall(known)
            }
            other => Err(format!("a repeat of {known:?} came to {other:?}")),
        }
    }

    fn recall(&self, known: &Entry) -> Checked {
        let seq = known.answer.seq();
        if seq.0 > self.engine.watermark().durable() {
            return Ok(());
        }
        match self.engine.recall(seq) {
            Ok(Some(answer)) if answer == known.answer => Ok(()),
            Ok(other) => Err(format!(
                "{other:?} is not the first answer {:?}",
                known.answer
            )),
            // The disk may be unreadable at the moment; then nobody is answered.
            Err(EngineError::Journal(_)) => Ok(()),
            Err(error) => Err(format!("the first answer can't be had: {error}")),
        }
    }

    fn may_fail(&self, error: &SubmitError, verdict: &Verdict) -> Checked {
        match error {
            SubmitError::Busy if self.engine.waiting().1 > 0 => Ok(()),
            SubmitError::Latched(_) if self.engine.latched().is_some() => Ok(()),
            SubmitError::TooLarge => Ok(()),
            SubmitError::Ended(_) | SubmitError::NoDocument(_)
                if *verdict == Verdict::Undecided =>
            {
                Ok(())
            }
            other => Err(format!(
                "not decided for {other}; the model says {verdict:?}"
            )),
        }
    }

    /// One step of the journal's, and what follows from it.
    pub(crate) fn step(&mut self) -> Checked {
        let before = self.engine.watermark().durable();
        let was_latched = self.engine.latched().is_some();
        let step = self.engine.step();
        let durable = self.engine.watermark().durable();
        match step {
            Step::Committed | Step::Idle => {
                self.tell();
                match self.engine.lacks_room() {
                    false => Ok(()),
                    true => Err(format!("{step:?}, and it waits for room")),
                }
            }
            Step::NoRoom => {
                self.counts.full += 1;
                match durable == before && self.engine.lacks_room() {
                    true => Ok(()),
                    false => Err("it found no room and does not wait for it".into()),
                }
            }
            // What can't be read can't be undone yet.
            Step::Latched if was_latched => Ok(()),
            Step::Latched => {
                self.counts.latches += 1;
                match durable == before && self.engine.latched().is_some() {
                    true => Ok(()),
                    false => Err("it failed and is not latched".into()),
                }
            }
            Step::Ended if self.engine.latched().is_none() => Err("it ended by itself".into()),
            Step::Ended if self.is_undone => Ok(()),
            Step::Ended => {
                self.is_undone = true;
                self.model = self.book.model(self.durable());
                Ok(())
            }
        }
    }

    /// Answers leave whose records are durable.
    pub(crate) fn tell(&mut self) {
        let told = self.durable();
        self.counts.told += (told - self.book.told) as u64;
        self.book.told = told;
    }

    /// Commands whose records are durable, as the engine says.
    fn durable(&self) -> usize {
        let durable = self.engine.watermark().durable();
        ((durable + 1).saturating_sub(FIRST) as usize).min(self.book.entries.len())
    }

    /// Memory can be compared: after a latch it may be unreadable, or not undone yet.
    pub(crate) fn is_comparable(&self) -> bool {
        self.engine.latched().is_none() || self.is_undone
    }

    /// Goes on with the engine that was opened on `ground` after whatever happened.
    pub(crate) fn go_on(&mut self, ground: Ground, engine: Engine) -> Checked {
        let count = (engine.newest().0 + 1 - FIRST) as usize;
        self.book.may_end(count)?;
        let lost = self.book.truncate(count);
        self.unanswered.extend(lost);
        self.model = self.book.model(count);
        self.copied = None;
        self.is_undone = false;
        // The old one may still be there, as one that was cut off is; it must not write here again.
        self.engine = engine;
        self.ground = ground;
        self.tell();
        check::whole(&self.engine, &self.model)
    }
}
