//! Private keys (私钥), and the trait that a key in a device stands behind as well.

use std::fmt;

use ed25519_dalek::Signer as _;
use sm2::pkcs8::der::{Decode, SecretDocument, pem::LineEnding};
use sm2::pkcs8::{EncodePrivateKey, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::public::{Algorithm, PublicKey};
use super::random::fill_random;
use super::signature::SIGNATURE_BYTES;
use super::{CipherError, SM2_IDENTITY};

/// Label of a private key in PEM (RFC 7468, 10).
const LABEL: &str = "PRIVATE KEY";

/// How often a scalar is drawn anew: one in 2^32 is out of SM2's range, so this never ends a program in working order.
const DRAWS: usize = 8;

/// Who signs: a key in memory, or one that never leaves its device (密码机, HSM).
pub trait Signer {
    /// The key that checks what this one signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message`: 64 bytes that [`PublicKey::verify`] takes.
    ///
    /// # Errors
    /// [`CipherError::Signing`]: the device is away or refused.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CipherError>;
}

/// A private key in memory, overwritten when it is dropped.
pub struct PrivateKey {
    key: Key,
    public: PublicKey,
}

enum Key {
    Sm2(Sm2Key),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PrivateKey {
    /// A key in PEM: PKCS #8 (RFC 7468, 10), as `openssl genpkey` writes it; an encrypted one is not read here.
    ///
    /// # Errors
    /// [`CipherError::Key`]: not PEM, not a private key, or of another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, CipherError> {
        let (label, document) = SecretDocument::from_pem(text).map_err(fault)?;
        if label != LABEL {
            return Err(fault(format!("it is a {label}")));
        }
        let info = PrivateKeyInfoRef::from_der(document.as_bytes()).map_err(fault)?;
        if info.algorithm.oid == ed25519_dalek::pkcs8::ALGORITHM_OID {
            return Self::ed25519(ed25519_dalek::SigningKey::try_from(info).map_err(fault)?);
        }
        Self::sm2(&sm2::SecretKey::try_from(info).map_err(fault)?)
    }

    /// A new key from the system's random generator.
    ///
    /// # Errors
    /// [`CipherError::Random`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, CipherError> {
        let mut bytes = Zeroizing::new([0; 32]);
        for _ in 0..DRAWS {
            fill_random(&mut *bytes)?;
            match algorithm {
                Algorithm::Ed25519 => {
                    return Self::ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes));
                }
                Algorithm::Sm2 => {
                    if let Ok(secret) = sm2::SecretKey::from_slice(&*bytes) {
                        return Self::sm2(&secret);
                    }
                }
            }
        }
        Err(CipherError::Random("it repeats itself".into()))
    }

    fn sm2(secret: &sm2::SecretKey) -> Result<Self, CipherError> {
        let public = PublicKey::sm2(secret.public_key())?;
        let key = sm2::dsa::SigningKey::new(SM2_IDENTITY, secret).map_err(fault)?;
        Ok(Self {
            key: Key::Sm2(Sm2Key(Box::new(key))),
            public,
        })
    }

    fn ed25519(key: ed25519_dalek::SigningKey) -> Result<Self, CipherError> {
        let public = PublicKey::ed25519(key.verifying_key())?;
        Ok(Self {
            key: Key::Ed25519(Box::new(key)),
            public,
        })
    }

    /// The key in PEM: PKCS #8, not encrypted. Whoever holds it keeps it as a secret.
    ///
    /// # Errors
    /// [`CipherError::Key`]: it could not be encoded.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, CipherError> {
        match &self.key {
            Key::Sm2(key) => sm2::SecretKey::from(key.0.as_nonzero_scalar())
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(fault),
            Key::Ed25519(key) => key.to_pkcs8_pem(LineEnding::LF).map_err(fault),
        }
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Deterministic (RFC 6979 with SM3; RFC 8032): no random generator can give a key away, and the same message has
    /// the same signature.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CipherError> {
        match &self.key {
            Key::Sm2(key) => sm2::dsa::signature::Signer::try_sign(&*key.0, message)
                .map(|signature: sm2::dsa::Signature| signature.to_bytes().into())
                .map_err(|error| CipherError::Signing(error.to_string())),
            Key::Ed25519(key) => Ok(key.sign(message).to_bytes()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(hidden, of {:?})", self.public)
    }
}

/// The SM2 crate overwrites its `SecretKey` but not its `SigningKey`; this does.
struct Sm2Key(Box<sm2::dsa::SigningKey>);

impl Drop for Sm2Key {
    fn drop(&mut self) {
        let one = sm2::NonZeroScalar::from_uint(sm2::U256::ONE).into_option();
        let empty = one.and_then(|one| sm2::dsa::SigningKey::from_nonzero_scalar("", one).ok());
        if let Some(empty) = empty {
            *self.0 = empty;
            // Else the compiler may leave out a write that nobody reads.
            std::hint::black_box(&self.0);
        }
    }
}

fn fault(fault: impl fmt::Display) -> CipherError {
    CipherError::Key {
        what: "private key",
        fault: fault.to_string(),
    }
}
