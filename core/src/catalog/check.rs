//! From files to a catalog: everything is read, everything is checked, every mistake is reported.
//!
//! The order is that of dependence: dimensions and roles, then ledgers, divisions and class lists,
//! then document types, whose guards come last because they may name anything.

use super::error::{CatalogError, Mistake};
use super::model::{Catalog, Index, Reference};
use super::parse::{classes, dimensions, divisions, documents, ledgers, params, roles, spawns};
use super::reader::{File, Mistakes, Table};
use super::sources::Sources;
use std::collections::HashMap;
use std::sync::Arc;

/// Checks and compiles.
///
/// # Errors
/// Every mistake there is, by file and line.
pub fn check(sources: &Sources) -> Result<Catalog, Vec<Mistake>> {
    let mistakes = Mistakes::default();
    let (mut catalog, readable) = basics(sources, &mistakes);
    let (types, spawns) = documents::read_all(sources, &catalog, &mistakes);
    for kind in &types {
        catalog
            .index
            .type_by_name
            .insert(kind.name.clone(), kind.id);
    }
    catalog.types = types;
    spawns::link(&mut catalog, spawns, &mistakes);
    roles::link(&mut catalog, readable, &mistakes);
    if mistakes.is_empty() {
        Ok(catalog)
    } else {
        Err(mistakes.sorted())
    }
}

impl Catalog {
    /// Checks and compiles.
    ///
    /// # Errors
    /// [`CatalogError::Mistakes`] with every mistake there is.
    pub fn from_sources(sources: &Sources) -> Result<Catalog, CatalogError> {
        check(sources).map_err(CatalogError::Mistakes)
    }
}

/// All but document types, and the types that roles may read, not yet linked.
fn basics(sources: &Sources, mistakes: &Mistakes) -> (Catalog, Vec<roles::PendingType>) {
    let mut index = Index::default();
    let dimensions = read(sources, "dimensions.toml", mistakes, dimensions::read);
    for (at, dimension) in dimensions.iter().enumerate() {
        index
            .dimension_by_name
            .insert(dimension.name.clone(), dimension.id);
        put(&mut index.dimension_by_id, dimension.id, at);
    }
    let (roles, readable) = read(sources, "roles.toml", mistakes, roles::read);
    for role in &roles {
        index.role_by_name.insert(role.name.clone(), role.bit);
        if role.is_privileged {
            index.privileged.0 |= 1 << role.bit;
        }
    }
    let ledgers = read(sources, "ledgers.toml", mistakes, |table| {
        ledgers::read(table, &dimensions)
    });
    for (at, ledger) in ledgers.iter().enumerate() {
        index.ledger_by_name.insert(ledger.name.clone(), ledger.id);
        put(&mut index.ledger_by_id, ledger.id.0, at);
    }
    let classes: HashMap<_, _> = sources
        .in_folder("classes")
        .filter_map(|(path, text)| classes::read(path, text, mistakes))
        .collect();
    dimensions::check_classes(sources, &dimensions, &classes, mistakes);
    let (params, periods) = read(sources, "params.toml", mistakes, |table| {
        (params::read(table), params::periods(table))
    });
    let reference = Reference {
        classes,
        params,
        periods,
    };
    let catalog = Catalog {
        digest: sources.digest(),
        dimensions,
        ledgers,
        types: Vec::new(),
        roles,
        divisions: Arc::new(divisions::read(sources, mistakes)),
        reference: Arc::new(reference),
        index,
    };
    (catalog, readable)
}

/// Reads one TOML file of `config/` itself, which must be there.
fn read<T: Default>(
    sources: &Sources,
    path: &'static str,
    mistakes: &Mistakes,
    read: impl FnOnce(&Table<'_>) -> T,
) -> T {
    let Some(text) = sources.get(path) else {
        mistakes.add(path, 0, "this file is missing");
        return T::default();
    };
    let file = File::new(path, text, mistakes);
    let parsed = file.parse();
    read(&Table::root(file, &parsed))
}

fn put(list: &mut Vec<Option<u8>>, id: u8, at: usize) {
    let slot = usize::from(id);
    if list.len() <= slot {
        list.resize(slot + 1, None);
    }
    list[slot] = Some(at as u8);
}
