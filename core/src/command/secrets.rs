//! Where commands get their secrets from: a file, the environment or the terminal, and never the command line, which every
//! process of the machine can read.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use hubu_core::cipher::{KEY_FILE_BYTES_MAX, LockedKey, PrivateKey, PublicKey, Unlock, Zeroizing};
use hubu_core::config::Seal;

use super::CommandError;
use super::prompt::ask_passphrase;

/// Holds the passphrase of a key file.
const VARIABLE: &str = "HUBU_KEY_PASSPHRASE";
/// Holds the passphrase that a key file gets.
const VARIABLE_NEW: &str = "HUBU_KEY_PASSPHRASE_NEW";

/// What unlocks a key file.
#[derive(Debug, Args)]
pub(crate) struct UnlockArgs {
    /// File with the passphrase of the key file; without it HUBU_KEY_PASSPHRASE, else the terminal is asked
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File with the wrapping key, in place of a passphrase: at least 32 random bytes
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    wrapping_key_file: Option<PathBuf>,
}

/// What a key file is locked with from now on.
#[derive(Debug, Args)]
pub(crate) struct NewUnlockArgs {
    /// File with the new passphrase; without it HUBU_KEY_PASSPHRASE_NEW, else the terminal is asked
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// File with the new wrapping key, in place of a passphrase
    #[arg(long, value_name = "FILE", conflicts_with = "new_passphrase_file")]
    new_wrapping_key_file: Option<PathBuf>,
}

impl UnlockArgs {
    /// For a key that is locked for the first time: a passphrase at the terminal is asked for twice.
    pub(crate) fn for_new_key(&self) -> Result<Unlock, CommandError> {
        let Self {
            passphrase_file,
            wrapping_key_file,
        } = self;
        unlock((passphrase_file, wrapping_key_file), VARIABLE, true)
    }

    fn or(&self, settings: &Seal) -> Self {
        let is_given = self.passphrase_file.is_some() || self.wrapping_key_file.is_some();
        let other = |own: &Option<PathBuf>, path: &PathBuf| match own {
            None if !is_given && !path.as_os_str().is_empty() => Some(path.clone()),
            own => own.clone(),
        };
        Self {
            passphrase_file: other(&self.passphrase_file, &settings.passphrase_file),
            wrapping_key_file: other(&self.wrapping_key_file, &settings.wrapping_key_file),
        }
    }

    /// Reads a private key: a locked key file, or PEM.
    pub(crate) fn load(&self, path: &Path) -> Result<PrivateKey, CommandError> {
        let text = read_secret(path, KEY_FILE_BYTES_MAX)?;
        let text = std::str::from_utf8(&text).map_err(|_| at(path, "it is not a text file"))?;
        if text.starts_with("-----BEGIN") {
            return PrivateKey::from_pem(text).map_err(|error| at(path, &error.to_string()));
        }
        let locked = LockedKey::parse(text).map_err(|error| at(path, &error.to_string()))?;
        let files = (&self.passphrase_file, &self.wrapping_key_file);
        let with = unlock(files, VARIABLE, false)?;
        locked
            .unlock(&with)
            .map_err(|error| at(path, &error.to_string()))
    }

    /// As [`UnlockArgs::load`], with the settings where the command line says nothing.
    pub(crate) fn load_or(&self, path: &Path, settings: &Seal) -> Result<PrivateKey, CommandError> {
        self.or(settings).load(path)
    }
}

impl NewUnlockArgs {
    /// What the key file is locked with.
    pub(crate) fn unlock(&self) -> Result<Unlock, CommandError> {
        let files = (&self.new_passphrase_file, &self.new_wrapping_key_file);
        unlock(files, VARIABLE_NEW, true)
    }
}

fn unlock(
    (passphrase, wrapping): (&Option<PathBuf>, &Option<PathBuf>),
    variable: &str,
    is_new: bool,
) -> Result<Unlock, CommandError> {
    if let Some(path) = wrapping {
        let bytes = read_secret(path, KEY_FILE_BYTES_MAX)?;
        return Ok(Unlock::WrappingKey(bytes));
    }
    if let Some(path) = passphrase {
        let bytes = read_secret(path, KEY_FILE_BYTES_MAX)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| at(path, "it is not a text file"))?;
        let words = text.trim_end_matches(['\n', '\r']).to_owned();
        return Ok(Unlock::Passphrase(Zeroizing::new(words)));
    }
    if let Ok(words) = std::env::var(variable) {
        return Ok(Unlock::Passphrase(Zeroizing::new(words)));
    }
    let words = ask_passphrase(if is_new {
        "New passphrase"
    } else {
        "Passphrase"
    })?;
    if is_new && *ask_passphrase("The same again")? != *words {
        let text = "the two passphrases differ: nothing was written".into();
        return Err(CommandError::Usage(text));
    }
    Ok(Unlock::Passphrase(words))
}

/// Reads a public key (PEM).
pub(super) fn public_key(path: &Path) -> Result<PublicKey, CommandError> {
    let text = fs::read_to_string(path).map_err(CommandError::file(path))?;
    PublicKey::from_pem(&text).map_err(|error| at(path, &error.to_string()))
}

/// The bytes of a file that only its owner, or a group, may read.
fn read_secret(path: &Path, most: usize) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let file = fs::File::open(path).map_err(CommandError::file(path))?;
    let mode = file
        .metadata()
        .map_err(CommandError::file(path))?
        .permissions()
        .mode();
    if mode & 0o007 != 0 {
        return Err(at(path, "everybody may read or write it: chmod 600 it"));
    }
    // Room for all of it at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    file.take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(CommandError::file(path))?;
    if bytes.len() > most {
        return Err(at(path, &format!("it is longer than {most} bytes")));
    }
    Ok(bytes)
}

fn at(path: &Path, fault: &str) -> CommandError {
    CommandError::Secret {
        path: path.to_owned(),
        fault: fault.to_owned(),
    }
}
