//! The signatures of a whole journal, checked again with public keys alone.
//!
//! Documents are followed record by record, rows are left out; where a record brings a signature, the
//! form that was signed is made anew of the document as the journal has it. Whoever changed a record and
//! made the chain fit again is found here, as he has no official's key.

use crate::catalog::document::{DocumentType, SpawnRule, TransitionRule};
use crate::catalog::model::Catalog;
use crate::engine::catalogs::Catalogs;
use crate::engine::error::{EngineError, misfit};
use crate::engine::place::{self, ShardId};
use crate::engine::replay::{check_catalogs, each_record, take_catalog, take_secret};
use crate::fields::error::FieldsError;
use crate::fields::keyring::Keyring;
use crate::fields::place::Place;
use crate::fields::sealed;
use crate::journal::{JournalReader, codec};
use crate::signing::form::{Subject, bytes, cell_name};
use crate::signing::public_key;
use crate::signing::register::Signers;
use hubu_kernel::actor::ActorName;
use hubu_kernel::document::{Document, Field, Value, overlay};
use hubu_kernel::effect::Phase;
use hubu_kernel::evolve::{Misfit, State, evolve};
use hubu_kernel::ident::{Division, DocumentId, RowId, Seq, TypeId, Year};
use hubu_kernel::record::{Body, Decided, NewRow, Record, Spawned};
use hubu_kernel::row::Row;
use hubu_kernel::signature::Signature;
use std::collections::HashMap;

/// The most faults that are told one by one.
const FAULTS_MAX: usize = 100;

/// What a journal's signatures came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Records with a signature.
    pub signed: u64,
    /// Those whose signature fits, by a key that is its signer's where a register was given.
    pub good: u64,
    /// Those of documents with sealed values that no key here opens: nothing can be said of them.
    pub closed: u64,
    /// Steps whose type demands a signature, and that have none.
    pub missing: u64,
    /// Records without a signature that fit no step of their document: somebody wrote them who is not the engine.
    pub stray: u64,
    /// The first of those that are not as they should be, in words; those that no key here opens are only counted.
    pub faults: Vec<String>,
}

impl Report {
    /// Whether every signature is there and fits.
    pub fn is_whole(&self) -> bool {
        self.good == self.signed && self.wrong() == 0
    }

    /// How many records are not as they should be; nothing is said of those that no key here opens.
    pub fn wrong(&self) -> u64 {
        self.signed.saturating_sub(self.good + self.closed) + self.missing + self.stray
    }

    fn fault(&mut self, seq: Seq, record: &Record, decided: &Decided, what: &str) {
        if self.faults.len() < FAULTS_MAX {
            let (document, version, signer) = (decided.document.0, decided.version, &record.actor);
            self.faults.push(format!(
                "record {}: document {document}, version {version}, {signer}: {what}",
                seq.0
            ));
        }
    }
}

/// Checks every signature of a journal; with `register`, also that each key is registered as its
/// signer's. Sealed values are opened with `keys`, as what was signed is what people saw. Holds the documents under way in memory.
///
/// # Errors
/// The journal can't be read, or its records can't be applied.
pub fn check_journal(
    reader: &dyn JournalReader,
    register: Option<&Signers>,
    keys: &Keyring,
) -> Result<Report, EngineError> {
    let mut reading = Reading {
        register,
        keys: Some(keys),
        ..Reading::default()
    };
    let mut taken = Ok(());
    reader.scan(1, &mut |batch| {
        taken = each_record((batch.first, batch.last), batch.payload, |seq, bytes| {
            let record = codec::decode(bytes);
            let record = record.map_err(|source| EngineError::Record { seq, source })?;
            reading.take(Seq(seq), &record)
        });
        taken.is_ok()
    })?;
    taken.map(|()| reading.report)
}

/// Why a signature is not good.
enum Fault {
    /// A sealed value can't be opened here: nothing can be said.
    Closed,
    /// It does not fit, in words.
    Wrong(&'static str),
}

/// A step, and under what its document lives.
#[derive(Clone, Copy)]
struct Step<'a> {
    catalog: &'a Catalog,
    kind: &'a DocumentType,
    rule: &'a TransitionRule,
}

#[derive(Default)]
struct Reading<'a> {
    register: Option<&'a Signers>,
    keys: Option<&'a Keyring>,
    secret: Option<[u8; 16]>,
    catalogs: Catalogs,
    cell: String,
    documents: Documents,
    report: Report,
}

impl Reading<'_> {
    fn take(&mut self, seq: Seq, record: &Record) -> Result<(), EngineError> {
        match &record.body {
            Body::Genesis { secret } => {
                take_secret(&mut self.secret, seq, *secret)?;
                self.cell = cell_name(secret);
            }
            Body::Catalog { version, sources } => {
                take_catalog(&mut self.catalogs, seq, (*version, sources))?;
            }
            Body::Decided(decided) => {
                check_catalogs(seq, record, self.catalogs.next())?;
                self.look_at(seq, record, decided);
                evolve(&mut self.documents, seq, record).map_err(misfit(seq))?;
                if let Some(ended) = self.documents.ended.take() {
                    self.documents.open.remove(&ended);
                }
            }
            Body::Refused(_) => {}
        }
        Ok(())
    }

    fn look_at(&mut self, seq: Seq, record: &Record, decided: &Decided) {
        let fault = match &decided.signature {
            _ if !self.are_spawned_by_step(decided) => {
                self.report.stray += 1;
                "it makes documents that its step does not"
            }
            Some(signature) => {
                self.report.signed += 1;
                match self.judge(record, decided, signature) {
                    Ok(()) => {
                        self.report.good += 1;
                        return;
                    }
                    Err(Fault::Closed) => {
                        self.report.closed += 1;
                        return;
                    }
                    Err(Fault::Wrong(fault)) => fault,
                }
            }
            None => match self.step(decided) {
                Some(step) if step.rule.signature.is_some() => {
                    self.report.missing += 1;
                    "the step demands a signature, and there is none"
                }
                Some(_) => return,
                None if self.is_plain_entry(decided) => return,
                None => {
                    self.report.stray += 1;
                    "it fits no step of its document"
                }
            },
        };
        self.report.fault(seq, record, decided, fault);
    }

    /// What the document of a record lives under: by its beginning, which signatures cover, and not by what this record
    /// says of it.
    fn under(&self, decided: &Decided) -> Option<(&Catalog, &DocumentType)> {
        let begun = self.documents.open.get(&decided.document);
        let entry = decided.entry.as_ref().or(begun.map(|d| &d.entry))?;
        let catalog = &**self.catalogs.find(entry.catalog)?;
        Some((catalog, catalog.document_type(entry.kind)?))
    }

    /// The step that a record took, if its document has it and the record did what it does.
    fn step(&self, decided: &Decided) -> Option<Step<'_>> {
        let (catalog, kind) = self.under(decided)?;
        let rule = kind.transition(decided.transition?)?;
        let did = (decided.from, decided.state, decided.phase, decided.terminal);
        let does = &rule.kernel;
        let is_same = did == (does.from, does.to, does.phase, does.terminal);
        is_same.then_some(Step {
            catalog,
            kind,
            rule,
        })
    }

    /// Whether the record enters a document that stays where it starts, which is no step, and does nothing else.
    fn is_plain_entry(&self, decided: &Decided) -> bool {
        let is_first = || self.under(decided).map(|(_, kind)| kind.initial) == Some(decided.state);
        let does_nothing = decided.phase == Phase::None
            && !decided.terminal
            && decided.rows.is_empty()
            && decided.changes.is_empty()
            && decided.postings.is_empty();
        decided.entry.is_some() && decided.transition.is_none() && does_nothing && is_first()
    }

    /// Whether each document that the record makes for others is one that its step makes, and stands where it starts: else
    /// it could stand behind a step that demands a signature.
    fn are_spawned_by_step(&self, decided: &Decided) -> bool {
        let fits = |spawned: &Spawned| {
            let (_, kind) = self.under(decided)?;
            let on = decided.transition?;
            let made = |rule: &SpawnRule| rule.on == on && rule.kind == spawned.entry.kind;
            let catalog = self.catalogs.find(spawned.entry.catalog)?;
            let theirs = catalog.document_type(spawned.entry.kind)?;
            Some(kind.spawns.iter().any(made) && theirs.initial == spawned.state)
        };
        decided
            .spawned
            .iter()
            .all(|spawned| fits(spawned) == Some(true))
    }

    fn judge(
        &self,
        record: &Record,
        decided: &Decided,
        signature: &Signature,
    ) -> Result<(), Fault> {
        let wrong = Fault::Wrong;
        let key =
            public_key(signature).ok_or(wrong("the public key beside the signature is none"))?;
        let signer = ActorName::of(&record.actor).person;
        if let Some(register) = self.register {
            let holder = register.find(&key.fingerprint());
            let is_theirs = holder.is_some_and(|h| h.key == key && *h.person == *signer);
            if !is_theirs {
                return Err(wrong("the key is not registered as the signer's"));
            }
        }
        if decided.entry.is_some() {
            return Err(wrong(
                "a signature stands under a step, and this is a beginning",
            ));
        }
        let form = self.form(record, decided)?;
        let checked = key.verify(&form, &signature.value);
        checked.map_err(|_| wrong("the signature does not fit the document"))
    }

    /// The bytes that were to be signed, of the document as the journal has it.
    fn form(&self, record: &Record, decided: &Decided) -> Result<Vec<u8>, Fault> {
        const NONE: Fault = Fault::Wrong("there is no such document or step");
        let document = self.documents.open.get(&decided.document).ok_or(NONE)?;
        let entry = &document.entry;
        let step = self.step(decided).ok_or(NONE)?;
        let mut fields = entry.fields.clone();
        overlay(&mut fields, &decided.fields);
        let place = (entry.kind, document.id, 0);
        self.open_all(place, &mut fields)?;
        let mut lines = decided.lines.as_ref().unwrap_or(&entry.lines).clone();
        for (line, number) in lines.iter_mut().zip(1..) {
            self.open_all((entry.kind, document.id, number), &mut line.fields)?;
        }
        Ok(bytes(&Subject {
            cell: &self.cell,
            catalog: step.catalog,
            catalog_version: entry.catalog,
            kind: step.kind,
            document: document.id,
            number: entry.number,
            version: document.version,
            state: document.state,
            step: step.rule,
            signer: ActorName::of(&record.actor).person,
            division: entry.division,
            year: entry.year,
            agency: &entry.agency,
            creator: ActorName::of(&document.creator).person,
            links: &entry.links,
            fields: &fields,
            lines: &lines,
        }))
    }

    fn open_all(
        &self,
        (kind, document, line): (TypeId, DocumentId, u16),
        fields: &mut [Field],
    ) -> Result<(), Fault> {
        let secret = self.secret.unwrap_or_default();
        for field in fields {
            let Value::Sealed(bytes) = &field.value else {
                continue;
            };
            let place = Place {
                journal: &secret,
                document,
                kind,
                field: field.id,
                line,
            };
            let opened = match self.keys {
                Some(keys) => sealed::open(keys, &place, bytes),
                None => Err(FieldsError::NoKey),
            };
            field.value = opened.map_err(|error| match error {
                FieldsError::KeyMissing { .. } | FieldsError::NoKey => Fault::Closed,
                _ => Fault::Wrong("a sealed value was changed: its key does not open it"),
            })?;
        }
        Ok(())
    }
}

/// The documents under way, and nothing else of a state.
#[derive(Default)]
struct Documents {
    open: HashMap<DocumentId, Document>,
    ended: Option<DocumentId>,
    /// How many each place has named.
    named: HashMap<ShardId, u64>,
}

impl State for Documents {
    fn insert_row(&mut self, _: &NewRow) -> Result<(), Misfit> {
        Ok(())
    }

    fn row(&mut self, _: RowId) -> Result<Option<&mut Row>, Misfit> {
        Ok(None)
    }

    fn insert_document(&mut self, document: Document) {
        self.open.insert(document.id, document);
    }

    fn document(&mut self, id: DocumentId) -> Result<Option<&mut Document>, Misfit> {
        // One that is not under way was told as a stray step already.
        Ok(self.open.get_mut(&id))
    }

    fn retire_document(&mut self, id: DocumentId) {
        self.ended = Some(id);
    }

    fn set_number(&mut self, _: Division, _: Year, _: TypeId, _: u64) -> Result<(), Misfit> {
        Ok(())
    }

    fn name_document(&mut self, id: DocumentId) -> Result<(), Misfit> {
        let named = self.named.entry(place::of_document(id)).or_default();
        *named += 1;
        match place::count(id) == *named {
            true => Ok(()),
            false => Err(Misfit::Name(id)),
        }
    }
}
