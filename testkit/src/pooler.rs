//! A PgBouncer of one's own in transaction mode, in front of a PostgreSQL of one's own.

use std::fs::{File, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::geteuid;

use crate::Program;
use crate::install::pooler;
use crate::postgres::account;

const START_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// Server connections of the pool; they take turns, so that no two transactions of a client need meet the same one.
const SERVERS: usize = 4;

/// A running pooler. Dropping it stops it.
pub struct Pooler {
    folder: tempfile::TempDir,
    port: u16,
    account: Option<(u32, u32)>,
    program: Option<Program>,
}

impl Pooler {
    /// Starts one in front of the server at this port of this machine, for the role `hubu`.
    ///
    /// # Errors
    /// When PgBouncer cannot be found, installed or started; the text holds its own words.
    pub fn start(server_port: u16) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hubu-pool-").tempdir()?;
        // It refuses to run as root, as the server does.
        let account = if geteuid().is_root() {
            Some(account()?)
        } else {
            None
        };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let at = folder.path().display();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {at}/users\npool_mode = transaction\n\
             default_pool_size = {SERVERS}\nmin_pool_size = {SERVERS}\nmax_client_conn = 200\nserver_round_robin = 1\n\
             server_login_retry = 0\n"
        );
        std::fs::write(folder.path().join("settings"), settings)?;
        std::fs::write(folder.path().join("users"), "\"hubu\" \"\"\n")?;
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group))?;
        }
        let mut made = Self {
            folder,
            port,
            account,
            program: None,
        };
        made.start_again()?;
        Ok(made)
    }

    /// The address of the database through the pooler.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://hubu@127.0.0.1:{}/postgres", self.port)
    }

    /// Kills it: all connections through it break.
    pub fn stop(&mut self) {
        self.program = None;
    }

    /// Starts it again, at the same address.
    ///
    /// # Errors
    /// As [`Pooler::start`].
    pub fn start_again(&mut self) -> io::Result<()> {
        let log = self.folder.path().join("log");
        let out = File::options().create(true).append(true).open(&log)?;
        let mut command = Command::new(pooler()?);
        command.arg(self.folder.path().join("settings"));
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(out);
        let mut program = Program::from(command.spawn()?);
        let until = Instant::now() + START_WITHIN;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if program.try_wait()?.is_some() || Instant::now() > until {
                let words = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(io::Error::other(format!(
                    "pgbouncer does not start:\n{words}"
                )));
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        self.program = Some(program);
        Ok(())
    }
}
