//! A document that a step is asked of, as it was looked at (所见): kept to plan with, outside of its lock.

use crate::catalog::document::{DocumentType, TransitionRule};
use crate::catalog::model::Catalog;
use crate::catalog::role::Area;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::choose::Subject;
use crate::engine::command::Act;
use crate::engine::error::{Denied, FormError, SubmitError};
use crate::engine::held::ShardSet;
use crate::engine::look::Look;
use crate::engine::permit::{self, Sight, Whose};
use crate::engine::place;
use hubu_kernel::decide::Standing;
use hubu_kernel::document::{Document, Field, Line};
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, StateId, TypeId, Year};
use hubu_kernel::money::Total;

/// What is kept of it.
pub(crate) struct Seen {
    pub(crate) id: DocumentId,
    pub(crate) version: u32,
    pub(crate) state: StateId,
    pub(crate) kind: TypeId,
    pub(crate) catalog: CatalogVersion,
    pub(crate) division: Division,
    pub(crate) year: Year,
    pub(crate) agency: Box<str>,
    pub(crate) creator: Box<str>,
    pub(crate) previous: Box<str>,
    has_acted: bool,
    pub(crate) fields: Vec<Field>,
    pub(crate) lines: Vec<Line>,
    pub(crate) number: u64,
    pub(crate) links: Vec<DocumentId>,
}

impl Engine {
    /// Looks at a document for somebody; adds its shard and those of the rows that it holds to `touched`.
    pub(crate) fn see(
        &self,
        look: &dyn Look,
        (id, actor): (DocumentId, &Actor),
        touched: &mut ShardSet,
    ) -> Result<Box<Seen>, SubmitError> {
        let mut found = Err(SubmitError::NoDocument(id));
        let shard = place::of_document(id);
        look.look(shard, &mut |shard| {
            if let Some(document) = shard.documents.get(&id) {
                found = Ok(Box::new(Seen::of(document, &actor.name)));
                for hold in &document.holds {
                    touched.add(place::of_row(hold.row));
                }
            } else if self.has_ended(shard, id) {
                found = Err(SubmitError::Ended(id));
            }
        });
        touched.add(shard);
        found
    }
}

impl Seen {
    fn of(document: &Document, actor: &str) -> Seen {
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
            has_acted: document.has_acted(actor),
            fields: entry.fields.clone(),
            lines: entry.lines.clone(),
            number: entry.number,
            links: entry.links.clone(),
        }
    }

    pub(crate) fn standing(&self) -> Standing<'_> {
        Standing {
            state: self.state,
            version: self.version,
            creator: &self.creator,
            previous: &self.previous,
            has_acted: self.has_acted,
        }
    }

    pub(crate) fn subject<'a>(
        &'a self,
        look: &'a dyn Look,
        catalog: &'a Catalog,
        kind: &'a DocumentType,
    ) -> Subject<'a> {
        Subject {
            look,
            catalog,
            kind,
            division: self.division,
            year: self.year,
            header: &self.fields,
        }
    }
}

/// The step that is asked, if the document's state has it; access is judged either way, so that
/// nobody learns the state of what is not theirs. The catalogs are the document's own and the one in use.
pub(crate) fn find_step<'c>(
    (catalog, current): (&Catalog, &Catalog),
    kind: &'c DocumentType,
    seen: &Seen,
    actor: &Actor,
    act: &Act,
) -> Result<Option<&'c TransitionRule>, SubmitError> {
    let (division, agency) = (seen.division, &*seen.agency);
    let lines = act.lines.as_deref().unwrap_or(&seen.lines);
    let whose = Whose {
        division,
        agency,
        kind,
        amount: lines.iter().map(|line| Total::from(line.amount.0)).sum(),
    };
    let may = |step: &TransitionRule| permit::may_take(catalog, actor, step, whose);
    let is_asked = |step: &&TransitionRule| *step.name == *act.transition;
    let mut named = kind.transitions.iter().filter(is_asked).peekable();
    let sight = Sight {
        area: Area::Documents,
        division,
        agency: Some(agency),
        kind: Some(seen.kind),
    };
    if permit::may_read(current, actor, sight).is_err() {
        // Only the first of the name: who may not read is told nothing of the others.
        if named.peek().is_none_or(|step| may(step).is_err()) {
            return Err(SubmitError::NoDocument(act.document));
        }
    }
    if let Some(step) = kind.step(seen.state, &act.transition) {
        may(step)?;
        return Ok(Some(step));
    }
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
