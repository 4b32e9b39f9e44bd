//! No secret comes into a log by `Debug`: whatever holds one and can be printed holds it as a type that hides it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

use std::fs;
use std::path::{Path, PathBuf};

/// Words in a field's name that make it a secret's.
const SECRETS: [&str; 9] = [
    "secret",
    "password",
    "passphrase",
    "private",
    "token",
    "bearer",
    "credential",
    "pin",
    "seed",
];

/// Types that hide what they hold, or hold nothing that is to be hidden: numbers, places and names of things. The
/// harness's tokens are header values that are marked as sensitive.
const HARMLESS: [&str; 18] = [
    "HeaderValue",
    "Secret",
    "PathBuf",
    "Path",
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
    "bool",
    "f64",
    "Duration",
    "Minter",
    "Tokens",
    "TrustedKeys",
    "Cache",
    "Counter",
    "Recent",
];

/// Fields that have such a name and are none, each with its reason.
const NO_SECRETS: [(&str, &str); 0] = [];

/// A struct that derives `Debug`: its file, line, and its fields with their types.
struct Printed {
    place: String,
    fields: Vec<(String, String)>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Every Rust file of the product: the server's and the harness's.
fn sources() -> Vec<PathBuf> {
    let mut folders = vec![root().join("core/src"), root().join("loadtest/src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The structs and enum variants with named fields behind a `derive` with `Debug`, and those that `section!` of the settings
/// makes, which derive it.
fn printed(path: &Path, text: &str) -> Vec<Printed> {
    let mut found = Vec::new();
    let (mut derives, mut is_section) = (false, false);
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        if line.starts_with("#[derive(") {
            // A derive may stand on several lines.
            let mut whole = line.to_owned();
            while !whole.contains(")]") {
                let Some((_, more)) = lines.next() else { break };
                whole.push_str(more.trim());
            }
            derives = whole.contains("Debug");
        } else if line == "section! {" {
            is_section = true;
        } else if is_section || line.contains("struct ") || line.contains("enum ") {
            if is_section && line.starts_with("//") {
                continue;
            }
            if (derives || is_section) && line.ends_with('{') {
                let place = format!(
                    "{}:{}",
                    path.strip_prefix(root()).unwrap().display(),
                    number + 1
                );
                let body = lines
                    .by_ref()
                    .map(|(_, line)| line)
                    .take_while(|line| *line != "}");
                let fields = body.filter_map(field).collect();
                found.push(Printed { place, fields });
            }
            (derives, is_section) = (false, false);
        } else if !line.starts_with('#') && !line.starts_with("//") && !line.is_empty() {
            derives = false;
        }
    }
    found
}

/// The name and the type of a field's line, without the default that a section gives it.
fn field(line: &str) -> Option<(String, String)> {
    let line = line.trim().trim_end_matches(',');
    if line.starts_with("//") || line.starts_with('#') {
        return None;
    }
    let (name, kind) = line.split_once(": ")?;
    let name = name.rsplit(' ').next()?;
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    let kind = kind.split(" = ").next().unwrap_or(kind);
    is_name.then(|| (name.to_owned(), kind.to_owned()))
}

/// Whether the field's name says that it holds a secret: one of the words, by itself between underscores.
fn is_secret(name: &str) -> bool {
    name.split('_').any(|part| SECRETS.contains(&part))
}

/// Whether every type that stands in it is harmless, but for what wraps them.
fn is_harmless(kind: &str) -> bool {
    const WRAPS: [&str; 9] = [
        "Option", "Arc", "Rc", "Vec", "Box", "crate", "static", "config", "a",
    ];
    if kind.contains("[u8") || kind.contains("Vec<u8>") {
        return false;
    }
    // Words that stand in the source are no secret.
    if kind.trim_end_matches(',').trim() == "&'static str" {
        return true;
    }
    let names = kind.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut names = names.filter(|name| !name.is_empty() && !WRAPS.contains(name));
    names.all(|name| HARMLESS.contains(&name))
}

#[test]
fn whatever_can_be_printed_hides_its_secrets() {
    let mut faults = Vec::new();
    let mut looked_at = 0;
    let mut in_sections = Vec::new();
    for path in sources() {
        for printed in printed(&path, &fs::read_to_string(&path).unwrap()) {
            for (name, kind) in &printed.fields {
                looked_at += 1;
                if printed.place.starts_with("core/src/config/settings.rs") {
                    in_sections.push(name.clone());
                }
                let is_known = NO_SECRETS
                    .iter()
                    .any(|(place, field)| printed.place.starts_with(place) && field == name);
                if is_secret(name) && !is_harmless(kind) && !is_known {
                    faults.push(format!("{}: {name}: {kind}", printed.place));
                }
            }
        }
    }
    faults.sort();
    assert!(looked_at > 300, "only {looked_at} fields were looked at");
    for secret in ["hs256_secret", "password"] {
        let is_looked_at = in_sections.iter().any(|name| name == secret);
        assert!(is_looked_at, "{secret} among {in_sections:?}");
    }
    assert!(
        faults.is_empty(),
        "derived Debug would print these: hold them in `Secret`, or write Debug by hand:\n  {}",
        faults.join("\n  ")
    );
}

#[test]
fn a_secret_that_could_be_printed_is_found() {
    let text = "/// A.\n#[derive(\n    Clone,\n    Debug,\n)]\npub struct A {\n    /// One.\n    pub(super) hs256_secret: String,\n    token: Option<Secret>,\n    key_file: PathBuf,\n}\n#[derive(Clone)]\nstruct B {\n    secret: String,\n}\n";
    let printed = printed(&root().join("core/src/lib.rs"), text);
    let found: Vec<&str> = printed
        .iter()
        .flat_map(|printed| &printed.fields)
        .filter(|(name, kind)| is_secret(name) && !is_harmless(kind))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(found, ["hs256_secret"]);
    let text = "section! {\n    /// `[auth]`: keys {\n    Auth {\n        /// One.\n        hs256_secret: String = String::new(),\n        password: Secret = Secret::default(),\n    }\n}\nstruct B {\n    secret: String,\n}\n";
    let printed = self::printed(&root().join("core/src/lib.rs"), text);
    let fields: Vec<&(String, String)> = printed.iter().flat_map(|p| &p.fields).collect();
    let of = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let (one, other) = (of("hs256_secret", "String"), of("password", "Secret"));
    assert_eq!(fields, [&one, &other]);
    assert!(is_harmless("Option<Arc<Secret>>") && is_harmless("&'a Path"));
    assert!(!is_harmless("Option<Box<str>>") && !is_harmless("Arc<PrivateKey>"));
    // Bytes in a row are a key, not a number.
    assert!(!is_harmless("[u8; 16]") && !is_harmless("Vec<u8>"));
}
