//! Keys and revocations that change while the server runs: no memory of a token outlives its reason.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_support;

use access_support::*;
use hubu_core::access::{AccessError, Bearer, Claims, Recent, SigningKey, Tokens};
use hubu_core::cipher::Algorithm;
use hubu_core::config::Auth;
use hubu_core::http::session::Session;
use serde_json::json;
use std::path::Path;

/// A token that is remembered in every place, by one person at one desk.
struct Desk<'a> {
    tokens: &'a Tokens,
    recent: Recent,
    session: Session,
    token: String,
}

impl<'a> Desk<'a> {
    fn new(tokens: &'a Tokens, token: String) -> Self {
        let (recent, session) = (Recent::default(), Session::new());
        let shared = tokens.verify(token.as_bytes(), NOW).unwrap();
        session.remember(recent.put(token.as_bytes(), &shared));
        let desk = Desk {
            tokens,
            recent,
            session,
            token,
        };
        assert_eq!(desk.known(NOW), [true; 3], "remembered everywhere");
        desk
    }

    /// Whether the connection, the thread and the server still know it.
    fn known(&self, now: u64) -> [bool; 3] {
        let token = self.token.as_bytes();
        let bearer = Bearer::alone(token, now);
        [
            self.session.known(self.tokens, bearer).is_some(),
            self.recent.get(self.tokens, bearer).is_some(),
            self.tokens.verify(token, now).is_ok(),
        ]
    }
}

fn revoking(folder: &Path, list: &str) -> Auth {
    let revocation_file = folder.join("revoked.toml");
    std::fs::write(&revocation_file, list).unwrap();
    Auth {
        revocation_file,
        ..with_secret()
    }
}

fn sign(claims: &Claims) -> String {
    let key = SigningKey::from_settings(&with_secret()).unwrap();
    key.named(Some("k1".into())).sign(claims).unwrap()
}

#[test]
fn a_revocation_reaches_every_memory() {
    let delegate = Claims {
        sub: "li".into(),
        delegated_by: Some("zhang".into()),
        delegated_until: Some(NOW + 500),
        ..claims()
    };
    let named = Claims {
        jti: Some("t1".into()),
        ..claims()
    };
    let undated = Claims {
        iat: None,
        ..claims()
    };
    for (claims, list) in [
        (&named, "[[revoked]]\njti = \"t1\"\n".to_string()),
        (&named, "[[revoked]]\nsubject = \"zhang\"\n".into()),
        (&named, "[[revoked]]\nkid = \"k1\"\n".into()),
        (
            &named,
            "[[revoked]]\nsubject = \"zhang\"\nissued_before = 2027-01-15T08:00:00Z\n".into(),
        ),
        (
            &named,
            "[[revoked]]\nissued_before = 2027-01-15T16:00:00+08:00\n".into(),
        ),
        (
            &undated,
            "[[revoked]]\nissued_before = 1970-01-01T00:00:01Z\n".into(),
        ),
        (&delegate, "[[revoked]]\nsubject = \"zhang\"\n".into()),
        (&delegate, "[[revoked]]\nsubject = \"li\"\n".into()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let auth = revoking(folder.path(), "");
        let tokens = tokens(&auth);
        let desk = Desk::new(&tokens, sign(claims));
        let other = Desk::new(
            &tokens,
            SigningKey::from_settings(&auth)
                .unwrap()
                .sign(&Claims {
                    sub: "wang".into(),
                    iat: Some(NOW),
                    ..self::claims()
                })
                .unwrap(),
        );
        std::fs::write(&auth.revocation_file, &list).unwrap();
        assert_eq!(desk.known(NOW), [true; 3], "not read yet");
        assert_eq!(tokens.reload(), Ok(true));
        assert_eq!(desk.known(NOW), [false; 3], "{list}");
        assert_eq!(refusal(&tokens, &desk.token, NOW), AccessError::Revoked);
        assert_eq!(other.known(NOW), [true; 3], "others stay: {list}");
        // Taken off the list, it is verified anew; the memories of before do not come back by themselves.
        std::fs::write(&auth.revocation_file, "").unwrap();
        assert_eq!(tokens.reload(), Ok(true));
        assert!(tokens.verify(desk.token.as_bytes(), NOW).is_ok());
    }
}

#[test]
fn a_list_does_not_reach_beyond_what_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let list = r#"
        [[revoked]]
        jti = "zhang"
        [[revoked]]
        kid = "zhang"
        [[revoked]]
        subject = "t1"
        [[revoked]]
        subject = "zhang"
        issued_before = 2027-01-15T07:59:50Z
    "#;
    let tokens = tokens(&revoking(folder.path(), list));
    let token = sign(&Claims {
        jti: Some("t1".into()),
        ..claims()
    });
    assert!(
        tokens.verify(token.as_bytes(), NOW).is_ok(),
        "issued at that very second"
    );
}

#[test]
fn a_key_that_is_taken_away_takes_its_tokens_along() {
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let (key, public) = pair(kind, Some("a"));
        let (other, other_public) = pair(kind, Some("b"));
        let file = folder.path().join("a.pem");
        std::fs::write(&file, public.to_pem()).unwrap();
        std::fs::write(folder.path().join("b.pem"), other_public.to_pem()).unwrap();
        let auth = Auth {
            key_folder: folder.path().into(),
            ..nobody()
        };
        let tokens = tokens(&auth);
        let desk = Desk::new(&tokens, key.sign(&claims()).unwrap());
        let stays = Desk::new(&tokens, other.sign(&claims()).unwrap());
        assert_eq!(tokens.reload(), Ok(false), "nothing has changed");
        // Another key under the same name: its tokens are others.
        std::fs::write(&file, pair(kind, None).1.to_pem()).unwrap();
        assert_eq!(tokens.reload(), Ok(true));
        assert_eq!((desk.known(NOW), stays.known(NOW)), ([false; 3], [true; 3]));
        std::fs::write(&file, public.to_pem()).unwrap();
        assert_eq!(tokens.reload(), Ok(true));
        assert!(desk.known(NOW)[2], "it is back");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(tokens.reload(), Ok(true));
        assert_eq!((desk.known(NOW), stays.known(NOW)), ([false; 3], [true; 3]));
    }
}

#[test]
fn a_key_whose_time_is_cut_takes_remembered_tokens_along() {
    let folder = tempfile::tempdir().unwrap();
    let (key, public) = pair(Algorithm::Sm2, Some("a"));
    let auth = with_set(folder.path(), &[jwk(&public, "a", json!({}))]);
    let tokens = tokens(&auth);
    let desk = Desk::new(&tokens, key.sign(&claims()).unwrap());
    with_set(folder.path(), &[jwk(&public, "a", json!({"exp": NOW + 5}))]);
    assert_eq!(tokens.reload(), Ok(true));
    assert!(desk.known(NOW + 4)[2]);
    assert_eq!(desk.known(NOW + 5), [false; 3]);
    // One that has not begun, announced early: nothing of it counts before its time.
    with_set(
        folder.path(),
        &[jwk(&public, "a", json!({"nbf": NOW + 100}))],
    );
    assert_eq!(tokens.reload(), Ok(true));
    assert_eq!(desk.known(NOW + 99), [false; 3]);
    assert!(desk.known(NOW + 100)[2]);
}

#[test]
fn a_broken_file_keeps_the_former_keys_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let list = "[[revoked]]\njti = \"t1\"\n";
    let (key, public) = pair(Algorithm::Ed25519, Some("a"));
    let set = [jwk(&public, "a", json!({}))];
    let auth = Auth {
        jwks_file: with_set(folder.path(), &set).jwks_file,
        ..revoking(folder.path(), list)
    };
    let tokens = tokens(&auth);
    let desk = Desk::new(&tokens, key.sign(&claims()).unwrap());
    let revoked = sign(&Claims {
        jti: Some("t1".into()),
        ..claims()
    });
    for (file, text) in [
        (&auth.jwks_file, "{\"keys\":[{\"kty\":"),
        (&auth.jwks_file, ""),
        (&auth.revocation_file, "[[revoked]]\nsubjekt = \"zhang\"\n"),
        (&auth.revocation_file, "[[revoked]]\n"),
        (
            &auth.revocation_file,
            "[[revoked]]\njti = \"a\"\nkid = \"b\"\n",
        ),
        (
            &auth.revocation_file,
            "[[revoked]]\nsubject = \"zhang\"\nissued_before = 2027-01-15\n",
        ),
        (&auth.revocation_file, "\u{1}"),
    ] {
        let whole = std::fs::read(file).unwrap();
        std::fs::write(file, text).unwrap();
        let error = tokens.reload().unwrap_err().to_string();
        assert!(error.starts_with(&file.display().to_string()), "{error}");
        assert_eq!(desk.known(NOW), [true; 3]);
        assert_eq!(
            refusal(&tokens, &revoked, NOW),
            AccessError::Revoked,
            "the list stays, too"
        );
        std::fs::write(file, whole).unwrap();
        assert_eq!(tokens.reload(), Ok(false), "mended, as it was");
    }
    let away = folder.path().join("away");
    std::fs::rename(&auth.revocation_file, &away).unwrap();
    assert!(
        tokens.reload().is_err(),
        "a list that is gone is no empty list"
    );
    assert_eq!(refusal(&tokens, &revoked, NOW), AccessError::Revoked);
}

#[test]
fn the_secret_of_the_settings_is_read_anew_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let auth = Auth {
        hs256_secret_file: file.clone(),
        ..nobody()
    };
    let tokens = tokens(&auth);
    let desk = Desk::new(&tokens, sign(&claims()));
    std::fs::write(&file, "fedcba9876543210fedcba9876543210").unwrap();
    assert_eq!(tokens.reload(), Ok(true));
    assert_eq!(desk.known(NOW), [false; 3]);
    let new = SigningKey::from_settings(&auth)
        .unwrap()
        .sign(&claims())
        .unwrap();
    assert!(tokens.verify(new.as_bytes(), NOW).is_ok());
}

#[test]
fn every_memory_ends_with_the_tokens_time() {
    let tokens = tokens(&with_secret());
    let desk = Desk::new(&tokens, sign(&claims()));
    assert_eq!(desk.known(NOW + 599), [true; 3]);
    assert_eq!(desk.known(NOW + 600), [false; 3]);
}

#[test]
fn every_memory_ends_with_the_delegation() {
    let tokens = tokens(&with_secret());
    let delegate = Claims {
        sub: "li".into(),
        delegated_by: Some("zhang".into()),
        delegated_until: Some(NOW + 50),
        ..claims()
    };
    let desk = Desk::new(&tokens, sign(&delegate));
    assert_eq!(desk.known(NOW + 49), [true; 3]);
    assert_eq!(
        desk.known(NOW + 50),
        [false; 3],
        "the token goes on, the delegation does not"
    );
}

#[test]
fn keys_change_under_the_hands_of_many_threads() {
    let folder = tempfile::tempdir().unwrap();
    let auth = revoking(folder.path(), "");
    let tokens = tokens(&auth);
    let token = sign(&Claims {
        jti: Some("t1".into()),
        ..claims()
    });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let recent = Recent::default();
                let bearer = Bearer::alone(token.as_bytes(), NOW);
                for _ in 0..2000 {
                    if recent.get(&tokens, bearer).is_none()
                        && let Ok(shared) = tokens.verify(token.as_bytes(), NOW)
                    {
                        recent.put(token.as_bytes(), &shared);
                    }
                }
            });
        }
        for round in 0..50 {
            let list = if round % 2 == 0 {
                "[[revoked]]\njti = \"t1\"\n"
            } else {
                ""
            };
            std::fs::write(&auth.revocation_file, list).unwrap();
            assert_eq!(tokens.reload(), Ok(true));
            assert_eq!(
                tokens.verify(token.as_bytes(), NOW).is_err(),
                round % 2 == 0
            );
        }
    });
}
