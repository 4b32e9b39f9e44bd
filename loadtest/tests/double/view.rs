//! The double's reads.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::ledger::{Actor, Document, Ledger, yuan};
use super::model::{Phase, type_named};

pub fn read(
    books: &Ledger,
    actor: &Actor,
    path: &str,
    query: &HashMap<String, String>,
) -> (u16, Value) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v1", "quotas"] => (200, quotas(books, query)),
        ["v1", "quotas", id] => {
            let at = id.parse::<usize>().unwrap() - 1;
            (200, quota(at, &books.rows[at]))
        }
        ["v1", "events"] => (200, events(books, query)),
        ["v1", "work"] => (200, work(books, actor, query)),
        ["v1", "documents", id] => document(books, actor, id),
        ["v1", "documents", id, "trace"] => {
            let (status, document) = document(books, actor, id);
            (
                status,
                json!({"document": document, "records": [], "upstream": [], "downstream": []}),
            )
        }
        ["v1", "divisions", code, "summary"] => (200, summary(books, code)),
        _ => (
            404,
            json!({"code": "not_found", "status": 404, "title": "not found"}),
        ),
    }
}

fn summary(books: &Ledger, code: &str) -> Value {
    let mut sums: std::collections::BTreeMap<&str, ([i64; 6], u64)> = Default::default();
    for row in &books.rows {
        let (sum, rows) = sums.entry(&row.ledger).or_default();
        sum.iter_mut()
            .zip(row.sums)
            .for_each(|(sum, more)| *sum += more);
        *rows += 1;
    }
    let ledgers: Vec<Value> = sums
        .into_iter()
        .map(|(ledger, (sum, rows))| {
            let [approved, used, decreasing, increasing, debit, credit] = sum.map(yuan);
            let subtree = json!({"approved": approved, "used": used, "decreasing": decreasing,
                "increasing": increasing, "debit": debit, "credit": credit, "rows": rows});
            json!({"ledger": ledger, "own": subtree, "subtree": subtree})
        })
        .collect();
    json!({"division": code, "fiscal_year": 2026, "as_of": "0", "ledgers": ledgers})
}

fn limit(query: &HashMap<String, String>) -> usize {
    query
        .get("limit")
        .and_then(|l| l.parse().ok())
        .unwrap_or(50)
        .min(200)
}

fn quotas(books: &Ledger, query: &HashMap<String, String>) -> Value {
    let from: usize = query.get("cursor").map_or(0, |c| c.parse().unwrap());
    let wanted = |row: &super::ledger::Row| {
        query.get("ledger").is_none_or(|l| *l == row.ledger)
            && query.get("division").is_none_or(|d| *d == row.division)
            && query
                .get("agency")
                .is_none_or(|a| row.dims.get("agency_code") == Some(a))
    };
    let mut found = books
        .rows
        .iter()
        .enumerate()
        .skip(from)
        .filter(|(_, row)| wanted(row));
    let items: Vec<Value> = found
        .by_ref()
        .take(limit(query))
        .map(|(at, row)| quota(at, row))
        .collect();
    json!({"items": items, "cursor": found.next().map(|(at, _)| at.to_string())})
}

fn quota(at: usize, row: &super::ledger::Row) -> Value {
    let [approved, used, decreasing, increasing, debit, credit] = row.sums.map(yuan);
    json!({"row": (at + 1).to_string(), "ledger": row.ledger, "division": row.division, "fiscal_year": 2026,
        "dims": row.dims, "approved": approved, "used": used, "decreasing": decreasing,
        "increasing": increasing, "available": yuan(row.sums[0] - row.sums[1] - row.sums[2]),
        "debit": debit, "credit": credit, "frozen": false, "control": "strict"})
}

fn events(books: &Ledger, query: &HashMap<String, String>) -> Value {
    let after: usize = query.get("after").map_or(0, |a| a.parse().unwrap());
    let events: Vec<&Value> = books.events.iter().skip(after).take(limit(query)).collect();
    json!({"next": (after + events.len()).to_string(), "events": events})
}

fn actions(document: &Document, actor: &Actor) -> Vec<&'static str> {
    let kind = type_named(document.kind).unwrap();
    let mine = |role: &str| actor.roles.iter().any(|r| r == role);
    kind.transitions
        .iter()
        .filter(|t| t.1 == document.state && t.3 != Phase::Now && mine(t.4))
        .map(|t| t.0)
        .collect()
}

fn work(books: &Ledger, actor: &Actor, query: &HashMap<String, String>) -> Value {
    let items: Vec<Value> = books
        .documents
        .iter()
        .enumerate()
        .filter(|(_, d)| d.division == actor.division && !actions(d, actor).is_empty())
        .filter(|(_, d)| actor.agency.is_none() || d.agency == actor.agency)
        .filter(|(_, d)| query.get("type").is_none_or(|t| *t == d.kind))
        .take(limit(query))
        .map(|(at, d)| {
            json!({"id": (at + 1).to_string(), "type": d.kind, "state": d.state, "version": d.version,
                "actions": actions(d, actor)})
        })
        .collect();
    json!({"items": items, "cursor": null})
}

/// What was not entered is shown as nothing.
fn shown(dims: &Value) -> Value {
    if dims.is_null() {
        json!({})
    } else {
        dims.clone()
    }
}

fn document(books: &Ledger, actor: &Actor, id: &str) -> (u16, Value) {
    let Some(d) = id
        .parse::<usize>()
        .ok()
        .and_then(|id| books.documents.get(id.wrapping_sub(1)))
    else {
        return (
            404,
            json!({"code": "unknown_document", "status": 404, "title": "no such document"}),
        );
    };
    let lines: Vec<Value> = d
        .lines
        .iter()
        .map(|l| {
            json!({"amount": yuan(l.amount), "row": l.entered["row"],
            "dims": shown(&l.entered["dims"]), "to": shown(&l.entered["to"]), "month": l.month})
        })
        .collect();
    (
        200,
        json!({"id": id, "type": d.kind, "state": d.state, "version": d.version, "division": d.division,
        "fields": d.fields, "lines": lines, "actions": actions(d, actor)}),
    )
}
