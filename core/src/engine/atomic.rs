//! Atomic batches (原子批): all of their commands, or none, in one journal batch.
//!
//! All shards of the batch are locked together; its commands are tried out one after another, each
//! seeing those before it, and put back; then all records are taken by one journal batch and applied
//! for good. A crash keeps all of them or none, as a torn batch is cut whole.

use crate::engine::Engine;
use crate::engine::answer::{Answer, Ticket};
use crate::engine::command::{BATCH_MAX, Command};
use crate::engine::content::content_of;
use crate::engine::error::{FormError, SubmitError};
use crate::engine::group::NotTaken;
use crate::engine::held::{Held, ShardSet};
use crate::engine::look::Look;
use crate::engine::place;
use crate::engine::shard::{Access, Evolving, Shards};
use crate::engine::signed::count_signatures;
use crate::engine::submit::{Halt, Scratch, Sink, decide_held};
use crate::engine::undo::Undo;
use crate::signing::SignatureFault;
use hubu_kernel::ident::Seq;
use hubu_kernel::record::{Body, Once, Record};

/// What an atomic batch came to.
#[derive(Clone, PartialEq, Debug)]
pub enum BatchOutcome {
    /// Every command was accepted (or is the repeat of one that was), in the order asked.
    Done(Vec<Ticket>),
    /// One was refused for a business reason, now or before, so none took effect. Only its key is spent.
    Refused {
        /// Its place in the batch, from 0.
        index: usize,
        /// Its answer.
        ticket: Ticket,
    },
}

/// Why an atomic batch was not decided: no key is spent.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("command {index} of the batch: {error}")]
pub struct BatchError {
    /// The command at fault, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub error: SubmitError,
}

/// How often a batch is tried anew because documents moved meanwhile.
const ATTEMPTS: u32 = 16;

/// Records of a batch on trial.
struct Trial {
    base: u64,
    records: Vec<(Record, Vec<u8>)>,
    undo: Undo,
    refused: bool,
}

impl Sink for Trial {
    fn take(
        &mut self,
        held: &mut Held<'_>,
        record: &Record,
        bytes: &[u8],
    ) -> Result<Seq, NotTaken> {
        self.undo.note(held, record);
        let seq = Seq(self.base + self.records.len() as u64);
        self.refused |= matches!(record.body, Body::Refused(_));
        Evolving { access: held, seq }.apply_own(record);
        self.records.push((record.clone(), bytes.to_vec()));
        Ok(seq)
    }
}

/// A signature that does not fit, as the batch's error.
fn unfit((index, fault): (usize, SignatureFault)) -> BatchError {
    let error = fault.into();
    BatchError { index, error }
}

enum Tried {
    Done(Vec<Ticket>),
    Refused(usize, Ticket),
    /// These shards are wanted too, a document moved, or signatures wait to be proven: again.
    Again,
}

impl Engine {
    /// Decides a batch as one: see the module. Answers may leave once the highest
    /// [`Ticket::seq`] is durable.
    ///
    /// # Errors
    /// The first command that can't be decided; nothing took effect and no key is spent.
    pub fn submit_atomic(&self, commands: &[Command]) -> Result<BatchOutcome, BatchError> {
        let whole = |error: SubmitError| BatchError { index: 0, error };
        if commands.is_empty() || commands.len() > BATCH_MAX {
            let found = commands.len();
            return Err(whole(
                FormError::Batch {
                    max: BATCH_MAX,
                    found,
                }
                .into(),
            ));
        }
        count_signatures(commands).map_err(unfit)?;
        if let Some(latched) = self.watermark().latched() {
            return Err(whole(latched.into()));
        }
        if self.is_standby() {
            return Err(whole(SubmitError::Standby));
        }
        let mut scratch = Scratch::default();
        let onces: Vec<Once> = commands.iter().map(|c| self.once_of(c)).collect();
        let mut wanted = ShardSet::default();
        for _ in 0..ATTEMPTS {
            let state = self.state();
            // Looked at before it is prepared, which may have become impossible, and under the locks, as its twin may
            // be decided meanwhile.
            if let Some(refused) = self.refused_before(&**state, (commands, &onces)) {
                return Ok(refused);
            }
            let mut touched = self.union(&state, (commands, &onces), &mut scratch)?;
            touched.add_all(&wanted);
            let mut held = Held::lock(&state, &touched, self.archives());
            if let Some(refused) = self.refused_before(&held, (commands, &onces)) {
                return Ok(refused);
            }
            let tried = self.try_out(commands, &mut held, &mut scratch)?;
            drop(held);
            match tried {
                Tried::Again => {
                    // What a step touches may show only behind the steps before it: a union of looks lacks it each time.
                    wanted.add_all(&scratch.touched);
                    scratch.proofs.settle().map_err(unfit)?;
                }
                Tried::Done(tickets) => return Ok(BatchOutcome::Done(tickets)),
                Tried::Refused(index, ticket) => {
                    return Ok(BatchOutcome::Refused { index, ticket });
                }
            }
        }
        Err(whole(SubmitError::Busy))
    }

    /// A batch of which one command was refused is refused with that answer, whatever has become of the rows since.
    fn refused_before(
        &self,
        look: &dyn Look,
        (commands, onces): (&[Command], &[Once]),
    ) -> Option<BatchOutcome> {
        let mut named = onces.iter().zip(commands).enumerate();
        named.find_map(|(index, (once, command))| {
            let mut spent = None;
            look.look(place::of_once(once.key), &mut |shard| {
                spent = shard.once.get(once.key);
            });
            let refusal = spent.filter(|spent| {
                let is_same = || spent.body == once.body || self.is_command(spent.body, command);
                spent.is_refusal() && spent.seq() >= self.horizon() && is_same()
            })?;
            let (seq, answer) = (Seq(refusal.seq()), None);
            let ticket = Ticket { seq, answer };
            Some(BatchOutcome::Refused { index, ticket })
        })
    }

    fn union(
        &self,
        state: &Shards,
        (commands, onces): (&[Command], &[Once]),
        scratch: &mut Scratch,
    ) -> Result<ShardSet, BatchError> {
        let mut all = ShardSet::default();
        for (index, command) in commands.iter().enumerate() {
            scratch.content = content_of(&command.action);
            scratch.now_ms = self.clock().now_ms();
            // An earlier command may move the document that this one signs: the state before judges no signature.
            scratch.proofs.is_locked = true;
            let prepared = self.prepare(state, command, scratch).map(drop);
            scratch.proofs.is_locked = false;
            match prepared {
                Ok(()) => all.add_all(&scratch.touched),
                Err(error) => {
                    self.repeated_or(state, scratch, error)
                        .map_err(|error| BatchError { index, error })?;
                }
            }
        }
        // Most fit it all the same, and are proven here, outside of locks; one that does not is judged under them.
        let _ = scratch.proofs.settle();
        // Idempotency keys of repeats that can't be prepared any more are looked at as well.
        for once in onces {
            all.add(place::of_once(once.key));
        }
        Ok(all)
    }

    fn try_out(
        &self,
        commands: &[Command],
        held: &mut Held<'_>,
        scratch: &mut Scratch,
    ) -> Result<Tried, BatchError> {
        let mut trial = Trial {
            base: self.newest().0 + 1,
            records: Vec::new(),
            undo: Undo::begin(held),
            refused: false,
        };
        let mut tickets = Vec::with_capacity(commands.len());
        let mut failed = None;
        scratch.proofs.drop_behind(0);
        scratch.proofs.is_locked = true;
        for (index, command) in commands.iter().enumerate() {
            let waited = scratch.proofs.waiting();
            match self.try_one(command, held, &mut trial, scratch) {
                Ok(ticket) => {
                    let is_repeat = ticket.answer.is_none();
                    scratch.proofs.assign(waited, index, is_repeat);
                    tickets.push(ticket);
                }
                Err(halt) => {
                    // It was looked at without all of its locks: its signature is judged when it has them.
                    scratch.proofs.drop_behind(waited);
                    failed = Some((index, halt));
                    break;
                }
            }
            if trial.refused {
                break;
            }
        }
        scratch.proofs.is_locked = false;
        let Trial {
            base,
            records,
            undo,
            refused,
        } = trial;
        undo.put_back(held);
        match failed {
            Some((_, Halt::Moved | Halt::PlanWithKeys)) => return Ok(Tried::Again),
            Some((index, Halt::Error(error))) => return Err(BatchError { index, error }),
            None if scratch.proofs.waiting() > 0 => return Ok(Tried::Again),
            None => {}
        }
        if refused {
            let index = tickets.len() - 1;
            let ticket = self
                .keep_refusal(held, records)
                .map_err(|e| BatchError { index, error: e })?;
            return Ok(Tried::Refused(index, ticket));
        }
        self.keep_all(held, base, &records, &mut tickets)
            .map_err(|not| BatchError {
                index: 0,
                error: not.into(),
            })?;
        Ok(Tried::Done(tickets))
    }

    fn try_one(
        &self,
        command: &Command,
        held: &mut Held<'_>,
        trial: &mut Trial,
        scratch: &mut Scratch,
    ) -> Result<Ticket, Halt> {
        scratch.content = content_of(&command.action);
        scratch.now_ms = self.clock().now_ms();
        let prepared = self.prepare(held, command, scratch);
        let prepared = prepared.and_then(|mut intent| {
            self.seal(held, &mut intent, scratch, 0)?;
            Ok(intent)
        });
        let intent = match prepared {
            Ok(intent) => intent,
            Err(error) => {
                return Ok(Ticket {
                    seq: self.repeated_or(held, scratch, error)?,
                    answer: None,
                });
            }
        };
        if !scratch.touched.iter().all(|id| held.holds(id)) {
            return Err(Halt::Moved);
        }
        decide_held(intent, held, trial, scratch, self.horizon())
    }

    /// Journals the one refusal of a batch, so that a repeat of the batch is refused again.
    fn keep_refusal(
        &self,
        held: &mut Held<'_>,
        mut records: Vec<(Record, Vec<u8>)>,
    ) -> Result<Ticket, SubmitError> {
        let last = records.pop();
        assert!(last.is_some(), "a refusal was recorded");
        let Some((record, bytes)) = last else {
            return Err(SubmitError::Closed);
        };
        let seq = self.group.append(&bytes)?;
        held.shard(place::of_once(record.once.key))
            .spend(&record, seq);
        Ok(Ticket {
            seq,
            answer: Answer::of(seq, &record),
        })
    }

    /// Journals all records together and applies them for good.
    fn keep_all(
        &self,
        held: &mut Held<'_>,
        base: u64,
        records: &[(Record, Vec<u8>)],
        tickets: &mut [Ticket],
    ) -> Result<(), NotTaken> {
        if records.is_empty() {
            return Ok(());
        }
        let bytes = records.iter().map(|(_, bytes)| bytes.len()).sum();
        let all = records.iter().map(|(_, bytes)| &bytes[..]);
        let first = self.group.append_all(all, bytes, records.len() as u64)?;
        for (seq, (record, _)) in (first.0..).map(Seq).zip(records) {
            Evolving { access: held, seq }.apply_own(record);
            held.shard(place::of_once(record.once.key))
                .spend(record, seq);
        }
        for ticket in tickets {
            let Some(at) = ticket.seq.0.checked_sub(base) else {
                continue;
            };
            let Some((record, _)) = records.get(at as usize) else {
                continue;
            };
            ticket.seq = Seq(first.0 + at);
            ticket.answer = Answer::of(ticket.seq, record);
        }
        Ok(())
    }
}
