//! Holds what handshakes are made with, and reads it anew when its files change.
//!
//! The files are looked at by the main thread, every few seconds and when it is told to (SIGHUP). New connections are
//! greeted with the new certificate; those that are there keep theirs. What does not fit leaves the former in place:
//! a server with an old certificate serves, one without does not.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::ServerConfig;

use super::certificate::ends_seconds;
use super::config::{Made, make};
use crate::config::Tls;
use crate::tls::TlsError;

/// How long before its end a certificate is warned of.
const WARNS_BEFORE: Duration = Duration::from_secs(30 * 86_400);
/// How often.
const WARNS_EVERY: Duration = Duration::from_secs(86_400);

/// What is remembered of a file, to see that it was changed: when (seconds and nanoseconds; its rights count too, and nobody
/// can set this time), how long it is, and which it is.
type Stamp = Option<(i64, i64, u64, u64)>;

/// The TLS side of the service port.
pub struct TlsKeeper {
    settings: Tls,
    address: SocketAddr,
    config: ArcSwap<ServerConfig>,
    seen: Mutex<Seen>,
}

struct Seen {
    stamps: [Stamp; 3],
    ends_seconds: Option<u64>,
    warned: Option<SystemTime>,
}

/// What a look at the files came to.
#[derive(Debug)]
pub enum Watched {
    /// They are as they were.
    Same,
    /// They were read anew.
    Renewed,
    /// They do not fit: what was there stays.
    Kept(TlsError),
}

impl TlsKeeper {
    /// Reads the files; `None` when the settings leave TLS off.
    ///
    /// # Errors
    /// A file cannot be read, or they do not fit together.
    pub fn new(settings: &Tls) -> Result<Option<Arc<Self>>, TlsError> {
        if settings.listen.is_empty() {
            return Ok(None);
        }
        let address = settings.listen.parse();
        let address = address.map_err(|_| TlsError::Setup("tls.listen is no address".into()))?;
        let stamps = stamps(settings);
        let Made {
            config,
            certificate,
        } = make(settings)?;
        let keeper = Self {
            settings: settings.clone(),
            address,
            config: ArcSwap::new(config),
            seen: Mutex::new(Seen {
                stamps,
                ends_seconds: ends_seconds(&certificate),
                warned: None,
            }),
        };
        keeper.tell_end(SystemTime::now());
        Ok(Some(Arc::new(keeper)))
    }

    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> &Tls {
        &self.settings
    }

    /// What handshakes are made with now.
    pub(in crate::net) fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Looks at the files, and reads them anew when one was changed or `is_asked`. Says so in log and figures, and warns
    /// of a certificate that is near its end.
    pub fn look(&self, is_asked: bool) -> Watched {
        let watched = self.renew(is_asked);
        let result = match &watched {
            Watched::Same => None,
            Watched::Renewed => {
                tracing::info!(certificate = %self.settings.certificate_file.display(), "TLS certificate read anew");
                Some("renewed")
            }
            Watched::Kept(error) => {
                tracing::error!(%error, "the new TLS files cannot be used: the former certificate stays. Mend them; they are looked at again when they change");
                Some("kept")
            }
        };
        if let Some(result) = result {
            metrics::counter!("hubu_tls_reloads_total", "result" => result).increment(1);
        }
        self.tell_end(SystemTime::now());
        watched
    }

    fn renew(&self, is_asked: bool) -> Watched {
        let mut seen = self.seen.lock();
        let now = stamps(&self.settings);
        if now == seen.stamps && !is_asked {
            return Watched::Same;
        }
        // Remembered in any case: what does not fit is not read again and again, only once it changes.
        seen.stamps = now;
        match make(&self.settings) {
            Ok(made) => {
                seen.ends_seconds = ends_seconds(&made.certificate);
                seen.warned = None;
                self.config.store(made.config);
                Watched::Renewed
            }
            Err(error) => Watched::Kept(error),
        }
    }

    /// Shows when the certificate ends, and warns of it once a day when that is near.
    fn tell_end(&self, now: SystemTime) {
        let mut seen = self.seen.lock();
        let Some(ends_seconds) = seen.ends_seconds else {
            return;
        };
        metrics::gauge!("hubu_tls_certificate_expires_seconds").set(ends_seconds as f64);
        let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let left = Duration::from_secs(ends_seconds).saturating_sub(since_1970);
        let is_told = seen.warned.is_some_and(|warned| {
            now.duration_since(warned)
                .is_ok_and(|since| since < WARNS_EVERY)
        });
        if left > WARNS_BEFORE || is_told {
            return;
        }
        seen.warned = Some(now);
        let days = left.as_secs() / 86_400;
        tracing::warn!(
            days,
            "the TLS certificate ends soon: put a new one in tls.certificate_file and tls.key_file; no restart is needed"
        );
    }
}

fn stamps(settings: &Tls) -> [Stamp; 3] {
    [
        stamp(&settings.certificate_file),
        stamp(&settings.key_file),
        stamp(&settings.client_ca_file),
    ]
}

fn stamp(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok()?;
    let changed = (found.ctime(), found.ctime_nsec());
    Some((changed.0, changed.1, found.len(), found.ino()))
}
