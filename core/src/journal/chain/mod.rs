//! The SM3 chain (商用密码 GB/T 32905-2016) over batches: what shows tampering even when CRCs were made to fit.
//!
//! `chain = SM3(previous || header bytes || SM3(leaf 0) || SM3(leaf 1) ...)`, the leaves being 4096-byte pieces of the
//! payload. Leaves are independent, so eight of them are hashed side by side where the CPU can.

mod lanes;

use sm3::{Digest, Sm3};

/// An SM3 value.
pub type Chain = [u8; 32];

/// What the first batch names as its predecessor.
pub const GENESIS: Chain = [0; 32];

/// Size of a leaf in bytes: part of the format.
const LEAF_BYTES: usize = 4096;

/// Chain value of a batch, from the one before, the chained part of its header, and its payload.
#[must_use]
pub fn chain_value(previous: &Chain, header: &[u8], payload: &[u8]) -> Chain {
    let mut top = Sm3::new();
    top.update(previous);
    top.update(header);
    let (leaves, rest) = payload.as_chunks::<LEAF_BYTES>();
    let mut groups = leaves.chunks(lanes::LANES);
    for group in &mut groups {
        lanes::digest_leaves(group, &mut |digest| top.update(digest));
    }
    if !rest.is_empty() {
        top.update(Sm3::digest(rest));
    }
    top.finalize().into()
}
