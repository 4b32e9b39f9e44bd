//! The canonical form of a document (规范形式): what an official signs, as texts in a fixed order.
//!
//! Only what the interface shows stands in it, under the names that the interface shows it by, and
//! amounts in 分. docs/signatures.md draws it; nothing in it depends on how a request was written.

use super::statement::{Statement, Write};
use crate::catalog::calendar::format_day;
use crate::catalog::document::{DocumentType, TransitionRule};
use crate::catalog::model::Catalog;
use crate::cipher::to_hex;
use hubu_kernel::document::{Dimension, Field, Line, Value};
use hubu_kernel::ident::{CatalogVersion, Division, DocumentId, RowId, StateId, Year};
use smallvec::SmallVec;
use std::borrow::Cow;

/// The first text of every form. Another layout has another one, so that no signature means two things.
pub const DOMAIN: &str = "hubu document signature 1";

/// A document under a step, as its signer sees it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Names the cell: see [`cell_name`].
    pub cell: &'a str,
    /// The catalog that the document lives under, which has the names.
    pub catalog: &'a Catalog,
    /// Its version.
    pub catalog_version: CatalogVersion,
    /// The document's type.
    pub kind: &'a DocumentType,
    /// The document.
    pub document: DocumentId,
    /// Its place in its series.
    pub number: u64,
    /// The version that is signed: the one before the step.
    pub version: u32,
    /// Where it stands before the step.
    pub state: StateId,
    /// The step.
    pub step: &'a TransitionRule,
    /// Who takes it, and signs.
    pub signer: &'a str,
    /// Whose the document is.
    pub division: Division,
    /// Of which year.
    pub year: Year,
    /// The agency, or empty.
    pub agency: &'a str,
    /// Who entered it.
    pub creator: &'a str,
    /// Documents upstream.
    pub links: &'a [DocumentId],
    /// The fields of its head, once those of the step are laid over them.
    pub fields: &'a [Field],
    /// Its lines, once those of the step replaced them.
    pub lines: &'a [Line],
}

/// The public name of a cell, from the secret that its journal drew when it began: it goes with the
/// journal into copies, and no other journal has it, a test system's for example.
pub fn cell_name(secret: &[u8; 16]) -> String {
    let mut bytes = b"hubu cell name 1".to_vec();
    bytes.extend_from_slice(secret);
    to_hex(&super::statement::digest(&bytes)[..16])
}

/// The bytes that are signed.
pub fn bytes(subject: &Subject<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512 + 128 * subject.lines.len());
    write(subject, &mut bytes);
    bytes
}

/// The texts that are signed, with their labels.
pub fn statement(subject: &Subject<'_>) -> Statement {
    let mut statement = Statement::default();
    write(subject, &mut statement);
    statement
}

fn write(subject: &Subject<'_>, out: &mut dyn Write) {
    let Subject {
        kind,
        division,
        year,
        ..
    } = *subject;
    let state = match kind.state(subject.state) {
        Some(state) => Cow::Borrowed(&*state.name),
        None => Cow::Owned(format!("#{}", subject.state.0)),
    };
    let number = format!(
        "{:09}-{:04}-{}-{:06}",
        division.0, year.0, kind.series, subject.number
    );
    out.part(&"form", DOMAIN);
    out.part(&"cell", subject.cell);
    out.part(&"catalog", &subject.catalog_version.0.to_string());
    out.part(&"type", &kind.name);
    out.part(&"document", &subject.document.0.to_string());
    out.part(&"number", &number);
    out.part(&"version", &subject.version.to_string());
    out.part(&"state", &state);
    out.part(&"transition", &subject.step.name);
    out.part(&"signer", subject.signer);
    out.part(&"division", &format!("{:09}", division.0));
    out.part(&"fiscal_year", &year.0.to_string());
    out.part(&"agency", subject.agency);
    out.part(&"creator", subject.creator);
    out.part(&"links", &subject.links.len().to_string());
    for (at, link) in subject.links.iter().enumerate() {
        out.part(&format_args!("links[{at}]"), &link.0.to_string());
    }
    fields(kind, subject.fields, &"", out);
    out.part(&"lines", &subject.lines.len().to_string());
    for (at, one) in subject.lines.iter().enumerate() {
        line(subject, one, &format_args!("lines[{at}]."), out);
    }
}

fn line(subject: &Subject<'_>, line: &Line, place: &dyn std::fmt::Display, out: &mut dyn Write) {
    let row = |row: Option<RowId>| row.map(|row| row.0.to_string()).unwrap_or_default();
    let month = line.month.map(|month| month.number().to_string());
    out.part(
        &format_args!("{place}amount_cents"),
        &line.amount.0.to_string(),
    );
    out.part(&format_args!("{place}row"), &row(line.base));
    dimensions(
        subject.catalog,
        &line.dims,
        &format_args!("{place}dims"),
        out,
    );
    out.part(&format_args!("{place}to_row"), &row(line.to_base));
    dimensions(subject.catalog, &line.to, &format_args!("{place}to"), out);
    out.part(&format_args!("{place}month"), &month.unwrap_or_default());
    fields(subject.kind, &line.fields, place, out);
}

/// Names and values, in the order of the names' bytes.
fn fields(
    kind: &DocumentType,
    fields: &[Field],
    place: &dyn std::fmt::Display,
    out: &mut dyn Write,
) {
    let mut named: SmallVec<[(Cow<'_, str>, &Value); 16]> = fields
        .iter()
        .map(|field| match kind.field(field.id) {
            Some(rule) => (Cow::Borrowed(&*rule.name), &field.value),
            None => (Cow::Owned(format!("#{}", field.id.0)), &field.value),
        })
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    out.part(&format_args!("{place}fields"), &named.len().to_string());
    for (name, value) in &named {
        out.part(&format_args!("{place}fields.name"), name);
        out.part(&format_args!("{place}fields.{name}"), &value_text(value));
    }
}

/// A value: a letter for its kind, and the value.
fn value_text(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("t{text}"),
        Value::Int(number) => format!("i{number}"),
        Value::Amount(amount) => format!("a{}", amount.0),
        Value::Flag(yes) => format!("f{yes}"),
        Value::Date(day) => format!("d{}", format_day(*day)),
        // Opened before: what is signed is what people see. One that no key opens is never passed off as another.
        Value::Sealed(bytes) => format!("x{}", to_hex(bytes)),
    }
}

/// Names and values, in the order of the names' bytes.
fn dimensions(
    catalog: &Catalog,
    dims: &[Dimension],
    place: &dyn std::fmt::Display,
    out: &mut dyn Write,
) {
    let mut named: SmallVec<[(Cow<'_, str>, &str); 16]> = dims
        .iter()
        .map(|dim| match catalog.dimension(dim.code) {
            Some(rule) => (Cow::Borrowed(&*rule.name), &*dim.value),
            None => (Cow::Owned(format!("#{}", dim.code)), &*dim.value),
        })
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    out.part(place, &named.len().to_string());
    for (name, value) in &named {
        out.part(&format_args!("{place}.name"), name);
        out.part(&format_args!("{place}.{name}"), value);
    }
}
