//! From a command to an intent: form, access, the document as it stands, guards, and the shards that
//! deciding will touch. No lock outlives its look.

use crate::catalog::document::{DocumentType, TransitionRule};
use crate::catalog::model::Catalog;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::choose::Subject;
use crate::engine::command::{Act, Action, Command, Enter};
use crate::engine::error::{Denied, FormError, SubmitError};
use crate::engine::guards::Facts;
use crate::engine::look::Look;
use crate::engine::plan::Plan;
use crate::engine::submit::Scratch;
use crate::engine::{form, permit, place, spawn};
use hubu_kernel::decide::{Request, Standing, judge_step};
use hubu_kernel::document::{Document, Entry, Field, Line, overlay};
use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, StateId, TransitionId, TypeId, Year,
};
use hubu_kernel::record::{Once, Traceparent};
use hubu_kernel::rejection::Rejection;
use std::sync::Arc;

/// A command on its way.
pub(crate) struct Intent<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) version: CatalogVersion,
    pub(crate) kind: &'a DocumentType,
    /// `None` for an entry that stays where it starts, and for a step that the state does not have.
    pub(crate) step: Option<&'a TransitionRule>,
    pub(crate) actor: Arc<Actor>,
    pub(crate) trace: Option<Traceparent>,
    pub(crate) once: Once,
    pub(crate) if_match: Option<u32>,
    /// The document as looked at, for a step of one that exists.
    pub(crate) seen: Option<Seen>,
    /// The entry, or the fields and lines that the step brings.
    pub(crate) content: Entry,
    pub(crate) edits_lines: bool,
    pub(crate) spawns: Vec<Entry>,
    pub(crate) now_ms: u64,
    /// What is known before rows are looked at.
    pub(crate) judged: Result<(), Rejection>,
}

/// What is kept of a document that was looked at.
pub(crate) struct Seen {
    pub(crate) id: DocumentId,
    pub(crate) version: u32,
    pub(crate) state: StateId,
    kind: TypeId,
    catalog: CatalogVersion,
    division: Division,
    year: Year,
    agency: Box<str>,
    creator: Box<str>,
    previous: Box<str>,
    fields: Vec<Field>,
    lines: Vec<Line>,
}

impl Engine {
    /// Makes a command ready to be decided; `content` is its [`content_of`], and `scratch.touched` says
    /// what must be locked for it.
    pub(crate) fn prepare<'e>(
        &'e self,
        look: &dyn Look,
        command: &Command,
        content: Entry,
        scratch: &mut Scratch,
    ) -> Result<Intent<'e>, SubmitError> {
        form::check_key(command)?;
        scratch.touched.clear();
        scratch.once = self.name(command, &content, &mut scratch.bytes);
        let intent = match &command.action {
            Action::Enter(enter) => self.prepare_enter(look, command, enter, content, scratch),
            Action::Act(act) => self.prepare_act(look, command, act, content, scratch),
        }?;
        scratch.touched.add(place::of_once(intent.once.key));
        scratch.plan.touch(&mut scratch.touched);
        spawn::touch(&intent.spawns, &mut scratch.touched);
        Ok(intent)
    }

    fn prepare_enter<'e>(
        &'e self,
        look: &dyn Look,
        command: &Command,
        enter: &Enter,
        mut content: Entry,
        scratch: &mut Scratch,
    ) -> Result<Intent<'e>, SubmitError> {
        let (version, catalog) = self.catalogs().current();
        let kind = catalog.document_type(enter.kind).ok_or(FormError::Kind)?;
        let step = enter
            .transition
            .map(|id| first_step(kind, id))
            .transpose()?;
        form::check_enter(catalog, kind, &content, step)?;
        let actor = &command.actor;
        let division = enter.division;
        let agency = content.agency.clone();
        let agency = &*agency;
        permit::may_act(
            catalog,
            actor,
            kind.entry.roles,
            kind.entry.acting,
            division,
            agency,
        )?;
        if let Some(step) = step {
            permit::may_act(catalog, actor, step.roles, step.acting, division, agency)?;
        }
        content.catalog = version;
        let now_ms = self.clock().now_ms();
        let subject = Subject {
            look,
            catalog,
            kind,
            division,
            year: enter.year,
            header: &content.fields,
        };
        scratch.plan.clear();
        let mut weighed = Weighed {
            judged: Ok(()),
            spawns: Vec::new(),
        };
        if let Some(step) = step {
            let facts = Facts {
                subject,
                step,
                actor,
                agency,
                creator: &actor.name,
                previous: "",
                lines: &content.lines,
                now_ms,
            };
            weighed = weigh(&facts, None, None, version, &mut scratch.plan)?;
        }
        scratch.touched.add(place::of_document_of(division, agency));
        scratch.touched.add(place::of_numbers(division));
        Ok(Intent {
            catalog,
            version,
            kind,
            step,
            actor: Arc::clone(actor),
            trace: command.trace,
            once: scratch.once,
            if_match: None,
            seen: None,
            content,
            edits_lines: false,
            spawns: weighed.spawns,
            now_ms,
            judged: weighed.judged,
        })
    }

    fn prepare_act<'e>(
        &'e self,
        look: &dyn Look,
        command: &Command,
        act: &Act,
        content: Entry,
        scratch: &mut Scratch,
    ) -> Result<Intent<'e>, SubmitError> {
        let actor = &command.actor;
        let mut found = Err(SubmitError::NoDocument(act.document));
        let shard = place::of_document(act.document);
        look.look(shard, &mut |shard| {
            if let Some(document) = shard.documents.get(&act.document) {
                found = Ok(see(document));
                for hold in &document.holds {
                    scratch.touched.add(place::of_row(hold.row));
                }
            } else if self.has_ended(shard, act.document) {
                found = Err(SubmitError::Ended(act.document));
            }
        });
        scratch.touched.add(shard);
        let mut seen = found?;
        let catalog = self.catalogs().version(seen.catalog);
        let kind = catalog.document_type(seen.kind).ok_or(FormError::Kind)?;
        let step = self.find_step(catalog, kind, &seen, actor, act)?;
        let now_ms = self.clock().now_ms();
        overlay(&mut seen.fields, &act.fields);
        let lines = if act.lines.is_some() {
            &content.lines
        } else {
            &seen.lines
        };
        let subject = Subject {
            look,
            catalog,
            kind,
            division: seen.division,
            year: seen.year,
            header: &seen.fields,
        };
        scratch.plan.clear();
        let wrong = Err(Rejection::WrongState { state: seen.state });
        let mut weighed = Weighed {
            judged: wrong,
            spawns: Vec::new(),
        };
        if let Some(step) = step {
            form::check_act(catalog, kind, step, &act.fields, act.lines.as_deref())?;
            let facts = Facts {
                subject,
                step,
                actor,
                agency: &seen.agency,
                creator: &seen.creator,
                previous: &seen.previous,
                lines,
                now_ms,
            };
            let standing = Some(seen.standing());
            weighed = weigh(
                &facts,
                standing,
                act.if_match,
                seen.catalog,
                &mut scratch.plan,
            )?;
        }
        Ok(Intent {
            catalog,
            version: seen.catalog,
            kind,
            step,
            actor: Arc::clone(actor),
            trace: command.trace,
            once: scratch.once,
            if_match: act.if_match,
            edits_lines: act.lines.is_some(),
            seen: Some(seen),
            content,
            spawns: weighed.spawns,
            now_ms,
            judged: weighed.judged,
        })
    }

    /// The step that is asked, if the document's state has it; access is judged either way, so that
    /// nobody learns the state of what is not theirs.
    fn find_step<'c>(
        &self,
        catalog: &Catalog,
        kind: &'c DocumentType,
        seen: &Seen,
        actor: &Actor,
        act: &Act,
    ) -> Result<Option<&'c TransitionRule>, SubmitError> {
        let may = |step: &TransitionRule| {
            permit::may_act(
                catalog,
                actor,
                step.roles,
                step.acting,
                seen.division,
                &seen.agency,
            )
        };
        if permit::may_read(catalog, actor, seen.division, Some(&seen.agency)).is_err() {
            let named = kind
                .transitions
                .iter()
                .find(|step| *step.name == *act.transition);
            if named.is_none_or(|step| may(step).is_err()) {
                return Err(SubmitError::NoDocument(act.document));
            }
        }
        if let Some(step) = kind.step(seen.state, &act.transition) {
            may(step)?;
            return Ok(Some(step));
        }
        let mut named = kind
            .transitions
            .iter()
            .filter(|step| *step.name == *act.transition)
            .peekable();
        if named.peek().is_none() {
            let step = act.transition.chars().take(40).collect();
            return Err(FormError::Step {
                kind: kind.name.clone(),
                step,
            }
            .into());
        }
        if named.any(|step| may(step).is_ok()) {
            Ok(None)
        } else {
            Err(Denied::Role.into())
        }
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

/// What is known of a step before rows are looked at.
struct Weighed {
    judged: Result<(), Rejection>,
    /// Documents that it makes for others.
    spawns: Vec<Entry>,
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

impl Seen {
    fn standing(&self) -> Standing<'_> {
        Standing {
            state: self.state,
            version: self.version,
            creator: &self.creator,
            previous: &self.previous,
        }
    }
}

fn see(document: &Document) -> Seen {
    let entry = &document.entry;
    Seen {
        id: document.id,
        version: document.version,
        state: document.state,
        kind: entry.kind,
        catalog: entry.catalog,
        division: entry.division,
        year: entry.year,
        agency: entry.agency.clone(),
        creator: document.creator.clone(),
        previous: document.previous.clone(),
        fields: entry.fields.clone(),
        lines: entry.lines.clone(),
    }
}
