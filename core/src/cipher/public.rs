//! Public keys (公钥): what a signature is checked against.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signature as EdSignature;
use sm2::dsa::signature::Verifier;
use sm2::pkcs8::der::{Decode, Document, pem::LineEnding};
use sm2::pkcs8::{EncodePublicKey, SubjectPublicKeyInfoRef};
use sm3::{Digest, Sm3};

use super::signature::{checked, parse_sm2};
use super::{CipherError, SM2_IDENTITY};

/// Length of a fingerprint in bytes; it is shown as twice as many hex digits.
const FINGERPRINT_BYTES: usize = 8;

/// Label of a public key in PEM (RFC 7468, 13).
const LABEL: &str = "PUBLIC KEY";

/// How a key signs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// SM2 with SM3 (GB/T 32918.2-2016), default identity.
    Sm2,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

impl Algorithm {
    /// Its name in settings, files and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sm2 => "sm2",
            Self::Ed25519 => "ed25519",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = CipherError;

    fn from_str(name: &str) -> Result<Self, CipherError> {
        [Self::Sm2, Self::Ed25519]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| CipherError::Name {
                what: "algorithm",
                name: name.chars().take(40).collect(),
                known: "\"sm2\" and \"ed25519\"",
            })
    }
}

/// A public key; equal when its bytes are.
#[derive(Clone)]
pub struct PublicKey {
    key: Key,
    spki: Vec<u8>,
}

#[derive(Clone)]
enum Key {
    Sm2(Box<sm2::dsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

impl PublicKey {
    /// A key in PEM: SubjectPublicKeyInfo (RFC 7468, 13), as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`CipherError::Key`]: not PEM, not a public key, or of another algorithm.
    pub fn from_pem(text: &str) -> Result<Self, CipherError> {
        let (label, document) = Document::from_pem(text).map_err(fault)?;
        if label != LABEL {
            return Err(fault(format!("it is a {label}")));
        }
        Self::from_spki_der(document.as_bytes())
    }

    /// A key in DER: SubjectPublicKeyInfo of id-ecPublicKey with the curve SM2 (GB/T 33560), or of Ed25519 (RFC 8410).
    ///
    /// # Errors
    /// [`CipherError::Key`].
    pub fn from_spki_der(der: &[u8]) -> Result<Self, CipherError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(fault)?;
        if info.algorithm.oid == ed25519_dalek::pkcs8::ALGORITHM_OID {
            let key = ed25519_dalek::VerifyingKey::try_from(info).map_err(fault)?;
            return Self::ed25519(key);
        }
        Self::sm2(sm2::PublicKey::try_from(info).map_err(fault)?)
    }

    /// An SM2 key by its point on the curve: 65 bytes `04 || x || y`, or 33 bytes compressed (GB/T 32918.1, 4.2.8).
    ///
    /// # Errors
    /// [`CipherError::Key`]: not a point on the curve.
    pub fn from_sm2_point(point: &[u8]) -> Result<Self, CipherError> {
        Self::sm2(sm2::PublicKey::from_sec1_bytes(point).map_err(fault)?)
    }

    /// An Ed25519 key by its 32 bytes (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// [`CipherError::Key`]: not a point on the curve.
    pub fn from_ed25519_bytes(bytes: &[u8; 32]) -> Result<Self, CipherError> {
        Self::ed25519(ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(fault)?)
    }

    pub(super) fn sm2(key: sm2::PublicKey) -> Result<Self, CipherError> {
        // Encoded anew, so that one key has one fingerprint, however its point was written.
        let spki = key.to_public_key_der().map_err(fault)?.into_vec();
        let key = sm2::dsa::VerifyingKey::new(SM2_IDENTITY, key).map_err(fault)?;
        Ok(Self {
            key: Key::Sm2(Box::new(key)),
            spki,
        })
    }

    pub(super) fn ed25519(key: ed25519_dalek::VerifyingKey) -> Result<Self, CipherError> {
        if key.is_weak() {
            return Err(fault(
                "an Ed25519 point of small order, which any message fits",
            ));
        }
        let spki = key.to_public_key_der().map_err(fault)?.into_vec();
        Ok(Self {
            key: Key::Ed25519(Box::new(key)),
            spki,
        })
    }

    /// Whether `signature` (64 bytes) is this key's, of `message`.
    ///
    /// # Errors
    /// [`CipherError::Signature`] when the bytes can't be one, [`CipherError::Forged`] when they are not this key's of
    /// this message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), CipherError> {
        match &self.key {
            Key::Sm2(key) => key
                .verify(message, &parse_sm2(signature)?)
                .map_err(|_| CipherError::Forged),
            // Strict: a key or a commitment of small order would let one signature fit many messages.
            Key::Ed25519(key) => key
                .verify_strict(message, &EdSignature::from_bytes(checked(signature)?))
                .map_err(|_| CipherError::Forged),
        }
    }

    /// How this key signs.
    pub fn algorithm(&self) -> Algorithm {
        match self.key {
            Key::Sm2(_) => Algorithm::Sm2,
            Key::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The key by a short name: the first 16 hex digits of SM3 over its SubjectPublicKeyInfo in DER. To tell keys apart;
    /// a proof is only the key itself.
    pub fn fingerprint(&self) -> String {
        let digest = Sm3::digest(&self.spki);
        let bytes = digest.iter().take(FINGERPRINT_BYTES);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key in DER: SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key in PEM: SubjectPublicKeyInfo, as `openssl pkey -pubout` writes it.
    pub fn to_pem(&self) -> String {
        let document = Document::try_from(self.spki.as_slice());
        let Ok(text) = document.and_then(|der| der.to_pem(LABEL, LineEnding::LF)) else {
            unreachable!("the DER was encoded when the key was made");
        };
        text
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.algorithm(), self.fingerprint())
    }
}

fn fault(fault: impl fmt::Display) -> CipherError {
    CipherError::Key {
        what: "public key",
        fault: fault.to_string(),
    }
}
