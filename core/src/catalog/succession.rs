//! Whether one catalog may follow another (版本衔接).
//!
//! Codes of ledgers, dimensions, types, fields and roles stand in the journal and in row keys: they
//! keep their meaning for as long as there is a journal. Names in words, guards, steps and
//! parameters may change freely, since each document ends under the version that it began with.

use super::dimension::{Dimension, Format};
use super::document::DocumentType;
use super::error::CatalogError;
use super::model::Catalog;
use hubu_kernel::ident::FieldId;

/// Checks that `new` may be put to use after `old`.
///
/// # Errors
/// [`CatalogError::Succession`] with every code whose meaning would change.
pub fn check_succession(old: &Catalog, new: &Catalog) -> Result<(), CatalogError> {
    let mut faults = Vec::new();
    dimensions(old, new, &mut faults);
    ledgers(old, new, &mut faults);
    types(old, new, &mut faults);
    marks(old, new, &mut faults);
    told(faults)
}

/// Checks that what `new` marks as sensitive is nowhere in plain under `old`, which may be any version before it:
/// documents live on under theirs. Part of [`check_succession`].
///
/// # Errors
/// [`CatalogError::Succession`] with every field that can't be marked.
pub fn check_marks(old: &Catalog, new: &Catalog) -> Result<(), CatalogError> {
    let mut faults = Vec::new();
    marks(old, new, &mut faults);
    told(faults)
}

fn told(faults: Vec<String>) -> Result<(), CatalogError> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CatalogError::Succession(faults))
    }
}

fn shape(dimension: &Dimension) -> (bool, u8) {
    match &dimension.format {
        Format::Digits { length, .. } => (true, *length),
        Format::Text { max } => (false, *max),
    }
}

fn dimensions(old: &Catalog, new: &Catalog, faults: &mut Vec<String>) {
    for was in &old.dimensions {
        let same = new.dimension(was.id).is_some_and(|is| {
            let (was_digits, was_size) = shape(was);
            let (is_digits, is_size) = shape(is);
            let wider = !was_digits && is_size >= was_size;
            is.name == was.name
                && is.shard == was.shard
                && is_digits == was_digits
                && (is_size == was_size || wider)
        });
        if !same {
            faults.push(format!(
                "dimension {} was `{}`: name, shape and shard must stay",
                was.id, was.name
            ));
        }
    }
}

fn ledgers(old: &Catalog, new: &Catalog, faults: &mut Vec<String>) {
    for was in &old.ledgers {
        let same = new.ledger(was.id).is_some_and(|is| {
            let kept = is.dimensions.get(..was.dimensions.len());
            let added = is.dimensions.get(was.dimensions.len()..).unwrap_or(&[]);
            is.name == was.name
                && is.kind == was.kind
                && is.schedule == was.schedule
                && kept == Some(was.dimensions.as_slice())
                && added.iter().all(|more| !more.required)
        });
        if !same {
            faults.push(format!(
                "ledger {} was `{}`: name, kind, schedule and dimensions must stay; optional dimensions may be added at the end",
                was.id.0, was.name
            ));
        }
    }
}

fn types(old: &Catalog, new: &Catalog, faults: &mut Vec<String>) {
    for was in &old.types {
        // A type may be taken out of use; its code may not come to mean another.
        let Some(is) = new.document_type(was.id) else {
            continue;
        };
        if is.name != was.name || is.series != was.series {
            faults.push(format!(
                "document type {} was `{}` with series {}",
                was.id.0, was.name, was.series
            ));
        }
        for field in &was.fields {
            let same = |now: &super::document::FieldRule| {
                now.name == field.name
                    && now.place == field.place
                    && std::mem::discriminant(&now.kind) == std::mem::discriminant(&field.kind)
            };
            if !is.field(field.id).is_none_or(same) {
                faults.push(format!(
                    "field {} of `{}` was `{}`",
                    field.id.0, was.name, field.name
                ));
            }
        }
    }
}

fn marks(old: &Catalog, new: &Catalog, faults: &mut Vec<String>) {
    for was in &old.types {
        let Some(is) = new.document_type(was.id) else {
            continue;
        };
        let marked = was.fields.iter().filter(|f| is.sensitive(f.id).is_some());
        for field in marked {
            if was.chooses_rows_by(field.id) {
                faults.push(format!(
                    "field `{}` of `{}` had a say in rows or amounts, and stands there in plain: it can't become sensitive, a new field can",
                    field.name, was.name
                ));
            }
            if goes_along_in_plain(old, new, was, field.id) {
                faults.push(format!(
                    "field `{}` of `{}` goes along into another document under an older catalog, there into a field that is not sensitive: mark that one too",
                    field.name, was.name
                ));
            }
        }
    }
}

/// Whether a step of documents under `old` copies the field into one that neither catalog marks.
fn goes_along_in_plain(old: &Catalog, new: &Catalog, was: &DocumentType, field: FieldId) -> bool {
    was.spawns.iter().any(|made| {
        let is_marked = |catalog: &Catalog, theirs| {
            let kind = catalog.document_type(made.kind);
            kind.is_some_and(|kind| kind.sensitive(theirs).is_some())
        };
        let mut along = made.fields.iter().filter(|(ours, _)| *ours == field);
        along.any(|(_, theirs)| !is_marked(old, *theirs) && !is_marked(new, *theirs))
    })
}
