//! What the journal's tests share: records to write, and stores to write them to.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

pub mod file_store;
#[cfg(feature = "postgres")]
pub mod pg_store;
pub mod simulated_store;
pub mod store;

use hubu_core::journal::{Batch, Journal, JournalError, JournalReader, Records, push_record};

/// Record `seq`, different from all others, of a length that varies.
pub fn record(seq: u64) -> Vec<u8> {
    let length = 40 + seq * 7 % 60;
    let mut bytes = format!("record {seq} ").into_bytes();
    bytes.extend((0..length).map(|n| (n * seq % 251) as u8));
    bytes
}

/// Records `first..=last` as a payload.
pub fn payload(first: u64, last: u64) -> Vec<u8> {
    let mut payload = Vec::new();
    (first..=last).for_each(|seq| push_record(&mut payload, &record(seq)));
    payload
}

/// Appends records `first..=last` as one batch.
pub fn append(journal: &mut dyn Journal, first: u64, last: u64) -> Result<(), JournalError> {
    let payload = payload(first, last);
    journal.append(&Batch {
        first,
        last,
        payload: &payload,
    })
}

/// Appends batches of `size` records until `last` (a multiple) is durable.
pub fn append_to(journal: &mut dyn Journal, size: u64, last: u64) {
    while journal.last() < last {
        let first = journal.last() + 1;
        append(journal, first, first + size - 1).unwrap();
    }
}

/// Reads from `from` on and checks every record's contents; answers the last.
pub fn check_from(reader: &dyn JournalReader, from: u64) -> Result<u64, JournalError> {
    let mut next = None;
    let last = reader.scan(from, &mut |batch| {
        if let Some(next) = next {
            assert_eq!(batch.first, next);
        } else {
            assert!(batch.first <= from && from <= batch.last);
        }
        let mut walk = Records::new(batch.payload);
        for (seq, bytes) in (batch.first..).zip(walk.by_ref()) {
            assert_eq!(bytes, record(seq), "record {seq}");
        }
        assert!(walk.is_whole());
        next = Some(batch.last + 1);
        true
    })?;
    assert_eq!(last, next.map_or(0, |next| next - 1));
    Ok(last)
}
