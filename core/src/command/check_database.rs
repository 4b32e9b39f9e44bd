//! `hubu check-database`: whether a database can carry a journal, tried with the journal's own statements.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use hubu_core::config::JournalPlace;
use hubu_core::database::family::FamilyChoice;
use hubu_core::database::link::Link;
use hubu_core::journal::Settings;
use hubu_core::journal::postgres::examine::{Examination, Finding, Verdict, examine};
use serde_json::json;

use super::serve::journal_settings;
use super::{CommandError, Config};

const ABOUT: &str = "\
Looks at connection, family, TLS, encoding, what makes a commit durable, a synchronous standby, limits, rights, round trips, clocks and
poolers; then writes, reads, checks and takes over a journal in a schema of its own, and counts commits of 2 KiB for a while. The
schema is removed afterwards; nothing else is changed. A run that is killed leaves the schema, hubu_check_…: DROP SCHEMA … CASCADE.
One line a check: ok, warn, or FAIL with what to do.

Without an address it takes journal.place and [database] from the settings. A password belongs into --password-file or the
environment (PGPASSWORD); in an address on the command line every user of this machine can read it.

Examples:
  hubu check-database --config hubu-data/hubu.toml
  hubu check-database 'postgres://hubu@db/hubu?sslmode=verify-full&sslrootcert=/etc/hubu/root.pem' --password-file /etc/hubu/db
  hubu check-database postgres://hubu@127.0.0.1:6432/hubu --pooler --json

Exit status: 0 nothing is wrong (warnings do not count), 3 a journal may not be kept there, 2 the address cannot be understood.";

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct CheckDatabase {
    /// The database, as postgres://user@host:port/database; that of the settings when it is left out
    #[arg(value_name = "URL")]
    url: Option<Hidden>,
    #[command(flatten)]
    config: Config,
    /// A file with the password on its first line
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A pooler in transaction mode stands between
    #[arg(long)]
    pooler: bool,
    /// How long commits are counted, in seconds
    #[arg(long, default_value_t = 3, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// One JSON object for machines
    #[arg(long)]
    json: bool,
}

/// An address that may hold a password.
#[derive(Clone)]
struct Hidden(String);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hubu_core::database::shown::shown(&self.0))
    }
}

impl CheckDatabase {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let (url, mut settings) = self.target()?;
        if let Some(file) = &self.password_file {
            settings.link.password = String::new();
            settings.link.password_file.clone_from(file);
        }
        settings.link.pooler |= self.pooler;
        let time = Duration::from_secs(self.seconds);
        let found = examine(&url, &settings, time)
            .map_err(|error| CommandError::Usage(error.to_string()))?;
        match self.json {
            true => print_json(&found),
            false => print_lines(&found),
        }
        match found.count(Verdict::Fail) {
            0 => Ok(()),
            faults => Err(CommandError::Faults(faults)),
        }
    }

    /// The address, and what is known of the connection.
    fn target(&self) -> Result<(String, Settings), CommandError> {
        if let Some(Hidden(url)) = &self.url {
            if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
                // Said without the text, which may hold a password.
                return Err(CommandError::Usage(
                    "an address begins with postgres://: postgres://user@host:port/database".into(),
                ));
            }
            let link = Link {
                password: std::env::var("PGPASSWORD").unwrap_or_default(),
                family: FamilyChoice::Auto,
                ..Link::default()
            };
            let settings = Settings {
                link,
                ..Settings::default()
            };
            return Ok((url.clone(), settings));
        }
        let settings = hubu_core::config::load(&self.config.config)?;
        match &settings.journal.place {
            JournalPlace::Postgres(url) => Ok((url.clone(), journal_settings(&settings))),
            JournalPlace::File(_) => Err(CommandError::Usage(
                "journal.place is a folder: name a database, hubu check-database postgres://user@host/database"
                    .into(),
            )),
        }
    }
}

fn print_lines(found: &Examination) {
    println!("{}", found.place);
    for Finding {
        check,
        verdict,
        detail,
        advice,
    } in &found.findings
    {
        let word = match verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        println!("{word:<5} {check:<12} {detail}");
        if let Some(advice) = advice {
            println!("{:<18} -> {advice}", "");
        }
    }
    let (faults, warnings) = (found.count(Verdict::Fail), found.count(Verdict::Warn));
    println!("{faults} to mend, {warnings} to look at");
}

fn print_json(found: &Examination) {
    let object = json!({
        "database": found.place,
        "family": found.family,
        "version": found.version,
        "faults": found.count(Verdict::Fail),
        "warnings": found.count(Verdict::Warn),
        "checks": found.findings,
    });
    println!("{object:#}");
}
