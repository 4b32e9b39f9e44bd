//! Finds PostgreSQL's programs, and installs them where they are missing.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
    if !install(&package)? {
        install("postgresql")?;
    }
    find(Path::new(HOME)).ok_or_else(|| {
        io::Error::other(format!(
            "no PostgreSQL in {HOME}; install it with: apt-get install {package}"
        ))
    })
}

/// The program `pgbouncer`.
///
/// # Errors
/// When it is missing and cannot be installed, with what to do.
pub(crate) fn pooler() -> io::Result<PathBuf> {
    debian_program("pgbouncer", "pgbouncer")
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

/// A program of Debian's, installed where it is missing.
///
/// # Errors
/// When it cannot be installed, with what to do.
pub fn debian_program(name: &str, package: &str) -> io::Result<PathBuf> {
    let found = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // Servers are no commands for everybody, and not in everybody's PATH.
        let places = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
        std::env::split_paths(&path)
            .chain(places)
            .map(|place| place.join(name))
            .find(|file| file.is_file())
    };
    if let Some(found) = found() {
        return Ok(found);
    }
    install(package)?;
    found().ok_or_else(|| {
        io::Error::other(format!(
            "{name} is needed; install it with: apt-get install {package}"
        ))
    })
}

/// Installs a package of Debian's, with newer lists of packages where the first attempt fails; whether that went well.
fn install(package: &str) -> io::Result<bool> {
    let wanted = ["install", "-y", "--no-install-recommends", package];
    Ok(apt(&wanted)? || apt(&["update"])? && apt(&wanted)?)
}

fn apt(arguments: &[&str]) -> io::Result<bool> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    Ok(status.success())
}
