//! Catalog files, packed catalogs, and the server's settings.

use super::{Setup, bytes_of, kind, kind_of_text, sources};
use crate::Outcome;
use hubu_core::catalog::check::check;
use hubu_core::catalog::sources::Sources;
use std::path::Path;

/// Divisions that stay in the catalog, so that a try takes little time.
const DIVISIONS: usize = 12;

/// The repository's catalog with fewer divisions.
fn small() -> Outcome<Sources> {
    let mut sources = sources()?;
    let divisions = sources
        .get("divisions.csv")
        .ok_or("there are no divisions")?;
    let few: Vec<&str> = divisions.lines().take(DIVISIONS).collect();
    let few = few.join("\n") + "\n";
    sources.insert("divisions.csv", few);
    Ok(sources)
}

/// A catalog in which one file has another text: mistakes with their place, or a catalog. The first byte says which file.
pub(super) fn file() -> Outcome<Setup> {
    let sources = small()?;
    let folders = ["", "classes", "documents"];
    let files: Vec<(String, String)> = folders
        .iter()
        .flat_map(|folder| sources.in_folder(folder))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    let seeds = files
        .iter()
        .enumerate()
        .map(|(at, (_, text))| [&[at as u8], text.as_bytes()].concat());
    Ok(Setup {
        seeds: seeds.filter(|seed| seed.len() < 8192).collect(),
        words: bytes_of(&[
            "id = 65536",
            "id = 1",
            "[[",
            "]]",
            "= \"\"",
            "= []",
            "= {}",
            "when = ",
            "effect",
            "guard = \"",
            "l.amount > 0",
            "roles = [\"nobody\"]",
            "999999999",
            "-1",
            "\"\"\"",
            "\u{feff}",
            ",,,",
            "420106000",
            "from = ",
            "to = ",
            "rows = ",
            "((((((((((((((((((((((((((((((((",
            "!!!!!!!!!!!!!!!!",
            "[0][0][0][0]",
        ]),
        memory: None,
        run: Box::new(move |input| {
            let Some((which, text)) = input.split_first() else {
                return 0;
            };
            let Ok(text) = std::str::from_utf8(text) else {
                return 1;
            };
            let mut changed = sources.clone();
            let (path, _) = &files[usize::from(*which) % files.len()];
            changed.insert(path.clone(), text);
            match check(&changed) {
                Ok(catalog) => kind((catalog.types.len(), catalog.ledgers.len())),
                Err(mistakes) => {
                    assert!(!mistakes.is_empty(), "a refusal has a reason");
                    kind_of_text(&mistakes[0].to_string())
                }
            }
        }),
    })
}

/// A catalog as it stands in the journal: what is read is packed again as it was.
pub(super) fn packed() -> Outcome<Setup> {
    let mut usual = Sources::new();
    usual.insert("documents/a.toml", "id = 1\n# 单据\n");
    usual.insert("roles.toml", "");
    Ok(Setup {
        seeds: vec![usual.to_bytes()],
        words: bytes_of(&["HUBUCAT1", "divisions.csv", "\u{0}\u{0}\u{0}\u{0}"]),
        memory: Some(64),
        run: Box::new(|input| match Sources::from_bytes(input) {
            Ok(sources) => {
                let again = sources.to_bytes();
                assert_eq!(Sources::from_bytes(&again).ok(), Some(sources));
                kind(again.len())
            }
            Err(error) => kind_of_text(&error.to_string()),
        }),
    })
}

/// The server's settings.
pub(super) fn settings() -> Outcome<Setup> {
    Ok(Setup {
        seeds: bytes_of(&[
            hubu_core::config::DEFAULT_TEXT,
            "",
            "[server]\nthreads = 2\n",
            "[journal]\nplace = \"file:x\"\n",
        ]),
        words: bytes_of(&[
            "[server]",
            "= -1",
            "= 1e9",
            "= 9223372036854775807",
            "postgres://u:p@h/d",
            "file:",
            "= \"\"",
            "[[",
            "'''",
        ]),
        memory: None,
        run: Box::new(|input| {
            let Ok(text) = std::str::from_utf8(input) else {
                return 0;
            };
            match hubu_core::config::parse(text, Path::new("hubu.toml"), &[]) {
                Ok(settings) => kind(settings.server.threads),
                Err(error) => kind_of_text(&error.to_string()),
            }
        }),
    })
}
