//! The thread that writes the log, and how entries come to it.
//!
//! As with the journal, many entries share a sync: they gather while the one before is under way. What gathers is
//! bounded; beyond it nothing is taken, and what an entry would have been about is not answered with a yes. A full disk is
//! waited for, by the thread without end and by a request for a few seconds; any other fault ends the log until the server is
//! started again.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::crowd::{Crowd, Whom};
use super::entry::{Entry, What};
use super::error::{AuditError, Unwritten};
use super::folder::{Folder, WRITE_BYTES};
use super::line::{self, Chain};
use crate::clock::Clock;

/// How long a full disk is waited for before it is tried again.
const NO_ROOM_WAIT: Duration = Duration::from_millis(500);

/// How long an entry is waited for: what waits holds a place among those under way, which others need.
const DURABLE_WAIT: Duration = Duration::from_secs(5);

/// How often the thread looks for refusals that were only counted.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An entry's number, once the log has taken it; 0 for one that is counted with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

/// An open audit log; the last of its clones closes it.
#[derive(Debug)]
pub struct AuditLog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    pending: Mutex<Pending>,
    filled: Condvar,
    state: watch::Sender<State>,
}

/// What is durable.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    durable: u64,
    is_broken: bool,
}

#[derive(Debug)]
struct Pending {
    /// Lines that wait to be written.
    lines: Vec<u8>,
    /// The number of the first of them.
    first: u64,
    /// The number and chain value of the last entry that was taken.
    number: u64,
    chain: Chain,
    is_closing: bool,
    /// Who was refused in the present second.
    crowd: Crowd,
}

impl AuditLog {
    /// Opens the log in `folder`, or begins one there. The calling thread's files are where the log's are.
    ///
    /// # Errors
    /// The folder can't be used, another process writes there, or what is there is damaged.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, AuditError> {
        let (files, tail) = Folder::open(folder)?;
        show_figures();
        let state = State {
            durable: tail.number,
            is_broken: false,
        };
        let shared = Arc::new(Shared {
            clock,
            pending: Mutex::new(Pending {
                lines: Vec::new(),
                first: tail.number + 1,
                number: tail.number,
                chain: tail.chain,
                is_closing: false,
                crowd: Crowd::default(),
            }),
            filled: Condvar::new(),
            state: watch::Sender::new(state),
        });
        let own = shared.clone();
        let thread = std::thread::Builder::new()
            .name("hubu-audit".into())
            .spawn(move || own.write(files))
            .map_err(AuditError::io("start the thread of", folder))?;
        let log = Self {
            shared,
            thread: Some(thread),
        };
        if tail.torn_bytes > 0 {
            let text = format!("{} bytes were moved aside", tail.torn_bytes);
            tracing::warn!(bytes = tail.torn_bytes, "a crash tore the audit log's end");
            log.server("torn_tail", &text);
        }
        Ok(log)
    }

    /// The moment, for an entry.
    pub fn now_ms(&self) -> u64 {
        self.shared.clock.now_ms()
    }

    /// Takes an entry, however many there are: what the privileged ask and the server does. It is durable once
    /// [`AuditLog::durable`] says so.
    ///
    /// # Errors
    /// Too much waits, or nothing can be written.
    pub fn note(&self, entry: &Entry<'_>) -> Result<Ticket, Unwritten> {
        self.check_unbroken()?;
        // Texts, numbers and a map with text keys: it always has a form in JSON.
        let json = serde_json::to_vec(&entry.clone().bounded()).unwrap_or_default();
        let taken = self.shared.pending.lock().take(&json);
        match taken {
            Ok(_) => {
                self.shared.filled.notify_one();
            }
            Err(_) => refused_entries().increment(1),
        }
        taken
    }

    /// As [`AuditLog::note`], for a refusal: past so many a second of the same `whom` they are only counted, and cost no more
    /// than that.
    ///
    /// # Errors
    /// Too much waits, or nothing can be written.
    pub fn note_refusal(&self, whom: Whom, entry: &Entry<'_>) -> Result<Ticket, Unwritten> {
        self.check_unbroken()?;
        let mut pending = self.shared.pending.lock();
        // Under the lock: two who ask at a second's turn do not turn it forth and back.
        let second = self.now_ms() / 1000;
        let counted = pending.is_counted(second, whom);
        drop(pending);
        match counted {
            Ok(true) => Ok(Ticket(0)),
            Ok(false) => self.note(entry),
            Err(error) => {
                refused_entries().increment(1);
                Err(error)
            }
        }
    }

    /// Notes what the server itself did; where that can't be written, the server's own log has it.
    pub fn server(&self, why: &str, detail: &str) {
        let mut entry = Entry::new(self.now_ms(), What::Server, why);
        entry.detail = Some(detail).filter(|text| !text.is_empty());
        if let Err(error) = self.note(&entry) {
            tracing::warn!(%error, why, detail, "not in the audit log");
        }
    }

    /// Waits until the entry is durable, for some seconds at most.
    ///
    /// # Errors
    /// It never will be, or it is not yet: the disk is full, or far too slow.
    pub async fn durable(&self, ticket: Ticket) -> Result<(), Unwritten> {
        let mut state = self.shared.state.subscribe();
        let written = state.wait_for(|state| state.durable >= ticket.0 || state.is_broken);
        let seen = tokio::time::timeout(DURABLE_WAIT, written).await;
        match seen {
            Err(_) => Err(Unwritten::Behind),
            Ok(Ok(state)) if state.durable >= ticket.0 => Ok(()),
            Ok(_) => Err(Unwritten::Broken),
        }
    }

    /// Whether nothing can be written any more.
    pub fn is_broken(&self) -> bool {
        self.shared.state.borrow().is_broken
    }

    fn check_unbroken(&self) -> Result<(), Unwritten> {
        if self.is_broken() {
            refused_entries().increment(1);
            return Err(Unwritten::Broken);
        }
        Ok(())
    }
}

/// Entries that were not taken.
fn refused_entries() -> metrics::Counter {
    metrics::counter!("hubu_audit_refused_entries_total")
}

/// Entries that are durable.
fn durable_entries() -> metrics::Counter {
    metrics::counter!("hubu_audit_entries_total")
}

/// 1 once nothing can be written any more.
fn broken() -> metrics::Gauge {
    metrics::gauge!("hubu_audit_broken")
}

/// Shows the log's figures from the start, as 0.
fn show_figures() {
    refused_entries().increment(0);
    durable_entries().increment(0);
    broken().set(0.0);
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.shared.pending.lock().is_closing = true;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic there has ended the process already.
            let _ = thread.join();
        }
    }
}

impl Pending {
    fn take(&mut self, json: &[u8]) -> Result<Ticket, Unwritten> {
        // Number, chain value, two spaces and a line feed are fewer than 100 bytes.
        if self.lines.len() + json.len() + 100 > WRITE_BYTES {
            return Err(Unwritten::Behind);
        }
        let number = self.number + 1;
        let chain = line::link(&self.chain, number, json);
        line::write(&mut self.lines, number, &chain, json);
        (self.number, self.chain) = (number, chain);
        Ok(Ticket(number))
    }

    /// Counts a refusal within this second; true when it gets no line of its own.
    fn is_counted(&mut self, second: u64, whom: Whom) -> Result<bool, Unwritten> {
        self.tell_counted(second)?;
        Ok(self.crowd.is_counted(whom))
    }

    /// Writes down how many refusals of another second than this one were only counted. Where there is no room for all of
    /// it, the rest is said later.
    fn tell_counted(&mut self, second: u64) -> Result<(), Unwritten> {
        if self.crowd.is_of(second) {
            return Ok(());
        }
        while let Some(json) = self.crowd.untold() {
            self.take(&json)?;
            self.crowd.told();
        }
        self.crowd.begin(second);
        Ok(())
    }
}

impl Shared {
    /// The thread: writes what has gathered until the log is closed or can't be written.
    fn write(&self, mut files: Folder) {
        let entries = durable_entries();
        let mut lines = Vec::new();
        while let Some((first, last)) = self.gather(&mut lines) {
            if let Err(error) = self.put(&mut files, first, &lines) {
                tracing::error!(%error, "the audit log can't be written: privileged acts are refused from now on");
                broken().set(1.0);
                self.state.send_modify(|state| state.is_broken = true);
                return;
            }
            entries.increment(last + 1 - first);
            self.state.send_modify(|state| state.durable = last);
        }
    }

    /// Waits for lines and swaps them in; `None` when the log is closed and all is written.
    fn gather(&self, lines: &mut Vec<u8>) -> Option<(u64, u64)> {
        lines.clear();
        let mut pending = self.pending.lock();
        loop {
            let second = match pending.is_closing {
                true => u64::MAX,
                false => self.clock.now_ms() / 1000,
            };
            // There is room: the bound is far above one line, and else there are lines to write anyway.
            let _ = pending.tell_counted(second);
            if !pending.lines.is_empty() {
                std::mem::swap(lines, &mut pending.lines);
                let first = pending.first;
                pending.first = pending.number + 1;
                return Some((first, pending.number));
            }
            if pending.is_closing {
                return None;
            }
            self.filled.wait_for(&mut pending, LOOK_EVERY);
        }
    }

    /// Writes lines, waiting for room where the disk is full.
    fn put(&self, files: &mut Folder, first: u64, lines: &[u8]) -> Result<(), AuditError> {
        let mut is_told = false;
        loop {
            let error = match files.append(first, lines) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if !error.lacks_room() || self.pending.lock().is_closing {
                return Err(error);
            }
            if !is_told {
                tracing::error!(%error, "no room for the audit log; make room, and it goes on by itself");
                is_told = true;
            }
            std::thread::sleep(NO_ROOM_WAIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_log_holds_back_is_not_taken() {
        let mut pending = Pending {
            lines: Vec::new(),
            first: 1,
            number: 0,
            chain: line::beginning(),
            is_closing: false,
            crowd: Crowd::default(),
        };
        let json = [b'x'; 1000];
        let taken = std::iter::from_fn(|| pending.take(&json).ok()).count() as u64;
        assert_eq!(pending.take(&json), Err(Unwritten::Behind));
        assert!(pending.lines.len() <= WRITE_BYTES, "one write takes it all");
        assert_eq!((pending.number, taken > 3000), (taken, true));
        // What is only counted is not lost when there is no room to say so: it is said later.
        while !pending.crowd.is_counted(Whom::Strangers) {}
        let full = pending.lines.len();
        pending.lines.resize(WRITE_BYTES, b'x');
        assert_eq!(pending.tell_counted(1), Err(Unwritten::Behind));
        assert!(pending.crowd.untold().is_some());
        pending.lines.truncate(full / 2);
        assert_eq!(pending.tell_counted(1), Ok(()));
        assert_eq!((pending.number, pending.crowd.untold()), (taken + 1, None));
        // A clock that was set back, and the end, turn the second as well.
        while !pending.crowd.is_counted(Whom::person("li")) {}
        assert_eq!(pending.tell_counted(0), Ok(()));
        while !pending.crowd.is_counted(Whom::Strangers) {}
        assert_eq!(pending.tell_counted(u64::MAX), Ok(()));
        assert_eq!((pending.number, pending.crowd.untold()), (taken + 3, None));
    }
}
