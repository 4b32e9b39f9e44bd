//! What a catalog is refused for though every file of it is right: one person alone, and who acts without reading.

use super::config::sources;
use crate::catalog::model::Catalog;
use crate::catalog::rights;

/// What is said when, everywhere in a file, one text stands in place of another.
fn said(path: &str, old: &str, new: &str) -> Vec<String> {
    let mut sources = sources();
    let text = sources.get(path).expect(path).to_owned();
    assert!(text.contains(old), "{old} is not in {path}");
    sources.insert(path, text.replace(old, new));
    let catalog = Catalog::from_sources(&sources).expect("no mistake of form");
    rights::faults(&catalog)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn assert_said(said: &[String], words: &str) {
    assert!(said.len() == 1 && said[0].contains(words), "{said:?}");
}

#[test]
fn one_person_alone_is_found_with_the_way() {
    let found = said("documents/payment.toml", "not_acted = true\n", "");
    assert_said(
        &found,
        "documents/payment.toml:0: one person can move money alone (submit, review, sign, seal, send, receipt)",
    );
    let found = said("documents/pool_to_office.toml", "not_acted = true\n", "");
    assert_said(&found, "(submit, approve)");
}

#[test]
fn a_document_that_nobody_entered_needs_more_than_another_than_its_creator() {
    let path = "documents/transfer_receipt.toml";
    assert_said(
        &said(path, "not_acted = true", "not_creator = true"),
        "(check, confirm)",
    );
    assert_eq!(
        said(path, "not_acted = true", "not_previous = true"),
        [""; 0]
    );
}

#[test]
fn what_one_person_may_end_says_why_and_nothing_else_does() {
    let found = said("documents/opening.toml", "single_person = ", "# ");
    assert_said(&found, "one person can move money alone (load)");
    let found = said(
        "documents/payment.toml",
        "initial = \"draft\"",
        "initial = \"draft\"\nsingle_person = \"why not\"",
    );
    assert_said(&found, "no one person can end such a document alone");
}

#[test]
fn who_acts_reads() {
    let types = "types = [\"payment\"]";
    let found = said("roles.toml", types, "types = [\"bank_settlement\"]");
    assert!(found.len() == 2, "receipt and reject: {found:?}");
    assert!(
        found[0].contains("role `agent_bank` may `receipt` it but not read it: `types` lacks \"payment\" in roles.toml"),
        "{found:?}"
    );
    let found = said(
        "roles.toml",
        &format!("reads = [\"documents\", \"quotas\", \"work\"]\n{types}"),
        "",
    );
    assert!(
        found[0].contains("`reads` lacks \"documents\""),
        "{found:?}"
    );
    let found = said("roles.toml", "below = true\n", "");
    let recall = "documents/transfer_recall.toml:0: role `budget_office` may enter one but not read it: `below` is not true";
    assert!(
        found.iter().any(|fault| fault.starts_with(recall)),
        "{found:?}"
    );
}
