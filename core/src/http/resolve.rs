//! From names to the catalog's codes: a body as it came becomes a command of the engine.
//!
//! Only what cannot be said in codes is judged here; the engine judges the form of the command.

use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{DocumentId, RowId, Year};
use hubu_kernel::schedule::Month;

use super::error::{HttpError, Reason};
use super::money::{parse_amount, parse_positive};
use super::signing::presented;
use super::wire::command::{BatchAct, CreateBody, LineBody};
use super::wire::sign::SignatureBody;
use super::wire::text::{Pairs, Scalar, Text};
use crate::catalog::calendar::parse_day;
use crate::catalog::document::{DocumentType, FieldKind, FieldPlace};
use crate::catalog::model::Catalog;
use crate::engine::command::{Act, Enter};
use crate::engine::error::{FormError, SubmitError};

/// A new document.
///
/// # Errors
/// A name that the catalog does not have, or a value of another kind than its field.
pub(super) fn enter(catalog: &Catalog, body: &CreateBody<'_>) -> Result<Enter, HttpError> {
    let kind = catalog
        .type_named(&body.kind)
        .ok_or(SubmitError::Form(FormError::Kind))?;
    let division = catalog
        .divisions
        .find(&body.division)
        .ok_or_else(|| HttpError::value("division", "no such division"))?;
    let transition = match &body.transition {
        None => None,
        Some(name) => {
            let step = kind.step(kind.initial, name).ok_or_else(|| {
                SubmitError::Form(FormError::Step {
                    kind: kind.name.clone(),
                    step: shortened(name),
                })
            })?;
            Some(step.kernel.id)
        }
    };
    Ok(Enter {
        kind: kind.id,
        division,
        year: Year(body.fiscal_year),
        agency: body.agency.as_deref().unwrap_or_default().into(),
        fields: fields(kind, FieldPlace::Header, &body.fields, &header)?,
        lines: lines(catalog, kind, &body.lines)?,
        links: body
            .links
            .iter()
            .map(|link| document_id(link, "links"))
            .collect::<Result<_, _>>()?,
        transition,
    })
}

/// A step as asked, alone or in a batch.
pub(super) struct Step<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The version that was read.
    pub(super) if_match: Option<u32>,
    /// Fields that it sets.
    pub(super) fields: &'a Pairs<'a, Scalar<'a>>,
    /// New lines.
    pub(super) lines: Option<&'a [LineBody<'a>]>,
    /// The signature under it.
    pub(super) signature: Option<&'a SignatureBody<'a>>,
}

impl<'a> From<&'a BatchAct<'a>> for Step<'a> {
    fn from(act: &'a BatchAct<'a>) -> Self {
        Self {
            name: &act.transition,
            if_match: act.if_match,
            fields: &act.fields,
            lines: act.lines.as_deref(),
            signature: act.signature.as_ref(),
        }
    }
}

/// A step of a document of this type.
///
/// # Errors
/// As [`enter`].
pub(super) fn act(
    catalog: &Catalog,
    kind: &DocumentType,
    document: DocumentId,
    step: Step<'_>,
) -> Result<Act, HttpError> {
    let lines = step
        .lines
        .map(|bodies| lines(catalog, kind, bodies))
        .transpose()?;
    Ok(Act {
        document,
        transition: step.name.into(),
        if_match: step.if_match,
        fields: fields(kind, FieldPlace::Header, step.fields, &header)?,
        lines,
        signature: step.signature.map(presented).transpose()?,
    })
}

/// A document's id.
///
/// # Errors
/// It is no decimal number.
pub(super) fn document_id(text: &str, place: &str) -> Result<DocumentId, HttpError> {
    number(text)
        .map(DocumentId)
        .ok_or_else(|| HttpError::value(place, "no id of a document"))
}

/// A row's id.
///
/// # Errors
/// It is no decimal number of its range.
pub(super) fn row_id(text: &str, place: &str) -> Result<RowId, HttpError> {
    row_number(text).ok_or_else(|| HttpError::value(place, NO_ROW))
}

const NO_ROW: &str = "no id of a row";

fn row_number(text: &str) -> Option<RowId> {
    let id = number(text).and_then(|id| u32::try_from(id).ok());
    id.map(RowId)
}

/// A decimal number without sign; leading zeros are refused, so that an id has one spelling.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

/// Where the fields of the head stand, for problems.
fn header() -> String {
    "fields".to_owned()
}

fn lines(
    catalog: &Catalog,
    kind: &DocumentType,
    bodies: &[LineBody<'_>],
) -> Result<Vec<Line>, HttpError> {
    let line = |(at, body)| line(catalog, kind, at, body);
    bodies.iter().enumerate().map(line).collect()
}

fn line(
    catalog: &Catalog,
    kind: &DocumentType,
    at: usize,
    body: &LineBody<'_>,
) -> Result<Line, HttpError> {
    let place = |name: &str| format!("lines[{at}].{name}");
    let row = |text: &Option<Text<'_>>, name: &str| {
        let Some(text) = text.as_deref() else {
            return Ok(None);
        };
        row_number(text)
            .map(Some)
            .ok_or_else(|| HttpError::value(place(name), NO_ROW))
    };
    let month = match body.month {
        None => None,
        Some(month) => Some(
            Month::new(month)
                .ok_or_else(|| HttpError::value(place("month"), "a month is 1 to 12"))?,
        ),
    };
    Ok(Line {
        amount: parse_positive(&body.amount)
            .map_err(|why| HttpError::value(place("amount"), why))?,
        base: row(&body.row, "row")?,
        dims: dimensions(catalog, &body.dims, &|| place("dims"))?,
        to_base: row(&body.to_row, "to_row")?,
        to: dimensions(catalog, &body.to, &|| place("to"))?,
        month,
        fields: fields(kind, FieldPlace::Line, &body.fields, &|| place("fields"))?,
    })
}

fn dimensions(
    catalog: &Catalog,
    pairs: &Pairs<'_, Text<'_>>,
    place: &dyn Fn() -> String,
) -> Result<Vec<Dimension>, HttpError> {
    let mut dims = Vec::with_capacity(pairs.0.len());
    for (name, value) in &pairs.0 {
        let dimension = catalog
            .dimension_named(name)
            .ok_or_else(|| HttpError::value(place(), Reason::Dimension(shortened(name))))?;
        dims.push(Dimension {
            code: dimension.id,
            value: (&**value).into(),
        });
    }
    dims.sort_unstable_by_key(|dim| dim.code);
    Ok(dims)
}

fn fields(
    kind: &DocumentType,
    place: FieldPlace,
    pairs: &Pairs<'_, Scalar<'_>>,
    path: &dyn Fn() -> String,
) -> Result<Vec<Field>, HttpError> {
    let mut fields = Vec::with_capacity(pairs.0.len());
    for (name, value) in &pairs.0 {
        let rule = kind.field_named(place, name).ok_or_else(|| {
            HttpError::value(
                path(),
                Reason::Field {
                    kind: kind.name.clone(),
                    field: shortened(name),
                },
            )
        })?;
        let value = field_value(&rule.kind, value)
            .map_err(|why| HttpError::value(format!("{}.{}", path(), rule.name), why))?;
        fields.push(Field { id: rule.id, value });
    }
    fields.sort_unstable_by_key(|field| field.id);
    Ok(fields)
}

fn field_value(kind: &FieldKind, value: &Scalar<'_>) -> Result<Value, &'static str> {
    match (kind, value) {
        (FieldKind::Text { .. } | FieldKind::Choice(_), Scalar::Text(text)) => {
            Ok(Value::Text((&**text).into()))
        }
        (FieldKind::Text { .. } | FieldKind::Choice(_), _) => Err("a text is wanted"),
        (FieldKind::Amount, Scalar::Text(text)) => parse_amount(text).map(Value::Amount),
        (FieldKind::Amount, _) => Err("an amount is a text such as \"1234.56\""),
        (FieldKind::Int, Scalar::Int(number)) => Ok(Value::Int(*number)),
        (FieldKind::Int, _) => Err("a whole number is wanted"),
        (FieldKind::Flag, Scalar::Flag(flag)) => Ok(Value::Flag(*flag)),
        (FieldKind::Flag, _) => Err("true or false is wanted"),
        (FieldKind::Date, Scalar::Text(text)) => parse_day(text)
            .map(Value::Date)
            .ok_or("a day such as \"2026-03-31\" is wanted"),
        (FieldKind::Date, _) => Err("a day such as \"2026-03-31\" is wanted"),
    }
}

/// A name from outside, short enough to repeat.
fn shortened(name: &str) -> String {
    name.chars().take(64).collect()
}
