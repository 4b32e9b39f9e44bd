//! Whether a database can carry a journal (数据库检查): what `hubu check-database` finds out.
//!
//! `finding` is one line of the answer; `server` looks at what the server says of itself, `rights` at what the role may, `measure` at
//! times, `pooler` at what stands between, `trial` writes and reads a journal in a schema of its own, which is removed afterwards.
//! Everything here blocks; nothing is left behind unless the process is killed, or the connection lost, before the schema is removed.

mod finding;
mod measure;
mod pooler;
mod rights;
mod server;
mod trial;

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

pub use finding::{Finding, Verdict};

use crate::database::address::Address;
use crate::database::client::Client;
use crate::database::dial::{self, Lent, Pool, Wanted, refusal};
use crate::database::family::Family;
use crate::database::link::TlsMode;
use crate::database::shown::shown;
use crate::journal::error::JournalError;
use crate::journal::setting::Settings;

/// The longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Connections of the check itself: the pooler is told by two at once.
const CONNECTIONS: usize = 2;

/// What is known of a database.
#[derive(Debug)]
pub struct Examination {
    /// Its address, without a password.
    pub place: String,
    /// Its family's name, once it told.
    pub family: Option<&'static str>,
    /// What it says of itself.
    pub version: String,
    /// One for each thing that was looked at.
    pub findings: Vec<Finding>,
}

impl Examination {
    /// How many findings are of this kind.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let is = |finding: &&Finding| finding.verdict == verdict;
        self.findings.iter().filter(is).count()
    }
}

/// Looks at everything; `commits` is how long the journal's commits are measured.
///
/// # Errors
/// [`JournalError::Setting`] when the URL cannot be understood. All that is wrong with the database is a finding.
pub fn examine(
    url: &str,
    settings: &Settings,
    commits: Duration,
) -> Result<Examination, JournalError> {
    let refuse = |reason: String| JournalError::Setting {
        value: shown(url),
        reason,
    };
    let address = Address::new(url, &settings.link).map_err(|error| refuse(error.to_string()))?;
    let examiner = Examiner::new(&address).map_err(refuse)?;
    let mut done = Examination {
        place: shown(url),
        family: None,
        version: String::new(),
        findings: Vec::new(),
    };
    let begun = Instant::now();
    let Some(client) = note(&mut done, "connection", examiner.lend()) else {
        return Ok(done);
    };
    let user = address.user().unwrap_or("the user of this process");
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    done.findings.push(Finding::fine(
        "connection",
        format!("as {user}, made in {took:.1} ms"),
    ));
    let asked = examiner.wait(client.text("SELECT version()"));
    done.version = asked.ok().flatten().unwrap_or_default();
    let family = settings.link.family.or_told_by(&done.version);
    done.family = Some(family.name);
    done.findings.push(told(family, &done.version));
    done.findings.push(sealed(&address, client.is_sealed()));
    let looked = examiner.wait(async { Ok(server::look(&client, family).await) });
    done.findings
        .extend(looked.unwrap_or_else(|reason| vec![Finding::lost(reason)]));
    let looked = examiner.wait(async { Ok(rights::look(&client).await) });
    done.findings
        .extend(looked.unwrap_or_else(|reason| vec![Finding::lost(reason)]));
    for measured in [
        examiner.wait(measure::latency(&client)),
        examiner.wait(measure::clock(&client)),
    ] {
        done.findings.push(measured.unwrap_or_else(Finding::lost));
    }
    drop(client);
    let between = examiner.wait(pooler::look(&examiner.pool, settings.link.pooler));
    done.findings.push(between.unwrap_or_else(Finding::lost));
    done.findings
        .extend(trial::journal(&examiner, url, settings, commits));
    Ok(done)
}

/// Takes what came, or notes why it did not.
fn note<T>(done: &mut Examination, check: &'static str, came: Result<T, String>) -> Option<T> {
    match came {
        Ok(value) => Some(value),
        Err(reason) => {
            let advice = "mend what it says; address, network, pg_hba.conf and password are the usual causes";
            done.findings.push(Finding::fault(check, reason, advice));
            None
        }
    }
}

fn told(family: &Family, version: &str) -> Finding {
    let short: String = version.chars().take(60).collect();
    let detail = format!("{}; {short}; {}", family.title, family.evidence);
    Finding::fine("family", detail)
}

fn sealed(address: &Address, is_sealed: bool) -> Finding {
    let link = address.link();
    let is_checked = match link.tls {
        TlsMode::VerifyFull => true,
        TlsMode::VerifyCa | TlsMode::Require => !link.root_file.as_os_str().is_empty(),
        TlsMode::Prefer | TlsMode::Disable => false,
    };
    match (is_sealed, is_checked) {
        (true, true) => Finding::fine("tls", "encrypted, the server's certificate checked"),
        (true, false) => Finding::warning(
            "tls",
            "encrypted, but whoever sits between may answer in the server's place",
            "database.tls = \"verify-full\" with root_certificate_file (sslmode, sslrootcert)",
        ),
        (false, _) if address.is_local() => {
            Finding::fine("tls", "not encrypted; the database is on this machine")
        }
        (false, _) => Finding::warning(
            "tls",
            "not encrypted: the network between can read and change everything",
            "switch TLS on in the database (ssl = on) and set database.tls = \"verify-full\"",
        ),
    }
}

/// Connections for the check, and what drives them.
struct Examiner {
    runtime: Runtime,
    pool: Pool,
}

impl Examiner {
    fn new(address: &Address) -> Result<Self, String> {
        let wanted = Wanted {
            name: "hubu check-database".into(),
            connections: CONNECTIONS,
            patience: PATIENCE,
            schema: None,
        };
        // Never by name: what is found out here must not depend on a pooler.
        let pool =
            dial::pool(&address.behind_pooler(), wanted).map_err(|error| error.to_string())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        Ok(Self { runtime, pool })
    }

    fn lend(&self) -> Result<Lent, String> {
        let lent = self.runtime.block_on(self.pool.get());
        lent.map_err(refusal)
    }

    /// Runs to the end, or until patience ends.
    fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, String> {
        let bounded = async { tokio::time::timeout(PATIENCE, work).await };
        match self.runtime.block_on(bounded) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(crate::database::error::words(&error)),
            Err(_) => Err("no answer in time".into()),
        }
    }
}

/// What the server says a setting is; none where it knows no such setting.
async fn setting(client: &Client, name: &str) -> Option<String> {
    client.text(&format!("SHOW {name}")).await.ok().flatten()
}
