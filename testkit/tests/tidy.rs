//! The repository's own style, as far as a program can judge it: module docs, file length, leftovers,
//! and imports that point down the flow. Clippy judges the rest.

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

/// What each top-level module of hubu-core may import: the flow of the design, downwards only.
const FLOW: [(&str, &[&str]); 10] = [
    ("clock", &[]),
    ("sync", &[]),
    ("config", &[]),
    ("catalog", &[]),
    ("journal", &["catalog", "clock", "sync"]),
    ("engine", &["catalog", "clock", "journal", "sync"]),
    ("views", &["catalog", "clock", "engine", "journal", "sync"]),
    ("access", &["catalog", "clock", "engine", "sync"]),
    ("net", &["clock", "sync"]),
    (
        "http",
        &[
            "access", "catalog", "clock", "engine", "journal", "net", "sync", "views",
        ],
    ),
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
        let Some((_, allowed)) = FLOW.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (line, text) in source.text.lines().enumerate() {
            for path in text.split("crate::").skip(1) {
                let target: String = path
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let known = FLOW.iter().any(|(name, _)| *name == target);
                if known && target != module && !allowed.contains(&target.as_str()) {
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
