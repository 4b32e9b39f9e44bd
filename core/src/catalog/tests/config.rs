//! `config/` as it is shipped: it has no mistake, and its state machines do what they say.

use crate::catalog::check::check;
use crate::catalog::model::Catalog;
use crate::catalog::sources::Sources;
use std::path::Path;

pub(super) fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Sources::read_dir(&root).expect("config/ is readable")
}

pub(super) fn catalog() -> Catalog {
    match check(&sources()) {
        Ok(catalog) => catalog,
        Err(mistakes) => {
            let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            panic!("config/ has mistakes:\n{}", all.join("\n"));
        }
    }
}

#[test]
fn what_is_shipped_has_no_mistake() {
    let catalog = catalog();
    assert_eq!(catalog.divisions.len(), 1594);
    assert_eq!(catalog.types.len(), 30);
}
