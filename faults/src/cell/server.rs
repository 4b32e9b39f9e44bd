//! A server's process.

use super::await_some;
use super::place::Place;
use super::wire::Wire;
use crate::Outcome;
use hubu_testkit::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::net::SocketAddr;
use std::process::ExitStatus;

/// See the module. Killed when dropped.
pub(crate) struct Server {
    program: Program,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it, and waits until it listens. A start that is refused because a killed writer's lease still runs is
    /// tried again.
    pub(super) fn start(place: &Place, options: &[&str]) -> Outcome<Server> {
        let (program, address) = (place.serve_as(options)?, place.address);
        Ok(Server { program, address })
    }

    /// Starts the process, whatever becomes of it.
    pub(crate) fn spawn(place: &Place, options: &[&str]) -> Outcome<Program> {
        Ok(place.start_as(options)?)
    }

    pub(crate) fn kill(self) {
        self.program.kill();
    }

    /// Stops it as an operator would.
    pub(crate) fn stop(mut self) -> Outcome<ExitStatus> {
        self.signal(Signal::TERM)?;
        Ok(self.program.wait()?)
    }

    /// Stops it in the middle of whatever it does, and waits until each of its threads stands still: the signal takes
    /// effect on one after another, and a quick thread still takes a command and sends it to the database.
    pub(crate) fn pause(&self) -> Outcome<()> {
        self.signal(Signal::STOP)?;
        await_some("it does not stand still", || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.program.id()))?;
            for task in tasks {
                let stat = std::fs::read_to_string(task?.path().join("stat"))?;
                // The state stands behind the name, which is in brackets.
                let state = stat
                    .rsplit_once(") ")
                    .map(|(_, rest)| rest.starts_with('T'));
                if state != Some(true) {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
    }

    pub(crate) fn wake(&self) -> Outcome<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Outcome<()> {
        let pid = Pid::from_raw(self.program.id().cast_signed()).ok_or("it has no id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// What `/readyz` says.
    pub(crate) fn readiness(&self) -> Outcome<Value> {
        Ok(Wire::open(self.address, "-")?.get("/readyz")?.body)
    }

    /// Waits until it follows closely, as a standby.
    pub(crate) fn await_following(&self) -> Outcome<()> {
        await_some("the standby does not follow", || {
            let said = self.readiness()?;
            let is_close = said["age_ms"].as_u64().is_some_and(|age| age < 1000);
            Ok((said["role"] == "standby" && is_close).then_some(()))
        })
    }

    /// Waits until it takes commands.
    pub(crate) fn await_ready(&self) -> Outcome<()> {
        await_some("it does not become ready", || {
            Ok((self.readiness()?["ready"] == true).then_some(()))
        })
    }
}
