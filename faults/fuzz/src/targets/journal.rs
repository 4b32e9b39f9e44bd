//! The journal's header, and the reader of a folder whose bytes were changed.

use super::{Setup, kind, kind_of_text};
use crate::Outcome;
use hubu_core::disk::{Access, Disk};
use hubu_core::journal::file::{FileJournal, FileReader};
use hubu_core::journal::simulated::{Faults, SimulatedDisk};
use hubu_core::journal::{
    Batch, GENESIS, HEADER_BYTES, Header, Journal, JournalReader, Records, Settings, push_record,
};
use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;

/// The header: what is read is what is written.
pub(super) fn header() -> Outcome<Setup> {
    let header = Header {
        journal: 0x0102_0304_0506_0708,
        cell: 420_106_000,
        epoch: 3,
        first: 1000,
        last: 1001,
        length: 4,
        payload_crc: 0,
        previous: [0xab; 32],
        chain: GENESIS,
    };
    Ok(Setup {
        seeds: vec![header.seal(b"\x03abc").encode().to_vec()],
        words: vec![b"HUBB".to_vec()],
        memory: Some(8),
        run: Box::new(|input| {
            let mut bytes = [0; HEADER_BYTES];
            let length = input.len().min(HEADER_BYTES);
            bytes[..length].copy_from_slice(&input[..length]);
            // Half of the inputs have the checksum that they need: what lies behind it wants hostile bytes too.
            if input.len() % 2 == 0 {
                let mut crc = crc32fast::Hasher::new();
                crc.update(&bytes[..56]);
                crc.update(&bytes[60..]);
                bytes[56..60].copy_from_slice(&crc.finalize().to_le_bytes());
            }
            match Header::decode(&bytes) {
                Ok(header) => {
                    assert!(header.first > 0 && header.first <= header.last);
                    let again = Header::decode(&header.encode());
                    assert_eq!(again, Ok(header));
                    1
                }
                Err(fault) => kind_of_text(&fault.to_string()),
            }
        }),
    })
}

const FOLDER: &str = "/journal";

/// Small, so that few batches take several segments.
const SEGMENT_BYTES: u64 = 4096;

fn settings() -> Settings {
    Settings {
        cell: 7,
        segment_bytes: SEGMENT_BYTES,
        ..Settings::default()
    }
}

/// A file of a journal's folder.
#[derive(Clone)]
struct Stored {
    name: String,
    bytes: Vec<u8>,
}

/// The records that were written, and the files that they make.
fn written() -> Outcome<(Vec<Vec<u8>>, Vec<Stored>)> {
    let disk = Arc::new(SimulatedDisk::new(1, Faults::default()));
    let mut records = Vec::new();
    for round in 0..2_u8 {
        let mut journal = FileJournal::open_on(disk.clone(), Path::new(FOLDER), &settings())?;
        for batch in 0..9_u8 {
            let first = records.len() as u64 + 1;
            let mut payload = Vec::new();
            for record in 0..3_u8 {
                let record = vec![round * 100 + batch * 3 + record; 10 + usize::from(batch) * 30];
                push_record(&mut payload, &record);
                records.push(record);
            }
            journal.append(&Batch {
                first,
                last: records.len() as u64,
                payload: &payload,
            })?;
        }
    }
    let mut files = Vec::new();
    for name in disk.list(Path::new(FOLDER))? {
        let file = Disk::open(&*disk, &Path::new(FOLDER).join(&name), Access::Read)?;
        let mut bytes = vec![0; file.size()? as usize];
        file.read_at(&mut bytes, 0)?;
        files.push(Stored { name, bytes });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((records, files))
}

/// A folder with changed bytes: an error, or what was written and nothing else; a writer that opens it goes on from there.
pub(super) fn folder() -> Outcome<Setup> {
    let (records, files) = written()?;
    let seeds = vec![
        vec![],
        vec![0, 0, 1, 2, 3, 4],
        vec![1, 5, 0, 200, 0, 0],
        vec![2, 3, 1, 200, 40, 9, 0, 0, 0, 1, 1, 1],
    ];
    Ok(Setup {
        seeds,
        words: vec![b"HUBB".to_vec(), b"HUBS".to_vec(), b"HUBL".to_vec()],
        memory: None,
        run: Box::new(move |input| {
            let mut damaged = files.clone();
            input
                .chunks(6)
                .for_each(|order| damage(&mut damaged, order));
            let is_vouched = damaged.iter().any(|stored| {
                stored.name == "lock"
                    && files
                        .iter()
                        .any(|whole| whole.name == "lock" && whole.bytes == stored.bytes)
            });
            judge(&records, &damaged, is_vouched)
        }),
    })
}

/// One order: which file, how, where (two bytes), and two bytes of its own.
fn damage(files: &mut Vec<Stored>, order: &[u8]) {
    let [which, how, low, high, a, b] = *order else {
        return;
    };
    if files.is_empty() {
        return;
    }
    let which = usize::from(which) % files.len();
    let other = usize::from(a) % files.len();
    let bytes = &mut files[which].bytes;
    let at = usize::from(u16::from_le_bytes([low, high])) % bytes.len().max(1);
    match how % 8 {
        0 if !bytes.is_empty() => bytes[at] ^= a,
        1 => bytes.truncate(at),
        2 => bytes[at..]
            .iter_mut()
            .take(usize::from(a) * usize::from(b))
            .for_each(|byte| *byte = 0),
        3 => {
            let to = (usize::from(a) << 8 | usize::from(b)) % bytes.len().max(1);
            let end = (at + 512).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let room = bytes.len() - to;
            bytes[to..to + piece.len().min(room)].copy_from_slice(&piece[..piece.len().min(room)]);
        }
        4 => files[which].bytes = files[other].bytes.clone(),
        5 => {
            files.remove(which);
        }
        6 => {
            let number = u64::from(b % 12);
            let bytes = files[which].bytes.clone();
            files.push(Stored {
                name: format!("{number:08}.segment"),
                bytes,
            });
        }
        _ => bytes.insert(at, b),
    }
}

fn disk_of(files: &[Stored]) -> Arc<SimulatedDisk> {
    let disk = Arc::new(SimulatedDisk::new(1, Faults::default()));
    for stored in files {
        let path = Path::new(FOLDER).join(&stored.name);
        let file = Disk::open(&*disk, &path, Access::Create);
        let kept = file.and_then(|file| file.write_at(&[IoSlice::new(&stored.bytes)], 0));
        assert!(kept.is_ok_and(|kept| kept == stored.bytes.len()));
    }
    disk
}

/// `is_vouched`: the lock file is as it was, and remembers the end.
fn judge(records: &[Vec<u8>], files: &[Stored], is_vouched: bool) -> u64 {
    let mut journal = match FileJournal::open_on(disk_of(files), Path::new(FOLDER), &settings()) {
        Err(error) => return kind_of_text(&error.to_string()),
        Ok(journal) => journal,
    };
    let last = journal.last();
    assert_eq!(
        check(records, &*journal.reader()),
        last,
        "what it says it has, it has"
    );
    assert!(
        !is_vouched || last == records.len() as u64,
        "a beginning is not taken for the whole: {last}"
    );
    // A reader beside looks again when it finds damage, which takes time: so only here, where it must find none.
    let reader = FileReader::open(disk_of(files), Path::new(FOLDER), &settings());
    let beside = reader.map(|reader| check(records, &reader)).unwrap_or(last);
    assert_eq!(beside, last, "a reader finds the same end");
    let mut payload = Vec::new();
    push_record(&mut payload, b"after");
    let after = Batch {
        first: last + 1,
        last: last + 1,
        payload: &payload,
    };
    assert!(journal.append(&after).is_ok(), "what was opened goes on");
    assert_eq!(
        journal.reader().record(last + 1).ok().as_deref(),
        Some(&b"after"[..])
    );
    kind(last)
}

/// The number of records, each of them what was written at its place.
fn check(records: &[Vec<u8>], reader: &dyn JournalReader) -> u64 {
    let mut count = 0_u64;
    let scanned = reader.scan(1, &mut |batch| {
        assert_eq!(batch.first, count + 1);
        for record in Records::new(batch.payload) {
            assert_eq!(
                records.get(count as usize).map(Vec::as_slice),
                Some(record),
                "record {}",
                count + 1
            );
            count += 1;
        }
        assert_eq!(batch.last, count);
        true
    });
    assert!(scanned.is_ok(), "what was opened can be read: {scanned:?}");
    count
}
