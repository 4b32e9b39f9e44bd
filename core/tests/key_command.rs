//! Key files: locked, unlocked, locked anew; and what is said when the passphrase or the file is not right.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use hubu_core::cipher::{
    AeadKind, Algorithm, CipherError, LockedKey, PrivateKey, Signer, Unlock, Zeroizing, to_hex,
};
use sm3::{Digest, Sm3};

const WORDS: &str = "correct horse battery staple";

fn hubu(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubu"));
    command.args(line.split(' ')).current_dir(folder);
    command.env_remove("HUBU_KEY_PASSPHRASE");
    command
}

fn run(mut command: Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains(WORDS), "{said}");
    (output.status.success(), said)
}

fn fine(folder: &Path, line: &str) -> String {
    let (is_fine, said) = run(hubu(folder, line));
    assert!(is_fine, "hubu {line}: {said}");
    said
}

fn refused(folder: &Path, line: &str) -> String {
    let (is_fine, said) = run(hubu(folder, line));
    assert!(!is_fine, "hubu {line}: {said}");
    said
}

fn secret(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    fs::write(folder.join(name), bytes).unwrap();
    mode(folder, name, 0o600);
}

fn mode(folder: &Path, name: &str, mode: u32) {
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn passphrase(words: &str) -> Unlock {
    Unlock::Passphrase(Zeroizing::new(words.to_owned()))
}

#[test]
fn a_key_is_made_shown_and_locked_anew() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    secret(at, "words", WORDS);
    secret(at, "other", "another passphrase altogether\n");
    secret(at, "wrapping", [7; 32]);
    let said = fine(at, "key generate --out a.key --passphrase-file words");
    assert!(
        said.contains("a.key: sm2 ") && said.contains("locked by sm4-gcm"),
        "{said}"
    );
    let permissions = fs::metadata(at.join("a.key")).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let public = fine(at, "key public a.key");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"), "{public}");
    let shown = fine(at, "key show a.key --check --passphrase-file words");
    assert!(
        shown.contains("argon2id 65536 3 1") && shown.contains("unlocked"),
        "{shown}"
    );
    // Never over another file.
    let said = refused(at, "key generate --out a.key --passphrase-file words");
    assert!(said.contains("a.key"), "{said}");

    // What a crash left beside it is in nobody's way, and whoever could read the file still can.
    secret(at, "a.key.new", "half a key");
    mode(at, "a.key", 0o640);
    fine(
        at,
        "key rewrap a.key --passphrase-file words --new-wrapping-key-file wrapping --cipher aes-256-gcm",
    );
    let permissions = fs::metadata(at.join("a.key")).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o640);
    let names = fs::read_dir(at).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let beside: Vec<String> = names.filter(|name| name.ends_with(".new")).collect();
    assert_eq!(beside, ["a.key.new"], "nothing else is left");
    assert_eq!(fine(at, "key public a.key"), public);
    let said = refused(at, "key show a.key --check --passphrase-file words");
    assert!(said.contains("locked with a wrapping key file"), "{said}");
    let shown = fine(at, "key show a.key --check --wrapping-key-file wrapping");
    assert!(
        shown.contains("aes-256-gcm") && shown.contains("hmac-sm3"),
        "{shown}"
    );
    fine(
        at,
        "key rewrap a.key --wrapping-key-file wrapping --new-passphrase-file other",
    );
    fine(at, "key show a.key --check --passphrase-file other");
    assert_eq!(fine(at, "key public a.key"), public);
    // A key that OpenSSL made, locked.
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "SM2", "-out", "plain.pem"])
        .current_dir(at)
        .status()
        .expect("apt-get install openssl");
    assert!(made.success());
    mode(at, "plain.pem", 0o600);
    fine(
        at,
        "key generate --out b.key --from-pem plain.pem --passphrase-file words",
    );
    let plain = PrivateKey::from_pem(&fs::read_to_string(at.join("plain.pem")).unwrap()).unwrap();
    assert_eq!(fine(at, "key public b.key"), plain.public_key().to_pem());
}

#[test]
fn a_key_that_root_locks_anew_stays_its_owners() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: only root can give a file away");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    secret(at, "words", WORDS);
    secret(at, "other", "another passphrase altogether");
    fine(at, "key generate --out a.key --passphrase-file words");
    let path = at.join("a.key");
    std::os::unix::fs::chown(&path, Some(4321), Some(4322)).unwrap();
    mode(at, "a.key", 0o640);
    fine(
        at,
        "key rewrap a.key --passphrase-file words --new-passphrase-file other",
    );
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.uid(), found.gid()), (4321, 4322));
    assert_eq!(found.mode() & 0o777, 0o640);
    fine(at, "key show a.key --check --passphrase-file other");
}

#[test]
fn a_wrong_passphrase_and_a_file_that_is_not_whole_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    secret(at, "words", WORDS);
    secret(at, "wrong", "a passphrase that is not it");
    fine(
        at,
        "key generate --out a.key --passphrase-file words --algorithm ed25519",
    );
    let check = |line: &str| refused(at, line);
    let said = check("key show a.key --check --passphrase-file wrong");
    assert!(said.contains("the passphrase is not the one"), "{said}");
    let whole = fs::read(at.join("a.key")).unwrap();
    for (name, bytes) in [
        ("cut.key", whole[..whole.len() - 40].to_vec()),
        ("begun.key", whole[..30].to_vec()),
        ("changed.key", {
            let mut changed = whole.clone();
            let at = changed.len() / 2;
            changed[at] ^= 1;
            changed
        }),
    ] {
        secret(at, name, bytes);
        let said = check(&format!("key show {name} --check --passphrase-file words"));
        assert!(
            said.contains("cut or changed since it was written"),
            "{name}: {said}"
        );
    }
    secret(at, "none.key", "no key");
    let said = check("key show none.key");
    assert!(said.contains("hubu key generate"), "{said}");
    secret(at, "large.key", vec![b'x'; 9000]);
    assert!(check("key show large.key").contains("longer than 8192"));
    secret(at, "short", "too short");
    let said = check("key generate --out c.key --passphrase-file short");
    assert!(said.contains("at least 12 characters"), "{said}");
    assert!(!at.join("c.key").exists());
    mode(at, "words", 0o644);
    let said = check("key show a.key --check --passphrase-file words");
    assert!(said.contains("chmod 600"), "{said}");
}

/// Whoever changes what is not encrypted and puts the checksum right has made the file unreadable, not another key.
#[test]
fn the_open_part_of_a_key_file_is_protected_too() {
    let (key, other) = (
        PrivateKey::generate(Algorithm::Sm2).unwrap(),
        PrivateKey::generate(Algorithm::Sm2).unwrap(),
    );
    let lock = |key| LockedKey::lock(key, AeadKind::Sm4Gcm, &passphrase(WORDS)).unwrap();
    let (text, theirs) = (lock(&key).text(), lock(&other).text());
    let line = |text: &str, name: &str| -> String {
        text.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let forge = |changes: &[(String, String)]| {
        let mut forged = text.clone();
        for (from, to) in changes {
            forged = forged.replace(from, to);
        }
        let (body, _) = forged.rsplit_once("check ").unwrap();
        let sum = to_hex(&Sm3::digest(body.as_bytes())[..8]);
        LockedKey::parse(&format!("{body}check {sum}\n"))
    };
    let exchanged: Vec<_> = ["key ", "public "]
        .map(|name| (line(&text, name), line(&theirs, name)))
        .into();
    for changes in [
        exchanged,
        vec![(line(&text, "salt "), line(&theirs, "salt "))],
        vec![(line(&text, "nonce "), line(&theirs, "nonce "))],
        vec![("argon2id 65536 3".into(), "argon2id 65535 3".into())],
        vec![("sm4-gcm".into(), "aes-256-gcm".into())],
    ] {
        let forged = forge(&changes).unwrap();
        let opened = forged.unlock(&passphrase(WORDS));
        assert!(
            matches!(opened, Err(CipherError::KeyFile(_))),
            "{changes:?}"
        );
    }
    // Parameters that would cost more than a file may ask for, or none that are known.
    for asked in [
        "argon2id 4294967295 3 1",
        "argon2id 262145 3 1",
        "argon2id 65536 11 1",
        "argon2id 65536 3 5",
        "argon2id 0 0 0",
        "argon2id 65536 3",
        "scrypt 1 2 3",
    ] {
        let refused = forge(&[("argon2id 65536 3 1".into(), asked.into())]);
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("asks for too much"), "{said}");
    }
    let unlocked = LockedKey::parse(&text)
        .unwrap()
        .unlock(&passphrase(WORDS))
        .unwrap();
    assert_eq!(unlocked.public_key(), key.public_key());
}

#[test]
fn a_passphrase_comes_from_the_environment_or_is_asked_for_without_showing_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut generate = hubu(at, "key generate --out a.key");
    generate.env("HUBU_KEY_PASSPHRASE", WORDS);
    let (is_fine, said) = run(generate);
    assert!(is_fine, "{said}");
    // Without a terminal there is nobody to ask: setsid leaves it.
    let mut alone = Command::new("setsid");
    alone.arg("-w").arg(env!("CARGO_BIN_EXE_hubu"));
    alone
        .args(["key", "show", "a.key", "--check"])
        .current_dir(at);
    alone.env_remove("HUBU_KEY_PASSPHRASE");
    let (is_fine, said) = run(alone);
    assert!(
        !is_fine && said.contains("there is no terminal to ask at"),
        "{said}"
    );
    // `script` gives it a terminal of its own, and what it is written is what is typed there.
    let asked = |words: &str| {
        let line = format!("{} key show a.key --check", env!("CARGO_BIN_EXE_hubu"));
        let mut script = Command::new("script")
            .args([
                "--quiet",
                "--return",
                "--echo",
                "never",
                "--command",
                &line,
                "/dev/null",
            ])
            .current_dir(at)
            .env_remove("HUBU_KEY_PASSPHRASE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is part of every Debian (bsdutils)");
        let (mut typing, mut screen) =
            (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let (mut seen, mut byte) = (Vec::new(), [0]);
        // What is typed before the question is thrown away, as it should be.
        while !seen.ends_with(b"Passphrase: ") {
            assert_eq!(
                screen.read(&mut byte).unwrap(),
                1,
                "{}",
                String::from_utf8_lossy(&seen)
            );
            seen.push(byte[0]);
        }
        writeln!(typing, "{words}").unwrap();
        typing.flush().unwrap();
        screen.read_to_end(&mut seen).unwrap();
        let status = script.wait().unwrap();
        let said = String::from_utf8(seen).unwrap();
        assert!(!said.contains(words), "{said}");
        (status.success(), said)
    };
    let (is_fine, said) = asked(WORDS);
    assert!(
        is_fine && said.contains("Passphrase: ") && said.contains("unlocked"),
        "{said}"
    );
    let (is_fine, said) = asked("some other passphrase");
    assert!(
        !is_fine && said.contains("the passphrase is not the one"),
        "{said}"
    );
}
