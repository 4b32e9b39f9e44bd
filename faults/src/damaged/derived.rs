//! Damage to what is built from the journal: a start does without a snapshot, and refuses an archive that it can't trust.

use super::damage::{Base, Damage, Expect, change_kind, edit, link_away, link_to, replace};
use super::place::Place;
use crate::Outcome;
use Base::{Closed, Killed};
use Expect::{Either, Refused, Right};
use std::path::{Path, PathBuf};

pub(crate) fn all(files_in_archive: &[PathBuf], positions: usize) -> Vec<Damage> {
    let mut all = Vec::new();
    for base in [Closed, Killed] {
        all.extend(snapshots(base, positions));
    }
    all.extend(archive());
    all.extend(
        files_in_archive
            .iter()
            .flat_map(|file| archive_file(file, positions)),
    );
    all
}

fn newest(place: &Place) -> Outcome<PathBuf> {
    Ok(place
        .snapshot_files()?
        .pop()
        .ok_or("there is no snapshot")?)
}

/// Does something to the newest snapshot of a place, which goes on without it.
type Change = fn(&Path, &Place) -> Outcome<()>;

const NEWEST: &[(&str, Change)] = &[
    ("missing", |file, _| Ok(std::fs::remove_file(file)?)),
    ("folder missing", |_, place| {
        Ok(std::fs::remove_dir_all(place.snapshots())?)
    }),
    ("cut to half", |file, _| {
        edit(file, |bytes| bytes.truncate(bytes.len() / 2))
    }),
    ("cut by a byte", |file, _| {
        edit(file, |bytes| bytes.truncate(bytes.len() - 1))
    }),
    ("a byte too many", |file, _| {
        edit(file, |bytes| bytes.push(0))
    }),
    ("empty", |file, _| Ok(std::fs::write(file, "")?)),
    ("a text", |file, _| {
        Ok(std::fs::write(file, "HUBUSNAP 快照".repeat(50))?)
    }),
    ("a folder", |file, _| change_kind(file)),
    ("linked away", link_away),
    ("a link to nothing", |file, _| link_to(file, "nowhere")),
    ("a link to /dev/null", |file, _| link_to(file, "/dev/null")),
    ("other version", |file, _| edit(file, |bytes| bytes[8] = 77)),
    ("under a higher name", |file, place| {
        let higher = format!("{:020}.snapshot", 99_999_999);
        Ok(std::fs::rename(file, place.snapshots().join(higher))?)
    }),
    ("the older one under the newer's name", |file, place| {
        let older = place.snapshot_files()?.first().cloned();
        Ok(std::fs::rename(older.ok_or("there is one only")?, file)?)
    }),
    ("a half-written one beside", |file, place| {
        let partial = place.snapshots().join("writing.partial");
        std::fs::copy(file, &partial)?;
        edit(&partial, |bytes| bytes.truncate(4000))
    }),
];

fn snapshots(base: Base, positions: usize) -> Vec<Damage> {
    let right = |name: String, apply: Change| {
        Damage::new(format!("snapshot: {name}"), base, Right, move |place, _| {
            apply(&newest(place)?, place)
        })
    };
    let named = NEWEST
        .iter()
        .map(|(name, apply)| right((*name).into(), *apply));
    let mut all: Vec<_> = named.collect();
    all.extend([
        Damage::new(
            "snapshots: a file",
            base,
            Refused(&["snapshot", "directory"]),
            |place, _| change_kind(&place.snapshots()),
        ),
        Damage::new("snapshots: foreign", base, Right, |place, template| {
            replace(&place.snapshots(), &template.foreign.snapshots())
        }),
        Damage::new(
            "snapshots: of an old backup",
            base,
            Right,
            |place, template| replace(&place.snapshots(), &template.early.snapshots()),
        ),
        Damage::new(
            "snapshots: newer, of another course",
            base,
            Refused(&["the snapshot", "put the journal back"]),
            |place, template| replace(&place.snapshots(), &template.branch.snapshots()),
        ),
    ]);
    all.extend(flipped(base, positions));
    all
}

/// One bit here and there, and in each number of the head.
fn flipped(base: Base, positions: usize) -> Vec<Damage> {
    let mut all = Vec::new();
    for position in 0..positions {
        let name = format!("snapshot: a flipped bit ({} of {positions})", position + 1);
        all.push(Damage::new(name, base, Right, move |place, _| {
            edit(&newest(place)?, |bytes| {
                let at = bytes.len() * (2 * position + 1) / (2 * positions);
                bytes[at] ^= 4;
            })
        }));
    }
    for at in [13, 30, 38, 46, 53, 57, 62] {
        all.push(Damage::new(
            format!("snapshot: a flipped bit in its head ({at})"),
            base,
            Right,
            move |place, _| edit(&newest(place)?, |bytes| bytes[at] ^= 1),
        ));
    }
    all
}

/// The words about an archive that can't be used.
const REBUILD: &[&str] = &["archive", "delete", "built anew"];

fn archive() -> Vec<Damage> {
    vec![
        Damage::new("archive: missing", Closed, Right, |place, _| {
            Ok(std::fs::remove_dir_all(place.archive())?)
        }),
        Damage::new("archive: missing", Killed, Right, |place, _| {
            Ok(std::fs::remove_dir_all(place.archive())?)
        }),
        Damage::new("archive: an empty folder", Closed, Right, |place, _| {
            std::fs::remove_dir_all(place.archive())?;
            Ok(std::fs::create_dir(place.archive())?)
        }),
        Damage::new("archive: a file", Closed, Refused(REBUILD), |place, _| {
            change_kind(&place.archive())
        }),
        Damage::new(
            "archive: of an old backup",
            Closed,
            Right,
            |place, template| replace(&place.archive(), &template.early.archive()),
        ),
        Damage::new(
            "archive: foreign",
            Closed,
            Refused(&["the archive"]),
            |place, template| replace(&place.archive(), &template.foreign.archive()),
        ),
        Damage::new(
            "archive: newer, of another course",
            Closed,
            Refused(&["the archive holds records up to", "put the journal back"]),
            |place, template| replace(&place.archive(), &template.branch.archive()),
        ),
        Damage::new("archive: linked away", Closed, Right, |place, _| {
            link_away(&place.archive(), place)
        }),
    ]
}

/// Damage to one file of the archive's store, named from the archive's folder.
fn archive_file(file: &Path, positions: usize) -> Vec<Damage> {
    let either = |name: &str, apply: fn(&Path) -> Outcome<()>| {
        let (title, file) = (
            format!("archive's {}: {name}", file.display()),
            file.to_owned(),
        );
        Damage::new(title, Closed, Either(REBUILD), move |place, _| {
            apply(&place.archive().join(&file))
        })
    };
    let mut all = vec![
        either("missing", |path| Ok(std::fs::remove_file(path)?)),
        either("empty", |path| Ok(std::fs::write(path, "")?)),
        either("cut to half", |path| {
            edit(path, |bytes| bytes.truncate(bytes.len() / 2))
        }),
        either("cut by a byte", |path| {
            edit(path, |bytes| bytes.truncate(bytes.len().saturating_sub(1)))
        }),
        either("a text", |path| {
            Ok(std::fs::write(path, "归档 archive\n".repeat(40))?)
        }),
        either("a folder", change_kind),
        either("a link to nothing", |path| link_to(path, "nowhere")),
    ];
    for position in 0..positions {
        let title = format!(
            "archive's {}: a flipped bit ({} of {positions})",
            file.display(),
            position + 1
        );
        let file = file.to_owned();
        all.push(Damage::new(
            title,
            Closed,
            Either(REBUILD),
            move |place, _| {
                edit(&place.archive().join(&file), |bytes| {
                    let at = bytes.len() * (2 * position + 1) / (2 * positions);
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 8;
                    }
                })
            },
        ));
    }
    all
}
