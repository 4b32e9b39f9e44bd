//! Commands as they come in.

use serde::Deserialize;
use utoipa::ToSchema;

use super::sign::SignatureBody;
use super::text::{Pairs, Scalar, Text};

/// A new document, with its first step or without (`POST /v1/documents`).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBody<'a> {
    /// The document type, as the catalog names it.
    #[serde(rename = "type", borrow)]
    #[schema(value_type = String, example = "payment")]
    pub kind: Text<'a>,
    /// The division whose document it is: nine digits.
    #[schema(value_type = String, example = "420106000")]
    pub division: Text<'a>,
    /// The fiscal year.
    #[schema(example = 2026)]
    pub fiscal_year: u16,
    /// The agency's 21 characters; left out for a finance department's own document.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub agency: Option<Text<'a>>,
    /// A step to take at once, such as `submit`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "submit")]
    pub transition: Option<Text<'a>>,
    /// Fields of the head, by the names of the document type.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Pairs<'a, Scalar<'a>>,
    /// Documents upstream, by their ids.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub links: Vec<Text<'a>>,
    /// The lines.
    #[serde(default)]
    pub lines: Vec<LineBody<'a>>,
}

/// One line of a document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineBody<'a> {
    /// A decimal string, exact to 0.01 and more than 0.
    #[serde(borrow)]
    #[schema(value_type = String, example = "1234.56")]
    pub amount: Text<'a>,
    /// A row whose dimensions the line starts from.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "17")]
    pub row: Option<Text<'a>>,
    /// Dimensions laid over those of the row; an empty text takes one away.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub dims: Pairs<'a, Text<'a>>,
    /// A row whose dimensions the receiving side starts from.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub to_row: Option<Text<'a>>,
    /// Dimensions of the receiving side, laid over the first.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub to: Pairs<'a, Text<'a>>,
    /// The month, 1 to 12, where a plan is concerned.
    #[serde(default)]
    pub month: Option<u8>,
    /// Further fields of the line.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Pairs<'a, Scalar<'a>>,
}

/// What comes with a step (`POST /v1/documents/{id}/actions/{transition}`).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActBody<'a> {
    /// Fields of the head that the step sets.
    #[serde(borrow, default)]
    #[schema(value_type = Object)]
    pub fields: Pairs<'a, Scalar<'a>>,
    /// New lines, where the step edits them.
    #[serde(default)]
    pub lines: Option<Vec<LineBody<'a>>>,
    /// The signature under the step, where it demands one.
    #[serde(default)]
    pub signature: Option<SignatureBody<'a>>,
}

/// Many commands (`POST /v1/batches`).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchBody<'a> {
    /// Whether all take effect or none.
    #[serde(default)]
    pub atomic: bool,
    /// 1 to 8192 commands.
    #[serde(borrow)]
    pub commands: Vec<BatchCommand<'a>>,
}

/// One command of a batch: either `create` or `act`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchCommand<'a> {
    /// Its idempotency key: 1 to 64 visible ASCII characters.
    #[serde(borrow)]
    #[schema(value_type = String)]
    pub key: Text<'a>,
    /// Enter a document.
    #[serde(default)]
    pub create: Option<CreateBody<'a>>,
    /// Take a step.
    #[serde(default)]
    pub act: Option<BatchAct<'a>>,
}

/// A step inside a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchAct<'a> {
    /// The document's id.
    #[serde(borrow)]
    #[schema(value_type = String, example = "12")]
    pub document: Text<'a>,
    /// The step.
    #[schema(value_type = String, example = "review")]
    pub transition: Text<'a>,
    /// The version that was read.
    #[serde(default)]
    pub if_match: Option<u32>,
    /// Fields of the head that the step sets.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Pairs<'a, Scalar<'a>>,
    /// New lines, where the step edits them.
    #[serde(default)]
    pub lines: Option<Vec<LineBody<'a>>>,
    /// The signature under the step, where it demands one.
    #[serde(default)]
    pub signature: Option<SignatureBody<'a>>,
}
