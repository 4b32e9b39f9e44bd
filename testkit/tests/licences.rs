//! Licences and origins of every crate that is compiled in, judged by the lists of `deny.toml`.
//!
//! `cargo deny` judges the same and more (advisories, text of licences), but takes minutes to build; this
//! runs each time.
#![allow(clippy::unwrap_used)] // A test may end where it can't go on.

use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `deny.toml`.
fn rules() -> toml::Table {
    std::fs::read_to_string(root().join("deny.toml"))
        .unwrap()
        .parse()
        .unwrap()
}

/// Every package of the resolved workspace on this platform.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args([
            "--filter-platform",
            &format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let used: HashSet<&str> = nodes
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect();
    let all = metadata["packages"].as_array().unwrap().iter();
    let used: Vec<Value> = all
        .filter(|package| used.contains(package["id"].as_str().unwrap()))
        .cloned()
        .collect();
    assert!(
        used.len() > 100,
        "only {} packages: is this the workspace?",
        used.len()
    );
    used
}

/// Whether an SPDX expression can be met with licences of the list.
fn is_met(expression: &str, allowed: &HashSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ")
        .replace(" WITH ", "_WITH_");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    let met = any(&mut rest, allowed);
    met && rest.is_empty()
}

fn any(rest: &mut &[&str], allowed: &HashSet<String>) -> bool {
    let mut met = all(rest, allowed);
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        met |= all(rest, allowed);
    }
    met
}

fn all(rest: &mut &[&str], allowed: &HashSet<String>) -> bool {
    let mut met = one(rest, allowed);
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &HashSet<String>) -> bool {
    let Some((word, after)) = rest.split_first() else {
        return false;
    };
    *rest = after;
    if *word != "(" {
        return allowed.contains(&word.replace("_WITH_", " WITH "));
    }
    let met = any(rest, allowed);
    *rest = rest.get(1..).unwrap_or_default();
    met
}

fn list(rules: &toml::Table, section: &str, key: &str) -> Vec<toml::Value> {
    rules[section][key].as_array().unwrap().clone()
}

#[test]
fn expressions_are_judged_whole() {
    let allowed: HashSet<String> = ["MIT", "Apache-2.0 WITH LLVM-exception"]
        .map(String::from)
        .into();
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "GPL-3.0/MIT",
        "(MIT OR ISC) AND MIT",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for not in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "MIT AND (GPL-3.0 OR ISC)",
        "Apache-2.0",
    ] {
        assert!(!is_met(not, &allowed), "{not}");
    }
}

#[test]
fn every_crate_has_a_licence_that_is_allowed() {
    let allow = list(&rules(), "licenses", "allow");
    let allowed: HashSet<String> = allow
        .iter()
        .map(|one| one.as_str().unwrap().to_owned())
        .collect();
    let unmet: Vec<String> = packages()
        .iter()
        .filter(|package| !is_met(package["license"].as_str().unwrap_or_default(), &allowed))
        .map(|package| {
            format!(
                "{} {}: {}",
                package["name"], package["version"], package["license"]
            )
        })
        .collect();
    assert!(
        unmet.is_empty(),
        "licences to look at:\n  {}",
        unmet.join("\n  ")
    );
}

#[test]
fn no_crate_is_banned_or_from_elsewhere() {
    let deny = list(&rules(), "bans", "deny");
    let banned: HashSet<&str> = deny
        .iter()
        .map(|one| one["crate"].as_str().unwrap())
        .collect();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(name), "{name} is banned in deny.toml");
        if let Some(source) = package["source"].as_str() {
            assert!(
                source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
                "{name}: {source}"
            );
        }
    }
}
