//! `hubu fields`: the keys of sensitive fields, which of them the journal still needs, and a new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use hubu_core::catalog::check::check;
use hubu_core::catalog::error::CatalogError;
use hubu_core::catalog::model::Catalog;
use hubu_core::catalog::sources::Sources;
use hubu_core::cipher::AeadKind;
use hubu_core::config::Settings;
use hubu_core::engine::Engine;
use hubu_core::fields::folder;
use hubu_core::fields::key::KeyId;
use hubu_core::fields::keyring::Fields as Keeping;
use hubu_core::fields::sealed::key_of;
use hubu_core::journal::{Records, codec, open_reader};
use hubu_kernel::document::{Entry, Field, Value};
use hubu_kernel::record::{Body, Record};

use super::serve::journal_settings;
use super::{CommandError, Config};

#[derive(Debug, Args)]
pub(crate) struct Fields {
    #[command(flatten)]
    config: Config,
    /// Draw a new key under the next number: a running server seals with it within seconds
    #[arg(long)]
    new_key: bool,
    /// The cipher of the new key: sm4-gcm or aes-256-gcm
    #[arg(
        long,
        default_value = "sm4-gcm",
        requires = "new_key",
        value_name = "NAME"
    )]
    cipher: String,
}

/// Values that one key sealed.
#[derive(Debug)]
struct Needed {
    values: u64,
    first: u64,
    last: u64,
}

impl Fields {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let settings = hubu_core::config::load(&self.config.config)?;
        let folder = &settings.fields.key_folder;
        if self.new_key {
            let wrong =
                |error: hubu_core::cipher::CipherError| CommandError::Usage(error.to_string());
            let kind: AeadKind = self.cipher.parse().map_err(wrong)?;
            let number = folder::add(folder, kind)?;
            println!(
                "{}: a {kind} key; keep a copy apart from the journal's backups",
                folder.join(format!("{number}.key")).display()
            );
            return Ok(());
        }
        let ring = folder::read(folder)?;
        let needed = needed(&settings)?;
        println!("{}: {} keys", folder.display(), ring.len());
        for key in ring.newest_first() {
            let what = needed.get(&Some(key.id()));
            let (number, id, kind) = (key.number(), key.id(), key.kind());
            println!("{number}.key  {id}  {kind}  {}", use_of(what));
        }
        let is_missing = |id: &Option<KeyId>| id.is_none_or(|id| ring.key(id).is_none());
        for (id, what) in needed.iter().filter(|(id, _)| is_missing(id)) {
            match id {
                Some(id) => println!("missing  {id}  {}", use_of(Some(what))),
                None => println!("damaged  {}", use_of(Some(what))),
            }
        }
        Ok(())
    }
}

fn use_of(what: Option<&Needed>) -> String {
    match what {
        None => "no value of the journal needs it".to_owned(),
        Some(Needed {
            values,
            first,
            last,
        }) => format!("{values} values, in records {first} to {last}"),
    }
}

/// How many values of the journal each key sealed.
fn needed(settings: &Settings) -> Result<BTreeMap<Option<KeyId>, Needed>, CommandError> {
    let place = String::from(settings.journal.place.clone());
    let reader = open_reader(&place, &journal_settings(settings))?;
    let mut found = BTreeMap::new();
    let mut fault = None;
    reader.scan(1, &mut |batch| {
        for (seq, bytes) in (batch.first..).zip(Records::new(batch.payload)) {
            match codec::decode(bytes) {
                Ok(record) => count(seq, &record, &mut found),
                Err(error) => fault = Some(format!("record {seq}: {error}")),
            }
        }
        fault.is_none()
    })?;
    fault.map_or(Ok(found), |fault| Err(CommandError::Damage(fault)))
}

fn count(seq: u64, record: &Record, found: &mut BTreeMap<Option<KeyId>, Needed>) {
    let Body::Decided(decided) = &record.body else {
        return;
    };
    let mut see = |fields: &[Field]| {
        for field in fields {
            if let Value::Sealed(bytes) = &field.value {
                let new = Needed {
                    values: 0,
                    first: seq,
                    last: seq,
                };
                let needed = found.entry(key_of(bytes)).or_insert(new);
                needed.values += 1;
                needed.last = seq;
            }
        }
    };
    let made = decided.spawned.iter().map(|made| &made.entry);
    for Entry { fields, lines, .. } in decided.entry.iter().chain(made) {
        see(fields);
        lines.iter().for_each(|line| see(&line.fields));
    }
    see(&decided.fields);
    decided
        .lines
        .iter()
        .flatten()
        .for_each(|line| see(&line.fields));
}

/// What the settings say becomes of sensitive fields; `sources` is the catalog that will be put to use.
///
/// # Errors
/// A key can't be read, or the catalog marks fields and there is nothing to seal with.
pub(super) fn keeping(settings: &Settings, sources: &Sources) -> Result<Keeping, CommandError> {
    let keeping = keys(settings)?;
    if needs_key(&keeping) {
        let catalog = check(sources).map_err(CatalogError::Mistakes)?;
        expect_key(settings, &keeping, &catalog)?;
    }
    Ok(keeping)
}

/// As [`keeping`], where the catalog is not known yet.
///
/// # Errors
/// A key can't be read.
pub(super) fn keys(settings: &Settings) -> Result<Keeping, CommandError> {
    let ring = Arc::new(folder::read(&settings.fields.key_folder)?);
    Ok(match settings.fields.plain {
        true => Keeping::Plain(ring),
        false => Keeping::Sealed(ring),
    })
}

fn needs_key(keeping: &Keeping) -> bool {
    keeping.sealing().is_some_and(|ring| ring.is_empty())
}

/// A catalog that marks fields is not served without a key, unless that is meant.
///
/// # Errors
/// There is none.
pub(super) fn expect_key(
    settings: &Settings,
    keeping: &Keeping,
    catalog: &Catalog,
) -> Result<(), CommandError> {
    let Some(kind) = catalog.types.iter().find(|kind| kind.has_sensitive) else {
        return Ok(());
    };
    if settings.fields.plain {
        tracing::warn!(kind = %kind.name, "fields.plain is set: sensitive fields stand readable on the disk");
    }
    if !needs_key(keeping) {
        return Ok(());
    }
    Err(CommandError::Usage(format!(
        "document type `{}` has sensitive fields, and {} holds no key to keep them with: make one with \
         `hubu fields --new-key`, put back the keys of the server that this one replaces, or set fields.plain = true",
        kind.name,
        settings.fields.key_folder.display()
    )))
}

/// What `hubu check` says of the keys.
///
/// # Errors
/// As [`keeping`].
pub(super) fn checked(settings: &Settings, catalog: &Catalog) -> Result<String, CommandError> {
    let keeping = keys(settings)?;
    expect_key(settings, &keeping, catalog)?;
    let folder = settings.fields.key_folder.display();
    Ok(match keeping.keys().newest() {
        None => format!("{folder}: no key for sensitive fields"),
        Some(key) => format!(
            "{folder}: fine: {} keys for sensitive fields, the newest: {}.key ({} {})",
            keeping.keys().len(),
            key.number(),
            key.id(),
            key.kind()
        ),
    })
}

/// Looks after the folder of keys while the server serves: keys are changed without a restart.
pub(super) struct Follow<'a> {
    settings: &'a Settings,
    /// What was wrong with the folder when it was last looked at.
    fault: String,
}

impl<'a> Follow<'a> {
    pub(super) fn new(settings: &'a Settings) -> Follow<'a> {
        Follow {
            settings,
            fault: String::new(),
        }
    }

    /// Gives the engine the keys that are there now, if they are others than it has. A folder that can't be read changes
    /// nothing, nor does one without any key: it is no longer mounted, rather than meant.
    pub(super) fn look(&mut self, engine: &Engine) {
        let had = engine.fields();
        let found = match keys(self.settings) {
            Ok(found) => found,
            Err(error) => {
                return self.warn(format!(
                    "the keys for sensitive fields can't be read: those that were read before stay: {error}"
                ));
            }
        };
        if found.keys().is_empty() && !had.keys().is_empty() {
            return self.warn(format!(
                "the folder of keys is gone or empty: those that were read before stay until a restart: {}",
                self.settings.fields.key_folder.display()
            ));
        }
        self.fault.clear();
        let now = names(&found);
        if now != names(&had) {
            let newest = now.first().map(ToString::to_string);
            tracing::info!(keys = now.len(), newest, "other keys for sensitive fields");
            engine.set_fields(found);
        }
    }

    /// Says what is wrong with the folder, once.
    fn warn(&mut self, fault: String) {
        if fault != self.fault {
            tracing::warn!("{fault}");
            self.fault = fault;
        }
    }
}

fn names(keeping: &Keeping) -> Vec<KeyId> {
    keeping.keys().newest_first().map(|key| key.id()).collect()
}
