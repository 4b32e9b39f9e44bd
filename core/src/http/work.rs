//! What waits for the actor, and the sums of a division.

use hubu_kernel::ident::{DocumentId, Year};
use hyper::StatusCode;
use hyper::http::request::Parts;

use super::document::{Standing, actions};
use super::error::HttpError;
use super::money::Amount;
use super::params::Params;
use super::problem::Problem;
use super::quota::division;
use super::resolve::number;
use super::respond::Reply;
use super::route::Operation;
use super::session::Session;
use super::wire::answer::{Id, Number};
use super::wire::list::{LedgerView, SummaryView, WorkList, WorkView};
use super::worker::Worker;
use crate::catalog::document::RoleSet;
use crate::clock::Moment;
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::error::SubmitError;
use crate::engine::permit::may_read;
use crate::views::worklist::{WORK_PAGE_MAX, WorkItem, WorkPlace, WorkQuery};

/// What waits for the actor's roles in the actor's division, oldest first.
#[utoipa::path(
    get, path = "/v1/work", tag = "queries", operation_id = "work",
    params(
        ("role" = Option<String>, Query, description = "One of the actor's roles; all when left out"),
        ("type" = Option<String>, Query, description = "A document type"),
        ("agency" = Option<String>, Query, description = "The agency's 21 characters"),
        ("cursor" = Option<String>, Query, description = "Where the last part ended"),
        ("limit" = Option<usize>, Query, description = "1 to 200, usually 100"),
    ),
    responses(
        (status = 200, description = "The work", body = WorkList),
        (status = "4XX", description = "Not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn work(
    worker: &Worker,
    session: &Session,
    head: &Parts,
) -> Result<Reply, HttpError> {
    let actor = worker.actor(session, &head.headers, Operation::Work)?;
    let params = Params::new(
        head.uri.query(),
        ["role", "type", "agency", "cursor", "limit"],
    )?;
    let engine = &worker.app.engine;
    let query = query(engine, &actor, &params)?;
    let live = &worker.app.live;
    live.mark().wait(engine.watermark().durable()).await?;
    let page = live.work(&query)?;
    let items = page
        .items
        .iter()
        .filter(|item| is_open_to(engine, &actor, item))
        .map(|item| view(engine, item, &actor))
        .collect::<Result<_, _>>()?;
    let cursor = page.next.map(|(ms, id)| format!("{ms}.{}", id.0));
    worker
        .writer
        .json(StatusCode::OK, &WorkList { items, cursor })
}

/// Whether an item of the list lies within what the actor's token was narrowed to.
fn is_open_to(engine: &Engine, actor: &Actor, item: &WorkItem) -> bool {
    let catalog = engine.catalogs().version(item.catalog);
    let kind = catalog.document_type(item.kind);
    let agency = Some(&*item.agency);
    actor.narrowed.is_none() || may_read(catalog, actor, item.division, agency, kind).is_ok()
}

fn query<'a>(
    engine: &Engine,
    actor: &'a Actor,
    params: &Params<'a, 5>,
) -> Result<WorkQuery<'a>, HttpError> {
    let catalog = engine.catalogs().current().1;
    let mut roles = RoleSet(actor.roles);
    if let Some(name) = params.text(0) {
        let role = catalog
            .role_named(name)
            .ok_or_else(|| HttpError::value("?role", "no such role"))?;
        roles = RoleSet(roles.0 & role.0);
    }
    let kind = match params.text(1) {
        None => None,
        Some(name) => {
            let kind = catalog.type_named(name);
            Some(
                kind.ok_or_else(|| HttpError::value("?type", "no such document type"))?
                    .id,
            )
        }
    };
    let agency = params.text(2).or(actor.agency.as_deref());
    may_read(catalog, actor, actor.division, agency, None).map_err(SubmitError::from)?;
    Ok(WorkQuery {
        roles,
        division: actor.division,
        agency,
        kind,
        after: params.text(3).map(place).transpose()?,
        limit: params.limit(4, WORK_PAGE_MAX)?,
    })
}

pub(super) fn place(cursor: &str) -> Result<WorkPlace, HttpError> {
    let place = cursor
        .split_once('.')
        .and_then(|(ms, id)| Some((number(ms)?, DocumentId(number(id)?))));
    place.ok_or_else(|| HttpError::value("?cursor", "a cursor is given by the part before"))
}

fn view<'a>(
    engine: &'a Engine,
    item: &'a WorkItem,
    actor: &Actor,
) -> Result<WorkView<'a>, HttpError> {
    let catalog = engine.catalogs().version(item.catalog);
    let lost = || HttpError::Internal(format!("document {} is of no known type", item.id.0));
    let kind = catalog.document_type(item.kind).ok_or_else(lost)?;
    let standing = Standing {
        state: item.state,
        division: item.division,
        agency: &item.agency,
        creator: &item.creator,
        previous: &item.previous,
    };
    Ok(WorkView {
        id: Id(item.id.0),
        kind: &kind.name,
        state: &kind.state(item.state).ok_or_else(lost)?.name,
        version: item.version,
        number: Number {
            division: item.division,
            year: item.year,
            series: &kind.series,
            number: item.number,
        },
        division: format!("{:09}", item.division.0),
        agency: Some(&*item.agency).filter(|agency| !agency.is_empty()),
        amount: Amount(item.amount),
        waiting_since: Moment(item.waiting_since_ms),
        actions: actions(catalog, kind, &standing, actor),
    })
}

/// The sums of a division and of all below it, in one year, after one record.
#[utoipa::path(
    get, path = "/v1/divisions/{code}/summary", tag = "queries", operation_id = "summary",
    params(
        ("code" = String, Path, description = "Nine digits"),
        ("fiscal_year" = Option<u16>, Query, description = "The present year when left out"),
    ),
    responses(
        (status = 200, description = "The sums", body = SummaryView),
        (status = "4XX", description = "Not found, or not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn summary(
    worker: &Worker,
    session: &Session,
    head: &Parts,
    code: &str,
) -> Result<Reply, HttpError> {
    let actor = worker.actor(session, &head.headers, Operation::Summary)?;
    let params = Params::new(head.uri.query(), ["fiscal_year"])?;
    let engine = &worker.app.engine;
    let catalog = engine.catalogs().current().1;
    let division =
        division(catalog, &actor, Some(code)).map_err(|_| HttpError::NotFound("division"))?;
    may_read(catalog, &actor, division, None, None).map_err(SubmitError::from)?;
    let year = params.number(0)?.map(u16::try_from).transpose();
    let year = year.map_err(|_| HttpError::value("?fiscal_year", "no such year"))?;
    let year = year.unwrap_or_else(|| Moment(engine.clock().now_ms()).year());
    let live = &worker.app.live;
    live.mark().wait(engine.watermark().durable()).await?;
    let found = live.summary(division, Year(year))?;
    let ledgers = found.ledgers.iter().filter_map(|sums| {
        let ledger = &*catalog.ledger(sums.ledger)?.name;
        Some(LedgerView {
            ledger,
            own: sums.own.into(),
            subtree: sums.subtree.into(),
        })
    });
    let view = SummaryView {
        division: format!("{:09}", division.0),
        fiscal_year: year,
        as_of: Id(found.as_of),
        ledgers: ledgers.collect(),
    };
    worker.writer.json(StatusCode::OK, &view)
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_cursor_comes_back(ms: u64, id: u64) {
            let text = format!("{ms}.{id}");
            assert_eq!(place(&text).ok(), Some((ms, DocumentId(id))));
            assert!(place(&format!("0{text}")).is_err(), "one spelling each");
        }

        #[test]
        fn no_other_text_is_a_cursor(text in "[0-9.+ -]{0,30}") {
            if let Ok((ms, id)) = place(&text) {
                assert_eq!(format!("{ms}.{}", id.0), text);
            }
        }
    }
}
