//! Every kind of mistake: data in, file and line and message out.
//!
//! A case changes one place of the shipped `config/` and names the line that must be reported.

use super::config::sources;
use crate::catalog::check::check;
use crate::catalog::error::Mistake;
use crate::catalog::sources::Sources;

/// File, what is replaced, by what, part of the line reported, part of the message.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const PAYMENT: &str = "documents/payment.toml";
const FIRST_GUARD: &str = "[[transitions.guards]]
cel = \"doc.alerts_blocking == 0\"
zh = \"不得有未解除的灰色、红色预警\"
en = \"no grey or red alert is open\"";
const REDUCTION: &str = "documents/indicator_reduction.toml";

#[rustfmt::skip]
const NAMES: &[Case] = &[
    ("roles.toml", "zh = \"审计\"", "zh = \"审计\"\ncolour = 3", "colour", "unknown key `colour`"),
    ("roles.toml", "bit = 1\n", "bit = 0\n", "[[roles]]", "is there twice"),
    ("roles.toml", "bit = 29", "bit = 64", "[[roles]]", "not below 64"),
    ("roles.toml", "zh = \"审计\"", "zh = 3", "zh = 3", "a string is wanted here"),
    ("roles.toml", "zh = \"审计\"", "zh = \"审计", "审计", ""),
    ("roles.toml", "reads = [\"summary\"]", "reads = [\"sums\"]", "sums", "not one of: documents, quotas, work, summary, events"),
    ("roles.toml", "types = [\"payment\"]", "types = [\"payments\"]", "[[roles]]", "no document type `payments`"),
    ("dimensions.toml", "id = 2\n", "id = 1\n", "[[dimensions]]", "is there twice"),
    ("dimensions.toml", "id = 2\n", "id = 32\n", "[[dimensions]]", "not below 32"),
    ("dimensions.toml", "digits = 3\n", "digits = 3\ntext = 4\n", "[[dimensions]]", "either `digits` or `text`"),
    ("dimensions.toml", "digits = 3\n", "digits = 41\n", "[[dimensions]]", "1 to 40 bytes"),
    ("dimensions.toml", "class = \"function\"", "class = \"colour\"", "colour", "no class list `classes/colour.csv`"),
    ("dimensions.toml", "6 = \"单位资金\"", "66 = \"单位资金\"", "66", "is not 1 digits"),
    ("ledgers.toml", "id = 2\n", "id = 1\n", "[[ledgers]]", "is there twice"),
    ("ledgers.toml", "\"exp_func?\"", "\"function?\"", "function?", "no dimension `function`"),
    ("ledgers.toml", "\"fund_type\", \"source_type\"", "\"agency_code?\", \"source_type\"", "agency_code?", "stands first and is required"),
    ("ledgers.toml", "kind = \"account\"", "kind = \"other\"", "other", "not one of: quota, account"),
    ("ledgers.toml", "kind = \"account\"", "kind = \"account\"\nresource = true", "[[ledgers]]", "holds no quota"),
    ("divisions.csv", "420102000,420100000,3", "420102000,420199000,3", "420102000", "parent 420199000 is not there"),
    ("divisions.csv", "420102000,420100000,3", "420102000,,3", "420102000", "has no parent"),
    ("divisions.csv", "420102000,420100000,3", "42010200,420100000,3", "42010200", "is not nine digits"),
    ("divisions.csv", "420102000,420100000,3", "420102000,420100000,2", "420102000", "not above level 2"),
    ("divisions.csv", "420102000,420100000,3", "420100000,420000000,2", "江岸区", "is there twice"),
    ("divisions.csv", "谷城县,county,,420000000", "谷城县,county,,420100000", "谷城县", "can't pay it"),
    ("divisions.csv", "谷城县,county,,420000000", "谷城县,county,,42", "谷城县", "is not nine digits"),
    ("params.toml", "2025 = \"closing\"", "2025 = \"close\"", "2025", "not one of: open, closing, closed"),
    ("params.toml", "2025 = \"closing\"", "25 = \"closing\"", "25", "is no fiscal year"),
    ("classes/function.csv", "20101,2,201,", "20101,2,999,", "人大事务", "parent class 999 is not there"),
    ("classes/function.csv", "20101,2,201,", "201,1,,", "人大事务", "is there twice"),
    ("classes/function.csv", "parent_code", "parent", "parent", "column `parent_code` is missing"),
];

#[rustfmt::skip]
const STEPS: &[Case] = &[
    (PAYMENT, "up_to = \"10000000.00\"", "up_to = \"10000000\"", "up_to", "an amount of more than 0"),
    (PAYMENT, "up_to = \"10000000.00\"", "", "[[transitions.limits]]", "`up_to`, `above`, or both"),
    (PAYMENT, "role = \"agency_head\"", "role = \"auditor\"", "[[transitions.limits]]", "not one of the step's `roles`"),
    (PAYMENT, "role = \"agency_head\"", "role = \"dept_reviewer\"", "[[transitions.limits]]", "has a limit already"),
    (PAYMENT, "up_to = \"10000000.00\"", "up_to = \"5.00\"\nabove = \"5.00\"", "[[transitions.limits]]", "could never take the step"),
    (PAYMENT, "zh = \"签章\"\n", "zh = \"签章\"\nsignature = []\n", "signature", "is true, or a list of what is taken"),
    (PAYMENT, "zh = \"签章\"\n", "zh = \"签章\"\nsignature = [\"rsa\"]\n", "signature", "not one of: sm2, ed25519"),
    (PAYMENT, "zh = \"签章\"\n", "zh = \"签章\"\nsignature = \"sm2\"\n", "signature", "a list is wanted here"),
    (PAYMENT, "initial = \"draft\"", "initial = \"drafted\"", "initial", "no state `drafted`"),
    (PAYMENT, "series = \"PAY\"", "series = \"pay\"", "series", "capital letters"),
    (PAYMENT, "id = 17\n", "id = 16\n", "", "must be this type's own"),
    (PAYMENT, "from = \"draft\"", "from = \"paid\"", "submitted = ", "state `submitted` can't be reached"),
    (PAYMENT, "[effects]", "[[transitions]]\nname = \"again\"\nzh = \"再\"\nfrom = \"paid\"\nto = \"paid\"\nroles = [\"system\"]\n[effects]", "", "no state is an end"),
    (PAYMENT, "[effects]", "[[transitions]]\nname = \"drop\"\nzh = \"弃\"\nfrom = \"draft\"\nto = \"lost\"\nroles = [\"system\"]\n[states2]\n[effects]", "lost", "there is no state `lost`"),
    ("documents/row_thaw.toml", "freed = \"已解冻\"", "freed = \"已解冻\"\nlost = \"丢失\"\n[[transitions]]\nname = \"drop\"\nzh = \"弃\"\nfrom = \"new\"\nto = \"lost\"\nroles = [\"system\"]", "", "there must be one end, not 2: freed, lost"),
    (PAYMENT, "paid = \"已支付\"", "paid = \"已支付\"\nlost = \"丢失\"", "lost", "state `lost` can't be reached"),
    (PAYMENT, "to = \"paid\"\nphase = \"final\"", "to = \"paid\"", "paid = ", "is an end and leaves rows reserved"),
    (PAYMENT, "to = \"paid\"\nphase = \"final\"", "to = \"draft\"\nphase = \"release\"", "paid = ", "can't be reached"),
    (PAYMENT, "to = \"submitted\"\nphase = \"reserve\"", "to = \"submitted\"", "[[transitions]]", "`final` without `reserve`"),
    (PAYMENT, "to = \"submitted\"\nphase = \"reserve\"", "to = \"submitted\"\nphase = \"now\"", "[[transitions]]", "`release` without `reserve`"),
    (PAYMENT, "to = \"agency_reviewed\"\n", "to = \"agency_reviewed\"\nphase = \"reserve\"\n", "[[transitions]]", "reserve a second time"),
    (PAYMENT, "to = \"draft\"\nphase = \"release\"", "to = \"draft\"", "[[transitions]]", "both with nothing reserved and with rows reserved"),
    (PAYMENT, "roles = [\"agent_bank\"]", "roles = [\"bank\"]", "bank", "no role `bank`"),
    (PAYMENT, "roles = [\"agent_bank\"]", "roles = []", "[[transitions]]", "nobody may take this step"),
    (PAYMENT, "creator_only = true", "creator_only = true\nnot_creator = true", "[[transitions]]", "nobody could take this step"),
    (PAYMENT, "name = \"sign\"", "name = \"reject\"", "[[transitions]]", "is there twice"),
    (PAYMENT, "asks = [\"order_no\"]", "asks = [\"order\"]", "order", "no head field `order`"),
    (PAYMENT, "affirm = [\"bank_reachable\"]", "affirm = [\"payee\"]", "payee", "is no flag"),
    (PAYMENT, "kind = \"flag\"", "kind = \"flags\"", "flags", "is not one of: text, amount"),
    (PAYMENT, "[fields.payee]\nid = 4", "[fields.payee]\nid = 5", "fields.payee", "field id 5 is there twice"),
    (PAYMENT, "[fields.payee]", "[fields.amount]", "fields.amount", "already means something"),
    (PAYMENT, "month = \"required\"\nto = true", "month = \"required\"\nto = true\nmax = 5000", "[lines]", "1 to 1024 lines"),
    ("documents/quick_virement.toml", "phase = \"now\"", "phase = \"none\"", "", "no step is `final` or `now`"),
    ("documents/special_transfer_issue.toml", "type = \"transfer_receipt\"", "type = \"receipt\"", "[[spawns]]", "no document type `receipt`"),
    ("documents/special_transfer_issue.toml", "on = \"issue\"", "on = \"issued\"", "issued", "no step `issued`"),
    ("documents/special_transfer_issue.toml", "upper_no = ", "upper_number = ", "[[spawns]]", "no head field `upper_number`"),
];

#[rustfmt::skip]
const EFFECTS: &[Case] = &[
    (PAYMENT, "{ grant = \"PAY\" }", "{ give = \"PAY\" }", "give", "unknown key `give`"),
    (PAYMENT, "{ grant = \"PAY\" }", "{ grant = \"CLR\" }", "CLR", "no row `CLR`"),
    (PAYMENT, "rows.IND = {}", "rows.IND = {}\nrows.XYZ = {}", "XYZ", "no ledger `XYZ`"),
    (PAYMENT, "rows.IND = {}", "rows.IND = {}\nrows.FRZ = {}", "FRZ", "row `FRZ` is not used"),
    (PAYMENT, "{ consume = \"PLN\" }", "{ consume = \"CPL\" }", "CPL", "is an account"),
    (PAYMENT, "month = \"required\"\nto = true", "month = \"optional\"\nto = true", "moves", "planned by month"),
    (PAYMENT, "month = \"required\"\nto = true", "month = \"required\"", "rows.PAY", "no second set of dimensions"),
    (PAYMENT, "{ grant = \"PAY\" }", "{ grant = \"PAY\", amount = \"payee\" }", "payee", "no line field `payee`"),
    (PAYMENT, "    { debit = \"CPL\", credit = \"PLN\" },\n", "", "rows.CPL", "row `CPL` is not used"),
    (PAYMENT, "{ debit = \"CPL\", credit = \"PLN\" }", "{ debit = \"PLN\", credit = \"CPL\" }", "rows.PLN", "postings do not follow its moves"),
    (REDUCTION, "{ restore = \"OFF\" }", "{ cut = \"OFF\" }", "rows.OFF", "postings do not follow its moves"),
    (PAYMENT, "rows.CPG = { when = [\"to.contract_no\"] }", "rows.CPG = {}", "CPG", "under different conditions"),
    (PAYMENT, "rows.CPL = {}", "rows.CPL = { years_later = 1 }", "CPL", "different divisions or years"),
    (PAYMENT, "rows.CPL = {}", "rows.CPL = { division = \"parent\" }", "CPL", "different divisions or years"),
    (PAYMENT, "rows.CPL = {}", "rows.CPL = { division = \"up\" }", "up", "no dimension `up`"),
    (PAYMENT, "rows.CPL = {}", "rows.CPL = { set = { to_div = \"420000000\" } }", "CPL", "CPL has no dimension `to_div`"),
    (PAYMENT, "rows.CPL = {}", "rows.CPL = { set = { fund_type = \"7\" } }", "CPL", "`7` is no fund_type"),
    (PAYMENT, "rows.CPL = {}", "rows.CPL = { set = { fund_type = \"\" } }", "CPL", "can't be without `fund_type`"),
    ("documents/quick_virement.toml", "rows.to = { ledger = \"IND\", bag = \"to\" }", "rows.to = { ledger = \"IND\" }", "postings", "are one row"),
    ("documents/transfer_receipt.toml", "{ field = \"pool\", is = \"OFF\" }", "{ field = \"pool\", is = \"DEP\" }", "DEP", "none of its words: OFF, TOT"),
];

#[rustfmt::skip]
const GUARDS: &[Case] = &[
    (PAYMENT, "doc.alerts_blocking == 0", "doc.alerts == 0", "alerts == 0", "no field `alerts`"),
    (PAYMENT, "doc.alerts_blocking == 0", "document.x == 0", "document.x", "there is no `document`"),
    (PAYMENT, "doc.alerts_blocking == 0", "doc.alerts_blocking == 'none'", "none", "does not take a number with a text"),
    (PAYMENT, "doc.alerts_blocking == 0", "doc.alerts_blocking", "cel", "does not give yes or no"),
    (PAYMENT, "doc.alerts_blocking == 0", "doc.alerts_blocking ==", "cel", ""),
    (PAYMENT, "zh = \"不得有未解除的灰色、红色预警\"\n", "", "[[transitions.guards]]", "`zh` is missing"),
    (PAYMENT, "en = \"no grey or red alert is open\"", "en = \"\"", "en = \"\"", "may not be empty"),
    (PAYMENT, FIRST_GUARD, "guards = [\"doc.amount > 0\"]", "guards = [", "a table is wanted here"),
    (PAYMENT, "doc.alerts_blocking == 0", "blocked(doc)", "blocked", "no function `blocked`"),
    (PAYMENT, "doc.alerts_blocking == 0", "lines.all(l, l.colour == '')", "colour", "no field `colour`"),
    (PAYMENT, "doc.alerts_blocking == 0", "lines.all(l, l.amount)", "l.amount", "does not take"),
    (PAYMENT, "doc.alerts_blocking == 0", "doc.amount < param.ceiling", "ceiling", "no field `ceiling`"),
    (PAYMENT, "doc.alerts_blocking == 0", "period(doc.division) == 'open'", "period", "does not take a text with a number"),
];

#[rustfmt::skip]
const SENSITIVE: &[Case] = &[
    (PAYMENT, "sensitive = \"bank\"", "sensitive = \"money\"", "money", "not one of: bank, personal, identity, phone"),
    (PAYMENT, "sensitive = \"bank\"", "sensitive = true", "sensitive", "a string is wanted"),
    (PAYMENT, "sensitive = \"bank\"\n", "", "[fields.payee_account]", "only a sensitive field has `seen_by`"),
    (PAYMENT, "sensitive = \"bank\"\nseen_by = [\"agency_clerk\"", "sensitive = \"bank\"\nseen_by = [\"clerk\"", "seen_by", "no role `clerk`"),
    (PAYMENT, "zh = \"退回原因\"", "zh = \"退回原因\"\nsensitive = \"personal\"", "[fields.reason]", "nobody would ever see this field"),
    ("documents/transfer_receipt.toml", "zh = \"业务处室\"", "zh = \"业务处室\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]", "", "`office` is sensitive and has a say in rows"),
    ("documents/transfer_receipt.toml", "zh = \"进入\"", "zh = \"进入\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]", "", "`pool` is sensitive and has a say in rows"),
    ("documents/surplus_recovery.toml", "zh = \"其中可采购\"", "zh = \"其中可采购\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]", "", "`procurable` is sensitive and has a say in rows"),
    ("documents/special_transfer_issue.toml", "zh = \"文号\"", "zh = \"文号\"\nsensitive = \"personal\"\nseen_by = [\"auditor\"]", "[[spawns]]", "takes a sensitive value and is not marked so"),
];

fn changed(case: &Case) -> Sources {
    let (path, old, new, ..) = *case;
    let mut sources = sources();
    let text = sources.get(path).expect(path).to_owned();
    assert!(text.contains(old), "{path} does not contain {old:?}");
    sources.insert(path, text.replacen(old, new, 1));
    sources
}

fn line_text<'a>(sources: &'a Sources, mistake: &Mistake) -> &'a str {
    let text = sources.get(&mistake.file).unwrap_or("");
    text.lines().nth(mistake.line as usize - 1).unwrap_or("")
}

fn is_found(case: &Case) -> Result<(), String> {
    let (path, _, new, line, message) = *case;
    let sources = changed(case);
    let Err(mistakes) = check(&sources) else {
        return Err(format!("{path}: {new:?} was let through"));
    };
    let hit = |found: &Mistake| {
        found.file == path
            && found.message.contains(message)
            && line_text(&sources, found).contains(line)
    };
    if mistakes.iter().any(hit) {
        return Ok(());
    }
    let all: Vec<_> = mistakes
        .iter()
        .map(|found| format!("  {found}\n    on: {}", line_text(&sources, found)))
        .collect();
    Err(format!(
        "{path}: {new:?} was reported as\n{}",
        all.join("\n")
    ))
}

#[test]
fn each_mistake_is_reported_with_its_file_and_line() {
    let cases = [NAMES, STEPS, EFFECTS, GUARDS, SENSITIVE].concat();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| is_found(case).err())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() > 60, "{}", cases.len());
}

#[test]
fn every_mistake_is_listed_and_not_only_the_first() {
    let mut sources = sources();
    for (path, old, new, ..) in [&GUARDS[0], &EFFECTS[2], &NAMES[0], &NAMES[16]] {
        let text = sources.get(path).expect(path).replacen(old, new, 1);
        sources.insert(*path, text);
    }
    sources.remove("params.toml");
    let mistakes = check(&sources).expect_err("five mistakes");
    for (path, message) in [
        (PAYMENT, "no field `alerts`"),
        (PAYMENT, "no ledger `XYZ`"),
        ("roles.toml", "unknown key `colour`"),
        ("ledgers.toml", "not one of: quota, account"),
        ("params.toml", "this file is missing"),
    ] {
        let there = mistakes
            .iter()
            .any(|found| found.file == path && found.message.contains(message));
        assert!(there, "{path}: {message} is not in {mistakes:?}");
    }
    assert!(mistakes.is_sorted());
}

#[test]
fn nothing_at_all_is_five_missing_files_and_no_panic() {
    let mistakes = check(&Sources::new()).expect_err("nothing is there");
    assert_eq!(mistakes.len(), 5, "{mistakes:?}");
}

#[test]
fn cutting_a_file_anywhere_never_panics() {
    let text = sources().get(PAYMENT).expect("there").to_owned();
    let mut refused = 0;
    for (at, _) in text.char_indices().step_by(97) {
        let mut sources = sources();
        sources.insert(PAYMENT, &text[..at]);
        refused += usize::from(check(&sources).is_err());
    }
    assert!(refused > 20, "{refused}");
}

/// A generator that needs no seed from outside: the same damage every time.
fn next(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn damage_anywhere_is_reported_or_harmless_and_never_a_panic() {
    let whole = sources();
    let folders = ["", "documents"];
    let files: Vec<(String, String)> = folders
        .iter()
        .flat_map(|folder| whole.in_folder(folder))
        .filter(|(path, _)| path.ends_with(".toml"))
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    let mut state = 20_261_123;
    for _ in 0..150 {
        let (path, text) = &files[next(&mut state) % files.len()];
        let mut lines: Vec<&str> = text.lines().collect();
        let at = next(&mut state) % lines.len();
        match next(&mut state) % 3 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at]),
            _ => lines[at] = lines[next(&mut state) % lines.len()],
        }
        let mut damaged = whole.clone();
        damaged.insert(path.as_str(), lines.join("\n"));
        // The divisions and classes take most of the time and are not what is tried here.
        damaged.insert(
            "divisions.csv",
            "code,parent_code,level,name,kind,note,paid_by\n",
        );
        if let Err(mistakes) = check(&damaged) {
            assert!(
                mistakes.iter().all(|found| !found.message.is_empty()),
                "{mistakes:?}"
            );
        }
    }
}
