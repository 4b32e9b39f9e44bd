//! Commands: every entry, every entry with its first step, every step; one by one, and all again in a batch.

use super::ask::{Asker, Wanted, World, heard, hold};
use super::ground::{AMOUNTS, Paper};
use super::place::Object;
use super::tally::Tally;
use super::wire::{Pipe, Request};
use crate::Outcome;
use hubu_core::catalog::document::{DocumentType, FieldKind, FieldPlace, FieldRule, MonthRule};
use hubu_core::http::access_table::{Says, Scope, StepRow};
use hubu_core::http::route::Operation;
use hubu_kernel::ident::FieldId;
use serde_json::{Map, Value, json};

/// The most commands of one batch.
const BATCH: usize = 4000;

/// A command and what should come of it.
struct Cell {
    route: &'static str,
    wanted: Wanted,
    path: String,
    body: Value,
    /// As part of a batch.
    part: Value,
    words: String,
}

/// Everything that this asker could do.
pub(super) fn ask(world: &World, asker: &Asker, tally: &mut Tally) -> Outcome<()> {
    let mut pipe = Pipe::open(world.address, &asker.token)?;
    let mut cells = Vec::new();
    for scope in asker.stand.scopes() {
        for object in world.objects(scope) {
            for kind in &world.ground.catalog.types {
                entries(world, asker, kind, (scope, object), &mut cells);
                steps(world, asker, kind, (scope, object), &mut cells);
            }
        }
    }
    let key = |at: usize, way: &str| format!("{}-{way}-{at}", asker.number);
    let request = |(at, cell): (usize, &Cell)| {
        // A version that no document has: who may take the step is told so, and nothing changes.
        let headers = format!(
            "Idempotency-Key: {}\r\nIf-Match: \"999\"\r\n",
            key(at, "one")
        );
        Request::post(cell.path.clone(), headers, cell.body.to_string())
    };
    let requests: Vec<Request> = cells.iter().enumerate().map(request).collect();
    let place = |cell: &Cell| format!("{} from {:?}: {}", asker.role.name, asker.stand, cell.words);
    for (cell, reply) in cells.iter().zip(pipe.ask_all(&requests)?) {
        let (status, code) = heard(&reply);
        hold(tally, cell.route, cell.wanted, (status, &code), || {
            place(cell)
        });
    }
    for (part, cells) in cells.chunks(BATCH).enumerate() {
        let commands = cells.iter().enumerate().map(|(at, cell)| {
            let mut command = cell.part.clone();
            command["key"] = key(part * BATCH + at, "batch").into();
            command
        });
        let body = json!({ "commands": commands.collect::<Vec<_>>() });
        let reply = pipe.ask(Request::post(
            "/v1/batches".into(),
            String::new(),
            body.to_string(),
        ))?;
        let answer: Value = serde_json::from_slice(&reply.body)?;
        let results = answer["results"]
            .as_array()
            .ok_or_else(|| format!("no results: {answer}"))?;
        for (cell, result) in cells.iter().zip(results) {
            let status = result["status"]
                .as_u64()
                .and_then(|status| u16::try_from(status).ok());
            let code = result["problem"]["code"].as_str().unwrap_or_default();
            hold(
                tally,
                "POST /v1/batches",
                cell.wanted,
                (status.unwrap_or(0), code),
                || place(cell),
            );
        }
    }
    Ok(())
}

fn entries(
    world: &World,
    asker: &Asker,
    kind: &DocumentType,
    (scope, object): (Scope, Object),
    cells: &mut Vec<Cell>,
) {
    let rows = || world.table.steps.iter().filter(|row| row.kind == kind.id);
    let Some(entry) = rows().find(|row| row.from.is_none()) else {
        return;
    };
    let amount = AMOUNTS[0].into();
    let may_enter = world.allows(entry, asker, scope, amount);
    let firsts = rows().filter(|row| row.from == Some(kind.initial));
    for first in std::iter::once(None).chain(firsts.map(Some)) {
        let may = may_enter && first.is_none_or(|first| world.allows(first, asker, scope, amount));
        let body = create(kind, object, first);
        cells.push(Cell {
            route: "POST /v1/documents",
            wanted: if may {
                Wanted::Allowed
            } else {
                Wanted::Refused(403)
            },
            path: "/v1/documents".into(),
            part: json!({ "create": body }),
            body,
            words: format!(
                "enter {} of {object:?} ({scope:?}) and {:?}",
                kind.name,
                first.map(|first| &first.step)
            ),
        });
    }
}

fn steps(
    world: &World,
    asker: &Asker,
    kind: &DocumentType,
    (scope, object): (Scope, Object),
    cells: &mut Vec<Cell>,
) {
    let reads = world.read(Operation::Document, asker, Some(&kind.name), scope) == Says::Yes;
    let refused = Wanted::Refused(if reads { 403 } else { 404 });
    for row in world.table.steps.iter().filter(|row| row.kind == kind.id) {
        let Some(state) = row.from else { continue };
        for fen in AMOUNTS {
            let Some(id) = world.paper(Paper {
                object,
                kind: kind.id,
                state,
                fen,
            }) else {
                continue;
            };
            let may = world.allows(row, asker, scope, fen.into());
            let step = &row.step;
            cells.push(Cell {
                route: "POST /v1/documents/{id}/actions/{transition}",
                wanted: if may { Wanted::Allowed } else { refused },
                path: format!("/v1/documents/{id}/actions/{step}"),
                body: json!({}),
                part: json!({ "act": { "document": id.to_string(), "transition": step, "if_match": 999 } }),
                words: format!("{step} a {} of {object:?} ({scope:?}) of {fen} fen", kind.name),
            });
        }
    }
}

/// A body whose form nothing can be said against, so that what is said is about rights.
fn create(kind: &DocumentType, object: Object, first: Option<&StepRow>) -> Value {
    let step = first.and_then(|first| kind.step(kind.initial, &first.step));
    let asked = step.map_or(&[][..], |step| &step.asks);
    let asked = kind.entry.asks.iter().chain(asked);
    let named = |id: &FieldId| kind.field(*id).map(|rule| (rule.name.clone(), value(rule)));
    let line_fields = kind
        .fields
        .iter()
        .filter(|rule| rule.place == FieldPlace::Line && rule.required);
    let mut line = json!({
        "amount": "1.00",
        "fields": line_fields.map(|rule| (rule.name.clone(), value(rule))).collect::<Map<_, _>>(),
    });
    if kind.lines.month == MonthRule::Required {
        line["month"] = 3.into();
    }
    let mut body = json!({
        "type": kind.name, "division": object.division, "fiscal_year": 2026,
        "fields": asked.filter_map(named).collect::<Map<_, _>>(), "lines": [line],
    });
    if object.agency != 0 {
        body["agency"] = object.agency_code().into();
    }
    if let Some(first) = first {
        body["transition"] = first.step.clone().into();
    }
    body
}

fn value(rule: &FieldRule) -> Value {
    match &rule.kind {
        FieldKind::Text { .. } => "1".into(),
        FieldKind::Amount => "1.00".into(),
        FieldKind::Int => 1.into(),
        FieldKind::Flag => true.into(),
        FieldKind::Date => "2026-03-31".into(),
        FieldKind::Choice(words) => words.first().cloned().into(),
    }
}
