//! What can be read: rows, and the feed of documents; the audit lives on it.

use deadpool_postgres::Pool;
use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use tokio_postgres::Row;

use crate::answer::Answer;
use crate::error::NaiveError;
use crate::money;

/// The most that one page holds.
const PAGE_MAX: i64 = 1000;

const ROW: &str =
    "SELECT id, ledger, division, agency, fiscal_year, approved_cents, used_cents, decreasing_cents
    FROM quota_row";

const FEED: &str =
    "SELECT d.id, d.actor, p.row_id, p.amount_cents, d.month, d.state, d.version FROM (
        SELECT * FROM document WHERE id > $1 ORDER BY id LIMIT $2
    ) d LEFT JOIN posting p ON p.document = d.id ORDER BY d.id, p.row_id";

#[derive(Serialize)]
struct Operation {
    row: String,
    operation: &'static str,
    amount: String,
    month: i16,
}

#[derive(Serialize)]
struct Event {
    seq: String,
    actor: String,
    kind: &'static str,
    document: String,
    #[serde(rename = "type")]
    document_type: &'static str,
    transition: &'static str,
    state: String,
    version: i32,
    ops: Vec<Operation>,
    postings: [(); 0],
    spawned: [(); 0],
}

/// `GET /v1/quotas/{row}`.
///
/// # Errors
/// The database's.
pub async fn quota(pool: &Pool, row: &str) -> Result<Answer, NaiveError> {
    let Ok(id) = row.parse::<i64>() else {
        return Ok(not_found());
    };
    let client = pool.get().await?;
    let one = client
        .prepare_cached(&format!("{ROW} WHERE id = $1"))
        .await?;
    let found = client.query_opt(&one, &[&id]).await?;
    Ok(found.map_or_else(not_found, |row| Answer::json(StatusCode::OK, &view(&row))))
}

/// `GET /v1/quotas?division=&ledger=&cursor=&limit=`.
///
/// # Errors
/// The database's.
pub async fn quotas(pool: &Pool, query: &str) -> Result<Answer, NaiveError> {
    let text = |name| param(query, name).unwrap_or("");
    let after = number(query, "cursor", 0);
    let limit = number(query, "limit", 100).clamp(1, PAGE_MAX);
    let client = pool.get().await?;
    let page = "WHERE division = $1 AND ledger = $2 AND id > $3 AND ($5 = '' OR agency = $5) ORDER BY id LIMIT $4";
    let page = client.prepare_cached(&format!("{ROW} {page}")).await?;
    let rows = client
        .query(
            &page,
            &[
                &text("division"),
                &text("ledger"),
                &after,
                &limit,
                &text("agency"),
            ],
        )
        .await?;
    let is_full = rows.len() as i64 == limit;
    let last = rows.last().filter(|_| is_full);
    let cursor = last.map(|row| row.get::<_, i64>(0).to_string());
    let items: Vec<_> = rows.iter().map(view).collect();
    Ok(Answer::json(
        StatusCode::OK,
        &json!({ "items": items, "cursor": cursor }),
    ))
}

/// `GET /v1/events?after=&limit=`: every document in the order of its id, with what it did to rows.
///
/// Ids are given before commits, so a page read while payments are under way may miss one; a settled one doesn't.
///
/// # Errors
/// The database's.
pub async fn events(pool: &Pool, query: &str) -> Result<Answer, NaiveError> {
    let after = number(query, "after", 0);
    let limit = number(query, "limit", 100).clamp(1, PAGE_MAX);
    let client = pool.get().await?;
    let feed = client.prepare_cached(FEED).await?;
    let rows = client.query(&feed, &[&after, &limit]).await?;
    let mut events: Vec<Event> = Vec::new();
    let mut next = after;
    for row in &rows {
        let document: i64 = row.get(0);
        if document != next {
            events.push(event(row, document));
            next = document;
        }
        if let (Some(event), Some(id)) = (events.last_mut(), row.get::<_, Option<i64>>(2)) {
            event.ops.push(Operation {
                row: id.to_string(),
                operation: "reserve_consume",
                amount: money::format(row.get(3)),
                month: row.get(4),
            });
        }
    }
    let page = json!({ "events": events, "next": next.to_string() });
    Ok(Answer::json(StatusCode::OK, &page))
}

fn event(row: &Row, document: i64) -> Event {
    Event {
        seq: document.to_string(),
        actor: row.get::<_, i64>(1).to_string(),
        kind: "decided",
        document: document.to_string(),
        document_type: "payment",
        transition: "submit",
        state: row.get(5),
        version: row.get(6),
        ops: Vec::with_capacity(2),
        postings: [],
        spawned: [],
    }
}

fn view(row: &Row) -> serde_json::Value {
    let (approved, used, decreasing): (i64, i64, i64) = (row.get(5), row.get(6), row.get(7));
    json!({
        "row": row.get::<_, i64>(0).to_string(), "ledger": row.get::<_, &str>(1), "division": row.get::<_, &str>(2),
        "fiscal_year": row.get::<_, i16>(4), "dims": { "agency_code": row.get::<_, &str>(3) },
        "approved": money::format(approved), "used": money::format(used), "decreasing": money::format(decreasing),
        "increasing": "0.00", "available": money::format(approved - used - decreasing),
    })
}

fn not_found() -> Answer {
    Answer::problem(StatusCode::NOT_FOUND, "not_found", "no such row")
}

fn param<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn number(query: &str, name: &str, usually: i64) -> i64 {
    param(query, name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(usually)
}
