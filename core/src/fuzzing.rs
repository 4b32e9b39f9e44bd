//! Doors to parsers that are private, for the fuzz targets in `faults/fuzz`: thin, and no part of the interface.

use crate::catalog::model::Catalog;
use crate::engine::command::{Act, Enter};
use crate::http::wire::command::{BatchAct, CreateBody};
use hubu_kernel::ident::DocumentId;

/// A snapshot of no journal: its newest record and the number of rows.
///
/// # Errors
/// Why it is none.
pub fn snapshot(bytes: &[u8]) -> Result<(u64, u64), String> {
    crate::engine::snapshot::read_bytes(bytes)
}

/// The bytes of one shard, read and written again.
pub fn shard_again(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::engine::snapshot::shard_again(bytes)
}

/// The record of a document in a block of the archive, with its place in the journal.
pub fn archive_block(bytes: &[u8], count: u64) -> Option<(u64, &[u8])> {
    crate::views::archive::find_in_block(bytes, count)
}

/// A new document's body, in the catalog's codes; an error is the problem's text.
///
/// # Errors
/// As the interface would refuse it.
pub fn enter(catalog: &Catalog, body: &CreateBody<'_>) -> Result<Enter, String> {
    crate::http::enter(catalog, body).map_err(|error| error.to_string())
}

/// A step's body, in the catalog's codes, for a document of the type `kind`.
///
/// # Errors
/// As [`enter`].
pub fn act(catalog: &Catalog, kind: &str, body: &BatchAct<'_>) -> Result<Act, String> {
    let kind = catalog.type_named(kind).ok_or("no such type")?;
    crate::http::act(catalog, kind, DocumentId(1), body).map_err(|error| error.to_string())
}

/// Every parameter that some list takes, and both kinds of cursors.
pub fn query(text: &str) -> bool {
    crate::http::read_query(text)
}
