//! `hubu selftest`: the same number makes the same journal, byte by byte, and another number another one.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn selftest(folder: &Path, seed: &str) -> Output {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Command::new(env!("CARGO_BIN_EXE_hubu"))
        .args([
            "selftest",
            "--commands",
            "3000",
            "--seed",
            seed,
            "--catalog",
        ])
        .arg(config)
        .arg("--folder")
        .arg(folder)
        .output()
        .unwrap()
}

fn line(output: &Output, name: &str) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with(name));
    line.unwrap().to_owned()
}

#[test]
fn a_seed_makes_the_same_journal_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, seed: &str| selftest(&folder.path().join(name), seed);
    let (one, again, other) = (run("one", "7"), run("again", "7"), run("other", "8"));
    for name in ["commands", "records", "journal", "chain", "digest"] {
        assert_eq!(line(&one, name), line(&again, name));
    }
    for name in ["journal", "chain", "digest"] {
        assert_ne!(line(&one, name), line(&other, name));
    }
    let segment =
        |name: &str| std::fs::read(folder.path().join(name).join("00000001.segment")).unwrap();
    assert!(segment("one") == segment("again"));
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let output = selftest(folder.path(), "1");
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("is there already"), "{told}");
}
