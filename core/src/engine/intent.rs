//! From a command to an intent: form, access, the document as it stands, guards, and the shards that
//! deciding will touch. No lock outlives its look.

use crate::catalog::document::{DocumentType, TransitionRule};
use crate::catalog::model::Catalog;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::choose::Subject;
use crate::engine::command::{Act, Action, Command, Enter};
use crate::engine::error::{FormError, SubmitError};
use crate::engine::guards::Facts;
use crate::engine::look::Look;
use crate::engine::permit::{self, Whose};
use crate::engine::place::ShardId;
use crate::engine::plan::Plan;
use crate::engine::seen::{Seen, find_step};
use crate::engine::signed::Asked;
use crate::engine::submit::Scratch;
use crate::engine::{form, place, spawn};
use crate::signing::SignatureFault;
use hubu_kernel::decide::{Request, Standing, judge_step};
use hubu_kernel::document::{Entry, Line, overlay};
use hubu_kernel::ident::{CatalogVersion, TransitionId};
use hubu_kernel::record::{Once, Traceparent};
use hubu_kernel::rejection::Rejection;
use hubu_kernel::signature::Signature;
use std::sync::Arc;

/// A command on its way; what it brings stands in [`Scratch::content`].
pub(crate) struct Intent<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) catalog: &'a Catalog,
    pub(crate) version: CatalogVersion,
    pub(crate) kind: &'a DocumentType,
    /// `None` for an entry that stays where it starts, and for a step that the state does not have.
    pub(crate) step: Option<&'a TransitionRule>,
    pub(crate) actor: &'a Arc<Actor>,
    pub(crate) trace: Option<Traceparent>,
    pub(crate) once: Once,
    pub(crate) if_match: Option<u32>,
    pub(crate) subject: About,
    pub(crate) edits_lines: bool,
    pub(crate) spawns: Vec<Entry>,
    pub(crate) now_ms: u64,
    /// What is known before rows are looked at.
    pub(crate) judged: Result<(), Rejection>,
    /// The signature under the step, found good.
    pub(crate) signature: Option<Box<Signature>>,
}

/// Which document it is about.
pub(crate) enum About {
    /// A new one, which will live in the first shard and be counted in the second.
    New(ShardId, ShardId),
    /// One that exists, as looked at.
    Known(Box<Seen>),
}

impl Intent<'_> {
    /// Whether both enter documents in one shard.
    pub(crate) fn enters_beside(&self, other: &Intent<'_>) -> bool {
        matches!((&self.subject, &other.subject), (About::New(one, _), About::New(two, _)) if one == two)
    }

    /// The document as looked at, for a step of one that exists.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        match &self.subject {
            About::New(..) => None,
            About::Known(seen) => Some(&**seen),
        }
    }
}

impl Engine {
    /// Makes a command ready to be decided at `scratch.now_ms`; what it brings stands in
    /// `scratch.content`, and `scratch.touched` says then what must be locked for it.
    pub(crate) fn prepare<'a>(
        &'a self,
        look: &dyn Look,
        command: &'a Command,
        scratch: &mut Scratch,
    ) -> Result<Intent<'a>, SubmitError> {
        // No key is known yet: the last command's must not stand for this one's.
        scratch.once = Once::default();
        form::check_key(command)?;
        scratch.touched.clear();
        scratch.plan.clear();
        scratch.once = self.name(command, &scratch.content, &mut scratch.bytes);
        let intent = match &command.action {
            Action::Enter(enter) => self.prepare_enter(look, command, enter, scratch),
            Action::Act(act) => self.prepare_act(look, command, act, scratch),
        }?;
        scratch.touched.add(place::of_once(intent.once.key));
        scratch.plan.touch(&mut scratch.touched);
        spawn::touch(&intent.spawns, &mut scratch.touched);
        Ok(intent)
    }

    fn prepare_enter<'a>(
        &'a self,
        look: &dyn Look,
        command: &'a Command,
        enter: &Enter,
        scratch: &mut Scratch,
    ) -> Result<Intent<'a>, SubmitError> {
        let (version, catalog) = self.catalogs().current();
        let kind = catalog.document_type(enter.kind).ok_or(FormError::Kind)?;
        let step = enter
            .transition
            .map(|id| first_step(kind, id))
            .transpose()?;
        let Scratch {
            content,
            plan,
            touched,
            once,
            now_ms,
            ..
        } = scratch;
        form::check_enter(catalog, kind, content, step)?;
        let actor = &command.actor;
        may_enter(catalog, kind, step, actor, content)?;
        if step.is_some_and(|step| step.signature.is_some()) {
            return Err(SignatureFault::AtEntry.into());
        }
        let mut weighed = Weighed::nothing(Ok(()));
        if let Some(step) = step {
            let facts = Facts {
                subject: subject_of(look, catalog, kind, content),
                step,
                actor,
                agency: &content.agency,
                creator: &actor.name,
                previous: "",
                lines: &content.lines,
                now_ms: *now_ms,
            };
            weighed = weigh(&facts, None, None, version, plan)?;
        }
        let counted = place::of_numbers(enter.division);
        let home = match &*content.agency {
            "" => counted,
            agency => place::of_document_of(enter.division, agency),
        };
        touched.add(home);
        touched.add(counted);
        Ok(Intent {
            engine: self,
            catalog,
            version,
            kind,
            step,
            actor,
            trace: command.trace,
            once: *once,
            if_match: None,
            subject: About::New(home, counted),
            edits_lines: false,
            spawns: weighed.spawns,
            now_ms: *now_ms,
            judged: weighed.judged,
            signature: None,
        })
    }

    fn prepare_act<'a>(
        &'a self,
        look: &dyn Look,
        command: &'a Command,
        act: &Act,
        scratch: &mut Scratch,
    ) -> Result<Intent<'a>, SubmitError> {
        let actor = &command.actor;
        let mut seen = self.see(look, (act.document, actor), &mut scratch.touched)?;
        let catalog = self.catalogs().version(seen.catalog);
        let kind = catalog.document_type(seen.kind).ok_or(FormError::Kind)?;
        let catalogs = (&**catalog, &**self.catalogs().current().1);
        let step = find_step(catalogs, kind, &seen, actor, act)?;
        overlay(&mut seen.fields, &act.fields);
        let edits_lines = act.lines.is_some();
        let mut weighed = Weighed::nothing(Err(Rejection::WrongState { state: seen.state }));
        if let Some(step) = step {
            let (fields, lines) = (&act.fields[..], act.lines.as_deref());
            form::check_act(catalog, kind, step, fields, lines)?;
            form::check_unmasked(self.catalogs(), (seen.catalog, kind), fields, lines)?;
            self.open_for(step, &mut seen)?;
            let facts = Facts {
                subject: seen.subject(look, catalog, kind),
                step,
                actor,
                agency: &seen.agency,
                creator: &seen.creator,
                previous: &seen.previous,
                lines: lines_after(edits_lines, &scratch.content, &seen),
                now_ms: scratch.now_ms,
            };
            let (standing, if_match) = (Some(seen.standing()), act.if_match);
            weighed = weigh(&facts, standing, if_match, seen.catalog, &mut scratch.plan)?;
        }
        let mut signature = None;
        if let Some(step) = step.filter(|_| weighed.judged.is_ok()) {
            let asked = Asked {
                catalog,
                kind,
                step,
                seen: &seen,
                lines: lines_after(edits_lines, &scratch.content, &seen),
                actor,
            };
            let (presented, proofs) = (act.signature.as_ref(), &mut scratch.proofs);
            signature = self.signed(&asked, presented, scratch.now_ms, proofs)?;
        }
        Ok(Intent {
            engine: self,
            catalog,
            version: seen.catalog,
            kind,
            step,
            actor,
            trace: command.trace,
            once: scratch.once,
            if_match: act.if_match,
            edits_lines,
            subject: About::Known(seen),
            spawns: weighed.spawns,
            now_ms: scratch.now_ms,
            judged: weighed.judged,
            signature,
        })
    }
}

fn first_step(kind: &DocumentType, id: TransitionId) -> Result<&TransitionRule, FormError> {
    let step = kind
        .transition(id)
        .filter(|step| step.kernel.from == kind.initial);
    step.ok_or_else(|| FormError::Step {
        kind: kind.name.clone(),
        step: format!("#{}", id.0),
    })
}

/// The lines that a document has after a step: those that the step brings, or its own.
fn lines_after<'a>(edits_lines: bool, content: &'a Entry, seen: &'a Seen) -> &'a [Line] {
    match edits_lines {
        true => &content.lines,
        false => &seen.lines,
    }
}

fn may_enter(
    catalog: &Catalog,
    kind: &DocumentType,
    step: Option<&TransitionRule>,
    actor: &Actor,
    content: &Entry,
) -> Result<(), SubmitError> {
    let whose = Whose {
        division: content.division,
        agency: &content.agency,
        kind,
        amount: content.amount(),
    };
    permit::may_enter(catalog, actor, &kind.entry, whose)?;
    if let Some(step) = step {
        permit::may_take(catalog, actor, step, whose)?;
    }
    Ok(())
}

fn subject_of<'a>(
    look: &'a dyn Look,
    catalog: &'a Catalog,
    kind: &'a DocumentType,
    content: &'a Entry,
) -> Subject<'a> {
    Subject {
        look,
        catalog,
        kind,
        division: content.division,
        year: content.year,
        header: &content.fields,
    }
}

/// What is known of a step before rows are looked at.
struct Weighed {
    judged: Result<(), Rejection>,
    /// Documents that it makes for others.
    spawns: Vec<Entry>,
}

impl Weighed {
    fn nothing(judged: Result<(), Rejection>) -> Weighed {
        Weighed {
            judged,
            spawns: Vec::new(),
        }
    }
}

/// Judges a step up to its guards and, if nothing speaks against it, plans its rows.
fn weigh(
    facts: &Facts<'_>,
    standing: Option<Standing<'_>>,
    if_match: Option<u32>,
    version: CatalogVersion,
    plan: &mut Plan,
) -> Result<Weighed, FormError> {
    let rule = &facts.step.kernel;
    let request = Request {
        actor: &facts.actor.name,
        if_match,
        transition: Some(rule),
        moves: &[],
        postings: &[],
    };
    let mut judged = judge_step(standing, &request, rule);
    if judged.is_ok() {
        judged = facts.judge()?;
    }
    let mut spawns = Vec::new();
    if judged.is_ok() {
        plan.make(&facts.subject, facts.lines, rule.phase)?;
        spawns = spawn::prepare(&facts.subject, version, rule.id, facts.lines)?;
    }
    Ok(Weighed { judged, spawns })
}
