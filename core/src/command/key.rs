//! `hubu key`: makes keys that sign, shows them, and locks them anew.

use std::fs;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hubu_core::cipher::{
    AeadKind, Algorithm, CipherError, KEY_FILE_BYTES_MAX, LockedKey, PrivateKey, Signer,
    fill_random, to_hex,
};
use hubu_core::files;

use super::CommandError;
use super::secrets::{NewUnlockArgs, UnlockArgs};

const ABOUT: &str = "\
A key file holds a private key, encrypted; its public key stands in it as well. A passphrase comes from a file, from the
environment (HUBU_KEY_PASSPHRASE) or from the terminal, never from the command line.

Examples:
  hubu key generate --out seal.key                    SM2, locked by SM4-GCM under a passphrase
  hubu key generate --out seal.key --from-pem key.pem lock a key that another program made
  hubu key public seal.key > seal.pem                 what an auditor needs
  hubu key rewrap seal.key                            the same key under another passphrase";

#[derive(Debug, Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key and lock it in a new file
    Generate(Generate),
    /// Tell what a key file holds
    Show(Show),
    /// Print the public key (PEM)
    Public(Public),
    /// Lock the key of a file with another passphrase, wrapping key or cipher
    Rewrap(Rewrap),
}

#[derive(Debug, Args)]
struct Generate {
    /// The file to make
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// sm2 or ed25519
    #[arg(long, default_value = "sm2", value_parser = str::parse::<Algorithm>)]
    algorithm: Algorithm,
    /// The cipher that locks it: sm4-gcm or aes-256-gcm
    #[arg(long, default_value = "sm4-gcm", value_parser = str::parse::<AeadKind>)]
    cipher: AeadKind,
    /// Lock this private key (PKCS #8 in PEM, not encrypted) in place of a new one
    #[arg(long, value_name = "FILE", conflicts_with = "algorithm")]
    from_pem: Option<PathBuf>,
    #[command(flatten)]
    unlock: UnlockArgs,
}

#[derive(Debug, Args)]
struct Show {
    /// The key file
    file: PathBuf,
    /// Unlock it as well: shows that the passphrase is right and the file whole
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    unlock: UnlockArgs,
}

#[derive(Debug, Args)]
struct Public {
    /// The key file
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Rewrap {
    /// The key file
    file: PathBuf,
    /// The cipher that locks it: sm4-gcm or aes-256-gcm; as before when it is not given
    #[arg(long, value_parser = str::parse::<AeadKind>)]
    cipher: Option<AeadKind>,
    #[command(flatten)]
    unlock: UnlockArgs,
    #[command(flatten)]
    new: NewUnlockArgs,
}

impl Key {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        match self.action {
            Action::Generate(generate) => generate.run(),
            Action::Show(show) => show.run(),
            Action::Public(public) => {
                print!("{}", read(&public.file)?.public_key().to_pem());
                Ok(())
            }
            Action::Rewrap(rewrap) => rewrap.run(),
        }
    }
}

impl Generate {
    fn run(self) -> Result<(), CommandError> {
        let key = match &self.from_pem {
            Some(path) => self.unlock.load(path)?,
            None => PrivateKey::generate(self.algorithm)?,
        };
        let locked = LockedKey::lock(&key, self.cipher, &self.unlock.for_new_key()?)?;
        files::write_new(&self.out, locked.text().as_bytes(), 0o600)
            .map_err(CommandError::file(&self.out))?;
        let path = self.out.display();
        println!(
            "{path}: {} {}, locked by {}",
            key.public_key().algorithm(),
            key.public_key().fingerprint(),
            self.cipher
        );
        println!("Next:\n  hubu key public {path} > public.pem");
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<(), CommandError> {
        let locked = read(&self.file)?;
        let public = locked.public_key();
        println!("algorithm   {}", public.algorithm());
        println!("fingerprint {}", public.fingerprint());
        println!("cipher      {}", locked.kind());
        println!("derivation  {}", locked.derivation());
        if self.check {
            self.unlock.load(&self.file)?;
            println!("unlocked: the private key is whole and fits its public key");
        }
        Ok(())
    }
}

impl Rewrap {
    fn run(self) -> Result<(), CommandError> {
        let kind = read(&self.file)?.kind();
        let key = self.unlock.load(&self.file)?;
        let kind = self.cipher.unwrap_or(kind);
        let locked = LockedKey::lock(&key, kind, &self.new.unlock()?)?;
        replace(&self.file, &locked.text())?;
        println!("{}: locked anew by {kind}", self.file.display());
        println!("The old passphrase still opens copies of the old file: remove them");
        Ok(())
    }
}

fn read(path: &Path) -> Result<LockedKey, CommandError> {
    let failed = CommandError::file(path);
    let size = fs::metadata(path).map_err(&failed)?.len();
    let fault = |error: CipherError| CommandError::Secret {
        path: path.to_owned(),
        fault: error.to_string(),
    };
    if size > KEY_FILE_BYTES_MAX as u64 {
        let text = format!("it is longer than {KEY_FILE_BYTES_MAX} bytes");
        return Err(fault(CipherError::KeyFile(text)));
    }
    let bytes = fs::read(path).map_err(&failed)?;
    let text = String::from_utf8_lossy(&bytes);
    LockedKey::parse(&text).map_err(fault)
}

/// Puts another text in a file's place, with its owner, group and mode. A crash leaves the old file or the new one, whole,
/// and at most a third one beside them.
fn replace(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = CommandError::file(path);
    let mut own = [0; 8];
    fill_random(&mut own)?;
    let mut beside = path.to_owned().into_os_string();
    beside.push(format!(".{}.new", to_hex(&own)));
    let beside = PathBuf::from(beside);
    let old = fs::metadata(path).map_err(&failed)?;
    let file = files::create(&beside, 0o600).map_err(CommandError::file(&beside))?;
    let steps = || {
        // Before the mode, which would let another group read it. A service whose key root locks anew must still own it:
        // who may not give it away is told so, and the old file stays.
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.set_permissions(old.permissions())?;
        files::fill(file, text.as_bytes())?;
        fs::rename(&beside, path)
    };
    let replaced = steps().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    });
    replaced
        .and_then(|()| files::sync_name(path))
        .map_err(&failed)
}
