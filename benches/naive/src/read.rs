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

const ROW: &str = "SELECT id, ledger, division, agency, fiscal_year, approved_cents, used_cents, decreasing_cents,
    increasing_cents, debit_cents, credit_cents, project FROM quota_row";

const FEED: &str =
    "SELECT d.id, d.actor, p.row_id, p.amount_cents, d.month, d.state, d.version, p.is_announced FROM (
        SELECT * FROM document WHERE id > $1 ORDER BY id LIMIT $2
    ) d LEFT JOIN LATERAL (
        SELECT p.row_id, p.amount_cents, q.ledger = 'PAY' AS is_announced
        FROM posting p JOIN quota_row q ON q.id = p.row_id WHERE p.document = d.id OFFSET 0
    ) p ON true ORDER BY d.id, p.row_id";

#[derive(Serialize)]
struct Operation {
    row: String,
    operation: &'static str,
    amount: String,
    month: i16,
}

#[derive(Serialize)]
struct Event<'a> {
    seq: String,
    actor: &'a str,
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

/// `GET /v1/quotas?division=&ledger=&agency=&fiscal_year=&cursor=&limit=`.
///
/// # Errors
/// The database's.
pub async fn quotas(pool: &Pool, query: &str) -> Result<Answer, NaiveError> {
    let text = |name| param(query, name).unwrap_or("");
    let after = number(query, "cursor", 0);
    let limit = number(query, "limit", 100).clamp(1, PAGE_MAX);
    let client = pool.get().await?;
    let page =
        "WHERE division = $1 AND ($2 = '' OR ledger = $2) AND id > $3 AND ($5 = '' OR agency = $5)
        AND ($6::smallint = 0 OR fiscal_year = $6) ORDER BY id LIMIT $4";
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
                &year(query),
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

/// `GET /v1/documents/{id}`.
///
/// # Errors
/// The database's.
pub async fn document(pool: &Pool, document: &str) -> Result<Answer, NaiveError> {
    let Ok(id) = document.parse::<i64>() else {
        return Ok(not_found());
    };
    let client = pool.get().await?;
    let one = "SELECT state, version, division, agency, fiscal_year, row_id, month, amount_cents FROM document WHERE id = $1";
    let one = client.prepare_cached(one).await?;
    let Some(row) = client.query_opt(&one, &[&id]).await? else {
        return Ok(not_found());
    };
    let line = json!({
        "amount": money::format(row.get(7)), "row": row.get::<_, i64>(5).to_string(), "month": row.get::<_, i16>(6),
    });
    let body = json!({
        "id": id.to_string(), "type": "payment", "state": row.get::<_, &str>(0), "version": row.get::<_, i32>(1),
        "division": row.get::<_, &str>(2), "agency": row.get::<_, &str>(3), "fiscal_year": row.get::<_, i16>(4),
        "lines": [line],
    });
    Ok(Answer::json(StatusCode::OK, &body))
}

/// `GET /v1/divisions/{code}/summary?fiscal_year=`: sums by ledger of the rows of a division and of all below it.
///
/// # Errors
/// The database's.
pub async fn summary(pool: &Pool, division: &str, query: &str) -> Result<Answer, NaiveError> {
    let sums = "SELECT ledger, count(*), (sum(approved_cents) / 100.0)::numeric(38, 2)::text,
            (sum(used_cents) / 100.0)::numeric(38, 2)::text, (sum(decreasing_cents) / 100.0)::numeric(38, 2)::text,
            (sum(increasing_cents) / 100.0)::numeric(38, 2)::text, (sum(debit_cents) / 100.0)::numeric(38, 2)::text,
            (sum(credit_cents) / 100.0)::numeric(38, 2)::text, (SELECT coalesce(max(id), 0) FROM document)
        FROM quota_row WHERE starts_with(division, $1) AND ($2::smallint = 0 OR fiscal_year = $2) GROUP BY ledger ORDER BY ledger";
    let client = pool.get().await?;
    let sums = client.prepare_cached(sums).await?;
    let rows = client
        .query(&sums, &[&subtree(division), &year(query)])
        .await?;
    let ledger = |row: &Row| {
        let text = |at: usize| row.get::<_, &str>(at);
        json!({ "ledger": text(0), "subtree": {
            "approved": text(2), "used": text(3), "decreasing": text(4), "increasing": text(5), "debit": text(6),
            "credit": text(7), "rows": row.get::<_, i64>(1),
        } })
    };
    let as_of: i64 = rows.first().map_or(0, |row| row.get(8));
    let ledgers: Vec<_> = rows.iter().map(ledger).collect();
    let body = json!({ "division": division, "as_of": as_of.to_string(), "ledgers": ledgers });
    Ok(Answer::json(StatusCode::OK, &body))
}

/// What the codes of a division and of all below it begin with: 省 2 digits, 市 4, 县 6, 乡 9.
fn subtree(division: &str) -> &str {
    let begins = |digits: usize| division.get(..digits).unwrap_or(division);
    let is_of = |digits: usize| division.bytes().skip(digits).all(|digit| digit == b'0');
    [2, 4, 6]
        .into_iter()
        .find(|digits| is_of(*digits))
        .map_or(division, begins)
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
    let mut events: Vec<Event<'_>> = Vec::new();
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
                operation: match row.get::<_, Option<bool>>(7) {
                    Some(true) => "promise",
                    _ => "reserve_consume",
                },
                amount: money::format(row.get(3)),
                month: row.get(4),
            });
        }
    }
    let page = json!({ "events": events, "next": next.to_string() });
    Ok(Answer::json(StatusCode::OK, &page))
}

fn event(row: &Row, document: i64) -> Event<'_> {
    Event {
        seq: document.to_string(),
        actor: row.get(1),
        kind: "decided",
        document: document.to_string(),
        document_type: "payment",
        transition: "submit",
        state: row.get(5),
        version: row.get(6),
        ops: Vec::with_capacity(3),
        postings: [],
        spawned: [],
    }
}

fn view(row: &Row) -> serde_json::Value {
    let cents = |at: usize| row.get::<_, i64>(at);
    let mut dims = serde_json::Map::new();
    for (name, at) in [("agency_code", 3), ("pro_code", 11)] {
        let value: &str = row.get(at);
        if !value.is_empty() {
            dims.insert(name.into(), value.into());
        }
    }
    json!({
        "row": cents(0).to_string(), "ledger": row.get::<_, &str>(1), "division": row.get::<_, &str>(2),
        "fiscal_year": row.get::<_, i16>(4), "dims": dims,
        "approved": money::format(cents(5)), "used": money::format(cents(6)), "decreasing": money::format(cents(7)),
        "increasing": money::format(cents(8)), "available": money::format(cents(5) - cents(6) - cents(7)),
        "debit": money::format(cents(9)), "credit": money::format(cents(10)),
    })
}

fn not_found() -> Answer {
    Answer::problem(StatusCode::NOT_FOUND, "not_found", "no such row")
}

fn param<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The year asked for; 0 for all.
fn year(query: &str) -> i16 {
    i16::try_from(number(query, "fiscal_year", 0)).unwrap_or(0)
}

fn number(query: &str, name: &str, usually: i64) -> i64 {
    param(query, name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(usually)
}
