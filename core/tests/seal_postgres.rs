//! Seals over a journal in PostgreSQL: an administrator of the database can rewrite every row, and is found out.
#![cfg(feature = "postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod seal_support;
mod support;

use hubu_core::cipher::{Algorithm, PrivateKey, to_hex};
use hubu_core::journal::{GENESIS, Header};
use seal_support::{append, at, check, five_days, replace, seal};
use support::pg_store::PgStore;
use support::store::Store;

/// What somebody with all rights in the database does: other contents, checksums, links, chain and lease made to fit.
fn rewrite(store: &PgStore, what: &[u8], with: &[u8]) -> usize {
    let firsts = store.sql("SELECT first FROM hubu_journal WHERE cell = CELL ORDER BY first");
    let (mut previous, mut count) = (GENESIS, 0);
    for first in firsts.lines().map(|first| first.parse().unwrap()) {
        let (header, mut payload) = store.row(first);
        count += replace(&mut payload, what, with);
        let header = Header { previous, ..header }.seal(&payload);
        let own = u32::from_le_bytes(header.encode()[56..60].try_into().unwrap());
        let sum = (u64::from(own) << 32 | u64::from(header.payload_crc)).cast_signed();
        let (link, chain) = (to_hex(&previous), to_hex(&header.chain));
        store.sql(&format!(
            "UPDATE hubu_journal SET payload = '\\x{}', previous = '\\x{link}', chain = '\\x{chain}', checksum = {sum} WHERE cell = CELL AND first = {first}",
            to_hex(&payload)
        ));
        store.sql(&format!(
            "UPDATE hubu_lease SET chain = '\\x{chain}' WHERE cell = CELL AND last = {}",
            header.last
        ));
        previous = header.chain;
    }
    count
}

#[test]
fn rows_written_anew_in_the_database_fail_at_the_first_seal_that_does_not_fit() {
    let store = PgStore::fresh();
    let cell = store.settings().cell;
    let mut journal = store.open().unwrap();
    five_days(&mut *journal);
    let (folder, key) = (
        tempfile::tempdir().unwrap(),
        PrivateKey::generate(Algorithm::Sm2).unwrap(),
    );
    // The writer lives and goes on: sealing takes no lease.
    let made = seal(&*store.read().unwrap(), folder.path(), &key, cell, at(4, 1)).unwrap();
    assert_eq!(made.len(), 5);
    append(&mut *journal, &[at(4, 9)]);
    drop(journal);
    let made = seal(&*store.read().unwrap(), folder.path(), &key, cell, at(5, 1)).unwrap();
    assert_eq!(made.len(), 1);
    check(&*store.read().unwrap(), folder.path(), &[&key], cell).unwrap();

    assert_eq!(rewrite(&store, b"clerk 0010", b"clerk 0010"), 1);
    check(&*store.read().unwrap(), folder.path(), &[&key], cell).unwrap();

    assert_eq!(rewrite(&store, b"clerk 0010", b"thief 0010"), 1);
    let reader = store.read().unwrap();
    let forged = reader.verify(&mut |_| true).unwrap();
    assert_eq!(forged.last, 17, "the chain alone shows nothing");
    let refused = check(&*reader, folder.path(), &[&key], cell).unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("the seal of 2026-03-02 (record 12)"),
        "{said}"
    );
    assert!(said.contains("records 9..=12"), "{said}");

    // Rows deleted from the end, the lease put back.
    assert_eq!(rewrite(&store, b"thief 0010", b"clerk 0010"), 1);
    let chain =
        store.sql("SELECT encode(chain, 'hex') FROM hubu_journal WHERE cell = CELL AND last = 12");
    store.sql("DELETE FROM hubu_journal WHERE cell = CELL AND first > 12");
    store.sql(&format!(
        "UPDATE hubu_lease SET last = 12, chain = '\\x{}' WHERE cell = CELL",
        chain.trim()
    ));
    let refused = check(&*store.read().unwrap(), folder.path(), &[&key], cell).unwrap_err();
    let said = refused.to_string();
    assert!(
        said.contains("the journal ends with record 12: its end was cut"),
        "{said}"
    );
}
