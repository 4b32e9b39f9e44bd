//! Keys and signatures cross over between Hubu and OpenSSL's command line, in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test may end where it can't go on.

use std::fs;
use std::path::Path;
use std::process::Command;

use hubu_core::cipher::{
    Algorithm, CipherError, PrivateKey, PublicKey, Signer, sm2_signature_from_der,
    sm2_signature_to_der,
};

const MESSAGE: &[u8] = b"the head of a chain";

/// Runs `openssl` in `folder`; its standard output.
fn openssl(folder: &Path, line: &str) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .expect("OpenSSL's command line is needed: apt-get install openssl");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {line}: {errors}");
    output.stdout
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn openssl_signs_by_sm2_and_hubu_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("message"), MESSAGE).unwrap();
    openssl(at, "genpkey -algorithm SM2 -out key.pem");
    openssl(at, "pkey -in key.pem -pubout -out public.pem");
    openssl(
        at,
        "dgst -sm3 -sign key.pem -sigopt distid:1234567812345678 -out signature message",
    );

    let public = PublicKey::from_pem(&read(at, "public.pem")).unwrap();
    assert_eq!(public.algorithm(), Algorithm::Sm2);
    assert_eq!(public.to_pem(), read(at, "public.pem"));
    let der = fs::read(at.join("signature")).unwrap();
    let signature = sm2_signature_from_der(&der).unwrap();
    public.verify(MESSAGE, &signature).unwrap();
    assert_eq!(
        public.verify(b"the head of another", &signature),
        Err(CipherError::Forged)
    );

    let private = PrivateKey::from_pem(&read(at, "key.pem")).unwrap();
    assert_eq!(private.public_key(), &public);
}

#[test]
fn hubu_signs_by_sm2_and_openssl_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = PrivateKey::generate(Algorithm::Sm2).unwrap();
    let signature = key.sign(MESSAGE).unwrap();
    fs::write(at.join("message"), MESSAGE).unwrap();
    fs::write(at.join("public.pem"), key.public_key().to_pem()).unwrap();
    fs::write(
        at.join("signature"),
        sm2_signature_to_der(&signature).unwrap(),
    )
    .unwrap();
    let output = openssl(
        at,
        "dgst -sm3 -verify public.pem -sigopt distid:1234567812345678 -signature signature message",
    );
    assert_eq!(output, b"Verified OK\n");

    // The private key as well: OpenSSL derives the same public key from it.
    fs::write(at.join("key.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
    let public = openssl(at, "pkey -in key.pem -pubout");
    assert_eq!(
        String::from_utf8(public).unwrap(),
        key.public_key().to_pem()
    );
}

#[test]
fn ed25519_crosses_over_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("message"), MESSAGE).unwrap();
    openssl(at, "genpkey -algorithm ED25519 -out key.pem");
    openssl(
        at,
        "pkeyutl -sign -inkey key.pem -rawin -in message -out signature",
    );
    let key = PrivateKey::from_pem(&read(at, "key.pem")).unwrap();
    let signature = fs::read(at.join("signature")).unwrap();
    key.public_key().verify(MESSAGE, &signature).unwrap();
    assert_eq!(key.sign(MESSAGE).unwrap().as_slice(), signature);

    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    fs::write(at.join("public.pem"), key.public_key().to_pem()).unwrap();
    fs::write(at.join("signature"), key.sign(MESSAGE).unwrap()).unwrap();
    openssl(
        at,
        "pkeyutl -verify -pubin -inkey public.pem -rawin -in message -sigfile signature",
    );
}

#[test]
fn keys_of_other_kinds_are_refused_with_what_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    openssl(
        at,
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
    );
    openssl(at, "pkey -in key.pem -pubout -out public.pem");
    let public = PublicKey::from_pem(&read(at, "public.pem")).unwrap_err();
    assert!(public.to_string().contains("-algorithm SM2"), "{public}");
    assert!(PrivateKey::from_pem(&read(at, "key.pem")).is_err());
    // A private key where a public one is wanted, and the other way round, is said to be what it is.
    let mixed = PublicKey::from_pem(&read(at, "key.pem")).unwrap_err();
    assert!(mixed.to_string().contains("it is a PRIVATE KEY"), "{mixed}");
    let mixed = PrivateKey::from_pem(&read(at, "public.pem")).unwrap_err();
    assert!(mixed.to_string().contains("it is a PUBLIC KEY"), "{mixed}");
    assert!(PublicKey::from_pem("no key at all").is_err());
}

#[test]
fn nothing_secret_shows_in_debug() {
    for algorithm in [Algorithm::Sm2, Algorithm::Ed25519] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let shown = format!("{key:?}");
        let fingerprint = key.public_key().fingerprint();
        assert_eq!(
            shown,
            format!("PrivateKey(hidden, of PublicKey({algorithm} {fingerprint}))")
        );
    }
}
