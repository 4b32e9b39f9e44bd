//! What a new version of the catalog may change, and what it may not.

use super::config::{catalog, sources};
use crate::catalog::check::check;
use crate::catalog::succession::check_succession;

fn follows(path: &str, old: &str, new: &str) -> Result<(), String> {
    let mut changed = sources();
    let text = changed.get(path).expect(path).to_owned();
    assert!(text.contains(old), "{path} does not contain {old:?}");
    changed.insert(path, text.replacen(old, new, 1));
    let new = check(&changed).map_err(|mistakes| format!("{mistakes:?}"))?;
    check_succession(&catalog(), &new).map_err(|error| error.to_string())
}

#[test]
fn words_guards_and_parameters_may_change() {
    follows("ledgers.toml", "总待分指标", "总待分").expect("a name in words");
    follows("params.toml", "intent_days = 30", "intent_days = 20").expect("a parameter");
    follows(
        "documents/payment.toml",
        "doc.alerts_blocking == 0",
        "doc.alerts_blocking <= 1",
    )
    .expect("a guard");
    follows("dimensions.toml", "text = 30", "text = 31").expect("a longer text");
}

#[test]
fn codes_keep_their_meaning() {
    for (path, old, new, wanted) in [
        ("documents/payment.toml", "id = 17\n", "id = 99\n", ""),
        (
            "documents/payment.toml",
            "series = \"PAY\"",
            "series = \"ZF\"",
            "document type 17",
        ),
        (
            "documents/payment.toml",
            "[fields.order_no]\nid = 12\nzh = \"支付令号\"\nkind = \"text\"\nmax = 40\n\n[fields.receipt_amount]\nid = 13",
            "[fields.order_no]\nid = 13\nzh = \"支付令号\"\nkind = \"text\"\nmax = 40\n\n[fields.receipt_amount]\nid = 12",
            "field 12",
        ),
        (
            "ledgers.toml",
            "\"dept\", \"pro_code\", \"contract_no\"",
            "\"pro_code\", \"dept\", \"contract_no\"",
            "ledger 17",
        ),
        (
            "ledgers.toml",
            "\"dept\", \"pro_code\",\n",
            "\"dept\", \"pro_code\", \"fund_type?\",\n",
            "",
        ),
        (
            "dimensions.toml",
            "digits = 3\n",
            "digits = 4\n",
            "dimension 6",
        ),
        ("dimensions.toml", "text = 30", "text = 29", "dimension 13"),
    ] {
        let said = follows(path, old, new);
        if wanted.is_empty() {
            said.expect("a code that is new or a dimension at the end");
        } else {
            assert!(
                said.as_ref().is_err_and(|message| message.contains(wanted)),
                "{path}: {said:?}"
            );
        }
    }
}
