//! Damage to the segments of the journal, one at a time.

use super::damage::{Base, Damage, Expect, change_kind, edit, link_away, link_to};
use super::place::Place;
use super::template::Template;
use crate::Outcome;
use Expect::{Either, Refused, Right};
use std::path::{Path, PathBuf};

/// Segments of the template's journal.
const COUNT: usize = 4;

/// Where the first batch of a segment begins.
const FIRST_BATCH: usize = 128;

/// Does something to a segment of a place.
type Change = fn(&Path, &Place) -> Outcome<()>;

const BACK: Expect = Refused(&["back from a copy"]);
const CUT: Expect = Refused(&["its end was cut", "restore it from a copy"]);

/// What may become of any segment.
const CHANGES: &[(&str, Expect, Change)] = &[
    ("cut to half", CUT, |segment, _| {
        edit(segment, |bytes| bytes.truncate(bytes.len() / 2))
    }),
    ("cut by a byte", CUT, |segment, _| {
        edit(segment, |bytes| bytes.truncate(bytes.len() - 1))
    }),
    ("cut behind its last batch", CUT, |segment, _| {
        edit(segment, |bytes| bytes.truncate(written(bytes)))
    }),
    ("empty", BACK, |segment, _| Ok(std::fs::write(segment, "")?)),
    ("a text", BACK, |segment, _| {
        Ok(std::fs::write(segment, "记账凭证\n".repeat(99))?)
    }),
    (
        "a folder",
        Refused(&["segment", "directory"]),
        |segment, _| change_kind(segment),
    ),
    (
        "a link to nothing",
        Refused(&["cannot open", "back from a copy"]),
        |segment, _| link_to(segment, "nowhere"),
    ),
    ("a link to /dev/null", BACK, |segment, _| {
        link_to(segment, "/dev/null")
    }),
    ("linked away", Right, link_away),
    (
        "other version",
        Refused(&["version", "newer"]),
        |segment, _| edit(segment, |bytes| other_version(bytes)),
    ),
    (
        "other version of its first batch",
        Refused(&["version 2", "newer"]),
        |segment, _| edit(segment, |bytes| other_version_of_batch(bytes)),
    ),
];

/// Every kind of damage, each to one segment after another, and bits flipped at so many positions of each.
pub(super) fn all(base: Base, positions: usize) -> Vec<Damage> {
    let mut all: Vec<_> = (0..COUNT).map(|which| missing(base, which)).collect();
    for (name, expect, change) in CHANGES {
        all.extend((0..COUNT).map(|which| {
            of(base, which, name, *expect, move |place, _| {
                change(&segment(place, which)?, place)
            })
        }));
    }
    all.extend((0..COUNT).map(|which| {
        of(base, which, "foreign", BACK, move |place, template| {
            put(&segment(&template.foreign, which)?, place, which)
        })
    }));
    all.extend(neighbours(base));
    for which in 0..COUNT {
        all.extend((0..positions).map(|position| flip(base, which, (position, positions))));
    }
    all
}

fn of(
    base: Base,
    which: usize,
    name: &str,
    expect: Expect,
    apply: impl Fn(&Place, &Template) -> Outcome<()> + 'static,
) -> Damage {
    Damage::new(
        format!("segment {}: {name}", which + 1),
        base,
        expect,
        apply,
    )
}

fn missing(base: Base, which: usize) -> Damage {
    let expect = match which + 1 < COUNT {
        true => Refused(&["is missing", "back from a copy"]),
        false => Refused(&["journal ends with", "copy"]),
    };
    of(base, which, "missing", expect, move |place, _| {
        Ok(std::fs::remove_file(segment(place, which)?)?)
    })
}

/// One segment in another's place, or an old one in its own.
fn neighbours(base: Base) -> Vec<Damage> {
    let mut all = Vec::new();
    for which in 0..COUNT - 1 {
        all.push(of(
            base,
            which,
            "swapped with the next",
            BACK,
            move |place, _| {
                let (one, other) = (segment(place, which)?, segment(place, which + 1)?);
                let aside = place.0.join("aside");
                std::fs::rename(&one, &aside)?;
                std::fs::rename(&other, &one)?;
                Ok(std::fs::rename(&aside, &other)?)
            },
        ));
        all.push(of(
            base,
            which,
            "the next one twice",
            BACK,
            move |place, _| put(&segment(place, which + 1)?, place, which),
        ));
    }
    let last = COUNT - 1;
    all.push(of(
        base,
        last,
        "twice, under the next number",
        BACK,
        move |place, _| {
            let next = format!("{:08}.segment", COUNT + 1);
            std::fs::copy(segment(place, last)?, place.journal().join(next))?;
            Ok(())
        },
    ));
    let old = [Right, Refused(&["damaged where record", "copy"])];
    for (which, expect) in old.into_iter().enumerate() {
        all.push(of(
            base,
            which,
            "of an old backup",
            expect,
            move |place, template| put(&segment(&template.early, which)?, place, which),
        ));
    }
    all
}

/// One bit, in what is written or, at the last position, in the zeros behind it, where there are any.
fn flip(base: Base, which: usize, (position, positions): (usize, usize)) -> Damage {
    let name = format!("a flipped bit ({} of {positions})", position + 1);
    of(base, which, &name, Either(&["copy"]), move |place, _| {
        edit(&segment(place, which)?, |bytes| {
            let at = match position + 1 == positions {
                true => bytes.len() - 7,
                false => written(bytes) * (2 * position + 1) / (2 * positions),
            };
            bytes[at] ^= 0x10;
        })
    })
}

fn segment(place: &Place, which: usize) -> Outcome<PathBuf> {
    let all = place.segments()?;
    Ok(all.get(which).ok_or("there are too few segments")?.clone())
}

/// Copies a file over a segment.
fn put(from: &Path, place: &Place, which: usize) -> Outcome<()> {
    std::fs::copy(from, segment(place, which)?)?;
    Ok(())
}

/// Bytes up to the zeros at the end.
fn written(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(0, |last| last + 1)
}

fn other_version(bytes: &mut [u8]) {
    bytes[4] = 2;
    let crc = crc32fast::hash(&bytes[..40]);
    bytes[40..44].copy_from_slice(&crc.to_le_bytes());
}

fn other_version_of_batch(bytes: &mut [u8]) {
    let batch = &mut bytes[FIRST_BATCH..];
    batch[4] = 2;
    let mut crc = crc32fast::Hasher::new();
    crc.update(&batch[..56]);
    crc.update(&batch[60..128]);
    batch[56..60].copy_from_slice(&crc.finalize().to_le_bytes());
}
