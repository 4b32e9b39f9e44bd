//! Ciphers (商用密码): signatures by SM2 or Ed25519, sealed bytes by SM4-GCM or AES-256-GCM, and nothing of our own making.
//!
//! A leaf: keys come in as PEM or bytes, and files, settings and formats belong to whoever calls. A signature is 64 bytes,
//! whatever the algorithm: `r || s` of SM2 (GB/T 32918.2-2016) with the standard's default identity, or Ed25519's
//! (RFC 8032). Secrets are overwritten when they are dropped and show in no `Debug`.
//!
//! ```
//! use hubu_core::cipher::{Algorithm, PrivateKey, PublicKey, Signer};
//!
//! # fn main() -> Result<(), hubu_core::cipher::CipherError> {
//! let key = PrivateKey::generate(Algorithm::Sm2)?;
//! let signature = key.sign(b"head of the chain")?;
//! let public = PublicKey::from_pem(&key.public_key().to_pem())?;
//! assert!(public.verify(b"head of the chain", &signature).is_ok());
//! assert!(public.verify(b"another head", &signature).is_err());
//! # Ok(())
//! # }
//! ```

mod aead;
mod error;
mod hex;
#[cfg(feature = "server")]
mod locked;
mod private;
mod public;
mod random;
mod signature;

pub use aead::{Aead, AeadKind, NONCE_BYTES, TAG_BYTES};
pub use error::CipherError;
pub use hex::{array_from_hex, from_hex, to_hex};
#[cfg(feature = "server")]
pub use locked::{KEY_FILE_BYTES_MAX, LockedKey, PASSPHRASE_CHARS_MIN, Unlock, WRAPPING_BYTES_MIN};
pub use private::{PrivateKey, Signer};
pub use public::{Algorithm, PublicKey};
pub use random::fill_random;
pub use signature::{SIGNATURE_BYTES, sm2_signature_from_der, sm2_signature_to_der};
pub use zeroize::Zeroizing;

/// The identity that SM2 binds into every signature where none was agreed on (GB/T 35276-2017, 10): what OpenSSL,
/// GmSSL and certificate authorities use.
pub const SM2_IDENTITY: &str = "1234567812345678";
