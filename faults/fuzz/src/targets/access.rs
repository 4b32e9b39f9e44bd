//! Bearer tokens.

use super::{Setup, bytes_of, kind, kind_of_text, sources};
use crate::Outcome;
use hubu_core::access::{Claims, SigningKey, Tokens, TrustedKeys};
use hubu_core::catalog::model::Catalog;
use hubu_core::config::Auth;
use std::path::PathBuf;
use std::sync::Arc;

const NOW: u64 = 1_772_413_200;

fn auth() -> Auth {
    Auth {
        hs256_secret: "a-secret-for-tests-of-32-bytes-or-more".to_owned().into(),
        hs256_secret_file: PathBuf::new(),
        leeway_seconds: 0,
        ..Auth::default()
    }
}

fn tokens() -> Outcome<Tokens> {
    let catalog = Arc::new(Catalog::from_sources(&sources()?)?);
    Ok(Tokens::new(
        TrustedKeys::from_settings(&auth())?,
        catalog,
        1000,
    ))
}

fn claims(name: &str) -> Claims {
    Claims {
        sub: name.into(),
        roles: vec!["agency_clerk".into()],
        division: "420106000".into(),
        agency: Some("420106000000000000001".into()),
        dept: None,
        exp: NOW + 3600,
        ..Claims::default()
    }
}

/// Any bytes as a token: whoever has not the key is nobody else than those who were given tokens.
pub(super) fn token() -> Outcome<Setup> {
    let (tokens, key) = (tokens()?, SigningKey::from_settings(&auth())?);
    let mut seeds = Vec::new();
    for name in ["zhang", "li"] {
        seeds.push(key.sign(&claims(name))?.into_bytes());
    }
    seeds.push(b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ6aGFuZyJ9.".to_vec());
    Ok(Setup {
        seeds,
        words: bytes_of(&[
            ".",
            "eyJhbGciOiJub25lIn0",
            "eyJhbGciOiJIUzI1NiJ9",
            "=",
            "eyJhbGciOiJFZERTQSJ9",
        ]),
        memory: Some(256),
        run: Box::new(move |input| match tokens.verify(input, NOW) {
            Ok(verified) => {
                let actor = &verified.actor;
                assert!(
                    matches!(&*actor.name, "zhang" | "li"),
                    "{actor:?} was never given a token"
                );
                assert_eq!(actor.agency.as_deref(), Some("420106000000000000001"));
                1
            }
            Err(error) => kind_of_text(&error.to_string()),
        }),
    })
}

/// Claims that are signed rightly and say anything.
pub(super) fn claims_signed() -> Outcome<Setup> {
    let (tokens, key) = (tokens()?, SigningKey::from_settings(&auth())?);
    let usual = serde_json::to_vec(&claims("zhang"))?;
    Ok(Setup {
        seeds: vec![usual],
        words: bytes_of(&[
            "\"exp\":",
            "18446744073709551615",
            "\"roles\":[]",
            "\"dept\":\"001\"",
            "\"sub\":\"\"",
            "system_admin",
            "\\u0000",
        ]),
        memory: None,
        run: Box::new(move |input| {
            let claims = match serde_json::from_slice::<Claims>(input) {
                Ok(claims) => claims,
                Err(error) => return kind_of_text(&error.to_string()),
            };
            let Ok(token) = key.sign(&claims) else {
                return 2;
            };
            match tokens.verify(token.as_bytes(), NOW) {
                Ok(verified) => {
                    assert!(claims.exp > NOW, "an expired token is refused");
                    assert_eq!(*verified.actor.named().person, *claims.sub);
                    kind(verified.actor.roles)
                }
                Err(error) => kind_of_text(&error.to_string()),
            }
        }),
    })
}

/// Any bytes as a JWK Set.
pub(super) fn key_set() -> Outcome<Setup> {
    let set = r#"{"keys":[
        {"kty":"OKP","crv":"Ed25519","kid":"a","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","nbf":1,"exp":9},
        {"kty":"oct","kid":"b","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},
        {"kty":"EC","crv":"SM2","kid":"c","use":"enc"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#;
    let words = [
        "\"kid\":\"\"",
        "\"crv\":\"SM2\"",
        "\"use\":\"sig\"",
        "\"d\":\"\"",
        "\"x\":",
        "\"y\":",
        "\"exp\":-1",
    ];
    file("keys.json", set, &words, |auth, path| auth.jwks_file = path)
}

/// Any bytes as a public key in a folder of keys.
pub(super) fn key_pem() -> Outcome<Setup> {
    let pem = "Not-Before: 2026-12-01T00:00:00+08:00\nNot-After: 2027-12-01T00:00:00Z\n-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    let words = [
        "-----BEGIN",
        "PRIVATE KEY",
        "Not-After:",
        "9999-12-31T23:59:60Z",
        "\r\n",
    ];
    file("k.pem", pem, &words, |auth, path| {
        auth.key_folder = path.parent().map(Into::into).unwrap_or_default();
    })
}

/// Any bytes as the list of what is revoked.
pub(super) fn revocations() -> Outcome<Setup> {
    let list = "[[revoked]]\njti = \"a\"\n[[revoked]]\nsubject = \"zhang\"\n\
        issued_before = 2026-12-01T00:00:00+08:00\n[[revoked]]\nkid = \"k\"\n";
    let words = [
        "[[revoked]]",
        "issued_before = ",
        "0001-01-01T00:00:00-23:59",
        "kid = \"\"",
        "jti = 1",
    ];
    file("revoked.toml", list, &words, |auth, path| {
        auth.revocation_file = path
    })
}

/// A file that the settings name: whatever it says, it is read or refused by its name.
fn file(
    name: &'static str,
    usual: &str,
    words: &[&str],
    place: fn(&mut Auth, PathBuf),
) -> Outcome<Setup> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(name);
    let mut auth = auth();
    place(&mut auth, path.clone());
    Ok(Setup {
        seeds: vec![usual.as_bytes().to_vec()],
        words: bytes_of(words),
        memory: None,
        run: Box::new(move |input| {
            let _kept = &folder;
            if let Err(error) = std::fs::write(&path, input) {
                return kind_of_text(&error.to_string());
            }
            match TrustedKeys::from_settings(&auth) {
                Ok(_) => 1,
                Err(error) => {
                    let words = error.to_string();
                    assert!(words.contains(name), "{words:?} names no file");
                    kind_of_text(&words)
                }
            }
        }),
    })
}
