//! Finds PostgreSQL's programs, and installs them where they are missing.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

const HOME: &str = "/usr/lib/postgresql";
/// The version that results are measured with; another one is taken when this is not there.
const PREFERRED: u32 = 15;

/// The folder with `initdb` and `postgres`.
///
/// # Errors
/// When they are missing and cannot be installed, with what to do.
pub(crate) fn programs() -> io::Result<PathBuf> {
    if let Some(found) = find(Path::new(HOME)) {
        return Ok(found);
    }
    let package = format!("postgresql-{PREFERRED}");
    // Newer distributions have another version under the plain name.
    if !apt(&package)?.success() {
        apt("postgresql")?;
    }
    find(Path::new(HOME)).ok_or_else(|| {
        io::Error::other(format!(
            "no PostgreSQL in {HOME}; install it with: apt-get install {package}"
        ))
    })
}

/// A program of Debian's, installed where it is missing.
///
/// # Errors
/// When it cannot be installed, with what to do.
pub fn debian_program(name: &str, package: &str) -> io::Result<PathBuf> {
    // Servers lie where ordinary users do not look.
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.push("/usr/sbin".into());
        folders
            .into_iter()
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
    };
    if find().is_none() {
        apt(package)?;
    }
    find().ok_or_else(|| {
        io::Error::other(format!(
            "no {name}; install it with: apt-get install {package}"
        ))
    })
}

/// The program `pgbouncer`.
///
/// # Errors
/// As [`debian_program`].
pub(crate) fn pooler() -> io::Result<PathBuf> {
    debian_program("pgbouncer", "pgbouncer")
}

fn apt(package: &str) -> io::Result<ExitStatus> {
    Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
}

/// The preferred version, or else the newest.
fn find(home: &Path) -> Option<PathBuf> {
    let versions = std::fs::read_dir(home).ok()?;
    let versions = versions.filter_map(|entry| {
        let version: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let programs = home.join(version.to_string()).join("bin");
        programs
            .join("initdb")
            .exists()
            .then_some((version == PREFERRED, version, programs))
    });
    versions.max().map(|(_, _, programs)| programs)
}
