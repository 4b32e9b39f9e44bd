//! Keys by name: every algorithm, from every place, with their time; and the tricks that a token's header may try.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_support;

use access_support::*;
use hubu_core::access::SigningKey;
use hubu_core::cipher::Algorithm;
use hubu_core::config::Auth;
use serde_json::json;

const LAST: &str = "Not-After: 2027-01-01T00:00:00Z";

#[test]
fn a_jwk_set_gives_keys_of_each_kind_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (sm2, sm2_public) = pair(Algorithm::Sm2, Some("sm2-2026"));
    let (ed, ed_public) = pair(Algorithm::Ed25519, Some("ed-2026"));
    let secret = SigningKey::from_settings(&with_secret()).unwrap();
    let set = [
        jwk(
            &sm2_public,
            "sm2-2026",
            json!({"alg": "SM2SM3", "use": "sig"}),
        ),
        jwk(&ed_public, "ed-2026", json!({"alg": "EdDSA"})),
        json!({"kty": "oct", "kid": "hs", "k": encode(SECRET.as_bytes())}),
        // Of others, and for other ends: passed over.
        json!({"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "nist", "x": "AQAB", "y": "AQAB"}),
        jwk(&ed_public, "for-encryption", json!({"use": "enc"})),
    ];
    let tokens = tokens(&with_set(folder.path(), &set));
    for key in [&sm2, &ed, &secret.named(Some("hs".into()))] {
        let token = key.sign(&claims()).unwrap();
        let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
        assert_eq!(&*verified.actor.name, "zhang");
    }
    for kid in ["rsa", "nist", "for-encryption"] {
        let key = pair(Algorithm::Ed25519, Some(kid)).0;
        let words = refused(&tokens, &key.sign(&claims()).unwrap());
        assert!(words.contains("names no key"), "{words}");
    }
}

#[test]
fn a_folder_gives_keys_by_their_files_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut keys = Vec::new();
    for (kid, algorithm) in [("2026-a", Algorithm::Sm2), ("2026.b_c", Algorithm::Ed25519)] {
        let (key, public) = pair(algorithm, Some(kid));
        std::fs::write(folder.path().join(format!("{kid}.pem")), public.to_pem()).unwrap();
        keys.push(key);
    }
    std::fs::write(folder.path().join(".hidden.pem"), "no key").unwrap();
    std::fs::write(folder.path().join("README"), "no key").unwrap();
    let auth = Auth {
        key_folder: folder.path().into(),
        ..nobody()
    };
    let tokens = tokens(&auth);
    for key in &keys {
        let token = key.sign(&claims()).unwrap();
        assert!(tokens.verify(token.as_bytes(), NOW).is_ok());
    }
    let stranger = pair(Algorithm::Sm2, Some("2026-a")).0;
    let words = refused(&tokens, &stranger.sign(&claims()).unwrap());
    assert!(words.contains("signature does not fit"), "{words}");
}

#[test]
fn a_key_counts_from_its_first_moment_to_its_last() {
    let folder = tempfile::tempdir().unwrap();
    let (old, old_public) = pair(Algorithm::Sm2, Some("old"));
    let (new, new_public) = pair(Algorithm::Sm2, Some("new"));
    // 1800000000 is 2027-01-15T08:00:00Z; both are good for ten minutes.
    let words = "\u{feff}Not-After: 2027-01-15T16:10:00+08:00\nKey: of the old service\n";
    let text = format!("{words}{}", old_public.to_pem());
    std::fs::write(folder.path().join("old.pem"), text).unwrap();
    let set = [jwk(
        &new_public,
        "new",
        json!({"nbf": NOW, "exp": NOW + 3600}),
    )];
    let auth = Auth {
        key_folder: folder.path().into(),
        ..with_set(folder.path(), &set)
    };
    let tokens = tokens(&auth);
    let long = hubu_core::access::Claims {
        exp: NOW + 86_400,
        ..claims()
    };
    let (old, new) = (old.sign(&long).unwrap(), new.sign(&long).unwrap());
    let good = |token: &str, now| tokens.verify(token.as_bytes(), now).is_ok();
    assert!(good(&old, NOW - 1) && !good(&new, NOW - 1));
    assert!(good(&old, NOW) && good(&new, NOW), "the rotation overlaps");
    assert!(good(&old, NOW + 599));
    assert!(
        !good(&old, NOW + 600),
        "remembered, and its key's time is over"
    );
    assert!(good(&new, NOW + 3599) && !good(&new, NOW + 3600));
}

#[test]
fn a_public_key_is_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let (_, public) = pair(kind, None);
        let set = [jwk(&public, "k", json!({}))];
        let with_named = tokens(&with_set(folder.path(), &set));
        let file = folder.path().join("public.pem");
        std::fs::write(&file, public.to_pem()).unwrap();
        let unnamed = match kind {
            Algorithm::Ed25519 => Auth {
                ed25519_public_key_file: file,
                ..nobody()
            },
            Algorithm::Sm2 => Auth {
                sm2_public_key_file: file,
                ..nobody()
            },
        };
        let unnamed = tokens(&unnamed);
        let der = public.spki_der();
        let pem = public.to_pem();
        // The attacker knows the public key, in every spelling, and signs with it as with a secret.
        for secret in [
            der,
            &der[der.len() - 32..],
            &der[der.len().saturating_sub(65)..],
            pem.as_bytes(),
            pem.trim().as_bytes(),
        ] {
            for alg in [
                "HS256", "EdDSA", "Ed25519", "SM2SM3", "hs256", "ES256", "RS256", "HS512",
            ] {
                let named = by_hand(
                    &json!({"alg": alg, "kid": "k"}),
                    &json_of(&claims()),
                    secret,
                );
                refused(&with_named, &named);
                let plain = by_hand(&json!({"alg": alg}), &json_of(&claims()), secret);
                refused(&unnamed, &plain);
            }
        }
        let mixed = by_hand(
            &json!({"alg": "HS256", "kid": "k"}),
            &json_of(&claims()),
            der,
        );
        let words = refused(&with_named, &mixed);
        assert!(
            words.contains("algorithm is not that of its key"),
            "{words}"
        );
    }
}

#[test]
fn one_algorithms_signature_is_not_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let (_, ed_public) = pair(Algorithm::Ed25519, None);
    let (sm2, _) = pair(Algorithm::Sm2, Some("k"));
    let set = [jwk(&ed_public, "k", json!({}))];
    let tokens = tokens(&with_set(folder.path(), &set));
    let token = sm2.sign(&claims()).unwrap();
    let words = refused(&tokens, &token);
    assert!(
        words.contains("algorithm is not that of its key"),
        "{words}"
    );
}

#[test]
fn a_header_may_not_choose_its_own_key() {
    let tokens = tokens(&with_secret());
    let claims = json_of(&claims());
    let make = |header| by_hand(&header, &claims, SECRET.as_bytes());
    let good = make(json!({"alg": "HS256", "typ": "JWT", "jku": "http://127.0.0.1/keys"}));
    assert!(
        tokens.verify(good.as_bytes(), NOW).is_ok(),
        "an address is not looked at"
    );
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None"}),
        json!({"alg": ""}),
        json!({"alg": null}),
        json!({"alg": ["HS256"]}),
        json!({}),
        json!({"alg": "HS256", "crit": ["exp"]}),
        json!({"alg": "HS256", "crit": []}),
        json!({"alg": "HS256", "crit": null}),
        json!({"alg": "HS256", "kid": ""}),
        json!({"alg": "HS256", "kid": 7}),
        json!({"alg": "HS256", "kid": "x".repeat(129)}),
        json!({"alg": "HS256", "kid": "a b"}),
        json!({"alg": "HS256", "kid": "a\u{0}"}),
        json!("HS256"),
    ] {
        refused(&tokens, &make(header));
    }
    let unsigned = format!("{}.{}.", encode(b"{\"alg\":\"none\"}"), encode(&claims));
    refused(&tokens, &unsigned);
    // A key of the token's own, which it was then signed with.
    let own = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": encode(&[7; 32])}});
    let words = refused(&tokens, &by_hand(&own, &claims, &[7; 32]));
    assert!(words.contains("signature does not fit"), "{words}");
    let twice = format!(
        "{}.{}",
        encode(br#"{"alg":"none","alg":"HS256"}"#),
        encode(&claims)
    );
    let words = refused(&tokens, &format!("{twice}.{}", encode(&[0; 32])));
    assert!(words.contains("duplicate field"), "{words}");
}

#[test]
fn a_kid_is_never_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = pair(Algorithm::Ed25519, None);
    let keys = folder.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    std::fs::write(keys.join("a.pem"), public.to_pem()).unwrap();
    // A file that anybody may know, beside the folder: the attacker signs with its bytes.
    std::fs::write(folder.path().join("known.pem"), public.to_pem()).unwrap();
    let auth = Auth {
        key_folder: keys,
        unknown_kid_fallback: false,
        ..with_secret()
    };
    let tokens = tokens(&auth);
    for kid in [
        "../known",
        "../known.pem",
        "/dev/null",
        "a.pem",
        "./a",
        "..",
        "a%00",
        "*",
        "' OR 1=1",
    ] {
        for secret in [public.to_pem().as_bytes(), &[0; 32], SECRET.as_bytes()] {
            let token = by_hand(
                &json!({"alg": "HS256", "kid": kid}),
                &json_of(&claims()),
                secret,
            );
            refused(&tokens, &token);
        }
    }
}

#[test]
fn an_unknown_kid_falls_back_only_where_that_is_set() {
    let token = SigningKey::from_settings(&with_secret())
        .unwrap()
        .named(Some("of-the-identity-service".into()))
        .sign(&claims())
        .unwrap();
    assert!(tokens(&with_secret()).verify(token.as_bytes(), NOW).is_ok());
    let strict = Auth {
        unknown_kid_fallback: false,
        ..with_secret()
    };
    let words = refused(&tokens(&strict), &token);
    assert!(words.contains("names no key"), "{words}");
    // What falls back must still be signed with the key that it falls back to.
    let forged = pair(Algorithm::Ed25519, Some("x"))
        .0
        .sign(&claims())
        .unwrap();
    refused(&tokens(&with_secret()), &forged);
    // And one that names a key is held against that one alone.
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = pair(Algorithm::Ed25519, None);
    let set = [jwk(&public, "of-the-identity-service", json!({}))];
    let both = Auth {
        hs256_secret: SECRET.to_string().into(),
        ..with_set(folder.path(), &set)
    };
    let words = refused(&tokens(&both), &token);
    assert!(
        words.contains("algorithm is not that of its key"),
        "{words}"
    );
}

#[test]
fn keys_that_cannot_be_stop_the_start_and_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let (_, public) = pair(Algorithm::Ed25519, None);
    let whole = jwk(&public, "k", json!({}));
    let without = |name: &str| {
        let mut jwk = whole.clone();
        jwk.as_object_mut().unwrap().remove(name);
        jwk
    };
    for (set, words) in [
        (vec![whole.clone(), whole.clone()], "\"k\" is there twice"),
        (vec![without("kid")], "no `kid`"),
        (vec![without("x")], "no `x`"),
        (
            vec![jwk(&public, "k", json!({"alg": "HS256"}))],
            "`alg` is not EdDSA",
        ),
        (vec![jwk(&public, "k", json!({"d": "AQAB"}))], "private key"),
        (vec![jwk(&public, "k", json!({"d": null}))], "private key"),
        (vec![jwk(&public, "k", json!({"x": "AQAB"}))], "32 bytes"),
        (vec![jwk(&public, "k", json!({"x": "A=="}))], "base64url"),
        (
            vec![json!({"kty": "oct", "kid": "s", "k": "AQAB"})],
            "at least 32 bytes",
        ),
        (
            vec![
                json!({"kty": "EC", "crv": "SM2", "kid": "s", "x": encode(&[1; 32]), "y": encode(&[1; 32])}),
            ],
            "public key",
        ),
        (vec![], "no key to verify tokens with"),
    ] {
        let error = fault_of(&with_set(folder.path(), &set));
        assert!(error.contains(words), "{error}");
    }
    let keys = folder.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    let in_folder = Auth {
        key_folder: keys.clone(),
        ..nobody()
    };
    for (name, text, words) in [
        ("a.pem", "no key".to_string(), "no PEM"),
        ("a.pem", "-----BEGIN CERTIFICATE-----\n".into(), "a.pem"),
        (
            "a.pem",
            format!("Not-After: tomorrow\n{}", public.to_pem()),
            "no moment",
        ),
        (
            "a.pem",
            format!("{LAST}\nNot After: 2027-01-01\n{}", public.to_pem()),
            "neither Not-Before nor Not-After",
        ),
        (
            "a.pem",
            format!("\u{feff}NotAfter 2027-01-01\n{}", public.to_pem()),
            "neither Not-Before nor Not-After",
        ),
        (
            "a.pem",
            format!("Not-After\n{}", public.to_pem()),
            "no moment",
        ),
        (
            "a.pem",
            format!(
                "{LAST}\nnot-after: 2028-01-01T00:00:00Z\n{}",
                public.to_pem()
            ),
            "not-after is there twice",
        ),
        ("a b.pem", public.to_pem(), "KID.pem"),
    ] {
        std::fs::write(keys.join(name), text).unwrap();
        let error = fault_of(&in_folder);
        assert!(error.contains(words), "{error}");
        std::fs::remove_file(keys.join(name)).unwrap();
    }
    std::fs::write(keys.join("k.pem"), public.to_pem()).unwrap();
    let twice = Auth {
        key_folder: keys,
        ..with_set(folder.path(), &[whole])
    };
    let error = fault_of(&twice);
    assert!(
        error.contains("k.pem") && error.contains("twice"),
        "{error}"
    );
}

#[test]
fn a_token_has_one_spelling() {
    let tokens = tokens(&with_secret());
    let key = SigningKey::from_settings(&with_secret()).unwrap();
    let token = key.sign(&claims()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    for other in [
        format!("{token}="),
        format!("{token}."),
        format!(".{token}"),
        format!(" {token}"),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        token.replace('.', "\n."),
        token[..token.len() - 1].to_string(),
    ] {
        refused(&tokens, &other);
    }
    // The last digit of 43 has two bits that stand for nothing: another there would be a second spelling.
    let last = token.as_bytes()[token.len() - 1];
    for digit in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
        let mut other = token.clone().into_bytes();
        *other.last_mut().unwrap() = *digit;
        assert_eq!(tokens.verify(&other, NOW).is_ok(), *digit == last);
    }
    let claims =
        r#"{"sub":"zhang","sub":"root","roles":[],"division":"420106000","exp":9999999999}"#;
    let twice = by_hand(
        &json!({"alg": "HS256"}),
        claims.as_bytes(),
        SECRET.as_bytes(),
    );
    let words = refused(&tokens, &twice);
    assert!(words.contains("duplicate field"), "{words}");
}
