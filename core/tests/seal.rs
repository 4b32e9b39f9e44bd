//! Seals show what the chain alone cannot: a journal that was written anew as a whole.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod seal_support;
mod support;

use std::fs;
use std::path::Path;

use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use hubu_core::seal::{Checker, Kind, Order, Seal, SealError, make_seals, read_row};
use seal_support::{
    DAY_MS, append, at, check, cut_files, five_days, names, replace, rewrite_files, seal,
    seal_behind,
};
use support::file_store::FileStore;
use support::store::{CELL, Store};

fn key() -> PrivateKey {
    PrivateKey::generate(Algorithm::Sm2).unwrap()
}

/// Five days in files, closed, and all of them sealed on the fifth of March.
fn sealed() -> (FileStore, tempfile::TempDir, PrivateKey) {
    let store = FileStore::fresh();
    five_days(&mut *store.open().unwrap());
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    seal(&*store.read().unwrap(), folder.path(), &key, CELL, at(4, 1)).unwrap();
    (store, folder, key)
}

fn refused(store: &FileStore, folder: &Path, keys: &[&PrivateKey]) -> String {
    let refused = check(&*store.read().unwrap(), folder, keys, CELL).unwrap_err();
    assert!(refused.is_damage(), "{refused}");
    refused.to_string()
}

#[test]
fn every_day_and_month_that_is_over_gets_one_seal() {
    let (store, folder, key) = sealed();
    let reader = store.read().unwrap();
    // The third of March had no records, and March itself goes on.
    let wanted = [
        "day-2026-02-28.seal",
        "day-2026-03-01.seal",
        "day-2026-03-02.seal",
        "day-2026-03-04.seal",
        "month-2026-02.seal",
    ];
    assert_eq!(names(folder.path()), wanted);
    let row = read_row(folder.path(), Kind::Day).unwrap();
    let lasts: Vec<u64> = row.seals().iter().map(|seal| seal.last).collect();
    assert_eq!(lasts, [4, 8, 12, 16]);
    let sealed = check(&*reader, folder.path(), &[&key], CELL).unwrap();
    assert_eq!((sealed.days, sealed.months, sealed.last), (4, 1, 16));

    // Once more makes nothing and changes nothing.
    let before = fs::read(folder.path().join(wanted[3])).unwrap();
    assert_eq!(
        seal(&*reader, folder.path(), &key, CELL, at(4, 2)).unwrap(),
        []
    );
    assert_eq!(fs::read(folder.path().join(wanted[3])).unwrap(), before);
    assert_eq!(names(folder.path()), wanted);

    // In April the month is over too.
    let made = seal(&*reader, folder.path(), &key, CELL, at(31, 1)).unwrap();
    let made: Vec<String> = made.iter().map(Seal::file_name).collect();
    assert_eq!(made, ["month-2026-03.seal"]);
    let sealed = check(&*reader, folder.path(), &[&key], CELL).unwrap();
    assert_eq!((sealed.days, sealed.months), (4, 2));
}

#[test]
fn seals_made_day_by_day_are_those_made_at_once() {
    let store = FileStore::fresh();
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let mut journal = store.open().unwrap();
    for day in 0..3 {
        append(&mut *journal, &[at(day, 10), at(day, 11)]);
        append(&mut *journal, &[at(day, 12)]);
        // The writer goes on; the sealer only reads.
        let made = seal(
            &*store.read().unwrap(),
            folder.path(),
            &key,
            CELL,
            at(day + 1, 1),
        );
        assert_eq!(made.unwrap().len(), 1);
    }
    let (at_once, reader) = (tempfile::tempdir().unwrap(), store.read().unwrap());
    assert_eq!(
        seal(&*reader, at_once.path(), &key, CELL, at(3, 1))
            .unwrap()
            .len(),
        3
    );
    let ends = |folder: &Path| -> Vec<_> {
        let row = read_row(folder, Kind::Day).unwrap();
        row.seals()
            .iter()
            .map(|s| (s.period, s.last, s.chain))
            .collect()
    };
    assert_eq!(ends(folder.path()), ends(at_once.path()));
    check(&*reader, folder.path(), &[&key], CELL).unwrap();
}

#[test]
fn a_day_that_is_not_over_is_not_sealed() {
    let (store, folder, key) = sealed();
    append(&mut *store.open().unwrap(), &[at(4, 1)]);
    let reader = store.read().unwrap();
    let order = |until: &str, now_ms| alone(until, now_ms, None);
    let early = make_seals(
        &*reader,
        folder.path(),
        &key,
        &order("2026-03-05", at(4, 23)),
    );
    let early = early.unwrap_err();
    assert!(matches!(early, SealError::NotOver(_)), "{early}");
    let early = make_seals(&*reader, folder.path(), &key, &order("2026-03", at(5, 1)));
    assert!(matches!(early, Err(SealError::NotOver(_))));
    // Not in the first minute after midnight either: a server whose clock is behind may still write that day.
    assert_eq!(
        seal(&*reader, folder.path(), &key, CELL, at(5, 0) + 59_999).unwrap(),
        []
    );
    let made = make_seals(
        &*reader,
        folder.path(),
        &key,
        &order("2026-03-05", at(5, 0) + 60_000),
    );
    assert_eq!(made.unwrap().len(), 1);
}

#[test]
fn a_batch_over_midnight_and_a_clock_set_back_leave_no_record_unsealed() {
    let store = FileStore::fresh();
    let (folder, key) = (tempfile::tempdir().unwrap(), key());
    let mut journal = store.open().unwrap();
    append(&mut *journal, &[at(0, 12)]); // 1
    append(&mut *journal, &[at(1, 0) - 1, at(1, 0)]); // 2, 3: of the second day, by its last record
    append(&mut *journal, &[at(0, 23)]); // 4: the clock was set back
    append(&mut *journal, &[at(1, 12)]); // 5
    append(&mut *journal, &[at(2000, 0)]); // 6: a clock years ahead
    append(&mut *journal, &[at(2, 12)]); // 7
    drop(journal);
    let reader = store.read().unwrap();
    let made = seal(&*reader, folder.path(), &key, CELL, at(3, 1)).unwrap();
    let ends: Vec<(String, u64)> = made
        .iter()
        .map(|s| (s.period.to_string(), s.last))
        .collect();
    let wanted = [("2026-03-01", 4), ("2026-03-02", 5), ("2026-03-03", 7)];
    assert_eq!(ends, wanted.map(|(day, last)| (day.to_owned(), last)));
    check(&*reader, folder.path(), &[&key], CELL).unwrap();
    // A day that was sealed is not sealed again for records that come late; the next day's seal covers them.
    append(&mut *store.open().unwrap(), &[at(2, 13)]);
    append(&mut *store.open().unwrap(), &[at(3, 13)]);
    let reader = store.read().unwrap();
    let made = seal(&*reader, folder.path(), &key, CELL, at(4, 1)).unwrap();
    let ends: Vec<(String, u64)> = made
        .iter()
        .map(|s| (s.period.to_string(), s.last))
        .collect();
    assert_eq!(ends, [("2026-03-04".to_owned(), 9)]);
}

#[test]
fn a_journal_written_anew_with_its_whole_chain_fails_at_the_first_seal_that_does_not_fit() {
    let (store, folder, key) = sealed();
    let whole = store.read().unwrap().verify(&mut |_| true).unwrap();
    // Record 6 is of the first of March.
    rewrite_files(store.path(), &mut |_, payload| {
        replace(payload, b"clerk 0006", b"thief 0006");
    });
    let reader = store.read().unwrap();
    let forged = reader.verify(&mut |_| true).unwrap();
    assert_eq!(forged.last, whole.last, "the chain alone shows nothing");
    assert_ne!(forged.chain, whole.chain);
    let said = refused(&store, folder.path(), &[&key]);
    assert!(said.contains("seal of 2026-03-01 (record 8)"), "{said}");
    assert!(said.contains("records 5..=8"), "{said}");
    // Nor can the forged course be sealed on top of the old one.
    append(&mut *store.open().unwrap(), &[at(4, 9)]);
    let made = seal(&*store.read().unwrap(), folder.path(), &key, CELL, at(5, 1));
    assert!(
        matches!(made, Err(SealError::Journal { last: 16, .. })),
        "{made:?}"
    );
    assert_eq!(names(folder.path()).len(), 5);
    // A rewrite that changes nothing is no change.
    let (store, folder, key) = sealed();
    rewrite_files(store.path(), &mut |_, _| {});
    check(&*store.read().unwrap(), folder.path(), &[&key], CELL).unwrap();
}

#[test]
fn a_journal_whose_end_was_cut_fails_though_its_lock_file_was_made_to_fit() {
    let (store, folder, key) = sealed();
    cut_files(store.path(), 12);
    let report = store.read().unwrap().verify(&mut |_| true).unwrap();
    assert_eq!(report.last, 12, "the journal itself looks whole");
    let said = refused(&store, folder.path(), &[&key]);
    assert!(
        said.contains("the seal of 2026-03-04") && said.contains("its end was cut"),
        "{said}"
    );
    // Cut, and gone on with other records.
    append(
        &mut *store.open().unwrap(),
        &[at(3, 9), at(3, 10), at(3, 11), at(3, 12)],
    );
    let said = refused(&store, folder.path(), &[&key]);
    assert!(
        said.contains("the seal of 2026-03-04 (record 16)"),
        "{said}"
    );
    // Nothing can be sealed either.
    let made = seal(&*store.read().unwrap(), folder.path(), &key, CELL, at(5, 1));
    assert!(made.is_err());
}

#[test]
fn a_seal_that_is_missing_in_the_row_is_named() {
    let (store, folder, key) = sealed();
    fs::remove_file(folder.path().join("day-2026-03-01.seal")).unwrap();
    let said = refused(&store, folder.path(), &[&key]);
    assert!(
        said.contains("number 2 is missing between 2026-02-28 and 2026-03-02"),
        "{said}"
    );
    // With the one before it gone as well, the row has no beginning.
    fs::remove_file(folder.path().join("day-2026-02-28.seal")).unwrap();
    let said = refused(&store, folder.path(), &[&key]);
    assert!(
        said.contains("number 1 is missing between the beginning"),
        "{said}"
    );

    // The newest ones leave no gap: who asks for a day sees it.
    let (store, folder, key) = sealed();
    fs::remove_file(folder.path().join("day-2026-03-04.seal")).unwrap();
    check(&*store.read().unwrap(), folder.path(), &[&key], CELL).unwrap();
    let public = [key.public_key().clone()];
    let checker = Checker::open(folder.path(), CELL, &public).unwrap();
    checker.reach("2026-03-02".parse().unwrap()).unwrap();
    let short = checker.reach("2026-03-04".parse().unwrap()).unwrap_err();
    assert!(short.is_damage(), "{short}");
    assert!(checker.reach("2026-03".parse().unwrap()).is_err());
    // And an empty folder is no proof of anything.
    let empty = tempfile::tempdir().unwrap();
    assert!(refused(&store, empty.path(), &[&key]).contains("no seal is here"));
}

#[test]
fn no_byte_of_a_seal_can_be_changed() {
    let (store, folder, key) = sealed();
    let path = folder.path().join("day-2026-03-02.seal");
    let whole = fs::read(&path).unwrap();
    let public = [key.public_key().clone()];
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let opened = Checker::open(folder.path(), CELL, &public);
        assert!(opened.is_err_and(|error| error.is_damage()), "byte {at}");
    }
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(Checker::open(folder.path(), CELL, &public).is_err());
    fs::write(&path, whole).unwrap();
    check(&*store.read().unwrap(), folder.path(), &[&key], CELL).unwrap();
    // Exchanged names, and a seal under a name of the other kind.
    let other = folder.path().join("day-2026-03-05.seal");
    fs::rename(&path, &other).unwrap();
    assert!(refused(&store, folder.path(), &[&key]).contains("its name should be"));
}

#[test]
fn a_row_that_somebody_else_signed_is_refused() {
    let (store, folder, key) = sealed();
    rewrite_files(store.path(), &mut |_, payload| {
        replace(payload, b"clerk 0006", b"thief 0006");
    });
    // A whole row over the forged journal, by a key of the forger's.
    let (forged, theirs) = (tempfile::tempdir().unwrap(), self::key());
    let reader = store.read().unwrap();
    seal(&*reader, forged.path(), &theirs, CELL, at(4, 1)).unwrap();
    check(&*reader, forged.path(), &[&theirs], CELL).unwrap();
    let said = refused(&store, forged.path(), &[&key]);
    assert!(said.contains("which was not given"), "{said}");
    // Nor with our key's name written in.
    for name in names(forged.path()) {
        let path = forged.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        let (own, our) = (
            theirs.public_key().fingerprint(),
            key.public_key().fingerprint(),
        );
        fs::write(&path, text.replace(&own, &our)).unwrap();
    }
    let said = refused(&store, forged.path(), &[&key]);
    assert!(
        said.contains("does not fit") || said.contains("no row"),
        "{said}"
    );
    drop(folder);
}

#[test]
fn after_a_change_of_keys_the_old_one_is_of_no_use() {
    let (store, folder, old) = sealed();
    let new = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    append(&mut *store.open().unwrap(), &[at(4, 9)]);
    let reader = store.read().unwrap();
    // The new key does not go on with what it can't vouch for: whoever has the old one may have laid it there.
    let unknown = seal(&*reader, folder.path(), &new, CELL, at(5, 1));
    assert!(
        matches!(unknown, Err(SealError::OtherKey { .. })),
        "{unknown:?}"
    );
    let wrong = seal_behind(
        &*reader,
        folder.path(),
        (&new, Some(&key())),
        CELL,
        at(5, 1),
    );
    assert!(
        matches!(wrong, Err(SealError::OtherKey { .. })),
        "{wrong:?}"
    );
    assert_eq!(names(folder.path()).len(), 5, "nothing was made");
    let made = seal_behind(&*reader, folder.path(), (&new, Some(&old)), CELL, at(5, 1));
    assert_eq!(made.unwrap().len(), 1);
    let sealed = check(&*reader, folder.path(), &[&old, &new], CELL).unwrap();
    assert_eq!((sealed.days, sealed.months), (5, 1));
    let said = refused(&store, folder.path(), &[&new]);
    assert!(said.contains("which was not given"), "{said}");
    let said = refused(&store, folder.path(), &[&new, &old]);
    assert!(said.contains("had been replaced before"), "{said}");

    // Whoever got the old key goes on with it behind the new key's seals.
    append(&mut *store.open().unwrap(), &[at(32, 9)]);
    let reader = store.read().unwrap();
    let spoilt = tempfile::tempdir().unwrap();
    for name in names(folder.path()) {
        fs::copy(folder.path().join(&name), spoilt.path().join(&name)).unwrap();
    }
    let unknown = seal(&*reader, spoilt.path(), &old, CELL, at(33, 1));
    assert!(unknown.is_err(), "{unknown:?}");
    seal_behind(&*reader, spoilt.path(), (&old, Some(&new)), CELL, at(33, 1)).unwrap();
    let said = refused(&store, spoilt.path(), &[&old, &new]);
    assert!(said.contains("had been replaced before"), "{said}");

    // The new key goes on by itself, though February was sealed with the old one: the days reach as far.
    let made = seal(&*reader, folder.path(), &new, CELL, at(33, 1)).unwrap();
    assert_eq!(made.len(), 2, "a day and March");
    check(&*reader, folder.path(), &[&old, &new], CELL).unwrap();

    // Or seals a forged course of the whole journal with the old key: the row does not end with the new key.
    let forged = tempfile::tempdir().unwrap();
    rewrite_files(store.path(), &mut |_, payload| {
        replace(payload, b"clerk 0006", b"thief 0006");
    });
    let reader = store.read().unwrap();
    seal(&*reader, forged.path(), &old, CELL, at(31, 1)).unwrap();
    let said = refused(&store, forged.path(), &[&old, &new]);
    assert!(said.contains("was given as the key in use"), "{said}");
    // Nor does the nightly run of the new key lay its seals over that row.
    append(&mut *store.open().unwrap(), &[at(33, 9)]);
    let reader = store.read().unwrap();
    let over = seal(&*reader, forged.path(), &new, CELL, at(34, 1)).unwrap_err();
    assert!(over.to_string().contains("--previous-key"), "{over}");
}

/// An order of one kind alone, behind the seals of a key that was in use before.
fn alone(until: &str, now_ms: u64, before: Option<&PrivateKey>) -> Order {
    Order {
        cell: CELL,
        now_ms,
        until: Some(until.parse().unwrap()),
        before: before.map(|key| key.public_key().clone()),
    }
}

#[test]
fn a_month_is_sealed_alone_after_a_change_of_keys() {
    let (store, folder, old) = sealed();
    let (new, newest) = (key(), key());
    for day in [4, 32, 62] {
        append(&mut *store.open().unwrap(), &[at(day, 9)]);
    }
    let reader = store.read().unwrap();
    type Made = Result<Vec<String>, SealError>;
    let made = |until: &str, key: &PrivateKey, before: Option<&PrivateKey>| -> Made {
        let order = alone(until, at(63, 1), before);
        let made = make_seals(&*reader, folder.path(), key, &order)?;
        Ok(made.iter().map(Seal::file_name).collect())
    };
    // No day of the new key is there yet: February's seal may be anybody's who has the old one.
    let early = made("2026-03", &new, None);
    assert!(matches!(early, Err(SealError::OtherKey { .. })));
    let days = made("2026-03-05", &new, Some(&old)).unwrap();
    assert_eq!(days, ["day-2026-03-05.seal"]);
    // The days reach beyond it by now, though they are not what is asked for.
    let month = made("2026-03", &new, None).unwrap();
    assert_eq!(month, ["month-2026-03.seal"]);
    // The other way about as well: the month of a newer key vouches for the days below it.
    let month = made("2026-04", &newest, Some(&new)).unwrap();
    assert_eq!(month, ["month-2026-04.seal"]);
    let days = made("2026-05-02", &newest, None).unwrap();
    assert_eq!(days, ["day-2026-04-02.seal", "day-2026-05-02.seal"]);
    check(&*reader, folder.path(), &[&old, &new, &newest], CELL).unwrap();
}

#[test]
fn a_day_that_does_not_fit_the_journal_vouches_for_no_month() {
    let (store, folder, old) = sealed();
    let new = key();
    append(&mut *store.open().unwrap(), &[at(4, 9)]);
    let reader = store.read().unwrap();
    seal_behind(&*reader, folder.path(), (&new, Some(&old)), CELL, at(5, 1)).unwrap();
    rewrite_files(store.path(), &mut |_, payload| {
        replace(payload, b"clerk 0017", b"thief 0017");
    });
    append(&mut *store.open().unwrap(), &[at(32, 9)]);
    let (reader, order) = (store.read().unwrap(), alone("2026-03", at(33, 1), None));
    let made = make_seals(&*reader, folder.path(), &new, &order);
    let is_unfit = matches!(made, Err(SealError::Journal { last: 17, .. }));
    assert!(is_unfit, "{made:?}");
}

#[test]
fn seals_of_another_journal_or_cell_do_not_fit() {
    let (store, folder, key) = sealed();
    let other = FileStore::fresh();
    five_days(&mut *other.open().unwrap());
    let said = refused(&other, folder.path(), &[&key]);
    assert!(said.contains("made for another journal"), "{said}");
    let fits = check(&*store.read().unwrap(), folder.path(), &[&key], CELL + 1).unwrap_err();
    assert!(
        fits.to_string().contains("made for another journal"),
        "{fits}"
    );
    // Nor is another journal sealed into the same folder.
    let made = seal(
        &*other.read().unwrap(),
        folder.path(),
        &key,
        CELL,
        at(31, 1),
    );
    assert!(matches!(made, Err(SealError::Journal { .. })), "{made:?}");
}

#[test]
fn what_a_crash_left_behind_is_no_seal_and_two_sealers_make_one_row() {
    let (store, folder, key) = sealed();
    fs::write(
        folder.path().join("day-2026-03-05.seal.77.new"),
        "hubu-seal 1\nce",
    )
    .unwrap();
    append(&mut *store.open().unwrap(), &[at(4, 9)]);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let sealers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let reader = store.read().unwrap();
                    seal(&*reader, folder.path(), &key, CELL, at(4, 1) + DAY_MS)
                })
            })
            .collect();
        sealers.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let made: usize = outcomes.iter().flatten().map(Vec::len).sum();
    assert_eq!(made, 1, "{outcomes:?}");
    let sealed = check(&*store.read().unwrap(), folder.path(), &[&key], CELL).unwrap();
    assert_eq!(sealed.days, 5);
}
