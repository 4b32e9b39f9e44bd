//! SM2 signatures as others write them: OpenSSL, U-keys and certificates use DER, everything here 64 bytes.

use sm2::dsa::Signature;

use super::CipherError;

/// Length of a signature in bytes, of either algorithm.
pub const SIGNATURE_BYTES: usize = 64;

/// `r || s` of an SM2 signature in DER (`SEQUENCE { r INTEGER, s INTEGER }`, GB/T 35276-2017, 7.3).
///
/// # Errors
/// [`CipherError::Signature`]: other DER, or numbers out of range.
pub fn sm2_signature_from_der(der: &[u8]) -> Result<[u8; SIGNATURE_BYTES], CipherError> {
    Signature::from_der(der)
        .map(|signature| signature.to_bytes().into())
        .map_err(|_| CipherError::Signature("not two numbers in DER that can be SM2's r and s"))
}

/// The DER form of an SM2 signature of 64 bytes.
///
/// # Errors
/// [`CipherError::Signature`]: not 64 bytes, or numbers out of range.
pub fn sm2_signature_to_der(signature: &[u8]) -> Result<Vec<u8>, CipherError> {
    Ok(parse_sm2(signature)?.to_der().to_vec())
}

pub(super) fn parse_sm2(signature: &[u8]) -> Result<Signature, CipherError> {
    checked(signature)?;
    Signature::from_slice(signature)
        .map_err(|_| CipherError::Signature("r or s of SM2 is out of range"))
}

pub(super) fn checked(signature: &[u8]) -> Result<&[u8; SIGNATURE_BYTES], CipherError> {
    signature
        .try_into()
        .map_err(|_| CipherError::Signature("it does not have 64 bytes"))
}
