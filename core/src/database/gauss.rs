//! openGauss' own request for a password (口令认证): authentication code 10, which PostgreSQL uses for SASL, with a body of its own.
//!
//! ```text
//! R  length  code=10  method=2  salt: 64 hex digits  token: 8 hex digits  proof of the server: 64 hex digits
//! ```
//!
//! Written against the protocol as openGauss 7.0.0-RC2 publishes it (src/common/backend/libpq/auth.cpp, sha2.cpp). With
//! `K = PBKDF2(HMAC-SHA-1, password, salt, 10000, 32 bytes)`:
//!
//! ```text
//! server key = HMAC-SHA-256(K, "Sever Key")        proof of the server = HMAC-SHA-256(server key, token)
//! client key = HMAC-SHA-256(K, "Client Key")       stored key = SHA-256(client key)
//! answer     = HMAC-SHA-256(stored key, token) XOR client key, as 64 hex digits
//! ```
//!
//! The name of the server key lacks a letter there, too. A client of protocol 3.0, as tokio-postgres is, is not told how often the
//! password is hashed, but is shown the server's proof first: it tells whether 10000, the default, was right, and that the server
//! knows the password, or somebody who has recorded one exchange: nothing in it comes from the client, so that it can be played
//! again, and only `verify-full` proves the server. Nor is it bound to a channel: where the address insists on that, there is no
//! answer. The other ways (codes 11 to 14) are refused with what to set.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::error::ConnectError;
use super::family::FAMILIES;

const CODE_SASL: u32 = 10;
/// Methods of PostgreSQL that tokio-postgres knows, or refuses in its own words, are below.
const CODE_LAST_KNOWN: u32 = 10;
const METHOD_SHA256: u32 = 2;
const ITERATIONS: u32 = 10_000;
const KEY: usize = 32;
const SALT_DIGITS: usize = 64;
const TOKEN_DIGITS: usize = 8;

/// A request that tokio-postgres would not understand.
pub(super) enum Request<'a> {
    /// The exchange above.
    Sha256 {
        salt: &'a [u8],
        token: &'a [u8],
        proof: &'a [u8],
    },
    /// Another one, by its code.
    Other(u32),
}

/// How long the message is that begins here, its kind included; none when that is not there yet.
pub(super) fn length(message: &[u8]) -> Option<usize> {
    let length = number(message.get(1..5)?)?;
    usize::try_from(length).ok()?.checked_add(1)
}

/// The request in a server's first message; none when it is one that may pass.
pub(super) fn request(message: &[u8]) -> Option<Request<'_>> {
    let (b'R', rest) = message.split_first()? else {
        return None;
    };
    let code = number(rest.get(4..8)?)?;
    let body = rest.get(8..)?;
    if code < CODE_SASL {
        return None;
    }
    if code > CODE_LAST_KNOWN {
        return Some(Request::Other(code));
    }
    // SASL names its mechanisms here, in letters; a number has zeros.
    let method = body.get(..4).and_then(number).filter(|n| *n < 0x100)?;
    let parts = body[4..]
        .split_at_checked(SALT_DIGITS)
        .and_then(|(salt, rest)| Some((salt, rest.split_at_checked(TOKEN_DIGITS)?)));
    Some(match (method, parts) {
        (METHOD_SHA256, Some((salt, (token, proof)))) => Request::Sha256 { salt, token, proof },
        _ => Request::Other(code),
    })
}

/// The message that answers a request.
pub(super) fn answer(
    request: &Request<'_>,
    password: Option<&[u8]>,
) -> Result<Vec<u8>, ConnectError> {
    let refuse = |text: String| Err(ConnectError::Password(text));
    let (salt, token, proof) = match request {
        Request::Sha256 { salt, token, proof } => (salt, token, proof),
        Request::Other(code) => return refuse(other(*code)),
    };
    let Some(password) = password else {
        return refuse("the database asks for a password: set journal.password_file".into());
    };
    let (Some(salt), Some(token), Some(proof)) = (bytes(salt), bytes(token), bytes(proof)) else {
        return refuse(format!(
            "the database asks for a password in a form that is not known here; {}",
            advice()
        ));
    };
    let key = stretched(password, &salt);
    let server_key = keyed(&key, b"Sever Key");
    if keyed(&server_key, &token) != proof[..] {
        return refuse(format!(
            "the password is not that of this role, or the server hashes it another number of times than {ITERATIONS} \
             (auth_iteration_count there); if it does, {}",
            advice()
        ));
    }
    let client_key = keyed(&key, b"Client Key");
    let stored_key: [u8; KEY] = Sha256::digest(client_key).into();
    let mut proven = keyed(&stored_key, &token);
    proven.iter_mut().zip(client_key).for_each(|(a, b)| *a ^= b);
    Ok(message(&proven))
}

/// Why there is no answer where the address insists on channel binding.
pub(super) fn unbound() -> ConnectError {
    ConnectError::Password(
        "the address insists on channel binding (channel_binding=require), which the server's way of asking for a password does \
         not have: leave it out there, and use sslmode=verify-full"
            .into(),
    )
}

/// What to say of a way that is not spoken here.
fn other(code: u32) -> String {
    let what = match code {
        10 => "for a password that it keeps in another form",
        11 => "by MD5 for a password that it keeps as SHA-256",
        12 => "by SHA-256 in the form of RFC 5802",
        13 => "by SM3",
        14 => "for an IAM token",
        _ => "in a way of its own",
    };
    format!(
        "the database asks {what} (authentication code {code}), which is not spoken here; with openGauss, {}",
        advice()
    )
}

fn advice() -> &'static str {
    FAMILIES[1].password_advice
}

/// PBKDF2 (RFC 8018) with HMAC-SHA-1.
fn stretched(password: &[u8], salt: &[u8]) -> [u8; KEY] {
    let mut key = [0; KEY];
    pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, ITERATIONS, &mut key);
    key
}

fn keyed(key: &[u8; KEY], text: &[u8]) -> [u8; KEY] {
    // HMAC takes keys of any length.
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => return [0; KEY],
    };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// A password message: `p`, length, digits, zero.
fn message(proven: &[u8; KEY]) -> Vec<u8> {
    let mut digits: String = proven.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.push('\0');
    let length = (digits.len() + 4) as u32;
    let mut message = vec![b'p'];
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(digits.as_bytes());
    message
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request for "Gauss@123"; its proof and the answer were worked out with Python's hashlib and hmac.
    const PROOF: &str = "400e6960a9121c8abc107df7eea83362d99de17e11ebd45eab673d353ed287b5";
    const ANSWER: &str = "d2ea98133f147a360c9d5d0c5fc6b0af2d49e0f7cf8a09977d4e743140a44e9b";

    fn asked(code: u32, method: u32, proof: &str) -> Vec<u8> {
        let salt: String = (0..32).map(|n| format!("{n:02x}")).collect();
        let mut body = [code.to_be_bytes(), method.to_be_bytes()].concat();
        body.extend_from_slice(format!("{salt}deadbeef{proof}").as_bytes());
        let mut message = vec![b'R'];
        message.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        message.extend_from_slice(&body);
        message
    }

    fn refused(message: &[u8], password: &str) -> String {
        let request = request(message).unwrap();
        answer(&request, Some(password.as_bytes()))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_answer_is_what_the_protocol_asks_for() {
        let message = asked(10, 2, PROOF);
        assert_eq!(length(&message), Some(message.len()));
        let request = request(&message).unwrap();
        let answer = answer(&request, Some(b"Gauss@123")).unwrap();
        assert_eq!(answer, [b"p\0\0\0\x45", ANSWER.as_bytes(), b"\0"].concat());
    }

    #[test]
    fn a_proof_that_is_not_of_the_password_gets_no_answer() {
        let text = refused(&asked(10, 2, PROOF), "wrong-one");
        assert!(text.contains("not that of this role"), "{text}");
        assert!(!text.contains("wrong-one"), "{text}");
        let text = refused(&asked(10, 2, &"zz".repeat(32)), "Gauss@123");
        assert!(text.contains("password_encryption_type = 1"), "{text}");
    }

    #[test]
    fn other_ways_are_refused_with_what_to_set() {
        for code in [11, 13, 99] {
            let text = refused(&asked(code, 2, PROOF), "x");
            assert!(
                text.contains("password_encryption_type = 1") && text.contains(&code.to_string()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_postgresql_asks_passes() {
        let mut sasl = vec![b'R', 0, 0, 0, 23, 0, 0, 0, 10];
        sasl.extend_from_slice(b"SCRAM-SHA-256\0\0");
        for message in [
            &sasl[..],
            &[b'R', 0, 0, 0, 8, 0, 0, 0, 0],
            &[b'R', 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4],
            b"E\0\0\0\x05x",
            b"R",
            b"",
        ] {
            assert!(request(message).is_none(), "{message:?}");
        }
    }
}
