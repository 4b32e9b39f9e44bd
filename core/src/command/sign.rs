//! `hubu sign`: signs a document's statement with a private key, or checks a signature, offline.
//!
//! What a signer's program does with an official's key: it makes the bytes of the texts that it shows,
//! rather than sign bytes that somebody else says are theirs.

use std::io::Read;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use clap::Args;
use hubu_core::cipher::{PublicKey, Signer};
use hubu_core::signing::{Part, Statement};
use serde::{Deserialize, Serialize};

use super::CommandError;
use super::secrets::UnlockArgs;

/// The longest statement that is read.
const STATEMENT_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The answer of POST /v1/documents/{id}/signing/{transition}; "-" = standard input
    #[arg(long, value_name = "FILE")]
    statement: PathBuf,
    /// Sign with this private key (PEM, PKCS #8, or a file of `hubu key generate`); prints what goes into the step's `signature`
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "check",
        conflicts_with = "check"
    )]
    private_key: Option<PathBuf>,
    /// Check this signature (as printed when it was made) instead
    #[arg(long, value_name = "FILE", requires = "public_key")]
    check: Option<PathBuf>,
    /// The signer's public key (PEM)
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    #[command(flatten)]
    unlock: UnlockArgs,
}

#[derive(Debug, Deserialize)]
struct StatementForm {
    form: Option<String>,
    parts: Vec<PartForm>,
}

#[derive(Debug, Deserialize)]
struct PartForm {
    label: String,
    text: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct SignatureForm {
    key: String,
    #[serde(default)]
    algorithm: String,
    value: String,
}

impl Sign {
    pub(crate) fn run(self) -> Result<(), CommandError> {
        let statement = self.read_statement()?;
        for part in &statement.parts {
            // A control character in a text could make the terminal show another.
            let (label, text) = (part.label.escape_debug(), part.text.escape_debug());
            eprintln!("{label}: {text}");
        }
        let bytes = statement.to_bytes();
        if let (Some(check), Some(key)) = (&self.check, &self.public_key) {
            return verify(check, key, &bytes);
        }
        let Some(path) = &self.private_key else {
            return Err(CommandError::Usage("give --private-key, or --check".into()));
        };
        let key = self.unlock.load(path)?;
        let public = key.public_key();
        let signature = SignatureForm {
            key: public.fingerprint(),
            algorithm: public.algorithm().name().into(),
            value: Base64::encode_string(&key.sign(&bytes)?),
        };
        println!("{}", serde_json::to_string(&signature).map_err(form)?);
        Ok(())
    }

    fn read_statement(&self) -> Result<Statement, CommandError> {
        let text = read(&self.statement)?;
        let read: StatementForm = serde_json::from_str(&text).map_err(form)?;
        let parts = read.parts.into_iter();
        let statement = Statement {
            parts: parts
                .map(|part| Part {
                    label: part.label,
                    text: part.text,
                })
                .collect(),
        };
        // Signed are the texts that were shown; other bytes beside them mean that somebody is cheating.
        let own = Base64::encode_string(&statement.to_bytes());
        match read.form {
            Some(other) if other != own => Err(CommandError::Usage(
                "the bytes of the statement are not those of its texts: do not sign".into(),
            )),
            _ => Ok(statement),
        }
    }
}

fn verify(signature: &Path, key: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let read_signature: SignatureForm = serde_json::from_str(&read(signature)?).map_err(form)?;
    let key = PublicKey::from_pem(&read(key)?)?;
    let value = Base64::decode_vec(&read_signature.value)
        .map_err(|_| CommandError::Usage("`value` is no base64".into()))?;
    key.verify(bytes, &value)?;
    println!(
        "good: signed by key {} ({})",
        key.fingerprint(),
        key.algorithm()
    );
    Ok(())
}

fn read(path: &Path) -> Result<String, CommandError> {
    let mut text = String::new();
    let result = match path == Path::new("-") {
        true => std::io::stdin()
            .take(STATEMENT_BYTES_MAX)
            .read_to_string(&mut text),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(STATEMENT_BYTES_MAX).read_to_string(&mut text)),
    };
    result.map_err(CommandError::file(path))?;
    Ok(text)
}

fn form(error: serde_json::Error) -> CommandError {
    CommandError::Usage(format!("this JSON does not fit: {error}"))
}
