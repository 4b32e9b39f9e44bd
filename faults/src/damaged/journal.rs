//! Damage to the journal: it is the only truth, so almost all of it must be refused.

use super::damage::{Base, Damage, Expect, change_kind, edit, link_away, replace};
use super::place::Place;
use super::segments;
use Base::{Branch, Closed, Killed};
use Expect::{Refused, Right};

pub(crate) fn all(positions: usize) -> Vec<Damage> {
    let mut all = lock();
    all.extend(folder());
    for base in [Closed, Killed] {
        all.extend(segments::all(base, positions));
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
