//! Known faults of the crates in `Cargo.lock`, by the list that is kept here (`scripts/advisories` renews it) and the rules
//! of `deny.toml`.
//!
//! `cargo deny check advisories` sees what is newer than the list, where it has a network.
#![allow(clippy::unwrap_used, clippy::panic)] // A test may end where it can't go on.

use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};
use std::path::{Path, PathBuf};

/// What of an advisory decides.
struct Advisory {
    id: String,
    name: String,
    kind: String,
    good: Vec<VersionReq>,
}

impl Advisory {
    /// Whether that version has the fault.
    fn meets(&self, name: &str, version: &Version) -> bool {
        self.name == name && !self.good.iter().any(|good| is_in(good, version))
    }
}

/// Whether a version is in a range as RustSec reads it (its crate, `osv/unaffected_range.rs`): by the order of versions
/// alone. For Cargo `>= 1.0.0` never takes `2.0.0-rc.1`, here it does, and no `1.0.0-rc.1`: that may lack the mending.
fn is_in(range: &VersionReq, version: &Version) -> bool {
    range
        .comparators
        .iter()
        .all(|bound| is_within(bound, version))
}

fn is_within(bound: &Comparator, version: &Version) -> bool {
    let from = Version {
        major: bound.major,
        minor: bound.minor.unwrap_or(0),
        patch: bound.patch.unwrap_or(0),
        pre: bound.pre.clone(),
        build: BuildMetadata::EMPTY,
    };
    let order = version.cmp_precedence(&from);
    match bound.op {
        Op::Greater => order.is_gt(),
        Op::GreaterEq => order.is_ge(),
        Op::Less => order.is_lt(),
        Op::LessEq => order.is_le(),
        Op::Exact => order.is_eq(),
        Op::Caret => order.is_ge() && version.cmp_precedence(&incompatible(bound)).is_lt(),
        other => panic!("{other:?}: RustSec's list has no such bound so far"),
    }
}

/// The first version that `^` does not take, before all of that number that are no releases yet.
fn incompatible(bound: &Comparator) -> Version {
    let mut end = match (bound.major, bound.minor, bound.patch) {
        (0, Some(0), Some(patch)) => Version::new(0, 0, patch + 1),
        (0, Some(minor), _) => Version::new(0, minor + 1, 0),
        (major, ..) => Version::new(major + 1, 0, 0),
    };
    end.pre = Prerelease::new("0").unwrap();
    end
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table(file: &str) -> toml::Table {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    text.parse().unwrap()
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

/// Names and versions that a lock file pins.
fn locked(lock: &toml::Table) -> Vec<(String, Version)> {
    let packages = lock["package"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let text = |key: &str| package[key].as_str().unwrap().to_owned();
            (text("name"), text("version").parse().unwrap())
        })
        .collect()
}

/// What `deny.toml` says of advisories, in cargo-deny's words.
struct Rules {
    unmaintained: String,
    unsound: String,
    ignored: Vec<String>,
    /// What this workspace itself names.
    named: Vec<String>,
}

impl Rules {
    fn read() -> Self {
        let manifest = table("Cargo.toml");
        let named = manifest["workspace"]["dependencies"].as_table().unwrap();
        Self::of(&table("deny.toml"), named.keys().cloned().collect())
    }

    fn of(deny: &toml::Table, named: Vec<String>) -> Self {
        let deny = deny["advisories"].as_table().unwrap();
        // What is not said is as cargo-deny takes it.
        let scope = |key: &str, unsaid: &str| match deny.get(key) {
            Some(said) => said.as_str().unwrap().to_owned(),
            None => unsaid.to_owned(),
        };
        let ignored = deny.get("ignore").and_then(toml::Value::as_array);
        let ids = ignored.into_iter().flatten().filter_map(|ignored| {
            let id = ignored.as_str().or_else(|| ignored.get("id")?.as_str())?;
            Some(id.to_owned())
        });
        Self {
            unmaintained: scope("unmaintained", "all"),
            unsound: scope("unsound", "workspace"),
            ignored: ids.collect(),
            named,
        }
    }

    fn counts(&self, advisory: &Advisory) -> bool {
        let is_named = self.named.contains(&advisory.name);
        let is_within = |scope: &str| match scope {
            "all" => true,
            "workspace" => is_named,
            "transitive" => !is_named,
            "none" => false,
            other => panic!("deny.toml: {other:?} is no scope"),
        };
        let counts = match advisory.kind.as_str() {
            "unmaintained" => is_within(&self.unmaintained),
            "unsound" => is_within(&self.unsound),
            _ => true,
        };
        counts && !self.ignored.contains(&advisory.id)
    }
}

/// What is known of these crates, in words.
fn faults(locked: &[(String, Version)], advisories: &[Advisory], rules: &Rules) -> Vec<String> {
    let mut found = Vec::new();
    for (name, version) in locked {
        let met = advisories.iter().filter(|a| a.meets(name, version));
        for advisory in met.filter(|a| rules.counts(a)) {
            let (id, kind) = (&advisory.id, &advisory.kind);
            found.push(format!("{name} {version}: {id} ({kind})"));
        }
    }
    found
}

#[test]
fn no_locked_crate_has_a_known_fault() {
    let advisories = advisories();
    assert!(advisories.len() > 1_000, "{} advisories", advisories.len());
    let found = faults(&locked(&table("Cargo.lock")), &advisories, &Rules::read());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_known_fault_in_a_lock_file_is_found() {
    let package = |version: &str| format!("[[package]]\nname = 'time'\nversion = '{version}'\n");
    let lock = package("0.1.45") + &package("99.0.0");
    let found = faults(
        &locked(&lock.parse().unwrap()),
        &advisories(),
        &Rules::read(),
    );
    let is_found = |version: &str| {
        found.contains(&format!(
            "time {version}: RUSTSEC-2020-0071 (vulnerability)"
        ))
    };
    assert!(is_found("0.1.45") && !is_found("99.0.0"), "{found:?}");
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
    assert!(is_met("^0.13.9", "0.14.0-rc.1"));
    assert!(is_met(">= 1.2.0, < 2.0.0|>= 2.0.2", "2.0.1"));
    assert!(is_met(">= 0.14.0", "0.14.0-rc.3"), "before the release");
    assert!(!is_met(">= 0.14.0", "1.0.0-rc.3"), "after it");
    assert!(!is_met("< 0.14.0", "0.14.0-rc.3"));
    assert!(
        !of("").meets("http", &Version::new(1, 0, 0)),
        "another crate"
    );
}

#[test]
fn what_counts_is_what_deny_toml_says() {
    let rules = |said: &str| {
        let deny = format!("[advisories]\n{said}\n").parse().unwrap();
        Rules::of(&deny, vec!["mine".into()])
    };
    let counts = |said: &str, name: &str, kind: &str| {
        let line = format!("RUSTSEC-1\t{name}\t{kind}\t2022-05-10\t");
        rules(said).counts(&advisory(&line).unwrap())
    };
    assert!(counts("", "theirs", "vulnerability"));
    assert!(counts("", "theirs", "unmaintained") && !counts("", "theirs", "unsound"));
    let mine = "unmaintained = \"workspace\"\nunsound = \"all\"";
    assert!(!counts(mine, "theirs", "unmaintained") && counts(mine, "theirs", "unsound"));
    assert!(counts(mine, "mine", "unmaintained"));
    for ignored in [
        "\"RUSTSEC-1\"",
        "{ id = \"RUSTSEC-1\", reason = \"no use of it\" }",
    ] {
        let said = format!("ignore = [{ignored}]");
        assert!(!counts(&said, "mine", "vulnerability"), "{said}");
    }
    assert!(counts("ignore = [\"RUSTSEC-2\"]", "mine", "vulnerability"));
}
