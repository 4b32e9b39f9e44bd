//! Tokens: both algorithms, what is refused, and that remembered tokens still expire.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::SigningKey as EdKey;
use ed25519_dalek::pkcs8::{EncodePrivateKey, EncodePublicKey, spki::der::pem::LineEnding};
use hubu_core::access::{AccessError, Bearer, Claims, Recent, SigningKey, Tokens, TrustedKeys};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::config::Auth;

const NOW: u64 = 1_800_000_000;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn catalog() -> Arc<Catalog> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Arc::new(Catalog::from_sources(&Sources::read_dir(&config).unwrap()).unwrap())
}

fn auth(secret: &str) -> Auth {
    Auth {
        hs256_secret: secret.to_string().into(),
        hs256_secret_file: PathBuf::new(),
        leeway_seconds: 0,
        ..Auth::default()
    }
}

fn claims() -> Claims {
    Claims {
        sub: "zhang".into(),
        roles: vec!["agency_clerk".into(), "of_another_system".into()],
        division: "420106000".into(),
        agency: Some("420106000000000000001".into()),
        dept: None,
        exp: NOW + 60,
        ..Claims::default()
    }
}

fn tokens(auth: &Auth) -> Tokens {
    Tokens::new(TrustedKeys::from_settings(auth).unwrap(), catalog(), 100)
}

#[test]
fn a_signed_token_names_its_actor() {
    let auth = auth(SECRET);
    let token = SigningKey::from_settings(&auth)
        .unwrap()
        .sign(&claims())
        .unwrap();
    let verified = tokens(&auth).verify(token.as_bytes(), NOW).unwrap();
    let actor = &verified.actor;
    assert_eq!(&*actor.name, "zhang");
    assert_eq!(actor.division.0, 420_106_000);
    assert_eq!(actor.agency.as_deref(), Some("420106000000000000001"));
    let names: Vec<_> = catalog()
        .role_names(hubu_core::catalog::document::RoleSet(actor.roles))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        names,
        ["agency_clerk"],
        "a role that the catalog has not gives nothing"
    );
}

#[test]
fn ed25519_is_verified_with_the_public_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let key = EdKey::from_bytes(&[7; 32]);
    let private = folder.path().join("private.pem");
    std::fs::write(
        &private,
        key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes(),
    )
    .unwrap();
    let token = SigningKey::from_ed25519_file(&private)
        .unwrap()
        .sign(&claims())
        .unwrap();

    let hex: String = key
        .verifying_key()
        .to_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let pem = key
        .verifying_key()
        .to_public_key_pem(LineEnding::LF)
        .unwrap();
    for text in [hex, pem] {
        let public = folder.path().join("public");
        std::fs::write(&public, text).unwrap();
        let auth = Auth {
            ed25519_public_key_file: public,
            ..auth("")
        };
        assert!(tokens(&auth).verify(token.as_bytes(), NOW).is_ok());
    }
    let another = EdKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    let public = folder.path().join("another");
    std::fs::write(
        &public,
        another
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>(),
    )
    .unwrap();
    let auth = Auth {
        ed25519_public_key_file: public,
        ..auth("")
    };
    let refused = tokens(&auth).verify(token.as_bytes(), NOW).unwrap_err();
    assert!(matches!(refused, AccessError::Invalid(_)), "{refused}");
}

#[test]
fn tokens_of_others_are_refused() {
    let tokens = tokens(&auth(SECRET));
    let signed = |secret: &str, claims: &Claims| {
        SigningKey::from_settings(&auth(secret))
            .unwrap()
            .sign(claims)
            .unwrap()
    };
    let refused = |token: &str| tokens.verify(token.as_bytes(), NOW).unwrap_err();

    let forged = signed("another-secret-of-at-least-32-bytes", &claims());
    assert!(matches!(refused(&forged), AccessError::Invalid(_)));
    let good = signed(SECRET, &claims());
    let changed = format!("{}A{}", &good[..40], &good[41..]);
    assert!(matches!(refused(&changed), AccessError::Invalid(_)));
    // {"alg":"none"} with the claims of a good token and no signature.
    let payload = good.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    assert!(matches!(refused(&unsigned), AccessError::Invalid(_)));
    assert!(matches!(refused("not a token"), AccessError::Invalid(_)));
    assert!(matches!(
        refused(&"x".repeat(5000)),
        AccessError::Invalid(_)
    ));

    let elsewhere = Claims {
        division: "999999999".into(),
        ..claims()
    };
    assert!(matches!(
        refused(&signed(SECRET, &elsewhere)),
        AccessError::UnknownDivision(_)
    ));
    let nobody = Claims {
        sub: String::new(),
        ..claims()
    };
    assert!(matches!(
        refused(&signed(SECRET, &nobody)),
        AccessError::Invalid(_)
    ));
}

#[test]
fn a_remembered_token_still_expires() {
    let auth = auth(SECRET);
    let token = SigningKey::from_settings(&auth)
        .unwrap()
        .sign(&claims())
        .unwrap();
    let tokens = tokens(&auth);
    let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
    assert!(tokens.stands(&verified, Bearer::alone(token.as_bytes(), NOW + 59)));
    assert!(!tokens.stands(&verified, Bearer::alone(token.as_bytes(), NOW + 60)));
    assert!(!tokens.stands(&verified, Bearer::alone(b"another", NOW)));
    let late = tokens.verify(token.as_bytes(), NOW + 60).unwrap_err();
    assert_eq!(late, AccessError::Expired);
}

#[test]
fn a_thread_remembers_tokens_until_they_expire() {
    let auth = auth(SECRET);
    let key = SigningKey::from_settings(&auth).unwrap();
    let tokens = tokens(&auth);
    let recent = Recent::default();
    let at = |token: &str, now| recent.get(&tokens, Bearer::alone(token.as_bytes(), now));
    for number in 0..100 {
        let token = key
            .sign(&Claims {
                sub: format!("zhang-{number}"),
                ..claims()
            })
            .unwrap();
        assert!(at(&token, NOW).is_none());
        let shared = tokens.verify(token.as_bytes(), NOW).unwrap();
        recent.put(token.as_bytes(), &shared);
        let known = at(&token, NOW + 59).unwrap();
        assert_eq!(known, shared.actor);
        assert!(
            !std::sync::Arc::ptr_eq(&known.name, &shared.actor.name),
            "the thread's own"
        );
        assert!(at(&token, NOW + 60).is_none(), "its time is over");
        assert!(at(&token[1..], NOW).is_none(), "another with the same end");
    }
}

#[test]
fn a_server_without_keys_or_with_a_weak_one_does_not_start() {
    assert!(matches!(
        TrustedKeys::from_settings(&auth("")),
        Err(AccessError::NoKeys)
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "short\n").unwrap();
    let auth = Auth {
        hs256_secret_file: file,
        ..auth("")
    };
    let error = TrustedKeys::from_settings(&auth)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("at least 32 bytes"), "{error}");
}

#[test]
fn what_ends_like_somebodys_token_is_not_his_and_throws_him_out_of_no_memory() {
    let auth = auth(SECRET);
    let key = SigningKey::from_settings(&auth).unwrap();
    let tokens = tokens(&auth);
    let token = key.sign(&claims()).unwrap();
    let held = tokens.verify(token.as_bytes(), NOW).unwrap();
    let forged = format!("e30.e30.{}", &token[token.len() - 43..]);
    assert!(
        tokens
            .known(Bearer::alone(forged.as_bytes(), NOW))
            .is_none()
    );
    assert!(matches!(
        tokens.verify(forged.as_bytes(), NOW),
        Err(AccessError::Invalid(_))
    ));
    let still = tokens.known(Bearer::alone(token.as_bytes(), NOW));
    assert!(still.is_some_and(|still| std::sync::Arc::ptr_eq(&still, &held)));
    assert!(tokens.verify(b"short", NOW).is_err());
}
