//! What `crate::fuzzing` opens.

use super::error::HttpError;
use super::wire::command::{BatchAct, CreateBody};
use super::{params::Params, resolve, work};
use crate::catalog::document::DocumentType;
use crate::catalog::model::Catalog;
use crate::engine::command::{Act, Enter};
use hubu_kernel::ident::DocumentId;

pub(crate) fn enter(catalog: &Catalog, body: &CreateBody<'_>) -> Result<Enter, HttpError> {
    resolve::enter(catalog, body)
}

pub(crate) fn act(
    catalog: &Catalog,
    kind: &DocumentType,
    document: DocumentId,
    body: &BatchAct<'_>,
) -> Result<Act, HttpError> {
    resolve::act(catalog, kind, document, body.into())
}

pub(crate) fn read_query(text: &str) -> bool {
    let names = ["division", "after", "cursor", "limit"];
    let Ok(params) = Params::new(Some(text), names) else {
        return false;
    };
    let place = params.text(2).map(work::place);
    params.number(1).is_ok() && params.limit(3, 1000).is_ok() && place.is_none_or(|p| p.is_ok())
}
