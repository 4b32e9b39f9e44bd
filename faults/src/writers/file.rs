//! Second and stale writers on a journal in files.

use super::Tally;
use super::book::Book;
use crate::Outcome;
use crate::cell::{Place, Server, Wire, payment};
use std::path::Path;

pub(super) fn try_all(tally: &mut Tally) -> Outcome<()> {
    beside_a_living_one(tally)?;
    beside_one_whose_lock_was_removed(tally)?;
    over_a_newer_end(tally)
}

/// A journal in files, as the settings name it.
fn journal(place: &Place) -> String {
    format!("file:{}", place.path("data/journal").display())
}

/// A second server on the same folder, while the first runs and while it is paused.
fn beside_a_living_one(tally: &mut Tally) -> Outcome<()> {
    let (place, mut second) = two_on_one_folder()?;
    let server = place.serve(&[])?;
    place.load()?;
    let before = Book::read(&journal(&place), 1)?;
    for what in ["runs", "is paused"] {
        if what == "is paused" {
            server.pause()?;
        }
        let refused = ended(&mut second, "is in use by")?;
        let after = Book::read(&journal(&place), 1)?;
        server.wake()?;
        let wrote = after.last.abs_diff(before.last) + u64::from(!refused);
        tally.note(
            &format!("file: a second server while the first {what}"),
            wrote,
        );
    }
    Ok(())
}

/// Somebody removes the lock file under a running server and starts another one: the first is stale from then on.
fn beside_one_whose_lock_was_removed(tally: &mut Tally) -> Outcome<()> {
    let (place, second) = two_on_one_folder()?;
    let server = place.serve(&[])?;
    let (row, token) = (place.load()?, place.token("clerk", "agency_clerk")?);
    let mut old = Wire::open(place.address, &token)?;
    old.ask("POST", "/v1/documents", "before", &payment(&row, 100))?;
    std::fs::remove_file(place.path("data/journal/lock"))?;
    let newer = second.serve(&[])?;
    let mut new = Wire::open(newer.address, &token)?;
    let accepted = new.ask("POST", "/v1/documents", "new", &payment(&row, 100))?;
    let taken = Book::read(&journal(&place), 1)?;
    let stale = old.ask("POST", "/v1/documents", "stale", &payment(&row, 100))?;
    let next = new.ask("POST", "/v1/documents", "next", &payment(&row, 100))?;
    if (accepted.status, next.status) != (201, 201) {
        return Err(format!("the new writer was refused: {accepted:?} {next:?}").into());
    }
    let after = Book::read(&journal(&place), 1)?;
    let wrote = after.stale(taken.last - 1, taken.epoch()) + u64::from(stale.status == 201);
    drop((server, newer));
    let wrote = wrote + u64::from(!place.verify()?);
    tally.note(
        "file: a server whose lock file was removed, beside the one that took its place",
        wrote,
    );
    Ok(())
}

/// An old copy of the journal comes back. Over the newer lock file it is refused, since that remembers a later end;
/// with its own lock file, or elsewhere, it is a journal like any other.
fn over_a_newer_end(tally: &mut Tally) -> Outcome<()> {
    let place = Place::new("file:journal")?;
    let (row, token) = {
        let _server = place.serve(&[])?;
        (place.load()?, place.token("clerk", "agency_clerk")?)
    };
    let old = place.copied()?;
    pay(&place, &row, &token)?;
    let kept = place.path("kept");
    std::fs::rename(place.path("data/journal"), &kept)?;
    std::fs::create_dir(place.path("data/journal"))?;
    for file in std::fs::read_dir(old.path("data/journal"))? {
        let name = file?.file_name();
        let from = match name == "lock" {
            true => kept.join(&name),
            false => old.path("data/journal").join(&name),
        };
        copy(&from, &place.path("data/journal").join(&name))?;
    }
    let mut program = Server::spawn(&place, &[])?;
    let status = program.wait()?;
    let refused = status.code() == Some(3) && place.said().contains("its end was cut");
    tally.note(
        "file: old segments restored beside the newer lock file",
        u64::from(!refused),
    );
    // Said, and not counted: nothing in the folder knows of another folder.
    pay(&old, &row, &token)?;
    println!(
        "not detected: a whole old folder (with its lock file) that is started elsewhere or in place is a journal of \
         its own; only the chain value that `hubu verify` printed for the newer one shows that it is not that one"
    );
    Ok(())
}

/// Starts, pays once, and stops.
fn pay(place: &Place, row: &str, token: &str) -> Outcome<()> {
    let server = place.serve(&[])?;
    let mut wire = Wire::open(place.address, token)?;
    let paid = wire.ask("POST", "/v1/documents", "later", &payment(row, 100))?;
    drop(wire);
    let stopped = server.stop()?;
    match paid.status == 201 && stopped.success() {
        true => Ok(()),
        false => Err(format!("it does not pay: {paid:?}").into()),
    }
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    std::fs::copy(from, to)?;
    Ok(())
}

/// Two data folders whose settings name one journal folder, that of the first.
fn two_on_one_folder() -> Outcome<(Place, Place)> {
    let mut place = Place::new("file:journal")?;
    let at = journal(&place);
    place.set("HUBU_JOURNAL_PLACE", &at);
    let second = place.beside()?;
    Ok((place, second))
}

/// Whether a start ends at once, with these words.
pub(super) fn ended(place: &mut Place, words: &str) -> Outcome<bool> {
    let mut program = Server::spawn(place, &[])?;
    let status = program.wait()?;
    Ok(!status.success() && place.said().contains(words))
}
