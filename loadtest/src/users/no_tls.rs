//! A TLS provider that refuses: the harness speaks plain HTTP, and goose's own client, which never sends anything,
//! can't be built without a provider.
//!
//! A real one would bring some forty crates of cryptography that nobody uses, one of them with a known weakness (rsa,
//! RUSTSEC-2023-0071). Here a handshake fails at its first random number, before anything leaves; what would come after
//! it has no meaning and is as small as its types allow.

use std::sync::Arc;

use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    OutboundOpaqueMessage, OutboundPlainMessage, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::hmac::{Hmac, Key, Tag};
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{
    ActiveKeyExchange, CipherSuiteCommon, CryptoProvider, GetRandomFailed, KeyProvider,
    SecureRandom, SupportedKxGroup, WebPkiSupportedAlgorithms,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{
    CipherSuite, ConnectionTrafficSecrets, Error, NamedGroup, SupportedCipherSuite,
    Tls13CipherSuite,
};

/// Bytes of what a hash would give.
const LENGTH: usize = 32;

#[derive(Debug)]
struct Nothing;

static SUITE: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &Nothing,
        confidentiality_limit: 0,
    },
    hkdf_provider: &HkdfUsingHmac(&Nothing),
    aead_alg: &Nothing,
    quic: None,
};

/// The provider. It makes clients that can be built and used for plain HTTP.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![SupportedCipherSuite::Tls13(&SUITE)],
        kx_groups: vec![&Nothing],
        signature_verification_algorithms: WebPkiSupportedAlgorithms {
            all: &[],
            mapping: &[],
        },
        secure_random: &Nothing,
        key_provider: &Nothing,
    }
}

fn refused() -> Error {
    Error::General("the harness speaks no TLS".into())
}

impl SecureRandom for Nothing {
    fn fill(&self, _: &mut [u8]) -> Result<(), GetRandomFailed> {
        Err(GetRandomFailed)
    }
}

impl SupportedKxGroup for Nothing {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Err(refused())
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl KeyProvider for Nothing {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(refused())
    }
}

impl Hash for Nothing {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Nothing)
    }

    fn hash(&self, _: &[u8]) -> Output {
        Output::new(&[0; LENGTH])
    }

    fn output_len(&self) -> usize {
        LENGTH
    }

    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::SHA256
    }
}

impl Context for Nothing {
    fn fork_finish(&self) -> Output {
        Output::new(&[0; LENGTH])
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Nothing)
    }

    fn finish(self: Box<Self>) -> Output {
        Output::new(&[0; LENGTH])
    }

    fn update(&mut self, _: &[u8]) {}
}

impl Hmac for Nothing {
    fn with_key(&self, _: &[u8]) -> Box<dyn Key> {
        Box::new(Nothing)
    }

    fn hash_output_len(&self) -> usize {
        LENGTH
    }
}

impl Key for Nothing {
    fn sign_concat(&self, _: &[u8], _: &[&[u8]], _: &[u8]) -> Tag {
        Tag::new(&[0; LENGTH])
    }

    fn tag_len(&self) -> usize {
        LENGTH
    }
}

impl Tls13AeadAlgorithm for Nothing {
    fn encrypter(&self, _: AeadKey, _: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Nothing)
    }

    fn decrypter(&self, _: AeadKey, _: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Nothing)
    }

    fn key_len(&self) -> usize {
        LENGTH
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

impl MessageEncrypter for Nothing {
    fn encrypt(
        &mut self,
        _: OutboundPlainMessage<'_>,
        _: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        Err(refused())
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        length
    }
}

impl MessageDecrypter for Nothing {
    fn decrypt<'a>(
        &mut self,
        _: InboundOpaqueMessage<'a>,
        _: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_built_and_a_handshake_can_not_begin() {
        let provider = Arc::new(provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let name = "localhost".try_into().unwrap();
        let begun = rustls::ClientConnection::new(Arc::new(config), name);
        assert!(matches!(begun, Err(Error::FailedToGetRandomBytes)));
    }
}
