//! The workers as the parent sees them: started together, read line by line, stopped by closing their input.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use super::protocol::{Order, Said};
use crate::error::LoadError;
use crate::wire::trusted_file;

/// Lines of all workers that wait to be read.
const WAITING_MAX: usize = 256;

/// Running workers.
pub(super) struct Crew {
    children: Vec<Child>,
    inputs: Vec<Option<ChildStdin>>,
    /// What they say: worker and line; `None` when one says no more.
    pub(super) lines: mpsc::Receiver<(usize, Option<Said>)>,
}

impl Crew {
    /// Starts one worker for each order, by this same program.
    pub(super) async fn start(orders: &[Order]) -> Result<Self, LoadError> {
        let failed = |index: usize| {
            move |e: std::io::Error| LoadError::Worker {
                index,
                reason: e.to_string(),
            }
        };
        let program = std::env::current_exe().map_err(failed(0))?;
        let (send, lines) = mpsc::channel(WAITING_MAX);
        let (mut children, mut inputs) = (Vec::new(), Vec::new());
        for (index, order) in orders.iter().enumerate() {
            let mut command = Command::new(&program);
            command
                .arg("worker")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true);
            if let Some(file) = trusted_file() {
                command.arg("--ca").arg(file);
            }
            // Ctrl-C at the terminal is for the parent, which then stops the workers in order.
            command.process_group(0);
            let mut child = command.spawn().map_err(failed(index))?;
            let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
                return Err(LoadError::Worker {
                    index,
                    reason: "no pipes".into(),
                });
            };
            let order = serde_json::to_string(order).map_err(|e| LoadError::format("order", e))?;
            input
                .write_all(format!("{order}\n").as_bytes())
                .await
                .map_err(failed(index))?;
            input.flush().await.map_err(failed(index))?;
            children.push(child);
            inputs.push(Some(input));
            let send = send.clone();
            tokio::spawn(async move {
                let mut lines = BufReader::new(output).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    // Goose prints a few lines of its own, which are not ours.
                    if let Ok(said) = serde_json::from_str::<Said>(&line)
                        && send.send((index, Some(said))).await.is_err()
                    {
                        return;
                    }
                }
                let _ = send.send((index, None)).await;
            });
        }
        Ok(Self {
            children,
            inputs,
            lines,
        })
    }

    /// Tells all to stop: their users end what they are at.
    pub(super) fn stop(&mut self) {
        self.inputs.iter_mut().for_each(|input| drop(input.take()));
    }

    /// Waits for a worker that says no more, and gives the reason of its end in words.
    pub(super) async fn end_of(&mut self, index: usize) -> String {
        match self.children[index].wait().await {
            Ok(status) => format!("ended with {status} and no result"),
            Err(error) => error.to_string(),
        }
    }
}
