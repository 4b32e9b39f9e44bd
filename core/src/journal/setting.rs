//! One setting chooses the journal: a folder, or a database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::error::JournalError;
use super::file::{FileJournal, FileReader, OsDisk};
use super::{Journal, JournalReader};

/// How much of a journal is read and checked at opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Check {
    /// Every batch: damage anywhere stops the start.
    #[default]
    Whole,
    /// The last segment only: quick with snapshots; older damage shows when it is read.
    Tail,
}

/// Settings of every journal; each implementation takes what concerns it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose journal it is; opening another cell's is refused.
    pub cell: u64,
    /// File: size of a new segment in bytes; also bounds a batch.
    pub segment_bytes: u64,
    /// File: what to check at opening.
    pub check: Check,
    /// PostgreSQL: how long a lease holds without renewal.
    pub lease: Duration,
    /// PostgreSQL: take the lease even when another holder's has not expired.
    pub force: bool,
    /// PostgreSQL: name of this holder, shown to the one who is refused.
    pub holder: String,
    /// PostgreSQL: longest wait for a statement before the journal latches.
    pub patience: Duration,
    /// PostgreSQL: store payloads as LZ4 when that makes them smaller.
    pub compress: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cell: 0,
            segment_bytes: 256 << 20,
            check: Check::Whole,
            lease: Duration::from_secs(15),
            force: false,
            holder: format!("process {}", std::process::id()),
            patience: Duration::from_secs(30),
            compress: true,
        }
    }
}

/// What the setting names.
enum Target {
    Folder(PathBuf),
    Database(String),
}

/// Opens the journal for writing: `file:/folder`, a plain path, or `postgres://...`.
///
/// # Errors
/// [`JournalError::Setting`] when the setting cannot be understood or needs a feature that is not compiled in;
/// otherwise what the implementation's opening says.
pub fn open_journal(setting: &str, settings: &Settings) -> Result<Box<dyn Journal>, JournalError> {
    match target(setting)? {
        Target::Folder(folder) => Ok(Box::new(FileJournal::open(&folder, settings)?)),
        #[cfg(feature = "postgres")]
        Target::Database(url) => Ok(Box::new(super::postgres::PostgresJournal::open(
            &url, settings,
        )?)),
        #[cfg(not(feature = "postgres"))]
        Target::Database(url) => Err(without_postgres(&url)),
    }
}

/// Opens the journal for reading only, whether or not somebody writes it.
///
/// # Errors
/// As [`open_journal`], except that a journal in use is fine.
pub fn open_reader(
    setting: &str,
    settings: &Settings,
) -> Result<Box<dyn JournalReader>, JournalError> {
    match target(setting)? {
        Target::Folder(folder) => Ok(Box::new(FileReader::open(
            Arc::new(OsDisk),
            &folder,
            settings,
        )?)),
        #[cfg(feature = "postgres")]
        Target::Database(url) => Ok(Box::new(super::postgres::PostgresReader::open(
            &url, settings,
        )?)),
        #[cfg(not(feature = "postgres"))]
        Target::Database(url) => Err(without_postgres(&url)),
    }
}

fn target(setting: &str) -> Result<Target, JournalError> {
    let refuse = |reason: &str| {
        Err(JournalError::Setting {
            value: without_password(setting),
            reason: reason.into(),
        })
    };
    if setting.starts_with("postgres://") || setting.starts_with("postgresql://") {
        return Ok(Target::Database(setting.into()));
    }
    let path = setting.strip_prefix("file:").unwrap_or(setting);
    if path.is_empty() {
        return refuse("it names no folder; say file:/folder or postgres://user@host/database");
    }
    if path.contains("://") {
        return refuse("this kind is unknown; say file:/folder or postgres://user@host/database");
    }
    Ok(Target::Folder(Path::new(path).to_owned()))
}

#[cfg(not(feature = "postgres"))]
fn without_postgres(url: &str) -> JournalError {
    JournalError::Setting {
        value: without_password(url),
        reason: "this program was built without the feature `postgres`".into(),
    }
}

/// The setting with any `user:password@` reduced to `user@`.
pub(crate) fn without_password(setting: &str) -> String {
    let Some((scheme, rest)) = setting.split_once("://") else {
        return setting.into();
    };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}@{host}")
        }
        None => setting.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(setting: &str) -> String {
        match open_journal(setting, &Settings::default()) {
            Err(JournalError::Setting { value, reason }) => format!("{value}: {reason}"),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("{setting} was opened"),
        }
    }

    #[test]
    fn a_setting_chooses_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain").display().to_string();
        for setting in [plain.clone(), format!("file:{plain}")] {
            let settings = Settings {
                segment_bytes: 4096,
                ..Settings::default()
            };
            assert_eq!(open_journal(&setting, &settings).unwrap().last(), 0);
        }
        assert!(folder.path().join("plain/lock").exists());
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        assert!(
            reason("mysql://root:secret@host/db")
                .starts_with("mysql://root@host/db: this kind is unknown")
        );
        assert!(reason("").contains("names no folder"));
        assert!(reason("file:").contains("names no folder"));
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn without_the_feature_a_database_is_refused() {
        assert!(reason("postgres://me:secret@host/db").contains("without the feature `postgres`"));
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_database_address_is_checked() {
        assert!(reason("postgres://me:secret@host:port/db").contains("port"));
    }

    #[test]
    fn a_password_is_not_shown() {
        for (setting, shown) in [
            ("postgres://me:secret@host/db", "postgres://me@host/db"),
            ("postgres://me:p@ss@host/db", "postgres://me@host/db"),
            ("postgres://host/db", "postgres://host/db"),
            ("/a/folder", "/a/folder"),
        ] {
            assert_eq!(without_password(setting), shown);
        }
    }
}
