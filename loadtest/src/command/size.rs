//! `size`: what to buy, from a measured curve.

use std::path::Path;

use hubu_load::cli;
use hubu_load::error::LoadError;
use hubu_load::search::read_curve;
use hubu_load::sizing;

/// Reads the curve, writes size.json and size.html beside it, and prints the table.
pub(super) fn size(options: &cli::Size) -> Result<u8, LoadError> {
    let curve = read_curve(&options.curve)?;
    let size = sizing::size(&curve, &options.question())?;
    let folder = if options.curve.is_dir() {
        options.curve.clone()
    } else {
        options.curve.parent().unwrap_or(Path::new(".")).to_owned()
    };
    let (json, html) = (folder.join("size.json"), folder.join("size.html"));
    let text = serde_json::to_string_pretty(&size).map_err(|e| LoadError::format("size", e))?;
    std::fs::write(&json, text + "\n").map_err(|e| LoadError::file(&json, e))?;
    std::fs::write(&html, sizing::page(&size)?).map_err(|e| LoadError::file(&html, e))?;
    print!("{}", sizing::table(&size));
    for reason in &size.reasons {
        eprintln!("hubu-load: {reason}");
    }
    println!("{}\n{}", html.display(), json.display());
    Ok(size.exit)
}
