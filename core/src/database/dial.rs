//! Makes connections for a pool. Password and certificates are read anew for each, so that both can be changed while the server
//! goes on: connections that stand stay, new ones use what is there now.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Object, Pool as Connections, PoolError, RecycleError, RecycleResult,
};
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::{Config, NoTls};

use super::address::Address;
use super::client::Client;
use super::error::ConnectError;
use super::negotiate::Negotiator;
use super::tls;

/// A pool of connections.
pub type Pool = Connections<Dialer>;
/// A connection on loan from a pool.
pub type Lent = Object<Dialer>;

/// See the module.
pub struct Dialer {
    address: Address,
    schema: Option<Arc<str>>,
}

/// How a pool is made.
pub struct Wanted<'a> {
    /// What the database shows as the client's name.
    pub name: String,
    /// At most so many connections.
    pub connections: usize,
    /// The longest wait for one.
    pub patience: Duration,
    /// Where the journal's tables are, if not where the search path says.
    pub schema: Option<&'a str>,
}

/// A pool of connections to a database; none is made yet.
///
/// # Errors
/// When the pool cannot be built.
pub fn pool(address: &Address, wanted: Wanted<'_>) -> Result<Pool, ConnectError> {
    let mut address = address.clone();
    address.config.application_name(wanted.name);
    bound(&mut address.config, wanted.patience);
    let dialer = Dialer {
        address,
        schema: wanted.schema.map(Arc::from),
    };
    Connections::builder(dialer)
        .max_size(wanted.connections)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(wanted.patience))
        .create_timeout(Some(wanted.patience))
        .build()
        .map_err(|error| ConnectError::Address(error.to_string()))
}

/// Times out where the URL names no time of its own: early enough that each of its hosts has its turn within our patience, and
/// that a connection whose far end is gone is noticed before patience ends.
fn bound(config: &mut Config, patience: Duration) {
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
    let turns = u32::try_from(hosts.max(1)).unwrap_or(u32::MAX);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(patience / turns.saturating_add(1));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(patience / 2);
    }
}

/// Why a pool gave no connection.
#[must_use]
pub fn refusal(error: PoolError<ConnectError>) -> String {
    match error {
        PoolError::Backend(error) => error.to_string(),
        PoolError::Timeout(_) => "no connection in time".into(),
        other => other.to_string(),
    }
}

impl Manager for Dialer {
    type Type = Client;
    type Error = ConnectError;

    async fn create(&self) -> Result<Client, ConnectError> {
        let link = self.address.link();
        let mut config = self.address.config.clone();
        if let Some(password) = password(&self.address)? {
            config.password(password);
        }
        let has_names = !link.pooler;
        // There is no TLS in a socket of the file system.
        if self.address.is_unix() {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await?;
            let parts = (client, drive(connection));
            return Ok(Client::new(parts, has_names, false).in_schema(self.schema.clone()));
        }
        let negotiator = Negotiator {
            mode: link.tls,
            tls: tls::config(link)?,
            password: config.get_password().map(Arc::from),
            wants_binding: self.address.wants_binding(),
            is_sealed: Arc::new(AtomicBool::new(false)),
        };
        let is_sealed = Arc::clone(&negotiator.is_sealed);
        // Our own layer begins, and asks for TLS or not.
        config.ssl_mode(SslMode::Require);
        config.ssl_negotiation(SslNegotiation::Direct);
        let (client, connection) = config.connect(negotiator).await?;
        let parts = (client, drive(connection));
        let client = Client::new(parts, has_names, is_sealed.load(Ordering::Acquire));
        Ok(client.in_schema(self.schema.clone()))
    }

    async fn recycle(&self, client: &mut Client, _: &Metrics) -> RecycleResult<ConnectError> {
        match client.is_closed() {
            true => Err(RecycleError::message("it was closed")),
            false => Ok(()),
        }
    }
}

/// The connection's own work, until it ends. What breaks it is told to whoever uses it.
fn drive<S, T>(connection: tokio_postgres::Connection<S, T>) -> tokio::task::JoinHandle<()>
where
    tokio_postgres::Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>> + Send,
    S: 'static,
    T: 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(
                error = super::error::words(&error),
                "a database connection ended"
            );
        }
    })
}

/// The password as it is now: the settings' own, its file's first line, or none beyond the URL's.
fn password(address: &Address) -> Result<Option<Vec<u8>>, ConnectError> {
    let link = address.link();
    if !link.password.is_empty() {
        return Ok(Some(link.password.clone().into_bytes()));
    }
    let path: &Path = &link.password_file;
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).map_err(|source| ConnectError::File {
        what: "the database's password",
        path: path.into(),
        source,
    })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(ConnectError::Content {
            path: path.into(),
            reason: "its first line, the database's password, is empty".into(),
        });
    }
    Ok(Some(line.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_turn_and_the_url_wins() {
        let times = |url: &str| {
            let mut config: Config = url.parse().unwrap();
            bound(&mut config, Duration::from_secs(30));
            let connect = config.get_connect_timeout().copied().unwrap();
            (connect, config.get_tcp_user_timeout().copied().unwrap())
        };
        let seconds =
            |connect, unheard| (Duration::from_secs(connect), Duration::from_secs(unheard));
        assert_eq!(times("postgres://u@one/d"), seconds(15, 15));
        assert_eq!(times("postgres://u@one,two/d"), seconds(10, 15));
        let own = "postgres://u@one,two/d?connect_timeout=3&tcp_user_timeout=4";
        assert_eq!(times(own), seconds(3, 4));
    }
}
