//! A database in memory that goes away before, during and after a commit, and whose lease others take. It does what the
//! statements of the PostgreSQL journal do (`journal/postgres`), so that the engine can be tried on what such a store
//! answers; those statements themselves are tried on PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::journal::chain::GENESIS;
use crate::journal::check::{Holds, Links, turned_away};
use crate::journal::error::{JournalError, RESTORE};
use crate::journal::header::Header;
use crate::journal::latch::Latch;
use crate::journal::reading::{self, Visit};
use crate::journal::setting::Settings;
use crate::journal::{Batch, Each, Journal, JournalReader, VerifyReport};

/// How a statement fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseFault {
    /// The database says no: nothing was stored.
    Refused,
    /// It has no room: nothing was stored, and later there may be some.
    Full,
    /// It was gone before the commit; whoever asked does not know that.
    LostBefore,
    /// It was gone after the commit; whoever asked does not know that either.
    LostAfter,
}

#[derive(Debug, Default)]
struct State {
    batches: Vec<(Header, Vec<u8>)>,
    epoch: u64,
    is_leased: bool,
    fault: Option<DatabaseFault>,
    is_down: bool,
}

impl State {
    fn holds(&self) -> Holds {
        Holds {
            epoch: Some(self.epoch),
            last: self.batches.last().map_or(0, |(header, _)| header.last),
        }
    }
}

/// The database. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDatabase {
    state: Arc<Mutex<State>>,
}

impl SimulatedDatabase {
    /// The next append or renewal fails so.
    pub fn fail_next(&self, fault: DatabaseFault) {
        self.state().fault = Some(fault);
    }

    /// What was to fail does not.
    pub fn heal(&self) {
        self.state().fault = None;
    }

    /// Nothing can be asked while it is down.
    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// The lease has run out: its holder may still write, until somebody else takes it.
    pub fn expire(&self) {
        self.state().is_leased = false;
    }

    /// The last batches are gone, though they were acknowledged: as where an older copy was put back.
    pub fn lose(&self, batches: usize) {
        let mut state = self.state();
        let left = state.batches.len().saturating_sub(batches);
        state.batches.truncate(left);
    }

    /// Opens the journal for writing, as `postgres://` does.
    ///
    /// # Errors
    /// [`JournalError::Busy`] while a lease runs; [`JournalError::Database`] while it is down.
    pub fn open(&self, settings: &Settings) -> Result<DatabaseJournal, JournalError> {
        let mut state = self.asked("take the lease")?;
        if state.is_leased {
            return Err(JournalError::Busy {
                place: "the simulated database".into(),
                holder: "another holder, whose lease has not run out".into(),
            });
        }
        state.is_leased = true;
        state.epoch += 1;
        let mut links = Links::START;
        for (header, _) in &state.batches {
            links
                .follow(header)
                .map_err(|reason| damage(&links, reason))?;
        }
        Ok(DatabaseJournal {
            database: self.clone(),
            durable: Arc::new(AtomicU64::new(links.last)),
            cell: settings.cell,
            epoch: state.epoch,
            links,
            latch: Latch::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    fn asked(&self, doing: &'static str) -> Result<MutexGuard<'_, State>, JournalError> {
        let state = self.state();
        match state.is_down {
            true => Err(JournalError::Database {
                doing,
                detail: "it is away (simulated)".into(),
            }),
            false => Ok(state),
        }
    }
}

fn damage(links: &Links, reason: String) -> JournalError {
    JournalError::Damage {
        place: "the simulated database".into(),
        seq: links.last + 1,
        reason,
        advice: RESTORE,
    }
}

/// The writer of a simulated database's journal. Dropping it gives the lease back.
pub struct DatabaseJournal {
    database: SimulatedDatabase,
    durable: Arc<AtomicU64>,
    cell: u64,
    epoch: u64,
    links: Links,
    latch: Latch,
}

impl DatabaseJournal {
    /// What the one statement does: a row, if the lease is still of this epoch and the journal ends where this writer left it.
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        let header = Header {
            journal: 1,
            cell: self.cell,
            epoch: self.epoch,
            first: batch.first,
            last: batch.last,
            length: batch.payload.len() as u32,
            payload_crc: 0,
            previous: self.links.chain.unwrap_or(GENESIS),
            chain: GENESIS,
        };
        let header = header.seal(batch.payload);
        let lost = |reason: &str| JournalError::Unknown {
            first: batch.first,
            last: batch.last,
            reason: reason.into(),
        };
        let mut state = self.database.state();
        let fault = state.fault.take();
        match fault {
            _ if state.is_down => return Err(lost("the database is away (simulated)")),
            Some(DatabaseFault::LostBefore) => {
                return Err(lost("the connection broke (simulated)"));
            }
            Some(DatabaseFault::Refused) => {
                return Err(JournalError::Database {
                    doing: "append",
                    detail: "no (simulated)".into(),
                });
            }
            Some(DatabaseFault::Full) => {
                return Err(JournalError::NoRoom {
                    place: "the simulated database".into(),
                    detail: "no space left (simulated)".into(),
                });
            }
            Some(DatabaseFault::LostAfter) | None => {}
        }
        if let Some(error) = self.turned_away(state.holds()) {
            return Err(error);
        }
        state.batches.push((header, batch.payload.to_vec()));
        if fault.is_some() {
            return Err(lost("the connection broke (simulated)"));
        }
        drop(state);
        self.links
            .follow(&header)
            .map_err(|reason| damage(&self.links, reason))?;
        self.durable.store(header.last, Ordering::Release);
        Ok(())
    }

    fn turned_away(&self, holds: Holds) -> Option<JournalError> {
        let own = (self.epoch, self.links.last);
        turned_away("the simulated database", own, holds)
    }

    fn prolong(&mut self) -> Result<(), JournalError> {
        let mut state = self.database.asked("prolong the lease")?;
        if state
            .fault
            .take()
            .is_some_and(|fault| fault != DatabaseFault::Full)
        {
            return Err(JournalError::Database {
                doing: "prolong the lease",
                detail: "the connection broke (simulated)".into(),
            });
        }
        // As there, the lease is prolonged whatever became of the journal.
        if state.epoch != self.epoch
            && let Some(error) = self.turned_away(state.holds())
        {
            return Err(error);
        }
        state.is_leased = true;
        Ok(())
    }
}

impl Journal for DatabaseJournal {
    fn append(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        self.latch.pass()?;
        let written = self.write(batch);
        self.latch.note(written)
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn last(&self) -> u64 {
        self.links.last
    }

    fn payload_max(&self) -> u64 {
        1 << 20
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(DatabaseReader {
            database: self.database.clone(),
            durable: Arc::clone(&self.durable),
        })
    }

    fn renew(&mut self) -> Result<(), JournalError> {
        self.latch.pass()?;
        let prolonged = self.prolong();
        self.latch.note(prolonged)
    }
}

impl Drop for DatabaseJournal {
    fn drop(&mut self) {
        let mut state = self.database.state();
        if state.epoch == self.epoch && !self.latch.is_shut() {
            state.is_leased = false;
        }
    }
}

struct DatabaseReader {
    database: SimulatedDatabase,
    durable: Arc<AtomicU64>,
}

impl DatabaseReader {
    fn walk(&self, from: u64, visit: &mut Visit<'_>) -> Result<(), JournalError> {
        let state = self.database.asked("read the journal")?;
        let mut links = Links::START;
        let until = self.last();
        for (header, payload) in state
            .batches
            .iter()
            .filter(|(header, _)| header.last <= until)
        {
            links
                .follow(header)
                .map_err(|reason| damage(&links, reason))?;
            if header.last >= from
                && !visit(header, payload).map_err(|reason| damage(&links, reason))?
            {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl JournalReader for DatabaseReader {
    fn scan(&self, from: u64, each: &mut Each<'_>) -> Result<u64, JournalError> {
        reading::scan(from, each, &mut |from, visit| self.walk(from, visit))
    }

    fn verify_from(&self, from: u64, each: &mut Each<'_>) -> Result<VerifyReport, JournalError> {
        reading::verify(from, None, each, &mut |from, visit| self.walk(from, visit))
    }

    fn record(&self, seq: u64) -> Result<Vec<u8>, JournalError> {
        reading::record(seq, self.last(), &mut |from, visit| self.walk(from, visit))
    }

    fn last(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(journal: &mut DatabaseJournal, seq: u64) -> Result<(), JournalError> {
        journal.append(&Batch {
            first: seq,
            last: seq,
            payload: &[1, 42],
        })
    }

    /// A journal of three records, open.
    fn three() -> (SimulatedDatabase, DatabaseJournal) {
        let database = SimulatedDatabase::default();
        let mut journal = database.open(&Settings::default()).unwrap();
        for seq in 1..=3 {
            append(&mut journal, seq).unwrap();
        }
        (database, journal)
    }

    #[test]
    fn only_a_newer_epoch_is_a_takeover() {
        let (database, mut old) = three();
        database.expire();
        let _new = database.open(&Settings::default()).unwrap();
        let refused = append(&mut old, 4);
        assert!(
            matches!(refused, Err(JournalError::Fenced { epoch: 1, .. })),
            "{refused:?}"
        );
        let (database, mut journal) = three();
        database.state().epoch = 0;
        let refused = journal.renew();
        assert!(
            matches!(refused, Err(JournalError::Damage { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn what_was_acknowledged_and_is_missing_is_damage() {
        let (database, mut journal) = three();
        database.lose(2);
        let refused = append(&mut journal, 4);
        assert!(
            matches!(&refused, Err(JournalError::Damage { seq: 2, reason, .. }) if reason.contains("missing")),
            "{refused:?}"
        );
        assert_eq!(database.state().batches.len(), 1, "nothing was added");
        assert!(matches!(
            append(&mut journal, 4),
            Err(JournalError::Latched { .. })
        ));
    }

    #[test]
    fn what_nobody_wrote_under_this_epoch_is_damage() {
        let (database, mut journal) = three();
        let mut more = database.state().batches[2].clone();
        (more.0.first, more.0.last) = (4, 4);
        database.state().batches.push(more);
        let refused = append(&mut journal, 4);
        assert!(
            matches!(refused, Err(JournalError::Damage { seq: 4, .. })),
            "{refused:?}"
        );
    }
}
