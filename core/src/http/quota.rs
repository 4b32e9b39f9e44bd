//! Rows: one by its id, or those of a division.

use hubu_kernel::ident::{Division, Year};
use hubu_kernel::row::Control;
use hyper::StatusCode;
use hyper::http::request::Parts;

use super::error::HttpError;
use super::params::Params;
use super::problem::Problem;
use super::resolve;
use super::respond::Reply;
use super::route::Operation;
use super::session::Session;
use super::wire::answer::Id;
use super::wire::query::{QuotaPage, QuotaView, RowDims};
use super::worker::Worker;
use crate::catalog::key::KeyParts;
use crate::catalog::model::Catalog;
use crate::engine::actor::Actor;
use crate::engine::error::SubmitError;
use crate::engine::list::PAGE_MAX;
use crate::engine::permit::may_read;
use crate::engine::read::{RowFilter, RowView};

/// One row, as it is with all that was answered before.
#[utoipa::path(
    get, path = "/v1/quotas/{row}", tag = "queries", operation_id = "quota",
    params(("row" = String, Path, description = "The row")),
    responses(
        (status = 200, description = "The row", body = QuotaView),
        (status = "4XX", description = "Not found, or not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn quota(
    worker: &Worker,
    session: &Session,
    head: &Parts,
    row: &str,
) -> Result<Reply, HttpError> {
    let actor = worker.actor(session, &head.headers, Operation::Quota)?;
    let lost = || HttpError::NotFound("row");
    let id = resolve::row_id(row, "row").map_err(|_| lost())?;
    let engine = &worker.app.engine;
    let (found, seq) = engine.row(id);
    engine.durable(seq).await?;
    let found = found.ok_or_else(lost)?;
    let catalog = engine.catalogs().current().1;
    let view = view(catalog, &found)?;
    let agency = agency_of(catalog, &found);
    may_read(catalog, &actor, found.row.division, agency.as_deref(), None)
        .map_err(|_| HttpError::OutOfScope("row"))?;
    worker.writer.json(StatusCode::OK, &view)
}

/// Rows of one division, a part at a time; the rows of a part are as they were at one moment.
#[utoipa::path(
    get, path = "/v1/quotas", tag = "queries", operation_id = "quotas",
    params(
        ("division" = Option<String>, Query, description = "Nine digits; the actor's own when left out"),
        ("ledger" = Option<String>, Query, description = "A ledger's name, such as IND"),
        ("fiscal_year" = Option<u16>, Query),
        ("agency" = Option<String>, Query, description = "The agency's 21 characters"),
        ("cursor" = Option<String>, Query, description = "Where the last part ended"),
        ("limit" = Option<usize>, Query, description = "1 to 1000, usually 100"),
    ),
    responses(
        (status = 200, description = "The rows", body = QuotaPage),
        (status = "4XX", description = "Not accepted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub(super) async fn quotas(
    worker: &Worker,
    session: &Session,
    head: &Parts,
) -> Result<Reply, HttpError> {
    let actor = worker.actor(session, &head.headers, Operation::Quotas)?;
    let names = [
        "division",
        "ledger",
        "fiscal_year",
        "agency",
        "cursor",
        "limit",
    ];
    let params = Params::new(head.uri.query(), names)?;
    let engine = &worker.app.engine;
    let catalog = engine.catalogs().current().1;
    let filter = filter(catalog, &actor, &params)?;
    let page = engine.rows(&filter, params.number(4)?, params.limit(5, PAGE_MAX)?);
    engine.durable(page.seq).await?;
    let items = page
        .items
        .iter()
        .map(|row| view(catalog, row))
        .collect::<Result<_, _>>()?;
    let cursor = page.cursor.map(|cursor| cursor.to_string());
    worker
        .writer
        .json(StatusCode::OK, &QuotaPage { items, cursor })
}

fn filter(
    catalog: &Catalog,
    actor: &Actor,
    params: &Params<'_, 6>,
) -> Result<RowFilter, HttpError> {
    let division = division(catalog, actor, params.text(0))?;
    let ledger = match params.text(1) {
        None => None,
        Some(name) => {
            let ledger = catalog.ledger_named(name);
            Some(
                ledger
                    .ok_or_else(|| HttpError::value("?ledger", "no such ledger"))?
                    .id,
            )
        }
    };
    let year = params.number(2)?.map(u16::try_from).transpose();
    let year = year
        .map_err(|_| HttpError::value("?fiscal_year", "no such year"))?
        .map(Year);
    // An agency's people see their agency alone, so that is what they ask for.
    let agency: Option<Box<str>> = params.text(3).or(actor.agency.as_deref()).map(Into::into);
    may_read(catalog, actor, division, agency.as_deref(), None).map_err(SubmitError::from)?;
    Ok(RowFilter {
        division,
        agency,
        ledger,
        year,
    })
}

/// The division that a query names, or the actor's own.
///
/// # Errors
/// There is no such division.
pub(super) fn division(
    catalog: &Catalog,
    actor: &Actor,
    text: Option<&str>,
) -> Result<Division, HttpError> {
    let Some(text) = text else {
        return Ok(actor.division);
    };
    catalog
        .divisions
        .find(text)
        .ok_or_else(|| HttpError::value("?division", "no such division"))
}

fn parts(catalog: &Catalog, row: &RowView) -> Result<KeyParts, HttpError> {
    let read = catalog.read_key(&row.key);
    read.map_err(|error| HttpError::Internal(format!("row {}: {error}", row.id.0)))
}

/// The agency in a row's key: the dimension by which rows are spread over shards.
fn agency_of(catalog: &Catalog, row: &RowView) -> Option<String> {
    let first = catalog.ledger(row.row.ledger)?.dimensions.first()?;
    let dimension = catalog
        .dimension(first.id)
        .filter(|dimension| dimension.shard)?;
    catalog
        .read_key(&row.key)
        .ok()?
        .bag
        .get(dimension.id)
        .map(Into::into)
}

/// A row as it goes out.
///
/// # Errors
/// Its key is of no ledger of the catalog, which is our fault.
pub(super) fn view<'a>(catalog: &'a Catalog, found: &RowView) -> Result<QuotaView<'a>, HttpError> {
    let parts = parts(catalog, found)?;
    let row = &found.row;
    let ledger = catalog
        .ledger(parts.ledger)
        .ok_or_else(|| HttpError::Internal(format!("row {} is of no ledger", found.id.0)))?;
    Ok(QuotaView {
        row: Id(u64::from(found.id.0)),
        ledger: &ledger.name,
        division: format!("{:09}", row.division.0),
        fiscal_year: row.year.0,
        dims: RowDims {
            catalog,
            bag: parts.bag,
        },
        approved: row.approved.into(),
        used: row.used.into(),
        decreasing: row.decreasing.into(),
        increasing: row.increasing.into(),
        available: super::money::Amount(row.available()),
        debit: row.debit.into(),
        credit: row.credit.into(),
        frozen: row.hold.is_frozen(),
        control: match row.hold.control() {
            Control::Strict => "strict",
            Control::Warn => "warn",
            Control::None => "none",
        },
        planned: row
            .schedule
            .as_ref()
            .map(|plan| plan.months().iter().map(|m| (*m).into()).collect()),
    })
}
