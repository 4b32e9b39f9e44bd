//! Verifies bearer tokens, and remembers the good ones.
//!
//! Verifying costs from a few to hundreds of microseconds, so a verified token is kept: by the connection that sent it (one
//! comparison of bytes), by the thread ([`super::Recent`]), and in a bounded cache that all threads share. Bad tokens
//! are not kept.
//!
//! **No memory outlives its reason.** A remembered token carries the time until which it is good (the earliest of its own
//! end, its key's, its delegation's) and the epoch at which it was last held against keys and revocations. Whoever reads
//! new keys or a new list raises the epoch; each use compares it, one atomic load, and where it is another asks again
//! whether the same key is there and nothing revokes the token. That takes some look-ups and no signature, so a change of
//! the list does not make forty thousand people's tokens be verified anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use quick_cache::sync::Cache;

use super::actor::{actor_of, roles_of};
use super::binding::{Confirmation, Thumbprint};
use super::claims::Claims;
use super::error::AccessError;
use super::jws::{Jws, invalid};
use super::key::KeyMark;
use super::revocation::Basis;
use super::rules::Rules;
use super::trust::{Believed, TrustedKeys};
use crate::catalog::model::Catalog;
use crate::config::Auth;
use crate::engine::actor::Actor;

/// What a request brings to be let in by.
#[derive(Clone, Copy)]
pub struct Bearer<'a> {
    /// The token.
    pub token: &'a [u8],
    /// The client certificate of its connection.
    pub certificate: Option<Thumbprint>,
    /// When it is asked, in seconds since 1970.
    pub now_seconds: u64,
}

impl<'a> Bearer<'a> {
    /// A token that comes without a certificate.
    pub fn alone(token: &'a [u8], now_seconds: u64) -> Self {
        Self {
            token,
            certificate: None,
            now_seconds,
        }
    }
}

/// A token that was found good.
pub struct Verified {
    token: Box<[u8]>,
    until_seconds: u64,
    /// When keys and revocations last let it by.
    epoch: AtomicU64,
    grounds: Arc<Grounds>,
    /// The certificate that has to come with it.
    binding: Option<Thumbprint>,
    /// Whose it is.
    pub actor: Arc<Actor>,
}

// The token itself is a secret: whoever reads it in a log is its holder.
impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verified")
            .field("until_seconds", &self.until_seconds)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}

/// Why a token is believed: looked at again when keys or list change.
#[derive(Debug)]
struct Grounds {
    key: KeyMark,
    basis: Basis,
}

impl Verified {
    /// Whether this is the same token and its time is not over.
    #[inline]
    fn is_good(&self, bearer: Bearer<'_>) -> bool {
        bearer.now_seconds < self.until_seconds && *self.token == *bearer.token
    }

    /// Whether what it is bound to, if anything, came with it.
    #[inline]
    fn comes_with(&self, bearer: Bearer<'_>) -> bool {
        self.binding.is_none() || self.binding == bearer.certificate
    }

    /// Until when it is good at most, in seconds since 1970.
    pub fn until_seconds(&self) -> u64 {
        self.until_seconds
    }

    /// The same, sharing nothing with this one that is counted on each request.
    pub(super) fn apart(&self) -> Self {
        Self {
            token: self.token.clone(),
            until_seconds: self.until_seconds,
            epoch: AtomicU64::new(self.epoch.load(Ordering::Acquire)),
            grounds: self.grounds.clone(),
            binding: self.binding,
            actor: Arc::new(Actor {
                name: Arc::from(&*self.actor.name),
                agency: self.actor.agency.as_deref().map(Arc::from),
                dept: self.actor.dept.as_deref().map(Arc::from),
                narrowed: self.actor.narrowed.clone(),
                ..*self.actor
            }),
        }
    }
}

/// The tokens that this server knows to be good.
pub struct Tokens {
    auth: Auth,
    rules: Rules,
    believed: ArcSwap<Believed>,
    /// Raised after each change of what is believed.
    epoch: AtomicU64,
    /// What was wrong at the last reading, so that it is told once. Its lock is also that of reading anew.
    trouble: Mutex<Option<String>>,
    catalog: Arc<Catalog>,
    /// By the end of the token, which is the end of a signature and as good as random. Whoever finds one compares all of
    /// it; hashing and comparing it once more as a key would cost more than all the rest.
    known: Cache<u128, Arc<Verified>>,
}

impl Tokens {
    /// Believes `keys` and remembers up to `entries` tokens.
    pub fn new(keys: TrustedKeys, catalog: Arc<Catalog>, entries: usize) -> Self {
        let TrustedKeys {
            auth,
            rules,
            believed,
        } = keys;
        tell(&believed);
        metrics::gauge!("hubu_keys_unreadable").set(0.0);
        // Shown from the start, as 0.
        metrics::counter!("hubu_key_reload_failures_total").increment(0);
        metrics::counter!("hubu_break_glass_acts_total").increment(0);
        Self {
            auth,
            rules,
            believed: ArcSwap::from_pointee(believed),
            epoch: AtomicU64::new(1),
            trouble: Mutex::new(None),
            catalog,
            known: Cache::new(entries),
        }
    }

    /// Who asks, where their token was verified before and is still believed.
    pub fn known(&self, bearer: Bearer<'_>) -> Option<Arc<Verified>> {
        let known = self.known.get(&end_of(bearer.token)?)?;
        self.stands(&known, bearer).then_some(known)
    }

    /// Who holds `token` that comes without a certificate, at `now_seconds` since 1970.
    ///
    /// # Errors
    /// Malformed, signed by somebody else, revoked, out of its time, bound to a certificate, or of a division that there
    /// is not.
    pub fn verify(&self, token: &[u8], now_seconds: u64) -> Result<Arc<Verified>, AccessError> {
        let verified = self.verify_or_name(Bearer::alone(token, now_seconds));
        verified.map_err(AccessError::bare)
    }

    /// Who asks; of a token that is over, revoked or bound to something else the error says whose it was
    /// ([`AccessError::Of`]).
    ///
    /// # Errors
    /// As [`Tokens::verify`].
    pub fn verify_or_name(&self, bearer: Bearer<'_>) -> Result<Arc<Verified>, AccessError> {
        let end = end_of(bearer.token);
        if let Some((end, known)) = end.and_then(|end| Some((end, self.known.get(&end)?))) {
            if self.is_believed(&known, bearer) {
                // Whoever stole it throws its holder out of no memory, and is told so without another look at the signature.
                return match known.comes_with(bearer) {
                    true => Ok(known),
                    false => Err(AccessError::Unbound.of(&known.grounds.basis.subject)),
                };
            }
            // Nor does one that merely ends like it.
            if *known.token == *bearer.token {
                self.known.remove(&end);
            }
        }
        let verified = Arc::new(self.judge(bearer)?);
        if let Some(end) = end {
            self.known.insert(end, verified.clone());
        }
        Ok(verified)
    }

    /// Whether a remembered token is this one, comes with what it is bound to, and is still believed: what every memory
    /// asks before it answers.
    #[inline]
    pub fn stands(&self, known: &Verified, bearer: Bearer<'_>) -> bool {
        self.is_believed(known, bearer) && known.comes_with(bearer)
    }

    #[inline]
    fn is_believed(&self, known: &Verified, bearer: Bearer<'_>) -> bool {
        let epoch = self.epoch.load(Ordering::Acquire);
        known.is_good(bearer)
            && (known.epoch.load(Ordering::Acquire) == epoch || self.confirm(known, epoch))
    }

    /// Holds a remembered token against what is believed now. `epoch` was read before: what is looked at is as new or
    /// newer.
    #[cold]
    fn confirm(&self, known: &Verified, epoch: u64) -> bool {
        let believed = self.believed.load();
        let Grounds { key, basis } = &*known.grounds;
        let stands =
            believed.ring.holds(basis.kid.as_deref(), key) && !believed.revoked.covers(basis);
        if stands {
            known.epoch.fetch_max(epoch, Ordering::AcqRel);
        }
        stands
    }

    fn judge(&self, bearer: Bearer<'_>) -> Result<Verified, AccessError> {
        let Bearer {
            token, now_seconds, ..
        } = bearer;
        // Before the keys: then the mark is never newer than what was looked at.
        let epoch = self.epoch.load(Ordering::Acquire);
        let believed = self.believed.load();
        let jws = Jws::parse(token)?;
        let key = believed
            .ring
            .key_for(&jws, self.auth.unknown_kid_fallback)?;
        if now_seconds < key.from_seconds || now_seconds >= key.until_seconds {
            return Err(invalid("its key's time has not begun, or is over"));
        }
        key.verify(jws.signed, &jws.signature)?;
        let claims: Claims = serde_json::from_slice(&jws.claims()?)
            .map_err(|error| invalid(&format!("its claims: {error}")))?;
        let is_break_glass = self
            .catalog
            .is_break_glass(roles_of(&claims, &self.catalog));
        let judged = self.rules.judge(&claims, is_break_glass, now_seconds);
        let until = judged.map_err(|error| error.of(&claims.sub))?;
        let actor = Arc::new(actor_of(&claims, &self.catalog)?);
        let binding = claims.cnf.as_ref().map(Confirmation::thumbprint);
        let binding = binding.transpose()?;
        let basis = Basis {
            jti: claims.jti.map(Into::into),
            kid: jws.kid,
            subject: claims.sub.into(),
            delegated_by: claims.delegated_by.map(Into::into),
            issued_seconds: claims.iat.unwrap_or(0),
        };
        if believed.revoked.covers(&basis) {
            return Err(AccessError::Revoked.of(&basis.subject));
        }
        let algorithm = key.algorithm().name();
        metrics::counter!("hubu_tokens_verified_total", "alg" => algorithm).increment(1);
        let verified = Verified {
            token: token.into(),
            until_seconds: until.min(key.until_seconds),
            epoch: AtomicU64::new(epoch),
            grounds: Arc::new(Grounds {
                key: key.mark,
                basis,
            }),
            binding,
            actor,
        };
        match verified.comes_with(bearer) {
            true => Ok(verified),
            false => Err(AccessError::Unbound.of(&verified.grounds.basis.subject)),
        }
    }

    /// Reads keys and revocations again, and says whether they changed. What can't be read leaves the former ones in
    /// force; the log and `hubu_keys_unreadable` say so. Only the thread that may open files calls this.
    ///
    /// # Errors
    /// One of the files can't be read or says something that can't be.
    pub fn reload(&self) -> Result<bool, AccessError> {
        // Held while the files are read: of two readings at a time the older must not take the newer one's place.
        let mut trouble = self.trouble.lock();
        let former = self.believed.load().digest;
        let read = super::trust::read_changed(&self.auth, &former);
        metrics::gauge!("hubu_keys_unreadable").set(f64::from(u8::from(read.is_err())));
        let changed = match read {
            Ok(changed) => changed,
            Err(error) => {
                let words = error.to_string();
                if trouble.as_ref() != Some(&words) {
                    metrics::counter!("hubu_key_reload_failures_total").increment(1);
                    tracing::error!(%error, "keys and revocations stay as they were: mend the file");
                    *trouble = Some(words);
                }
                return Err(error);
            }
        };
        if trouble.take().is_some() {
            tracing::info!("keys and revocations can be read again");
        }
        let Some(believed) = changed else {
            return Ok(false);
        };
        tell(&believed);
        let (keys, revoked) = (believed.ring.len(), believed.revoked.count());
        self.believed.store(Arc::new(believed));
        self.epoch.fetch_add(1, Ordering::AcqRel);
        tracing::info!(keys, revoked, "keys and revocations were read anew");
        if keys == 0 {
            tracing::error!("no key is left to verify tokens with: nobody is let in");
        }
        Ok(true)
    }
}

/// The end of a token, by which it is found again; shorter ones are none.
#[inline]
fn end_of(token: &[u8]) -> Option<u128> {
    token.last_chunk().map(|end| u128::from_le_bytes(*end))
}

fn tell(believed: &Believed) {
    metrics::gauge!("hubu_token_keys").set(believed.ring.len() as f64);
    metrics::gauge!("hubu_token_revocations").set(believed.revoked.count() as f64);
}
