//! A small disk in memory (tmpfs), to be filled to its last byte.

use crate::Outcome;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Mounted for as long as the value lives.
pub(super) struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// Mounts one of so many megabytes; that takes root.
    pub(super) fn mount(megabytes: u32) -> Outcome<Disk> {
        let folder = tempfile::Builder::new().prefix("hubu-disk-").tempdir()?;
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={megabytes}m,mode=755"),
                "tmpfs",
            ])
            .arg(folder.path())
            .output()?;
        if !mounted.status.success() {
            return Err(String::from_utf8_lossy(&mounted.stderr).into());
        }
        Ok(Disk { folder })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Writes until nothing more fits.
    pub(super) fn fill(&self) -> Outcome<()> {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.filler())?;
        // The last steps are small, so that no room is left.
        for size in [1 << 20, 1 << 12] {
            let zeros = vec![0; size];
            while match file.write(&zeros) {
                Ok(_) => true,
                Err(error) if error.kind() == ErrorKind::StorageFull => false,
                Err(error) => return Err(error.into()),
            } {}
        }
        Ok(())
    }

    /// Gives the room back.
    pub(super) fn empty(&self) -> Outcome<()> {
        match std::fs::remove_file(self.filler()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What is still open keeps it until that is closed; nobody could do anything about a failure here.
        let _unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
