//! A private key in a file, locked (加密的密钥文件): of no use to whoever has the file alone.
//!
//! ```text
//! hubu-key 1
//! algorithm sm2                               or ed25519
//! key 0f3a...                                 fingerprint of the public key, 16 hex digits
//! public 3059...                              the public key in DER (SubjectPublicKeyInfo), hex
//! cipher sm4-gcm                              or aes-256-gcm
//! derive argon2id 65536 3 1                   RFC 9106: memory in KiB, passes, lanes; or `derive hmac-sm3`
//! salt 5c...                                  16 random bytes
//! nonce 91...                                 12 random bytes
//! locked 77...                                the private key (PKCS #8, PEM) and the tag, encrypted
//! check a0...                                 SM3 over every byte above, its first 8 bytes
//! ```
//!
//! Everything above `locked` is associated data: who changes it makes the file unreadable. `check` is no protection; it
//! tells a damaged file from a wrong passphrase. The cipher's key is what Argon2id makes of a passphrase, or HMAC-SM3 of
//! the salt under the bytes of a wrapping key file: 32 bytes, of which SM4 takes the first 16.

use hmac::{Hmac, KeyInit, Mac};
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

use super::aead::{Aead, AeadKind, NONCE_BYTES};
use super::hex::{array_from_hex, from_hex, to_hex};
use super::{Algorithm, CipherError, PrivateKey, PublicKey, Signer, fill_random};

/// No key file is longer, in bytes.
pub const KEY_FILE_BYTES_MAX: usize = 8192;

/// A shorter passphrase can be guessed from a stolen file.
pub const PASSPHRASE_CHARS_MIN: usize = 12;

/// A wrapping key file must hold as much as a key.
pub const WRAPPING_BYTES_MIN: usize = 32;

const FORMAT: &str = "1";
const SALT_BYTES: usize = 16;
const CHECK_BYTES: usize = 8;

/// Argon2id as RFC 9106, 4 recommends it where memory is scarce, on one lane: about 0.1 s and 64 MiB.
const NEW: Derive = Derive::Argon2id {
    memory_kib: 65_536,
    passes: 3,
    lanes: 1,
};

/// What a file may ask for: a hostile one must not cost more than this.
const MEMORY_KIB_MAX: u32 = 262_144;
const PASSES_MAX: u32 = 10;
const LANES_MAX: u32 = 4;

/// What unlocks a key file.
pub enum Unlock {
    /// Words that a person knows.
    Passphrase(Zeroizing<String>),
    /// The bytes of a file that is kept elsewhere.
    WrappingKey(Zeroizing<Vec<u8>>),
}

/// How the cipher's key comes about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Derive {
    Argon2id {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    HmacSm3,
}

/// A key file's content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockedKey {
    public: PublicKey,
    kind: AeadKind,
    derive: Derive,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    locked: Vec<u8>,
}

impl LockedKey {
    /// Locks a key. Salt and nonce are drawn anew each time, so no nonce is ever used twice.
    ///
    /// # Errors
    /// [`CipherError::KeyFile`]: the passphrase or the wrapping key is too short.
    pub fn lock(key: &PrivateKey, kind: AeadKind, with: &Unlock) -> Result<Self, CipherError> {
        let derive = match with {
            Unlock::Passphrase(words) if words.chars().count() < PASSPHRASE_CHARS_MIN => {
                return Err(fault(format!(
                    "a passphrase of at least {PASSPHRASE_CHARS_MIN} characters is wanted"
                )));
            }
            Unlock::Passphrase(_) => NEW,
            Unlock::WrappingKey(_) => Derive::HmacSm3,
        };
        let mut locked = Self {
            public: key.public_key().clone(),
            kind,
            derive,
            salt: [0; SALT_BYTES],
            nonce: [0; NONCE_BYTES],
            locked: Vec::new(),
        };
        fill_random(&mut locked.salt)?;
        fill_random(&mut locked.nonce)?;
        let aead = locked.aead(with)?;
        let plain = key.to_pem()?;
        locked.locked = aead.seal(&locked.nonce, locked.head().as_bytes(), plain.as_bytes());
        Ok(locked)
    }

    /// The private key.
    ///
    /// # Errors
    /// [`CipherError::KeyFile`]: the passphrase is another, or the file was changed by somebody who knew how.
    pub fn unlock(&self, with: &Unlock) -> Result<PrivateKey, CipherError> {
        let aead = self.aead(with)?;
        let plain = aead.open(&self.nonce, self.head().as_bytes(), &self.locked);
        let plain = plain.map_err(|_| {
            fault(match with {
                Unlock::Passphrase(_) => "the passphrase is not the one that it was locked with",
                Unlock::WrappingKey(_) => "the wrapping key is not the one that it was locked with",
            })
        })?;
        let text = std::str::from_utf8(&plain).map_err(|_| fault("it holds no PEM"))?;
        let key = PrivateKey::from_pem(text)?;
        if *key.public_key() != self.public {
            return Err(fault("its public key is not that of its private key"));
        }
        Ok(key)
    }

    /// The public key. Anybody could have written it there until the file was unlocked once.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The cipher that locks it.
    pub fn kind(&self) -> AeadKind {
        self.kind
    }

    /// Whether a passphrase opens it; else a wrapping key file does.
    pub fn takes_passphrase(&self) -> bool {
        self.derive != Derive::HmacSm3
    }

    /// How the key is derived, in the file's words.
    pub fn derivation(&self) -> String {
        match self.derive {
            Derive::Argon2id {
                memory_kib,
                passes,
                lanes,
            } => format!("argon2id {memory_kib} {passes} {lanes}"),
            Derive::HmacSm3 => "hmac-sm3".into(),
        }
    }

    /// The whole file.
    pub fn text(&self) -> String {
        let body = format!("{}locked {}\n", self.head(), to_hex(&self.locked));
        format!("{body}check {}\n", check(&body))
    }

    fn head(&self) -> String {
        format!(
            "hubu-key {FORMAT}\nalgorithm {}\nkey {}\npublic {}\ncipher {}\nderive {}\nsalt {}\nnonce {}\n",
            self.public.algorithm(),
            self.public.fingerprint(),
            to_hex(self.public.spki_der()),
            self.kind,
            self.derivation(),
            to_hex(&self.salt),
            to_hex(&self.nonce),
        )
    }

    fn aead(&self, with: &Unlock) -> Result<Aead, CipherError> {
        let mut key = Zeroizing::new([0; 32]);
        match (with, self.derive) {
            (
                Unlock::Passphrase(words),
                Derive::Argon2id {
                    memory_kib,
                    passes,
                    lanes,
                },
            ) => {
                let params = argon2::Params::new(memory_kib, passes, lanes, Some(key.len()));
                let params = params.map_err(|error| fault(error.to_string()))?;
                argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
                    .hash_password_into(words.as_bytes(), &self.salt, &mut *key)
                    .map_err(|error| fault(error.to_string()))?;
            }
            (Unlock::WrappingKey(bytes), Derive::HmacSm3) => {
                if bytes.len() < WRAPPING_BYTES_MIN {
                    return Err(fault(format!(
                        "a wrapping key file has at least {WRAPPING_BYTES_MIN} random bytes; make one with `head -c 32 /dev/urandom`"
                    )));
                }
                let mut mac =
                    Hmac::<Sm3>::new_from_slice(bytes).map_err(|error| fault(error.to_string()))?;
                mac.update(b"hubu-key 1\n");
                mac.update(&self.salt);
                key.copy_from_slice(&mac.finalize().into_bytes());
            }
            (Unlock::Passphrase(_), Derive::HmacSm3) => {
                return Err(fault(
                    "it is locked with a wrapping key file, not with a passphrase",
                ));
            }
            (Unlock::WrappingKey(_), Derive::Argon2id { .. }) => {
                return Err(fault(
                    "it is locked with a passphrase, not with a wrapping key file",
                ));
            }
        }
        Aead::new(self.kind, &key[..self.kind.key_bytes()])
    }

    /// Reads a file back; the key stays locked.
    ///
    /// # Errors
    /// [`CipherError::KeyFile`]: cut, changed, of another format, or asking for more than a file may.
    pub fn parse(text: &str) -> Result<Self, CipherError> {
        if text.len() > KEY_FILE_BYTES_MAX {
            return Err(fault(format!(
                "it is longer than {KEY_FILE_BYTES_MAX} bytes"
            )));
        }
        let format = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("hubu-key "));
        match format {
            Some(FORMAT) => {}
            Some(format) => return Err(fault(format!("format {format:.20} is unknown here"))),
            None => {
                return Err(fault(
                    "it does not begin with `hubu-key`: make one with `hubu key generate`",
                ));
            }
        }
        let damaged = || fault("it was cut or changed since it was written");
        let (body, sum) = text.rsplit_once("check ").ok_or_else(damaged)?;
        if sum.strip_suffix('\n') != Some(&*check(body)) {
            return Err(damaged());
        }
        let mut lines = body.lines().skip(1);
        let mut take = |name: &str| {
            let line = lines.next().unwrap_or_default();
            line.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(' '))
                .ok_or_else(|| fault(format!("the line `{name} ...` is not where it should be")))
        };
        let _: Algorithm = take("algorithm")?.parse()?;
        take("key")?;
        let public = from_hex(take("public")?).ok_or_else(damaged)?;
        let key = Self {
            public: PublicKey::from_spki_der(&public)?,
            kind: take("cipher")?.parse()?,
            derive: derive(take("derive")?)?,
            salt: array_from_hex(take("salt")?).ok_or_else(damaged)?,
            nonce: array_from_hex(take("nonce")?).ok_or_else(damaged)?,
            locked: from_hex(take("locked")?).ok_or_else(damaged)?,
        };
        if key.text() != text {
            return Err(fault(
                "a line is written otherwise than this program writes it",
            ));
        }
        Ok(key)
    }
}

fn derive(text: &str) -> Result<Derive, CipherError> {
    if text == "hmac-sm3" {
        return Ok(Derive::HmacSm3);
    }
    let numbers = text.strip_prefix("argon2id ").map(|rest| {
        let numbers: Vec<Option<u32>> = rest.split(' ').map(|part| part.parse().ok()).collect();
        numbers
    });
    match numbers.as_deref() {
        Some(
            &[
                Some(memory_kib @ 8..=MEMORY_KIB_MAX),
                Some(passes @ 1..=PASSES_MAX),
                Some(lanes @ 1..=LANES_MAX),
            ],
        ) => Ok(Derive::Argon2id {
            memory_kib,
            passes,
            lanes,
        }),
        _ => Err(fault(format!(
            "`derive {text:.60}` is unknown or asks for too much (argon2id: at most {MEMORY_KIB_MAX} KiB, {PASSES_MAX} passes, {LANES_MAX} lanes)"
        ))),
    }
}

fn check(body: &str) -> String {
    to_hex(&Sm3::digest(body.as_bytes())[..CHECK_BYTES])
}

fn fault(fault: impl Into<String>) -> CipherError {
    CipherError::KeyFile(fault.into())
}
