//! What a token must say: its time within a stated leeway, its issuer and audience, delegation, emergency, narrowing.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_support;

use access_support::*;
use hubu_core::access::{AccessError, Audience, Claims, Only, SigningKey};
use hubu_core::config::Auth;
use serde_json::json;

fn sign(claims: &Claims) -> String {
    let key = SigningKey::from_settings(&with_secret()).unwrap();
    key.sign(claims).unwrap()
}

#[test]
fn clocks_may_differ_by_the_leeway_and_no_more() {
    for leeway in [0, 30] {
        let auth = Auth {
            leeway_seconds: leeway,
            ..with_secret()
        };
        let tokens = tokens(&auth);
        let leeway = u64::from(leeway);
        let token = sign(&Claims {
            nbf: Some(NOW + 100),
            iat: Some(NOW + 50),
            exp: NOW + 200,
            ..claims()
        });
        let at = |now| tokens.verify(token.as_bytes(), now).map(|_| ());
        assert_eq!(at(NOW + 100 - leeway - 1), Err(AccessError::NotYet));
        assert_eq!(at(NOW + 100 - leeway), Ok(()));
        assert_eq!(at(NOW + 200 + leeway - 1), Ok(()));
        assert_eq!(at(NOW + 200 + leeway), Err(AccessError::Expired));
        let from_tomorrow = sign(&Claims {
            iat: Some(NOW + leeway + 1),
            ..claims()
        });
        assert_eq!(refusal(&tokens, &from_tomorrow, NOW), AccessError::NotYet);
    }
}

#[test]
fn dates_are_read_as_the_standard_writes_them() {
    let tokens = tokens(&with_secret());
    let make = |nbf: serde_json::Value| {
        let claims = json!({"sub": "zhang", "roles": [], "division": "420106000", "exp": NOW + 9, "nbf": nbf});
        by_hand(
            &json!({"alg": "HS256"}),
            claims.to_string().as_bytes(),
            SECRET.as_bytes(),
        )
    };
    for nbf in [json!(NOW), json!(NOW as f64 + 0.7), json!(null)] {
        assert!(tokens.verify(make(nbf).as_bytes(), NOW).is_ok());
    }
    for nbf in [json!(-1), json!(1e300), json!("now"), json!([1])] {
        let words = refused(&tokens, &make(nbf));
        assert!(words.contains("its claims"), "{words}");
    }
    assert_eq!(
        refusal(&tokens, &make(json!(NOW as f64 + 1.5)), NOW),
        AccessError::NotYet
    );
}

#[test]
fn ends_are_read_with_fractions_as_well_which_are_cut_off() {
    let tokens = tokens(&with_secret());
    let make = |exp: serde_json::Value, until: serde_json::Value| {
        let claims = json!({
            "sub": "li", "roles": [], "division": "420106000", "iat": NOW, "exp": exp,
            "delegated_by": "zhang", "delegated_until": until,
        });
        by_hand(
            &json!({"alg": "HS256"}),
            claims.to_string().as_bytes(),
            SECRET.as_bytes(),
        )
    };
    let token = make(json!(NOW as f64 + 9.7), json!(NOW as f64 + 5.7));
    let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
    assert_eq!(verified.until_seconds(), NOW + 5);
    let token = make(json!(NOW as f64 + 3.7), json!(NOW + 5));
    let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
    assert_eq!(verified.until_seconds(), NOW + 3);
    for wrong in [json!(-1), json!(1e300), json!("9"), json!([1])] {
        for token in [
            make(wrong.clone(), json!(NOW + 5)),
            make(json!(NOW + 9), wrong.clone()),
        ] {
            let words = refused(&tokens, &token);
            assert!(words.contains("its claims"), "{wrong}: {words}");
        }
    }
    let words = refused(&tokens, &make(json!(null), json!(NOW + 5)));
    assert!(words.contains("its claims"), "a token has an end: {words}");
}

#[test]
fn issuer_and_audience_are_required_once_they_are_set() {
    let auth = Auth {
        issuer: "https://id.example".into(),
        audience: "hubu".into(),
        ..with_secret()
    };
    let tokens = tokens(&auth);
    let of = |iss: Option<&str>, aud: Option<Audience>| {
        sign(&Claims {
            iss: iss.map(Into::into),
            aud,
            ..claims()
        })
    };
    let ours = || Some(Audience::One("hubu".into()));
    let issuer = Some("https://id.example");
    for token in [
        of(issuer, ours()),
        of(
            issuer,
            Some(Audience::Many(vec!["other".into(), "hubu".into()])),
        ),
    ] {
        assert!(tokens.verify(token.as_bytes(), NOW).is_ok());
    }
    for (token, words) in [
        (of(None, ours()), "issuer"),
        (of(Some("https://id.example/"), ours()), "issuer"),
        (of(issuer, None), "audience"),
        (of(issuer, Some(Audience::One("hubu2".into()))), "audience"),
        (of(issuer, Some(Audience::Many(Vec::new()))), "audience"),
    ] {
        let found = refused(&tokens, &token);
        assert!(found.contains(words), "{found}");
    }
}

#[test]
fn a_delegate_acts_in_both_names_until_the_end() {
    let tokens = tokens(&with_secret());
    let delegate = Claims {
        sub: "li".into(),
        delegated_by: Some("zhang".into()),
        delegated_until: Some(NOW + 50),
        ..claims()
    };
    let token = sign(&delegate);
    let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
    let named = verified.actor.named();
    assert_eq!((named.person, named.on_behalf_of), ("li", Some("zhang")));
    assert_eq!(verified.until_seconds(), NOW + 50);
    assert_eq!(refusal(&tokens, &token, NOW + 50), AccessError::Expired);

    let wrong = |change: fn(&mut Claims)| {
        let mut claims = delegate.clone();
        change(&mut claims);
        refused(&tokens, &sign(&claims))
    };
    for (found, words) in [
        (wrong(|c| c.iat = None), "`iat`"),
        (wrong(|c| c.delegated_until = None), "go together"),
        (wrong(|c| c.delegated_by = None), "go together"),
        (
            wrong(|c| c.delegated_by = Some("li".into())),
            "to themselves",
        ),
        (
            wrong(|c| c.delegated_by = Some(String::new())),
            "1 to 128 bytes",
        ),
        (
            wrong(|c| c.delegated_by = Some("wang⇐zhang".into())),
            "names have not",
        ),
        (wrong(|c| c.sub = "li⇐wang".into()), "names have not"),
        (
            wrong(|c| c.delegated_until = Some(NOW + 91 * 86_400)),
            "delegation_days_max",
        ),
        (
            wrong(|c| c.delegated_until = Some(u64::MAX)),
            "delegation_days_max",
        ),
    ] {
        assert!(found.contains(words), "{found}");
    }
}

#[test]
fn a_name_has_no_white_space_around_it_and_no_control_character() {
    let tokens = tokens(&with_secret());
    let good = Claims {
        sub: "Zhang San 三".into(),
        ..claims()
    };
    let verified = tokens.verify(sign(&good).as_bytes(), NOW).unwrap();
    assert_eq!(&*verified.actor.name, "Zhang San 三");
    for name in [
        " zhang",
        "zhang ",
        "zhang\u{3000}",
        "zhang\n",
        "zh\0ang",
        "zh\tang",
        "zhang\u{85}",
        " ",
    ] {
        let held = Claims {
            sub: name.into(),
            ..claims()
        };
        let lent = Claims {
            delegated_by: Some(name.into()),
            delegated_until: Some(NOW + 50),
            ..claims()
        };
        for (claims, claim) in [(held, "`sub`"), (lent, "`delegated_by`")] {
            let found = refused(&tokens, &sign(&claims));
            assert!(
                found.contains(claim) && found.contains("white space"),
                "{name:?}: {found}"
            );
        }
    }
}

#[test]
fn a_broken_glass_has_a_reason_and_a_short_life() {
    let auth = Auth {
        leeway_seconds: 30,
        ..with_secret()
    };
    let tokens = tokens(&auth);
    let emergency = Claims {
        roles: vec!["emergency".into()],
        reason: Some("the vault is flooded".into()),
        iat: Some(NOW),
        exp: NOW + 3600,
        ..claims()
    };
    let token = sign(&emergency);
    let verified = tokens.verify(token.as_bytes(), NOW).unwrap();
    assert_eq!(&*verified.actor.name, "zhang‼the vault is flooded");
    assert_eq!(verified.until_seconds(), NOW + 3600, "no leeway");
    let catalog = catalog();
    let roles = hubu_core::catalog::document::RoleSet(verified.actor.roles);
    let names: Vec<_> = catalog.role_names(roles).collect();
    assert_eq!(
        names,
        [
            "agency_reviewer",
            "treasury_office",
            "payment_centre",
            "emergency"
        ]
    );

    let wrong = |change: fn(&mut Claims)| {
        let mut claims = emergency.clone();
        change(&mut claims);
        refused(&tokens, &sign(&claims))
    };
    for (found, words) in [
        (wrong(|c| c.reason = None), "`reason`"),
        (wrong(|c| c.reason = Some("  ".into())), "`reason`"),
        (wrong(|c| c.reason = Some("x".repeat(201))), "`reason`"),
        (
            wrong(|c| c.reason = Some("a\nforged line".into())),
            "`reason`",
        ),
        (wrong(|c| c.iat = None), "`iat`"),
        (wrong(|c| c.exp += 1), "break_glass_minutes_max"),
        (wrong(|c| c.exp = u64::MAX), "break_glass_minutes_max"),
        (
            wrong(|c| (c.delegated_by, c.delegated_until) = (Some("li".into()), Some(NOW + 9))),
            "not delegated",
        ),
    ] {
        assert!(found.contains(words), "{found}");
    }
    // A reason alone breaks nothing.
    let plain = sign(&Claims {
        reason: Some("x".into()),
        ..claims()
    });
    let plain = tokens.verify(plain.as_bytes(), NOW).unwrap();
    assert_eq!(&*plain.actor.name, "zhang");
}

#[test]
fn a_narrowing_that_is_not_understood_refuses_the_token() {
    let tokens = tokens(&with_secret());
    let make = |only: serde_json::Value| {
        let claims = json!({"sub": "s", "roles": ["agency_clerk"], "division": "420106000", "exp": NOW + 9, "only": only});
        by_hand(
            &json!({"alg": "HS256"}),
            claims.to_string().as_bytes(),
            SECRET.as_bytes(),
        )
    };
    let good = make(
        json!({"read_only": true, "divisions": ["420106000", "999999999"], "types": [], "operations": ["work"]}),
    );
    let verified = tokens.verify(good.as_bytes(), NOW).unwrap();
    let narrowed = verified.actor.narrowed.as_ref().unwrap();
    assert!(narrowed.is_read_only);
    assert_eq!(
        narrowed.divisions.as_ref().unwrap().len(),
        1,
        "one that there is not lets nothing by"
    );
    assert!(narrowed.lets_ask("work", false) && !narrowed.lets_ask("quotas", false));
    assert!(!narrowed.lets_ask("work", true), "it only reads");
    for only in [
        json!({"ip": "10.0.0.1"}),
        json!({"types": "payment"}),
        json!(true),
        json!(["work"]),
        json!(null),
        json!({"types": null}),
        json!({"divisions": null, "read_only": true}),
    ] {
        let words = refused(&tokens, &make(only));
        assert!(words.contains("its claims"), "{words}");
    }
    assert_eq!(serde_json::to_value(Only::default()).unwrap(), json!({}));
}
