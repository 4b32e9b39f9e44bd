//! One setting chooses the journal: a folder, or a database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::JournalError;
use super::file::{FileJournal, FileReader};
use super::setting::Settings;
use super::{Journal, JournalReader, Watch};
use crate::database::shown::shown;
use crate::disk::OsDisk;

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
        Target::Folder(folder) => {
            let journal = FileJournal::open(&folder, settings)?;
            metrics::gauge!("hubu_journal_info", "kind" => "file", "version" => "").set(1.0);
            Ok(Box::new(journal))
        }
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

/// Opens a journal that another process writes, to follow it and to take it over.
///
/// # Errors
/// [`JournalError::Setting`] for a journal in files: nothing of it reaches another machine, and on this one its lock
/// says at once when the writer is gone, so that an ordinary start does as well. Otherwise as [`open_reader`].
#[cfg_attr(not(feature = "postgres"), expect(unused_variables))]
pub fn open_watch(setting: &str, settings: &Settings) -> Result<Box<dyn Watch>, JournalError> {
    match target(setting)? {
        Target::Folder(_) => Err(JournalError::Setting {
            value: setting.into(),
            reason: "a standby follows a journal in PostgreSQL; a journal in files has none".into(),
        }),
        #[cfg(feature = "postgres")]
        Target::Database(url) => Ok(Box::new(super::postgres::PostgresWatch::open(
            &url, settings,
        )?)),
        #[cfg(not(feature = "postgres"))]
        Target::Database(url) => Err(without_postgres(&url)),
    }
}

fn target(setting: &str) -> Result<Target, JournalError> {
    let refuse = |reason: &str| {
        Err(JournalError::Setting {
            value: shown(setting),
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
        value: shown(url),
        reason: "this program was built without the feature `postgres`".into(),
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

    #[test]
    fn a_journal_in_files_has_no_standby() {
        let refused = open_watch("file:/nowhere", &Settings::default());
        let Err(JournalError::Setting { reason, .. }) = refused else {
            panic!("it was opened");
        };
        assert!(reason.contains("PostgreSQL"), "{reason}");
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
}
