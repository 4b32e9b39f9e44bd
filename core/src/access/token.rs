//! Verifies bearer tokens, and remembers the good ones.
//!
//! Verifying costs tens of microseconds, so a verified token is kept: first by the connection that
//! sent it (one comparison of bytes), then in a bounded cache that all threads share (one lookup).
//! Both look at the clock, so that a remembered token still expires. Bad tokens are not kept.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use moka::sync::Cache;

use super::actor::actor_of;
use super::claims::Claims;
use super::error::AccessError;
use super::key::TrustedKeys;
use crate::catalog::model::Catalog;
use crate::engine::actor::Actor;

/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 4096;

/// A token that was found good.
#[derive(Debug)]
pub struct Verified {
    token: Box<[u8]>,
    expires_seconds: u64,
    /// Whose it is.
    pub actor: Arc<Actor>,
}

impl Verified {
    /// Whether this is the same token and its time is not over at `now_seconds` (since 1970).
    #[inline]
    pub fn is_good(&self, token: &[u8], now_seconds: u64) -> bool {
        now_seconds < self.expires_seconds && *self.token == *token
    }

    /// The same, sharing nothing with this one.
    pub(super) fn apart(&self) -> Self {
        Self {
            token: self.token.clone(),
            expires_seconds: self.expires_seconds,
            actor: Arc::new(Actor {
                name: Arc::from(&*self.actor.name),
                agency: self.actor.agency.as_deref().map(Arc::from),
                dept: self.actor.dept.as_deref().map(Arc::from),
                capacity: self.actor.capacity.clone(),
                ..*self.actor
            }),
        }
    }
}

/// The tokens that this server knows to be good.
pub struct Tokens {
    keys: TrustedKeys,
    catalog: Arc<Catalog>,
    known: Cache<Box<[u8]>, Arc<Verified>>,
}

impl Tokens {
    /// Believes `keys` and remembers up to `entries` tokens.
    pub fn new(keys: TrustedKeys, catalog: Arc<Catalog>, entries: u64) -> Self {
        Self {
            keys,
            catalog,
            known: Cache::new(entries),
        }
    }

    /// Who holds `token`, at `now_seconds` since 1970.
    ///
    /// # Errors
    /// Malformed, signed by somebody else, expired, or of a division that there is not.
    pub fn verify(&self, token: &[u8], now_seconds: u64) -> Result<Arc<Verified>, AccessError> {
        if let Some(known) = self.known.get(token) {
            if known.is_good(token, now_seconds) {
                return Ok(known);
            }
            self.known.invalidate(token);
        }
        let verified = Arc::new(self.judge(token, now_seconds)?);
        self.known.insert(token.into(), verified.clone());
        Ok(verified)
    }

    fn judge(&self, token: &[u8], now_seconds: u64) -> Result<Verified, AccessError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AccessError::Invalid("longer than 4096 bytes".into()));
        }
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let key = self.key_for(header.alg)?;
        let mut rules = Validation::new(header.alg);
        // The clock is the caller's, so the expiry is judged below.
        rules.validate_exp = false;
        rules.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &rules)
            .map_err(invalid)?
            .claims;
        if claims.exp <= now_seconds {
            return Err(AccessError::Expired);
        }
        let actor = Arc::new(actor_of(&claims, &self.catalog)?);
        Ok(Verified {
            token: token.into(),
            expires_seconds: claims.exp,
            actor,
        })
    }

    /// The key for an algorithm that we accept: the header may choose among these two and no other.
    fn key_for(&self, algorithm: Algorithm) -> Result<&DecodingKey, AccessError> {
        let key = match algorithm {
            Algorithm::HS256 => self.keys.hs256.as_ref(),
            Algorithm::EdDSA => self.keys.ed25519.as_ref(),
            _ => None,
        };
        key.ok_or_else(|| AccessError::Invalid(format!("no key for {algorithm:?}")))
    }
}

fn invalid(error: jsonwebtoken::errors::Error) -> AccessError {
    AccessError::Invalid(error.to_string())
}
