//! The commands of `hubu`, with their help.

mod access;
mod backup;
mod check;
#[cfg(feature = "postgres")]
mod check_database;
mod error;
mod fields;
mod init;
mod key;
mod progress;
mod prompt;
mod restore;
mod retention;
mod seal;
mod secrets;
mod selftest;
mod serve;
mod sign;
mod signals;
mod snapshots;
mod tables;
mod token;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use error::CommandError;

const EXAMPLES: &str = "\
Examples:
  hubu init hubu-data                              make a data folder with settings, a secret and the catalog
  hubu serve --config hubu-data/hubu.toml          serve until SIGTERM
  hubu serve --standby --config hubu-data/hubu.toml
                                                   follow the PostgreSQL journal of another server, and take it over
  hubu token --config hubu-data/hubu.toml --sub zhang --role agency_clerk \\
       --division 420106000 --agency 420106000000000000001
  hubu check --config hubu-data/hubu.toml          list every mistake in settings and catalog
  hubu access --config hubu-data/hubu.toml         show who may do what, as a table
  hubu fields --config hubu-data/hubu.toml         list the keys of sensitive fields; --new-key adds one
  hubu check-database --config hubu-data/hubu.toml
                                                   whether the database of the settings can carry a journal
  hubu verify --config hubu-data/hubu.toml         check the journal from its first batch to its last
  hubu seal --config hubu-data/hubu.toml --key seal.key
                                                   sign the journal of every day and month that is over
  hubu verify --signatures --config hubu-data/hubu.toml
                                                   also the signatures under documents, with public keys alone
  hubu sign --statement signing.json --private-key wang.pem
  hubu backup --config hubu-data/hubu.toml --to /backup/hubu
  hubu selftest --folder /tmp/course               prints sums to compare with another machine's
  hubu init fresh && hubu restore --config fresh/hubu.toml --from /backup/hubu

Exit status:
  0  done; for `serve`: stopped as asked, nothing lost
  1  something failed; the message says what and what to do
  2  the command line or the settings are wrong
  3  `check` or `check-database` found mistakes; or something is damaged or not as it was made: the journal,
     seals, what `restore` made, a signature (`verify --signatures`), the audit log; or `selftest` failed";

/// Hubu (户部): the execution core of a public budget.
#[derive(Debug, Parser)]
#[command(name = "hubu", version, about, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a data folder: settings, a secret to sign tokens with, and a copy of the catalog
    Init(init::Init),
    /// Serve until SIGTERM or SIGINT; then finish what is under way and exit with 0
    Serve(serve::Serve),
    /// Check the whole journal: its chain, its records, its balance
    Verify(verify::Verify),
    /// Sign the journal's chain, for every day and month that is over
    Seal(seal::Seal),
    /// Make, show and lock the keys that sign
    Key(key::Key),
    /// Copy the journal into a folder, while the server goes on
    Backup(backup::Backup),
    /// Make a journal anew from a backup, whole or up to a record, and prove it by the state that it makes
    Restore(restore::Restore),
    /// Play a course of commands and print sums of its journal and state, to compare with another machine's
    Selftest(selftest::Selftest),
    /// Sign a bearer token for a person
    Token(Box<token::Token>),
    /// List the keys of sensitive fields and what the journal needs them for, or add a new one
    Fields(fields::Fields),
    /// Sign a document's statement with a private key, or check a signature; needs no server
    Sign(sign::Sign),
    /// Check the settings and the whole catalog, and list every mistake with file and line
    Check(check::Check),
    /// Show who may do what: every route and step, for every role and scope, as Markdown
    Access(access::Access),
    /// Check whether a database can carry a journal: durable commits, rights, times, TLS, and a journal on trial
    #[cfg(feature = "postgres")]
    CheckDatabase(check_database::CheckDatabase),
}

/// Where the settings are.
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// The file of settings; every value can be overridden by HUBU_SECTION_KEY
    #[arg(
        long,
        env = "HUBU_CONFIG",
        default_value = "hubu.toml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Cli {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        match self.command {
            Command::Init(init) => init.run(),
            Command::Serve(serve) => serve.run(),
            Command::Verify(verify) => verify.run(),
            Command::Seal(seal) => seal.run(),
            Command::Key(key) => key.run(),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Selftest(selftest) => selftest.run(),
            Command::Token(token) => token.run(),
            Command::Fields(fields) => fields.run(),
            Command::Sign(sign) => sign.run(),
            Command::Check(check) => check.run(),
            Command::Access(access) => access.run(),
            #[cfg(feature = "postgres")]
            Command::CheckDatabase(check) => check.run(),
        }
    }
}
