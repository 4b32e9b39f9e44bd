//! A process and its children, as `/proc` tells of them: PostgreSQL's have sessions of their own, so that no signal to a
//! group reaches them all.

use std::io;

use rustix::process::{Pid, Signal, kill_process};

/// A process, told from a later one of the same number by the time at which it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    id: u32,
    parent: u32,
    started: u64,
    is_dead: bool,
}

impl Process {
    /// Reads `/proc/ID/stat`; `None` when there is no such process.
    fn find(id: u32) -> Option<Process> {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name stands in parentheses and may hold anything; fields 3, 4 and 22 stand behind it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Process {
            id,
            parent: fields.get(1)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
            is_dead: matches!(*fields.first()?, "Z" | "X"),
        })
    }

    /// Whether it still runs.
    pub(crate) fn lives(&self) -> bool {
        Process::find(self.id).is_some_and(|found| found.started == self.started && !found.is_dead)
    }
}

/// Stops a process, so that it makes no more children, then the children that it has; answers them all, itself first.
pub(crate) fn freeze(id: u32) -> io::Result<Vec<Process>> {
    let gone = || io::Error::other(format!("process {id} is gone"));
    let mut family = vec![Process::find(id).ok_or_else(gone)?];
    signal_all(&family, Signal::STOP)?;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let found = name.to_str().and_then(|name| name.parse().ok());
        let found = found.and_then(Process::find);
        family.extend(found.filter(|process| process.parent == id && !process.is_dead));
    }
    signal_all(&family[1..], Signal::STOP)?;
    Ok(family)
}

/// Sends a signal to each that still lives.
pub(crate) fn signal_all(family: &[Process], signal: Signal) -> io::Result<()> {
    for process in family.iter().filter(|process| process.lives()) {
        let Some(pid) = Pid::from_raw(process.id.cast_signed()) else {
            continue;
        };
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn a_family_is_frozen_and_killed_whole() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & sleep 60 & wait"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(30);
        let mut family = Vec::new();
        while family.len() < 3 {
            assert!(Instant::now() < end, "the shell has two children");
            signal_all(&family, Signal::CONT).unwrap();
            family = freeze(shell.id()).unwrap();
        }
        assert_eq!(family[0].id, shell.id());
        signal_all(&family, Signal::KILL).unwrap();
        shell.wait().unwrap();
        while family.iter().any(Process::lives) {
            assert!(Instant::now() < end, "a child outlived SIGKILL");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
