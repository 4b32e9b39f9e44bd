//! A token's outer form (JWS compact serialization, RFC 7515, 7.1), read strictly and in one way for every algorithm.
//!
//! `header.claims.signature`, each in base64url without padding and with no other spelling of the same bytes. Of the header
//! only `alg` and `kid` count; `crit` is refused, since nothing critical is known here, and a key or an address in it (`jwk`,
//! `jku`, `x5c`, `x5u`) is never looked at. Claims are parsed only after the signature fits.

use std::borrow::Cow;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::error::AccessError;

/// The longest token that is looked at.
pub(super) const TOKEN_BYTES_MAX: usize = 4096;

/// The longest name of a key.
pub(super) const KID_BYTES_MAX: usize = 128;

/// How a token may be signed. Which of them counts is the key's to say, never the token's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256 (RFC 7518, 3.2).
    Hs256,
    /// Ed25519: `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864).
    Ed25519,
    /// SM2 with SM3 (GB/T 32918.2), default identity, signature `r || s`. JOSE has registered no name for it: `SM2SM3` is
    /// ours.
    Sm2,
}

impl TokenAlgorithm {
    /// The name that we write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Ed25519 => "EdDSA",
            Self::Sm2 => "SM2SM3",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "EdDSA" | "Ed25519" => Some(Self::Ed25519),
            "SM2SM3" => Some(Self::Sm2),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow, default)]
    kid: Option<Cow<'a, str>>,
    #[serde(rename = "crit", default, deserialize_with = "present")]
    has_crit: bool,
}

/// Yes for a member that is there, whatever it says: `null` as well.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[derive(Serialize)]
struct OwnHeader<'a> {
    typ: &'a str,
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// A token in its parts; nothing of it is believed yet.
pub(super) struct Jws<'a> {
    pub(super) algorithm: TokenAlgorithm,
    pub(super) kid: Option<Box<str>>,
    /// What is signed: header and claims as they came.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

impl<'a> Jws<'a> {
    /// The parts of a token.
    pub(super) fn parse(token: &'a [u8]) -> Result<Self, AccessError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(invalid("longer than 4096 bytes"));
        }
        let text = std::str::from_utf8(token).map_err(|_| invalid("other than base64url"))?;
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(invalid("not of three parts"));
        };
        let bytes = decode(header)?;
        let read: Header<'_> = serde_json::from_slice(&bytes)
            .map_err(|error| invalid(&format!("its header: {error}")))?;
        if read.has_crit {
            return Err(invalid("its header has `crit`"));
        }
        let algorithm = TokenAlgorithm::named(&read.alg)
            .ok_or_else(|| invalid("signed by no algorithm that is believed here"))?;
        let is_name = |kid: &str| {
            (1..=KID_BYTES_MAX).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_graphic())
        };
        if read.kid.as_deref().is_some_and(|kid| !is_name(kid)) {
            return Err(invalid("its `kid` is no name of a key"));
        }
        Ok(Self {
            algorithm,
            kid: read.kid.as_deref().map(Into::into),
            signed: &token[..header.len() + 1 + claims.len()],
            signature: decode(signature)?,
            claims,
        })
    }

    /// The claims' JSON; to be asked for once the signature fits.
    pub(super) fn claims(&self) -> Result<Vec<u8>, AccessError> {
        decode(self.claims)
    }
}

/// Header and claims, ready to be signed.
pub(super) fn unsigned(algorithm: TokenAlgorithm, kid: Option<&str>, claims: &[u8]) -> String {
    let header = OwnHeader {
        typ: "JWT",
        alg: algorithm.name(),
        kid,
    };
    // Three texts always become JSON.
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let encode = Base64UrlUnpadded::encode_string;
    format!("{}.{}", encode(&header), encode(claims))
}

/// The whole token.
pub(super) fn with_signature(unsigned: &str, signature: &[u8]) -> String {
    format!("{unsigned}.{}", Base64UrlUnpadded::encode_string(signature))
}

/// Bytes from base64url; one spelling each.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, AccessError> {
    let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| invalid("other than base64url"))?;
    // Bits behind the last byte would make a second spelling.
    if Base64UrlUnpadded::encode_string(&bytes) != text {
        return Err(invalid("other than base64url"));
    }
    Ok(bytes)
}

pub(super) fn invalid(reason: &str) -> AccessError {
    AccessError::Invalid(reason.into())
}
