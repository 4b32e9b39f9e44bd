//! Bearer tokens, minted by the harness with the server's HS256 secret: ten thousand officials need no identity service.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::error::LoadError;

/// What a token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who.
    pub sub: String,
    /// Roles (角色).
    pub roles: Vec<String>,
    /// Nine-digit division.
    pub division: String,
    /// The one agency that the bearer works for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The department that the bearer works for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dept: Option<String>,
    /// Unix seconds after which the token is void.
    pub exp: u64,
}

impl Claims {
    /// Somebody of a division, with a token good for a day.
    pub fn new(sub: impl Into<String>, role: &str, division: u32) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_secs());
        Self {
            sub: sub.into(),
            roles: vec![role.to_owned()],
            division: format!("{division:09}"),
            agency: None,
            dept: None,
            exp: now + 86_400,
        }
    }
}

/// `{"alg":"HS256","typ":"JWT"}`, encoded.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// Signs claims as HS256 JSON Web Tokens (RFC 7519, RFC 7515).
pub struct Minter {
    key: Hmac<Sha256>,
}

impl Minter {
    /// Reads the secret: the file's bytes without the white space around them.
    pub fn from_file(path: &Path) -> Result<Self, LoadError> {
        let secret = std::fs::read(path).map_err(|e| LoadError::file(path, e))?;
        let secret = secret.trim_ascii();
        if secret.len() < 16 {
            return Err(LoadError::Token(format!(
                "{}: the secret is shorter than 16 bytes",
                path.display()
            )));
        }
        Self::new(secret)
    }

    /// Signs with this secret.
    pub fn new(secret: &[u8]) -> Result<Self, LoadError> {
        let key = Hmac::new_from_slice(secret).map_err(|e| LoadError::Token(e.to_string()))?;
        Ok(Self { key })
    }

    /// The value of an `Authorization` header.
    pub fn bearer(&self, claims: &Claims) -> Result<HeaderValue, LoadError> {
        let claims = serde_json::to_vec(claims).map_err(|e| LoadError::Token(e.to_string()))?;
        let mut token = String::with_capacity(512);
        token.push_str("Bearer ");
        let start = token.len();
        token.push_str(HEADER);
        token.push('.');
        push_base64url(&mut token, &claims);
        let mut mac = self.key.clone();
        mac.update(&token.as_bytes()[start..]);
        let signature = mac.finalize().into_bytes();
        token.push('.');
        push_base64url(&mut token, &signature);
        let made = HeaderValue::from_str(&token);
        let mut bearer = made.map_err(|e| LoadError::Token(e.to_string()))?;
        // `Debug` says no more of it than that.
        bearer.set_sensitive(true);
        Ok(bearer)
    }
}

/// Base64 for URLs without padding (RFC 4648 §5), which tokens are written in.
fn push_base64url(out: &mut String, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..=three.len() {
            out.push(char::from(ALPHABET[(bits >> (18 - 6 * at)) as usize & 63]));
        }
    }
}

impl std::fmt::Debug for Minter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Minter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515, appendix A.1, has other white space; this one is jwt.io's well-known token.
    #[test]
    fn signs_as_others_do() {
        let minter = Minter::new(b"your-256-bit-secret").unwrap();
        let mut mac = minter.key.clone();
        mac.update(b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ");
        let mut text = String::new();
        push_base64url(&mut text, &mac.finalize().into_bytes());
        assert_eq!(text, "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c");
    }

    #[test]
    fn a_token_does_not_print_itself() {
        let minter = Minter::new(b"your-256-bit-secret").unwrap();
        let claims = Claims {
            sub: "clerk".into(),
            roles: Vec::new(),
            division: "420106000".into(),
            agency: None,
            dept: None,
            exp: 1,
        };
        let bearer = minter.bearer(&claims).unwrap();
        assert_eq!(format!("{bearer:?} {minter:?}"), "Sensitive Minter");
    }

    #[test]
    fn base64url_has_no_padding() {
        let encode = |bytes: &[u8]| {
            let mut text = String::new();
            push_base64url(&mut text, bytes);
            text
        };
        assert_eq!(
            [encode(b""), encode(b"f"), encode(b"fo"), encode(b"foo")],
            ["", "Zg", "Zm8", "Zm9v"]
        );
        assert_eq!(encode(br#"{"alg":"HS256","typ":"JWT"}"#), HEADER);
    }
}
