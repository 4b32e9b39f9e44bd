//! A seal as a file: lines of text, so that a person can read it and any SM2 program can check it.
//!
//! ```text
//! hubu-seal 1
//! cell 1
//! journal 8d1f0c5b3f1e2a77                    number drawn when the journal was created, 16 hex digits
//! kind day                                    or month
//! number 17                                   place in the row of this kind, from 1 without a gap
//! period 2026-03-01                           or 2026-03
//! last 48213                                  the last record that is sealed
//! chain 5f...                                 SM3 chain value of the batch that ends with it, 64 hex digits
//! sealed 2026-03-02T00:10:05+08:00            when, by the sealer's clock
//! algorithm sm2                               or ed25519
//! key 0f3a...                                 fingerprint of the public key, 16 hex digits
//! previous 9c...                              SM3 over the whole file of the seal before, zeros before the first
//! signature a1...                             over every byte above this line, 128 hex digits
//! ```
//!
//! One space after a name, one line feed after every line, nothing else: a seal is read by writing it again and comparing.

use sm3::{Digest, Sm3};

use super::period::{Kind, Period};
use crate::cipher::{Algorithm, CipherError, PublicKey, SIGNATURE_BYTES, array_from_hex, to_hex};
use crate::journal::Chain;

/// No seal is longer, in bytes.
pub const SEAL_BYTES_MAX: usize = 1024;

const FORMAT: &str = "1";

/// One seal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    /// Whose journal it is.
    pub cell: u64,
    /// Number drawn when the journal was created.
    pub journal: u64,
    /// The day or month that is sealed.
    pub period: Period,
    /// Place in the row of its kind, from 1.
    pub number: u64,
    /// The last record that is sealed.
    pub last: u64,
    /// Chain value of the batch that ends with it.
    pub chain: Chain,
    /// When it was made, as the sealer's clock said.
    pub sealed: String,
    /// How it is signed.
    pub algorithm: Algorithm,
    /// Fingerprint of the key that signed.
    pub key: String,
    /// [`Seal::digest`] of the seal before it; zeros before the first.
    pub previous: Chain,
    /// Over [`Seal::signed_text`].
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Seal {
    /// Whether days or months are sealed.
    pub fn kind(&self) -> Kind {
        self.period.kind()
    }

    /// The name of its file: `day-2026-03-01.seal`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.seal", self.kind(), self.period)
    }

    /// What the signature covers.
    pub fn signed_text(&self) -> String {
        format!(
            "hubu-seal {FORMAT}\ncell {}\njournal {:016x}\nkind {}\nnumber {}\nperiod {}\nlast {}\nchain {}\nsealed {}\nalgorithm {}\nkey {}\nprevious {}\n",
            self.cell,
            self.journal,
            self.kind(),
            self.number,
            self.period,
            self.last,
            to_hex(&self.chain),
            self.sealed,
            self.algorithm,
            self.key,
            to_hex(&self.previous),
        )
    }

    /// The whole file.
    pub fn text(&self) -> String {
        format!(
            "{}signature {}\n",
            self.signed_text(),
            to_hex(&self.signature)
        )
    }

    /// SM3 over the whole file: what the next seal names.
    pub fn digest(&self) -> Chain {
        Sm3::digest(self.text().as_bytes()).into()
    }

    /// Whether this key signed it.
    ///
    /// # Errors
    /// [`CipherError::Forged`] and what else a signature can lack.
    pub fn verify(&self, key: &PublicKey) -> Result<(), CipherError> {
        key.verify(self.signed_text().as_bytes(), &self.signature)
    }

    /// Reads a file back.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SEAL_BYTES_MAX {
            return Err(format!("it is longer than {SEAL_BYTES_MAX} bytes"));
        }
        let mut lines = text.lines();
        let mut take = |name: &str| {
            let line = lines.next().unwrap_or_default();
            line.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(' '))
                .map(str::to_owned)
                .ok_or_else(|| format!("the line `{name} ...` is not where it should be"))
        };
        let format = take("hubu-seal")?;
        if format != FORMAT {
            return Err(format!("format {format} is unknown to this program"));
        }
        let cell = number(&take("cell")?)?;
        let journal = u64::from_be_bytes(bytes(&take("journal")?)?);
        take("kind")?;
        let seal = Self {
            cell,
            journal,
            number: number(&take("number")?)?,
            period: take("period")?.parse().map_err(words)?,
            last: number(&take("last")?)?,
            chain: bytes(&take("chain")?)?,
            sealed: take("sealed")?,
            algorithm: take("algorithm")?.parse().map_err(words)?,
            key: take("key")?,
            previous: bytes(&take("previous")?)?,
            signature: bytes(&take("signature")?)?,
        };
        if seal.text() != text {
            return Err("a line is written otherwise than this program writes it".into());
        }
        Ok(seal)
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a whole number"))
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], String> {
    array_from_hex(text).ok_or_else(|| format!("{} hex digits are wanted, not {text:?}", 2 * N))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal {
            cell: 1,
            journal: 0x8d1f_0c5b_3f1e_2a77,
            period: "2026-03-01".parse().unwrap(),
            number: 17,
            last: u64::MAX,
            chain: [0x5f; 32],
            sealed: "2026-03-02T00:10:05+08:00".into(),
            algorithm: Algorithm::Ed25519,
            key: "0f3a0f3a0f3a0f3a".into(),
            previous: [0x9c; 32],
            signature: [0xa1; 64],
        }
    }

    #[test]
    fn a_seal_comes_back_as_it_was_written() {
        let text = seal().text();
        assert!(text.len() < SEAL_BYTES_MAX, "{}", text.len());
        assert_eq!(Seal::parse(&text).unwrap(), seal());
        assert_eq!(seal().file_name(), "day-2026-03-01.seal");
    }

    #[test]
    fn no_byte_of_a_seal_can_be_written_otherwise() {
        let text = seal().text();
        let others = [
            text.replace("number 17", "number 017"),
            text.replace("number 17", "number +17"),
            text.replace("kind day", "kind month"),
            text.replace("hubu-seal 1", "hubu-seal 2"),
            text.replace("cell 1", "cell  1"),
            text.replace("5f5f", "5F5f"),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
            format!("{text}more\n"),
            format!("\n{text}"),
            text.replace("period 2026-03-01", "period 2026-03-40"),
            text.replace("algorithm ed25519", "algorithm rsa"),
            "x".repeat(SEAL_BYTES_MAX + 1),
            String::new(),
        ];
        for other in others {
            assert!(Seal::parse(&other).is_err(), "{other}");
        }
        for cut in 0..text.len() {
            assert!(Seal::parse(&text[..cut]).is_err(), "cut at {cut}");
        }
    }
}
