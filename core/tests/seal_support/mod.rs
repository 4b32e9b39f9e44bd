//! A journal over several days, its seals, and somebody who can write every byte of both journals and compute any chain,
//! but has no key.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test program uses a part, and may end where it can't go on"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use hubu_core::cipher::{PrivateKey, PublicKey, Signer};
use hubu_core::journal::{
    Batch, Chain, GENESIS, HEADER_BYTES, Header, Journal, JournalReader, codec, push_record,
};
use hubu_core::seal::{Checker, Order, Seal, SealError, Sealed, make_seals};
use hubu_kernel::ident::CatalogVersion;
use hubu_kernel::record::{Body, Once, Record};

/// 2026-03-01 00:00 in Beijing.
pub const MARCH_MS: u64 = 1_772_294_400_000;
pub const DAY_MS: u64 = 86_400_000;
pub const HOUR_MS: u64 = 3_600_000;

/// A moment by days and hours since the first of March.
pub fn at(days: u64, hours: u64) -> u64 {
    MARCH_MS + days * DAY_MS + hours * HOUR_MS
}

/// Appends one batch with a record at each of these moments.
pub fn append(journal: &mut dyn Journal, moments: &[u64]) {
    let mut payload = Vec::new();
    let first = journal.last() + 1;
    for (seq, time_ms) in (first..).zip(moments) {
        let record = Record {
            time_ms: *time_ms,
            actor: format!("clerk {seq:04}").into(),
            once: Once::default(),
            trace: None,
            body: Body::Catalog {
                version: CatalogVersion(1),
                sources: (&b"sources"[..]).into(),
            },
        };
        let mut bytes = Vec::new();
        codec::encode(&record, &mut bytes);
        push_record(&mut payload, &bytes);
    }
    let last = journal.last() + moments.len() as u64;
    journal
        .append(&Batch {
            first,
            last,
            payload: &payload,
        })
        .unwrap();
}

/// Five days, the last of February to the fourth of March, two batches of two records each; none on the third.
pub fn five_days(journal: &mut dyn Journal) {
    append(journal, &[MARCH_MS - 7_200_000, MARCH_MS - 7_199_000]);
    append(journal, &[MARCH_MS - 2, MARCH_MS - 1]);
    for day in [0, 1, 3] {
        append(journal, &[at(day, 9), at(day, 9) + 5]);
        append(journal, &[at(day, 17), at(day, 17) + 5]);
    }
}

/// Seals all that is over at `now_ms`.
pub fn seal(
    reader: &dyn JournalReader,
    folder: &Path,
    key: &PrivateKey,
    cell: u64,
    now_ms: u64,
) -> Result<Vec<Seal>, SealError> {
    seal_behind(reader, folder, (key, None), cell, now_ms)
}

/// The same behind the seals of a key that was in use before.
pub fn seal_behind(
    reader: &dyn JournalReader,
    folder: &Path,
    (key, before): (&PrivateKey, Option<&PrivateKey>),
    cell: u64,
    now_ms: u64,
) -> Result<Vec<Seal>, SealError> {
    let order = Order {
        cell,
        now_ms,
        until: None,
        before: before.map(|key| key.public_key().clone()),
    };
    make_seals(reader, folder, key, &order)
}

/// What `hubu verify --seals` does.
pub fn check(
    reader: &dyn JournalReader,
    folder: &Path,
    keys: &[&PrivateKey],
    cell: u64,
) -> Result<Sealed, SealError> {
    let keys: Vec<PublicKey> = keys.iter().map(|key| key.public_key().clone()).collect();
    let mut checker = Checker::open(folder, cell, &keys)?;
    let mut unfit = None;
    let report = reader.verify(&mut |batch| {
        unfit = checker.take(&batch).err();
        unfit.is_none()
    })?;
    match unfit {
        Some(unfit) => Err(unfit),
        None => checker.finish(report.last),
    }
}

/// The names of the seals in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Changes payloads at will, their lengths kept.
pub type Change<'a> = dyn FnMut(&Header, &mut [u8]) + 'a;

/// Rewrites a journal in files from its first batch to its last: checksums, links, chain and lock file all fit
/// afterwards.
pub fn rewrite_files(folder: &Path, change: &mut Change<'_>) {
    let mut chains: HashMap<u64, Chain> = HashMap::new();
    let mut previous = GENESIS;
    for number in 1.. {
        let path = folder.join(format!("{number:08}.segment"));
        let Ok(mut bytes) = std::fs::read(&path) else {
            break;
        };
        let mut offset = 128;
        while let Some(head) = bytes.get(offset..offset + HEADER_BYTES) {
            let Ok(header) = Header::decode(head.try_into().unwrap()) else {
                break;
            };
            let start = offset + HEADER_BYTES;
            let end = start + header.length as usize;
            change(&header, &mut bytes[start..end]);
            let header = Header { previous, ..header }.seal(&bytes[start..end]);
            previous = header.chain;
            chains.insert(header.last, header.chain);
            bytes[offset..start].copy_from_slice(&header.encode());
            offset = end;
        }
        std::fs::write(&path, bytes).unwrap();
    }
    forge_lock(folder, |last| (last, chains.get(&last).copied()));
}

/// Cuts everything off behind the record `last`, which ends a batch, as if it had never been.
pub fn cut_files(folder: &Path, last: u64) {
    let mut chain = GENESIS;
    let path: PathBuf = folder.join("00000001.segment");
    let mut bytes = std::fs::read(&path).unwrap();
    let mut offset = 128;
    loop {
        let head: [u8; HEADER_BYTES] = bytes[offset..offset + HEADER_BYTES].try_into().unwrap();
        let header = Header::decode(&head).unwrap();
        offset += HEADER_BYTES + header.length as usize;
        chain = if header.last <= last {
            header.chain
        } else {
            chain
        };
        if header.last == last {
            break;
        }
    }
    bytes[offset..].fill(0);
    std::fs::write(&path, bytes).unwrap();
    forge_lock(folder, |was| (was.min(last), Some(chain)));
}

/// The slots of the lock file, drawn in docs/journal.md: what they vouch for, replaced.
fn forge_lock(folder: &Path, anchor: impl Fn(u64) -> (u64, Option<Chain>)) {
    let path = folder.join("lock");
    let mut bytes = std::fs::read(&path).unwrap();
    for slot in bytes
        .chunks_mut(512)
        .filter(|slot| slot.starts_with(b"HUBL"))
    {
        let last = u64::from_le_bytes(slot[40..48].try_into().unwrap());
        let (last, chain) = anchor(last);
        slot[40..48].copy_from_slice(&last.to_le_bytes());
        if let Some(chain) = chain {
            slot[48..80].copy_from_slice(&chain);
        }
        let crc = crc32fast::hash(&slot[..84]);
        slot[84..88].copy_from_slice(&crc.to_le_bytes());
    }
    std::fs::write(&path, bytes).unwrap();
}

/// Puts other words in place of some, of the same length; says how often.
pub fn replace(bytes: &mut [u8], what: &[u8], with: &[u8]) -> usize {
    assert_eq!(what.len(), with.len());
    let mut count = 0;
    for start in 0..bytes.len().saturating_sub(what.len() - 1) {
        if bytes[start..].starts_with(what) {
            bytes[start..start + what.len()].copy_from_slice(with);
            count += 1;
        }
    }
    count
}
