//! What is wrong with a field, a line or a value, in Chinese; English is what the errors say of themselves.
//!
//! Names of fields and dimensions are the API's in both languages: that is what has to be mended.

use crate::catalog::key::KeyError;
use crate::engine::error::{FieldFault, LineFault, ValueFault};

/// A field.
pub(super) fn field(fault: &FieldFault) -> String {
    match fault {
        FieldFault::Unwanted(field) => format!("此时不能填写字段{field}"),
        FieldFault::Missing(field) => format!("缺少字段{field}"),
        FieldFault::Value { field, fault } => format!("字段{field}{}", value(fault)),
    }
}

fn value(fault: &ValueFault) -> String {
    match fault {
        ValueFault::TooLong(max) => format!("最多{max}个字"),
        ValueFault::NoChoice(words) => format!("只能是{}", words.join("、")),
        ValueFault::BelowZero => "不得小于0".to_owned(),
        ValueFault::Kind => "的值类型不符".to_owned(),
        ValueFault::Masked => "是脱敏后的值；不修改时请勿提交此字段".to_owned(),
    }
}

/// A line.
pub(super) fn line(fault: &LineFault) -> String {
    match fault {
        LineFault::NotPositive => "金额须大于0".to_owned(),
        LineFault::MonthMissing => "缺少月份".to_owned(),
        LineFault::MonthUnwanted => "不能填写月份".to_owned(),
        LineFault::ToUnwanted => "不能填写转入方（to）".to_owned(),
        LineFault::DimensionOrder => "要素重复或次序不对".to_owned(),
        LineFault::NoDimension(code) => format!("没有代码为{code}的要素"),
        LineFault::DimensionValue { value, dimension } => {
            format!("“{value}”不是要素{dimension}的值")
        }
        LineFault::Field(fault) => field(fault),
    }
}

/// The row that a line chooses.
pub(super) fn key(error: &KeyError) -> String {
    match error {
        KeyError::Missing { ledger, dimension } => format!("账簿{ledger}须有要素{dimension}"),
        KeyError::Value { dimension, value } => format!("“{value}”不是要素{dimension}的值"),
        KeyError::Division(code) => format!("没有此区划：{code}"),
        KeyError::Damaged => "额度的要素已损坏".to_owned(),
    }
}

/// What the JSON reader says of a body. Its words are the reader's own: those that name a field are put into
/// Chinese, and of the others the place remains.
pub(super) fn json(english: &str) -> String {
    let (said, place) = english.rsplit_once(" at line ").unwrap_or((english, ""));
    let what = said
        .split_once('`')
        .and_then(|(kind, rest)| Some((kind.trim_end(), rest.split_once('`')?.0)));
    let zh = match what {
        Some(("unknown field", name)) => format!("没有字段{name}"),
        Some(("missing field", name)) => format!("缺少字段{name}"),
        Some(("duplicate field", name)) => format!("字段{name}重复"),
        _ => "内容不符".to_owned(),
    };
    match place.split_once(" column ") {
        Some((line, column)) => format!("{zh}（第{line}行第{column}列）"),
        None => zh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_json_reader_says_is_told_in_chinese() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Body {
            #[allow(dead_code)]
            amount: u8,
        }
        let said = |text: &str| {
            let error = serde_json::from_str::<Body>(text).unwrap_err();
            json(&error.to_string())
        };
        assert_eq!(said("{\"colour\":1}"), "没有字段colour（第1行第9列）");
        assert_eq!(said("{}"), "缺少字段amount（第1行第2列）");
        assert_eq!(
            said("{\"amount\":1,\"amount\":1}"),
            "字段amount重复（第1行第20列）"
        );
        assert_eq!(said("{\"amount\":\"x\"}"), "内容不符（第1行第13列）");
        assert_eq!(json("short"), "内容不符");
    }
}
