//! Who may come in, and how: certificates and passwords, as a database administrator would set them up.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use super::PgCluster;

impl PgCluster {
    /// As [`PgCluster::start`], with TLS: the server's certificate with its key (PEM), and who vouches for clients that must show
    /// one of their own.
    ///
    /// # Errors
    /// As [`PgCluster::start`].
    pub fn start_sealed(certificate: &str, key: &str, clients: Option<&str>) -> io::Result<Self> {
        let mut cluster = Self::start()?;
        for (name, text) in [
            ("server.crt", certificate),
            ("server.key", key),
            ("root.crt", clients.unwrap_or_default()),
        ] {
            cluster.write(name, text)?;
        }
        cluster.settings = vec!["ssl=on".into()];
        if clients.is_some() {
            cluster.settings.push("ssl_ca_file=root.crt".into());
        }
        cluster.stop_fast()?;
        cluster.start_again()?;
        Ok(cluster)
    }

    /// Sets who may come in (lines of `pg_hba.conf`), beside the role `hubu`, which needs no password from this machine, and
    /// starts the server anew.
    ///
    /// # Errors
    /// When the file cannot be written or the server does not start with it.
    pub fn let_in(&mut self, lines: &str) -> io::Result<()> {
        let all = format!("{lines}\nhost all hubu 127.0.0.1/32 trust\nlocal all hubu trust\n");
        self.write("pg_hba.conf", &all)?;
        self.stop_fast()?;
        self.start_again()
    }

    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.data().join(name);
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        if let Some((user, group)) = self.account {
            chown(&path, Some(user), Some(group))?;
        }
        Ok(path)
    }
}
