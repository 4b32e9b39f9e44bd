//! The register of signers (签章人名册): whose key is which, and from when to when.
//!
//! A file of its own and no part of the catalog: people come and go while a server runs. It is read anew
//! when it changed; a file that can't be read leaves the register as it was, which is told in the log.
//! It says who may sign *now*; signatures that were taken carry their keys in the journal.

use crate::catalog::calendar::{format_day, parse_day};
use crate::cipher::PublicKey;
use crate::sync::Mutex;
use arc_swap::ArcSwap;
use serde::Deserialize;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The longest file: about a hundred thousand signers.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The longest name of a person, as tokens have it.
const PERSON_MAX: usize = 128;

/// Why a register can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The file can't be read.
    #[error("register of signers {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// What is in it can't be used.
    #[error("register of signers {path}: {reason}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// One key and who holds it.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The person, as their tokens name them (`sub`).
    pub person: Box<str>,
    /// Their public key.
    pub key: PublicKey,
    /// The first day on which it counts, since 1970-01-01 in Beijing.
    pub from: i32,
    /// The last day on which it counts; `None` = no end is set.
    pub until: Option<i32>,
}

impl Holder {
    /// Whether the key counts on this day.
    pub fn is_in_force(&self, day: i32) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    pub(super) fn span(&self) -> String {
        let from = format_day(self.from);
        match self.until {
            Some(until) => format!("from {from} until {}", format_day(until)),
            None => format!("from {from}"),
        }
    }
}

/// Who may sign, by their keys' fingerprints.
#[derive(Clone, Debug, Default)]
pub struct Signers {
    by_key: HashMap<String, Holder>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(default)]
    signers: Vec<SignerForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerForm {
    person: String,
    key: String,
    from: String,
    until: Option<String>,
}

impl Signers {
    /// The register that this text is.
    ///
    /// # Errors
    /// What is wrong, and with which signer.
    pub fn parse(text: &str) -> Result<Signers, String> {
        let form: FileForm = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut signers = Signers::default();
        for (at, one) in form.signers.iter().enumerate() {
            let holder =
                holder(one).map_err(|e| format!("signer {} ({}): {e}", at + 1, one.person))?;
            signers.add(holder)?;
        }
        Ok(signers)
    }

    /// Adds a key.
    ///
    /// # Errors
    /// It has a holder already.
    pub fn add(&mut self, holder: Holder) -> Result<(), String> {
        let name = holder.key.fingerprint();
        if let Some(known) = self.by_key.get(&name) {
            let (one, other) = (&known.person, &holder.person);
            return Err(format!(
                "key {name} is there twice: of {one} and of {other}"
            ));
        }
        self.by_key.insert(name, holder);
        Ok(())
    }

    /// Who holds the key of this fingerprint.
    pub fn find(&self, fingerprint: &str) -> Option<&Holder> {
        self.by_key.get(fingerprint)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether nobody may sign.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

fn holder(form: &SignerForm) -> Result<Holder, String> {
    if !(1..=PERSON_MAX).contains(&form.person.len()) {
        return Err(format!("`person` has 1 to {PERSON_MAX} bytes"));
    }
    let day = |text: &str| {
        parse_day(text).ok_or_else(|| format!("{text:?} is no day such as \"2026-03-31\""))
    };
    let (from, until) = (
        day(&form.from)?,
        form.until.as_deref().map(day).transpose()?,
    );
    if until.is_some_and(|until| until < from) {
        return Err("`until` lies before `from`".into());
    }
    let key = PublicKey::from_pem(form.key.trim()).map_err(|error| error.to_string())?;
    Ok(Holder {
        person: form.person.as_str().into(),
        key,
        from,
        until,
    })
}

/// Tells one state of a file from another: inode, size, and when content and inode changed. The last of them nobody sets
/// back.
type Stamp = (u64, u64, [i64; 4]);

/// A register that may change while it is used.
#[derive(Debug, Default)]
pub struct Register {
    file: Option<PathBuf>,
    stamp: Mutex<Option<Stamp>>,
    signers: ArcSwap<Signers>,
}

impl Register {
    /// One that never changes.
    pub fn fixed(signers: Signers) -> Register {
        Register {
            signers: ArcSwap::from_pointee(signers),
            ..Register::default()
        }
    }

    /// The register of a file.
    ///
    /// # Errors
    /// The file can't be read or used.
    pub fn open(file: &Path) -> Result<Register, RegisterError> {
        let stamp = look(file)?;
        Ok(Register {
            signers: ArcSwap::from_pointee(read(file)?),
            stamp: Mutex::new(Some(stamp)),
            file: Some(file.to_owned()),
        })
    }

    /// Reads the file again if it changed; says how many keys it has then.
    ///
    /// # Errors
    /// The file can't be read or used; the register stays as it is. A file whose form is wrong is tried again once it
    /// changes, one that could not be read every time: it may take a signer's key away.
    pub fn refresh(&self) -> Result<Option<usize>, RegisterError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let mut known = self.stamp.lock();
        let stamp = match look(file) {
            Ok(stamp) => stamp,
            Err(error) => {
                let was_there = known.take().is_some();
                return if was_there { Err(error) } else { Ok(None) };
            }
        };
        if *known == Some(stamp) {
            return Ok(None);
        }
        let found = read(file);
        if !matches!(found, Err(RegisterError::Read { .. })) {
            *known = Some(stamp);
        }
        let signers = found?;
        let count = signers.len();
        self.signers.store(Arc::new(signers));
        Ok(Some(count))
    }

    /// Puts another register in this one's place; one of a file is read again when the file changes.
    pub fn replace(&self, signers: Signers) {
        self.signers.store(Arc::new(signers));
    }

    /// The register as it is now.
    pub fn current(&self) -> Arc<Signers> {
        self.signers.load_full()
    }
}

fn look(file: &Path) -> Result<Stamp, RegisterError> {
    let failed = |source| RegisterError::Read {
        path: file.to_owned(),
        source,
    };
    let found = std::fs::metadata(file).map_err(failed)?;
    if found.len() > FILE_BYTES_MAX {
        return Err(RegisterError::Form {
            path: file.to_owned(),
            reason: format!("more than {FILE_BYTES_MAX} bytes"),
        });
    }
    let times = [
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec(),
    ];
    Ok((found.ino(), found.len(), times))
}

fn read(file: &Path) -> Result<Signers, RegisterError> {
    let bytes = std::fs::read(file).map_err(|source| RegisterError::Read {
        path: file.to_owned(),
        source,
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|error| error.to_string());
    text.and_then(Signers::parse)
        .map_err(|reason| RegisterError::Form {
            path: file.to_owned(),
            reason,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::{Algorithm, PrivateKey, Signer};

    fn entry(person: &str, key: &PrivateKey, until: &str) -> String {
        let pem = key.public_key().to_pem();
        format!(
            "[[signers]]\nperson = \"{person}\"\nfrom = \"2026-01-01\"\n{until}key = \"\"\"\n{pem}\"\"\"\n"
        )
    }

    fn key() -> PrivateKey {
        PrivateKey::generate(Algorithm::Sm2).unwrap()
    }

    #[test]
    fn a_key_counts_from_its_first_day_to_its_last() {
        let key = key();
        let text = entry("wang", &key, "until = \"2026-12-31\"\n");
        let signers = Signers::parse(&text).unwrap();
        let holder = signers.find(&key.public_key().fingerprint()).unwrap();
        assert_eq!((&*holder.person, signers.len()), ("wang", 1));
        for (day, counts) in [
            ("2025-12-31", false),
            ("2026-01-01", true),
            ("2026-12-31", true),
            ("2027-01-01", false),
        ] {
            assert_eq!(holder.is_in_force(parse_day(day).unwrap()), counts, "{day}");
        }
        let open = Signers::parse(&entry("wang", &key, "")).unwrap();
        let holder = open.find(&key.public_key().fingerprint()).unwrap();
        assert!(holder.is_in_force(i32::MAX));
    }

    #[test]
    fn a_mistake_is_told_with_its_signer() {
        let (one, other) = (key(), key());
        let twice = entry("wang", &one, "") + &entry("li", &one, "");
        let backwards = entry("wang", &one, "until = \"2025-12-31\"\n");
        let secret = entry("li", &other, "").replace("PUBLIC", "PRIVATE");
        for (text, said) in [
            (twice, "of wang and of li"),
            (backwards, "signer 1 (wang): `until` lies before `from`"),
            (secret, "signer 1 (li): not a public key"),
            (entry("", &one, ""), "`person` has 1 to 128 bytes"),
            (
                entry("li", &one, "since = \"x\"\n"),
                "unknown field `since`",
            ),
            (
                entry("li", &one, "").replace("2026-01-01", "1.1.2026"),
                "is no day",
            ),
        ] {
            let error = Signers::parse(&text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        assert!(Signers::parse("").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_changes_is_read_again_and_one_that_is_broken_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signers.toml");
        assert!(Register::open(&file).is_err(), "it is not there");
        let put = |text: &str| {
            std::fs::write(file.with_extension("new"), text).unwrap();
            std::fs::rename(file.with_extension("new"), &file).unwrap();
        };
        put("");
        let register = Register::open(&file).unwrap();
        assert!(matches!(register.refresh(), Ok(None)), "nothing changed");
        put(&entry("wang", &key(), ""));
        assert!(matches!(register.refresh(), Ok(Some(1))));
        put("no register");
        assert!(register.refresh().is_err());
        assert!(matches!(register.refresh(), Ok(None)), "told once");
        assert_eq!(register.current().len(), 1, "the last good one goes on");
        std::fs::remove_file(&file).unwrap();
        assert!(register.refresh().is_err());
        assert!(matches!(register.refresh(), Ok(None)), "told once");
        put(&(entry("wang", &key(), "") + &entry("li", &key(), "")));
        assert!(matches!(register.refresh(), Ok(Some(2))));
        std::fs::write(&file, [0xff, 0xfe]).unwrap();
        let error = register.refresh().unwrap_err();
        assert!(matches!(error, RegisterError::Form { .. }), "{error}");
        assert!(matches!(register.refresh(), Ok(None)), "told once");
    }

    #[test]
    fn a_file_that_cannot_be_read_now_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("signers.toml");
        std::fs::write(&file, entry("wang", &key(), "")).unwrap();
        let register = Register::open(&file).unwrap();
        // A folder in its place is found and can't be read, by root either.
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        for _ in 0..2 {
            let error = register.refresh().unwrap_err();
            assert!(matches!(error, RegisterError::Read { .. }), "{error}");
        }
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, "").unwrap();
        assert!(matches!(register.refresh(), Ok(Some(0))));
    }
}
