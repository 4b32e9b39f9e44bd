//! `audit`: settles the kept books of a run again.

use std::path::{Path, PathBuf};

use hubu_load::cli;
use hubu_load::error::LoadError;
use hubu_load::report;
use hubu_load::run::{self, Setting, Share, Show};
use hubu_load::seed;
use hubu_load::world::World;

use super::finish::finish;

/// Settles the books of a folder and adds the audit to its result.
pub(super) async fn audit(options: cli::Audit) -> Result<u8, LoadError> {
    let mut result = report::read_result(&options.report.join("result.json"))?;
    let loaded = seed::read_loaded(&options.report.join("world.json"))?;
    let world = World::make(loaded.recipe.clone())?;
    let mut show = Show::new(0.0, options.quiet);
    let setting = Setting {
        url: &options.server.url,
        secret: &options.server.secret,
        loaded: &loaded,
        folder: &options.report,
        workers: None,
        threads: 0,
        share: Share { index: 1, count: 1 },
    };
    let books = books(&options.report)?;
    match run::settle_books(&books, &setting, &world, &options.when, &mut show).await {
        Ok(settlement) => {
            result.audits.push(settlement);
            // What an earlier audit could not do, this one did.
            result.audit_errors.clear();
        }
        Err(error) => result
            .audit_errors
            .push(format!("{}: {error}", options.when)),
    }
    finish(&options.report, &mut result)
}

/// The books of a folder, in the order of their workers.
fn books(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let entries = std::fs::read_dir(folder).map_err(|e| LoadError::file(folder, e))?;
    let is_book = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        name.starts_with("book-") && name.ends_with(".bin")
    };
    let mut books: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(is_book)
        .collect();
    books.sort();
    Ok(books)
}
