//! docs/access.md is what the catalog and the program say.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::http::access_table::AccessTable;
use std::path::Path;

#[test]
fn the_file_shows_the_table_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let catalog = Catalog::from_sources(&Sources::read_dir(&root.join("config")).unwrap()).unwrap();
    let table = AccessTable::of(&catalog).render(&catalog);
    let file = root.join("docs/access.md");
    if std::env::var_os("HUBU_WRITE_DOCS").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    let shown = std::fs::read_to_string(&file).unwrap_or_default();
    let first = shown
        .lines()
        .zip(table.lines())
        .find(|(shown, table)| shown != table);
    assert!(
        shown == table,
        "docs/access.md is stale, first at {first:?}: HUBU_WRITE_DOCS=1 writes it anew; read the diff"
    );
}
