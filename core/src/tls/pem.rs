//! Certificates and private keys out of PEM files (RFC 7468).

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::TlsError;

/// The certificates of a file, in its order: the own one first, then those that lead up to an authority.
///
/// # Errors
/// The file cannot be read, is damaged, or holds no certificate.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| fault(path, &error, "a certificate in PEM"))?;
    if found.is_empty() {
        return Err(fault(path, &Error::NoItemsFound, "a certificate in PEM"));
    }
    Ok(found)
}

/// The private key of a file: PKCS#8, SEC1 or PKCS#1, not encrypted.
///
/// # Errors
/// The file cannot be read, is damaged, or holds no key that is readable without a passphrase.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        fault(
            path,
            &error,
            "a private key in PEM that has no passphrase (BEGIN PRIVATE KEY)",
        )
    })
}

/// The authorities of a file that are believed.
///
/// # Errors
/// As [`certificates`]; or one of them is no authority that rustls can use.
pub fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| TlsError::File {
            path: path.into(),
            reason: format!("no certificate of an authority: {error}"),
        })?;
    }
    Ok(store)
}

/// The error of a file; never a word of what is in it.
fn fault(path: &Path, error: &Error, wanted: &str) -> TlsError {
    let reason = match error {
        Error::Io(error) => format!("cannot be read: {error}"),
        Error::NoItemsFound => format!("there is not {wanted} in it"),
        _ => format!("is damaged; it should hold {wanted}"),
    };
    TlsError::File {
        path: path.into(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_file_is_told_by_its_name_and_not_by_its_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let missing = private_key(&path).unwrap_err().to_string();
        assert!(missing.contains("key.pem: cannot be read"), "{missing}");
        std::fs::write(&path, "hunter2").unwrap();
        for said in [
            private_key(&path).unwrap_err().to_string(),
            certificates(&path).unwrap_err().to_string(),
            roots(&path).unwrap_err().to_string(),
        ] {
            assert!(said.contains("there is not a"), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
        let text = "-----BEGIN PRIVATE KEY-----\nhunter2!\n-----END PRIVATE KEY-----\n";
        std::fs::write(&path, text).unwrap();
        let damaged = private_key(&path).unwrap_err().to_string();
        assert!(damaged.contains("is damaged"), "{damaged}");
        assert!(!damaged.contains("hunter2"), "{damaged}");
        // A file that lost its newlines: the parser's own error would hold all of it.
        for text in [
            "-----BEGIN PRIVATE KEY-----hunter2-----END PRIVATE KEY-----\n",
            "-----BEGIN PRIVATE KEY----- hunter2",
        ] {
            std::fs::write(&path, text).unwrap();
            for error in [
                private_key(&path).unwrap_err(),
                certificates(&path).unwrap_err(),
                roots(&path).unwrap_err(),
            ] {
                let said = format!("{error} {error:?}");
                assert!(said.contains("is damaged"), "{said}");
                assert!(!said.contains("hunter2"), "{said}");
            }
        }
    }
}
