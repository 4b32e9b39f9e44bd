//! Holds seals against a journal, batch by batch, with public keys alone.

use std::path::Path;

use super::error::SealError;
use super::form::Seal;
use super::period::{Kind, Period};
use super::row::{Row, read_row};
use crate::cipher::PublicKey;
use crate::journal::StoredBatch;

/// What the seals say of a journal that fits them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// Day seals that fit.
    pub days: usize,
    /// Month seals that fit.
    pub months: usize,
    /// The last sealed day.
    pub day: Option<Period>,
    /// The last record that a seal covers; what comes after it only the chain vouches for.
    pub last: u64,
}

/// Goes along a journal with its seals in hand.
#[derive(Debug)]
pub struct Checker {
    rows: Vec<Row>,
    /// Every seal of both rows, by the record that it was made at.
    seals: Vec<Seal>,
    next: usize,
    cell: u64,
    fits_until: u64,
}

impl Checker {
    /// The seals of a folder, their rows whole and their signatures checked. `keys` in the order in which they were used:
    /// a seal of an earlier key behind one of a later key is refused, and so are seals that do not end with the last
    /// one, so that an old key that leaked is of no use once it was replaced.
    ///
    /// # Errors
    /// [`SealError::Form`], [`SealError::Row`], [`SealError::Signature`], or [`SealError::Empty`].
    pub fn open(folder: &Path, cell: u64, keys: &[PublicKey]) -> Result<Self, SealError> {
        let mut rows = Vec::new();
        for kind in Kind::ALL {
            let row = read_row(folder, kind)?;
            check_signatures(&row, keys)?;
            rows.push(row);
        }
        check_last_key(&rows, keys)?;
        let mut seals: Vec<Seal> = rows.iter().flat_map(Row::seals).cloned().collect();
        seals.sort_by_key(|seal| (seal.last, seal.number));
        if seals.is_empty() {
            return Err(SealError::Empty(folder.to_owned()));
        }
        Ok(Self {
            rows,
            seals,
            next: 0,
            cell,
            fits_until: 0,
        })
    }

    /// Demands that this day was sealed, or a later one: a row whose newest seals were taken away looks whole otherwise.
    ///
    /// # Errors
    /// [`SealError::TooFew`].
    pub fn reach(&self, wanted: Period) -> Result<(), SealError> {
        let row = self.rows.iter().find(|row| row.kind() == wanted.kind());
        let newest = row.and_then(Row::newest).map(|newest| newest.period);
        if newest.is_some_and(|newest| newest >= wanted) {
            return Ok(());
        }
        Err(SealError::TooFew {
            found: newest.map_or("none".into(), |newest| newest.to_string()),
            wanted: wanted.to_string(),
        })
    }

    /// The next batch of the journal, from its first on.
    ///
    /// # Errors
    /// [`SealError::Journal`]: this batch, or one before it and after the last seal that fits, is not what was sealed.
    pub fn take(&mut self, batch: &StoredBatch<'_>) -> Result<(), SealError> {
        while let Some(seal) = self.seals.get(self.next) {
            if seal.last > batch.last {
                break;
            }
            let fault = if seal.cell != self.cell || seal.journal != batch.journal {
                Some("it was made for another journal")
            } else if seal.last < batch.last {
                Some("no batch ends with that record, as one did when it was sealed")
            } else if seal.chain != *batch.chain {
                Some("the chain has another value there than was sealed")
            } else {
                None
            };
            if let Some(fault) = fault {
                let (from, to) = (self.fits_until + 1, seal.last);
                return Err(unfit(
                    seal,
                    &format!(
                        "{fault}; something in records {from}..={to} was changed, left out or put in"
                    ),
                ));
            }
            self.fits_until = seal.last;
            self.next += 1;
        }
        Ok(())
    }

    /// After the last batch.
    ///
    /// # Errors
    /// [`SealError::Journal`]: the journal ends before the last seal.
    pub fn finish(self, last: u64) -> Result<Sealed, SealError> {
        if let Some(seal) = self.seals.get(self.next) {
            let fault = format!("the journal ends with record {last}: its end was cut");
            return Err(unfit(seal, &fault));
        }
        let count = |kind| {
            let row = self.rows.iter().find(|row| row.kind() == kind);
            row.map_or((0, None), |row| {
                (row.seals().len(), row.newest().map(|newest| newest.period))
            })
        };
        let (days, day) = count(Kind::Day);
        Ok(Sealed {
            days,
            months: count(Kind::Month).0,
            day,
            last: self.fits_until,
        })
    }
}

fn unfit(seal: &Seal, fault: &str) -> SealError {
    SealError::Journal {
        period: seal.period.to_string(),
        last: seal.last,
        fault: fault.into(),
    }
}

/// Every signature of a row, and that keys only ever gave way to later ones.
fn check_signatures(row: &Row, keys: &[PublicKey]) -> Result<(), SealError> {
    let mut turn = 0;
    for seal in row.seals() {
        let fault = |fault: String| SealError::Signature {
            period: seal.period.to_string(),
            fault,
        };
        let found = keys.iter().position(|key| key.fingerprint() == seal.key);
        let Some(found) = found else {
            return Err(fault(format!(
                "it is signed with the key {}, which was not given (--seal-key)",
                seal.key
            )));
        };
        let key = &keys[found];
        if seal.algorithm != key.algorithm() {
            return Err(fault("it names another algorithm than its key has".into()));
        }
        seal.verify(key).map_err(|error| fault(error.to_string()))?;
        if found < turn {
            return Err(fault(format!(
                "it is signed with the key {}, which had been replaced before",
                seal.key
            )));
        }
        turn = found;
    }
    Ok(())
}

/// The key in use is the last one: some row must end with it. Days do from the night on which keys changed; a month that
/// ended before then was rightly sealed with the old key, and the days vouch for the journal below it.
fn check_last_key(rows: &[Row], keys: &[PublicKey]) -> Result<(), SealError> {
    let Some(wanted) = keys.last().map(PublicKey::fingerprint) else {
        return Ok(());
    };
    let newest: Vec<&Seal> = rows.iter().filter_map(Row::newest).collect();
    match newest.first() {
        Some(first) if newest.iter().all(|seal| seal.key != wanted) => Err(SealError::Signature {
            period: first.period.to_string(),
            fault: format!(
                "it is the newest and signed with the key {}, but {wanted} was given as the key in use: the last --seal-key",
                first.key
            ),
        }),
        _ => Ok(()),
    }
}
