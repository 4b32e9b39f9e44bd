//! The form of a command (格式): everything that can be said against it without looking at any state.
//!
//! HTTP checks the same while it reads; an embedder builds commands by hand, so the engine asks again.

use crate::catalog::document::{
    DocumentType, FieldKind, FieldPlace, FieldRule, MonthRule, TransitionRule,
};
use crate::catalog::model::Catalog;
use crate::engine::catalogs::Catalogs;
use crate::engine::command::{Command, KEY_MAX};
use crate::engine::error::{FieldFault, FormError, LineFault, ValueFault};
use crate::fields::mask;
use hubu_kernel::actor::NAME_BYTES_MAX;
use hubu_kernel::document::{Dimension, Entry, Field, LINES_MAX, Line, Value};
use hubu_kernel::ident::{CatalogVersion, FieldId};

/// The most documents that one names as its sources.
const LINKS_MAX: usize = 256;

pub(crate) fn check_key(command: &Command) -> Result<(), FormError> {
    let key = command.key.as_bytes();
    let visible = key.iter().all(u8::is_ascii_graphic);
    let named = (1..=NAME_BYTES_MAX).contains(&command.actor.name.len());
    if (1..=KEY_MAX).contains(&key.len()) && visible && named {
        Ok(())
    } else {
        Err(FormError::Key)
    }
}

pub(crate) fn check_enter(
    catalog: &Catalog,
    kind: &DocumentType,
    enter: &Entry,
    step: Option<&TransitionRule>,
) -> Result<(), FormError> {
    if catalog.divisions.get(enter.division).is_none() {
        return Err(FormError::Division(enter.division.0));
    }
    check_agency(enter)?;
    let accepts = |id| {
        let by_step = step.is_some_and(|step| step.accepts.contains(&id));
        by_step || kind.entry.accepts.contains(&id)
    };
    check_fields(kind, FieldPlace::Header, &enter.fields, accepts)?;
    let asked = step.map_or(&[][..], |step| &step.asks);
    check_asked(kind, kind.entry.asks.iter().chain(asked), &enter.fields)?;
    if enter.links.len() > LINKS_MAX {
        return Err(FormError::Links {
            max: LINKS_MAX,
            found: enter.links.len(),
        });
    }
    check_lines(catalog, kind, &enter.lines)
}

pub(crate) fn check_act(
    catalog: &Catalog,
    kind: &DocumentType,
    step: &TransitionRule,
    fields: &[Field],
    lines: Option<&[Line]>,
) -> Result<(), FormError> {
    check_fields(kind, FieldPlace::Header, fields, |id| {
        step.accepts.contains(&id)
    })?;
    check_asked(kind, step.asks.iter(), fields)?;
    match lines {
        Some(_) if !step.edits_lines => Err(FieldFault::Unwanted("lines".into()).into()),
        Some(lines) => check_lines(catalog, kind, lines),
        None => Ok(()),
    }
}

/// Refuses what was read masked and is written back, where the document's own catalog, which [`check_act`] asks, knows
/// nothing of a mark that the catalog in use has set since.
pub(crate) fn check_unmasked(
    catalogs: &Catalogs,
    (version, kind): (CatalogVersion, &DocumentType),
    fields: &[Field],
    lines: Option<&[Line]>,
) -> Result<(), FormError> {
    if catalogs.current().0 == version || !catalogs.has_sensitive(version, kind.id) {
        return Ok(());
    }
    let check = |fields: &[Field]| {
        let is_masked = |field: &&Field| {
            mask::is_masked(&field.value)
                && catalogs.sensitive(version, kind.id, field.id).is_some()
        };
        match fields.iter().find(is_masked) {
            None => Ok(()),
            Some(field) => Err(FieldFault::Value {
                field: name_of(kind, field.id),
                fault: ValueFault::Masked,
            }),
        }
    };
    check(fields)?;
    for (line, at) in lines.unwrap_or_default().iter().zip(1..) {
        check(&line.fields).map_err(|fault| FormError::AtLine {
            line: at,
            fault: fault.into(),
        })?;
    }
    Ok(())
}

fn check_agency(enter: &Entry) -> Result<(), FormError> {
    let agency = &*enter.agency;
    if agency.is_empty() {
        return Ok(());
    }
    let own = format!("{:09}", enter.division.0);
    let fits = agency.len() == 21
        && agency.bytes().all(|b| b.is_ascii_digit())
        && agency.starts_with(&own);
    fits.then_some(()).ok_or_else(|| FormError::Agency {
        agency: agency.chars().take(40).collect(),
        division: enter.division.0,
    })
}

fn check_asked<'a>(
    kind: &DocumentType,
    mut asked: impl Iterator<Item = &'a FieldId>,
    fields: &[Field],
) -> Result<(), FieldFault> {
    let missing = asked.find(|id| fields.binary_search_by_key(*id, |f| f.id).is_err());
    missing.map_or(Ok(()), |id| Err(FieldFault::Missing(name_of(kind, *id))))
}

fn name_of(kind: &DocumentType, id: FieldId) -> String {
    kind.field(id)
        .map_or_else(|| format!("#{}", id.0), |field| field.name.clone())
}

fn check_fields(
    kind: &DocumentType,
    place: FieldPlace,
    fields: &[Field],
    accepts: impl Fn(FieldId) -> bool,
) -> Result<(), FieldFault> {
    let mut last = None;
    for field in fields {
        let rule = kind
            .field(field.id)
            .filter(|rule| rule.place == place && accepts(rule.id));
        let Some(rule) = rule.filter(|_| last.is_none_or(|last| last < field.id)) else {
            return Err(FieldFault::Unwanted(name_of(kind, field.id)));
        };
        check_value(rule, &field.value).map_err(|fault| FieldFault::Value {
            field: rule.name.clone(),
            fault,
        })?;
        last = Some(field.id);
    }
    Ok(())
}

fn check_value(rule: &FieldRule, value: &Value) -> Result<(), ValueFault> {
    if rule.sensitive.is_some() && mask::is_masked(value) {
        return Err(ValueFault::Masked);
    }
    let (fits, fault) = match (&rule.kind, value) {
        (FieldKind::Text { max }, Value::Text(text)) => {
            let short = text.chars().count() <= usize::from(*max);
            (short, ValueFault::TooLong(*max))
        }
        (FieldKind::Choice(words), Value::Text(text)) => {
            let known = words.iter().any(|word| **word == **text);
            return known
                .then_some(())
                .ok_or_else(|| ValueFault::NoChoice(words.clone()));
        }
        (FieldKind::Amount, Value::Amount(amount)) => (amount.0 >= 0, ValueFault::BelowZero),
        (FieldKind::Int, Value::Int(number)) => (*number >= 0, ValueFault::BelowZero),
        (FieldKind::Flag, Value::Flag(_)) | (FieldKind::Date, Value::Date(_)) => return Ok(()),
        _ => return Err(ValueFault::Kind),
    };
    if fits { Ok(()) } else { Err(fault) }
}

fn check_lines(catalog: &Catalog, kind: &DocumentType, lines: &[Line]) -> Result<(), FormError> {
    let (min, max) = (kind.lines.min, kind.lines.max);
    if lines.len() < usize::from(min) || lines.len() > usize::from(max).min(LINES_MAX) {
        return Err(FormError::Lines {
            kind: kind.name.clone(),
            min,
            max,
            found: lines.len(),
        });
    }
    for (at, line) in lines.iter().enumerate() {
        check_line(catalog, kind, line).map_err(|fault| FormError::AtLine {
            line: at + 1,
            fault,
        })?;
    }
    Ok(())
}

fn check_line(catalog: &Catalog, kind: &DocumentType, line: &Line) -> Result<(), LineFault> {
    if !line.amount.is_positive() {
        return Err(LineFault::NotPositive);
    }
    match (kind.lines.month, line.month) {
        (MonthRule::Required, None) => return Err(LineFault::MonthMissing),
        (MonthRule::Absent, Some(_)) => return Err(LineFault::MonthUnwanted),
        _ => {}
    }
    if !kind.lines.to && (line.to_base.is_some() || !line.to.is_empty()) {
        return Err(LineFault::ToUnwanted);
    }
    check_dimensions(catalog, &line.dims)?;
    check_dimensions(catalog, &line.to)?;
    check_fields(kind, FieldPlace::Line, &line.fields, |_| true)?;
    let mut required = kind
        .fields
        .iter()
        .filter(|f| f.place == FieldPlace::Line && f.required);
    let missing = required.find(|rule| {
        line.fields
            .binary_search_by_key(&rule.id, |f| f.id)
            .is_err()
    });
    missing.map_or(Ok(()), |rule| {
        Err(FieldFault::Missing(rule.name.clone()).into())
    })
}

fn check_dimensions(catalog: &Catalog, dimensions: &[Dimension]) -> Result<(), LineFault> {
    if !dimensions.is_sorted_by(|a, b| a.code < b.code) {
        return Err(LineFault::DimensionOrder);
    }
    for given in dimensions {
        let Some(rule) = catalog.dimension(given.code) else {
            return Err(LineFault::NoDimension(given.code));
        };
        if !given.value.is_empty() && !rule.accepts(&given.value) {
            return Err(LineFault::DimensionValue {
                value: String::from(&*given.value),
                dimension: rule.name.clone(),
            });
        }
    }
    Ok(())
}
