//! What must hold from one batch to the next, the same for every journal.

use super::chain::{Chain, GENESIS};
use super::error::{JournalError, LOOK_AFTER_DATABASE};
use super::header::Header;

/// Follows the batches of one journal in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    /// Last record of the batch before (0 = none).
    pub(crate) last: u64,
    /// Epoch of the batch before.
    pub(crate) epoch: u64,
    /// Chain value of the batch before; `None` when reading began in the middle.
    pub(crate) chain: Option<Chain>,
}

impl Links {
    /// Before the first batch.
    pub(crate) const START: Self = Self {
        last: 0,
        epoch: 0,
        chain: Some(GENESIS),
    };

    /// Reading begins at a batch that an index vouches for.
    pub(crate) fn before(first: u64) -> Self {
        assert!(first >= 1, "sequence numbers begin at 1");
        Self {
            last: first - 1,
            epoch: 0,
            chain: (first == 1).then_some(GENESIS),
        }
    }

    /// Whether the batch continues what came before; if so it becomes the latest.
    pub(crate) fn follow(&mut self, header: &Header) -> Result<(), String> {
        if header.first != self.last + 1 {
            return Err(format!(
                "it holds records {}..={}, but record {} comes next",
                header.first,
                header.last,
                self.last + 1
            ));
        }
        if header.epoch < self.epoch {
            return Err(format!(
                "it was written under epoch {} after epoch {}",
                header.epoch, self.epoch
            ));
        }
        if self.chain.is_some_and(|chain| chain != header.previous) {
            return Err(
                "its link to the batch before does not fit: one of the two was changed or moved"
                    .into(),
            );
        }
        self.last = header.last;
        self.epoch = header.epoch;
        self.chain = Some(header.chain);
        Ok(())
    }

    /// Whether the payload is the one that the header was made for, by its CRC.
    pub(crate) fn fits(header: &Header, payload: &[u8]) -> Result<(), String> {
        assert!(
            payload.len() == header.length as usize,
            "the caller cut it to length"
        );
        if crc32fast::hash(payload) != header.payload_crc {
            return Err("the payload's checksum does not fit".into());
        }
        Ok(())
    }
}

/// What a database holds of a cell: the epoch of its lease (`None` = it has none any more) and its last record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holds {
    pub(crate) epoch: Option<u64>,
    pub(crate) last: u64,
}

/// Why a writer whose lease has `epoch` and whose journal ends with `last` can't go on with what the database holds. Only a
/// newer epoch is another writer's; all else means that the database is not what it acknowledged. `None`: it can.
pub(crate) fn turned_away(
    place: &str,
    (epoch, last): (u64, u64),
    holds: Holds,
) -> Option<JournalError> {
    let damage = |seq, reason| {
        Some(JournalError::Damage {
            place: place.into(),
            seq,
            reason,
            advice: LOOK_AFTER_DATABASE,
        })
    };
    match holds.epoch {
        Some(newer) if newer > epoch => Some(JournalError::Fenced {
            place: place.into(),
            epoch,
            found: format!("the lease is of epoch {newer}"),
        }),
        Some(older) if older < epoch => damage(
            last.min(holds.last) + 1,
            format!("its lease is of epoch {older} again, though this writer holds {epoch}"),
        ),
        None => damage(last.min(holds.last) + 1, "its lease is gone".into()),
        Some(_) if holds.last < last => damage(
            holds.last + 1,
            format!(
                "the journal ends with record {}, but {last} was acknowledged to this writer: batches are missing",
                holds.last
            ),
        ),
        Some(_) if holds.last > last => damage(
            last + 1,
            format!(
                "the journal goes on to record {}, under this writer's epoch {epoch}: it did not write that",
                holds.last
            ),
        ),
        Some(_) => None,
    }
}
