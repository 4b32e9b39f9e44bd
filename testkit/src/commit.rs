//! What a figure was measured on.

use std::process::Command;

/// The commit of the working folder, 12 digits, with `-changed` when files differ from it or git does not know them: the rule
/// of `scripts/cross.sh`. Empty where there is no git.
pub fn tree_commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let is_fine = output.status.success();
        is_fine.then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(hash) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return String::new();
    };
    match git(&["status", "--porcelain"]) {
        Some(changes) if changes.is_empty() => hash,
        _ => hash + "-changed",
    }
}
