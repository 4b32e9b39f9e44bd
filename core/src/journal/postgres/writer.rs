//! The writer: one statement a batch, refused by the database itself when the lease has gone to another, or the journal does not
//! end where the writer left it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio_postgres::types::Type;

use super::reader::{PostgresReader, Shared};
use super::schema::APPEND;
use super::session::{Failure, Session};
use super::{lease, row};
use crate::database::client::Param;
use crate::journal::chain::GENESIS;
use crate::journal::check::{Links, turned_away};
use crate::journal::error::JournalError;
use crate::journal::header::Header;
use crate::journal::latch::Latch;
use crate::journal::setting::Settings;
use crate::journal::{Batch, Journal, JournalReader};

/// Largest payload in bytes: a quarter of what a `bytea` can hold, and more than any commit gathers.
pub(super) const LIMIT: u64 = 256 << 20;
/// The lease is prolonged when so much of it, as a divisor, has passed.
const RENEW_AT: u32 = 3;

/// The writer of a PostgreSQL journal. Dropping it gives the lease back.
pub struct PostgresJournal {
    pub(super) session: Session,
    pub(super) shared: Arc<Shared>,
    pub(super) settings: Settings,
    pub(super) cell: i64,
    pub(super) journal: u64,
    pub(super) epoch: u64,
    pub(super) links: Links,
    /// When the lease was last prolonged.
    pub(super) renewed: Instant,
    /// Room for a packed payload.
    pub(super) packed: Vec<u8>,
    /// Whether an answer of the database stayed away.
    pub(super) lost: bool,
    pub(super) latch: Latch,
}

impl PostgresJournal {
    /// Everything that an append does; any error latches.
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), JournalError> {
        let header = self.header(batch)?;
        if self.renewed.elapsed() > self.settings.lease / RENEW_AT {
            self.prolong()?;
        }
        match self.insert(&header, batch.payload) {
            Ok(true) => {}
            Ok(false) => return Err(self.turned_away("append")),
            Err(refused @ (Failure::Refused(_) | Failure::Full(_))) => {
                return Err(refused.during("append"));
            }
            Err(Failure::Lost(reason)) => {
                self.lost = true;
                let (first, last) = (batch.first, batch.last);
                return Err(JournalError::Unknown {
                    first,
                    last,
                    reason,
                });
            }
        }
        self.links
            .follow(&header)
            .map_err(|reason| JournalError::Latched { reason })?;
        self.shared.durable.store(header.last, Ordering::Release);
        Ok(())
    }

    fn header(&self, batch: &Batch<'_>) -> Result<Header, JournalError> {
        if batch.first != self.links.last + 1 || batch.last < batch.first {
            return Err(JournalError::Order {
                expected: self.links.last + 1,
                first: batch.first,
                last: batch.last,
            });
        }
        let bytes = batch.payload.len() as u64;
        let length = u32::try_from(bytes).ok().filter(|_| bytes <= LIMIT);
        let header = Header {
            journal: self.journal,
            cell: self.settings.cell,
            epoch: self.epoch,
            first: batch.first,
            last: batch.last,
            length: length.ok_or(JournalError::TooLarge {
                bytes,
                limit: LIMIT,
            })?,
            payload_crc: 0,
            previous: self.links.chain.unwrap_or(GENESIS),
            chain: GENESIS,
        };
        Ok(header.seal(batch.payload))
    }

    /// The one statement. `false`: no row was inserted, since the lease is another's or the journal ends elsewhere.
    fn insert(&mut self, header: &Header, payload: &[u8]) -> Result<bool, Failure> {
        let (packing, stored) = match self.settings.compress {
            true => row::pack(payload, &mut self.packed),
            false => (row::PLAIN, payload),
        };
        let cell = self.cell;
        self.session.run(|client| async move {
            let number = u64::cast_signed;
            let of: [Param<'_>; 11] = [
                (&cell, Type::INT8),
                (&number(header.epoch), Type::INT8),
                (&number(header.first), Type::INT8),
                (&number(header.last), Type::INT8),
                (&number(header.journal), Type::INT8),
                (&header.length.cast_signed(), Type::INT4),
                (&packing, Type::INT2),
                (&row::checksum(header), Type::INT8),
                (&header.previous.as_slice(), Type::BYTEA),
                (&header.chain.as_slice(), Type::BYTEA),
                (&stored, Type::BYTEA),
            ];
            let rows = client.change(APPEND, &of).await?;
            Ok(rows == 1)
        })
    }

    fn prolong(&mut self) -> Result<(), JournalError> {
        let asked = Instant::now();
        let kept = self.keep();
        self.lost = matches!(kept, Err(Failure::Lost(_)));
        if kept.map_err(|failure| failure.during("prolong the lease"))? {
            self.renewed = asked;
            return Ok(());
        }
        Err(self.turned_away("prolong the lease"))
    }

    fn keep(&self) -> Result<bool, Failure> {
        let end = (self.links.last, self.links.chain.unwrap_or(GENESIS));
        lease::keep(
            &self.session,
            (self.cell, self.epoch),
            lease::milliseconds(&self.settings),
            end,
        )
    }

    /// Why a statement under our lease changed nothing: another took over, or the database is not what it acknowledged.
    fn turned_away(&mut self, doing: &'static str) -> JournalError {
        let holds = match lease::holds(&self.session, self.cell) {
            Ok(holds) => holds,
            Err(failure) => {
                self.lost = matches!(failure, Failure::Lost(_));
                return failure.during("look why it refused this writer");
            }
        };
        let place = format!("cell {} in the database", self.cell);
        let own = (self.epoch, self.links.last);
        turned_away(&place, own, holds).unwrap_or_else(|| JournalError::Database {
            doing,
            detail: "it changed nothing, though lease and journal are as this writer left them"
                .into(),
        })
    }
}

impl Journal for PostgresJournal {
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
        LIMIT
    }

    fn reader(&self) -> Box<dyn JournalReader> {
        Box::new(PostgresReader::new(Arc::clone(&self.shared)))
    }

    fn renew(&mut self) -> Result<(), JournalError> {
        self.latch.pass()?;
        let prolonged = self.prolong();
        self.latch.note(prolonged)
    }

    /// Counted from before the database was asked, so that its own clock lets the lease run out no earlier.
    fn held_until(&self) -> Option<Instant> {
        Some(self.renewed + self.settings.lease)
    }
}

impl Drop for PostgresJournal {
    /// Gives the lease back, so that the next opening need not wait for it to run out. Best effort; not tried when the
    /// database was lost, so that closing does not hang on it.
    fn drop(&mut self) {
        if self.lost {
            return;
        }
        let end = (self.links.last, self.links.chain.unwrap_or(GENESIS));
        if let Err(failure) = lease::keep(&self.session, (self.cell, self.epoch), 0.0, end) {
            tracing::warn!(?failure, "the lease was not given back and has to run out");
        }
    }
}
