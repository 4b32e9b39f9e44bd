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
                    assert_eq!(*verified.actor.name, *claims.sub);
                    kind(verified.actor.roles)
                }
                Err(error) => kind_of_text(&error.to_string()),
            }
        }),
    })
}
