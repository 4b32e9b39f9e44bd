//! What may be done to a data folder, and how a start may answer.

use super::place::Place;
use super::template::Template;
use crate::Outcome;
use std::path::Path;

/// Which folder is damaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Base {
    Closed,
    Killed,
    Branch,
}

/// How a start must answer. Whatever it is, a state that is not the truth is never among it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expect {
    /// It serves the truth.
    Right,
    /// It refuses, at the start or when what is damaged is read, with these words.
    Refused(&'static [&'static str]),
    /// Either: the damage may have hit what nobody reads.
    Either(&'static [&'static str]),
}

type Apply = Box<dyn Fn(&Place, &Template) -> Outcome<()>>;

/// One kind of damage.
pub(crate) struct Damage {
    pub(crate) name: String,
    pub(crate) base: Base,
    pub(crate) expect: Expect,
    pub(crate) apply: Apply,
}

impl Damage {
    pub(crate) fn new(
        name: impl Into<String>,
        base: Base,
        expect: Expect,
        apply: impl Fn(&Place, &Template) -> Outcome<()> + 'static,
    ) -> Damage {
        Damage {
            name: name.into(),
            base,
            expect,
            apply: Box::new(apply),
        }
    }
}

/// Changes the bytes of a file.
pub(crate) fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Outcome<()> {
    let mut bytes = std::fs::read(path)?;
    change(&mut bytes);
    Ok(std::fs::write(path, bytes)?)
}

/// The file becomes a link to itself, moved elsewhere.
pub(crate) fn link_away(path: &Path, place: &Place) -> Outcome<()> {
    let elsewhere = place.0.join("elsewhere");
    std::fs::create_dir_all(&elsewhere)?;
    let target = elsewhere.join(path.file_name().ok_or("it has no name")?);
    std::fs::rename(path, &target)?;
    Ok(std::os::unix::fs::symlink(target, path)?)
}

/// The file becomes a link to `target`.
pub(crate) fn link_to(path: &Path, target: &str) -> Outcome<()> {
    std::fs::remove_file(path)?;
    Ok(std::os::unix::fs::symlink(target, path)?)
}

/// The folder is replaced by a copy of another.
pub(crate) fn replace(folder: &Path, by: &Path) -> Outcome<()> {
    std::fs::remove_dir_all(folder)?;
    Place(by.to_owned()).copy_to(folder)?;
    Ok(())
}

/// The file or folder is replaced by the other kind.
pub(crate) fn change_kind(path: &Path) -> Outcome<()> {
    if path.is_dir() {
        std::fs::remove_dir_all(path)?;
        Ok(std::fs::write(path, "a file")?)
    } else {
        std::fs::remove_file(path)?;
        Ok(std::fs::create_dir(path)?)
    }
}
