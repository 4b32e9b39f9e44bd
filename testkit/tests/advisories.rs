//! Known faults of the crates in `Cargo.lock`, by the list that is kept here (`scripts/advisories` renews it).
//!
//! `cargo deny check advisories` sees what is newer than the list, where it has a network.
#![allow(clippy::unwrap_used, clippy::panic)] // A test may end where it can't go on.

use semver::{Prerelease, Version, VersionReq};
use std::path::{Path, PathBuf};

/// What of an advisory decides.
struct Advisory {
    id: String,
    name: String,
    kind: String,
    good: Vec<VersionReq>,
}

impl Advisory {
    /// Whether that version has the fault. A version before a release counts as the release: what is mended in it
    /// has been mended on the way.
    fn meets(&self, name: &str, version: &Version) -> bool {
        let mut released = version.clone();
        released.pre = Prerelease::EMPTY;
        self.name == name && !self.good.iter().any(|good| good.matches(&released))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The list; each line is an advisory, but for those of its head.
fn advisories() -> Vec<Advisory> {
    let list = std::fs::read_to_string(root().join("testkit/advisories.tsv")).unwrap();
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| advisory(line).unwrap_or_else(|| panic!("{line:?}")))
        .collect()
}

fn advisory(line: &str) -> Option<Advisory> {
    let [id, name, kind, _, good] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let good = good.split('|').filter(|good| !good.is_empty());
    Some(Advisory {
        id: id.into(),
        name: name.into(),
        kind: kind.into(),
        good: good.map(|good| good.parse().ok()).collect::<Option<_>>()?,
    })
}

/// Names and versions that `Cargo.lock` pins.
fn locked() -> Vec<(String, Version)> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap().to_owned();
            (text("name"), text("version").parse().unwrap())
        })
        .collect()
}

/// What this workspace itself names: an abandoned crate that only somebody else's crate uses is theirs to replace.
fn named() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let named = manifest["workspace"]["dependencies"].as_table().unwrap();
    named.keys().cloned().collect()
}

#[test]
fn no_locked_crate_has_a_known_fault() {
    let (advisories, named) = (advisories(), named());
    assert!(advisories.len() > 1_000, "{} advisories", advisories.len());
    let mut found = Vec::new();
    for (name, version) in locked() {
        for advisory in advisories.iter().filter(|a| a.meets(&name, &version)) {
            let counts = match advisory.kind.as_str() {
                "vulnerability" | "unsound" => true,
                _ => named.contains(&name),
            };
            if counts {
                found.push(format!(
                    "{name} {version}: {} ({})",
                    advisory.id, advisory.kind
                ));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_version_with_a_fault_is_told_from_one_without() {
    let of = |good: &str| {
        advisory(&format!(
            "RUSTSEC-1\thyper\tvulnerability\t2022-05-10\t{good}"
        ))
        .unwrap()
    };
    let is_met = |good: &str, version: &str| of(good).meets("hyper", &version.parse().unwrap());
    assert!(is_met("", "1.0.0"), "no version is good");
    assert!(is_met(">= 0.14.12", "0.14.11"));
    assert!(!is_met(">= 0.14.12", "0.14.12"));
    assert!(!is_met(">= 0.14.12|^0.13.9", "0.13.10"));
    assert!(!is_met(">= 0.14.0", "0.14.0-rc.3"));
    assert!(
        !of("").meets("http", &Version::new(1, 0, 0)),
        "another crate"
    );
}
