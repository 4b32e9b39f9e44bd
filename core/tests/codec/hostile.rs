//! Bytes that nobody encoded: refused or read as something else, never a panic.

use crate::{samples, strategies};
use hubu_core::journal::codec::cursor::Cursor;
use hubu_core::journal::codec::error::CodecError;
use hubu_core::journal::codec::state::{decode_document, decode_row, encode_document, encode_row};
use hubu_core::journal::codec::{decode, encode};
use proptest::prelude::*;

#[test]
fn a_record_cut_at_any_byte_is_refused() {
    for (name, record) in samples::all() {
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        for size in 0..bytes.len() {
            let error = decode(&bytes[..size]).expect_err(name);
            assert!(
                matches!(
                    error,
                    CodecError::Truncated { .. } | CodecError::Count { .. }
                ),
                "{name} cut at {size}: {error}"
            );
        }
    }
}

#[test]
fn a_byte_too_many_is_refused() {
    for (name, record) in samples::all() {
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        let at = bytes.len();
        bytes.push(0);
        assert_eq!(decode(&bytes), Err(CodecError::Trailing { at }), "{name}");
    }
}

#[test]
fn another_format_version_is_refused() {
    let (_, record) = samples::all().remove(0);
    let mut bytes = Vec::new();
    encode(&record, &mut bytes);
    bytes[0] ^= 0x30;
    assert_eq!(decode(&bytes), Err(CodecError::Version { found: 2 }));
}

#[test]
fn every_byte_may_be_anything() {
    for (_, record) in samples::all() {
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        for at in 0..bytes.len() {
            let kept = bytes[at];
            for byte in 0..=255 {
                bytes[at] = byte;
                reread(&bytes);
            }
            bytes[at] = kept;
        }
    }
}

#[test]
fn a_count_beyond_the_bytes_makes_no_room() {
    // A decided record up to its changes, of which it claims 2^62.
    let mut bytes = vec![0x14, 1, 0, 1 << 6, 1 << 5, 1, 1, 1, 0, 0];
    let count = 1 << 62;
    let at = bytes.len() + 9;
    bytes.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]);
    assert_eq!(decode(&bytes), Err(CodecError::Count { count, at }));
}

/// What decodes at all must come back the same from its own bytes.
fn reread(bytes: &[u8]) {
    if let Ok(record) = decode(bytes) {
        let mut again = Vec::new();
        encode(&record, &mut again);
        assert_eq!(decode(&again), Ok(record));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_records_never_panic(
        record in strategies::record(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Vec::new();
        encode(&record, &mut bytes);
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        reread(&bytes);
    }

    #[test]
    fn noise_never_panics(body in 0..4u8, noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = vec![0x14 | body, 1, 0];
        bytes.extend(noise);
        reread(&bytes);
        let _ = decode_row(&mut Cursor::new(&bytes));
        let _ = decode_document(&mut Cursor::new(&bytes));
    }

    #[test]
    fn mutated_snapshots_never_panic(
        document in strategies::document(),
        row in strategies::row(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = Vec::new();
        encode_row(&row, &mut bytes);
        encode_document(&document, &mut bytes);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut cursor = Cursor::new(&bytes);
        if let Ok(row) = decode_row(&mut cursor) {
            prop_assert!(row.approved.0 >= 0);
            let _ = decode_document(&mut cursor);
        }
    }
}
