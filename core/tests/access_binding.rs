//! Tokens that are bound to a client certificate (RFC 8705): worth nothing without it, in every memory.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access_support;

use access_support::*;
use hubu_core::access::{
    AccessError, Bearer, Claims, Confirmation, Recent, SigningKey, Thumbprint, Tokens,
};
use hubu_core::http::session::Session;
use serde_json::{Value, json};
use std::sync::Arc;

/// A connection with a certificate or without.
fn connection(certificate: Option<Thumbprint>) -> Session {
    let session = Session::new();
    if let Some(thumbprint) = certificate {
        session.set_certificate("CN=gateway".into(), thumbprint);
    }
    session
}

fn signed(claims: &impl serde::Serialize) -> String {
    let key = SigningKey::from_settings(&with_secret()).unwrap();
    key.sign_json(&serde_json::to_vec(claims).unwrap()).unwrap()
}

fn tokens_here() -> Tokens {
    tokens(&with_secret())
}

#[test]
fn a_bound_token_lets_in_with_its_certificate_alone_whatever_remembers_it() {
    let own = Thumbprint::of(b"the gateway's certificate");
    let token = signed(&Claims {
        cnf: Some(Confirmation::to(&own)),
        ..claims()
    });
    let (tokens, recent) = (tokens_here(), Recent::default());
    let on = |session: &Session| {
        let bearer: Bearer<'_> = session.bearer(token.as_bytes(), NOW);
        [
            session.known(&tokens, bearer).is_some(),
            recent.get(&tokens, bearer).is_some(),
            tokens.known(bearer).is_some(),
        ]
    };
    let gateway = connection(Some(own));
    let verified = tokens
        .verify_or_name(gateway.bearer(token.as_bytes(), NOW))
        .unwrap();
    let remembered = recent.put(token.as_bytes(), &verified);
    gateway.remember(remembered.clone());
    assert_eq!(on(&gateway), [true; 3]);

    for other in [None, Some(Thumbprint::of(b"another's"))] {
        let thief = connection(other);
        // Worse than what happens: a connection remembers what it brought itself.
        thief.remember(remembered.clone());
        assert_eq!(on(&thief), [false; 3]);
        let refused = tokens.verify_or_name(thief.bearer(token.as_bytes(), NOW));
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, AccessError::Of { subject, .. } if &**subject == "zhang"),
            "the audit log names whose token it was: {refused:?}"
        );
        assert_eq!(refused.bare(), AccessError::Unbound);
        let still = tokens.known(gateway.bearer(token.as_bytes(), NOW));
        let is_same = still.is_some_and(|still| Arc::ptr_eq(&still, &verified));
        assert!(is_same, "the holder was thrown out of the memory");
    }
}

#[test]
fn a_token_that_is_not_bound_may_come_with_any_certificate() {
    let (tokens, token) = (tokens_here(), signed(&claims()));
    for certificate in [None, Some(Thumbprint::of(b"any"))] {
        let session = connection(certificate);
        let bearer = session.bearer(token.as_bytes(), NOW);
        assert!(tokens.verify_or_name(bearer).is_ok());
    }
}

#[test]
fn a_binding_that_is_not_understood_refuses_the_token() {
    let own = Thumbprint::of(b"certificate");
    let session = connection(Some(own));
    let tokens = tokens_here();
    let judge = |cnf: Value| {
        let mut whole = serde_json::to_value(claims()).unwrap();
        whole["cnf"] = cnf;
        let token = signed(&whole);
        tokens
            .verify_or_name(session.bearer(token.as_bytes(), NOW))
            .map(drop)
    };
    assert_eq!(judge(json!({"x5t#S256": own.to_string()})), Ok(()));
    for cnf in [
        json!({}),
        json!({"jkt": own.to_string()}),
        json!({"x5t#S256": own.to_string(), "jkt": own.to_string()}),
        json!({"x5t#S256": own.to_string() + "="}),
        json!({"x5t#S256": &own.to_string()[1..]}),
        json!({"x5t#S256": 7}),
        json!(own.to_string()),
        json!(null),
    ] {
        let refused = judge(cnf.clone());
        assert!(
            matches!(refused, Err(AccessError::Invalid(_))),
            "{cnf}: {refused:?}"
        );
    }
}
