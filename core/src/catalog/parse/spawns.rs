//! `[[spawns]]` of a document type: documents that one of its steps makes for another division's inbox.

use super::fields::Fields;
use super::steps::ReadStep;
use crate::catalog::dimension::DimensionId;
use crate::catalog::document::{DocumentType, FieldPlace, SpawnRule};
use crate::catalog::model::Catalog;
use crate::catalog::reader::{Mistakes, Table};
use hubu_kernel::ident::{FieldId, TransitionId};

/// A rule whose other type may not have been read yet.
pub(in crate::catalog) struct PendingSpawn {
    owner: String,
    file: String,
    line: u32,
    on: TransitionId,
    kind: String,
    division: DimensionId,
    fields: Vec<(FieldId, String)>,
}

pub(super) fn read(
    root: &Table<'_>,
    owner: &str,
    steps: &[ReadStep<'_>],
    fields: &Fields,
    catalog: &Catalog,
) -> Vec<PendingSpawn> {
    let tables = root.tables("spawns");
    let read = |table: &Table<'_>| {
        let on = table.need("on");
        let kind = table.text("type");
        let division = table.need("division");
        let along = table.get("fields").and_then(|node| node.table());
        table.finish();
        let mut pairs = Vec::new();
        for (theirs, node) in along.iter().flat_map(Table::entries) {
            if let Some(ours) = fields.header(&node) {
                pairs.push((ours.id, theirs.to_owned()));
            }
        }
        let (on, division) = (on?, division?);
        let name = on.text()?;
        let step = steps.iter().find(|step| step.rule.name == name);
        if step.is_none() {
            on.mistake(format!("there is no step `{name}`"));
        }
        let word = division.text()?;
        let dimension = catalog.dimension_named(word);
        if dimension.is_none() {
            division.mistake(format!("there is no dimension `{word}`"));
        }
        let (file, line) = table.position();
        Some(PendingSpawn {
            owner: owner.to_owned(),
            file,
            line,
            on: step?.rule.kernel.id,
            kind: kind?.to_owned(),
            division: dimension?.id,
            fields: pairs,
        })
    };
    tables.iter().filter_map(read).collect()
}

/// Finds the types and fields that the rules name.
pub(in crate::catalog) fn link(
    catalog: &mut Catalog,
    pending: Vec<PendingSpawn>,
    mistakes: &Mistakes,
) {
    for spawn in pending {
        let say = |message: String| mistakes.add(&spawn.file, spawn.line, message);
        let Some(kind) = catalog.type_named(&spawn.kind) else {
            say(format!("there is no document type `{}`", spawn.kind));
            continue;
        };
        let mut rule = SpawnRule {
            on: spawn.on,
            kind: kind.id,
            division: spawn.division,
            fields: Vec::new(),
        };
        let owner = catalog.type_named(&spawn.owner);
        let is_sensitive = |id| owner.is_some_and(|owner| owner.sensitive(id).is_some());
        for (ours, name) in &spawn.fields {
            match kind.field_named(FieldPlace::Header, name) {
                Some(theirs) if is_sensitive(*ours) && theirs.sensitive.is_none() => say(format!(
                    "field `{name}` of `{}` takes a sensitive value and is not marked so: everybody would see it there",
                    spawn.kind
                )),
                Some(theirs) => rule.fields.push((*ours, theirs.id)),
                None => say(format!("`{}` has no head field `{name}`", spawn.kind)),
            }
        }
        let owner = catalog
            .types
            .iter_mut()
            .find(|kind| kind.name == spawn.owner);
        if let Some(owner) = owner {
            carry(owner, &rule);
            owner.spawns.push(rule);
        }
    }
}

/// What goes along is looked at by the step that makes the document.
fn carry(owner: &mut DocumentType, rule: &SpawnRule) {
    let step = owner
        .transitions
        .iter_mut()
        .find(|step| step.kernel.id == rule.on);
    if let Some(step) = step {
        let ours = rule.fields.iter().map(|(ours, _)| *ours);
        let new: Vec<_> = ours.filter(|id| !step.looks_at.contains(id)).collect();
        step.looks_at.extend(new);
    }
}
