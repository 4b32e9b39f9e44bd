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
use crate::engine::once::Asked;
use crate::engine::submit::Scratch;
use crate::engine::{form, permit, place, spawn};
use hubu_kernel::decide::{Request, judge_step};
use hubu_kernel::document::{Document, Entry, Field, Line, overlay};
use hubu_kernel::ident::{
    CatalogVersion, Division, DocumentId, Seq, StateId, TransitionId, TypeId, Year,
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
        let mut judged = Ok(());
        let mut spawns = Vec::new();
        scratch.plan.clear();
        if let Some(step) = step {
            let request = request(command, step, None);
            judged = judge_step(None, &request, &step.kernel);
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
            if judged.is_ok() {
                judged = facts.judge()?;
            }
            scratch
                .plan
                .make(&subject, &content.lines, step.kernel.phase)?;
            spawns = spawn::prepare(&subject, version, step.kernel.id, &content.lines)?;
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
            spawns,
            now_ms,
            judged,
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
        let mut judged = Err(Rejection::WrongState { state: seen.state });
        let mut spawns = Vec::new();
        scratch.plan.clear();
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
            judged = judge_seen(&seen, &request(command, step, act.if_match), step);
            if judged.is_ok() {
                judged = facts.judge()?;
            }
            if judged.is_ok() {
                scratch.plan.make(&subject, lines, step.kernel.phase)?;
                spawns = spawn::prepare(&subject, seen.catalog, step.kernel.id, lines)?;
            }
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
            spawns,
            now_ms,
            judged,
        })
    }

    /// The first answer's place when a command that can't be prepared any more is a repeat: its
    /// document may have ended since, or the catalog changed.
    pub(crate) fn repeated(&self, look: &dyn Look, once: Once) -> Result<Option<Seq>, SubmitError> {
        let mut spent = None;
        look.look(place::of_once(once.key), &mut |shard| {
            spent = shard
                .once
                .get(&once.key)
                .copied()
                .filter(|s| s.seq >= self.horizon());
        });
        match spent {
            Some(spent) if spent.body != once.body => Err(SubmitError::KeyReused),
            spent => Ok(spent.map(|spent| Seq(spent.seq))),
        }
    }

    /// The name of a command.
    pub(crate) fn once_of(&self, command: &Command) -> Once {
        self.name(command, &content_of(&command.action), &mut Vec::new())
    }

    fn name(&self, command: &Command, content: &Entry, scratch: &mut Vec<u8>) -> Once {
        let number;
        let (step, if_match) = match &command.action {
            Action::Enter(enter) => {
                number = [enter.transition.map_or(u8::MAX, |id| id.0)];
                (&number[..], 0)
            }
            Action::Act(act) => (act.transition.as_bytes(), act.if_match.unwrap_or(0)),
        };
        let asked = Asked {
            actor: &command.actor.name,
            key: &command.key,
            step,
            if_match,
            content,
        };
        self.namer().name(&asked, scratch)
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

/// What a command brings: the entry, or the fields and lines of a step with its document as the one
/// link. Catalog and number are 0, so that it names the command whatever comes of it.
pub(crate) fn content_of(action: &Action) -> Entry {
    match action {
        Action::Enter(enter) => Entry {
            agency: enter.agency.clone(),
            fields: enter.fields.clone(),
            lines: enter.lines.clone(),
            links: enter.links.clone(),
            ..bare(enter.kind, enter.division, enter.year)
        },
        Action::Act(act) => Entry {
            fields: act.fields.clone(),
            lines: act.lines.clone().unwrap_or_default(),
            links: vec![act.document],
            ..bare(TypeId(0), Division(0), Year(0))
        },
    }
}

/// As [`content_of`], emptying an entry: it is prepared once.
pub(crate) fn take_content(action: &mut Action) -> Entry {
    match action {
        Action::Enter(enter) => Entry {
            agency: std::mem::take(&mut enter.agency),
            fields: std::mem::take(&mut enter.fields),
            lines: std::mem::take(&mut enter.lines),
            links: std::mem::take(&mut enter.links),
            ..bare(enter.kind, enter.division, enter.year)
        },
        Action::Act(_) => content_of(action),
    }
}

/// Undoes [`take_content`].
pub(crate) fn put_content(action: &mut Action, content: Entry) {
    if let Action::Enter(enter) = action {
        enter.agency = content.agency;
        enter.fields = content.fields;
        enter.lines = content.lines;
        enter.links = content.links;
    }
}

fn bare(kind: TypeId, division: Division, year: Year) -> Entry {
    Entry {
        kind,
        catalog: CatalogVersion(0),
        division,
        year,
        agency: Box::default(),
        number: 0,
        fields: Vec::new(),
        lines: Vec::new(),
        links: Vec::new(),
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

fn request<'a>(
    command: &'a Command,
    step: &'a TransitionRule,
    if_match: Option<u32>,
) -> Request<'a> {
    Request {
        actor: &command.actor.name,
        if_match,
        transition: Some(&step.kernel),
        moves: &[],
        postings: &[],
    }
}

fn judge_seen(seen: &Seen, request: &Request<'_>, step: &TransitionRule) -> Result<(), Rejection> {
    let standing = hubu_kernel::decide::Standing {
        state: seen.state,
        version: seen.version,
        creator: &seen.creator,
        previous: &seen.previous,
    };
    judge_step(Some(standing), request, &step.kernel)
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
