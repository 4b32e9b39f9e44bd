//! Documents made for others (生成单据): a transfer that is issued puts a receipt into each child's inbox.

use crate::catalog::document::{DocumentType, SpawnRule};
use crate::catalog::model::Catalog;
use crate::engine::choose::Subject;
use crate::engine::error::FormError;
use crate::engine::held::ShardSet;
use crate::engine::place;
use crate::engine::shard::Access;
use hubu_kernel::document::{Entry, Field, Line};
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, TransitionId};
use hubu_kernel::record::Spawned;

/// The documents that a step makes: ready but for names and numbers, which need locks.
pub(crate) fn prepare(
    subject: &Subject<'_>,
    version: CatalogVersion,
    step: TransitionId,
    lines: &[Line],
) -> Result<Vec<Entry>, FormError> {
    let mut entries = Vec::new();
    for rule in subject.kind.spawns.iter().filter(|rule| rule.on == step) {
        let Some(kind) = subject.catalog.document_type(rule.kind) else {
            continue;
        };
        spawn_one_rule(subject, version, rule, kind, lines, &mut entries)?;
    }
    Ok(entries)
}

fn spawn_one_rule(
    subject: &Subject<'_>,
    version: CatalogVersion,
    rule: &SpawnRule,
    kind: &DocumentType,
    lines: &[Line],
    entries: &mut Vec<Entry>,
) -> Result<(), FormError> {
    let begin = entries.len();
    for (at, line) in lines.iter().enumerate() {
        let mut bag = subject.bags(at, line)?.to;
        let division = division_of(subject.catalog, at, bag.get(rule.division))?;
        bag.set(rule.division, "");
        let line = Line {
            amount: line.amount,
            month: line.month,
            dims: bag.to_pairs(),
            ..Line::default()
        };
        match entries[begin..]
            .iter_mut()
            .find(|entry| entry.division == division)
        {
            Some(entry) => entry.lines.push(line),
            None => entries.push(Entry {
                kind: kind.id,
                catalog: version,
                division,
                year: subject.year,
                agency: Box::default(),
                number: 0,
                fields: fields_of(rule, subject.header),
                lines: vec![line],
                links: Vec::new(),
            }),
        }
    }
    Ok(())
}

fn division_of(catalog: &Catalog, at: usize, code: Option<&str>) -> Result<Division, FormError> {
    let code = code.unwrap_or_default();
    catalog.divisions.find(code).ok_or_else(|| FormError::Line {
        line: at + 1,
        reason: format!("no division {code:?} to make a document for"),
    })
}

fn fields_of(rule: &SpawnRule, header: &[Field]) -> Vec<Field> {
    let mut fields: Vec<Field> = rule
        .fields
        .iter()
        .filter_map(|(ours, theirs)| {
            let value = crate::catalog::key::find(header, *ours)?.clone();
            Some(Field { id: *theirs, value })
        })
        .collect();
    fields.sort_by_key(|field| field.id);
    fields
}

/// Adds the shards where the documents will live and be counted.
pub(crate) fn touch(entries: &[Entry], touched: &mut ShardSet) {
    for entry in entries {
        touched.add(place::of_document_of(entry.division, &entry.agency));
        touched.add(place::of_numbers(entry.division));
    }
}

/// Names and numbers the documents that `source` makes, under their locks; `own` is a name that the
/// same command gives to itself.
pub(crate) fn name(
    access: &mut impl Access,
    catalog: &Catalog,
    entries: Vec<Entry>,
    source: DocumentId,
    own: Option<DocumentId>,
) -> Vec<Spawned> {
    let mut spawned: Vec<Spawned> = Vec::with_capacity(entries.len());
    for mut entry in entries {
        let shard = place::of_document_of(entry.division, &entry.agency);
        let given = spawned.iter().map(|s| s.document).chain(own);
        let taken = given.filter(|d| place::of_document(*d) == shard).count() as u64;
        let named = access.shard(shard).documents_named;
        let document = place::document(shard, named + taken + 1);
        let series = (entry.division, entry.year, entry.kind);
        let numbered = spawned
            .iter()
            .filter(|s| (s.entry.division, s.entry.year, s.entry.kind) == series)
            .count() as u64;
        let counted = access
            .shard(place::of_numbers(entry.division))
            .numbers
            .get(&series);
        entry.links = vec![source];
        entry.number = counted.copied().unwrap_or(0) + numbered + 1;
        let state = catalog
            .document_type(entry.kind)
            .map_or_else(Default::default, |k| k.initial);
        spawned.push(Spawned {
            document,
            state,
            entry,
        });
    }
    spawned
}
