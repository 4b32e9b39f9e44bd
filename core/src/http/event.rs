//! The journal told: the feed of all that happened, and the trace of one document.

use std::sync::Arc;

use bytes::Bytes;
use hubu_kernel::actor::ActorName;
use hubu_kernel::document::{Document, Entry};
use hubu_kernel::ident::{DocumentId, Seq};
use hubu_kernel::record::Body;
use hyper::http::request::Parts;

use super::document;
use super::error::HttpError;
use super::params::Params;
use super::problem::Problem;
use super::respond::Reply;
use super::route::Operation;
use super::session::Session;
use super::tell::Teller;
use super::wire::answer::Id;
use super::wire::event::{EventPage, TraceView};
use super::worker::Worker;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::permit::may_read;
use crate::engine::read::Found;
use crate::views::archive::Archive;
use crate::views::feed::{Event, FEED_PAGE_MAX, feed};

/// What happened, in the journal's order, as far as the actor may see.
///
/// Ask again with `next` as `after`; while nothing is new the list is empty.
#[utoipa::path(
    get, path = "/v1/events", tag = "queries", operation_id = "events",
    params(
        ("after" = Option<String>, Query, description = "Events behind this place; 0 for all"),
        ("limit" = Option<usize>, Query, description = "1 to 1000, usually 100"),
    ),
    responses(
        (status = 200, description = "The events", body = EventPage),
        (status = "4XX", description = "Not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn events(
    worker: &Worker,
    session: &Session,
    head: &Parts,
) -> Result<Reply, HttpError> {
    let actor = worker.actor(session, &head.headers, Operation::Events)?;
    let params = Params::new(head.uri.query(), ["after", "limit"])?;
    let after = Seq(params.number(0)?.unwrap_or(0));
    let limit = params.limit(1, FEED_PAGE_MAX)?;
    let (engine, archive) = (worker.app.engine.clone(), worker.app.archive.clone());
    let read = move || -> Result<Bytes, HttpError> {
        let mut page = feed(&engine, after, limit)?;
        let scope = Scope {
            engine: &engine,
            archive: &archive,
            actor: &actor,
        };
        if !scope.is_everything() {
            page.events.retain(|event| scope.covers(event));
        }
        let mut teller = Teller::new(&engine);
        let events = page
            .events
            .iter()
            .map(|event| teller.event(event))
            .collect();
        let page = EventPage {
            events,
            next: Id(page.next.0),
        };
        Ok(serde_json::to_vec(&page)?.into())
    };
    let bytes = worker.app.reader.run(read).await??;
    Ok(Reply::bytes("application/json", bytes))
}

/// A document with every record that made it: who, when, which rows, which vouchers.
#[utoipa::path(
    get, path = "/v1/documents/{id}/trace", tag = "queries", operation_id = "trace",
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = 200, description = "The document and its records", body = TraceView),
        (status = "4XX", description = "Not found, or not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn trace(
    worker: &Worker,
    session: &Session,
    head: &Parts,
    id: &str,
) -> Result<Reply, HttpError> {
    let (found, actor) = document::readable(worker, session, head, (Operation::Trace, id)).await?;
    let engine = worker.app.engine.clone();
    let read = move || told(&engine, &found, &actor);
    let bytes = worker.app.reader.run(read).await??;
    Ok(Reply::bytes("application/json", bytes))
}

fn told(engine: &Engine, document: &Document, actor: &Actor) -> Result<Bytes, HttpError> {
    let mut events = Vec::with_capacity(document.history.len());
    for seq in &document.history {
        events.push(Event {
            seq: *seq,
            record: engine.record(*seq)?,
        });
    }
    let mut teller = Teller::new(engine);
    let ids = |ids: &[DocumentId]| ids.iter().map(|id| Id(id.0)).collect();
    let view = TraceView {
        document: document::view(engine, document, actor)?,
        records: events
            .iter()
            .filter_map(|event| teller.record(event))
            .collect(),
        upstream: ids(&document.entry.links),
        downstream: ids(&document.downstream),
    };
    Ok(serde_json::to_vec(&view)?.into())
}

/// What of the feed an actor may see.
struct Scope<'a> {
    engine: &'a Engine,
    archive: &'a Arc<Archive>,
    actor: &'a Actor,
}

impl Scope<'_> {
    /// Whether the actor stands at the top of the tree, for no agency.
    fn is_everything(&self) -> bool {
        let divisions = &self.engine.catalogs().current().1.divisions;
        self.actor.narrowed.is_none()
            && self.actor.agency.is_none()
            && divisions.parent(self.actor.division).is_none()
    }

    fn covers(&self, event: &Event) -> bool {
        let document = match &event.record.body {
            Body::Decided(decided) => match &decided.entry {
                Some(entry) => return self.may_see(entry),
                None => decided.document,
            },
            Body::Refused(refused) => match refused.document {
                Some(document) => document,
                // What was never entered is its asker's alone.
                None => return is_of(&event.record.actor, self.actor),
            },
            Body::Catalog { .. } | Body::Genesis { .. } => return true,
        };
        let found = match self.engine.document(document).0 {
            Found::Here(found) => Some(found),
            Found::Ended => self.archive.get(document).ok().flatten(),
            Found::Nothing => None,
        };
        found.is_some_and(|found| self.may_see(&found.entry))
    }

    fn may_see(&self, entry: &Entry) -> bool {
        let catalog = self.engine.catalogs().current().1;
        let kind = catalog.document_type(entry.kind);
        let (division, agency) = (entry.division, Some(&*entry.agency));
        may_read(catalog, self.actor, division, agency, kind).is_ok()
    }
}

/// Whether the actor asked for it, for whomever; a token that is narrowed to types sees nothing of no known type.
fn is_of(name: &str, actor: &Actor) -> bool {
    actor.narrowed.is_none() && ActorName::of(name).person == actor.named().person
}
