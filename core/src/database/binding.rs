//! Channel binding (RFC 5929, `tls-server-end-point`): the digest of the server's certificate, by which SCRAM proves that nobody
//! sits between. Of the certificate only its outermost form is read: which algorithm signed it.

use sha2::{Digest, Sha256, Sha384, Sha512};

/// `ecdsa-with-SHA2` and RSA with SHA-2, up to the last number, which names the digest.
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];

/// The digest of a certificate (DER) that both ends know; none where the standard names no digest for it.
pub(super) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_algorithm(certificate)?;
    let (last, family) = algorithm.split_last()?;
    match (family, last) {
        // MD5 and SHA-1 are raised to SHA-256 by the standard.
        (RSA, 4 | 5 | 11) | (ECDSA, 2) => Some(Sha256::digest(certificate).to_vec()),
        (RSA, 12) | (ECDSA, 3) => Some(Sha384::digest(certificate).to_vec()),
        (RSA, 13) | (ECDSA, 4) => Some(Sha512::digest(certificate).to_vec()),
        _ => None,
    }
}

/// `Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { algorithm OID … }, … }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT: u8 = 0x06;
    let (inside, _) = element(certificate, SEQUENCE)?;
    let (_, behind) = element(inside, SEQUENCE)?;
    let (algorithm, _) = element(behind, SEQUENCE)?;
    element(algorithm, OBJECT).map(|(object, _)| object)
}

/// The contents of the element at the beginning, and what is behind it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *found != tag {
        return None;
    }
    let (length, rest) = match length {
        short @ ..=0x7f => (usize::from(*short), rest),
        // Lengths of up to four bytes: no certificate is larger.
        long @ 0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_signature() {
        let with = |oid: &[u8]| {
            let mut algorithm = vec![0x30, oid.len() as u8 + 2, 0x06, oid.len() as u8];
            algorithm.extend_from_slice(oid);
            let mut inside = vec![0x30, 3, 1, 2, 3];
            inside.extend_from_slice(&algorithm);
            let mut whole = vec![0x30, 0x81, inside.len() as u8];
            whole.extend_from_slice(&inside);
            whole
        };
        let ecdsa = |last| with(&[ECDSA, &[last]].concat());
        for (last, length) in [(2, 32), (3, 48), (4, 64)] {
            assert_eq!(end_point(&ecdsa(last)).unwrap().len(), length);
        }
        // Ed25519 has none.
        assert_eq!(end_point(&with(&[0x2b, 0x65, 0x70])), None);
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 2, 0x30, 0x80],
        ] {
            assert_eq!(end_point(bytes), None);
        }
    }
}
