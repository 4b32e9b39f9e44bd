//! A JWK Set (RFC 7517): how an identity service hands over its public keys, in a file.
//!
//! | key | members | tokens |
//! | --- | --- | --- |
//! | Ed25519 (RFC 8037) | `"kty":"OKP","crv":"Ed25519","x"` | `EdDSA`, `Ed25519` |
//! | secret (RFC 7518, 6.4) | `"kty":"oct","k"` | `HS256` |
//! | SM2 | `"kty":"EC","crv":"SM2","x","y"` | `SM2SM3` |
//!
//! No curve name and no algorithm for SM2 is registered for JOSE: `SM2` and `SM2SM3` are ours. Each key needs its `kid`.
//! `nbf` and `exp` (seconds since 1970) say when a key is good, which RFC 7517 leaves open. Keys for encryption and of
//! kinds that are not believed here are passed over, as the standard asks; a private key is refused.

use std::path::Path;

use serde::Deserialize;

use super::error::AccessError;
use super::file::fault;
use super::jws::{KID_BYTES_MAX, TokenAlgorithm, decode, present};
use super::key::{Key, Period};
use crate::cipher::PublicKey;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
    #[serde(rename = "d", default, deserialize_with = "present")]
    has_d: bool,
    nbf: Option<u64>,
    exp: Option<u64>,
}

/// The keys of a set that are believed here.
///
/// # Errors
/// No JWK Set, or a key in it that is not whole.
pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Key>, AccessError> {
    let set: Set = serde_json::from_slice(bytes)
        .map_err(|error| fault(path, &format!("no JWK Set: {error}")))?;
    let mut keys = Vec::new();
    for (at, jwk) in set.keys.iter().enumerate() {
        let named = jwk.kid.as_deref().unwrap_or("no kid");
        let wrong = |reason: String| fault(path, &format!("key {} ({named}): {reason}", at + 1));
        keys.extend(jwk.key().map_err(wrong)?);
    }
    Ok(keys)
}

impl Jwk {
    /// The key; `None` for one that is passed over.
    fn key(&self) -> Result<Option<Key>, String> {
        if self
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig")
        {
            return Ok(None);
        }
        let made = match (self.kty.as_str(), self.crv.as_deref()) {
            ("oct", _) => Made::Secret(bytes("k", self.k.as_deref())?),
            ("OKP", Some("Ed25519")) => Made::Public(self.ed25519()?),
            ("EC", Some("SM2")) => Made::Public(self.sm2()?),
            _ => return Ok(None),
        };
        if self.has_d {
            return Err("a private key (`d`): the server wants the public one alone".into());
        }
        let kid = self.kid.as_deref().ok_or("it has no `kid`")?;
        let is_name = (1..=KID_BYTES_MAX).contains(&kid.len());
        if !is_name || !kid.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("a `kid` has 1 to 128 visible ASCII characters".into());
        }
        let period = Period {
            from: self.nbf.unwrap_or(0),
            until: self.exp.unwrap_or(u64::MAX),
        };
        let key = match made {
            Made::Secret(secret) => Key::secret(Some(kid), &secret, period)?,
            Made::Public(key) => Key::public(Some(kid), key, period),
        };
        let named = self.alg.as_deref().map(TokenAlgorithm::named);
        if named.is_some_and(|algorithm| algorithm != Some(key.algorithm())) {
            return Err(format!("its `alg` is not {}", key.algorithm().name()));
        }
        Ok(Some(key))
    }

    fn ed25519(&self) -> Result<PublicKey, String> {
        let x = bytes("x", self.x.as_deref())?;
        let x = x.as_slice().try_into().map_err(|_| "`x` has 32 bytes")?;
        PublicKey::from_ed25519_bytes(x).map_err(|error| error.to_string())
    }

    fn sm2(&self) -> Result<PublicKey, String> {
        let (x, y) = (
            bytes("x", self.x.as_deref())?,
            bytes("y", self.y.as_deref())?,
        );
        if x.len() != 32 || y.len() != 32 {
            return Err("`x` and `y` have 32 bytes each".into());
        }
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        PublicKey::from_sm2_point(&point).map_err(|error| error.to_string())
    }
}

enum Made {
    Secret(Vec<u8>),
    Public(PublicKey),
}

fn bytes(name: &str, text: Option<&str>) -> Result<Vec<u8>, String> {
    let text = text.ok_or_else(|| format!("it has no `{name}`"))?;
    decode(text).map_err(|_| format!("`{name}` is other than base64url without padding"))
}
