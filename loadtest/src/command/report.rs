//! `report`: draws the page and the table of a kept result again.

use std::path::Path;

use hubu_load::error::LoadError;
use hubu_load::report;

use super::finish::finish;

/// Redraws.
pub(super) fn redraw(folder: &Path) -> Result<u8, LoadError> {
    let mut result = report::read_result(&folder.join("result.json"))?;
    finish(folder, &mut result)
}
