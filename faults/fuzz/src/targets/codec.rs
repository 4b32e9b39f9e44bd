//! Records, and what stands in snapshots.

use super::{Setup, kind, kind_of_text};
use crate::Outcome;
use hubu_core::journal::codec::cursor::Cursor;
use hubu_core::journal::codec::state::{
    decode_document, decode_entry, decode_row, encode_document, encode_entry, encode_row,
};
use hubu_core::journal::codec::step::{peek_movements, peek_step};
use hubu_core::journal::codec::{decode, decode_for_replay, encode, peek};
use hubu_core::journal::{Records, push_record, record_at};

/// A decoded record takes more memory than its bytes: a list of two-byte items becomes structs.
const TIMES: usize = 512;

/// The bytes of the golden files.
fn golden() -> Outcome<Vec<Vec<u8>>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/tests/golden");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let text = std::fs::read_to_string(entry?.path())?;
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes = digits.chunks_exact(2).map(|pair| {
            let pair = std::str::from_utf8(pair)?;
            Ok(u8::from_str_radix(pair, 16)?)
        });
        found.push(bytes.collect::<Outcome<Vec<u8>>>()?);
    }
    found.sort();
    Ok(found)
}

/// What decodes comes back from its own bytes, whoever reads it, and takes room in proportion.
pub(super) fn record() -> Outcome<Setup> {
    Ok(Setup {
        seeds: golden()?,
        words: vec![
            vec![0x14],
            vec![0x80, 0x80, 0x80, 0x80, 0x40],
            vec![0xff; 10],
        ],
        memory: Some(TIMES),
        run: Box::new(|input| {
            let peeked = (
                peek(input).is_ok(),
                peek_step(input).is_ok(),
                peek_movements(input).is_ok(),
            );
            let replayed = decode_for_replay(input);
            match decode(input) {
                Err(error) => kind((kind_of_text(&error.to_string()), peeked)),
                Ok(record) => {
                    assert!(
                        peeked.0 && peeked.1 && peeked.2,
                        "who decodes a record can look into it"
                    );
                    assert!(replayed.is_ok(), "who decodes a record can replay it");
                    let mut again = Vec::new();
                    encode(&record, &mut again);
                    assert_eq!(decode(&again).as_ref(), Ok(&record));
                    kind((input.len() / 8, peeked))
                }
            }
        }),
    })
}

/// Rows, entries and documents.
pub(super) fn document() -> Outcome<Setup> {
    let mut seeds = vec![vec![0; 16], vec![1; 64]];
    for bytes in golden()? {
        if let Ok(record) = decode(&bytes)
            && let hubu_kernel::record::Body::Decided(decided) = record.body
            && let Some(entry) = decided.entry
        {
            let mut bytes = Vec::new();
            encode_entry(&entry, &mut bytes);
            seeds.push(bytes);
        }
    }
    Ok(Setup {
        seeds,
        words: vec![vec![0x80, 0x80, 0x80, 0x80, 0x40], vec![0xff; 10]],
        memory: Some(TIMES),
        run: Box::new(|input| {
            let row = decode_row(&mut Cursor::new(input));
            if let Ok(row) = &row {
                let mut again = Vec::new();
                encode_row(row, &mut again);
                assert_eq!(decode_row(&mut Cursor::new(&again)).as_ref(), Ok(row));
            }
            let entry = decode_entry(&mut Cursor::new(input));
            if let Ok(entry) = &entry {
                let mut again = Vec::new();
                encode_entry(entry, &mut again);
                assert_eq!(decode_entry(&mut Cursor::new(&again)).as_ref(), Ok(entry));
            }
            let document = decode_document(&mut Cursor::new(input));
            if let Ok(document) = &document {
                let mut again = Vec::new();
                encode_document(document, &mut again);
                assert_eq!(
                    decode_document(&mut Cursor::new(&again)).as_ref(),
                    Ok(document)
                );
            }
            let told = |error: Option<String>| error.map(|error| kind_of_text(&error));
            kind((
                told(row.err().map(|e| e.to_string())),
                told(entry.err().map(|e| e.to_string())),
                told(document.err().map(|e| e.to_string())),
            ))
        }),
    })
}

/// Records in a batch: whole ones only, in order.
pub(super) fn framing() -> Outcome<Setup> {
    let mut seed = Vec::new();
    for length in [0_usize, 1, 127, 128, 300] {
        push_record(&mut seed, &vec![7; length]);
    }
    Ok(Setup {
        seeds: vec![seed],
        words: vec![
            vec![0xff, 0xff, 0xff, 0xff, 0x0f],
            vec![0x80, 0x80, 0x80, 0x80, 0x80, 1],
        ],
        memory: Some(8),
        run: Box::new(|input| {
            let mut walk = Records::new(input);
            let records: Vec<&[u8]> = walk.by_ref().collect();
            for (at, record) in records.iter().enumerate().take(8) {
                assert_eq!(record_at(input, at as u64), Some(*record));
            }
            let bytes: usize = records.iter().map(|record| record.len() + 1).sum();
            assert!(bytes <= input.len(), "no byte is told twice");
            kind((records.len(), walk.is_whole()))
        }),
    })
}
