//! What can be wrong with bytes that should be a record.

/// Why bytes are not what they should be; `at` counts bytes from the start of what was decoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes end before the record does.
    #[error("ends too early, at byte {at}")]
    Truncated {
        /// Where more was needed.
        at: usize,
    },
    /// The bytes go on after the record.
    #[error("goes on after its end, at byte {at}")]
    Trailing {
        /// Where the record ended.
        at: usize,
    },
    /// Written by another format than this program knows.
    #[error("format version {found} is not known")]
    Version {
        /// The version that the bytes claim.
        found: u8,
    },
    /// A number that does not mean anything in its place.
    #[error("{value} is no {what}, before byte {at}")]
    Number {
        /// What was expected there.
        what: &'static str,
        /// What was found.
        value: u64,
        /// Where it ended.
        at: usize,
    },
    /// A variable-length number that is too long, or longer than it need be.
    #[error("badly written number at byte {at}")]
    Varint {
        /// Where it starts.
        at: usize,
    },
    /// Words that are not UTF-8.
    #[error("text is not UTF-8 at byte {at}")]
    Text {
        /// Where they start.
        at: usize,
    },
    /// More elements than the remaining bytes could hold.
    #[error("{count} elements can't follow byte {at}")]
    Count {
        /// How many are claimed.
        count: u64,
        /// Where they would start.
        at: usize,
    },
}
