//! A server of its own: a data folder, the process `hubu serve` in it, and tokens for its people.

use crate::Outcome;
use hubu_core::access::{Claims, SigningKey};
use hubu_core::config::Auth;
use hubu_testkit::{PgCluster, Program};
use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a start may take: a killed writer's lease must run out first.
const START_MAX: Duration = Duration::from_secs(60);

const SECRET: &str = "histories-are-checked-with-this-secret-of-32-bytes";

/// See the module.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pub(crate) address: SocketAddr,
    place: String,
    key: SigningKey,
    _database: Option<PgCluster>,
}

/// The repository's `config`.
pub(crate) fn catalog() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")
}

/// The server: what `HUBU_BIN` names, or the one beside this program.
fn binary() -> Outcome<PathBuf> {
    if let Some(named) = std::env::var_os("HUBU_BIN") {
        return Ok(named.into());
    }
    let beside = std::env::current_exe()?.with_file_name("hubu");
    if beside.exists() {
        return Ok(beside);
    }
    Err(format!(
        "{} is not there: build it, or set HUBU_BIN",
        beside.display()
    )
    .into())
}

impl Site {
    /// A fresh one, on files or on a PostgreSQL of its own.
    pub(crate) fn new(on_postgres: bool) -> Outcome<Site> {
        let folder = tempfile::tempdir()?;
        let made = Command::new(binary()?)
            .args(["init", "data", "--catalog"])
            .arg(catalog().canonicalize()?)
            .current_dir(folder.path())
            .stdout(std::process::Stdio::null())
            .status()?;
        if !made.success() {
            return Err("hubu init failed".into());
        }
        let database = on_postgres.then(PgCluster::start).transpose()?;
        let auth = Auth {
            hs256_secret: SECRET.to_owned().into(),
            hs256_secret_file: PathBuf::new(),
            ..Auth::default()
        };
        Ok(Site {
            folder,
            // Free a moment ago; a restart needs the same one.
            address: TcpListener::bind("127.0.0.1:0")?.local_addr()?,
            place: database
                .as_ref()
                .map_or("file:journal".into(), PgCluster::url),
            key: SigningKey::from_settings(&auth)?,
            _database: database,
        })
    }

    /// Starts the server; what it says is in the file `log`.
    pub(crate) fn serve(&self) -> Outcome<Program> {
        let end = Instant::now() + START_MAX;
        loop {
            let log = File::options()
                .create(true)
                .append(true)
                .open(self.folder.path().join("log"))?;
            let mut command = Command::new(binary()?);
            command
                .args(["serve", "--config", "data/hubu.toml"])
                .current_dir(self.folder.path())
                .env("HUBU_SERVER_LISTEN", self.address.to_string())
                .env("HUBU_METRICS_LISTEN", "")
                .env("HUBU_JOURNAL_PLACE", &self.place)
                .env("HUBU_JOURNAL_LEASE_SECONDS", "3")
                .env("HUBU_JOURNAL_SEGMENT_BYTES", "16777216")
                .env("HUBU_AUTH_HS256_SECRET", SECRET)
                .env("HUBU_AUTH_HS256_SECRET_FILE", "")
                .stdout(std::process::Stdio::null())
                .stderr(log);
            let mut server = Program::from(command.spawn()?);
            // A database's lease outlives the killed writer for a moment: then a start is refused.
            while server.try_wait()?.is_none() {
                if TcpStream::connect(self.address).is_ok() {
                    return Ok(server);
                }
                if Instant::now() > end {
                    return Err(format!("it does not serve:\n{}", self.said()).into());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            if Instant::now() > end {
                return Err(format!("it does not start:\n{}", self.said()).into());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The end of all that its servers have said.
    fn said(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]).into_owned()
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
        };
        Ok(self.key.sign(&claims)?)
    }
}
