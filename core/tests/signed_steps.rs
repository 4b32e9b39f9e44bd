//! Steps that demand a signature, through the engine: taken with a good one of both algorithms, refused
//! with any other, alone and in batches.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]

mod common;
mod signed_support;

use common::*;
use hubu_core::cipher::{Algorithm, Signer, sm2_signature_to_der};
use hubu_core::engine::Engine;
use hubu_core::engine::actor::Actor;
use hubu_core::engine::answer::Answer;
use hubu_core::engine::atomic::BatchOutcome;
use hubu_core::engine::command::{Action, Command};
use hubu_core::engine::error::{Denied, SubmitError};
use hubu_core::engine::open::Options;
use hubu_core::engine::signatures::check_journal;
use hubu_core::fields::keyring::Keyring;
use hubu_core::journal::open_journal;
use hubu_core::signing::form::{Subject, bytes};
use hubu_core::signing::{Presented, SignatureFault, TOGETHER_MAX};
use hubu_kernel::document::{Field, Value, overlay};
use hubu_kernel::ident::DocumentId;
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use signed_support::*;
use std::sync::Arc;

#[test]
fn every_other_signature_is_refused_and_spends_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let id = signed(&engine);
    let sealing = || sealing(&engine, id);
    let good = sign_with(&engine, sealing(), "centre");
    let with = |change: &dyn Fn(&mut Presented)| {
        let mut command = good.clone();
        change(asked(&mut command).signature.as_mut().unwrap());
        fault(&engine, command)
    };
    assert_eq!(fault(&engine, sealing()), SignatureFault::Missing);
    let key = |name: &str| KEYS[name].public_key().fingerprint();
    let unknown = sign_with(&engine, sealing(), "stranger");
    assert_eq!(
        fault(&engine, unknown),
        SignatureFault::UnknownKey(key("stranger"))
    );
    let other = sign_with(&engine, sealing(), "other");
    assert_eq!(
        fault(&engine, other),
        SignatureFault::OtherSigner(key("other"))
    );
    let late = fault(&engine, sign_with(&engine, sealing(), "late"));
    assert!(matches!(late, SignatureFault::NotInForce { .. }), "{late}");
    assert!(late.to_string().contains("until 2026-03-01"), "{late}");
    let head = fault(&engine, sign_with(&engine, sealing(), "head"));
    assert!(matches!(head, SignatureFault::Algorithm { .. }), "{head}");
    let named = with(&|s| s.algorithm = Some("ed25519".into()));
    assert!(
        matches!(named, SignatureFault::OtherAlgorithm { .. }),
        "{named}"
    );
    let malformed = SignatureFault::Malformed(Algorithm::Sm2);
    assert_eq!(with(&|s| s.value = [7; 63].into()), malformed);
    assert_eq!(
        with(&|s| s.value = [0; 64].into()),
        malformed,
        "r and s are not 0"
    );
    assert_eq!(with(&|s| s.value[10] ^= 1), SignatureFault::Unfit);
    assert_eq!(document(&engine, id).version, 3, "nothing happened");

    // The very key that all of them used is good for what is right; in DER as well.
    let mut der = good;
    let signature = asked(&mut der).signature.as_mut().unwrap();
    signature.value = sm2_signature_to_der(&signature.value).unwrap().into();
    done(&engine, der);
}

#[test]
fn a_signature_fits_one_step_of_one_version_of_one_document_alone() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let (one, other) = (signed(&engine), signed(&engine));
    let mut command = sealing(&engine, one);
    let signature = presented(&engine, &mut command, "centre");
    let moved = |document| {
        let mut command = sealing(&engine, document);
        asked(&mut command).signature = Some(signature.clone());
        command
    };
    assert_eq!(fault(&engine, moved(other)), SignatureFault::Unfit);
    // Another value of a field that the step sets is another document.
    let mut changed = moved(one);
    let reason = flag(&engine, "certificate_valid", Value::Flag(false));
    asked(&mut changed).fields = vec![reason];
    let refusal = engine.submit(changed);
    assert!(!matches!(&refusal, Ok(t) if matches!(t.answer, Some(Answer::Done(_)))));

    // It goes back to the clerk and comes again: the same state, another version.
    let centre = person(&catalog(&engine), "centre", &["payment_centre"]);
    let reason = flag(&engine, "reason", Value::Text("again".into()));
    done(&engine, act(&centre, one, "reject", vec![reason]));
    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    let matches = flag(&engine, "payee_match", Value::Flag(true));
    done(&engine, act(&clerk, one, "submit", vec![matches]));
    let reviewer = person(&catalog(&engine), "reviewer", &["agency_reviewer"]);
    let open = flag(&engine, "alerts_blocking", Value::Int(0));
    done(&engine, act(&reviewer, one, "review", vec![open]));
    done(&engine, sign_with(&engine, signing(&engine, one), "head"));
    assert_eq!(fault(&engine, moved(one)), SignatureFault::Unfit);
    done(&engine, sign_with(&engine, sealing(&engine, one), "centre"));
    assert_eq!(document(&engine, one).signatures.len(), 3);
}

#[test]
fn another_cell_does_not_take_the_signature() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders
        .each_ref()
        .map(|f| open_signed(f.path(), false, options()));
    let (id, same) = (signed(&one), signed(&other));
    assert_eq!(id, same, "the same course of things");
    let good = sign_with(&one, sealing(&one, id), "centre");
    assert_eq!(fault(&other, good.clone()), SignatureFault::Unfit);
    done(&one, good);
}

#[test]
fn a_repeat_gets_the_first_answer_and_another_signature_is_another_command() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let id = signed(&engine);
    let good = sign_with(&engine, sealing(&engine, id), "centre");
    let first = done(&engine, good.clone());
    assert_eq!(done(&engine, good.clone()), first);
    let mut other = good.clone();
    asked(&mut other).signature.as_mut().unwrap().value[3] ^= 1;
    assert_eq!(engine.submit(other), Err(SubmitError::KeyReused));
    let mut outcomes = Vec::new();
    engine.submit_all(vec![good.clone()], &mut outcomes);
    assert_eq!(outcomes[0].as_ref().unwrap().seq, first.seq);
    // As a part of a batch, and after a restart in which the key is not registered any more.
    let outcome = engine.submit_atomic(std::slice::from_ref(&good)).unwrap();
    assert!(matches!(&outcome, BatchOutcome::Done(t) if t[0].seq == first.seq));
    engine.close();
    drop(engine);
    let again = open_signed(
        folder.path(),
        false,
        Options {
            signers: Arc::default(),
            ..options()
        },
    );
    assert_eq!(done(&again, good), first);
}

#[test]
fn lines_that_a_step_brings_are_signed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), true, options());
    // Entered at once with a step that must be signed: there is no name to sign yet.
    assert_eq!(fault(&engine, pay(&engine, 100)), SignatureFault::AtEntry);
    let mut entry = pay(&engine, 100);
    let Action::Enter(enter) = &mut entry.action else {
        panic!("a payment is entered");
    };
    enter.transition = None;
    enter.fields.clear();
    let lines = enter.lines.clone();
    let id = done(&engine, entry).document;
    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    let matches = flag(&engine, "payee_match", Value::Flag(true));
    let mut submit = act(&clerk, id, "submit", vec![matches]);
    let mut lines = lines;
    lines[0].amount = Cents(250);
    asked(&mut submit).lines = Some(lines.clone());
    let good = sign_with(&engine, submit, "clerk");
    for (amount, month) in [(251, 3), (250, 4)] {
        let mut changed = good.clone();
        let mut lines = lines.clone();
        lines[0].amount = Cents(amount);
        lines[0].month = Month::new(month);
        asked(&mut changed).lines = Some(lines);
        assert_eq!(fault(&engine, changed), SignatureFault::Unfit);
    }
    done(&engine, good);
    assert_eq!(document(&engine, id).entry.lines[0].amount, Cents(250));
    assert!(
        check_journal(&**engine.journal(), None, &Keyring::default())
            .unwrap()
            .is_whole()
    );
}

#[test]
fn a_batch_that_stands_together_is_signed_as_its_own_steps_leave_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let id = reviewed(&engine);
    // Signing and sealing in one: the second signature is of the document as the first leaves it.
    let first = sign_with(&engine, signing(&engine, id), "head");
    let second = sealed_ahead(&engine, id, 1);

    let mut forged = second.clone();
    asked(&mut forged).signature.as_mut().unwrap().value[0] ^= 1;
    let error = engine.submit_atomic(&[first.clone(), forged]).unwrap_err();
    assert_eq!(error.index, 1);
    assert_eq!(error.error, SubmitError::Signature(SignatureFault::Unfit));
    assert_eq!(document(&engine, id).version, 2, "neither was taken");
    // A refusal behind a signature that does not fit is not remembered either.
    let newest = engine.newest();
    let mut forged = second.clone();
    asked(&mut forged).signature.as_mut().unwrap().value[0] ^= 1;
    let too_much = pay(&engine, 100_000_000);
    let batch = [first.clone(), forged, too_much];
    assert_eq!(engine.submit_atomic(&batch).unwrap_err().index, 1);
    assert_eq!(engine.newest(), newest);

    let outcome = engine.submit_atomic(&[first, second]).unwrap();
    let BatchOutcome::Done(tickets) = outcome else {
        panic!("{outcome:?}");
    };
    engine.watermark().wait_blocking(tickets[1].seq.0).unwrap();
    assert_eq!(document(&engine, id).signatures.len(), 2);
    assert!(
        check_journal(&**engine.journal(), Some(&signers()), &Keyring::default())
            .unwrap()
            .is_whole()
    );
}

#[test]
fn an_atomic_batch_has_a_limit_of_signatures() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    let id = signed(&engine);
    let good = sign_with(&engine, sealing(&engine, id), "centre");
    let many: Vec<Command> = (0..=TOGETHER_MAX)
        .map(|n| Command {
            key: format!("many-{n}").into(),
            ..good.clone()
        })
        .collect();
    let error = engine.submit_atomic(&many).unwrap_err();
    let (max, found) = (TOGETHER_MAX, TOGETHER_MAX + 1);
    assert_eq!(error.index, TOGETHER_MAX);
    let too_many = SignatureFault::TooMany { max, found };
    assert_eq!(error.error, SubmitError::Signature(too_many));
}

/// The same command of somebody under this name.
fn as_named(mut command: Command, name: &str) -> Command {
    let actor = Actor {
        name: name.into(),
        ..Actor::clone(&command.actor)
    };
    command.actor = Arc::new(actor);
    command
}

#[test]
fn a_delegate_signs_with_their_own_key_and_in_their_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), false, options());
    // Entered by a delegate as well: who entered it is a person, as documents show it.
    let id = done(&engine, as_named(pay(&engine, 100), "clerk⇐chief")).document;
    let open = flag(&engine, "alerts_blocking", Value::Int(0));
    let reviewer = person(&catalog(&engine), "reviewer", &["agency_reviewer"]);
    done(&engine, act(&reviewer, id, "review", vec![open]));
    // Under a role for emergencies: the reason is in the record, and not in what is signed.
    let urgent = as_named(signing(&engine, id), "head‼the vault is flooded");
    done(&engine, sign_with(&engine, urgent, "head"));

    let mut sealing = as_named(sealing(&engine, id), "centre⇐other");
    let actor = Arc::clone(&sealing.actor);
    let (statement, _) = engine.statement(&actor, asked(&mut sealing)).unwrap();
    let told = |label: &str| {
        let part = statement.parts.iter().find(|part| part.label == label);
        part.unwrap().text.clone()
    };
    assert_eq!([told("signer"), told("creator")], ["centre", "clerk"]);
    // The key of the person for whom they act is not theirs.
    let principal = KEYS["other"].public_key().fingerprint();
    assert_eq!(
        fault(&engine, sign_with(&engine, sealing.clone(), "other")),
        SignatureFault::OtherSigner(principal)
    );
    done(&engine, sign_with(&engine, sealing, "centre"));
    let found = document(&engine, id);
    let signers_of: Vec<&str> = found.signatures.iter().map(|s| &*s.signer).collect();
    assert_eq!(signers_of, ["head", "centre"]);
    let report = check_journal(&**engine.journal(), Some(&signers()), &Keyring::default());
    let report = report.unwrap();
    assert!(report.is_whole() && report.signed == 2, "{report:?}");
}

#[test]
fn a_batch_is_signed_for_the_version_that_its_own_steps_lead_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_signed(folder.path(), true, options());
    let mut entry = pay(&engine, 100);
    let Action::Enter(enter) = &mut entry.action else {
        panic!("a payment is entered");
    };
    enter.transition = None;
    enter.fields.clear();
    let id = done(&engine, entry).document;
    // Submitted, withdrawn and submitted again: the same state, two versions on.
    let clerk = person(&catalog(&engine), "clerk", &["agency_clerk"]);
    let matches = || vec![flag(&engine, "payee_match", Value::Flag(true))];
    let submit = || act(&clerk, id, "submit", matches());
    let first = sign_with(&engine, submit(), "clerk");
    let back = act(&clerk, id, "withdraw", vec![]);
    let again = |ahead| signed_ahead(&engine, submit(), ("submit", "clerk"), (ahead, &matches()));

    // A signature of the version before the batch is none of the version that the step finds.
    let batch = [first.clone(), back.clone(), again(0)];
    let error = engine.submit_atomic(&batch).unwrap_err();
    assert_eq!(error.index, 2);
    assert_eq!(error.error, SubmitError::Signature(SignatureFault::Unfit));
    assert_eq!(document(&engine, id).version, 1, "nothing was taken");

    let batch = [first, back, again(2)];
    let outcome = engine.submit_atomic(&batch).unwrap();
    let BatchOutcome::Done(tickets) = outcome else {
        panic!("{outcome:?}");
    };
    engine.watermark().wait_blocking(tickets[2].seq.0).unwrap();
    let found = document(&engine, id);
    assert_eq!((found.version, found.signatures.len()), (4, 2));
    let report = check_journal(&**engine.journal(), Some(&signers()), &Keyring::default());
    assert!(report.unwrap().is_whole());
}

/// The review and the approval of a virement from the tests' agency to another one, which stands submitted. Only the
/// approval touches the other's rows, and only once the review was taken.
fn virement(engine: &Engine) -> [Command; 2] {
    let catalog = catalog(engine);
    opened(engine, 1, 1_000_000, 0);
    let asking = person(&catalog, "asking", &["dept_reviewer"]);
    let mut moved = line(project(&catalog, AGENCY, 1), 100);
    moved.to = project(&catalog, "420106000000000000002", 2);
    moved.month = None;
    let (kind, step) = ("project_virement", Some("submit"));
    let entry = enter(&catalog, &asking, kind, step, AGENCY, vec![moved]);
    let id = done(engine, entry).document;
    let reviewer = person(&catalog, "reviewer", &["dept_reviewer"]);
    let office = person(&catalog, "centre", &["business_office"]);
    [
        act(&reviewer, id, "review", vec![]),
        act(&office, id, "approve", vec![]),
    ]
}

#[test]
fn a_batch_may_touch_what_only_its_own_steps_show() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let outcome = engine.submit_atomic(&virement(&engine)).unwrap();
    assert!(
        matches!(&outcome, BatchOutcome::Done(tickets) if tickets.len() == 2),
        "{outcome:?}"
    );
}

#[test]
fn a_signature_that_does_not_fit_is_its_own_commands_when_locks_were_wanting() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = sources();
    let path = "documents/project_virement.toml";
    let step = "zh = \"批复\"\n";
    let text = sources.get(path).unwrap().to_owned();
    assert_eq!(text.matches(step).count(), 1);
    sources.insert(
        path,
        text.replace(step, &format!("{step}signature = true\n")),
    );
    let journal = open_journal(folder.path().to_str().unwrap(), &settings()).unwrap();
    let engine = Engine::open(journal, &sources, options()).unwrap();
    let mut batch = virement(&engine);
    let key = &KEYS["centre"];
    asked(&mut batch[1]).signature = Some(Presented {
        key: key.public_key().fingerprint().into(),
        algorithm: None,
        value: key.sign(b"something else").unwrap().into(),
    });
    let error = engine.submit_atomic(&batch).unwrap_err();
    assert_eq!(error.error, SubmitError::Signature(SignatureFault::Unfit));
    assert_eq!(error.index, 1, "the review is not signed at all");
}

#[test]
fn who_may_not_see_a_field_cannot_try_signatures_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open_journal(folder.path().to_str().unwrap(), &settings()).unwrap();
    let mut sources = signed_sources(false);
    let path = "documents/payment.toml";
    let text = sources.get(path).unwrap();
    let text = text.replace(
        "\"payment_centre\", \"agent_bank\", \"auditor\"]",
        "\"auditor\"]",
    );
    sources.insert(path, text);
    let engine = Engine::open(journal, &sources, options()).unwrap();
    opened(&engine, 1, 1_000_000, 1_000_000);
    let id = signed_with_account(&engine);
    // The very signature that would fit, were it the centre's to see: no answer tells that it does.
    let guess = sealed_ahead(&engine, id, 0);
    let refused = engine.submit(guess).unwrap_err();
    assert_eq!(refused, SubmitError::Denied(Denied::Role));
}

/// The sealing of a document that is signed so many versions ahead.
fn sealed_ahead(engine: &Engine, id: DocumentId, ahead: u32) -> Command {
    let mut fields = asked(&mut signing(engine, id)).fields.clone();
    let command = sealing(engine, id);
    overlay(&mut fields, &asked(&mut command.clone()).fields);
    signed_ahead(engine, command, ("seal", "centre"), (ahead, &fields))
}

/// A step that `signer` signs as earlier steps of its batch will leave its document: so many versions on, and with these
/// fields over its own.
fn signed_ahead(
    engine: &Engine,
    mut command: Command,
    (name, signer): (&str, &str),
    (ahead, over): (u32, &[Field]),
) -> Command {
    let id = asked(&mut command).document;
    let found = document(engine, id);
    let (catalog_version, catalog) = engine.catalogs().current();
    let kind = catalog.type_named("payment").unwrap();
    let mut steps = kind.transitions.iter();
    let step = steps.find(|step| step.name == name).unwrap();
    let mut fields = found.entry.fields.clone();
    overlay(&mut fields, over);
    let form = bytes(&Subject {
        cell: &engine.cell_name(),
        catalog,
        catalog_version,
        kind,
        document: id,
        number: found.entry.number,
        version: found.version + ahead,
        state: step.kernel.from,
        step,
        signer,
        division: found.entry.division,
        year: found.entry.year,
        agency: &found.entry.agency,
        creator: &found.creator,
        links: &found.entry.links,
        fields: &fields,
        lines: &found.entry.lines,
    });
    let key = &KEYS[signer];
    asked(&mut command).signature = Some(Presented {
        key: key.public_key().fingerprint().into(),
        algorithm: None,
        value: key.sign(&form).unwrap().into(),
    });
    command
}
