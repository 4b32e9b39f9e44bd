//! `diff`: what got better or worse from one run to another.

use hubu_load::cli;
use hubu_load::diff;
use hubu_load::error::LoadError;
use hubu_load::report::{Exit, read_result};

/// Compares two results.
pub(super) fn compare(options: &cli::Diff) -> Result<u8, LoadError> {
    let (before, after) = (read_result(&options.before)?, read_result(&options.after)?);
    let difference = diff::compare(&before, &after)?;
    if options.json {
        let text = serde_json::to_string_pretty(&difference);
        println!("{}", text.map_err(|e| LoadError::format("diff", e))?);
    } else {
        print!("{}", diff::text(&difference));
    }
    Ok(if difference.worse > 0 {
        Exit::Worse as u8
    } else {
        Exit::Passed as u8
    })
}
