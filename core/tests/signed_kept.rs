//! Signatures that were taken: kept through restarts, snapshots and the archive, and checked again in a journal
//! whose records somebody changed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod common;
mod signed_support;

use common::*;
use hubu_core::cipher::{AeadKind, Signer};
use hubu_core::engine::answer::Done;
use hubu_core::engine::digest::of_journal;
use hubu_core::engine::error::EngineError;
use hubu_core::engine::open::Options;
use hubu_core::engine::signatures::check_journal;
use hubu_core::fields::key::FieldKey;
use hubu_core::fields::keyring::{Fields, Keyring};
use hubu_core::journal::codec::{decode, encode};
use hubu_core::journal::{Batch, Records, open_journal, open_reader, push_record};
use hubu_core::signing::register::Signers;
use hubu_core::views::Views;
use hubu_core::views::archive::{Archive, ArchiveSettings};
use hubu_kernel::document::{Entry, Value};
use hubu_kernel::ident::{CatalogVersion, DocumentId};
use hubu_kernel::money::Cents;
use hubu_kernel::record::{Body, Decided, Spawned};
use signed_support::*;
use std::path::Path;
use std::sync::Arc;

/// What somebody does who may write the journal and computes its chain anew.
type Change = fn(&mut Body);

const CHANGES: [(&str, Change); 8] = [
    ("an amount", |body| {
        if let Body::Decided(decided) = body
            && let Some(entry) = &mut decided.entry
            && !entry.agency.is_empty()
        {
            entry.lines[0].amount = Cents(90);
        }
    }),
    ("a field that the signed step set", |body| {
        if let Body::Decided(decided) = body
            && decided.signature.is_some()
        {
            decided.fields.retain(|field| field.id.0 != 9);
        }
    }),
    ("the signature taken away", |body| {
        if let Body::Decided(decided) = body
            && decided.signature.as_ref().is_some_and(|s| s.algorithm == 1)
        {
            decided.signature = None;
        }
    }),
    ("signed anew by a key of his own", |body| {
        if let Body::Decided(decided) = body
            && let Some(signature) = &mut decided.signature
        {
            signature.key = KEYS["stranger"].public_key().spki_der().into();
            signature.algorithm = 1;
        }
    }),
    ("a document that no step makes", |body| {
        if let Body::Decided(decided) = body
            && decided.signature.as_ref().is_some_and(|s| s.algorithm == 1)
        {
            decided.spawned = vec![Spawned {
                // The first name of a place that has none.
                document: DocumentId(1 << 10 | 5),
                state: decided.state,
                entry: Entry {
                    kind: decided.kind,
                    catalog: decided.catalog,
                    ..Entry::default()
                },
            }];
        }
    }),
    ("no step at all", |body| {
        if let Some(decided) = unsealed(body) {
            decided.transition = None;
        }
    }),
    ("another state than the step leads to", |body| {
        if let Some(decided) = unsealed(body) {
            decided.state = decided.from;
        }
    }),
    ("another state, the signature left", |body| {
        if let Body::Decided(decided) = body
            && decided.signature.as_ref().is_some_and(|s| s.algorithm == 1)
        {
            decided.state = decided.from;
        }
    }),
];

/// The same, where the record can't even be applied any more.
const MISFITS: [(&str, Change); 2] = [
    ("a catalog that was never put to use", |body| {
        if let Some(decided) = unsealed(body) {
            decided.catalog = CatalogVersion(9);
        }
    }),
    (
        "the document begun anew under a signature that was good",
        |body| {
            if let Body::Decided(decided) = body
                && decided.signature.is_some()
            {
                decided.version = 1;
                decided.entry = Some(Entry {
                    kind: decided.kind,
                    catalog: decided.catalog,
                    ..Entry::default()
                });
            }
        },
    ),
];

/// The sealing, which is the last record, its signature taken away.
fn unsealed(body: &mut Body) -> Option<&mut Decided> {
    match body {
        Body::Decided(decided) if decided.signature.as_ref().is_some_and(|s| s.algorithm == 1) => {
            decided.signature = None;
            Some(&mut **decided)
        }
        _ => None,
    }
}

#[test]
fn both_algorithms_are_taken_and_kept_with_the_document() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let id = signed(&engine);
    let Done { seq, version, .. } =
        done(&engine, sign_with(&engine, sealing(&engine, id), "centre"));
    let found = document(&engine, id);
    let told: Vec<_> = found
        .signatures
        .iter()
        .map(|s| (&*s.signer, s.version, s.signature.algorithm))
        .collect();
    assert_eq!(told, [("head", 2, 2), ("centre", 3, 1)]);
    assert_eq!((found.signatures[1].seq, version), (seq, 4));

    // The record has it, and replay makes the same state of it.
    let Body::Decided(decided) = engine.record(seq).unwrap().body else {
        panic!("it was decided");
    };
    assert_eq!(
        decided.signature.as_deref(),
        Some(&found.signatures[1].signature)
    );
    let before = engine.digest().unwrap();
    engine.close();
    drop(engine);
    // Nobody is registered any more: what was taken stays.
    let again = open_signed(
        folder.path(),
        false,
        Options {
            signers: Arc::default(),
            ..options()
        },
    );
    assert_eq!(again.digest().unwrap(), before);
    assert_eq!(document(&again, id), found);
    let report = check_journal(&**again.journal(), None, &Keyring::default()).unwrap();
    assert_eq!((report.signed, report.good, report.missing), (2, 2, 0));
    let known = check_journal(&**again.journal(), Some(&signers()), &Keyring::default()).unwrap();
    assert!(known.is_whole());
    let nobody = check_journal(
        &**again.journal(),
        Some(&Signers::default()),
        &Keyring::default(),
    )
    .unwrap();
    assert_eq!((nobody.signed, nobody.good, nobody.faults.len()), (2, 0, 2));
}

#[test]
fn a_record_that_was_changed_fails_its_signature_while_the_chain_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let id = signed(&engine);
    done(&engine, sign_with(&engine, sealing(&engine, id), "centre"));
    engine.close();
    drop(engine);
    for (what, change) in CHANGES {
        let forged = tempfile::tempdir().unwrap();
        rewrite(folder.path(), forged.path(), change);
        let reader = open_reader(forged.path().to_str().unwrap(), &settings()).unwrap();
        reader.verify(&mut |_| true).expect("the chain is whole");
        of_journal(&*reader).expect("it can be replayed");
        let report = check_journal(&*reader, Some(&signers()), &Keyring::default()).unwrap();
        assert!(!report.is_whole(), "{what}");
        assert!(!report.faults.is_empty() && report.wrong() > 0, "{what}");
    }
    for (what, change) in MISFITS {
        let forged = tempfile::tempdir().unwrap();
        rewrite(folder.path(), forged.path(), change);
        let reader = open_reader(forged.path().to_str().unwrap(), &settings()).unwrap();
        reader.verify(&mut |_| true).expect("the chain is whole");
        let replayed = of_journal(&*reader).unwrap_err();
        let checked = check_journal(&*reader, None, &Keyring::default()).unwrap_err();
        for error in [replayed, checked] {
            assert!(
                matches!(error, EngineError::Misfit { .. }),
                "{what}: {error}"
            );
        }
    }
    let kept = tempfile::tempdir().unwrap();
    rewrite(folder.path(), kept.path(), |_| {});
    let reader = open_reader(kept.path().to_str().unwrap(), &settings()).unwrap();
    let report = check_journal(&*reader, Some(&signers()), &Keyring::default()).unwrap();
    assert!(
        report.is_whole(),
        "what is copied as it is passes: {report:?}"
    );
}

#[test]
fn a_field_key_that_is_not_here_is_no_damage_and_takes_no_place_among_the_faults() {
    let folder = tempfile::tempdir().unwrap();
    let key = FieldKey::new(1, AeadKind::Sm4Gcm, &[1; 16]).unwrap();
    let ring = Arc::new(Keyring::new(vec![key]).unwrap());
    let fields = Fields::Sealed(Arc::clone(&ring));
    let engine = open_signed(
        folder.path(),
        false,
        Options {
            fields,
            ..options()
        },
    );
    signed_with_account(&engine);
    let journal = &**engine.journal();
    assert!(check_journal(journal, None, &ring).unwrap().is_whole());
    let report = check_journal(journal, None, &Keyring::default()).unwrap();
    assert_eq!((report.signed, report.good, report.closed), (1, 0, 1));
    assert!(!report.is_whole() && report.wrong() == 0, "{report:?}");
    assert!(report.faults.is_empty(), "{report:?}");
}

/// Copies a journal record by record through `change`; the chain is computed anew.
fn rewrite(from: &Path, to: &Path, change: fn(&mut Body)) {
    let reader = open_reader(from.to_str().unwrap(), &settings()).unwrap();
    let mut journal = open_journal(to.to_str().unwrap(), &settings()).unwrap();
    reader
        .scan(1, &mut |batch| {
            let mut payload = Vec::new();
            for bytes in Records::new(batch.payload) {
                let mut record = decode(bytes).unwrap();
                change(&mut record.body);
                let mut bytes = Vec::new();
                encode(&record, &mut bytes);
                push_record(&mut payload, &bytes);
            }
            journal
                .append(&Batch {
                    first: batch.first,
                    last: batch.last,
                    payload: &payload,
                })
                .unwrap();
            true
        })
        .unwrap();
}

#[test]
fn snapshots_keep_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let shots = folder.path().join("snapshots");
    std::fs::create_dir_all(&shots).unwrap();
    let journal = folder.path().join("journal");
    let with = || Options {
        snapshots: Some(shots.clone()),
        ..options()
    };
    let engine = open_signed(&journal, false, with());
    let id = signed(&engine);
    let before = engine.digest().unwrap();
    engine.write_snapshot(&shots).unwrap();
    engine.close();
    drop(engine);
    let again = open_signed(&journal, false, with());
    assert!(again.replayed() < before.last, "it began with the snapshot");
    assert_eq!(again.digest().unwrap(), before);
    assert_eq!(document(&again, id).signatures.len(), 1);
    done(&again, sign_with(&again, sealing(&again, id), "centre"));
}

#[test]
fn the_archive_keeps_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let open_archive =
        || Archive::open(&folder.path().join("archive"), ArchiveSettings::default()).unwrap();
    let with = |archive: &Archive| Options {
        archived: Some(archive.watermark()),
        tail_bytes: 8 << 20,
        ..options()
    };
    let archive = open_archive();
    let engine = open_signed(&folder.path().join("journal"), false, with(&archive));
    let engine = Arc::new(engine);
    let views = Views::start(&engine, Some(archive)).unwrap();
    let id = signed(&engine);
    done(&engine, sign_with(&engine, sealing(&engine, id), "centre"));
    let sender = person(&catalog(&engine), "sender", &["payment_centre"]);
    let order = || flag(&engine, "order_no", Value::Text("7".into()));
    let reachable = flag(&engine, "bank_reachable", Value::Flag(true));
    done(&engine, act(&sender, id, "send", vec![reachable, order()]));
    let bank = person(&catalog(&engine), "bank", &["agent_bank"]);
    let receipt = vec![
        flag(&engine, "receipt_amount", Value::Amount(Cents(100))),
        flag(&engine, "receipt_order_no", Value::Text("7".into())),
    ];
    let paid = done(&engine, act(&bank, id, "receipt", receipt));
    let wait = |views: &Views| {
        let archive = views.archive().unwrap();
        archive.mark().wait_blocking(paid.seq.0).unwrap();
        archive.get(id).unwrap().unwrap()
    };
    let ended = wait(&views);
    assert_eq!(ended.signatures.len(), 2);
    engine.close();
    views.finish();
    drop(engine);
    // From the store alone.
    let archive = open_archive();
    let found = archive.get(id).unwrap().unwrap();
    assert_eq!((found.signatures.len(), found), (2, ended));
}
