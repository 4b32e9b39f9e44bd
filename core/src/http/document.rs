//! One document.

use std::sync::Arc;

use hubu_kernel::actor::ActorName;
use hubu_kernel::document::{Document, Entry, Field, Line};
use hubu_kernel::ident::{Division, DocumentId, StateId};
use hubu_kernel::money::Total;
use hubu_kernel::transition::Past;
use hyper::StatusCode;

use super::error::HttpError;
use super::problem::Problem;
use super::resolve;
use super::respond::Reply;
use super::signing;
use super::wire::answer::{Id, Number};
use super::wire::query::{DocumentView, FieldValue, LineView, Object, dims};
use super::worker::Worker;
use crate::catalog::document::{DocumentType, TransitionRule};
use crate::catalog::model::Catalog;
use crate::catalog::role::Area;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::permit::{Sight, Whose, may_read, may_take};
use crate::engine::read::Found;

/// One document, as it is with all that was answered before.
#[utoipa::path(
    get, path = "/v1/documents/{id}", tag = "queries", operation_id = "document",
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = 200, description = "The document", body = DocumentView),
        (status = "4XX", description = "Not found, or not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn document(
    worker: &Worker,
    actor: Arc<Actor>,
    id: &str,
) -> Result<Reply, HttpError> {
    let found = readable(worker, &actor, id).await?;
    let view = view(&worker.app.engine, &found, &actor)?;
    Ok(worker
        .writer
        .json(StatusCode::OK, &view)?
        .with_version(found.version))
}

/// The document of this id, for who asks.
///
/// # Errors
/// There is none, or it is outside of their scope: they are not told which.
pub(super) async fn readable(
    worker: &Worker,
    actor: &Actor,
    id: &str,
) -> Result<Arc<Document>, HttpError> {
    let lost = || HttpError::NotFound("document");
    let id = resolve::document_id(id, "id").map_err(|_| lost())?;
    let found = find(worker, id).await?.ok_or_else(lost)?;
    let catalog = worker.app.engine.catalogs().current().1;
    let sight = sight_of(Area::Documents, &found.entry);
    may_read(catalog, actor, sight).map_err(|_| HttpError::OutOfScope("document"))?;
    Ok(found)
}

/// A document as something to be read.
pub(super) fn sight_of(area: Area, entry: &Entry) -> Sight<'_> {
    Sight {
        area,
        division: entry.division,
        agency: Some(&entry.agency),
        kind: Some(entry.kind),
    }
}

/// A document from memory or from the archive; `None` where there is none.
///
/// # Errors
/// The archive can't be read.
pub(super) async fn find(
    worker: &Worker,
    id: DocumentId,
) -> Result<Option<Arc<Document>>, HttpError> {
    let engine = &worker.app.engine;
    let (found, seq) = engine.document(id);
    engine.durable(seq).await?;
    match found {
        Found::Here(document) => Ok(Some(document)),
        Found::Nothing => Ok(None),
        Found::Ended => {
            let archive = worker.app.archive.clone();
            // It may have ended a moment ago, and still be on its way there.
            archive.mark().wait(seq.0).await?;
            Ok(worker.app.reader.run(move || archive.get(id)).await??)
        }
    }
}

/// A document as it goes out.
///
/// # Errors
/// It is of a type that its catalog does not have, which is our fault.
pub(super) fn view<'a>(
    engine: &'a Engine,
    document: &'a Document,
    actor: &Actor,
) -> Result<DocumentView<'a>, HttpError> {
    let entry = &document.entry;
    let catalog = engine.catalogs().version(entry.catalog);
    let lost = || HttpError::Internal(format!("document {} is of no known type", document.id.0));
    let kind = catalog.document_type(entry.kind).ok_or_else(lost)?;
    let state = kind.state(document.state).ok_or_else(lost)?;
    let standing = Standing {
        amount: entry.amount(),
        has_acted: document.has_acted(&actor.name),
        state: document.state,
        division: entry.division,
        agency: &entry.agency,
        creator: &document.creator,
        previous: &document.previous,
    };
    let ids = |ids: &[DocumentId]| ids.iter().map(|id| Id(id.0)).collect();
    let creator = ActorName::of(&document.creator);
    let reader = Reader {
        engine,
        document,
        kind,
        actor,
    };
    let (fields, hidden) = reader.fields(0, &entry.fields);
    Ok(DocumentView {
        id: Id(document.id.0),
        kind: &kind.name,
        state: &state.name,
        version: document.version,
        number: Number {
            division: entry.division,
            year: entry.year,
            series: &kind.series,
            number: entry.number,
        },
        division: format!("{:09}", entry.division.0),
        fiscal_year: entry.year.0,
        agency: Some(&*entry.agency).filter(|agency| !agency.is_empty()),
        creator: creator.person,
        on_behalf_of: creator.on_behalf_of,
        fields,
        hidden,
        lines: (1..)
            .zip(&entry.lines)
            .map(|(number, line)| reader.line(catalog, number, line))
            .collect(),
        links: ids(&entry.links),
        downstream: ids(&document.downstream),
        signatures: document
            .signatures
            .iter()
            .map(|signed| signing::signed(kind, signed))
            .collect(),
        history: document.history.iter().map(|seq| Id(seq.0)).collect(),
        actions: actions(catalog, kind, &standing, actor),
    })
}

/// Who looks at which document.
struct Reader<'a, 'b> {
    engine: &'a Engine,
    document: &'a Document,
    kind: &'a DocumentType,
    actor: &'b Actor,
}

/// Fields by name, and those that are not shown in full.
type Fields<'a> = (Object<'a, FieldValue<'a>>, Object<'a, &'static str>);

impl<'a> Reader<'a, '_> {
    /// The fields of the head, or of the line of this number.
    fn fields(&self, line: u16, fields: &'a [Field]) -> Fields<'a> {
        let mut shown = Vec::with_capacity(fields.len());
        let mut hidden = Vec::new();
        for field in fields {
            let Some(rule) = self.kind.field(field.id) else {
                continue;
            };
            let value = self.engine.show(self.document, line, field, self.actor);
            let value = FieldValue(value);
            hidden.extend(value.hidden().map(|why| (&*rule.name, why)));
            shown.push((&*rule.name, value));
        }
        (Object(shown), Object(hidden))
    }

    fn line(&self, catalog: &'a Catalog, number: u16, line: &'a Line) -> LineView<'a> {
        let (fields, hidden) = self.fields(number, &line.fields);
        LineView {
            amount: line.amount.into(),
            row: line.base.map(|row| Id(u64::from(row.0))),
            dims: dims(catalog, &line.dims),
            to_row: line.to_base.map(|row| Id(u64::from(row.0))),
            to: dims(catalog, &line.to),
            month: line.month.map(|month| month.number()),
            fields,
            hidden,
        }
    }
}

/// Where a document stands, as far as its next steps are concerned.
pub(super) struct Standing<'a> {
    /// Its state.
    pub(super) state: StateId,
    /// Whose it is.
    pub(super) division: Division,
    /// The agency, or empty.
    pub(super) agency: &'a str,
    /// Σ of its lines.
    pub(super) amount: Total,
    /// Who entered it.
    pub(super) creator: &'a str,
    /// Who took the last step.
    pub(super) previous: &'a str,
    /// Whether who asks took a step in this round.
    pub(super) has_acted: bool,
}

/// The steps that this actor may take now, as far as role, scope, amount and separation of duties go.
pub(super) fn actions<'a>(
    catalog: &Catalog,
    kind: &'a DocumentType,
    standing: &Standing<'_>,
    actor: &Actor,
) -> Vec<&'a str> {
    let people = (standing.creator, standing.previous);
    let past = Past::of(people, standing.has_acted, &actor.name);
    let may = |step: &&TransitionRule| {
        let is_barred = step.kernel.bars(past).is_some();
        let whose = Whose {
            division: standing.division,
            agency: standing.agency,
            kind,
            amount: standing.amount,
        };
        !is_barred && may_take(catalog, actor, step, whose).is_ok()
    };
    kind.steps_from(standing.state)
        .filter(may)
        .map(|step| &*step.name)
        .collect()
}
