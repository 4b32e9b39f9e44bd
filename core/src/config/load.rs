//! Reads settings: the file first, then the environment over it, then the ranges.
//!
//! The file is read twice: once as it stands, so that a mistake carries its line, and once with the
//! environment laid over it, so that a mistake left then is the environment's.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::check::check;
use super::error::ConfigError;
use super::place::JournalPlace;
use super::settings::Settings;

const PREFIX: &str = "HUBU_";

/// Reads the file at `path` and the environment of this process. Relative paths in the settings come
/// out relative to the folder of the file.
///
/// # Errors
/// The first mistake in the text with its line, or every value out of range.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })?;
    let variables: Vec<(String, String)> = std::env::vars()
        .filter(|(name, _)| name.starts_with(PREFIX))
        .collect();
    let mut settings = parse(&text, path, &variables)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    rebase(&mut settings, folder);
    Ok(settings)
}

/// Reads settings from a text; `path` only names it in errors. Paths stay as they are written.
///
/// # Errors
/// As [`load`].
pub fn parse(
    text: &str,
    path: &Path,
    variables: &[(String, String)],
) -> Result<Settings, ConfigError> {
    let as_written: Settings = toml::from_str(text).map_err(|error| located(&error, text, path))?;
    let mut table: Table = toml::from_str(text).map_err(|error| located(&error, text, path))?;
    let known = Table::try_from(Settings::default()).map_err(|error| ConfigError::Variable {
        name: "(defaults)".into(),
        message: error.to_string(),
    })?;
    let mut settings = as_written;
    for (name, value) in variables {
        let Some((section, key)) = setting_of(name, &known)? else {
            continue;
        };
        let wanted = known.get(section).and_then(|keys| keys.get(&key));
        let entry = table
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let (Value::Table(keys), Some(wanted)) = (entry, wanted) {
            keys.insert(key, value_like(wanted, value));
        }
        settings = Settings::deserialize_table(table.clone()).map_err(|message| {
            ConfigError::Variable {
                name: name.clone(),
                message,
            }
        })?;
    }
    check(&settings)?;
    Ok(settings)
}

impl Settings {
    fn deserialize_table(table: Table) -> Result<Self, String> {
        table
            .try_into()
            .map_err(|error: toml::de::Error| error.message().to_string())
    }
}

/// The section and key that a variable names; `None` when it is of no section of ours.
fn setting_of<'a>(name: &str, known: &'a Table) -> Result<Option<(&'a str, String)>, ConfigError> {
    let rest = name
        .strip_prefix(PREFIX)
        .unwrap_or_default()
        .to_ascii_lowercase();
    for (section, keys) in known {
        let Some(key) = rest
            .strip_prefix(section.as_str())
            .and_then(|r| r.strip_prefix('_'))
        else {
            continue;
        };
        if keys.get(key).is_some() {
            return Ok(Some((section, key.to_string())));
        }
        return Err(ConfigError::UnknownVariable {
            name: name.into(),
            section: section.clone(),
            key: key.into(),
        });
    }
    Ok(None)
}

/// The text of a variable as a value of the same kind as the default. A number that is none stays a
/// text, so that the error comes from the setting's own type.
fn value_like(wanted: &Value, text: &str) -> Value {
    match wanted {
        Value::Integer(_) => text
            .trim()
            .parse()
            .map_or_else(|_| Value::String(text.into()), Value::Integer),
        Value::Boolean(_) => text
            .trim()
            .parse()
            .map_or_else(|_| Value::String(text.into()), Value::Boolean),
        _ => Value::String(text.into()),
    }
}

fn located(error: &toml::de::Error, text: &str, path: &Path) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    ConfigError::Text {
        path: path.into(),
        line,
        message: error.message().trim().to_string(),
    }
}

/// Makes every relative path in `settings` one below `folder`. An empty path means "none" and stays.
fn rebase(settings: &mut Settings, folder: &Path) {
    let below = |path: &mut PathBuf| {
        if !path.as_os_str().is_empty() && path.is_relative() {
            *path = folder.join(&*path);
        }
    };
    if let JournalPlace::File(path) = &mut settings.journal.place {
        below(path);
    }
    below(&mut settings.journal.old_segments_folder);
    below(&mut settings.journal.password_file);
    below(&mut settings.standard_tables.password_file);
    below(&mut settings.database.root_certificate_file);
    below(&mut settings.database.client_certificate_file);
    below(&mut settings.database.client_key_file);
    below(&mut settings.catalog.folder);
    below(&mut settings.engine.snapshot_folder);
    below(&mut settings.views.archive_folder);
    below(&mut settings.audit.folder);
    below(&mut settings.signatures.signers_file);
    below(&mut settings.auth.hs256_secret_file);
    below(&mut settings.fields.key_folder);
    let auth = &mut settings.auth;
    for path in [
        &mut auth.ed25519_public_key_file,
        &mut auth.sm2_public_key_file,
        &mut auth.jwks_file,
        &mut auth.key_folder,
        &mut auth.revocation_file,
    ] {
        below(path);
    }
    below(&mut settings.tls.certificate_file);
    below(&mut settings.tls.key_file);
    below(&mut settings.tls.client_ca_file);
    let seal = &mut settings.seal;
    below(&mut seal.folder);
    below(&mut seal.key_file);
    below(&mut seal.passphrase_file);
    below(&mut seal.wrapping_key_file);
}

#[cfg(test)]
mod tests {
    use super::super::DEFAULT_TEXT;
    use super::*;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let variables: Vec<_> = variables
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect();
        parse(text, Path::new("hubu.toml"), &variables)
    }

    #[test]
    fn the_documented_file_and_the_defaults_agree() {
        assert_eq!(read(DEFAULT_TEXT, &[]).unwrap(), Settings::default());
        let documented: Table = toml::from_str(DEFAULT_TEXT).unwrap();
        let in_code = Table::try_from(Settings::default()).unwrap();
        assert_eq!(
            documented, in_code,
            "every key is written in config/hubu.toml"
        );
    }

    #[test]
    fn unknown_keys_are_errors_with_their_line() {
        let error = read("[server]\nthreads = 2\nthread = 3\n", &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("hubu.toml:3: unknown field `thread`"),
            "{error}"
        );
        let error = read("\n[sever]\n", &[]).unwrap_err().to_string();
        assert!(
            error.starts_with("hubu.toml:2: unknown field `sever`"),
            "{error}"
        );
    }

    #[test]
    fn wrong_types_are_errors_with_their_line() {
        let error = read("[journal]\n\nplace = \"mysql://x\"\n", &[])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("hubu.toml:3: a journal's place is"),
            "{error}"
        );
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let settings = read(
            "[server]\nthreads = 2\n",
            &[
                ("HUBU_SERVER_THREADS", "7"),
                ("HUBU_JOURNAL_PLACE", "postgres://u@h/d"),
                ("HUBU_STANDARD_TABLES_URL", "postgres://t"),
                ("HUBU_HOME", "/elsewhere"),
            ],
        )
        .unwrap();
        assert_eq!(settings.server.threads, 7);
        assert_eq!(
            settings.journal.place,
            JournalPlace::Postgres("postgres://u@h/d".into())
        );
        assert_eq!(settings.standard_tables.url.reveal(), "postgres://t");
    }

    #[test]
    fn every_setting_can_be_overridden() {
        let known = Table::try_from(Settings::default()).unwrap();
        for (section, keys) in &known {
            for key in keys.as_table().unwrap().keys() {
                let name = format!("HUBU_{section}_{key}").to_uppercase();
                let found = setting_of(&name, &known).unwrap().unwrap();
                assert_eq!(found, (section.as_str(), key.clone()));
            }
        }
    }

    #[test]
    fn a_variable_that_fits_no_setting_is_refused() {
        let error = read("", &[("HUBU_SERVER_TREADS", "1")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("HUBU_SERVER_TREADS names no setting"),
            "{error}"
        );
        let error = read("", &[("HUBU_SERVER_THREADS", "many")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("HUBU_SERVER_THREADS does not fit"),
            "{error}"
        );
    }

    #[test]
    fn all_values_out_of_range_are_listed() {
        let text = "[engine]\nretention_days = 0\n[server]\nheader_limit_bytes = 1\n";
        let error = read(text, &[]).unwrap_err().to_string();
        assert!(
            error.contains("engine.retention_days") && error.contains("header_limit_bytes"),
            "{error}"
        );
    }

    #[test]
    fn relative_paths_are_taken_from_the_folder_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hubu.toml");
        std::fs::write(&path, DEFAULT_TEXT).unwrap();
        let settings = load(&path).unwrap();
        assert_eq!(
            settings.journal.place,
            JournalPlace::File(folder.path().join("journal"))
        );
        assert_eq!(settings.auth.ed25519_public_key_file, PathBuf::new());
    }
}
