//! The bytes of the journal: every record comes back, every shape has its golden file, and no bytes
//! whatever make the decoder panic.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

mod golden;
mod hostile;
mod samples;
mod size;
mod strategies;

use hubu_core::journal::codec::cursor::Cursor;
use hubu_core::journal::codec::state::{
    decode_document, decode_entry, decode_row, encode_document, encode_entry, encode_row,
};
use hubu_core::journal::codec::{decode, encode, peek};
use hubu_kernel::record::Body;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_comes_back(record in strategies::record()) {
        let mut bytes = vec![0xaa];
        encode(&record, &mut bytes);
        prop_assert_eq!(bytes[0], 0xaa, "what stood before is kept");
        let decoded = decode(&bytes[1..]);
        prop_assert_eq!(decoded.as_ref(), Ok(&record));
        let head = peek(&bytes[1..]).unwrap();
        prop_assert_eq!(head.time_ms, record.time_ms);
        prop_assert_eq!(head.once, record.once);
        prop_assert_eq!(head.trace, record.trace);
        prop_assert_eq!(head.actor, &*record.actor);
        prop_assert_eq!(head.is_decided, matches!(record.body, Body::Decided(_)));
    }

    #[test]
    fn what_a_snapshot_holds_comes_back(
        document in strategies::document(),
        row in strategies::row(),
        entry in strategies::entry(),
    ) {
        let mut bytes = Vec::new();
        encode_document(&document, &mut bytes);
        encode_row(&row, &mut bytes);
        encode_entry(&entry, &mut bytes);
        let mut cursor = Cursor::new(&bytes);
        prop_assert_eq!(decode_document(&mut cursor), Ok(document));
        prop_assert_eq!(decode_row(&mut cursor), Ok(row));
        prop_assert_eq!(decode_entry(&mut cursor), Ok(entry));
        prop_assert_eq!(cursor.finish(), Ok(()));
    }
}
