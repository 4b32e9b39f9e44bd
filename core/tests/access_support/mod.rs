//! What the tests of access share: the catalog, keys of each kind, their files, and tokens that were made by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![allow(dead_code, unreachable_pub)] // Each test file uses a part of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use hubu_core::access::{AccessError, Claims, SigningKey, Tokens, TrustedKeys};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::{Algorithm, PrivateKey, PublicKey, Signer};
use hubu_core::config::Auth;
use serde_json::{Value, json};
use sha2::Sha256;

pub const NOW: u64 = 1_800_000_000;
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub const KINDS: [Algorithm; 2] = [Algorithm::Sm2, Algorithm::Ed25519];

pub fn catalog() -> Arc<Catalog> {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    Arc::new(Catalog::from_sources(&Sources::read_dir(&config).unwrap()).unwrap())
}

/// No keys, and no leeway: what a test believes it says.
pub fn nobody() -> Auth {
    Auth {
        hs256_secret_file: PathBuf::new(),
        leeway_seconds: 0,
        ..Auth::default()
    }
}

/// The secret alone.
pub fn with_secret() -> Auth {
    Auth {
        hs256_secret: SECRET.to_string().into(),
        ..nobody()
    }
}

pub fn tokens(auth: &Auth) -> Tokens {
    Tokens::new(trust(auth).unwrap(), catalog(), 100)
}

pub fn trust(auth: &Auth) -> Result<TrustedKeys, AccessError> {
    TrustedKeys::from_settings(auth)
}

/// What is wrong with the keys of these settings.
pub fn fault_of(auth: &Auth) -> String {
    trust(auth).map(|_| ()).unwrap_err().to_string()
}

pub fn claims() -> Claims {
    Claims {
        sub: "zhang".into(),
        roles: vec!["agency_clerk".into()],
        division: "420106000".into(),
        agency: Some("420106000000000000001".into()),
        iat: Some(NOW - 10),
        exp: NOW + 600,
        ..Claims::default()
    }
}

/// A new key to sign with, and its public part.
pub fn pair(algorithm: Algorithm, kid: Option<&str>) -> (SigningKey, PublicKey) {
    let key = PrivateKey::generate(algorithm).unwrap();
    let public = key.public_key().clone();
    let key = SigningKey::from_private(key).named(kid.map(str::to_owned));
    (key, public)
}

pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The key as a JWK, with more members.
pub fn jwk(key: &PublicKey, kid: &str, more: Value) -> Value {
    let der = key.spki_der();
    let mut jwk = match key.algorithm() {
        Algorithm::Ed25519 => {
            json!({"kty": "OKP", "crv": "Ed25519", "x": encode(&der[der.len() - 32..])})
        }
        Algorithm::Sm2 => {
            let (x, y) = der[der.len() - 64..].split_at(32);
            json!({"kty": "EC", "crv": "SM2", "x": encode(x), "y": encode(y)})
        }
    };
    let members = jwk.as_object_mut().unwrap();
    members.insert("kid".into(), kid.into());
    members.extend(more.as_object().unwrap().clone());
    jwk
}

/// Settings that believe a set of these keys alone; the file lives as long as the folder.
pub fn with_set(folder: &Path, keys: &[Value]) -> Auth {
    let jwks_file = folder.join("keys.json");
    std::fs::write(&jwks_file, json!({ "keys": keys }).to_string()).unwrap();
    Auth {
        jwks_file,
        ..nobody()
    }
}

/// A token of these parts, signed with HS256 under `secret` whatever its header says.
pub fn by_hand(header: &Value, claims: &[u8], secret: &[u8]) -> String {
    let signed = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims)
    );
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    let mac = mac.chain_update(&signed).finalize().into_bytes();
    format!("{signed}.{}", encode(&mac))
}

pub fn json_of(claims: &Claims) -> Vec<u8> {
    serde_json::to_vec(claims).unwrap()
}

/// Why a token is not believed.
pub fn refused(tokens: &Tokens, token: &str) -> String {
    tokens
        .verify(token.as_bytes(), NOW)
        .unwrap_err()
        .to_string()
}

/// The error that a token gets at some time.
pub fn refusal(tokens: &Tokens, token: &str, now: u64) -> AccessError {
    tokens.verify(token.as_bytes(), now).unwrap_err()
}
