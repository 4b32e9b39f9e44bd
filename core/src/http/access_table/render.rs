//! The table as people read it: Markdown, in short lines that a terminal shows as well.

use super::AccessTable;
use super::reads::{ReadRow, is_of_types};
use super::scope::Scope;
use super::steps::StepRow;
use crate::catalog::document::{Acting, DocumentType};
use crate::catalog::limit::RoleLimit;
use crate::catalog::model::Catalog;
use crate::http::money::Amount;
use crate::http::route::{Needs, Operation, ROUTES};
use hubu_kernel::ident::StateId;
use std::fmt::Write;

const HEAD: &str = "# Who may do what (权限表)

Made by `hubu access --catalog config > docs/access.md`; a test (`core/tests/access_table.rs`) fails when this file is not what the
catalog and the program say, and writes it anew with `HUBU_WRITE_DOCS=1`. `hubu-faults access` asks a real server for every cell.

**All that is not listed here is refused.** A token without a role that counts is refused everywhere but where no token is needed. Roles come
from `config/roles.toml` (what they read) and from the document types (what they do); how to write these rules stands in
[processes.md](processes.md).

";

const READS: &str = "
## Reading: route × role × scope

`yes`: answered. `own`: answered with one's own agency's alone. `hidden`: left out of the answer. `403`, `404`: refused so; 404 where a refusal
would tell that something is there. `–`: there is no way to ask for it. A role without a row for a route is refused there with 403. Where a
row names document types, all others are refused (or hidden) for its roles. What is signed for a step
(`POST /v1/documents/{id}/signing/{transition}`) is told to those whom this table lets read the document and the next one lets take the step;
who may only read it is refused with 403.

";

const STEPS: &str = "
## Acting: document type × step × role × scope

`POST /v1/documents` enters a document, with its first step or without: who does both must be allowed both.
`POST /v1/documents/{id}/actions/{transition}` takes a step. `POST /v1/batches` takes many commands, each judged as it would be alone.

`of` says which scopes may act:

";

const REFUSED: &str = "
Every other cell is refused: entering with 403; a step with 403 where the role may read the document (table above), and with 404 where
it may not. A role with a limit takes the step only with documents of such an amount (the sum of the lines, as they are after the step);
several roles of one person count one by one, and one that admits the amount is enough. Splitting a payment into several
documents is not stopped by limits. \"Round\": from the entry, or from the last time the document's rows were let go (withdrawn, rejected).

";

/// The whole file.
pub(super) fn render(table: &AccessTable, catalog: &Catalog) -> String {
    let mut text = String::from(HEAD);
    let _infallible = open_routes(&mut text)
        .and_then(|()| emergencies(&mut text, catalog))
        .and_then(|()| scopes(&mut text))
        .and_then(|()| reads(&mut text, &table.reads))
        .and_then(|()| steps(&mut text, &table.steps, catalog))
        .and_then(|()| alone(&mut text, catalog));
    text
}

fn open_routes(text: &mut String) -> std::fmt::Result {
    writeln!(text, "## Without a token\n\n| route | who |\n| --- | --- |")?;
    let open = |operation: Operation| operation.needs() == Needs::Nothing;
    for route in ROUTES.iter().filter(|route| open(route.operation)) {
        writeln!(
            text,
            "| `{} {}` | anybody; it tells nothing of the budget |",
            route.method, route.template
        )?;
    }
    writeln!(
        text,
        "| `GET /metrics` on `metrics.listen` | anybody who reaches that port: keep it inside; it tells counts and times |"
    )?;
    writeln!(text, "\nAll other routes want a token (401 without one).")
}

fn emergencies(text: &mut String, catalog: &Catalog) -> std::fmt::Result {
    for role in catalog.roles.iter().filter(|role| role.break_glass) {
        let others: Vec<&str> = catalog.role_names(role.stands_for).collect();
        writeln!(
            text,
            "\n**{} {}** is for emergencies: it may do and read what {} may, each in its scope, and every act is marked.",
            role.name,
            role.zh,
            others.join(", ")
        )?;
    }
    Ok(())
}

fn scopes(text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "\n## Scopes\n\n| scope | who asks; what for |\n| --- | --- |"
    )?;
    for (_, name, words) in Scope::ALL {
        writeln!(text, "| {name} | {words} |")?;
    }
    Ok(())
}

fn reads(text: &mut String, rows: &[ReadRow]) -> std::fmt::Result {
    text.push_str(READS);
    write!(text, "| route | roles | types |")?;
    for (_, name, _) in Scope::ALL {
        write!(text, " {name} |")?;
    }
    writeln!(text, "\n|{}", " --- |".repeat(3 + Scope::ALL.len()))?;
    for row in rows {
        let route = &ROUTES[row.operation as usize];
        let types = match (is_of_types(row.operation), row.types.is_empty()) {
            (false, _) => "–".into(),
            (true, true) => "all".into(),
            (true, false) => row.types.join(", "),
        };
        write!(
            text,
            "| `{} {}` | {} | {types} |",
            route.method,
            route.template,
            row.roles.join(", ")
        )?;
        for cell in &row.cells {
            write!(text, " {} |", cell.text())?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn steps(text: &mut String, rows: &[StepRow], catalog: &Catalog) -> std::fmt::Result {
    text.push_str(STEPS);
    writeln!(text, "| of | scopes |\n| --- | --- |")?;
    for acting in [Acting::Document, Acting::Parent] {
        let scopes: Vec<&str> = Scope::ALL
            .iter()
            .filter(|(scope, ..)| scope.acts(acting))
            .map(|(_, name, _)| *name)
            .collect();
        writeln!(text, "| {} | {} |", word(acting), scopes.join(", "))?;
    }
    text.push_str(REFUSED);
    for kind in &catalog.types {
        writeln!(
            text,
            "### {} {}\n\n| step | from → to | roles | of | separation of duties |\n| --- | --- | --- | --- | --- |",
            kind.name, kind.zh
        )?;
        for row in rows.iter().filter(|row| row.kind == kind.id) {
            step(text, row, kind)?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn step(text: &mut String, row: &StepRow, kind: &DocumentType) -> std::fmt::Result {
    let state = |id: StateId| kind.state(id).map_or("?", |state| &*state.name);
    let name = match row.step.is_empty() {
        true => "(enter)",
        false => &*row.step,
    };
    let way = match row.from {
        Some(from) => format!("{} → {}", state(from), state(row.to)),
        None => format!("→ {}", state(row.to)),
    };
    let roles: Vec<String> = row
        .roles
        .iter()
        .map(|(role, limit)| with_limit(role, limit.as_ref()))
        .collect();
    let roles = match roles.is_empty() {
        true => "nobody: other documents make it".into(),
        false => roles.join(", "),
    };
    writeln!(
        text,
        "| {name} | {way} | {roles} | {} | {} |",
        word(row.acting),
        row.duties
    )
}

fn with_limit(role: &str, limit: Option<&RoleLimit>) -> String {
    let Some(limit) = limit else {
        return role.to_owned();
    };
    let above = limit
        .above
        .map(|above| format!("above {}", Amount::from(above)));
    let up_to = limit
        .up_to
        .map(|most| format!("up to {}", Amount::from(most)));
    let words: Vec<String> = above.into_iter().chain(up_to).collect();
    format!("{role} ({})", words.join(", "))
}

fn word(acting: Acting) -> &'static str {
    match acting {
        Acting::Document => "its division",
        Acting::Parent => "who pays its division",
    }
}

fn alone(text: &mut String, catalog: &Catalog) -> std::fmt::Result {
    writeln!(
        text,
        "## What one person may end alone\n\nEvery other type with effects on rows takes two people at least: `hubu check` and `hubu serve` refuse a catalog \
         where one person could go the whole way, with every role, unless the type says why.\n\n| type | why |\n| --- | --- |"
    )?;
    for kind in &catalog.types {
        if let Some(why) = &kind.single_person {
            writeln!(text, "| {} {} | {why} |", kind.name, kind.zh)?;
        }
    }
    Ok(())
}
