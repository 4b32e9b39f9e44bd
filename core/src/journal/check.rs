//! What must hold from one batch to the next, the same for every journal.

use super::chain::{Chain, GENESIS};
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
