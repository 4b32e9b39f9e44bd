//! What every command that ends in a result does with it, and folders.

use std::path::Path;

use hubu_load::error::LoadError;
use hubu_load::report::{self, RunResult};

/// Judges, writes and prints a result.
pub(super) fn finish(folder: &Path, result: &mut RunResult) -> Result<u8, LoadError> {
    result.verdict = report::judge(result);
    let (json, html) = (folder.join("result.json"), folder.join("report.html"));
    report::write_result(&json, result)?;
    std::fs::write(&html, report::page(result, folder)?).map_err(|e| LoadError::file(&html, e))?;
    print!("{}", report::table(result));
    println!("{}\n{}", html.display(), json.display());
    Ok(result.verdict.exit)
}

/// Makes a folder and those above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), LoadError> {
    std::fs::create_dir_all(folder).map_err(|e| LoadError::file(folder, e))
}
