//! The beginning of a connection: whether TLS is spoken, by libpq's rules. tokio-postgres lets its TLS layer speak first
//! (`sslnegotiation=direct`); this one asks the server itself, so that it may also answer "in the clear" and hand on a socket that
//! knows openGauss' way of asking for a password.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, Error as TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::Socket;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;

use super::binding::end_point;
use super::channel::Channel;
use super::error::ConnectError;
use super::link::TlsMode;

/// The request for TLS: length 8, code 1234 5679.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What every connection attempt of one dial needs.
pub(super) struct Negotiator {
    pub(super) mode: TlsMode,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) password: Option<Arc<[u8]>>,
    /// Whether the URL insists on channel binding, which there is only in TLS.
    pub(super) wants_binding: bool,
    /// Whether the connection that was made at last is in TLS.
    pub(super) is_sealed: Arc<AtomicBool>,
}

/// One attempt, at one host.
pub(super) struct Negotiation {
    host: String,
    mode: TlsMode,
    tls: Option<Arc<ClientConfig>>,
    password: Option<Arc<[u8]>>,
    wants_binding: bool,
    is_sealed: Arc<AtomicBool>,
}

impl MakeTlsConnect<Socket> for Negotiator {
    type Stream = Channel;
    type TlsConnect = Negotiation;
    type Error = ConnectError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Negotiation, ConnectError> {
        Ok(Negotiation {
            host: host.to_owned(),
            mode: self.mode,
            tls: self.tls.clone(),
            password: self.password.clone(),
            wants_binding: self.wants_binding,
            is_sealed: Arc::clone(&self.is_sealed),
        })
    }
}

impl TlsConnect<Socket> for Negotiation {
    type Stream = Channel;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Channel, ConnectError>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(self.negotiate(socket))
    }
}

impl Negotiation {
    async fn negotiate(self, mut socket: Socket) -> Result<Channel, ConnectError> {
        self.is_sealed.store(false, Ordering::Release);
        let Some(tls) = &self.tls else {
            return Ok(Channel::plain(socket, self.password).insisting(self.wants_binding));
        };
        let mut answer = [0];
        let asked = async {
            socket.write_all(&REQUEST).await?;
            socket.read_exact(&mut answer).await
        };
        asked.await.map_err(ConnectError::Socket)?;
        match answer[0] {
            b'S' => {}
            _ if self.mode == TlsMode::Prefer && !self.wants_binding => {
                return Ok(Channel::plain(socket, self.password));
            }
            _ => {
                return Err(ConnectError::Tls(format!(
                    "the server at {} has no TLS, which is asked for: switch it on there (ssl = on), or set database.tls \
                     (sslmode) to prefer and accept that the network between can read and change everything",
                    self.host
                )));
            }
        }
        let name = ServerName::try_from(self.host.clone());
        let name =
            name.map_err(|_| ConnectError::Tls(format!("{} is no name of a host", self.host)))?;
        let connector = TlsConnector::from(Arc::clone(tls));
        let stream = connector.connect(name, socket).await;
        let stream = stream.map_err(|error| self.refused(&error))?;
        self.is_sealed.store(true, Ordering::Release);
        let certificates = stream.get_ref().1.peer_certificates();
        let binding = certificates
            .and_then(|chain| chain.first())
            .and_then(|own| end_point(own));
        Ok(Channel::sealed(stream, binding, self.password).insisting(self.wants_binding))
    }

    /// Why the handshake failed, and what to do.
    fn refused(&self, error: &std::io::Error) -> ConnectError {
        let host = &self.host;
        let told = error.get_ref().and_then(|e| e.downcast_ref::<TlsError>());
        let text = match told {
            Some(TlsError::InvalidCertificate(reason)) => match reason {
                CertificateError::UnknownIssuer => format!(
                    "nobody in the file of root certificates vouches for the certificate of {host}: another authority \
                     issued it, or somebody else answers there"
                ),
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    format!(
                        "the certificate is not that of {host}: it must hold this name as a subject alternative name (a \
                         common name does not count), or database.tls be verify-ca"
                    )
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    format!("the certificate of {host} has expired")
                }
                other => format!("the certificate of {host} is not accepted: {other}"),
            },
            _ => format!("the handshake with {host} failed: {error}"),
        };
        ConnectError::Tls(text)
    }
}
