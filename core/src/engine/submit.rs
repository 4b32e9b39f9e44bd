//! The path of one command: prepare it, lock its shards in order, judge, journal, apply, unlock.
//!
//! Nothing awaits, syncs or logs under a lock. The record is encoded and taken by the open batch
//! *before* it is applied: when the batch is full, nothing has changed. As all this happens under the
//! locks of everything that was looked at, conflicting commands stand in the journal in the order in
//! which they were decided.

use crate::engine::Engine;
use crate::engine::answer::{Answer, Ticket};
use crate::engine::command::Command;
use crate::engine::content::{put_content, take_content};
use crate::engine::error::SubmitError;
use crate::engine::group::NotTaken;
use crate::engine::held::{Held, ShardSet};
use crate::engine::intent::{About, Intent};
use crate::engine::place;
use crate::engine::plan::{Plan, Scene};
use crate::engine::shard::{Access, Evolving};
use crate::engine::signed::Proofs;
use crate::engine::veil::Sealed;
use crate::fields::error::FieldsError;
use hubu_kernel::decide::{Request, Verdict, decide};
use hubu_kernel::document::Entry;
use hubu_kernel::effect::Phase;
use hubu_kernel::ident::Seq;
use hubu_kernel::record::{Body, Decided, Once, Record, Refused};
use hubu_kernel::rejection::Rejection;
use std::cell::RefCell;
use std::sync::Arc;

/// Room that a thread keeps from one command to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    /// When it is: milliseconds since 1970-01-01 UTC.
    pub(crate) now_ms: u64,
    /// What the command at hand brings.
    pub(crate) content: Entry,
    pub(crate) plan: Plan,
    pub(crate) verdict: Verdict,
    /// What must be locked for the command at hand.
    pub(crate) touched: ShardSet,
    pub(crate) bytes: Vec<u8>,
    pub(crate) proofs: Proofs,
    /// The name of the command at hand.
    pub(crate) once: Once,
    /// What of it will stand as ciphertext.
    pub(crate) sealed: Sealed,
}

crate::sync::thread_local!(static SCRATCH: RefCell<Scratch> = RefCell::default());

/// How often a step is tried anew because its document moved between look and lock.
const ATTEMPTS: u32 = 64;

/// A step could not be decided on what was looked at.
pub(crate) enum Halt {
    /// The document moved meanwhile: look again.
    Moved,
    /// A row is not what the plan took it for: plan this content anew, with keys.
    PlanWithKeys,
    /// No.
    Error(SubmitError),
}

impl<E: Into<SubmitError>> From<E> for Halt {
    fn from(error: E) -> Halt {
        Halt::Error(error.into())
    }
}

impl From<NotTaken> for SubmitError {
    fn from(not: NotTaken) -> SubmitError {
        match not {
            NotTaken::Full => SubmitError::Busy,
            NotTaken::TooLarge => SubmitError::TooLarge,
            NotTaken::Latched(latched) => SubmitError::Latched(latched),
            NotTaken::Closed => SubmitError::Closed,
            NotTaken::Standby => SubmitError::Standby,
        }
    }
}

/// Takes records, gives them their places and applies them to the locked shards.
pub(crate) trait Sink {
    fn take(&mut self, held: &mut Held<'_>, record: &Record, bytes: &[u8])
    -> Result<Seq, NotTaken>;
}

/// Records go to the open batch at once.
pub(crate) struct Append<'e>(pub(crate) &'e Engine);

impl Sink for Append<'_> {
    fn take(
        &mut self,
        held: &mut Held<'_>,
        record: &Record,
        bytes: &[u8],
    ) -> Result<Seq, NotTaken> {
        let seq = self.0.group.append(bytes)?;
        Evolving { access: held, seq }.apply_own(record);
        Ok(seq)
    }
}

impl Engine {
    /// Decides one command. The answer may be given once [`Ticket::seq`] is durable.
    ///
    /// # Errors
    /// See [`SubmitError`]: the command was not decided and its key is not spent.
    pub fn submit(&self, mut command: Command) -> Result<Ticket, SubmitError> {
        SCRATCH.with(|scratch| self.submit_one(&mut command, &mut scratch.borrow_mut()))
    }

    /// Decides one command, however often it takes; its content is taken out of it.
    pub(crate) fn submit_one(
        &self,
        command: &mut Command,
        scratch: &mut Scratch,
    ) -> Result<Ticket, SubmitError> {
        if let Some(latched) = self.watermark().latched() {
            return Err(latched.into());
        }
        if self.is_standby() {
            return Err(SubmitError::Standby);
        }
        scratch.plan.defers = true;
        for _ in 0..ATTEMPTS {
            match self.attempt(command, scratch) {
                Err(Halt::Moved) => {}
                Err(Halt::PlanWithKeys) => {
                    scratch.plan.defers = false;
                    put_content(&mut command.action, &mut scratch.content);
                }
                Err(Halt::Error(error)) => return Err(error),
                Ok(ticket) => return Ok(ticket),
            }
        }
        Err(SubmitError::Busy)
    }

    fn attempt(&self, command: &mut Command, scratch: &mut Scratch) -> Result<Ticket, Halt> {
        scratch.content = take_content(&mut command.action);
        scratch.now_ms = self.clock().now_ms();
        let state = self.state();
        let prepared = self.prepare(&**state, command, scratch);
        let prepared = prepared.and_then(|mut intent| {
            self.seal(&**state, &mut intent, scratch, 0)?;
            Ok(intent)
        });
        let intent = match prepared {
            Ok(intent) => intent,
            Err(error) => {
                return Ok(Ticket {
                    seq: self.repeated_or(&**state, scratch, error)?,
                    answer: None,
                });
            }
        };
        let mut held = Held::lock(&state, &scratch.touched, self.archives());
        decide_held(
            intent,
            &mut held,
            &mut Append(self),
            scratch,
            self.horizon(),
        )
    }
}

/// Decides an intent under the locks of all that it looks at.
pub(crate) fn decide_held(
    intent: Intent<'_>,
    held: &mut Held<'_>,
    sink: &mut dyn Sink,
    scratch: &mut Scratch,
    horizon: u64,
) -> Result<Ticket, Halt> {
    let once = intent.once;
    let spent = held.get(place::of_once(once.key)).once.get(once.key);
    if let Some(spent) = spent.filter(|spent| spent.seq() >= horizon) {
        let engine = intent.engine;
        if !engine.is_same(spent.body, once, &scratch.bytes) {
            return Err(SubmitError::KeyReused.into());
        }
        return Ok(Ticket {
            seq: Seq(spent.seq()),
            answer: None,
        });
    }
    let Scratch {
        content,
        plan,
        verdict,
        bytes,
        sealed,
        ..
    } = scratch;
    let record = match judge(&intent, held, plan, verdict)? {
        None => return Err(Halt::PlanWithKeys),
        Some(Ok(())) => accept(
            intent,
            held,
            (std::mem::take(content), sealed),
            plan,
            verdict,
        )?,
        Some(Err(rejection)) => refuse(intent, held, plan, rejection),
    };
    bytes.clear();
    crate::journal::codec::encode(&record, bytes);
    let seq = sink.take(held, &record, bytes)?;
    held.shard(place::of_once(once.key)).spend(&record, seq);
    let answer = Answer::of(seq, &record);
    if let Body::Decided(decided) = record.body {
        // The room goes back to where the next command decides.
        verdict.changes = decided.changes;
        plan.found_postings = decided.postings;
    }
    Ok(Ticket { seq, answer })
}

/// `None` when the plan took a row for another.
fn judge(
    intent: &Intent<'_>,
    held: &Held<'_>,
    plan: &mut Plan,
    verdict: &mut Verdict,
) -> Result<Option<Result<(), Rejection>>, Halt> {
    let document = match intent.seen() {
        None => None,
        Some(seen) => {
            let current = held
                .get(place::of_document(seen.id))
                .documents
                .get(&seen.id);
            let same = current.filter(|current| current.version == seen.version);
            Some(same.ok_or(Halt::Moved)?)
        }
    };
    if let Err(rejection) = intent.judged {
        return Ok(Some(Err(rejection)));
    }
    if plan.resolve(held, intent.catalog).is_err() {
        return Ok(None);
    }
    let request = Request {
        actor: &intent.actor.name,
        if_match: intent.if_match,
        transition: intent.step.map(|step| &step.kernel),
        moves: &plan.found_moves,
        postings: &plan.found_postings,
    };
    Ok(Some(decide(
        &Scene { held, plan },
        document,
        &request,
        verdict,
    )))
}

fn accept(
    intent: Intent<'_>,
    held: &mut Held<'_>,
    (mut content, sealed): (Entry, &mut Sealed),
    plan: &mut Plan,
    verdict: &mut Verdict,
) -> Result<Record, FieldsError> {
    let rule = intent.step.map(|step| step.kernel);
    let (document, from, version) = match &intent.subject {
        About::Known(seen) => (seen.id, seen.state, seen.version + 1),
        About::New(home, counted) => {
            let count = held.get(*home).documents_named + 1;
            let series = (content.division, content.year, content.kind);
            let numbers = &held.get(*counted).numbers;
            content.number = numbers.get(&series).copied().unwrap_or(0) + 1;
            content.catalog = intent.version;
            (place::document(*home, count), intent.kind.initial, 1)
        }
    };
    let is_new = intent.seen().is_none();
    let own = is_new.then_some(document);
    let veil = intent.engine.veil();
    sealed.lay_over(veil, intent.kind.id, document, &mut content)?;
    let mut spawned = super::spawn::name(held, intent.catalog, intent.spawns, document, own);
    sealed.lay_over_spawned(veil, intent.engine.catalogs(), &mut spawned)?;
    let (fields, lines, entry) = if is_new {
        (Vec::new(), None, Some(content))
    } else {
        let lines = intent.edits_lines.then_some(content.lines);
        (content.fields, lines, None)
    };
    let decided = Decided {
        document,
        kind: intent.kind.id,
        catalog: intent.version,
        transition: rule.map(|rule| rule.id),
        from,
        state: rule.map_or(intent.kind.initial, |rule| rule.to),
        version,
        phase: rule.map_or(Phase::None, |rule| rule.phase),
        terminal: rule.is_some_and(|rule| rule.terminal),
        entry,
        fields,
        lines,
        rows: plan.take_new_rows(),
        changes: std::mem::take(&mut verdict.changes),
        postings: std::mem::take(&mut plan.found_postings),
        spawned,
        warnings: std::mem::take(&mut verdict.warnings),
        signature: intent.signature,
    };
    Ok(Record {
        time_ms: intent.now_ms,
        actor: Arc::clone(&intent.actor.name),
        once: intent.once,
        trace: intent.trace,
        body: Body::Decided(Box::new(decided)),
    })
}

fn refuse(intent: Intent<'_>, held: &Held<'_>, plan: &Plan, rejection: Rejection) -> Record {
    let row_key = match rejection {
        Rejection::Row { row, .. } => {
            let (shard, slot) = (held.get(place::of_row(row)), place::slot(row));
            let there = shard
                .rows
                .get(slot)
                .map(|_| Box::from(shard.rows.key(slot)));
            there.or_else(|| plan.fresh_key(row).map(Box::from))
        }
        _ => None,
    };
    let refused = Refused {
        document: intent.seen().map(|seen| seen.id),
        kind: intent.kind.id,
        catalog: intent.version,
        transition: intent.step.map(|step| step.kernel.id),
        rejection,
        row_key,
    };
    Record {
        time_ms: intent.now_ms,
        actor: Arc::clone(&intent.actor.name),
        once: intent.once,
        trace: intent.trace,
        body: Body::Refused(Box::new(refused)),
    }
}
