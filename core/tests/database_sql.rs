//! Every statement that the product can send, held against the words that openGauss, KingbaseES, PolarDB, OpenTenBase and
//! PostgreSQL share. Statements are found in the source itself, so that none can be forgotten.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::fs;
use std::path::{Path, PathBuf};

/// Words of SQL, written in capitals in our statements, that all five families know (docs/databases.md tells where that was read).
const SHARED: &str = "
    ADD ALTER AND AS ASC BEGIN BIGINT BY CASCADE CASE CAST CHECK COLUMN COMMIT COPY CREATE DEFAULT DELETE DESC DISTINCT DROP ELSE END
    EXISTS EXTERNAL FALSE FOR FROM GROUP IF IN INDEX INSERT INTO IS JOIN KEY LIKE LIMIT NOT NULL ON OR ORDER PRIMARY RETURNING
    SCHEMA SELECT SET SHARE SHOW STDIN STORAGE TABLE TEMP THEN UPDATE VALUES WHEN WHERE WITH";

/// Functions, types and catalogs, in small letters, that all of them have.
const FUNCTIONS: &str = "
    clock_timestamp coalesce count current_schema extract greatest has_schema_privilege has_table_privilege now numeric
    pg_backend_pid version";

/// What would make a statement one family's own, whatever words it is made of.
const FORBIDDEN: [&str; 12] = [
    "ON CONFLICT",
    "ON DUPLICATE",
    "MERGE",
    "ADD COLUMN IF NOT EXISTS",
    "CREATE SCHEMA IF NOT EXISTS",
    "CREATE INDEX IF NOT EXISTS",
    "ON COMMIT DROP",
    "SELECT FROM",
    "LISTEN",
    "PREPARE",
    "SET LOCAL",
    "pg_advisory",
];

const BEGINNINGS: [&str; 11] = [
    "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "ALTER ", "COPY ", "SHOW ", "DROP ",
    "SET ", "WITH ",
];

/// Every literal in the library's and the program's source that begins as a statement does.
fn statements() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                found.extend(
                    literals(code)
                        .into_iter()
                        .filter(|l| {
                            BEGINNINGS
                                .iter()
                                .any(|begin| l.trim_start().starts_with(begin))
                        })
                        .map(|literal| (path.clone(), literal)),
                );
            }
        }
    }
    found
}

/// The contents of ordinary string literals; comments are left out.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut rest = code.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            // A letter in quotes, which may be one itself.
            '\'' => {
                let mut ahead = rest.clone();
                let first = ahead.next();
                let second = ahead.next();
                if first == Some('\\') {
                    rest.next();
                    rest.next();
                } else if second == Some('\'') {
                    rest.next();
                }
            }
            '"' => {
                let mut text = String::new();
                while let Some(letter) = rest.next() {
                    match letter {
                        '"' => break,
                        '\\' => {
                            let escaped = rest.next().unwrap();
                            text.push(if escaped == '\n' { ' ' } else { escaped });
                        }
                        other => text.push(other),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
    }
    found
}

/// The words of a statement, without what stands in quotes of its own.
fn words(statement: &str) -> Vec<String> {
    let plain: String = statement.split('\'').step_by(2).collect();
    plain
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_statement_is_made_of_what_all_families_share() {
    let shared: Vec<&str> = SHARED.split_whitespace().collect();
    let mut faults = Vec::new();
    let all = statements();
    for (path, statement) in &all {
        let place = path.file_name().unwrap().to_string_lossy();
        for forbidden in FORBIDDEN {
            if statement.contains(forbidden) {
                faults.push(format!("{place}: {forbidden}: {statement}"));
            }
        }
        let capitals =
            |word: &&String| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        for word in words(statement).iter().filter(capitals) {
            if !shared.contains(&word.as_str()) {
                faults.push(format!("{place}: {word} is not shared: {statement}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // The journal's ten, the standard tables' dozen, the check's: the search has found what there is.
    assert!(all.len() > 30, "only {} statements were found", all.len());
}

#[test]
fn every_function_is_one_that_all_families_have() {
    let known: Vec<&str> = FUNCTIONS.split_whitespace().collect();
    let mut faults = Vec::new();
    for (path, statement) in statements() {
        let plain: String = statement.split('\'').step_by(2).collect();
        for (at, _) in plain.match_indices('(') {
            let before = plain[..at].chars().rev();
            let name: String = before
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let name: String = name.chars().rev().collect();
            let is_function = name.chars().any(|c| c.is_ascii_lowercase());
            if is_function && !known.contains(&name.as_str()) {
                faults.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_page_on_databases_shows_the_table_of_families() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/databases.md");
    let page = fs::read_to_string(page).unwrap();
    #[cfg(feature = "postgres")]
    for family in &hubu_core::database::family::FAMILIES {
        let marks = match family.marks.is_empty() {
            true => "all others".to_owned(),
            false => family.marks.join(", "),
        };
        let line = format!(
            "| `{}` | {} | {marks} | {} | {} | {} |",
            family.name,
            family.title,
            if family.has_shared_storage {
                "one"
            } else {
                "own"
            },
            family.standby_waiver.unwrap_or("-"),
            family.evidence
        );
        assert!(page.contains(&line), "docs/databases.md lacks:\n{line}");
        assert!(
            page.contains(family.password_advice),
            "{}",
            family.password_advice
        );
    }
    assert!(page.contains("openGauss"));
}
