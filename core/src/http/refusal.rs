//! The words for a decision to refuse: the row, what it has, what was asked, in both languages.

use std::collections::BTreeMap;

use hubu_kernel::operation::Fault;
use hubu_kernel::rejection::Rejection;

use super::head::Language;
use super::money::Amount;
use super::problem::Problem;
use crate::catalog::document::DocumentType;
use crate::catalog::model::Catalog;
use crate::engine::answer::Refusal;

/// The problem that stands for a refusal, under the catalog that it was judged by.
pub(super) fn problem(refusal: &Refusal, catalog: &Catalog, language: Language) -> Problem {
    let kind = catalog.document_type(refusal.kind);
    let detail = match refusal.rejection {
        Rejection::Row {
            fault,
            available,
            asked,
            ..
        } => row(
            fault,
            Amount::from(available),
            Amount::from(asked),
            language,
        ),
        _ => step(refusal, kind, language),
    };
    let mut problem = Problem::new(code(refusal.rejection), language, detail);
    problem.seq = Some(refusal.seq.0.to_string());
    problem.document = refusal.document.map(|id| id.0.to_string());
    match refusal.rejection {
        Rejection::Row {
            row,
            available,
            asked,
            ..
        } => {
            problem.row = Some(row.0.to_string());
            problem.available = Some(available.into());
            problem.asked = Some(asked.into());
        }
        Rejection::StaleVersion { actual, .. } => problem.actual = Some(actual.to_string()),
        Rejection::WrongState { state } => {
            problem.actual = kind
                .and_then(|kind| kind.state(state))
                .map(|state| state.name.clone());
        }
        _ => {}
    }
    if let Some(key) = &refusal.row_key {
        name_row(&mut problem, key, catalog);
    }
    problem
}

/// The code that stands for a rejection.
pub(super) fn code(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::Row { fault, .. } => fault_code(fault),
        Rejection::WrongState { .. } => "wrong_state",
        Rejection::StaleVersion { .. } => "stale_version",
        Rejection::CreatorActs => "creator_acts",
        Rejection::PreviousActs => "previous_acts",
        Rejection::ActedBefore => "acted_before",
        Rejection::NotCreator => "not_creator",
        Rejection::FieldMissing { .. } => "field_missing",
        Rejection::GuardFailed { .. } => "guard_failed",
        Rejection::Unbalanced { .. } => "unbalanced",
        Rejection::Overflow => "overflow",
    }
}

fn fault_code(fault: Fault) -> &'static str {
    match fault {
        Fault::Insufficient => "insufficient",
        Fault::AheadOfPlan => "ahead_of_plan",
        Fault::Frozen => "frozen",
        Fault::Negative => "negative",
        Fault::Overflow | Fault::NotPositive => "overflow",
        Fault::MonthMissing => "month_missing",
    }
}

/// The row's ledger and dimensions, from its key.
fn name_row(problem: &mut Problem, key: &[u8], catalog: &Catalog) {
    let Ok(parts) = catalog.read_key(key) else {
        return;
    };
    problem.ledger = catalog
        .ledger(parts.ledger)
        .map(|ledger| ledger.name.clone());
    let dims: BTreeMap<String, String> = parts
        .bag
        .iter()
        .filter_map(|(id, value)| Some((catalog.dimension(id)?.name.clone(), value.to_owned())))
        .collect();
    problem.dims = Some(dims);
}

fn row(fault: Fault, available: Amount, asked: Amount, language: Language) -> String {
    let (zh, en) = match fault {
        Fault::Insufficient => (
            format!("可用额度{available}元，申请{asked}元"),
            format!("available {available}, asked {asked}"),
        ),
        Fault::AheadOfPlan => (
            format!("截至本月的累计支出将超过累计计划：申请{asked}元"),
            format!(
                "what is consumed up to this month would pass what is planned up to it: asked {asked}"
            ),
        ),
        Fault::Frozen => (
            "额度已冻结，不得支用或调减".into(),
            "a frozen row is neither consumed nor cut".into(),
        ),
        Fault::Negative => (
            format!("办理{asked}元将使额度为负"),
            format!("{asked} would make a field of the row negative"),
        ),
        Fault::Overflow | Fault::NotPositive => (
            format!("金额{asked}元超出范围"),
            format!("{asked} is out of range"),
        ),
        Fault::MonthMissing => (
            "计划额度须注明月份".into(),
            "a row with a plan needs a month".into(),
        ),
    };
    language.pick(zh, en)
}

fn step(refusal: &Refusal, kind: Option<&DocumentType>, language: Language) -> String {
    let same = |zh: &str, en: &str| language.pick(zh.to_string(), en.to_string());
    match refusal.rejection {
        Rejection::WrongState { state } => {
            let state = kind.and_then(|kind| kind.state(state));
            let (zh, en) = state.map_or(("?", "?"), |state| (&*state.zh, &*state.name));
            let zh = format!("单据处于“{zh}”，不能办理此步骤");
            language.pick(zh, format!("the document is {en}, which has no such step"))
        }
        Rejection::StaleVersion { expected, actual } => language.pick(
            format!("您读到的是第{expected}版，现为第{actual}版"),
            format!("you read version {expected}, it is version {actual}"),
        ),
        Rejection::CreatorActs => same(
            "录入人不得办理本单据的此步骤",
            "who entered the document may not take this step",
        ),
        Rejection::PreviousActs => same(
            "上一步的办理人不得办理此步骤",
            "who took the last step may not take this one",
        ),
        Rejection::ActedBefore => same(
            "四眼原则：已办理过本单据前面步骤的人不得办理此步骤，须由另一人办理",
            "who took an earlier step with this document may not take this one: it needs somebody else",
        ),
        Rejection::NotCreator => same(
            "只有录入人可以办理此步骤",
            "only who entered the document may take this step",
        ),
        Rejection::FieldMissing { field } => {
            let rule = kind.and_then(|kind| kind.field(field));
            let (zh, en) = rule.map_or(("?", "?"), |rule| (&*rule.zh, &*rule.name));
            language.pick(
                format!("此步骤须填写“{zh}”"),
                format!("this step needs the field {en}"),
            )
        }
        Rejection::GuardFailed { guard } => {
            let rule = refusal.transition.and_then(|id| kind?.transition(id));
            let guard = rule.and_then(|rule| rule.guards.get(usize::from(guard)));
            let (zh, en) = guard.map_or(("?", "?"), |g| (&*g.words.zh, &*g.words.en));
            language.pick(
                format!("不满足条件：{zh}"),
                format!("this does not hold: {en}"),
            )
        }
        Rejection::Unbalanced { .. } => {
            same("分录不平", "a posting would cross divisions or years")
        }
        Rejection::Overflow | Rejection::Row { .. } => {
            same("合计金额超出范围", "the sum is out of range")
        }
    }
}
