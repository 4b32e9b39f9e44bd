//! Makes the seals that are wanting: for every day and month with records that is over and has none.
//!
//! A batch belongs to the period of its last record. The seal of a period covers all batches up to the last one that
//! belongs to it or to an earlier one; records of another time that stand among them (a clock was set back) are covered as
//! well. A period without records gets no seal, so that a row of seals depends on the journal alone.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::SealError;
use super::form::Seal;
use super::period::{Kind, Period, moment};
use super::row::{Row, read_row};
use crate::cipher::{PublicKey, SIGNATURE_BYTES, Signer, fill_random, to_hex};
use crate::files::{give_name, make_folder, write_unnamed};
use crate::journal::{Chain, GENESIS, JournalReader, Records, StoredBatch, codec};

/// What is to be sealed, and by whose clock.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose journal it is.
    pub cell: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: u64,
    /// The last day to seal, and no month; everything that is over when it is not given.
    pub until: Option<Period>,
    /// The key in use before the signer's, whose seals the signer's are to follow; only where keys change.
    pub before: Option<PublicKey>,
}

/// Makes what is wanting in `folder`, oldest first, and gives it; nothing when all is sealed. Recomputes the chain over
/// everything that it seals.
///
/// # Errors
/// When the seals in the folder are no row or do not fit the journal: then nothing is made. [`SealError::OtherKey`] when
/// they end with another key's and that key is not given, [`SealError::NotOver`] when `until` is not over.
pub fn make_seals(
    reader: &dyn JournalReader,
    folder: &Path,
    signer: &dyn Signer,
    order: &Order,
) -> Result<Vec<Seal>, SealError> {
    let mut wanting = Vec::new();
    for kind in Kind::ALL {
        let under_way = Period::under_way(kind, order.now_ms);
        let until = order.until.filter(|until| until.kind() == kind);
        if let Some(until) = until.filter(|until| *until >= under_way) {
            return Err(SealError::NotOver(until.to_string()));
        }
        let row = read_row(folder, kind)?;
        let is_asked = order.until.is_none() || until.is_some();
        // Where one kind is sealed alone, the other's newest seal still tells which key is in use, and up to where.
        if is_asked || row.newest().is_some() {
            wanting.push(Wanting::new(row, under_way, (is_asked, until)));
        }
    }
    check_newest(&wanting, signer.public_key(), order.before.as_ref())?;
    // What stands in the last segment may not be on the disk yet, and a seal outlives a crash.
    reader.settle()?;
    collect(reader, &mut wanting, order.before.is_some())?;
    let mut made = Vec::new();
    for one in wanting.into_iter().filter(|one| one.is_asked) {
        made.extend(one.write(folder, signer, order)?);
    }
    Ok(made)
}

/// The newest seal of a row that is to go on must be this key's, or that of the key `before` it: else whoever got hold of
/// an old key lays a row of their own under this key's seals. A month that was sealed before keys changed may stand as it
/// is where a day that this key sealed reaches as far, whichever of the two is asked for: both are then held against one
/// journal.
fn check_newest(
    wanting: &[Wanting],
    own: &PublicKey,
    before: Option<&PublicKey>,
) -> Result<(), SealError> {
    let mut reach = 0;
    for seal in wanting.iter().filter_map(|one| one.row.newest()) {
        let named = |key: &&PublicKey| key.fingerprint() == seal.key;
        let Some(key) = std::iter::once(own).chain(before).find(named) else {
            continue;
        };
        seal.verify(key).map_err(|error| SealError::Signature {
            period: seal.period.to_string(),
            fault: error.to_string(),
        })?;
        reach = reach.max(seal.last);
    }
    let is_known = |seal: &Seal| {
        let given = std::iter::once(own).chain(before);
        let mut given = given.map(PublicKey::fingerprint);
        given.any(|name| name == seal.key) || seal.last <= reach
    };
    let asked = wanting.iter().filter(|one| one.is_asked);
    let mut newest = asked.filter_map(|one| one.row.newest());
    match newest.find(|seal| !is_known(seal)) {
        Some(seal) => Err(SealError::OtherKey {
            period: seal.period.to_string(),
            key: seal.key.clone(),
        }),
        None => Ok(()),
    }
}

/// Reads what comes after the older of the newest seals, those included; all of the journal where it `is_whole`.
fn collect(
    reader: &dyn JournalReader,
    wanting: &mut [Wanting],
    is_whole: bool,
) -> Result<(), SealError> {
    let from = wanting.iter().map(|one| one.sealed().0).min();
    let mut fault = None;
    let from = from.filter(|_| !is_whole).unwrap_or(0).max(1);
    if reader.last() >= from {
        reader.verify_from(from, &mut |batch| {
            fault = wanting.iter_mut().find_map(|one| one.take(&batch).err());
            fault.is_none()
        })?;
    }
    match fault {
        Some(fault) => Err(fault),
        None => wanting.iter().try_for_each(Wanting::check_end),
    }
}

/// One row, and the ends of the periods that stand behind it in the journal.
struct Wanting {
    row: Row,
    under_way: Period,
    /// Whether it is to go on; else it is only held against the journal.
    is_asked: bool,
    until: Option<Period>,
    is_found: bool,
    journal: u64,
    ends: BTreeMap<Period, (u64, Chain)>,
}

impl Wanting {
    fn new(row: Row, under_way: Period, (is_asked, until): (bool, Option<Period>)) -> Self {
        Self {
            is_found: row.newest().is_none(),
            row,
            under_way,
            is_asked,
            until,
            journal: 0,
            ends: BTreeMap::new(),
        }
    }

    /// Where the newest seal ends: its last record and the chain value there.
    fn sealed(&self) -> (u64, Chain) {
        let newest = self.row.newest();
        newest.map_or((0, GENESIS), |newest| (newest.last, newest.chain))
    }

    fn take(&mut self, batch: &StoredBatch<'_>) -> Result<(), SealError> {
        let (last, chain) = self.sealed();
        self.journal = batch.journal;
        if batch.last < last {
            return Ok(());
        }
        if batch.last == last {
            let newest = self.row.newest();
            let is_same = newest.is_none_or(|newest| newest.journal == batch.journal);
            if chain != *batch.chain || !is_same {
                return Err(self.unfit("the journal holds something else there"));
            }
            self.is_found = true;
            return Ok(());
        }
        if !self.is_found {
            return Err(self.unfit("no batch ends there"));
        }
        let Some(bytes) = Records::new(batch.payload).last() else {
            return Ok(());
        };
        let head = codec::peek(bytes).map_err(|error| SealError::Journal {
            period: "what comes next".into(),
            last: batch.last,
            fault: error.to_string(),
        })?;
        let period = Period::of(self.row.kind(), head.time_ms);
        self.ends.insert(period, (batch.last, *batch.chain));
        Ok(())
    }

    fn check_end(&self) -> Result<(), SealError> {
        if self.is_found {
            return Ok(());
        }
        Err(self.unfit("the journal ends before it: its end was cut"))
    }

    fn unfit(&self, fault: &str) -> SealError {
        let newest = self.row.newest();
        SealError::Journal {
            period: newest.map_or_else(String::new, |newest| newest.period.to_string()),
            last: self.sealed().0,
            fault: fault.into(),
        }
    }

    /// Signs and writes one seal after another; each is whole and synced before the next names it.
    fn write(
        mut self,
        folder: &Path,
        signer: &dyn Signer,
        order: &Order,
    ) -> Result<Vec<Seal>, SealError> {
        let mut made = Vec::new();
        let mut end = self.sealed();
        for (period, (last, chain)) in std::mem::take(&mut self.ends) {
            if period >= self.under_way || self.until.is_some_and(|until| period > until) {
                break;
            }
            if last > end.0 {
                end = (last, chain);
            }
            let newest = self.row.newest();
            let is_new = newest.is_none_or(|n| period > n.period && end.0 > n.last);
            if !is_new {
                continue;
            }
            let mut seal = Seal {
                cell: order.cell,
                journal: self.journal,
                period,
                number: newest.map_or(1, |newest| newest.number + 1),
                last: end.0,
                chain: end.1,
                sealed: moment(order.now_ms),
                algorithm: signer.public_key().algorithm(),
                key: signer.public_key().fingerprint(),
                previous: newest.map_or(GENESIS, Seal::digest),
                signature: [0; SIGNATURE_BYTES],
            };
            seal.signature = signer.sign(seal.signed_text().as_bytes())?;
            // A device that signs something else than it was asked must not spoil the row.
            seal.verify(signer.public_key())?;
            write_new(folder, &seal.file_name(), &seal.text())?;
            self.row.push(seal.clone());
            made.push(seal);
        }
        Ok(made)
    }
}

/// Writes a file that is whole once it has its name, and never over another.
fn write_new(folder: &Path, name: &str, text: &str) -> Result<(), SealError> {
    let path = folder.join(name);
    let mut own = [0; 8];
    fill_random(&mut own)?;
    let unnamed = folder.join(format!("{name}.{}.new", to_hex(&own)));
    // Seals are no secret, and who copies them away need not be who made them: the umask says who may read them.
    let written = make_folder(folder, 0o777)
        .and_then(|()| write_unnamed(&unnamed, text.as_bytes(), 0o666))
        .and_then(|()| give_name(&unnamed, &path));
    written.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => SealError::Raced(path.clone()),
        _ => SealError::File {
            path: path.clone(),
            source,
        },
    })
}
