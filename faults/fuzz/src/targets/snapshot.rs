//! Snapshots, whole and in parts, and blocks of the archive.

use super::{Setup, kind, kind_of_text, sources};
use crate::Outcome;
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::open::Options;
use hubu_core::fuzzing;
use hubu_core::journal::{Settings, open_journal};
use sm3::{Digest, Sm3};

/// A head's size, and a section's.
const HEAD: usize = 92;
const SECTION: usize = 20;

/// What a snapshot of a new cell is.
fn usual() -> Outcome<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let place = folder.path().join("journal").display().to_string();
    let settings = Settings {
        segment_bytes: 1 << 20,
        ..Settings::default()
    };
    let options = Options {
        clock: Clock::manual(1_772_413_200_000),
        ..Options::default()
    };
    let engine = Engine::open(open_journal(&place, &settings)?, &sources()?, options)?;
    let written = engine.write_snapshot(folder.path())?;
    let bytes = std::fs::read(written.path)?;
    engine.close();
    Ok(bytes)
}

/// A shard with the fewest bytes that there are.
const EMPTY: [u8; 6] = [0; 6];

/// The whole file. Its usual form is long, so an input is a list of changes: to its head, to its sections, to its end. All
/// checksums are set right again where the input says so, for what lies behind them wants hostile bytes too.
pub(super) fn file() -> Outcome<Setup> {
    let whole = usual()?;
    assert!(fuzzing::snapshot(&whole).is_ok(), "the usual one is read");
    // Without the catalog, which takes most of the time and has targets of its own.
    let mut head = whole[..HEAD].to_vec();
    head[52..56].fill(0);
    let shards = u32::from_le_bytes(*head[56..].first_chunk().ok_or("a head is longer")?) as usize;
    Ok(Setup {
        seeds: vec![
            vec![],
            vec![1, 0, 0, 0],
            vec![1, 12, 3, 6, 0, 0, 0, 0, 0, 0],
            vec![3, 40, 1, 9],
        ],
        words: vec![vec![0xff; 8], vec![0x80, 0x80, 0x80, 0x80, 0x40]],
        memory: None,
        run: Box::new(move |input| {
            let Some((order, rest)) = input.split_first() else {
                return kind(fuzzing::snapshot(&whole).is_ok());
            };
            let seal = order & 1 != 0;
            let mut head = head.clone();
            let mut sections = vec![EMPTY.to_vec(); shards];
            let mut rest = rest;
            while let [what, at, length, tail @ ..] = rest {
                let (bytes, tail) = tail.split_at(usize::from(*length).min(tail.len()));
                rest = tail;
                match what % 3 {
                    0 => {
                        let at = usize::from(*at) % HEAD;
                        bytes
                            .iter()
                            .zip(&mut head[at..])
                            .for_each(|(from, to)| *to = *from);
                    }
                    1 => {
                        if let Some(section) = sections.get_mut(usize::from(*at) * 4 % shards) {
                            *section = bytes.to_vec();
                        }
                    }
                    _ => sections.truncate(usize::from(*at) * 4),
                }
            }
            let bytes = assemble(&head, &sections, seal, *order);
            match fuzzing::snapshot(&bytes) {
                Ok((_, rows)) => kind(("whole", rows)),
                Err(reason) => kind_of_text(&reason),
            }
        }),
    })
}

fn assemble(head: &[u8], sections: &[Vec<u8>], seal: bool, order: u8) -> Vec<u8> {
    let mut file = head.to_vec();
    let mut digest = Sm3::new();
    digest.update(head);
    for section in sections {
        let mut head = [0; SECTION];
        head[..8].copy_from_slice(&(section.len() as u64).to_le_bytes());
        if order & 2 != 0 {
            head[7] = 0x7f;
        }
        head[16..]
            .copy_from_slice(&crc32fast::hash(if seal { section } else { &[] }).to_le_bytes());
        digest.update(head);
        file.extend_from_slice(&head);
        file.extend_from_slice(section);
    }
    if seal {
        file.extend_from_slice(&digest.finalize());
    }
    file
}

/// One shard: what is read is written again as long as before, and read as the same.
pub(super) fn shard() -> Outcome<Setup> {
    let mut seeds = vec![EMPTY.to_vec()];
    // One row, one number and one key; documents have a target of their own.
    seeds.push(
        [
            &[1_u8, 1, 2, 9, 9][..],
            &[0; 13],
            &[0, 0, 1],
            &[0; 9],
            &[1],
            &[5; 25],
        ]
        .concat(),
    );
    Ok(Setup {
        seeds,
        words: vec![vec![0x80, 0x80, 0x80, 0x80, 0x40], vec![0xff; 10]],
        memory: Some(1024),
        run: Box::new(|input| {
            let Some(again) = fuzzing::shard_again(input) else {
                return 0;
            };
            let twice = fuzzing::shard_again(&again);
            assert_eq!(twice.map(|twice| twice.len()), Some(again.len()));
            kind(again.len())
        }),
    })
}

/// A block of the archive: a document's record, or nothing; never bytes that are not in it.
pub(super) fn block() -> Outcome<Setup> {
    Ok(Setup {
        seeds: vec![
            vec![1, 3, 7, 2, 0xaa, 0xbb, 1, 1, 0, 0x80, 1, 2, 1, 0xcc],
            vec![1],
        ],
        words: vec![vec![0xff; 10], vec![0x80, 0x80, 0x80, 0x80, 0x80, 1]],
        memory: Some(4),
        run: Box::new(|input| {
            let mut told = Vec::with_capacity(8);
            for count in [0, 1, 3, 4, 132, u64::MAX] {
                if let Some((seq, record)) = fuzzing::archive_block(input, count) {
                    assert!(record.len() < input.len());
                    told.push((count, seq > 7, record.len() / 8));
                }
            }
            kind(told)
        }),
    })
}
