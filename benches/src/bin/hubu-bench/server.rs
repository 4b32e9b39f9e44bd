//! Servers to measure: `hubu serve` on a folder of its own, and the bare one.

use crate::certificate::Pair;
use crate::{Outcome, client};
use hubu_naive::Mode;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server; dropping it kills the process.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// Where it speaks TLS, if it does.
    pub(crate) tls: Option<SocketAddr>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.process.kill();
        let _waited = self.process.wait();
    }
}

impl Server {
    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }
}

/// A folder that `hubu init` laid out, and the journal that its server uses.
pub(crate) struct Site {
    folder: PathBuf,
    journal: String,
    connections: Option<usize>,
    tls: Option<Pair>,
}

impl Site {
    /// Lays out `folder`.
    pub(crate) fn lay_out(folder: &Path, journal: &str) -> Outcome<Site> {
        let site = Site {
            folder: folder.to_owned(),
            journal: journal.to_owned(),
            connections: None,
            tls: None,
        };
        let made = site.hubu()?.arg("init").arg(&site.folder).output()?;
        if !made.status.success() {
            return Err(format!("hubu init: {}", String::from_utf8_lossy(&made.stderr)).into());
        }
        Ok(site)
    }

    /// The same site with room for so many connections.
    pub(crate) fn with_connections(mut self, connections: usize) -> Site {
        self.connections = Some(connections);
        self
    }

    /// The same site with TLS beside plain HTTP.
    pub(crate) fn with_tls(mut self, pair: Pair) -> Site {
        self.tls = Some(pair);
        self
    }

    /// The file with the secret of its tokens.
    pub(crate) fn secret(&self) -> PathBuf {
        self.folder.join("secret")
    }

    fn hubu(&self) -> Outcome<Command> {
        let beside = std::env::current_exe()?.with_file_name("hubu");
        let mut command = Command::new(beside);
        command.env("HUBU_JOURNAL_PLACE", &self.journal);
        Ok(command)
    }

    fn settings(&self) -> PathBuf {
        self.folder.join("hubu.toml")
    }

    /// Starts the server and waits until it is ready.
    pub(crate) fn serve(&self) -> Outcome<Server> {
        let address = client::free_address()?;
        let log = File::create(self.folder.join("server.log"))?;
        let mut command = self.hubu()?;
        command.arg("serve").arg("--config").arg(self.settings());
        command
            .env("HUBU_SERVER_LISTEN", address.to_string())
            .env("HUBU_METRICS_LISTEN", "");
        command.env("HUBU_LOG_LEVEL", "warn");
        if let Some(connections) = self.connections {
            command.env("HUBU_SERVER_MAX_CONNECTIONS", connections.to_string());
        }
        let mut tls = None;
        if let Some(pair) = &self.tls {
            let listen = client::free_address()?;
            command
                .env("HUBU_TLS_LISTEN", listen.to_string())
                .env("HUBU_TLS_CERTIFICATE_FILE", &pair.certificate)
                .env("HUBU_TLS_KEY_FILE", &pair.key);
            tls = Some(listen);
        }
        // Ctrl-C at the terminal is for this program, which may have books to settle first.
        command.process_group(0);
        let process = command
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()?;
        let server = Server {
            process,
            address,
            tls,
        };
        client::await_ready(address, "/readyz").map_err(|error| {
            let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
            format!("hubu serve: {error}\n{log}")
        })?;
        Ok(server)
    }

    /// A bearer token.
    pub(crate) fn token(
        &self,
        user: &str,
        role: &str,
        division: &str,
        agency: &str,
    ) -> Outcome<String> {
        let mut command = self.hubu()?;
        command.arg("token").arg("--config").arg(self.settings());
        command.args([
            "--sub",
            user,
            "--role",
            role,
            "--division",
            division,
            "--agency",
            agency,
        ]);
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("hubu token: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// Starts the bare server with one of Hubu's answers.
pub(crate) fn bare(answer: &Path) -> Outcome<Server> {
    let address = client::free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("bare")
        .arg(address.to_string())
        .arg(answer)
        .stdin(Stdio::null());
    let server = Server {
        process: command.spawn()?,
        address,
        tls: None,
    };
    client::await_ready(address, "/readyz")?;
    Ok(server)
}

/// Starts the server that Hubu is compared with, on a database that [`hubu_naive::rows::load`] laid out.
pub(crate) fn naive(database: &str, mode: Mode, size: usize) -> Outcome<Server> {
    let address = client::free_address()?;
    let mut command = Command::new(std::env::current_exe()?.with_file_name("hubu-naive"));
    command
        .args(["--listen", &address.to_string()])
        .args(["--database", database])
        .args(["--mode", &mode.to_string()])
        .args(["--size", &size.to_string()])
        .stdin(Stdio::null())
        .process_group(0);
    let process = command
        .spawn()
        .map_err(|error| format!("hubu-naive: {error}; build it with -p hubu-naive"))?;
    let server = Server {
        process,
        address,
        tls: None,
    };
    client::await_ready(address, "/readyz")?;
    Ok(server)
}
