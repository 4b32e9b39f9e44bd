//! `hubu token`: signs a bearer token.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use hubu_core::access::{Audience, Claims, Confirmation, Only, SigningKey, Thumbprint, actor_of};
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::fill_random;
use hubu_core::config::Auth;

use super::{CommandError, Config, hex};

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
    /// How long the token is good, in hours (default 12; with a role for emergencies, as long as it may be)
    #[arg(long, value_name = "HOURS")]
    hours: Option<u64>,
    /// On whose behalf they act with these roles; needs --delegated-until
    #[arg(long, value_name = "NAME", requires = "delegated_until")]
    delegated_by: Option<String>,
    /// When the delegation ends: seconds since 1970, as `date -d 2026-12-24 +%s` says
    #[arg(long, value_name = "SECONDS", requires = "delegated_by")]
    delegated_until: Option<u64>,
    /// Why the glass is broken; goes with a role for emergencies
    #[arg(long)]
    reason: Option<String>,
    /// The client certificate (PEM) that has to come with the token: without it, it lets nobody in
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    narrow: Narrow,
    /// Sign with this Ed25519 private key (PEM) in place of the HS256 secret
    #[arg(long, value_name = "FILE", conflicts_with = "sm2_private_key")]
    ed25519_private_key: Option<PathBuf>,
    /// Sign with this SM2 private key (PEM) in place of the HS256 secret
    #[arg(long, value_name = "FILE")]
    sm2_private_key: Option<PathBuf>,
    /// The name of the key (kid), as the server knows it
    #[arg(long)]
    kid: Option<String>,
}

/// What a service account's token is narrowed to.
#[derive(Debug, Args)]
struct Narrow {
    /// Only this operation, as /openapi.json names it; may be given many times
    #[arg(long = "only-operation", value_name = "NAME")]
    operations: Vec<String>,
    /// Only this document type; may be given many times
    #[arg(long = "only-type", value_name = "NAME")]
    types: Vec<String>,
    /// Only this division and what is below it; may be given many times
    #[arg(long = "only-division", value_name = "CODE")]
    divisions: Vec<String>,
    /// Only reads
    #[arg(long = "read-only")]
    read_only: bool,
}

impl Narrow {
    fn only(self) -> Option<Only> {
        let listed = |names: Vec<String>| Some(names).filter(|names| !names.is_empty());
        let only = Only {
            operations: listed(self.operations),
            types: listed(self.types),
            divisions: listed(self.divisions),
            read_only: self.read_only,
        };
        (only != Only::default()).then_some(only)
    }
}

impl Token {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        let auth = &settings.auth;
        let key = match (&self.ed25519_private_key, &self.sm2_private_key) {
            (Some(path), _) => SigningKey::from_ed25519_file(path)?,
            (None, Some(path)) => SigningKey::from_sm2_file(path)?,
            (None, None) => SigningKey::from_settings(auth)?,
        };
        let key = key.named(self.kid.clone());
        let catalog = Catalog::from_sources(&Sources::read_dir(&settings.catalog.folder)?)?;
        let claims = self.claims(auth, &catalog)?;
        // What the server would refuse is refused here.
        actor_of(&claims, &catalog)?;
        println!("{}", key.sign(&claims)?);
        Ok(())
    }

    fn claims(self, auth: &Auth, catalog: &Catalog) -> Result<Claims, CommandError> {
        let mut is_break_glass = false;
        for role in &self.roles {
            let known = catalog.role_named(role);
            let known = known
                .ok_or_else(|| CommandError::Usage(format!("the catalog has no role {role:?}")))?;
            is_break_glass |= catalog.is_break_glass(known);
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let longest = u64::from(auth.break_glass_minutes_max) * 60;
        let life = match self.hours {
            Some(hours) => hours.saturating_mul(3600),
            None if is_break_glass => longest,
            None => 12 * 3600,
        };
        if is_break_glass && life > longest {
            return Err(CommandError::Usage(format!(
                "a token with a role for emergencies lives at most {} minutes (auth.break_glass_minutes_max)",
                auth.break_glass_minutes_max
            )));
        }
        let binding = self.certificate.as_deref().map(bound_to).transpose()?;
        let mut jti = [0; 16];
        fill_random(&mut jti).map_err(|error| CommandError::Usage(error.to_string()))?;
        let named = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(Claims {
            sub: self.sub,
            roles: self.roles,
            division: self.division,
            agency: self.agency,
            dept: self.dept,
            exp: now.saturating_add(life),
            iat: Some(now),
            jti: Some(hex(&jti)),
            iss: named(&auth.issuer),
            aud: named(&auth.audience).map(Audience::One),
            delegated_by: self.delegated_by,
            delegated_until: self.delegated_until,
            reason: self.reason,
            only: self.narrow.only(),
            cnf: binding,
            ..Claims::default()
        })
    }
}

/// What binds a token to the certificate of this file, the first where there are more.
fn bound_to(path: &Path) -> Result<Confirmation, CommandError> {
    let chain = hubu_core::tls::certificates(path)?;
    Ok(Confirmation::to(&Thumbprint::of(&chain[0])))
}
