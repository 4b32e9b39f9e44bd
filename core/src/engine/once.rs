//! Once (幂等): what names a command, so that repeating it gives the first answer.
//!
//! The cell's secret, drawn when its journal began, goes into the hash: nobody outside can make two
//! keys collide. What was asked is hashed from its journal encoding, so neither white space nor the
//! order of fields in a request matters.

use crate::journal::codec::state::encode_entry;
use crate::journal::codec::varint;
use crate::signing::Presented;
use hubu_kernel::document::Entry;
use hubu_kernel::record::Once;
use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher128};
use std::hash::Hasher;

/// Names commands of one cell.
#[derive(Clone, Copy)]
pub(crate) struct Namer {
    secret: [u8; 16],
}

// Whoever reads the secret in a log can make keys collide.
impl std::fmt::Debug for Namer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Namer")
    }
}

/// What was asked, as far as it tells one command from another.
pub(crate) struct Asked<'a> {
    pub(crate) actor: &'a str,
    pub(crate) key: &'a str,
    /// The step's name or number.
    pub(crate) step: &'a [u8],
    /// The version read, or 0.
    pub(crate) if_match: u32,
    /// Fields and lines; for a step, its document is the one link. Catalog and number are 0.
    pub(crate) content: &'a Entry,
    pub(crate) signature: Option<&'a Presented>,
}

impl Namer {
    pub(crate) fn new(secret: [u8; 16]) -> Namer {
        Namer { secret }
    }

    /// The cell's secret.
    pub(crate) fn secret(&self) -> [u8; 16] {
        self.secret
    }

    /// The hash of what was asked, under the cell's secret alone.
    pub(crate) fn body(&self, asked: &[u8]) -> u64 {
        body(&self.secret, asked)
    }

    /// The name of a command; what was asked stands encoded in `scratch` then.
    pub(crate) fn name(&self, asked: &Asked<'_>, scratch: &mut Vec<u8>) -> Once {
        assert_eq!(
            asked.content.number, 0,
            "a name does not depend on what comes of it"
        );
        let mut key = SipHasher128::new_with_key(&self.secret);
        key.write(asked.actor.as_bytes());
        key.write(&[0]);
        key.write(asked.key.as_bytes());
        scratch.clear();
        scratch.extend_from_slice(asked.step);
        scratch.push(0);
        scratch.extend_from_slice(&asked.if_match.to_le_bytes());
        encode_entry(asked.content, scratch);
        if let Some(signature) = asked.signature {
            varint::put_bytes(scratch, signature.key.as_bytes());
            varint::put_bytes(scratch, &signature.value);
        }
        // Key 0 is the engine's own.
        Once {
            key: key.finish128().as_u128().max(1),
            body: body(&self.secret, scratch),
        }
    }
}

/// The hash of what was asked.
pub(crate) fn body(secret: &[u8; 16], asked: &[u8]) -> u64 {
    let mut body = SipHasher13::new_with_key(secret);
    body.write(asked);
    body.finish()
}
