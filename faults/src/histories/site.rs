//! A server of its own: a data folder, the process `hubu serve` in it, and tokens for its people.

use crate::Outcome;
use crate::program;
use hubu_core::access::{Claims, SigningKey};
use hubu_core::config::Auth;
use hubu_testkit::{PgCluster, Program};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: &str = "histories-are-checked-with-this-secret-of-32-bytes";

/// See the module.
pub(crate) struct Site {
    site: hubu_testkit::Site,
    pub(crate) address: SocketAddr,
    key: SigningKey,
    _database: Option<PgCluster>,
}

impl Site {
    /// A fresh one, on files or on a PostgreSQL of its own.
    pub(crate) fn new(on_postgres: bool) -> Outcome<Site> {
        let database = on_postgres.then(PgCluster::start).transpose()?;
        let place = database
            .as_ref()
            .map_or("file:journal".into(), PgCluster::url);
        let settings = [
            ("HUBU_JOURNAL_PLACE", &*place),
            ("HUBU_METRICS_LISTEN", ""),
            ("HUBU_AUTH_HS256_SECRET", SECRET),
            ("HUBU_AUTH_HS256_SECRET_FILE", ""),
        ];
        let site = hubu_testkit::Site::new(&program::hubu()?, &program::catalog(), &settings)?;
        let auth = Auth {
            hs256_secret: SECRET.to_owned().into(),
            hs256_secret_file: PathBuf::new(),
            ..Auth::default()
        };
        Ok(Site {
            address: site.address,
            site,
            key: SigningKey::from_settings(&auth)?,
            _database: database,
        })
    }

    /// Starts the server; what it says is in the file `log`.
    pub(crate) fn serve(&self) -> Outcome<Program> {
        Ok(self.site.serve()?)
    }

    /// A token for a day.
    pub(crate) fn token(
        &self,
        name: &str,
        role: &str,
        division: &str,
        agency: Option<&str>,
    ) -> Outcome<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = Claims {
            sub: name.into(),
            roles: vec![role.into()],
            division: division.into(),
            agency: agency.map(Into::into),
            dept: None,
            exp: now + 86_400,
            ..Claims::default()
        };
        Ok(self.key.sign(&claims)?)
    }
}
