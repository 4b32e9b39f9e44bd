//! `config/documents/*.toml`: one document type a file. docs/processes.md shows how to write one.

use super::effects::{self, Effects};
use super::fields::{self, Fields};
use super::spawns::{self, PendingSpawn};
use super::{states, steps};
use crate::catalog::document::{DocumentType, EntryRule, LineRule, MonthRule};
use crate::catalog::model::Catalog;
use crate::catalog::reader::{File, Mistakes, Table};
use crate::catalog::sources::Sources;
use hubu_kernel::document::LINES_MAX;
use hubu_kernel::ident::TypeId;

const MONTHS: [(&str, MonthRule); 3] = [
    ("required", MonthRule::Required),
    ("optional", MonthRule::Optional),
    ("absent", MonthRule::Absent),
];

/// All types, ascending by code, and what they make for others, not yet linked.
pub(in crate::catalog) fn read_all(
    sources: &Sources,
    catalog: &Catalog,
    mistakes: &Mistakes,
) -> (Vec<DocumentType>, Vec<PendingSpawn>) {
    let mut types: Vec<DocumentType> = Vec::new();
    let mut spawns = Vec::new();
    for (path, text) in sources.in_folder("documents") {
        if !path.ends_with(".toml") {
            continue;
        }
        let file = File::new(path, text, mistakes);
        let parsed = file.parse();
        let root = Table::root(file, &parsed);
        let Some((kind, mut pending)) = read(&root, catalog) else {
            continue;
        };
        let twice = |known: &&DocumentType| {
            known.id == kind.id || known.name == kind.name || known.series == kind.series
        };
        if let Some(known) = types.iter().find(twice) {
            root.mistake(format!(
                "id {}, name `{}` and series `{}` must be this type's own; `{}` has one of them",
                kind.id.0, kind.name, kind.series, known.name
            ));
            continue;
        }
        spawns.append(&mut pending);
        types.push(kind);
    }
    types.sort_by_key(|kind| kind.id);
    (types, spawns)
}

fn read(root: &Table<'_>, catalog: &Catalog) -> Option<(DocumentType, Vec<PendingSpawn>)> {
    let id = root.number("id").map(TypeId);
    let (name, zh, en) = (root.text("name"), root.text("zh"), root.text("en"));
    let series = series(root);
    let agency = root.flag("agency");
    let single_person = root.get("single_person").and_then(|node| node.text());
    let lines = lines(root);
    let fields = fields::read(root, catalog);
    let mut states = states::read(root);
    let initial = states::initial(root, &states);
    let entry = entry(root, &fields, catalog);
    let transitions = steps::read(root, &states, &fields, catalog);
    let effects = effects::read(root, &fields, &lines, catalog);
    let pending = spawns::read(root, name.unwrap_or(""), &transitions, &fields, catalog);
    root.finish();
    let initial = initial?;
    states::check(
        root,
        &mut states,
        initial,
        &transitions,
        !effects.moves.is_empty(),
    );
    let Effects {
        rows,
        moves,
        postings,
    } = effects;
    let kind = DocumentType {
        id: id?,
        name: name?.to_owned(),
        zh: zh?.to_owned(),
        en: en?.to_owned(),
        series: series?,
        initial,
        states: states.into_iter().map(|state| state.state).collect(),
        transitions: steps::finish(transitions, agency.then_some(catalog)),
        entry,
        has_sensitive: fields.list.iter().any(|field| field.sensitive.is_some()),
        fields: fields.list,
        agency,
        lines,
        rows,
        moves,
        postings,
        spawns: Vec::new(),
        single_person: single_person.map(str::to_owned),
    };
    check_sensitive(root, &kind);
    Some((kind, pending))
}

/// Row keys and amounts are plain: what they are made of can't be hidden.
fn check_sensitive(root: &Table<'_>, kind: &DocumentType) {
    let sensitive = kind.fields.iter().filter(|field| field.sensitive.is_some());
    for field in sensitive.filter(|field| kind.chooses_rows_by(field.id)) {
        root.mistake(format!(
            "field `{}` is sensitive and has a say in rows or amounts, which would show it: take it out of `effects`, or take `sensitive` away",
            field.name
        ));
    }
}

fn series(root: &Table<'_>) -> Option<String> {
    let node = root.need("series")?;
    let text = node.text()?;
    let plain = text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if !plain {
        node.mistake("a series is 1 to 8 capital letters");
    }
    plain.then(|| text.to_owned())
}

fn lines(root: &Table<'_>) -> LineRule {
    let mut rule = LineRule {
        min: 1,
        max: 100,
        month: MonthRule::Absent,
        to: false,
    };
    let Some(table) = root.get("lines").and_then(|node| node.table()) else {
        return rule;
    };
    rule.min = table
        .get("min")
        .and_then(|node| node.number())
        .unwrap_or(rule.min);
    rule.max = table
        .get("max")
        .and_then(|node| node.number())
        .unwrap_or(rule.max);
    rule.month = table
        .choice("month", &MONTHS, Some(rule.month))
        .unwrap_or(rule.month);
    rule.to = table.flag("to");
    table.finish();
    if rule.min == 0 || rule.min > rule.max || usize::from(rule.max) > LINES_MAX {
        table.mistake(format!(
            "a document has 1 to {LINES_MAX} lines, `min` not more than `max`"
        ));
    }
    rule
}

fn entry(root: &Table<'_>, fields: &Fields, catalog: &Catalog) -> EntryRule {
    let Some(table) = root.need("entry").and_then(|node| node.table()) else {
        return EntryRule {
            roles: Default::default(),
            acting: Default::default(),
            asks: Vec::new(),
            accepts: Vec::new(),
        };
    };
    let roles = steps::roles(&table, catalog);
    let acting = steps::acting(&table);
    let asks = fields.header_list(&table, "asks");
    let mut accepts = fields.header_list(&table, "accepts");
    table.finish();
    accepts.extend(&asks);
    accepts.sort();
    accepts.dedup();
    EntryRule {
        roles,
        acting,
        asks,
        accepts,
    }
}
