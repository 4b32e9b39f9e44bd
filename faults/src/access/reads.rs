//! Reads: documents and traces by type, rows, lists, work, sums and the feed.

use super::ask::{Asker, Wanted, World, heard, hold};
use super::ground::{AMOUNTS, Paper};
use super::place::{Object, objects};
use super::tally::Tally;
use super::wire::{Pipe, Request};
use crate::Outcome;
use hubu_core::http::access_table::{Says, Scope, StepRow};
use hubu_core::http::route::Operation;
use serde_json::Value;
use std::collections::BTreeSet;

/// What is asked, whose, and what should be answered.
struct Cell {
    route: &'static str,
    says: Says,
    request: Request,
    words: String,
}

/// Everything that this asker could read.
pub(super) fn ask(world: &World, asker: &Asker, tally: &mut Tally) -> Outcome<()> {
    let mut pipe = Pipe::open(world.address, &asker.token)?;
    let mut cells = Vec::new();
    for scope in asker.stand.scopes() {
        for object in world.objects(scope) {
            documents(world, asker, (scope, object), &mut cells);
            things(world, asker, (scope, object), &mut cells);
        }
    }
    let requests: Vec<Request> = cells.iter().map(|cell| cell.request.clone()).collect();
    for (cell, reply) in cells.iter().zip(pipe.ask_all(&requests)?) {
        let (status, code) = heard(&reply);
        let place = || format!("{} from {:?}: {}", asker.role.name, asker.stand, cell.words);
        let wanted = match cell.says {
            Says::Yes | Says::Own => Wanted::Allowed,
            Says::Refused(status) => Wanted::Refused(status),
            Says::Hidden | Says::Nothing => continue,
        };
        hold(tally, cell.route, wanted, (status, &code), place);
        if cell.says == Says::Own && status == 200 {
            let page: Value = serde_json::from_slice(&reply.body)?;
            for item in page["items"].as_array().into_iter().flatten() {
                let of = item["agency"]
                    .as_str()
                    .or(item["dims"]["agency_code"].as_str());
                if of != asker.stand.agency().as_deref() {
                    tally
                        .wrong
                        .push(format!("{}: {}: {item}", cell.route, place()));
                }
            }
        }
    }
    work(world, asker, &mut pipe, tally)?;
    events(world, asker, &mut pipe, tally)
}

fn documents(
    world: &World,
    asker: &Asker,
    (scope, object): (Scope, Object),
    cells: &mut Vec<Cell>,
) {
    for kind in &world.ground.catalog.types {
        let paper = Paper {
            object,
            kind: kind.id,
            state: kind.initial,
            fen: AMOUNTS[0],
        };
        let Some(id) = world.paper(paper) else {
            continue;
        };
        signing(world, asker, (scope, paper, id), cells);
        for (operation, route, path) in [
            (
                Operation::Document,
                "GET /v1/documents/{id}",
                format!("/v1/documents/{id}"),
            ),
            (
                Operation::Trace,
                "GET /v1/documents/{id}/trace",
                format!("/v1/documents/{id}/trace"),
            ),
        ] {
            cells.push(Cell {
                route,
                says: world.read(operation, asker, Some(&kind.name), scope),
                request: Request::get(path),
                words: format!("{} of {object:?} ({scope:?})", kind.name),
            });
        }
    }
}

/// What is signed for each step from where the document stands: for those who may read it and take the step.
fn signing(
    world: &World,
    asker: &Asker,
    (scope, paper, id): (Scope, Paper, u64),
    cells: &mut Vec<Cell>,
) {
    let Some(kind) = world.ground.catalog.document_type(paper.kind) else {
        return;
    };
    let read = world.read(Operation::Signing, asker, Some(&kind.name), scope);
    let from_here = |row: &&StepRow| row.kind == paper.kind && row.from == Some(paper.state);
    for row in world.table.steps.iter().filter(from_here) {
        let may = world.allows(row, asker, scope, paper.fen.into());
        cells.push(Cell {
            route: "POST /v1/documents/{id}/signing/{transition}",
            says: match read {
                Says::Yes if !may => Says::Refused(403),
                read => read,
            },
            request: Request::post(
                format!("/v1/documents/{id}/signing/{}", row.step),
                String::new(),
                String::from("{}"),
            ),
            words: format!(
                "{} of {:?} ({scope:?}) under {}",
                kind.name, paper.object, row.step
            ),
        });
    }
}

/// What has no type.
fn things(world: &World, asker: &Asker, (scope, object): (Scope, Object), cells: &mut Vec<Cell>) {
    let says = |operation| world.read(operation, asker, None, scope);
    let agency = match object.agency {
        0 => String::new(),
        _ => format!("&agency={}", object.agency_code()),
    };
    let division = object.division;
    let mut add = |operation, route, path: String| {
        cells.push(Cell {
            route,
            says: says(operation),
            request: Request::get(path),
            words: format!("{object:?} ({scope:?})"),
        });
    };
    if let Some(row) = world.rows.get(&object) {
        add(
            Operation::Quota,
            "GET /v1/quotas/{row}",
            format!("/v1/quotas/{row}"),
        );
    }
    let list = format!("/v1/quotas?division={division}{agency}");
    add(Operation::Quotas, "GET /v1/quotas", list);
    add(
        Operation::Work,
        "GET /v1/work",
        format!("/v1/work?limit=200{agency}"),
    );
    let sums = format!("/v1/divisions/{division}/summary?fiscal_year=2026");
    add(Operation::Summary, "GET /v1/divisions/{code}/summary", sums);
}

/// The work list holds exactly the documents that wait for this role, here.
fn work(world: &World, asker: &Asker, pipe: &mut Pipe, tally: &mut Tally) -> Outcome<()> {
    let may = asker.stand.scopes().any(|scope| {
        matches!(
            world.read(Operation::Work, asker, None, scope),
            Says::Yes | Says::Own
        )
    });
    if !may {
        return Ok(());
    }
    let mut wanted = BTreeSet::new();
    // Documents of the asker's scopes; what lies elsewhere is held against by who stands there.
    let mut known = BTreeSet::new();
    for scope in asker.stand.scopes() {
        for object in objects(scope) {
            for (paper, id) in world
                .ground
                .papers
                .iter()
                .filter(|(paper, _)| paper.object == object)
            {
                known.insert(id.0);
                if waits(world, asker, scope, paper) {
                    wanted.insert(id.0);
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let reply = pipe.ask(Request::get(format!("/v1/work?limit=200{cursor}")))?;
        let page: Value = serde_json::from_slice(&reply.body)?;
        let ids = page["items"].as_array().into_iter().flatten();
        found.extend(ids.filter_map(|item| item["id"].as_str()?.parse::<u64>().ok()));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found.retain(|id| known.contains(id));
    let wrong = (found != wanted).then(|| {
        let (more, less) = (
            found.difference(&wanted).count(),
            wanted.difference(&found).count(),
        );
        format!(
            "work of {} from {:?}: {more} too many, {less} missing",
            asker.role.name, asker.stand
        )
    });
    tally.cell("GET /v1/work, what it holds", true, wrong);
    Ok(())
}

/// Whether a document waits for this role, as the table has it.
fn waits(world: &World, asker: &Asker, scope: Scope, paper: &Paper) -> bool {
    let Some(kind) = world.ground.catalog.document_type(paper.kind) else {
        return false;
    };
    let own = kind
        .steps_from(paper.state)
        .all(|step| step.kernel.creator_only);
    kind.steps_from(paper.state)
        .filter(|step| own || !step.kernel.creator_only)
        .any(|step| {
            let row = world.table.steps.iter().find(|row| {
                row.kind == kind.id && row.from == Some(paper.state) && row.step == step.name
            });
            row.is_some_and(|row| world.allows(row, asker, scope, paper.fen.into()))
        })
}

/// The feed shows exactly the entries of the documents that the table shows.
fn events(world: &World, asker: &Asker, pipe: &mut Pipe, tally: &mut Tally) -> Outcome<()> {
    const ROUTE: &str = "GET /v1/events";
    let mut shown = BTreeSet::new();
    let mut after = String::from("0");
    loop {
        let reply = pipe.ask(Request::get(format!("/v1/events?after={after}&limit=1000")))?;
        if after == "0" {
            let (status, code) = heard(&reply);
            for scope in asker.stand.scopes() {
                let wanted = match world.read(Operation::Events, asker, None, scope) {
                    Says::Refused(status) => Wanted::Refused(status),
                    _ => Wanted::Allowed,
                };
                let place = || format!("{} from {:?} ({scope:?})", asker.role.name, asker.stand);
                hold(tally, ROUTE, wanted, (status, &code), place);
            }
        }
        if reply.status != 200 {
            return Ok(());
        }
        let page: Value = serde_json::from_slice(&reply.body)?;
        for event in page["events"].as_array().into_iter().flatten() {
            shown.extend(
                event["document"]
                    .as_str()
                    .and_then(|id| id.parse::<u64>().ok()),
            );
        }
        let next = page["next"]
            .as_str()
            .ok_or("a page without its end")?
            .to_owned();
        if next == after {
            break;
        }
        after = next;
    }
    for scope in asker.stand.scopes() {
        for object in objects(scope) {
            for (paper, id) in world
                .ground
                .papers
                .iter()
                .filter(|(paper, _)| paper.object == object)
            {
                let kind = world.ground.catalog.document_type(paper.kind);
                let name = kind.map_or("", |kind| &*kind.name);
                let says = world.read(Operation::Events, asker, Some(name), scope);
                let (is_shown, is_wanted) = (shown.contains(&id.0), says == Says::Yes);
                let wrong = (is_shown != is_wanted).then(|| {
                    let role = &asker.role.name;
                    format!("{ROUTE}: {role} from {:?}: {name} of {object:?}: {says:?}, shown: {is_shown}", asker.stand)
                });
                tally.cell(ROUTE, is_wanted, wrong);
            }
        }
    }
    Ok(())
}
