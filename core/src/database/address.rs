//! A URL of a database, as libpq writes them: what tokio-postgres understands goes to it, what it does not (certificates, the
//! finer words of `sslmode`) is taken out first. Nothing here shows a password.

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host};

use super::error::{ConnectError, with_causes};
use super::link::{Link, TlsMode};

/// Where a database is, and how it is reached.
#[derive(Clone)]
pub struct Address {
    pub(super) config: Config,
    pub(super) link: Link,
}

impl Address {
    /// Reads a URL, over what the settings say.
    ///
    /// # Errors
    /// When it is none, or names something unknown.
    pub fn new(url: &str, link: &Link) -> Result<Self, ConnectError> {
        let mut link = link.clone();
        let (head, query) = parts(url);
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => {
                    link.tls = TlsMode::parse(value).map_err(ConnectError::Address)?;
                }
                "sslrootcert" => link.root_file = path(value)?,
                "sslcert" => link.certificate_file = path(value)?,
                "sslkey" => link.key_file = path(value)?,
                // Which way TLS is begun is ours to say.
                "sslnegotiation" => {}
                // Said without the text: it may be the end of a password that holds an `&`.
                _ if !pair.contains('=') => {
                    return Err(ConnectError::Address(
                        "a parameter in the URL has no value (an & in a password is written %26)"
                            .into(),
                    ));
                }
                _ => rest.push(pair),
            }
        }
        let plain = match rest.is_empty() {
            true => head.to_owned(),
            false => format!("{head}?{}", rest.join("&")),
        };
        let mut config: Config = plain
            .parse()
            .map_err(|error| ConnectError::Address(with_causes(&error)))?;
        let is_unix = goes_through_sockets(&config)?;
        check_roots(&link, is_unix)?;
        name_hosts(&mut config);
        Ok(Self { config, link })
    }

    /// The settings behind it: those of the URL over those that were given.
    #[must_use]
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether the URL itself holds a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The user that it names.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// The same, as if a pooler in transaction mode stood between.
    #[must_use]
    pub fn behind_pooler(&self) -> Self {
        let mut same = self.clone();
        same.link.pooler = true;
        same
    }

    /// Whether every host that it names is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                let address: Option<std::net::IpAddr> = name.parse().ok();
                name == "localhost" || address.is_some_and(|address| address.is_loopback())
            }
        })
    }

    /// Whether it goes through sockets of this machine's file system, where there is no TLS.
    pub(super) fn is_unix(&self) -> bool {
        let hosts = self.config.get_hosts();
        hosts.iter().any(is_socket)
    }

    /// Whether the URL insists on channel binding.
    pub(super) fn wants_binding(&self) -> bool {
        self.config.get_channel_binding() == ChannelBinding::Require
    }
}

/// The URL without its parameters, and those; read as tokio-postgres reads it, for which user and password end at the first `@`.
fn parts(url: &str) -> (&str, &str) {
    let begin = url.find('@').map_or(0, |at| at + 1);
    match url[begin..].find('?') {
        Some(at) => (&url[..begin + at], &url[begin + at + 1..]),
        None => (url, ""),
    }
}

fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

/// Whether all hosts are sockets of the file system, or none. A list of both is refused: there is no TLS in a socket, and what
/// holds for one host holds for all.
fn goes_through_sockets(config: &Config) -> Result<bool, ConnectError> {
    let hosts = config.get_hosts();
    let sockets = hosts.iter().filter(|host| is_socket(host)).count();
    if sockets > 0 && (sockets < hosts.len() || !config.get_hostaddrs().is_empty()) {
        return Err(ConnectError::Address(
            "the URL names sockets of the file system and hosts: one kind only, since a socket has no TLS (hostaddr is for hosts)"
                .into(),
        ));
    }
    Ok(sockets > 0)
}

/// Root certificates that would never be looked at make a connection seem safer than it is.
fn check_roots(link: &Link, is_unix: bool) -> Result<(), ConnectError> {
    let has_roots = !link.root_file.as_os_str().is_empty();
    match link.tls {
        TlsMode::Prefer | TlsMode::Disable if has_roots && !is_unix => {
            Err(ConnectError::Address(
                "the file of root certificates (database.root_certificate_file, sslrootcert) is looked at only with database.tls \
                 (sslmode) require, verify-ca or verify-full: set one of these, or leave the file out"
                    .into(),
            ))
        }
        _ => Ok(()),
    }
}

/// Where only numbers are given (`hostaddr`), they are the names to check certificates against.
fn name_hosts(config: &mut Config) {
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
}

fn path(value: &str) -> Result<PathBuf, ConnectError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        let wrong = || ConnectError::Address(format!("{value}: % is followed by two hex digits"));
        bytes.push(byte.ok_or_else(wrong)?);
        rest = &rest[2..];
    }
    let text = String::from_utf8(bytes);
    text.map(PathBuf::from)
        .map_err(|_| ConnectError::Address("a path in the URL is not UTF-8".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tokio_postgres_does_not_know_is_taken_out() {
        let url = "postgres://u@h:1/d?sslmode=verify-full&sslrootcert=%2Fetc%2Froot.pem&connect_timeout=3";
        let address = Address::new(url, &Link::default()).unwrap();
        assert_eq!(address.link.tls, TlsMode::VerifyFull);
        assert_eq!(address.link.root_file, PathBuf::from("/etc/root.pem"));
        assert_eq!(address.config.get_dbname(), Some("d"));
        assert!(!address.is_local());
        let wrong = Address::new("postgres://u@h/d?sslmode=always", &Link::default());
        assert!(wrong.err().unwrap().to_string().contains("verify-ca"));
        assert!(path("a%2").is_err());
    }

    #[test]
    fn parameters_begin_where_tokio_postgres_sees_them_begin() {
        let address = Address::new("postgres://u:p?q@h/d?sslmode=require", &Link::default());
        let address = address.unwrap();
        assert_eq!(address.link.tls, TlsMode::Require);
        assert_eq!(address.config.get_password(), Some(&b"p?q"[..]));
        let url = "postgres://u@h/d?password=se&cret&application_name=x";
        let text = Address::new(url, &Link::default())
            .err()
            .unwrap()
            .to_string();
        assert!(text.contains("has no value"), "{text}");
        assert!(!text.contains("cret"), "{text}");
    }

    #[test]
    fn sockets_and_hosts_are_not_mixed() {
        for url in [
            "postgres://u@%2Frun%2Fpg,db/d",
            "postgres://u@db/d?host=/run/pg",
            "postgres://u@/d?host=/run/pg&hostaddr=10.0.0.1",
        ] {
            let refused = Address::new(url, &Link::default()).err().unwrap();
            let text = refused.to_string();
            assert!(text.contains("one kind only"), "{url}: {text}");
        }
        for (url, is_unix) in [
            ("postgres://u@%2Frun%2Fpg,%2Ftmp/d", true),
            ("postgres://u@one,two/d", false),
            ("postgres://u@/d?hostaddr=10.0.0.1", false),
        ] {
            let address = Address::new(url, &Link::default()).unwrap();
            assert_eq!(address.is_unix(), is_unix, "{url}");
        }
    }

    #[test]
    fn root_certificates_that_nobody_looks_at_are_refused() {
        let with = |tls| Link {
            tls,
            root_file: PathBuf::from("/etc/root.pem"),
            ..Link::default()
        };
        for tls in [TlsMode::Prefer, TlsMode::Disable] {
            let refused = Address::new("postgres://u@h/d", &with(tls)).err().unwrap();
            let text = refused.to_string();
            assert!(text.contains("is looked at only with"), "{text}");
        }
        // What the URL says wins, in both directions.
        let raised = "postgres://u@h/d?sslmode=verify-ca";
        assert!(Address::new(raised, &with(TlsMode::Prefer)).is_ok());
        let lowered = "postgres://u@h/d?sslmode=disable";
        assert!(Address::new(lowered, &with(TlsMode::VerifyFull)).is_err());
        assert!(Address::new("postgres://u@h/d", &with(TlsMode::Require)).is_ok());
        assert!(Address::new("postgres://u@%2Frun/d", &with(TlsMode::Prefer)).is_ok());
    }
}
