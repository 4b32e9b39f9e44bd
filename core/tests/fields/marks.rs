//! What a mark in the catalog does: on lines, to guards, to older documents, to what is written back.

use crate::common::{
    self, act, catalog, dims, done, enter, field, line, of_agency, opened, person, refused,
};
use crate::support::*;
use hubu_core::catalog::sources::Sources;
use hubu_core::engine::Engine;
use hubu_core::engine::command::Action;
use hubu_core::engine::error::{
    EngineError, FieldFault, FormError, LineFault, SubmitError, ValueFault,
};
use hubu_core::fields::error::FieldsError;
use hubu_kernel::document::{Field, Line, Value};
use hubu_kernel::rejection::Rejection;

#[test]
fn a_mark_counts_for_documents_that_were_there_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), &unmarked(), sealed(&[1])).unwrap();
    opened(&engine, 1, 100_000, 60_000);
    let id = done(&engine, payment(&engine, ACCOUNT, 100)).document;
    assert_eq!(
        seen(
            &engine,
            &document(&engine, id),
            "payee_account",
            "budget_office"
        ),
        ACCOUNT
    );
    engine.close();
    drop(engine);
    assert_eq!(
        files_with(folder.path(), ACCOUNT).len(),
        1,
        "as it was asked for then"
    );
    let engine = open(folder.path(), sealed(&[1]));
    let old = || document(&engine, id);
    assert_eq!(
        seen(&engine, &old(), "payee_account", "budget_office"),
        "masked 6222********7654"
    );
    assert_eq!(
        seen(&engine, &old(), "payee_account", "agency_clerk"),
        ACCOUNT
    );
    // What is set from now on is sealed, although the document lives under the catalog before.
    let catalog = catalog(&engine);
    let reviewer = person(&catalog, "reviewer", &["agency_reviewer"]);
    let reason = vec![field(
        &catalog,
        "payment",
        "reason",
        Value::Text("again".into()),
    )];
    done(&engine, act(&reviewer, id, "reject", reason));
    let clerk = person(&catalog, "clerk", &["agency_clerk"]);
    let matches = field(&catalog, "payment", "payee_match", Value::Flag(true));
    let account = field(
        &catalog,
        "payment",
        "payee_account",
        Value::Text("6222111122223333444".into()),
    );
    done(&engine, act(&clerk, id, "submit", vec![account, matches]));
    assert!(matches!(
        old().entry.fields[place_of(&engine, &old(), "payee_account")].value,
        Value::Sealed(_)
    ));
    assert_eq!(
        seen(&engine, &old(), "payee_account", "agency_clerk"),
        "6222111122223333444"
    );
}

fn worker_of(engine: &Engine, number: &str) -> Vec<Field> {
    let number = Value::Text(number.into());
    vec![field(&catalog(engine), "payment", "worker", number)]
}

#[test]
fn a_mask_is_not_written_over_a_value_from_before_the_mark() {
    let folder = tempfile::tempdir().unwrap();
    let before = without_marks(with_worker(), "documents/payment.toml");
    let engine = open_with(folder.path(), &before, sealed(&[1])).unwrap();
    opened(&engine, 1, 100_000, 60_000);
    let mut command = payment(&engine, ACCOUNT, 100);
    lines_of(&mut command)[0].fields = worker_of(&engine, "420106199001011234");
    let id = done(&engine, command).document;
    engine.close();
    drop(engine);
    let engine = open_with(folder.path(), &with_worker(), sealed(&[1])).unwrap();
    let catalog = catalog(&engine);
    let text = |name, text: &str| field(&catalog, "payment", name, Value::Text(text.into()));
    let reviewer = person(&catalog, "reviewer", &["agency_reviewer"]);
    let reason = vec![text("reason", "again")];
    done(&engine, act(&reviewer, id, "reject", reason));
    let clerk = person(&catalog, "clerk", &["agency_clerk"]);
    let matches = || field(&catalog, "payment", "payee_match", Value::Flag(true));
    let submit = |fields: Vec<Field>, lines: Option<Vec<Line>>| {
        let mut command = act(&clerk, id, "submit", fields);
        if let Action::Act(act) = &mut command.action {
            act.lines = lines;
        }
        engine.submit(command)
    };
    let masked = |field: &str| FieldFault::Value {
        field: field.to_owned(),
        fault: ValueFault::Masked,
    };
    let account = vec![text("payee_account", "6222********7654"), matches()];
    assert_eq!(
        submit(account, None).unwrap_err(),
        SubmitError::Form(FormError::Field(masked("payee_account")))
    );
    let mut lines = document(&engine, id).entry.lines;
    lines[0].fields = worker_of(&engine, "420********");
    let fault = LineFault::Field(masked("worker"));
    assert_eq!(
        submit(vec![matches()], Some(lines)).unwrap_err(),
        SubmitError::Form(FormError::AtLine { line: 1, fault })
    );
    // Stars in a field without a mark are nobody's mask.
    assert!(submit(vec![text("purpose", "**"), matches()], None).is_ok());
    let old = document(&engine, id);
    assert_eq!(
        seen(&engine, &old, "payee_account", "agency_clerk"),
        ACCOUNT
    );
}

/// Why this catalog may not follow those in use.
fn refused_succession(folder: &std::path::Path, sources: &Sources) -> String {
    match open_with(folder, sources, sealed(&[1])) {
        Err(EngineError::Succession(why)) => why,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("let through"),
    }
}

#[test]
fn a_field_that_had_a_say_in_rows_two_versions_ago_can_not_become_sensitive() {
    let folder = tempfile::tempdir().unwrap();
    let file = "documents/transfer_receipt.toml";
    let between = changed(file, ", office = { field = \"office\" }", "");
    let mut after = between.clone();
    let marked = after.get(file).unwrap().replace(
        "zh = \"业务处室\"",
        "zh = \"业务处室\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]",
    );
    after.insert(file, marked);
    for sources in [&common::sources(), &between] {
        open_with(folder.path(), sources, sealed(&[1]))
            .unwrap()
            .close();
    }
    let why = refused_succession(folder.path(), &after);
    assert!(why.contains("can't become sensitive"), "{why}");
    // Where documents never chose rows by it, the same mark is let through.
    let other = tempfile::tempdir().unwrap();
    for sources in [&between, &after] {
        open_with(other.path(), sources, sealed(&[1]))
            .unwrap()
            .close();
    }
}

#[test]
fn a_field_that_older_documents_carry_along_is_marked_with_the_one_that_takes_it() {
    let (ours, theirs) = ("documents/notice.toml", "documents/notice_copy.toml");
    let before = without_marks(without_marks(with_notices(), ours), theirs);
    // It carries nothing along any more; documents under the catalog before do.
    let mut after = without_marks(with_notices(), theirs);
    let text = after.get(ours).unwrap().to_owned();
    let along = "fields = { who = \"payee\" }";
    assert!(text.contains(along));
    after.insert(ours, text.replace(along, ""));
    let folder = tempfile::tempdir().unwrap();
    open_with(folder.path(), &before, sealed(&[1]))
        .unwrap()
        .close();
    let why = refused_succession(folder.path(), &after);
    assert!(why.contains("`payee` of `notice` goes along"), "{why}");
    // Both marked: let through.
    open_with(folder.path(), &with_notices(), sealed(&[1]))
        .unwrap()
        .close();
}

#[test]
fn a_field_that_had_a_say_in_rows_can_not_become_sensitive() {
    let folder = tempfile::tempdir().unwrap();
    let before = changed(
        "documents/transfer_receipt.toml",
        "zh = \"业务处室\"",
        "zh = \"业务处室\"",
    );
    open_with(folder.path(), &before, sealed(&[1]))
        .unwrap()
        .close();
    let mut after = common::sources();
    let text = after.get("documents/transfer_receipt.toml").unwrap();
    let text = text
        .replace(
            "zh = \"业务处室\"",
            "zh = \"业务处室\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]",
        )
        .replace(", office = { field = \"office\" }", "");
    after.insert("documents/transfer_receipt.toml", text);
    let Err(error) = open_with(folder.path(), &after, sealed(&[1])) else {
        panic!("let through");
    };
    assert!(matches!(error, EngineError::Succession(_)), "{error}");
    assert!(
        error.to_string().contains("can't become sensitive"),
        "{error}"
    );
}

#[test]
fn sensitive_values_of_lines_are_sealed_edited_and_looked_at_by_guards() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), &with_worker(), sealed(&[1])).unwrap();
    opened(&engine, 1, 100_000, 60_000);
    let worker = |number: &str| {
        vec![field(
            &catalog(&engine),
            "payment",
            "worker",
            Value::Text(number.into()),
        )]
    };
    let mut command = payment(&engine, ACCOUNT, 100);
    lines_of(&mut command)[0].fields = worker("420106199001011234");
    let mut second = lines_of(&mut command)[0].clone();
    second.fields = worker("420106199001015678");
    lines_of(&mut command).push(second);
    let id = done(&engine, command).document;
    let shown = |role: &str| {
        let document = document(&engine, id);
        let lines = document.entry.lines.iter().zip(1..);
        lines
            .map(|(l, n)| show(&engine, &document, n, &l.fields[0], role))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        shown("agency_clerk"),
        ["420106199001011234", "420106199001015678"]
    );
    assert_eq!(
        shown("budget_office"),
        ["masked 420********", "masked 420********"]
    );
    // The guards of `review` read the payee and the workers, who stand there as ciphertext.
    let catalog = catalog(&engine);
    let reviewer = person(&catalog, "reviewer", &["agency_reviewer"]);
    let alerts = || vec![field(&catalog, "payment", "alerts_blocking", Value::Int(0))];
    engine.set_fields(sealed(&[2]));
    let error = engine
        .submit(act(&reviewer, id, "review", alerts()))
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::Fields(FieldsError::KeyMissing { .. })),
        "{error}"
    );
    engine.set_fields(sealed(&[1, 2]));
    done(&engine, act(&reviewer, id, "review", alerts()));
    // Sent back, and edited: new lines, under the new key.
    let head = of_agency(&catalog, "head", &["agency_head"]);
    let reason = vec![field(
        &catalog,
        "payment",
        "reason",
        Value::Text("again".into()),
    )];
    done(&engine, act(&head, id, "reject", reason));
    let clerk = person(&catalog, "clerk", &["agency_clerk"]);
    let matches = field(&catalog, "payment", "payee_match", Value::Flag(true));
    let mut edit = act(&clerk, id, "submit", vec![matches]);
    if let Action::Act(act) = &mut edit.action {
        let mut lines = document(&engine, id).entry.lines;
        lines.truncate(1);
        lines[0].fields = worker("wrong");
        act.lines = Some(lines);
    }
    done(&engine, edit);
    assert_eq!(shown("agency_clerk"), ["wrong"]);
    let refusal = refused(&engine, act(&reviewer, id, "review", alerts()));
    assert!(
        matches!(refusal.rejection, Rejection::GuardFailed { .. }),
        "{refusal:?}"
    );
    engine.close();
    drop(engine);
    for marker in [ACCOUNT, "420106199001011234", "420106199001015678"] {
        assert_eq!(files_with(folder.path(), marker), Vec::<String>::new());
    }
}

#[test]
fn a_value_read_masked_is_not_written_back_and_ciphertext_is_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), sealed(&[1]));
    opened(&engine, 1, 100_000, 60_000);
    for (value, fault) in [
        (Value::Text("6222********7654".into()), ValueFault::Masked),
        (
            Value::Text("** encrypted, key 01020304 is not here".into()),
            ValueFault::Masked,
        ),
        (Value::Sealed([1; 64].into()), ValueFault::Kind),
    ] {
        let mut command = payment(&engine, ACCOUNT, 100);
        *account_of(&engine, &mut command) = value;
        let error = engine.submit(command).unwrap_err();
        let field = "payee_account".to_owned();
        let wanted = FormError::Field(FieldFault::Value { field, fault });
        assert_eq!(error, SubmitError::Form(wanted));
    }
}

#[test]
fn a_value_that_goes_along_into_another_document_is_sealed_for_that_one() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open_with(folder.path(), &with_notices(), sealed(&[1])).unwrap();
    let catalog = catalog(&engine);
    let officer = person(&catalog, "officer", &["budget_office"]);
    let notice = |step| {
        let mut line = line(Vec::new(), 1);
        line.month = None;
        line.to = dims(&catalog, &[("to_div", "420106000")]);
        let mut command = enter(&catalog, &officer, "notice", step, "", vec![line]);
        if let Action::Enter(enter) = &mut command.action {
            enter.fields = vec![field(
                &catalog,
                "notice",
                "payee",
                Value::Text(PAYEE.into()),
            )];
        }
        command
    };
    // In one command, and in two: then the name stands there as ciphertext already.
    let at_once = done(&engine, notice(Some("send")));
    let first = done(&engine, notice(None)).document;
    engine.set_fields(sealed(&[]));
    let error = engine
        .submit(act(&officer, first, "send", Vec::new()))
        .unwrap_err();
    assert!(
        matches!(error, SubmitError::Fields(FieldsError::KeyMissing { .. })),
        "{error}"
    );
    engine.set_fields(sealed(&[1, 2]));
    let later = done(&engine, act(&officer, first, "send", Vec::new()));
    for made in [at_once.spawned[0], later.spawned[0]] {
        let made = document(&engine, made);
        let field = &made.entry.fields[0];
        assert!(matches!(field.value, Value::Sealed(_)));
        assert_eq!(show(&engine, &made, 0, field, "auditor"), PAYEE);
        assert_eq!(
            show(&engine, &made, 0, field, "budget_office"),
            "masked 汪**"
        );
    }
    engine.close();
    drop(engine);
    assert_eq!(files_with(folder.path(), PAYEE), Vec::<String>::new());
}
