//! Whether a signature that came with a step is good, in two parts: what costs nothing, and the
//! arithmetic, which costs more than all the rest of a command and is therefore done last, outside of locks.

use super::fault::SignatureFault;
use super::register::Signers;
use crate::catalog::calendar::format_day;
use crate::cipher::{Algorithm, CipherError, PublicKey, SIGNATURE_BYTES, sm2_signature_from_der};
use hubu_kernel::signature::Signature;
use sm3::{Digest, Sm3};

/// The most signatures that are checked in one go, one after another: an atomic batch has no more of
/// them. Commands that stand alone let others have their turn after fewer (`SIGNED_TURN` in `http/batch.rs`).
pub const TOGETHER_MAX: usize = 64;

/// Stable numbers of the algorithms; they are journalled.
const NUMBERS: [(Algorithm, u8); 2] = [(Algorithm::Sm2, 1), (Algorithm::Ed25519, 2)];

/// A signature as it came with a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presented {
    /// The key's fingerprint.
    pub key: Box<str>,
    /// The algorithm, where the client says it.
    pub algorithm: Option<Box<str>>,
    /// The signature: 64 bytes, or SM2's in DER.
    pub value: Box<[u8]>,
}

/// A signature of which all is right but perhaps the arithmetic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admitted {
    key: PublicKey,
    value: [u8; SIGNATURE_BYTES],
}

/// The name of an algorithm by its number in the journal.
pub fn algorithm_name(number: u8) -> &'static str {
    let known = NUMBERS.iter().find(|(_, known)| *known == number);
    known.map_or("?", |(algorithm, _)| algorithm.name())
}

/// Looks at everything but the arithmetic: `taken` are the algorithms that the step takes, `day` is the
/// day in Beijing since 1970-01-01.
///
/// # Errors
/// The first fault: algorithm, key, its span, its holder, the signature's form.
pub fn admit(
    presented: &Presented,
    signers: &Signers,
    taken: Option<&[Algorithm]>,
    (signer, day): (&str, i32),
) -> Result<Admitted, SignatureFault> {
    let key = &*presented.key;
    let holder = signers.find(key).ok_or_else(|| {
        let shown = key.chars().take(32).collect();
        SignatureFault::UnknownKey(shown)
    })?;
    let algorithm = holder.key.algorithm();
    if let Some(given) = presented.algorithm.as_deref()
        && given != algorithm.name()
    {
        return Err(SignatureFault::OtherAlgorithm {
            key: key.to_owned(),
            given: given.chars().take(32).collect(),
            actual: algorithm,
        });
    }
    if let Some(taken) = taken.filter(|taken| !taken.contains(&algorithm)) {
        let names: Vec<_> = taken.iter().map(|one| one.name()).collect();
        return Err(SignatureFault::Algorithm {
            given: algorithm,
            taken: names.join(", "),
        });
    }
    if *holder.person != *signer {
        return Err(SignatureFault::OtherSigner(key.to_owned()));
    }
    if !holder.is_in_force(day) {
        return Err(SignatureFault::NotInForce {
            key: key.to_owned(),
            span: holder.span(),
            today: format_day(day),
        });
    }
    let value = raw(&presented.value, algorithm).ok_or(SignatureFault::Malformed(algorithm))?;
    Ok(Admitted {
        key: holder.key.clone(),
        value,
    })
}

impl Admitted {
    /// Does the arithmetic: whether it is the key's signature of these bytes.
    ///
    /// # Errors
    /// It is no signature at all, or of something else.
    pub fn verify(&self, form: &[u8]) -> Result<(), SignatureFault> {
        let checked = self.key.verify(form, &self.value);
        checked.map_err(|error| match error {
            CipherError::Signature(_) => SignatureFault::Malformed(self.key.algorithm()),
            _ => SignatureFault::Unfit,
        })
    }

    /// Names key, signature and signed bytes together: what was proven once need not be proven again.
    pub fn name(&self, form: &[u8]) -> [u8; 32] {
        let mut sum = Sm3::new();
        sum.update((self.key.spki_der().len() as u64).to_be_bytes());
        sum.update(self.key.spki_der());
        sum.update(self.value);
        sum.update(form);
        sum.finalize().into()
    }

    /// As it is journalled.
    pub fn to_signature(&self) -> Signature {
        let algorithm = self.key.algorithm();
        let number = NUMBERS.iter().find(|(known, _)| *known == algorithm);
        Signature {
            algorithm: number.map_or(0, |(_, number)| *number),
            key: self.key.spki_der().into(),
            value: self.value.into(),
        }
    }
}

fn raw(value: &[u8], algorithm: Algorithm) -> Option<[u8; SIGNATURE_BYTES]> {
    match value.try_into() {
        Ok(raw) => Some(raw),
        Err(_) if algorithm == Algorithm::Sm2 => sm2_signature_from_der(value).ok(),
        Err(_) => None,
    }
}

/// The key that a journalled signature brings, if it is one and of the algorithm that it says.
pub fn public_key(signature: &Signature) -> Option<PublicKey> {
    let key = PublicKey::from_spki_der(&signature.key).ok()?;
    let is_said = NUMBERS.contains(&(key.algorithm(), signature.algorithm));
    is_said.then_some(key)
}
