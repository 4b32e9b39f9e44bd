//! The thread that writes the log, and how entries come to it.
//!
//! As with the journal, many entries share a sync: they gather while the one before is under way. What gathers is
//! bounded; beyond it nothing is taken, and what an entry would have been about is not answered with a yes. A full disk is
//! waited for; any other fault ends the log until the server is started again.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::entry::{Entry, What};
use super::error::{AuditError, Unwritten};
use super::folder::{Folder, WRITE_BYTES};
use super::line::{self, Chain};
use crate::clock::Clock;

/// Strangers' refusals that get a line of their own within a second; more of them are counted in one line.
///
/// Who holds no believed token can ask without end and be nobody in particular.
const STRANGERS_A_SECOND: u32 = 200;

/// How long a full disk is waited for before it is tried again.
const NO_ROOM_WAIT: Duration = Duration::from_millis(500);

/// How often the thread looks for strangers that were only counted.
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
    strangers: Strangers,
}

/// Strangers of the present second.
#[derive(Debug, Default)]
struct Strangers {
    second: u64,
    noted: u32,
    counted: u64,
}

impl AuditLog {
    /// Opens the log in `folder`, or begins one there. The calling thread's files are where the log's are.
    ///
    /// # Errors
    /// The folder can't be used, another process writes there, or what is there is damaged.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, AuditError> {
        let (files, tail) = Folder::open(folder)?;
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
                strangers: Strangers::default(),
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

    /// Takes an entry; it is durable once [`AuditLog::durable`] says so.
    ///
    /// # Errors
    /// Too much waits, or nothing can be written.
    pub fn note(&self, entry: &Entry<'_>) -> Result<Ticket, Unwritten> {
        let json = self.encode(entry)?;
        let taken = self.shared.pending.lock().take(&json);
        self.taken(taken)
    }

    /// As [`AuditLog::note`], for a refusal of somebody whom no believed token names: past so many a second they are only counted.
    ///
    /// # Errors
    /// Too much waits, or nothing can be written.
    pub fn note_stranger(&self, entry: &Entry<'_>) -> Result<Ticket, Unwritten> {
        let json = self.encode(entry)?;
        let second = self.now_ms() / 1000;
        let mut pending = self.shared.pending.lock();
        pending.tell_counted(second)?;
        if pending.strangers.is_counted() {
            return Ok(Ticket(0));
        }
        let taken = pending.take(&json);
        drop(pending);
        self.taken(taken)
    }

    /// Notes what the server itself did; where that can't be written, the server's own log has it.
    pub fn server(&self, why: &str, detail: &str) {
        let mut entry = Entry::new(self.now_ms(), What::Server, why);
        entry.detail = Some(detail).filter(|text| !text.is_empty());
        if let Err(error) = self.note(&entry) {
            tracing::warn!(%error, why, detail, "not in the audit log");
        }
    }

    /// Waits until the entry is durable.
    ///
    /// # Errors
    /// It never will be.
    pub async fn durable(&self, ticket: Ticket) -> Result<(), Unwritten> {
        let mut state = self.shared.state.subscribe();
        let seen = state
            .wait_for(|state| state.durable >= ticket.0 || state.is_broken)
            .await;
        match seen {
            Ok(state) if state.durable >= ticket.0 => Ok(()),
            _ => Err(Unwritten::Broken),
        }
    }

    /// Whether nothing can be written any more.
    pub fn is_broken(&self) -> bool {
        self.shared.state.borrow().is_broken
    }

    fn encode(&self, entry: &Entry<'_>) -> Result<Vec<u8>, Unwritten> {
        if self.is_broken() {
            return Err(Unwritten::Broken);
        }
        // Texts, numbers and a map with text keys: it always has a form in JSON.
        Ok(serde_json::to_vec(&entry.clone().bounded()).unwrap_or_default())
    }

    fn taken(&self, taken: Result<Ticket, Unwritten>) -> Result<Ticket, Unwritten> {
        match taken {
            Ok(_) => {
                self.shared.filled.notify_one();
            }
            Err(_) => metrics::counter!("hubu_audit_refused_entries_total").increment(1),
        }
        taken
    }
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

    /// Writes down how many strangers of a second that is over were only counted.
    fn tell_counted(&mut self, second: u64) -> Result<(), Unwritten> {
        if self.strangers.second >= second {
            return Ok(());
        }
        if self.strangers.counted > 0 {
            let at_ms = self.strangers.second.saturating_mul(1000);
            let mut entry = Entry::new(at_ms, What::Refused, "more_strangers");
            entry.count = Some(self.strangers.counted);
            let json = serde_json::to_vec(&entry).unwrap_or_default();
            self.take(&json)?;
        }
        self.strangers = Strangers {
            second,
            ..Strangers::default()
        };
        Ok(())
    }
}

impl Strangers {
    /// Counts one more; true when it gets no line of its own.
    fn is_counted(&mut self) -> bool {
        if self.noted < STRANGERS_A_SECOND {
            self.noted += 1;
            return false;
        }
        self.counted += 1;
        true
    }
}

impl Shared {
    /// The thread: writes what has gathered until the log is closed or can't be written.
    fn write(&self, mut files: Folder) {
        let entries = metrics::counter!("hubu_audit_entries_total");
        let mut lines = Vec::new();
        while let Some((first, last)) = self.gather(&mut lines) {
            if let Err(error) = self.put(&mut files, first, &lines) {
                tracing::error!(%error, "the audit log can't be written: privileged acts are refused from now on");
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
            strangers: Strangers::default(),
        };
        let json = [b'x'; 1000];
        let taken = std::iter::from_fn(|| pending.take(&json).ok()).count() as u64;
        assert_eq!(pending.take(&json), Err(Unwritten::Behind));
        assert!(pending.lines.len() <= WRITE_BYTES, "one write takes it all");
        assert_eq!((pending.number, taken > 3000), (taken, true));
        // What is only counted is not lost when there is no room to say so: it is said later.
        pending.strangers.counted = 7;
        let full = pending.lines.len();
        pending.lines.resize(WRITE_BYTES, b'x');
        assert_eq!(pending.tell_counted(1), Err(Unwritten::Behind));
        assert_eq!(pending.strangers.counted, 7);
        pending.lines.truncate(full / 2);
        assert_eq!(pending.tell_counted(1), Ok(()));
        assert_eq!(pending.strangers.counted, 0);
    }
}
