//! `report`: draws the page and the table of a kept result again. `schema`: prints what such a result looks like.

use std::path::Path;

use hubu_load::error::LoadError;
use hubu_load::report::{self, Exit};

use super::finish::finish;

/// Redraws.
pub(super) fn redraw(folder: &Path) -> Result<u8, LoadError> {
    let mut result = report::read_result(&folder.join("result.json"))?;
    finish(folder, &mut result)
}

/// Prints the schema of results.
pub(super) fn print_schema() -> Result<u8, LoadError> {
    print!("{}", report::schema()?);
    Ok(Exit::Passed as u8)
}
