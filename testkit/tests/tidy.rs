//! The repository's own style, as far as a program can judge it: module docs, file length, leftovers,
//! and imports that point down the flow. Clippy judges the rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file that is allowed; most should be a third of it.
const LINES: usize = 500;

/// Words that mark work left behind. Spelt apart, so that this file does not find itself.
const LEFTOVERS: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("HA", "CK"),
    concat!("dbg", "!("),
];

/// The flow of hubu-core's top-level modules: each may import from those after it and from the leaves.
const FLOW: [&str; 11] = [
    "command", "net", "http", "access", "views", "engine", "signing", "fields", "seal", "journal",
    "audit",
];

/// What anybody may import, and what imports nothing but other leaves.
const LEAVES: [&str; 9] = [
    "catalog", "cipher", "clock", "config", "database", "files", "observe", "sync", "tls",
];

struct Source {
    path: PathBuf,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Every Rust file of the repository, by its path in it.
fn sources() -> Vec<Source> {
    let root = root();
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source {
                    path: path.strip_prefix(&root).unwrap().to_path_buf(),
                    text,
                });
            }
        }
    }
    assert!(
        found.len() > 50,
        "found only {} sources: is this the repository?",
        found.len()
    );
    found
}

fn report(title: &str, mut faults: Vec<String>) {
    faults.sort();
    assert!(faults.is_empty(), "{title}:\n  {}", faults.join("\n  "));
}

#[test]
fn every_file_says_what_it_is() {
    let silent = |source: &Source| {
        let first = source
            .text
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
        !first.is_some_and(|line| line.starts_with("//!"))
    };
    let sources = sources();
    let faults = sources
        .iter()
        .filter(|s| silent(s))
        .map(|s| s.path.display().to_string());
    report("these do not open with `//!`", faults.collect());
}

#[test]
fn no_file_is_too_long() {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > LINES).then(|| format!("{}: {lines} lines", source.path.display()))
    };
    report("split these", sources().iter().filter_map(long).collect());
}

#[test]
fn nothing_is_left_behind() {
    let mut faults = Vec::new();
    for source in sources() {
        for (line, text) in source.text.lines().enumerate() {
            for word in LEFTOVERS.iter().filter(|word| text.contains(**word)) {
                faults.push(format!("{}:{}: {word}", source.path.display(), line + 1));
            }
        }
    }
    report("do it now, or record it with its reason", faults);
}

#[test]
fn imports_point_down_the_flow() {
    let place = |module: &str| FLOW.iter().position(|known| *known == module);
    let is_known = |module: &str| place(module).is_some() || LEAVES.contains(&module);
    let mut faults = Vec::new();
    for source in sources() {
        let Ok(inside) = source.path.strip_prefix("core/src") else {
            continue;
        };
        let module = inside
            .iter()
            .next()
            .unwrap()
            .to_string_lossy()
            .replace(".rs", "");
        if !is_known(&module) {
            continue;
        }
        for (line, text) in source.text.lines().enumerate() {
            for path in text.split("crate::").skip(1) {
                let is_name = |c: &char| c.is_alphanumeric() || *c == '_';
                let target: String = path.chars().take_while(is_name).collect();
                let is_down = LEAVES.contains(&target.as_str())
                    || place(&module).is_some() && place(&module) < place(&target);
                if is_known(&target) && target != module && !is_down {
                    faults.push(format!(
                        "{}:{}: {module} -> {target}",
                        source.path.display(),
                        line + 1
                    ));
                }
            }
        }
    }
    report("these imports point up the flow", faults);
}

#[test]
fn every_test_that_a_page_names_exists() {
    let pages = ["docs/guarantees.md", "docs/security.md"];
    let mut faults = Vec::new();
    for page in pages {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let named = text.split('`').filter_map(|part| part.split_once("::"));
        let mut count = 0;
        for (file, test) in named {
            count += 1;
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            if !source.contains(&format!("fn {test}(")) && !source.contains(&format!("fn {test}<"))
            {
                faults.push(format!("{page}: {file}::{test}"));
            }
        }
        assert!(count > 10, "{page} names only {count} tests");
    }
    report("these tests are not there", faults);
}

/// Texts that begin as figures' names do, and are tables in the database.
const TABLES: [&str; 2] = ["hubu_journal", "hubu_lease"];

#[test]
fn every_figure_is_described_and_documented() {
    const LIST: &str = "core/src/observe/figures.rs";
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '"';
    let quoted = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !is_part(c));
        let texts = words.filter_map(|word| word.strip_prefix('"')?.strip_suffix('"'));
        let names = texts.filter(|text| text.starts_with("hubu_") && !TABLES.contains(text));
        names.map(str::to_owned).collect()
    };
    let mut faults = Vec::new();
    let (mut described, mut counted) = (BTreeSet::new(), BTreeSet::new());
    for source in sources() {
        if source.path == Path::new(LIST) {
            described.extend(quoted(&source.text));
        } else if source.path.starts_with("core/src") {
            counted.extend(quoted(&source.text));
        }
    }
    assert!(described.len() > 40, "{LIST} describes {described:?}");
    let page = "docs/operations.md";
    let text = fs::read_to_string(root().join(page)).unwrap();
    let documented: BTreeSet<&str> = text.split(|c: char| c == '"' || !is_part(c)).collect();
    for name in counted.difference(&described) {
        faults.push(format!("{name} is not in {LIST}"));
    }
    for name in described.difference(&counted) {
        faults.push(format!("{name} is described, and nothing counts it"));
    }
    for name in &described {
        if !documented.contains(name.as_str()) {
            faults.push(format!("{name} is not in {page}"));
        }
    }
    report("figures", faults);
}

/// Where the product may have `unsafe`, and how often. Fuzzing hooks into the compiler's coverage and is not shipped.
const UNSAFE: [(&str, usize); 3] = [
    ("core/src/journal/chain/lanes.rs", 1),
    ("core/src/net/descriptor.rs", 1),
    ("core/src/net/socket.rs", 2),
];

#[test]
fn unsafe_code_stands_where_it_is_counted_with_its_reason() {
    let word = concat!("uns", "afe {");
    let mut faults = Vec::new();
    for source in sources() {
        let path = source.path.display().to_string();
        if path.starts_with("faults/fuzz/") {
            continue;
        }
        let lines: Vec<&str> = source.text.lines().collect();
        let mut found = 0;
        for (at, _) in lines.iter().enumerate().filter(|(_, l)| l.contains(word)) {
            found += 1;
            let before = &lines[at.saturating_sub(6)..at];
            if !before.iter().any(|line| line.contains("// SAFETY: ")) {
                faults.push(format!("{path}:{}: without its reason", at + 1));
            }
        }
        let allowed = UNSAFE.iter().find(|(file, _)| *file == path);
        let allowed = allowed.map_or(0, |(_, count)| *count);
        if found != allowed {
            faults.push(format!("{path}: {found} times, and not {allowed}"));
        }
    }
    report("unsafe code that is not counted, or has no reason", faults);
}
