//! What may happen to a cell, and what must hold afterwards.

use super::cell::{self, Cell, Ground};
use super::check::{self, Checked};
use super::draw::Event;
use crate::world::Ask;
use fastrand::Rng;
use hubu_core::engine::Engine;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::commit::Step;
use hubu_core::engine::digest::of_journal;
use hubu_core::engine::error::{EngineError, SubmitError};
use hubu_core::journal::JournalError;
use hubu_core::journal::simulated::{DatabaseFault, Fault, Faults, Survival};
use std::path::Path;

const SURVIVALS: [Survival; 3] = [Survival::Nothing, Survival::Everything, Survival::Torn];
const FAULTS: [Fault; 4] = [
    Fault::Io,
    Fault::NoSpace,
    Fault::Short,
    Fault::SyncedAndFailed,
];

const DATABASE_FAULTS: [DatabaseFault; 4] = [
    DatabaseFault::Full,
    DatabaseFault::Refused,
    DatabaseFault::LostBefore,
    DatabaseFault::LostAfter,
];

impl Cell {
    pub(crate) fn happen(&mut self, event: Event, rng: &mut Rng) -> Checked {
        match event {
            Event::Submit => self.submit(rng),
            Event::Bulk => self.bulk(rng),
            Event::Atomic => self.atomic(rng),
            Event::Repeat => self.repeat(rng),
            Event::Reuse => self.reuse(rng),
            Event::Step => self.step(),
            Event::Look => self.look(),
            Event::Snapshot => self.snapshot(),
            Event::Crash => self.crash(SURVIVALS[rng.usize(..3)]),
            Event::Close => self.close(),
            Event::Fault => self.fault(rng),
            Event::Unreadable => self.unreadable(),
            Event::Second => self.second(rng),
            Event::Rot => self.rot(rng),
            Event::Clock => self.clock(rng),
            Event::Renew => self.renew(),
        }
    }

    fn submit(&mut self, rng: &mut Rng) -> Checked {
        let (key, ask) = self.ask(rng);
        let came = self.engine.submit(ask.command(&key));
        self.note((key, ask), came, false)
    }

    fn bulk(&mut self, rng: &mut Rng) -> Checked {
        let count = rng.usize(1..=self.swarm.call);
        let asks: Vec<_> = (0..count).map(|_| self.ask(rng)).collect();
        let commands = asks.iter().map(|(key, ask)| ask.command(key)).collect();
        let mut outcomes = Vec::new();
        self.engine.submit_all(commands, &mut outcomes);
        let mut both = asks.into_iter().zip(outcomes);
        both.try_for_each(|(asked, came)| self.note(asked, came, false))
    }

    /// All or nothing: either every command is decided "yes", or the first "no" is all that happened.
    fn atomic(&mut self, rng: &mut Rng) -> Checked {
        let count = rng.usize(1..=self.swarm.call.min(8));
        let mut asks: Vec<_> = (0..count).map(|_| self.ask(rng)).collect();
        let commands: Vec<_> = asks.iter().map(|(key, ask)| ask.command(key)).collect();
        match self.engine.submit_atomic(&commands) {
            Ok(BatchOutcome::Done(tickets)) => {
                let last = tickets.len() - 1;
                let both = asks.into_iter().zip(tickets).enumerate();
                let mut both = both.map(|(at, (asked, ticket))| (asked, ticket, at < last));
                both.try_for_each(|(asked, ticket, goes_on)| {
                    self.note(asked, Ok(ticket), goes_on)
                })?;
                self.look()
            }
            Ok(BatchOutcome::Refused { index, ticket }) => {
                self.refused.push(asks.clone());
                asks.truncate(index + 1);
                self.note_refused_batch(asks, ticket)
            }
            Err(failed) => match failed.error {
                SubmitError::Busy | SubmitError::TooLarge => Ok(()),
                SubmitError::Latched(_) if self.engine.latched().is_some() => Ok(()),
                SubmitError::Ended(_) | SubmitError::NoDocument(_) => Ok(()),
                other => Err(format!("an atomic batch was not decided for {other}")),
            },
        }
    }

    /// A batch that was refused is refused again, with the first answer, whatever became of the rows.
    fn repeat_refused(&self, batch: &[(String, Ask)]) -> Checked {
        let known = batch.iter().filter_map(|(key, _)| self.book.find(key));
        let no: Vec<_> = known
            .filter(|entry| matches!(entry.answer, Answer::Refused(_)))
            .map(|entry| entry.answer.seq())
            .collect();
        if no.is_empty() {
            // A crash took the refusal, and nobody had been told.
            return Ok(());
        }
        let commands: Vec<_> = batch.iter().map(|(key, ask)| ask.command(key)).collect();
        match self.engine.submit_atomic(&commands) {
            Ok(BatchOutcome::Refused { ticket, .. }) if no.contains(&ticket.seq) => Ok(()),
            Err(failed) if matches!(failed.error, SubmitError::Latched(_)) => {
                match self.engine.latched() {
                    Some(_) => Ok(()),
                    None => Err(failed.to_string()),
                }
            }
            other => Err(format!(
                "a refused batch came to {other:?} when it was sent again"
            )),
        }
    }

    fn repeat(&mut self, rng: &mut Rng) -> Checked {
        if !self.refused.is_empty() && rng.u8(..4) == 0 {
            return self.repeat_refused(&self.refused[rng.usize(..self.refused.len())]);
        }
        let known = &self.book.entries;
        let asked = match self.unanswered.len() {
            waiting if waiting > 0 && rng.bool() => {
                self.unanswered.swap_remove(rng.usize(..waiting))
            }
            _ if known.is_empty() => return Ok(()),
            _ => {
                let entry = &known[rng.usize(..known.len())];
                (entry.key.clone(), entry.ask.clone())
            }
        };
        if self.is_of_the_lost(&asked.1) {
            return Ok(());
        }
        let came = self.engine.submit(asked.1.command(&asked.0));
        self.note(asked, came, false)
    }

    /// A step of a document that was never told of and is gone: nobody can ask for it.
    fn is_of_the_lost(&self, ask: &Ask) -> bool {
        match ask {
            Ask::Act {
                document, county, ..
            } => {
                let known = self.model.documents.get(&document.0);
                known.is_none_or(|known| known.county != *county)
            }
            Ask::Enter { .. } => false,
        }
    }

    fn reuse(&mut self, rng: &mut Rng) -> Checked {
        let known = &self.book.entries;
        if known.is_empty() {
            return Ok(());
        }
        let key = known[rng.usize(..known.len())].key.clone();
        let (_, other) = self.ask(rng);
        if self
            .book
            .find(&key)
            .is_some_and(|known| known.ask.county() != other.county())
        {
            // Another official's keys are apart.
            return Ok(());
        }
        match self.engine.submit(other.command(&key)) {
            // A document that has ended takes no step, whatever the key.
            Err(SubmitError::Ended(_) | SubmitError::NoDocument(_)) => Ok(()),
            came => self.note((key, other), came, false),
        }
    }

    fn look(&mut self) -> Checked {
        if !self.is_comparable() {
            return Ok(());
        }
        check::state(&self.engine, &self.model)
    }

    fn snapshot(&mut self) -> Checked {
        if !self.swarm.has_snapshots {
            return Ok(());
        }
        let Some(copied) = self.copied.take() else {
            // One that can't be written leaves the older ones: nothing is to be seen.
            self.copied = self.engine.copy_snapshot(Path::new(cell::SNAPSHOTS)).ok();
            return Ok(());
        };
        if copied.last() <= self.engine.watermark().durable() {
            let _older_ones_stay = self.engine.name_snapshot(copied);
        } else if self.engine.latched().is_none() {
            self.copied = Some(copied);
        }
        Ok(())
    }

    fn crash(&mut self, survival: Survival) -> Checked {
        self.counts.crashes += 1;
        let after = Ground {
            disk: self.ground.disk.crash(survival),
            database: self.ground.database.clone(),
        };
        if let Some(database) = &after.database {
            // Whoever starts it again waits until the lease has run out.
            database.expire();
        }
        self.come_back(after)
    }

    fn come_back(&mut self, ground: Ground) -> Checked {
        let engine = cell::open(&ground, &self.swarm, self.now_ms);
        let engine = engine.map_err(|error| format!("it does not open any more: {error}"))?;
        self.go_on(ground, engine)
    }

    pub(crate) fn close(&mut self) -> Checked {
        self.engine.close();
        self.tell();
        self.heal();
        if let Some(database) = &self.ground.database {
            // One that latched does not give the lease back.
            database.expire();
        }
        let ground = self.ground.clone();
        self.come_back(ground)
    }

    /// Nothing is to fail any more.
    fn heal(&self) {
        self.ground.disk.set_faults(Faults::default());
        if let Some(database) = &self.ground.database {
            database.heal();
        }
    }

    fn fault(&mut self, rng: &mut Rng) -> Checked {
        self.counts.faults += 1;
        if let Some(database) = &self.ground.database
            && rng.u8(..4) > 0
        {
            database.fail_next(DATABASE_FAULTS[rng.usize(..DATABASE_FAULTS.len())]);
            return Ok(());
        }
        let at = self.ground.disk.operations() + rng.u64(1..6);
        self.ground.disk.set_faults(Faults {
            once: Some((at, FAULTS[rng.usize(..4)])),
            ..Faults::default()
        });
        Ok(())
    }

    /// What can't be read is not guessed: the journal latches or goes on, and no answer changes.
    fn unreadable(&mut self) -> Checked {
        self.set_unreadable(true);
        let seen = self.step();
        self.set_unreadable(false);
        seen.and_then(|()| self.look())
    }

    fn set_unreadable(&self, is_unreadable: bool) {
        self.ground.disk.set_faults(Faults {
            no_reads: is_unreadable,
            ..Faults::default()
        });
        if let Some(database) = &self.ground.database {
            database.set_down(is_unreadable);
        }
    }

    /// A second writer is refused while the first lives; where the lock or the lease is lost, the first one is.
    fn second(&mut self, rng: &mut Rng) -> Checked {
        self.counts.second_writers += 1;
        self.heal();
        let second = cell::open(&self.ground, &self.swarm, self.now_ms);
        match second {
            Err(EngineError::Journal(JournalError::Busy { .. })) => {}
            // One that has latched and was undone has let go of everything.
            Ok(second) if self.engine.latched().is_some() => {
                let ground = self.ground.clone();
                return self.go_on(ground, second);
            }
            Err(other) => return Err(format!("a second writer is told {other}")),
            Ok(_) => return Err("a second writer was let in".into()),
        }
        if rng.bool() {
            return Ok(());
        }
        self.ground.disk.break_locks();
        if let Some(database) = &self.ground.database {
            database.expire();
        }
        let engine = cell::open(&self.ground, &self.swarm, self.now_ms);
        let second = engine.map_err(|error| format!("the next writer can't begin: {error}"))?;
        // The first one has not noticed, and goes on.
        let waited = self.engine.waiting().1 > 0;
        let step = self.engine.step();
        if waited && !matches!(step, Step::Latched | Step::Ended) {
            return Err(format!("a stale writer wrote: {step:?}"));
        }
        let ground = self.ground.clone();
        self.go_on(ground, second)
    }

    /// A copy of the disk rots: what it opens to is the truth, or it does not open.
    fn rot(&mut self, rng: &mut Rng) -> Checked {
        if self.ground.database.is_some() {
            return Ok(());
        }
        self.counts.rots += 1;
        let copy = self.ground.disk.crash(Survival::Everything);
        let files = copy.files();
        let Some((path, bytes)) = files.get(rng.usize(..files.len().max(1))) else {
            return Ok(());
        };
        // Near the beginning, where something is written, as often as anywhere.
        let most = if rng.bool() {
            *bytes
        } else {
            (*bytes).min(2048)
        };
        copy.rot(path, rng.u64(..(8 * most).max(1)));
        let copy = Ground {
            disk: copy,
            database: None,
        };
        let opened = cell::open(&copy, &self.swarm, self.now_ms);
        self.judge_rotten(opened)
            .map_err(|error| format!("{} rotted, and {error}", path.display()))
    }

    fn judge_rotten(&mut self, opened: Result<Engine, EngineError>) -> Checked {
        match opened {
            Err(EngineError::Journal(
                JournalError::Damage { .. } | JournalError::Foreign { .. },
            )) => {
                self.counts.rots_refused += 1;
                Ok(())
            }
            Err(other) => Err(format!("it says {other}")),
            Ok(engine) => {
                let count = (engine.newest().0 + 1 - super::book::FIRST) as usize;
                self.book.may_end(count)?;
                check::whole(&engine, &self.book.model(count))
            }
        }
    }

    fn clock(&mut self, rng: &mut Rng) -> Checked {
        let by = self.swarm.jump(rng).as_millis() as u64;
        self.counts.simulated_ms += by;
        if rng.u8(..4) == 0 {
            // After the next start the clock is behind what the journal says.
            self.now_ms -= by.min(self.now_ms / 2);
        } else {
            self.now_ms += by;
            self.engine.clock().advance(by);
        }
        Ok(())
    }

    fn renew(&mut self) -> Checked {
        let was_latched = self.engine.latched().is_some();
        match self.engine.renew() {
            Step::Latched if !was_latched => self.counts.latches += 1,
            _ => {}
        }
        Ok(())
    }

    /// At the end: everything durable, the chain whole, and replay comes to the same state.
    pub(crate) fn end(&mut self) -> Checked {
        self.heal();
        if self.engine.lacks_room() {
            self.step()?;
        }
        if self.engine.latched().is_some() {
            self.close()?;
        }
        while self.engine.waiting().1 > 0 {
            self.step()?;
        }
        check::whole(&self.engine, &self.model)?;
        let said = |error: &dyn std::fmt::Display| format!("at the end: {error}");
        let reader = self.engine.journal();
        reader.verify(&mut |_| true).map_err(|error| said(&error))?;
        let replayed = of_journal(&**reader).map_err(|error| said(&error))?;
        match self.engine.digest() {
            Some(live) if live == replayed => {
                let first = live.sm3.first_chunk().copied();
                self.counts.digest = u64::from_le_bytes(first.unwrap_or_default());
                Ok(())
            }
            live => Err(format!(
                "replay comes to {replayed:?} and memory is {live:?}"
            )),
        }
    }
}
