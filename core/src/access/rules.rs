//! What a token must say besides whose it is: its time, its issuer, for whom, and how long an exception may last.
//!
//! The clocks of issuer and server may differ by `auth.leeway_seconds`: `exp` counts so much later, `nbf` and `iat` so
//! much earlier. The end of a delegation, the life of a break-glass token and the time of a key have no leeway.

use super::claims::Claims;
use super::error::AccessError;
use super::jws::invalid;
use crate::config::Auth;

const DAY_SECONDS: u64 = 86_400;

/// The settings that tokens are judged by.
pub(super) struct Rules {
    leeway_seconds: u64,
    issuer: String,
    audience: String,
    delegation_seconds_max: u64,
    break_glass_seconds_max: u64,
}

impl Rules {
    pub(super) fn from_settings(auth: &Auth) -> Self {
        Self {
            leeway_seconds: u64::from(auth.leeway_seconds),
            issuer: auth.issuer.clone(),
            audience: auth.audience.clone(),
            delegation_seconds_max: u64::from(auth.delegation_days_max) * DAY_SECONDS,
            break_glass_seconds_max: u64::from(auth.break_glass_minutes_max) * 60,
        }
    }

    /// Judges a token at `now` (seconds since 1970); says until when it is good, the end not included.
    ///
    /// # Errors
    /// It is over, or has not begun; another issuer's, or for another audience; an exception that lasts too long or does not
    /// say from when.
    pub(super) fn judge(
        &self,
        claims: &Claims,
        is_break_glass: bool,
        now: u64,
    ) -> Result<u64, AccessError> {
        let begun = now.saturating_add(self.leeway_seconds);
        if claims.nbf.is_some_and(|nbf| nbf > begun) || claims.iat.is_some_and(|iat| iat > begun) {
            return Err(AccessError::NotYet);
        }
        if !self.issuer.is_empty() && claims.iss.as_deref() != Some(&self.issuer) {
            return Err(invalid("of another issuer than auth.issuer"));
        }
        let is_ours = |audience: &super::claims::Audience| audience.includes(&self.audience);
        if !self.audience.is_empty() && !claims.aud.as_ref().is_some_and(is_ours) {
            return Err(invalid("for another audience than auth.audience"));
        }
        let mut until = claims.exp.saturating_add(self.leeway_seconds);
        if let Some(end) = claims.delegated_until {
            // Counted from now, a token could be used for years before its delegation is short enough.
            let from = claims
                .iat
                .ok_or_else(|| invalid("a delegation says `iat`"))?;
            if end > from.saturating_add(self.delegation_seconds_max) {
                return Err(invalid(
                    "a delegation lasts longer than auth.delegation_days_max",
                ));
            }
            until = until.min(end);
        }
        if is_break_glass {
            until = until.min(self.break_glass_end(claims)?);
        }
        if until <= now {
            return Err(AccessError::Expired);
        }
        Ok(until)
    }

    fn break_glass_end(&self, claims: &Claims) -> Result<u64, AccessError> {
        let issued = claims
            .iat
            .ok_or_else(|| invalid("a token with a role for emergencies says `iat`"))?;
        let end = issued.saturating_add(self.break_glass_seconds_max);
        if claims.exp > end {
            return Err(invalid(
                "a token with a role for emergencies lives longer than auth.break_glass_minutes_max",
            ));
        }
        Ok(claims.exp)
    }
}
