//! `hubu token`: signs a bearer token.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use hubu_core::access::{Claims, SigningKey, actor_of};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;

use super::{CommandError, Config};

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    config: Config,
    /// Who it is; the name that every record of theirs carries
    #[arg(long)]
    sub: String,
    /// A role, as config/roles.toml names it; may be given many times
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// The division they belong to: nine digits
    #[arg(long)]
    division: String,
    /// The agency they belong to: 21 digits
    #[arg(long)]
    agency: Option<String>,
    /// The department they belong to
    #[arg(long)]
    dept: Option<String>,
    /// How long the token is good, in hours
    #[arg(long, default_value_t = 12, value_name = "HOURS")]
    hours: u64,
    /// Sign with this Ed25519 private key (PEM) in place of the HS256 secret
    #[arg(long, value_name = "FILE")]
    ed25519_private_key: Option<PathBuf>,
}

impl Token {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        let key = match &self.ed25519_private_key {
            Some(path) => SigningKey::from_ed25519_file(path)?,
            None => SigningKey::from_settings(&settings.auth)?,
        };
        let catalog = Catalog::from_sources(&Sources::read_dir(&settings.catalog.folder)?)?;
        let unknown = self
            .roles
            .iter()
            .find(|role| catalog.role_named(role).is_none());
        if let Some(role) = unknown {
            return Err(CommandError::Usage(format!(
                "the catalog has no role {role:?}"
            )));
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let claims = Claims {
            sub: self.sub,
            roles: self.roles,
            division: self.division,
            agency: self.agency,
            dept: self.dept,
            exp: now + self.hours.saturating_mul(3600),
        };
        // What the server would refuse is refused here.
        actor_of(&claims, &catalog)?;
        println!("{}", key.sign(&claims)?);
        Ok(())
    }
}
