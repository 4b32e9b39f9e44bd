//! How much one client, one person and one route may ask for (限流), and how many tokens one client may guess at.
//!
//! | limit | is kept by | what is beyond it |
//! |---|---|---|
//! | `client_per_second` | address, an IPv6 network of 64 bits | 429 before anything is looked at |
//! | `token_per_second` | person, whatever the token | 429 before the body is read |
//! | `routes_per_second` | person and route | as above |
//! | `bad_tokens_per_minute` | address | 429 for tokens that are not known to be good |
//!
//! The rates are governor's (GCRA). What it keeps of each client lies in tables of a fixed size (`cells`): whoever comes
//! from a million addresses takes no more memory than one does. Where nothing is limited nothing is looked up.

mod cells;
mod client;
mod setting;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::HeaderMap;

use self::cells::{Cells, hash, now_nanos};
use self::client::{Proxies, network};
use super::error::HttpError;
use super::route::{Operation, ROUTES};
use super::session::Session;
use crate::config;
use crate::engine::actor::Actor;

/// Places of the tables by address.
const CLIENTS: usize = 1 << 16;
/// Places of the tables by person: far more than people, so that few share one.
const PEOPLE: usize = 1 << 20;

/// The limits of one server, shared by its threads.
pub struct Rates {
    clients: Option<Cells>,
    people: Option<Cells>,
    routes: Vec<Option<Cells>>,
    guesses: Option<Guesses>,
    proxies: Proxies,
}

/// Tokens that turned out to be none.
struct Guesses {
    rate: Cells,
    /// Until when an address is not believed, in nanoseconds of this process.
    until: Box<[AtomicU64]>,
}

impl Rates {
    /// As the settings say.
    ///
    /// # Errors
    /// A setting that cannot be read, with its name.
    pub fn new(limits: &config::Limits, server: &config::Server) -> Result<Self, String> {
        let routes = setting::routes(&limits.routes_per_second)?;
        let route = |(place, _)| {
            let rate = routes.iter().find(|(known, _)| *known == place);
            rate.and_then(|(_, rate)| Cells::new(*rate, 1, *rate, PEOPLE))
        };
        let guesses = limits.bad_tokens_per_minute;
        let guesses = Cells::new(guesses, 60, guesses, CLIENTS).map(|rate| Guesses {
            rate,
            until: (0..CLIENTS).map(|_| AtomicU64::new(0)).collect(),
        });
        Ok(Self {
            clients: Cells::new(limits.client_per_second, 1, limits.client_burst, CLIENTS),
            people: Cells::new(limits.token_per_second, 1, limits.token_burst, PEOPLE),
            routes: ROUTES.iter().enumerate().map(route).collect(),
            guesses,
            proxies: Proxies::new(&server.trusted_proxies)?,
        })
    }

    /// No limit at all.
    pub fn none() -> Self {
        // Shown from the start, as 0.
        for by in ["client", "token", "route", "bad_token"] {
            metrics::counter!("hubu_limited_total", "by" => by).increment(0);
        }
        Self {
            clients: None,
            people: None,
            routes: ROUTES.iter().map(|_| None).collect(),
            guesses: None,
            proxies: Proxies::default(),
        }
    }

    /// Who asks, as far as the connection and a proxy that is believed say.
    pub fn client(&self, session: &Session, headers: &HeaderMap) -> Option<IpAddr> {
        Some(self.proxies.client(session.peer()?, headers))
    }

    /// Counts a request by its client's address.
    ///
    /// # Errors
    /// It is one too many.
    #[inline]
    pub(super) fn count_client(
        &self,
        session: &Session,
        headers: &HeaderMap,
    ) -> Result<(), HttpError> {
        let Some(cells) = &self.clients else {
            return Ok(());
        };
        let Some(client) = self.client(session, headers) else {
            return Ok(());
        };
        cells
            .take(hash(&network(client)))
            .map_err(|wait| too_many("client", wait))
    }

    /// Whether requests are counted by person, on this route or on all.
    #[inline]
    pub(super) fn counts_people(&self, operation: Operation) -> bool {
        self.people.is_some() || self.route(operation).is_some()
    }

    /// Counts a request by who makes it, and on which route. A person is one, on whose behalf and for whatever reason they ask.
    ///
    /// # Errors
    /// It is one too many.
    pub(super) fn count_person(
        &self,
        actor: &Actor,
        operation: Operation,
    ) -> Result<(), HttpError> {
        let person = hash(actor.named().person);
        if let Some(cells) = &self.people {
            cells.take(person).map_err(|wait| too_many("token", wait))?;
        }
        if let Some(cells) = self.route(operation) {
            cells.take(person).map_err(|wait| too_many("route", wait))?;
        }
        Ok(())
    }

    fn route(&self, operation: Operation) -> Option<&Cells> {
        self.routes.get(operation as usize)?.as_ref()
    }

    /// Whether a token of this client is looked at that is not known to be good.
    ///
    /// # Errors
    /// Too many of its tokens were none.
    pub(super) fn may_try(&self, session: &Session, headers: &HeaderMap) -> Result<(), HttpError> {
        let Some((guesses, client)) = self.guesses.as_ref().zip(self.client(session, headers))
        else {
            return Ok(());
        };
        let until = guesses.until(client).load(Ordering::Relaxed);
        match until.checked_sub(now_nanos()) {
            None | Some(0) => Ok(()),
            Some(nanos) => Err(too_many("bad_token", Duration::from_nanos(nanos))),
        }
    }

    /// A token of this client was none.
    pub(super) fn count_guess(&self, session: &Session, headers: &HeaderMap) {
        let Some((guesses, client)) = self.guesses.as_ref().zip(self.client(session, headers))
        else {
            return;
        };
        if let Err(wait) = guesses.rate.take(hash(&network(client))) {
            let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
            let until = now_nanos().saturating_add(wait);
            guesses.until(client).fetch_max(until, Ordering::Relaxed);
        }
    }
}

impl Guesses {
    fn until(&self, client: IpAddr) -> &AtomicU64 {
        &self.until[hash(&network(client)) as usize % CLIENTS]
    }
}

fn too_many(by: &'static str, wait: Duration) -> HttpError {
    metrics::counter!("hubu_limited_total", "by" => by).increment(1);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    HttpError::TooMany {
        by,
        seconds: u32::try_from(seconds).unwrap_or(u32::MAX).max(1),
    }
}

#[cfg(test)]
mod tests;
