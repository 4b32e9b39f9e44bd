//! A guard (流转条件): what must hold for a step beyond rows, roles and fields.
//!
//! Written in CEL, compiled and checked when the catalog is, judged outside of all locks. A guard
//! sees a document through [`GuardContext`] and builds for CEL only what it mentions.

use super::bag::Bag;
use super::dimension::DimensionId;
use super::document::{DocumentType, FieldRule};
use super::guard_value::judge;
use super::key::find;
use super::model::{Catalog, Period};
use hubu_kernel::document::{Field, Value};
use hubu_kernel::ident::{Division, FieldId, Year};
use hubu_kernel::money::Cents;
use hubu_kernel::schedule::Month;
use std::collections::BTreeSet;

/// A condition of a step.
#[derive(Debug)]
pub struct Guard {
    /// As it stands in the file: told to who wrote it.
    pub source: String,
    /// The condition in words (条件说明): told to who is refused.
    pub words: Words,
    /// How it is judged.
    pub(super) test: Test,
    /// Whether it looks at the lines: if none does, the engine need not build their bags first.
    pub needs_lines: bool,
}

/// What must hold, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// How a guard is judged.
#[derive(Debug)]
pub(super) enum Test {
    /// The flag of the head is yes: the one condition so common that it needs no expression.
    Affirmed(FieldId),
    /// The document's fiscal year is not closed.
    OpenYear,
    /// Every line names the document's agency in this dimension, which it may not leave empty.
    OwnAgency(DimensionId),
    /// A CEL expression that gives a bool.
    Cel(Box<Expression>),
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) program: cel::Program,
    /// Every variable and field that it mentions.
    pub(super) mentions: BTreeSet<String>,
}

/// What a guard may look at.
#[derive(Clone, Copy)]
pub struct GuardContext<'a> {
    /// The catalog that the document lives under.
    pub catalog: &'a Catalog,
    /// The document's type.
    pub kind: &'a DocumentType,
    /// The document's head, with this step's fields laid over it.
    pub document: DocumentFacts<'a>,
    /// Its lines; may be empty when no guard of the step needs them.
    pub lines: &'a [LineFacts<'a>],
    /// Whether each line has this value in this dimension: the one look at lines that is worth a way of
    /// its own, as every document of an agency needs it and few need more of their bags.
    pub every_line_has: &'a dyn Fn(DimensionId, &str) -> bool,
    /// Who acts.
    pub actor: ActorFacts<'a>,
    /// The day, in the cell's time zone.
    pub today: Today,
}

/// The head of a document.
#[derive(Clone, Copy, Debug)]
pub struct DocumentFacts<'a> {
    /// Whose it is.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// The agency, or empty.
    pub agency: &'a str,
    /// Who entered it.
    pub creator: &'a str,
    /// Who took the last step.
    pub previous: &'a str,
    /// Σ of the lines' amounts.
    pub amount: Cents,
    /// Fields, ascending by id.
    pub fields: &'a [Field],
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct LineFacts<'a> {
    /// Its amount.
    pub amount: Cents,
    /// Its month.
    pub month: Option<Month>,
    /// Its own dimensions.
    pub line: &'a Bag,
    /// Those of the receiving side.
    pub to: &'a Bag,
    /// Its fields, ascending by id.
    pub fields: &'a [Field],
}

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub struct ActorFacts<'a> {
    /// The token's subject.
    pub id: &'a str,
    /// The actor's division.
    pub division: Division,
    /// The actor's agency, or empty.
    pub agency: &'a str,
    /// The actor's department, or empty.
    pub dept: &'a str,
}

/// A day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Today {
    /// Such as 2026.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// A guard could not be judged: it counts as not holding.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("guard `{source_text}` could not be judged: {reason}")]
pub struct GuardError {
    /// The guard as it stands in the file.
    pub source_text: String,
    /// What went wrong.
    pub reason: String,
}

impl Guard {
    /// Whether it may look at this field's value.
    pub(super) fn mentions(&self, field: &FieldRule) -> bool {
        match &self.test {
            Test::Affirmed(id) => *id == field.id,
            Test::OpenYear | Test::OwnAgency(_) => false,
            Test::Cel(expression) => expression.mentions.contains(&field.name),
        }
    }

    /// Whether the guard holds.
    ///
    /// # Errors
    /// When the expression fails, as on a missing optional field that it does not ask for with `has`.
    pub fn eval(&self, context: &GuardContext<'_>) -> Result<bool, GuardError> {
        match &self.test {
            Test::Affirmed(id) => {
                let value = find(context.document.fields, *id);
                Ok(matches!(value, Some(Value::Flag(true))))
            }
            Test::OpenYear => {
                let year = i64::from(context.document.year.0);
                Ok(context.catalog.reference.period(year) != Period::Closed)
            }
            Test::OwnAgency(id) => {
                let own = context.document.agency;
                Ok(!own.is_empty() && (context.every_line_has)(*id, own))
            }
            Test::Cel(expression) => judge(expression, context).map_err(|reason| GuardError {
                source_text: self.source.clone(),
                reason,
            }),
        }
    }
}
