//! Damage to the journal: it is the only truth, so almost all of it must be refused.

use super::damage::{Base, Damage, Expect, change_kind, edit, link_away, link_to, replace};
use super::place::Place;
use crate::Outcome;
use Base::{Branch, Closed, Killed};
use Expect::{Either, Refused, Right};
use std::path::PathBuf;

/// Where the first batch of a segment begins.
const FIRST_BATCH: usize = 128;

pub(crate) fn all(positions: usize) -> Vec<Damage> {
    let mut all = lock();
    all.extend(folder());
    for base in [Closed, Killed] {
        all.extend(segments(base));
        all.extend(flips(base, positions));
    }
    all
}

fn lock() -> Vec<Damage> {
    let file = |place: &Place| place.journal().join("lock");
    vec![
        Damage::new("lock: missing", Closed, Right, move |place, _| {
            Ok(std::fs::remove_file(file(place))?)
        }),
        Damage::new("lock: empty", Killed, Right, move |place, _| {
            Ok(std::fs::write(file(place), "")?)
        }),
        Damage::new("lock: noise", Closed, Right, move |place, _| {
            Ok(std::fs::write(file(place), [0x5a; 1024])?)
        }),
        Damage::new("lock: one slot noise", Killed, Right, move |place, _| {
            edit(&file(place), |bytes| bytes[20..60].fill(0x77))
        }),
        Damage::new("lock: linked away", Closed, Right, move |place, _| {
            link_away(&file(place), place)
        }),
        Damage::new(
            "lock: other version",
            Closed,
            Refused(&["lock", "version 9", "newer"]),
            move |place, _| {
                edit(&file(place), |bytes| {
                    for slot in [0, 512] {
                        bytes[slot + 4] = 9;
                        let crc = crc32fast::hash(&bytes[slot..slot + 84]);
                        bytes[slot + 84..slot + 88].copy_from_slice(&crc.to_le_bytes());
                    }
                })
            },
        ),
        Damage::new(
            "lock: foreign journal's",
            Killed,
            Refused(&["belongs to journal", "back from a copy"]),
            move |place, template| {
                std::fs::copy(file(&template.foreign), file(place))?;
                Ok(())
            },
        ),
        Damage::new(
            "lock: another cell's",
            Closed,
            Refused(&["belongs to cell 7, not 1", "journal.cell"]),
            move |place, _| {
                edit(&file(place), |bytes| {
                    for slot in [0, 512] {
                        bytes[slot + 16] = 7;
                        let crc = crc32fast::hash(&bytes[slot..slot + 84]);
                        bytes[slot + 84..slot + 88].copy_from_slice(&crc.to_le_bytes());
                    }
                })
            },
        ),
        Damage::new(
            "lock: a folder",
            Closed,
            Refused(&["lock", "directory"]),
            move |place, _| change_kind(&file(place)),
        ),
    ]
}

/// The words for a journal that is not there though something else shows that it was.
const SHORT: Expect = Refused(&[
    "holds records up to",
    "the journal ends with",
    "put the journal back",
]);

fn folder() -> Vec<Damage> {
    vec![
        Damage::new("journal: missing", Closed, SHORT, |place, _| {
            Ok(std::fs::remove_dir_all(place.journal())?)
        }),
        Damage::new(
            "journal: missing, archive never committed",
            Killed,
            SHORT,
            |place, _| {
                std::fs::remove_dir_all(place.archive())?;
                Ok(std::fs::remove_dir_all(place.journal())?)
            },
        ),
        Damage::new(
            "journal: missing, no snapshot",
            Closed,
            SHORT,
            |place, _| {
                std::fs::remove_dir_all(place.snapshots())?;
                Ok(std::fs::remove_dir_all(place.journal())?)
            },
        ),
        Damage::new("journal: empty folder", Killed, SHORT, |place, _| {
            std::fs::remove_dir_all(place.journal())?;
            Ok(std::fs::create_dir(place.journal())?)
        }),
        Damage::new(
            "journal: a file",
            Closed,
            Refused(&["journal", "exists"]),
            |place, _| change_kind(&place.journal()),
        ),
        Damage::new(
            "journal: an old backup",
            Closed,
            SHORT,
            |place, template| replace(&place.journal(), &template.early.journal()),
        ),
        Damage::new(
            "journal: an old backup, archive as old",
            Closed,
            SHORT,
            |place, template| {
                replace(&place.archive(), &template.early.archive())?;
                replace(&place.journal(), &template.early.journal())
            },
        ),
        Damage::new(
            "journal: a foreign one",
            Closed,
            Refused(&["another", "delete its folder"]),
            |place, template| replace(&place.journal(), &template.foreign.journal()),
        ),
        // An old backup was put back and served; then what the first course had left behind came back.
        Damage::new(
            "journal: another course, snapshots of the first",
            Branch,
            Right,
            |place, template| replace(&place.snapshots(), &template.closed.snapshots()),
        ),
        Damage::new(
            "journal: another course, archive of the first",
            Branch,
            Refused(&["another course", "delete its folder"]),
            |place, template| replace(&place.archive(), &template.closed.archive()),
        ),
    ]
}

fn segment(place: &Place, which: usize) -> Outcome<PathBuf> {
    Ok(place
        .segments()?
        .get(which)
        .ok_or("there are too few segments")?
        .clone())
}

fn segments(base: Base) -> Vec<Damage> {
    let mut all = Vec::new();
    let mut add =
        |name: String, expect: Expect, apply: fn(&Place, usize) -> Outcome<()>, which: usize| {
            all.push(Damage::new(
                format!("segment {}: {name}", which + 1),
                base,
                expect,
                move |place, _| apply(place, which),
            ));
        };
    let back = Refused(&["back from a copy"]);
    let cut = Refused(&["its end was cut", "restore it from a copy"]);
    for which in 0..4 {
        let missing = if which < 3 {
            Refused(&["is missing", "back from a copy"])
        } else {
            Refused(&["journal ends with", "copy"])
        };
        add(
            "missing".into(),
            missing,
            |place, which| Ok(std::fs::remove_file(segment(place, which)?)?),
            which,
        );
        add(
            "cut to half".into(),
            cut,
            |place, which| {
                edit(&segment(place, which)?, |bytes| {
                    bytes.truncate(bytes.len() / 2)
                })
            },
            which,
        );
        add(
            "cut by a byte".into(),
            cut,
            |place, which| {
                edit(&segment(place, which)?, |bytes| {
                    bytes.truncate(bytes.len() - 1)
                })
            },
            which,
        );
        add(
            "cut behind its last batch".into(),
            cut,
            |place, which| {
                edit(&segment(place, which)?, |bytes| {
                    let end = bytes
                        .iter()
                        .rposition(|byte| *byte != 0)
                        .map_or(0, |last| last + 1);
                    bytes.truncate(end);
                })
            },
            which,
        );
        add(
            "empty".into(),
            back,
            |place, which| Ok(std::fs::write(segment(place, which)?, "")?),
            which,
        );
        add(
            "a text".into(),
            back,
            |place, which| {
                Ok(std::fs::write(
                    segment(place, which)?,
                    "记账凭证\n".repeat(99),
                )?)
            },
            which,
        );
        add(
            "a folder".into(),
            Refused(&["segment", "directory"]),
            |place, which| change_kind(&segment(place, which)?),
            which,
        );
        add(
            "a link to nothing".into(),
            Refused(&["cannot open", "back from a copy"]),
            |place, which| link_to(&segment(place, which)?, "nowhere"),
            which,
        );
        add(
            "a link to /dev/null".into(),
            back,
            |place, which| link_to(&segment(place, which)?, "/dev/null"),
            which,
        );
        add(
            "linked away".into(),
            Right,
            |place, which| link_away(&segment(place, which)?, place),
            which,
        );
        add(
            "other version".into(),
            Refused(&["version", "newer"]),
            |place, which| {
                edit(&segment(place, which)?, |bytes| {
                    bytes[4] = 2;
                    let crc = crc32fast::hash(&bytes[..40]);
                    bytes[40..44].copy_from_slice(&crc.to_le_bytes());
                })
            },
            which,
        );
        add(
            "other version of its first batch".into(),
            Refused(&["version 2", "newer"]),
            |place, which| {
                edit(&segment(place, which)?, |bytes| {
                    bytes[FIRST_BATCH + 4] = 2;
                    let mut crc = crc32fast::Hasher::new();
                    crc.update(&bytes[FIRST_BATCH..FIRST_BATCH + 56]);
                    crc.update(&bytes[FIRST_BATCH + 60..FIRST_BATCH + 128]);
                    let crc = crc.finalize();
                    bytes[FIRST_BATCH + 56..FIRST_BATCH + 60].copy_from_slice(&crc.to_le_bytes());
                })
            },
            which,
        );
    }
    for which in 0..3 {
        add(
            "swapped with the next".into(),
            back,
            |place, which| {
                let (one, other) = (segment(place, which)?, segment(place, which + 1)?);
                let aside = place.0.join("aside");
                std::fs::rename(&one, &aside)?;
                std::fs::rename(&other, &one)?;
                Ok(std::fs::rename(&aside, &other)?)
            },
            which,
        );
        add(
            "the next one twice".into(),
            back,
            |place, which| {
                std::fs::copy(segment(place, which + 1)?, segment(place, which)?)?;
                Ok(())
            },
            which,
        );
    }
    add(
        "twice, under the next number".into(),
        back,
        |place, which| {
            std::fs::copy(
                segment(place, which)?,
                place.journal().join("00000005.segment"),
            )?;
            Ok(())
        },
        3,
    );
    for which in 0..4 {
        all.push(Damage::new(
            format!("segment {}: foreign", which + 1),
            base,
            back,
            move |place, template| {
                std::fs::copy(segment(&template.foreign, which)?, segment(place, which)?)?;
                Ok(())
            },
        ));
    }
    for which in 0..2 {
        let expect = if which == 0 {
            Right
        } else {
            Refused(&["damaged where record", "copy"])
        };
        all.push(Damage::new(
            format!("segment {}: of an old backup", which + 1),
            base,
            expect,
            move |place, template| {
                std::fs::copy(segment(&template.early, which)?, segment(place, which)?)?;
                Ok(())
            },
        ));
    }
    all
}

/// One bit here and there, in what is written and in the zeros behind it.
fn flips(base: Base, positions: usize) -> Vec<Damage> {
    let mut all = Vec::new();
    for which in 0..4 {
        for position in 0..positions {
            let name = format!(
                "segment {}: a flipped bit ({} of {positions})",
                which + 1,
                position + 1
            );
            let refused = Either(&["copy"]);
            all.push(Damage::new(name, base, refused, move |place, _| {
                edit(&segment(place, which)?, |bytes| {
                    // The last position lies in the zeros, where there are any.
                    let written = bytes
                        .iter()
                        .rposition(|byte| *byte != 0)
                        .map_or(0, |last| last + 1);
                    let at = written * (2 * position + 1) / (2 * positions);
                    let at = if position + 1 == positions {
                        bytes.len() - 7
                    } else {
                        at
                    };
                    bytes[at] ^= 0x10;
                })
            }));
        }
    }
    all
}
