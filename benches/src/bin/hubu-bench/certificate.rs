//! A certificate of one's own, and a TLS client that believes it.

use crate::Outcome;
use rcgen::{CertificateParams, DnType, KeyPair, SignatureAlgorithm};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any handshake takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate's file and its key's.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    /// Makes one for `localhost` in this folder.
    pub(crate) fn make(folder: &Path, algorithm: &'static SignatureAlgorithm) -> Outcome<Pair> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params
            .distinguished_name
            .push(DnType::CommonName, "hubu-bench");
        let key = match *algorithm == rcgen::PKCS_ED25519 {
            true => KeyPair::from_pem(&ed25519()?)?,
            false => KeyPair::generate_for(algorithm)?,
        };
        let pair = Pair {
            certificate: folder.join("certificate.pem"),
            key: folder.join("key.pem"),
        };
        std::fs::write(&pair.certificate, params.self_signed(&key)?.pem())?;
        std::fs::write(&pair.key, key.serialize_pem())?;
        Ok(pair)
    }

    /// A client that believes it. One that resumes keeps its tickets in the configuration.
    pub(crate) fn client(&self, resumes: bool) -> Outcome<Arc<ClientConfig>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.certificate)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        if !resumes {
            config.resumption = Resumption::disabled();
        }
        Ok(Arc::new(config))
    }
}

/// A private key as OpenSSL writes it: the newer form of PKCS #8 that others write is beyond OpenSSL 3.0.
fn ed25519() -> Outcome<String> {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519"])
        .output()
        .map_err(|error| format!("openssl: {error}; apt-get install openssl"))?;
    Ok(String::from_utf8(made.stdout)?)
}

/// A connection, shaken.
pub(crate) type Wire = StreamOwned<ClientConnection, TcpStream>;

/// Connects and shakes.
pub(crate) fn shake(address: SocketAddr, config: &Arc<ClientConfig>) -> Outcome<Wire> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from("localhost")?;
    let mut wire = StreamOwned::new(ClientConnection::new(config.clone(), name)?, stream);
    while wire.conn.is_handshaking() {
        wire.conn.complete_io(&mut wire.sock)?;
    }
    Ok(wire)
}
