//! `hubu key`, `hubu seal` and `hubu verify --seals` as people run them, over a journal of days gone by.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod common;
mod seal_support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::{MARCH_MS, done, opened, pay, sources};
use hubu_core::cipher::{sm2_signature_to_der, to_hex};
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::journal::{Settings, open_journal};
use hubu_core::seal::Seal;
use seal_support::{DAY_MS, names, replace, rewrite_files};

const PASSPHRASE: &str = "a horse in a stable of words";

/// A data folder whose journal tells of the second to the fourth of March 2026.
fn budget() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let said = run(
        folder.path(),
        &["init", "data", "--catalog", config.to_str().unwrap()],
    );
    assert_eq!(said.0, 0, "{}", said.1);
    let settings = Settings {
        cell: 1,
        segment_bytes: 4 << 20,
        ..Settings::default()
    };
    let place = folder.path().join("data/journal");
    let journal = open_journal(place.to_str().unwrap(), &settings).unwrap();
    let options = Options {
        clock: Clock::manual(MARCH_MS),
        ..Options::default()
    };
    let engine = Engine::open(journal, &sources(), options).unwrap();
    opened(&engine, 1, 1_000_000, 1_000_000);
    for _ in 0..3 {
        done(&engine, pay(&engine, 100));
        done(&engine, pay(&engine, 200));
        engine.clock().advance(DAY_MS);
    }
    engine.close();
    secret(folder.path(), "passphrase", PASSPHRASE);
    folder
}

fn secret(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// The exit status, and what was said on both streams.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hubu"))
        .args(arguments)
        .current_dir(folder)
        .env("HUBU_JOURNAL_SEGMENT_BYTES", "4194304")
        .env_remove("HUBU_KEY_PASSPHRASE")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains(PASSPHRASE), "{said}");
    (output.status.code().unwrap(), said)
}

fn fine(folder: &Path, line: &str) -> String {
    let (status, said) = run(folder, &line.split(' ').collect::<Vec<_>>());
    assert_eq!(status, 0, "hubu {line}: {said}");
    said
}

fn refused(folder: &Path, line: &str, wanted: i32) -> String {
    let (status, said) = run(folder, &line.split(' ').collect::<Vec<_>>());
    assert_eq!(status, wanted, "hubu {line}: {said}");
    said
}

const GENERATE: &str = "key generate --out seal.key --passphrase-file passphrase";
const SEAL: &str = "seal --config data/hubu.toml --key seal.key --passphrase-file passphrase";
const VERIFY: &str = "verify --config data/hubu.toml --seals data/seals --seal-key public.pem";

fn sealed() -> tempfile::TempDir {
    let folder = budget();
    let at = folder.path();
    fine(at, GENERATE);
    fs::write(at.join("public.pem"), fine(at, "key public seal.key")).unwrap();
    let said = fine(at, SEAL);
    assert!(
        said.contains("the last day sealed is 2026-03-04, the last month sealed is 2026-03"),
        "{said}"
    );
    assert!(
        said.contains("warning: 4 made late (from 2026-03-02 on)"),
        "{said}"
    );
    folder
}

#[test]
fn a_journal_is_sealed_and_verified_with_the_public_key_alone() {
    let folder = sealed();
    let at = folder.path();
    let wanted = [
        "day-2026-03-02.seal",
        "day-2026-03-03.seal",
        "day-2026-03-04.seal",
        "month-2026-03.seal",
    ];
    assert_eq!(names(&at.join("data/seals")), wanted);
    let said = fine(at, SEAL);
    assert!(
        said.contains("0 made") && !said.contains("made late"),
        "{said}"
    );
    // Neither the private key nor its passphrase is where the auditor is.
    fs::remove_file(at.join("seal.key")).unwrap();
    fs::remove_file(at.join("passphrase")).unwrap();
    let said = fine(at, VERIFY);
    assert!(
        said.contains("seals  3 of days, 1 of months, all fit; the last day sealed is 2026-03-04"),
        "{said}"
    );
    assert!(
        said.contains("behind them 0 that only the chain vouches for"),
        "{said}"
    );
    fine(at, &format!("{VERIFY} --sealed-until 2026-03-04"));
    let said = refused(at, &format!("{VERIFY} --sealed-until 2026-03-09"), 3);
    assert!(
        said.contains("the seals end with 2026-03-04, but 2026-03-09 was to be sealed"),
        "{said}"
    );
}

#[test]
fn a_journal_rewritten_whole_is_whole_by_its_chain_and_damaged_by_its_seals() {
    let folder = sealed();
    let at = folder.path();
    let mut count = 0;
    // The second day's first payment gets another author; the catalog and all of the first day stay.
    rewrite_files(&at.join("data/journal"), &mut |header, payload| {
        if header.first == 6 {
            count += replace(payload, b"\x05clerk", b"\x05thief");
        }
    });
    assert!(count > 0);
    let said = fine(at, "verify --config data/hubu.toml");
    assert!(
        said.contains("whole") && said.contains("every book balances"),
        "{said}"
    );
    let said = refused(at, VERIFY, 3);
    assert!(
        said.contains("the seal of 2026-03-03 (record 7) does not fit the journal"),
        "{said}"
    );
    assert!(said.contains("records 6..=7"), "{said}");
    let said = refused(at, SEAL, 3);
    assert!(said.contains("does not fit the journal"), "{said}");
}

#[test]
fn a_missing_seal_and_a_foreign_key_are_told() {
    let folder = sealed();
    let at = folder.path();
    fs::remove_file(at.join("data/seals/day-2026-03-03.seal")).unwrap();
    let said = refused(at, VERIFY, 3);
    assert!(
        said.contains("number 2 is missing between 2026-03-02 and 2026-03-04"),
        "{said}"
    );
    let said = refused(at, SEAL, 3);
    assert!(said.contains("number 2 is missing"), "{said}");
    fine(
        at,
        "key generate --out other.key --passphrase-file passphrase --algorithm ed25519",
    );
    fs::write(at.join("public.pem"), fine(at, "key public other.key")).unwrap();
    fs::remove_dir_all(at.join("data/seals")).unwrap();
    let said = refused(at, VERIFY, 3);
    assert!(said.contains("no seal is here"), "{said}");
    fine(at, SEAL);
    let said = refused(at, VERIFY, 3);
    assert!(said.contains("which was not given"), "{said}");
}

#[test]
fn a_new_key_goes_on_once_the_old_one_is_named() {
    let folder = budget();
    let at = folder.path();
    fine(at, GENERATE);
    fs::write(at.join("public.pem"), fine(at, "key public seal.key")).unwrap();
    fine(at, &format!("{SEAL} --until 2026-03-03"));
    fs::remove_file(at.join("seal.key")).unwrap();
    fine(at, GENERATE);
    let said = refused(at, SEAL, 1);
    assert!(
        said.contains("the seal of 2026-03-03 is the newest") && said.contains("--previous-key"),
        "{said}"
    );
    let said = fine(at, &format!("{SEAL} --previous-key public.pem"));
    assert!(said.contains("2 made"), "{said}");
    fine(at, SEAL);
    fs::write(at.join("new.pem"), fine(at, "key public seal.key")).unwrap();
    fine(at, &format!("{VERIFY} --seal-key new.pem"));
}

#[test]
fn a_period_that_is_not_over_and_a_missing_key_are_usage_errors() {
    let folder = budget();
    let at = folder.path();
    let said = refused(at, "seal --config data/hubu.toml", 2);
    assert!(said.contains("hubu key generate"), "{said}");
    fine(at, GENERATE);
    let said = refused(at, &format!("{SEAL} --until 2999-01-01"), 2);
    assert!(said.contains("2999-01-01 is not over yet"), "{said}");
    refused(at, &format!("{SEAL} --until yesterday"), 2);
    let said = fine(at, &format!("{SEAL} --until 2026-03-03"));
    assert!(said.contains("2 made"), "{said}");
    assert_eq!(names(&at.join("data/seals")).len(), 2);
    // What the settings name need not be said.
    let toml = at.join("data/hubu.toml");
    let text = fs::read_to_string(&toml).unwrap();
    let text = text
        .replace(
            "key_file = \"\"\n# File with the passphrase",
            "key_file = \"../seal.key\"\n# File with the passphrase",
        )
        .replace(
            "passphrase_file = \"\"\n# File with the wrapping",
            "passphrase_file = \"../passphrase\"\n# File with the wrapping",
        );
    fs::write(&toml, text).unwrap();
    let said = fine(at, "seal --config data/hubu.toml");
    assert!(said.contains("2 made"), "{said}");
}

/// No program of ours is needed: the seal is text, and its signature is over the lines above it.
#[test]
fn openssl_verifies_a_seal() {
    let folder = sealed();
    let at = folder.path();
    let text = fs::read_to_string(at.join("data/seals/day-2026-03-03.seal")).unwrap();
    let seal = Seal::parse(&text).unwrap();
    let (signed, _) = text.rsplit_once("signature ").unwrap();
    fs::write(at.join("signed"), signed).unwrap();
    fs::write(
        at.join("signature"),
        sm2_signature_to_der(&seal.signature).unwrap(),
    )
    .unwrap();
    let line = "dgst -sm3 -verify public.pem -sigopt distid:1234567812345678 -signature signature";
    let openssl = |file: &str| {
        let mut command = Command::new("openssl");
        command.args(line.split(' ')).arg(file).current_dir(at);
        command
            .output()
            .expect("apt-get install openssl")
            .status
            .success()
    };
    assert!(openssl("signed"));
    fs::write(at.join("changed"), signed.replace("last 7", "last 8")).unwrap();
    assert!(!openssl("changed"));
    // The link to the seal before is a plain SM3 of its file.
    let digest = Command::new("openssl")
        .args(["dgst", "-sm3", "data/seals/day-2026-03-02.seal"])
        .current_dir(at)
        .output()
        .unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap();
    assert!(digest.trim().ends_with(&to_hex(&seal.previous)), "{digest}");
}
