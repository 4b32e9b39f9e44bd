//! A private PostgreSQL cluster. `fsync` and `synchronous_commit` are on: what it acknowledges is durable, and figures
//! measured on it are honest.

mod access;
mod replica;

use std::fs::{File, Permissions};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::family::{freeze, signal_all};
use crate::install::programs;
use crate::sql::sql;

const START_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Another process may take the free port before the cluster does.
const PORT_ATTEMPTS: u32 = 5;
/// The account that PostgreSQL's package makes; the server refuses to run as root.
const ACCOUNT: &str = "postgres";

/// A running cluster. Dropping it stops the server and removes its folder.
pub struct PgCluster {
    programs: PathBuf,
    folder: tempfile::TempDir,
    account: Option<(u32, u32)>,
    port: u16,
    server: Option<Child>,
    is_apart: bool,
    settings: Vec<String>,
}

impl PgCluster {
    /// Makes and starts a cluster of its own, with the empty database `postgres`.
    ///
    /// # Errors
    /// When PostgreSQL cannot be found, installed or started; the text holds the server's own words.
    pub fn start() -> io::Result<Self> {
        Self::begin(None, false, &[])
    }

    /// As [`PgCluster::start`], with its folder inside `parent` (a small disk, say) and further settings (`name=value`).
    ///
    /// # Errors
    /// As [`PgCluster::start`].
    pub fn start_in(parent: &Path, settings: &[&str]) -> io::Result<Self> {
        Self::begin(Some(parent), false, settings)
    }

    /// As [`PgCluster::start`], in a process group of its own: Ctrl-C at the terminal leaves it running, for a program that
    /// has something left to do with it. That program must see to its own end.
    ///
    /// # Errors
    /// As [`PgCluster::start`].
    pub fn start_apart() -> io::Result<Self> {
        Self::begin(None, true, &[])
    }

    fn begin(parent: Option<&Path>, is_apart: bool, settings: &[&str]) -> io::Result<Self> {
        let mut cluster = Self::prepare(parent, is_apart, settings)?;
        cluster.run(
            "initdb",
            &[
                "-U",
                "hubu",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ],
        )?;
        cluster.start_somewhere()?;
        Ok(cluster)
    }

    /// A folder of the right owner, and nothing in it.
    fn prepare(parent: Option<&Path>, is_apart: bool, settings: &[&str]) -> io::Result<Self> {
        let programs = programs()?;
        let temporary = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("hubu-pg-")
            .tempdir_in(parent.unwrap_or(&temporary))?;
        let account = if geteuid().is_root() {
            Some(account()?)
        } else {
            None
        };
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group))?;
        }
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700))?;
        Ok(Self {
            programs,
            folder,
            account,
            port: 0,
            server: None,
            is_apart,
            settings: settings.iter().map(ToString::to_string).collect(),
        })
    }

    /// Starts the server at a free port.
    fn start_somewhere(&mut self) -> io::Result<()> {
        for attempt in 1.. {
            self.port = free_port()?;
            match self.start_again() {
                Ok(()) => break,
                Err(error) if attempt == PORT_ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// The address of the database, as `postgres://hubu@127.0.0.1:PORT/postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://hubu@127.0.0.1:{}/postgres", self.port)
    }

    /// The folder of its files, for who looks for what should not be there.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a statement with `psql`; answers its rows, columns parted by `|`.
    ///
    /// # Errors
    /// With the database's words.
    pub fn sql(&self, statement: &str) -> io::Result<String> {
        sql(&self.url(), statement)
    }

    /// The port that it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts the server again after it was stopped or killed, at the same address.
    ///
    /// # Errors
    /// When it does not come up; the text holds the server's own words.
    pub fn start_again(&mut self) -> io::Result<()> {
        assert!(self.server.is_none(), "it runs already");
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-p")
            .arg(self.port.to_string());
        command.arg("-k").arg(self.folder.path());
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            "shared_buffers=256MB",
            "max_connections=100",
            "max_wal_size=2GB",
        ] {
            command.args(["-c", setting]);
        }
        // Behind the others, so that they win.
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        if self.is_apart {
            command.process_group(0);
        }
        let server = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        self.server = Some(server);
        self.wait_ready()
    }

    /// Stops the server as a power cut would: every connection breaks, the next start recovers.
    ///
    /// # Errors
    /// When the server cannot be signalled.
    pub fn stop_immediate(&mut self) -> io::Result<()> {
        self.stop(Signal::QUIT)
    }

    /// Stops the server as an operator does who does not wait for sessions to end ("fast").
    ///
    /// # Errors
    /// When the server cannot be signalled.
    pub fn stop_fast(&mut self) -> io::Result<()> {
        self.stop(Signal::INT)
    }

    /// Kills the server and all of its processes at once with SIGKILL: nobody cleans up.
    ///
    /// # Errors
    /// When a process cannot be signalled, or does not go.
    pub fn kill_all(&mut self) -> io::Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let family = freeze(server.id())?;
        signal_all(&family, Signal::KILL)?;
        server.wait()?;
        // Their shared memory may not be taken over while one of them lives.
        let until = Instant::now() + STOP_WITHIN;
        while family.iter().any(|process| process.lives()) {
            if Instant::now() > until {
                return Err(io::Error::other("killed processes of PostgreSQL stay"));
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    /// Freezes the server and all of its processes for `time` (SIGSTOP, then SIGCONT): it hears and says nothing.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub fn pause(&self, time: Duration) -> io::Result<()> {
        let Some(server) = &self.server else {
            return Ok(());
        };
        let family = freeze(server.id());
        std::thread::sleep(time);
        signal_all(&family?, Signal::CONT)
    }

    /// Whether the server runs; one that ended by itself is noticed here.
    ///
    /// # Errors
    /// When its process cannot be looked at.
    pub fn is_running(&mut self) -> io::Result<bool> {
        if let Some(server) = &mut self.server
            && server.try_wait()?.is_some()
        {
            self.server = None;
        }
        Ok(self.server.is_some())
    }

    /// Waits until the server answers, after something that it has to recover from.
    ///
    /// # Errors
    /// When it has ended or does not answer in time, with its own words.
    pub fn await_ready(&mut self) -> io::Result<()> {
        self.wait_ready()
    }

    /// Process id of the server, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    fn stop(&mut self, signal: Signal) -> io::Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        if let Some(pid) = Pid::from_raw(server.id().cast_signed()) {
            kill_process(pid, signal)?;
        }
        let until = Instant::now() + STOP_WITHIN;
        while server.try_wait()?.is_none() {
            if Instant::now() > until {
                server.kill()?;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(())
    }

    /// Waits until the server answers.
    fn wait_ready(&mut self) -> io::Result<()> {
        let until = Instant::now() + START_WITHIN;
        loop {
            if let Some(server) = &mut self.server
                && let Some(status) = server.try_wait()?
            {
                self.server = None;
                return Err(self.failure(&format!("postgres ended with {status}")));
            }
            // A listening port is not enough: during recovery the server accepts and refuses.
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
                && self
                    .command("pg_isready")
                    .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                    .status()?
                    .success()
            {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(self.failure("postgres did not answer in time"));
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// Runs one of PostgreSQL's programs to its end; the data folder is the last argument.
    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<()> {
        let output = self
            .command(program)
            .args(arguments)
            .arg(self.data())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("{program} failed: {words}")))
    }

    /// A command that runs under PostgreSQL's own account when we are root.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env_remove("PGDATA");
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn failure(&self, what: &str) -> io::Error {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(8).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        io::Error::other(format!("{what}:\n{}", tail.join("\n")))
    }
}

impl Drop for PgCluster {
    fn drop(&mut self) {
        // The folder goes next, so nothing needs to be kept; and a failure to stop has nobody to hear of it.
        let _ = self.stop(Signal::QUIT);
    }
}

/// User and group of PostgreSQL's account.
pub(crate) fn account() -> io::Result<(u32, u32)> {
    let accounts = std::fs::read_to_string(Path::new("/etc/passwd"))?;
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(ACCOUNT)).then_some(())?;
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some((user, group))
    });
    found.ok_or_else(|| {
        io::Error::other(format!(
            "no account {ACCOUNT}; PostgreSQL refuses to run as root"
        ))
    })
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
