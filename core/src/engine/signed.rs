//! Steps that are signed (签章): the form of a document under a step, and whether a signature fits it.
//!
//! Checked while a command is prepared, after everything that costs less and before any lock. A batch
//! that stands or falls together meets documents as its own earlier commands leave them, under locks:
//! there a signature waits, is proven once the locks are let go, and the batch is tried anew.

use crate::catalog::document::{DocumentType, RoleSet, TransitionRule};
use crate::catalog::model::Catalog;
use crate::clock::Day;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::command::{Act, Action, Command};
use crate::engine::error::{Denied, FormError, SubmitError};
use crate::engine::form;
use crate::engine::held::ShardSet;
use crate::engine::seen::{Seen, find_step};
use crate::signing::form::{Subject, bytes, cell_name, statement};
use crate::signing::register::Register;
use crate::signing::{Admitted, Presented, SignatureFault, Statement, TOGETHER_MAX, admit};
use hubu_kernel::actor::ActorName;
use hubu_kernel::document::{Field, Line, overlay};
use hubu_kernel::ident::Seq;
use hubu_kernel::signature::Signature;

/// Proofs that a thread remembers: enough for every batch, looked through one by one.
const REMEMBERED_MAX: usize = 4 * TOGETHER_MAX;

/// What was proven lately, and what waits for that.
#[derive(Default)]
pub(crate) struct Proofs {
    proven: Vec<[u8; 32]>,
    waiting: Vec<Waiting>,
    /// Whether locks are held, so that signatures wait.
    pub(crate) is_locked: bool,
}

struct Waiting {
    /// Which command of the batch brought it.
    index: usize,
    admitted: Admitted,
    form: Vec<u8>,
}

impl Proofs {
    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Those behind the first `count` came with the command `index`, or with a repeat, whose first
    /// answer stands whatever has become of its document.
    pub(crate) fn assign(&mut self, count: usize, index: usize, is_repeat: bool) {
        match is_repeat {
            true => self.drop_behind(count),
            false => self
                .waiting
                .iter_mut()
                .skip(count)
                .for_each(|w| w.index = index),
        }
    }

    /// Forgets those that wait behind the first `count`.
    pub(crate) fn drop_behind(&mut self, count: usize) {
        self.waiting.truncate(count);
    }

    /// Proves all that wait; no lock is held.
    ///
    /// # Errors
    /// The first command whose signature does not fit, and why.
    pub(crate) fn settle(&mut self) -> Result<(), (usize, SignatureFault)> {
        for Waiting {
            index,
            admitted,
            form,
        } in std::mem::take(&mut self.waiting)
        {
            self.prove(&admitted, &form).map_err(|e| (index, e))?;
        }
        Ok(())
    }

    fn take(&mut self, admitted: &Admitted, form: Vec<u8>) -> Result<(), SignatureFault> {
        if !self.is_locked {
            return self.prove(admitted, &form);
        }
        if !self.proven.contains(&admitted.name(&form)) {
            self.waiting.push(Waiting {
                index: 0,
                admitted: admitted.clone(),
                form,
            });
        }
        Ok(())
    }

    fn prove(&mut self, admitted: &Admitted, form: &[u8]) -> Result<(), SignatureFault> {
        let name = admitted.name(form);
        if self.proven.contains(&name) {
            return Ok(());
        }
        admitted.verify(form)?;
        if self.proven.len() == REMEMBERED_MAX {
            self.proven.clear();
        }
        self.proven.push(name);
        Ok(())
    }
}

/// A step and the document as it will stand when it is taken.
pub(crate) struct Asked<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) kind: &'a DocumentType,
    pub(crate) step: &'a TransitionRule,
    /// The document, with the step's fields laid over its own.
    pub(crate) seen: &'a Seen,
    /// Its lines, the step's own where it brings some.
    pub(crate) lines: &'a [Line],
    pub(crate) actor: &'a Actor,
}

impl Engine {
    /// The public name of this cell, which every signature covers.
    pub fn cell_name(&self) -> String {
        cell_name(&self.secret())
    }

    /// Who may sign.
    pub fn signers(&self) -> &Register {
        &self.signers
    }

    /// What this actor signs who takes this step, and what must be durable before it is told.
    ///
    /// # Errors
    /// As for the step itself: its form, who asks, the document.
    pub fn statement(&self, actor: &Actor, act: &Act) -> Result<(Statement, Seq), SubmitError> {
        let state = self.state();
        let mut seen = self.see(&**state, (act.document, actor), &mut ShardSet::default())?;
        let (catalog, current) = (
            self.catalogs().version(seen.catalog),
            self.catalogs().current().1,
        );
        let kind = catalog.document_type(seen.kind).ok_or(FormError::Kind)?;
        let step = find_step((catalog, current), kind, &seen, actor, act)?.ok_or_else(|| {
            FormError::Step {
                kind: kind.name.clone(),
                step: act.transition.chars().take(40).collect(),
            }
        })?;
        form::check_act(catalog, kind, step, &act.fields, act.lines.as_deref())?;
        form::check_unmasked(
            self.catalogs(),
            (seen.catalog, kind),
            &act.fields,
            act.lines.as_deref(),
        )?;
        overlay(&mut seen.fields, &act.fields);
        let asked = Asked {
            catalog,
            kind,
            step,
            lines: act.lines.as_deref().unwrap_or(&seen.lines),
            seen: &seen,
            actor,
        };
        self.may_see(&asked)?;
        let (cell, id) = (self.cell_name(), (seen.kind, seen.id));
        let (fields, lines) = self.opened_parts(id, &seen.fields, asked.lines)?;
        let subject = subject(&asked, (&cell, &fields, &lines));
        Ok((statement(&subject), self.newest()))
    }

    /// Who signs sees what they sign: nobody is told a value here that their roles may not see.
    fn may_see(&self, asked: &Asked<'_>) -> Result<(), Denied> {
        let head = asked.seen.fields.iter();
        let fields = head.chain(asked.lines.iter().flat_map(|line| &line.fields));
        let (version, kind) = (asked.seen.catalog, asked.seen.kind);
        let roles = RoleSet(asked.actor.roles);
        let is_hidden = |field: &Field| {
            let rule = self.catalogs().sensitive(version, kind, field.id);
            rule.is_some_and(|rule| !rule.seen_by.meets(roles))
        };
        match fields.into_iter().any(is_hidden) {
            true => Err(Denied::Role),
            false => Ok(()),
        }
    }

    /// The signature under a step, found good; `None` where there is none and none is demanded.
    pub(crate) fn signed(
        &self,
        asked: &Asked<'_>,
        presented: Option<&Presented>,
        now_ms: u64,
        proofs: &mut Proofs,
    ) -> Result<Option<Box<Signature>>, SubmitError> {
        let taken = asked.step.signature.as_deref();
        let Some(presented) = presented else {
            return match taken {
                Some(_) => Err(SignatureFault::Missing.into()),
                None => Ok(None),
            };
        };
        // Else whether a signature fits would tell a value, to somebody who may not see it and has a guess.
        self.may_see(asked)?;
        let day = Day::in_beijing(now_ms).since_1970();
        let signers = self.signers.current();
        let admitted = admit(
            presented,
            &signers,
            taken,
            (asked.actor.named().person, day),
        )?;
        let (cell, id) = (self.cell_name(), (asked.seen.kind, asked.seen.id));
        let (fields, lines) = self.opened_parts(id, &asked.seen.fields, asked.lines)?;
        let form = bytes(&subject(asked, (&cell, &fields, &lines)));
        proofs.take(&admitted, form)?;
        Ok(Some(Box::new(admitted.to_signature())))
    }
}

fn subject<'a>(
    asked: &Asked<'a>,
    (cell, fields, lines): (&'a str, &'a [Field], &'a [Line]),
) -> Subject<'a> {
    let seen = asked.seen;
    Subject {
        cell,
        catalog: asked.catalog,
        catalog_version: seen.catalog,
        kind: asked.kind,
        document: seen.id,
        number: seen.number,
        version: seen.version,
        state: seen.state,
        step: asked.step,
        signer: asked.actor.named().person,
        division: seen.division,
        year: seen.year,
        agency: &seen.agency,
        creator: ActorName::of(&seen.creator).person,
        links: &seen.links,
        fields,
        lines,
    }
}

/// Whether so many signatures may be checked in one go; else the first command too many.
pub(crate) fn count_signatures(commands: &[Command]) -> Result<(), (usize, SignatureFault)> {
    let is_signed = |c: &Command| matches!(&c.action, Action::Act(act) if act.signature.is_some());
    let signed = commands.iter().enumerate().filter(|(_, c)| is_signed(c));
    let places: Vec<usize> = signed.map(|(at, _)| at).collect();
    match places.get(TOGETHER_MAX) {
        None => Ok(()),
        Some(at) => Err((
            *at,
            SignatureFault::TooMany {
                max: TOGETHER_MAX,
                found: places.len(),
            },
        )),
    }
}
