//! The 128 bytes before each payload: see `docs/journal.md` for the drawing. Both journals share them: the PostgreSQL
//! one keeps the fields in columns and computes the chain over the same bytes.

use super::chain::{Chain, chain_value};

/// Size of an encoded header in bytes.
pub const HEADER_BYTES: usize = 128;
/// The bytes that the chain value covers: all up to the header CRC.
pub(crate) const CHAINED_BYTES: usize = 56;
/// What every header begins with.
pub(crate) const MAGIC: [u8; 4] = *b"HUBB";
const VERSION: u16 = 1;

/// The header of one batch. The CRC of the header itself is made by `encode` and checked by `decode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Number drawn when the journal was created.
    pub journal: u64,
    /// Whose journal it is.
    pub cell: u64,
    /// Epoch of the writer.
    pub epoch: u64,
    /// Sequence number of the first record.
    pub first: u64,
    /// Sequence number of the last record, inclusive.
    pub last: u64,
    /// Size of the payload in bytes.
    pub length: u32,
    /// CRC-32 of the payload.
    pub payload_crc: u32,
    /// Chain value of the batch before.
    pub previous: Chain,
    /// Chain value of this batch.
    pub chain: Chain,
}

/// Why 128 bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// Another kind of bytes.
    #[error("no batch begins here")]
    Magic,
    /// A format that this program does not know.
    #[error("format version {0} is unknown to this program")]
    Version(u16),
    /// The header was changed or torn.
    #[error("the header's checksum does not fit")]
    Checksum,
    /// Written so, but impossible.
    #[error("the header's sequence numbers are in disorder")]
    Order,
}

impl Header {
    /// The header for a payload, with its CRC and chain value computed.
    ///
    /// The caller has made sure that the payload is shorter than 4 GiB.
    #[must_use]
    pub fn seal(mut self, payload: &[u8]) -> Self {
        assert!(
            u32::try_from(payload.len()) == Ok(self.length),
            "length must be the payload's"
        );
        self.payload_crc = crc32fast::hash(payload);
        self.chain = self.chain_over(payload);
        self
    }

    /// The chain value that this header and payload should have.
    #[must_use]
    pub fn chain_over(&self, payload: &[u8]) -> Chain {
        let bytes = self.encode();
        chain_value(&self.previous, &bytes[..CHAINED_BYTES], payload)
    }

    /// The header as stored.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[6..8].copy_from_slice(&(HEADER_BYTES as u16).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.journal.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.cell.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.last.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.length.to_le_bytes());
        bytes[52..56].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[64..96].copy_from_slice(&self.previous);
        bytes[96..128].copy_from_slice(&self.chain);
        let crc = crc_of(&bytes);
        bytes[56..60].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header back.
    ///
    /// # Errors
    /// Says why these bytes are no header; a wrong CRC is told apart from another format.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, HeaderFault> {
        if bytes[0..4] != MAGIC {
            return Err(HeaderFault::Magic);
        }
        if crc_of(bytes) != u32_at(bytes, 56) {
            return Err(HeaderFault::Checksum);
        }
        let version = u16::from_le_bytes([bytes[4], bytes[5]]);
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        let header = Self {
            journal: u64_at(bytes, 8),
            cell: u64_at(bytes, 16),
            epoch: u64_at(bytes, 24),
            first: u64_at(bytes, 32),
            last: u64_at(bytes, 40),
            length: u32_at(bytes, 48),
            payload_crc: u32_at(bytes, 52),
            previous: chain_at(bytes, 64),
            chain: chain_at(bytes, 96),
        };
        if header.first == 0 || header.last < header.first {
            return Err(HeaderFault::Order);
        }
        Ok(header)
    }
}

/// CRC of a header without the four bytes where it is kept.
fn crc_of(bytes: &[u8; HEADER_BYTES]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[..CHAINED_BYTES]);
    crc.update(&bytes[CHAINED_BYTES + 4..]);
    crc.finalize()
}

/// Little-endian integer at an offset of a fixed layout.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

/// Little-endian integer at an offset of a fixed layout.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

/// Chain value at an offset of a fixed layout.
pub(crate) fn chain_at(bytes: &[u8], at: usize) -> Chain {
    let mut chain = [0; 32];
    chain.copy_from_slice(&bytes[at..at + 32]);
    chain
}
