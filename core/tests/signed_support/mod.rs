//! Officials with keys, a catalog whose payments are signed, and payments on their way: what the tests of
//! signed steps share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on ends here"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its part of it"
)]

use crate::common::*;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::{Algorithm, PrivateKey, Signer};
use hubu_core::clock::Clock;
use hubu_core::engine::Engine;
use hubu_core::engine::command::{Act, Action, Command};
use hubu_core::engine::error::SubmitError;
use hubu_core::engine::open::Options;
use hubu_core::engine::read::Found;
use hubu_core::journal::open_journal;
use hubu_core::signing::register::{Holder, Register, Signers};
use hubu_core::signing::{Presented, SignatureFault};
use hubu_kernel::document::{Document, Field, Value};
use hubu_kernel::ident::DocumentId;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// 2026-03-02, the day on which these tests happen, since 1970-01-01.
pub const TODAY: i32 = 20_514;

/// People and their keys; the same for all tests.
pub static KEYS: LazyLock<HashMap<&'static str, PrivateKey>> = LazyLock::new(|| {
    let made = |name, algorithm| (name, PrivateKey::generate(algorithm).unwrap());
    HashMap::from([
        made("head", Algorithm::Ed25519),
        made("centre", Algorithm::Sm2),
        made("other", Algorithm::Sm2),
        made("late", Algorithm::Sm2),
        made("clerk", Algorithm::Sm2),
        made("stranger", Algorithm::Sm2),
    ])
});

/// The catalog where signing demands Ed25519 or SM2 and sealing SM2 alone; submitting demands one where `submit`.
pub fn signed_sources(submit: bool) -> Sources {
    let mut sources = sources();
    let path = "documents/payment.toml";
    let mut text = sources.get(path).unwrap().to_owned();
    for (step, rule) in [
        ("zh = \"签发\"\n", "signature = true\n"),
        ("zh = \"签章\"\n", "signature = [\"sm2\"]\n"),
        (
            "zh = \"送审\"\n",
            if submit { "signature = true\n" } else { "" },
        ),
    ] {
        assert_eq!(text.matches(step).count(), 1, "{step}");
        text = text.replace(step, &format!("{step}{rule}"));
    }
    sources.insert(path, text);
    sources
}

pub fn signers() -> Signers {
    let mut signers = Signers::default();
    for (person, key) in KEYS.iter().filter(|(person, _)| **person != "stranger") {
        let is_late = *person == "late";
        signers
            .add(Holder {
                // The late key is the centre's too, and no longer in force.
                person: (if is_late { "centre" } else { *person }).into(),
                key: key.public_key().clone(),
                from: if is_late { TODAY - 10 } else { TODAY },
                until: is_late.then_some(TODAY - 1),
            })
            .unwrap();
    }
    signers
}

pub fn options() -> Options {
    Options {
        clock: Clock::manual(MARCH_MS),
        signers: Arc::new(Register::fixed(signers())),
        ..Options::default()
    }
}

pub fn open_signed(folder: &Path, submit: bool, options: Options) -> Engine {
    let journal = open_journal(folder.to_str().unwrap(), &settings()).unwrap();
    let engine = Engine::open(journal, &signed_sources(submit), options).unwrap();
    if engine.newest().0 == 2 {
        opened(&engine, 1, 1_000_000, 1_000_000);
    }
    engine
}

pub fn asked(command: &mut Command) -> &mut Act {
    match &mut command.action {
        Action::Act(act) => act,
        Action::Enter(_) => panic!("an entry is not signed"),
    }
}

/// What `key` makes of the step as the document stands.
pub fn presented(engine: &Engine, command: &mut Command, key: &str) -> Presented {
    let actor = Arc::clone(&command.actor);
    let (statement, _) = engine.statement(&actor, asked(command)).unwrap();
    let key = &KEYS[key];
    Presented {
        key: key.public_key().fingerprint().into(),
        algorithm: None,
        value: key.sign(&statement.to_bytes()).unwrap().into(),
    }
}

pub fn sign_with(engine: &Engine, mut command: Command, key: &str) -> Command {
    let signature = presented(engine, &mut command, key);
    asked(&mut command).signature = Some(signature);
    command
}

/// A payment that its agency has reviewed.
pub fn reviewed(engine: &Engine) -> DocumentId {
    review(engine, pay(engine, 100))
}

/// A payment that names an account, which is a sensitive value where there are keys, signed by its agency's head.
pub fn signed_with_account(engine: &Engine) -> DocumentId {
    let mut entry = pay(engine, 100);
    let Action::Enter(enter) = &mut entry.action else {
        panic!("a payment is entered");
    };
    let account = flag(engine, "payee_account", Value::Text("62220001".into()));
    enter.fields.insert(0, account);
    let document = review(engine, entry);
    done(engine, sign_with(engine, signing(engine, document), "head"));
    document
}

/// Enters a payment, which its agency then reviews.
fn review(engine: &Engine, entry: Command) -> DocumentId {
    let document = done(engine, entry).document;
    let open = flag(engine, "alerts_blocking", Value::Int(0));
    let reviewer = person(&catalog(engine), "reviewer", &["agency_reviewer"]);
    done(engine, act(&reviewer, document, "review", vec![open]));
    document
}

pub fn flag(engine: &Engine, name: &str, value: Value) -> Field {
    field(&catalog(engine), "payment", name, value)
}

pub fn signing(engine: &Engine, document: DocumentId) -> Command {
    let head = of_agency(&catalog(engine), "head", &["agency_head"]);
    let unattached = flag(engine, "alerts_unattached", Value::Int(0));
    act(&head, document, "sign", vec![unattached])
}

pub fn sealing(engine: &Engine, document: DocumentId) -> Command {
    let centre = person(&catalog(engine), "centre", &["payment_centre"]);
    let valid = flag(engine, "certificate_valid", Value::Flag(true));
    act(&centre, document, "seal", vec![valid])
}

pub fn signed(engine: &Engine) -> DocumentId {
    let document = reviewed(engine);
    done(engine, sign_with(engine, signing(engine, document), "head"));
    document
}

pub fn document(engine: &Engine, id: DocumentId) -> Arc<Document> {
    match engine.document(id).0 {
        Found::Here(found) => found,
        other => panic!("{other:?}"),
    }
}

pub fn fault(engine: &Engine, command: Command) -> SignatureFault {
    match engine.submit(command) {
        Err(SubmitError::Signature(fault)) => fault,
        other => panic!("{other:?}"),
    }
}
