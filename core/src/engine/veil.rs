//! Sealing what commands bring (加密), before their record is made.
//!
//! It is done outside of all locks, for the document that the command is about, or for the one that it will most likely
//! make: the next of its shard. Where another came first, the few values are sealed again, under the locks and with the
//! random bytes that were drawn before. The kernel, the journal and replay see bytes and know nothing of it.

use crate::disk::Disk;
use crate::engine::Engine;
use crate::engine::catalogs::Catalogs;
use crate::engine::error::SubmitError;
use crate::engine::intent::{About, Intent};
use crate::engine::look::Look;
use crate::engine::place;
use crate::engine::submit::Scratch;
use crate::fields::error::FieldsError;
use crate::fields::keyring::{Fields, Keyring};
use crate::fields::place::Place;
use crate::fields::sealed::{self, Fresh};
use crate::sync::Mutex;
use arc_swap::{ArcSwap, Guard};
use hubu_kernel::document::{Entry, Field, Value};
use hubu_kernel::ident::{CatalogVersion, DocumentId, FieldId, TypeId};
use hubu_kernel::record::Spawned;
use std::sync::Arc;

/// Random bytes that are fetched from the system at once.
const POOL: usize = 1024;

/// A cell's keys, and what it needs beside them.
pub(crate) struct Veil {
    fields: ArcSwap<Fields>,
    journal: [u8; 16],
    pool: Mutex<Pool>,
}

/// Random bytes not used yet.
struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

/// What of the command at hand will stand as ciphertext.
#[derive(Default)]
pub(crate) struct Sealed {
    fresh: Fresh,
    document: DocumentId,
    values: Vec<(Spot, Box<[u8]>)>,
}

/// A field of what a command brings: the line from 1, 0 for the head, and the place among its fields.
#[derive(Clone, Copy)]
struct Spot {
    line: u16,
    at: u16,
}

impl Sealed {
    fn clear(&mut self) {
        self.values.clear();
    }

    /// Puts the ciphertext in place of what it was made of, now that the document is known.
    pub(crate) fn lay_over(
        &mut self,
        veil: &Veil,
        kind: TypeId,
        document: DocumentId,
        content: &mut Entry,
    ) -> Result<(), FieldsError> {
        let is_as_thought = self.document == document;
        for (spot, bytes) in self.values.drain(..) {
            let field = spot.field(content);
            let bytes = match is_as_thought {
                true => bytes,
                false => veil.seal(&self.fresh, (kind, document, spot.line), field)?,
            };
            field.value = Value::Sealed(bytes);
        }
        Ok(())
    }

    /// Seals what goes along into documents made for others, once they have their names.
    pub(crate) fn lay_over_spawned(
        &self,
        veil: &Veil,
        catalogs: &Catalogs,
        spawned: &mut [Spawned],
    ) -> Result<(), FieldsError> {
        for made in spawned {
            let (version, kind) = (made.entry.catalog, made.entry.kind);
            if !catalogs.has_sensitive(version, kind) || veil.fields().sealing().is_none() {
                continue;
            }
            for field in &mut made.entry.fields {
                let is_sealed = matches!(field.value, Value::Sealed(_));
                if !is_sealed && catalogs.sensitive(version, kind, field.id).is_some() {
                    let bytes = veil.seal(&self.fresh, (kind, made.document, 0), field)?;
                    field.value = Value::Sealed(bytes);
                }
            }
        }
        Ok(())
    }
}

impl Spot {
    fn field(self, content: &mut Entry) -> &mut Field {
        let at = usize::from(self.at);
        match self.line {
            0 => &mut content.fields[at],
            line => &mut content.lines[usize::from(line) - 1].fields[at],
        }
    }
}

impl Veil {
    pub(crate) fn new(fields: Fields, journal: [u8; 16]) -> Veil {
        Veil {
            fields: ArcSwap::from_pointee(fields),
            journal,
            pool: Mutex::new(Pool {
                bytes: [0; POOL],
                used: POOL,
            }),
        }
    }

    pub(crate) fn fields(&self) -> Guard<Arc<Fields>> {
        self.fields.load()
    }

    pub(crate) fn replace(&self, fields: Fields) {
        self.fields.store(Arc::new(fields));
    }

    /// Random bytes that nobody had before.
    fn fresh(&self, disk: &dyn Disk) -> Result<Fresh, FieldsError> {
        let mut pool = self.pool.lock();
        if pool.used == POOL {
            let drawn = disk.draw(&mut pool.bytes);
            drawn.map_err(|error| FieldsError::Random(error.to_string()))?;
            pool.used = 0;
        }
        let mut fresh = Fresh::default();
        let from = pool.used;
        fresh.copy_from_slice(&pool.bytes[from..from + size_of::<Fresh>()]);
        pool.bytes[from..from + size_of::<Fresh>()].fill(0);
        pool.used += size_of::<Fresh>();
        Ok(fresh)
    }

    fn place(&self, kind: TypeId, document: DocumentId, line: u16, field: FieldId) -> Place<'_> {
        Place {
            journal: &self.journal,
            document,
            kind,
            field,
            line,
        }
    }

    fn seal(
        &self,
        fresh: &Fresh,
        (kind, document, line): (TypeId, DocumentId, u16),
        field: &Field,
    ) -> Result<Box<[u8]>, FieldsError> {
        let fields = self.fields();
        let key = fields.sealing().and_then(Keyring::newest);
        let key = key.ok_or(FieldsError::NoKey)?;
        let place = self.place(kind, document, line, field.id);
        Ok(sealed::seal(key, &place, &field.value, fresh))
    }

    /// The value of a field that stands as ciphertext; `None` where it is plain.
    pub(crate) fn open(
        &self,
        (kind, document, line): (TypeId, DocumentId, u16),
        field: &Field,
    ) -> Option<Result<Value, FieldsError>> {
        let Value::Sealed(bytes) = &field.value else {
            return None;
        };
        let fields = self.fields();
        let place = self.place(kind, document, line, field.id);
        Some(sealed::open(fields.keys(), &place, bytes))
    }

    /// Whether `body` names what was asked, under any key: it was asked when another was the newest, or none.
    pub(crate) fn is_same(&self, body: u64, plain: u64, asked: &[u8]) -> bool {
        let fields = self.fields();
        let mut keys = fields.keys().newest_first();
        body == plain || keys.any(|key| self.body(key.names(), asked) == body)
    }

    /// The hash of what was asked, under the journal's secret and a key's: the first alone stands beside it on disk.
    fn body(&self, names: &[u8; 16], asked: &[u8]) -> u64 {
        let mut secret = self.journal;
        secret
            .iter_mut()
            .zip(names)
            .for_each(|(byte, more)| *byte ^= more);
        crate::engine::once::body(&secret, asked)
    }
}

impl Engine {
    /// Makes ready what of a prepared command will stand as ciphertext, and names the command so that its record does not
    /// give it away. `ahead` is how many documents will be entered in the same shard before this one.
    pub(crate) fn seal(
        &self,
        look: &dyn Look,
        intent: &mut Intent<'_>,
        scratch: &mut Scratch,
        ahead: u64,
    ) -> Result<(), SubmitError> {
        scratch.sealed.clear();
        let (version, kind) = (intent.version, intent.kind.id);
        let catalogs = self.catalogs();
        let brings = intent.kind.has_sensitive
            || catalogs.current().0 != version && catalogs.has_sensitive(version, kind);
        let is_made = |entry: &Entry| catalogs.has_sensitive(entry.catalog, entry.kind);
        let makes = intent.spawns.iter().any(is_made);
        if !makes && !brings {
            return Ok(());
        }
        let veil = self.veil();
        let fields = veil.fields();
        let Some(ring) = fields.sealing() else {
            return Ok(());
        };
        let mut spots = smallvec::SmallVec::<[Spot; 8]>::new();
        each_field(&scratch.content, |spot, field| {
            if catalogs.sensitive(version, kind, field.id).is_some() {
                spots.push(spot);
            }
        });
        if spots.is_empty() && !makes {
            return Ok(());
        }
        let newest = ring.newest().ok_or(FieldsError::NoKey)?;
        if !spots.is_empty() {
            scratch.once.body = veil.body(newest.names(), &scratch.bytes);
            intent.once = scratch.once;
        }
        if intent.judged.is_err() {
            return Ok(());
        }
        let sealed = &mut scratch.sealed;
        sealed.fresh = veil.fresh(self.disk())?;
        sealed.document = next_document(look, &intent.subject, ahead);
        for spot in spots {
            let field = spot.field(&mut scratch.content);
            let place = (kind, sealed.document, spot.line);
            let bytes = veil.seal(&sealed.fresh, place, field)?;
            sealed.values.push((spot, bytes));
        }
        Ok(())
    }
}

fn each_field(content: &Entry, mut see: impl FnMut(Spot, &Field)) {
    let head = (0, &content.fields);
    let lines = content.lines.iter().map(|line| &line.fields);
    let lines = (1..).zip(lines);
    for (line, fields) in std::iter::once(head).chain(lines) {
        for (at, field) in (0..).zip(fields) {
            see(Spot { line, at }, field);
        }
    }
}

/// The document that it is about, or the one that it will make if no other comes first.
fn next_document(look: &dyn Look, about: &About, ahead: u64) -> DocumentId {
    match about {
        About::Known(seen) => seen.id,
        About::New(home, _) => {
            let mut named = 0;
            look.look(*home, &mut |shard| named = shard.documents_named);
            place::document(*home, named + 1 + ahead)
        }
    }
}

impl Catalogs {
    /// What is said of a field: by the catalog now in use, so that a mark counts for older documents too, or by the one
    /// that the document lives under.
    pub fn sensitive(
        &self,
        version: CatalogVersion,
        kind: TypeId,
        field: FieldId,
    ) -> Option<&crate::catalog::document::Sensitive> {
        let (newest, current) = self.current();
        let now = current
            .document_type(kind)
            .and_then(|kind| kind.sensitive(field));
        if now.is_some() || newest == version {
            return now;
        }
        self.version(version).document_type(kind)?.sensitive(field)
    }

    /// Whether any field of the type is sensitive.
    pub(crate) fn has_sensitive(&self, version: CatalogVersion, kind: TypeId) -> bool {
        let (newest, current) = self.current();
        let marked = |kind: Option<&crate::catalog::document::DocumentType>| {
            kind.is_some_and(|kind| kind.has_sensitive)
        };
        marked(current.document_type(kind))
            || newest != version && marked(self.version(version).document_type(kind))
    }
}
