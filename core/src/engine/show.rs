//! Showing documents (展示): sensitive values in full to who may see them, masked to others, and as what they are where the
//! key is not here or does not open them. A document is never hidden for one of its values.

use crate::catalog::document::{RoleSet, TransitionRule};
use crate::engine::Engine;
use crate::engine::actor::Actor;
use crate::engine::error::SubmitError;
use crate::engine::seen::Seen;
use crate::fields::error::FieldsError;
use crate::fields::keyring::Fields;
use crate::fields::mask;
use arc_swap::Guard;
use hubu_kernel::document::{Document, Field, Line, Value};
use hubu_kernel::ident::{DocumentId, FieldId, TypeId};
use std::borrow::Cow;
use std::sync::Arc;

/// A value as somebody may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown<'a> {
    /// In full.
    Whole(Cow<'a, Value>),
    /// Masked: the actor's roles need not see it.
    Masked(String),
    /// It can't be opened here.
    Closed(FieldsError),
}

/// Fields and lines as people entered them.
type Opened<'a> = (Cow<'a, [Field]>, Cow<'a, [Line]>);

impl Engine {
    /// What this cell does with sensitive values: other keys from here on. Values sealed under keys that are taken away are
    /// shown as encrypted.
    pub fn set_fields(&self, fields: Fields) {
        self.veil().replace(fields);
    }

    /// What this cell does with sensitive values now, and the keys that it has.
    pub fn fields(&self) -> Arc<Fields> {
        Guard::into_inner(self.veil().fields())
    }

    /// A field of a document as the actor may see it; `line` counts from 1, and 0 is the head.
    pub fn show<'a>(
        &self,
        document: &Document,
        line: u16,
        field: &'a Field,
        actor: &Actor,
    ) -> Shown<'a> {
        let entry = &document.entry;
        let catalogs = self.catalogs();
        let is_plain = !matches!(field.value, Value::Sealed(_));
        if is_plain && !catalogs.has_sensitive(entry.catalog, entry.kind) {
            return Shown::Whole(Cow::Borrowed(&field.value));
        }
        let value = match self.veil().open((entry.kind, document.id, line), field) {
            None => Cow::Borrowed(&field.value),
            Some(Ok(value)) => Cow::Owned(value),
            Some(Err(error)) => return Shown::Closed(error),
        };
        match catalogs.sensitive(entry.catalog, entry.kind, field.id) {
            Some(sensitive) if !sensitive.seen_by.meets(RoleSet(actor.roles)) => {
                Shown::Masked(mask::masked(sensitive.kind, &value))
            }
            _ => Shown::Whole(value),
        }
    }

    /// The document with every sealed value opened: for a program of one's own, which decides itself who sees what.
    ///
    /// # Errors
    /// The first value that does not open.
    pub fn opened(&self, document: &Document) -> Result<Document, FieldsError> {
        let mut opened = document.clone();
        let (kind, id) = (document.entry.kind, document.id);
        self.open_all((kind, id, 0), &mut opened.entry.fields, None)?;
        for (line, number) in opened.entry.lines.iter_mut().zip(1..) {
            self.open_all((kind, id, number), &mut line.fields, None)?;
        }
        Ok(opened)
    }

    /// Opens what a step looks at of a document: its guards, and what it carries along into documents made for others.
    pub(crate) fn open_for(
        &self,
        step: &TransitionRule,
        seen: &mut Seen,
    ) -> Result<(), SubmitError> {
        let (kind, id) = (seen.kind, seen.id);
        self.open_all((kind, id, 0), &mut seen.fields, Some(&step.looks_at))?;
        if !step.looks_at_lines.is_empty() {
            for (line, number) in seen.lines.iter_mut().zip(1..) {
                let wanted = Some(&step.looks_at_lines[..]);
                self.open_all((kind, id, number), &mut line.fields, wanted)?;
            }
        }
        Ok(())
    }

    /// The fields of a head and the lines with every sealed value opened, as they are signed; borrowed where none is.
    pub(crate) fn opened_parts<'a>(
        &self,
        (kind, id): (TypeId, DocumentId),
        fields: &'a [Field],
        lines: &'a [Line],
    ) -> Result<Opened<'a>, FieldsError> {
        let is_sealed = |field: &Field| matches!(field.value, Value::Sealed(_));
        let mut head = Cow::Borrowed(fields);
        if fields.iter().any(is_sealed) {
            self.open_all((kind, id, 0), head.to_mut(), None)?;
        }
        let mut opened = Cow::Borrowed(lines);
        if lines.iter().flat_map(|line| &line.fields).any(is_sealed) {
            for (line, number) in opened.to_mut().iter_mut().zip(1..) {
                self.open_all((kind, id, number), &mut line.fields, None)?;
            }
        }
        Ok((head, opened))
    }

    fn open_all(
        &self,
        place: (TypeId, DocumentId, u16),
        fields: &mut [Field],
        wanted: Option<&[FieldId]>,
    ) -> Result<(), FieldsError> {
        let is_wanted = |field: &&mut Field| wanted.is_none_or(|ids| ids.contains(&field.id));
        for field in fields.iter_mut().filter(is_wanted) {
            if let Some(opened) = self.veil().open(place, field) {
                field.value = opened?;
            }
        }
        Ok(())
    }
}
