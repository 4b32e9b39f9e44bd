//! The header's bytes: what `docs/journal.md` draws, fixed by a golden file, and checked with random values.
#![allow(clippy::unwrap_used, reason = "a test program")]

use hubu_core::journal::{Chain, GENESIS, HEADER_BYTES, Header, HeaderFault};
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(16).map(|line| {
        line.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_golden_header() {
    let payload = b"\x05first\x06second";
    let header = Header {
        journal: 0x0102_0304_0506_0708,
        cell: 420_106_000,
        epoch: 3,
        first: 1000,
        last: 1001,
        length: payload.len() as u32,
        payload_crc: 0,
        previous: [0xab; 32],
        chain: GENESIS,
    };
    let golden = include_str!("golden/journal_header.hex");
    assert_eq!(hex(&header.seal(payload).encode()), golden);
}

fn chain() -> impl Strategy<Value = Chain> {
    proptest::array::uniform32(any::<u8>())
}

prop_compose! {
    fn header()(
        journal: u64, cell: u64, epoch: u64, first in 1..u64::MAX - 9000, records in 0..9000_u64,
        length: u32, payload_crc: u32, previous in chain(), chain in chain(),
    ) -> Header {
        Header { journal, cell, epoch, first, last: first + records, length, payload_crc, previous, chain }
    }
}

proptest! {
    #[test]
    fn a_header_comes_back(header in header()) {
        prop_assert_eq!(Header::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn any_flipped_bit_shows(header in header(), bit in 0..HEADER_BYTES * 8) {
        let mut bytes = header.encode();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Header::decode(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: [u8; HEADER_BYTES / 4], repeat in 1..5_usize) {
        let mut all = [0; HEADER_BYTES];
        all[..bytes.len()].copy_from_slice(&bytes);
        all[..4].copy_from_slice(if repeat == 1 { b"HUBB" } else { b"HUBX" });
        prop_assert!(Header::decode(&all).is_err());
    }

    #[test]
    fn numbers_in_disorder_are_refused(header in header(), last in 0..100_u64) {
        let wrong = Header { first: last + 1, last, ..header };
        prop_assert_eq!(Header::decode(&wrong.encode()), Err(HeaderFault::Order));
        let zero = Header { first: 0, last, ..header };
        prop_assert_eq!(Header::decode(&zero.encode()), Err(HeaderFault::Order));
    }

    #[test]
    fn the_seal_fits_the_payload(header in header(), payload: Vec<u8>) {
        let sealed = Header { length: payload.len() as u32, ..header }.seal(&payload);
        prop_assert_eq!(sealed.payload_crc, crc32fast::hash(&payload));
        prop_assert_eq!(sealed.chain_over(&payload), sealed.chain);
        let other = Header { epoch: sealed.epoch ^ 1, ..sealed };
        prop_assert!(other.chain_over(&payload) != sealed.chain);
    }
}
