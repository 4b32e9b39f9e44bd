//! Statements through `psql`, for what tests do behind the product's back.

use std::io;
use std::process::{Command, Stdio};

use crate::install::programs;

/// Runs a statement with `psql` against any database; answers its rows, columns parted by `|`.
///
/// # Errors
/// With the database's words.
pub fn sql(url: &str, statement: &str) -> io::Result<String> {
    let output = Command::new(programs()?.join("psql"))
        .args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
            url,
        ])
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{statement}: {words}")))
}
