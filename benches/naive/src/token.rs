//! Bearer tokens: whoever they name is believed. A system that is not to be compared would check the signature.

use serde::Deserialize;

#[derive(Deserialize)]
struct Claims {
    sub: String,
}

/// Who a token names: the `sub` of a JSON Web Token behind `Bearer `.
///
/// # Errors
/// In words, when it is no such token.
pub fn subject(header: &str) -> Result<String, String> {
    let claims = header
        .strip_prefix("Bearer ")
        .and_then(|token| token.split('.').nth(1))
        .and_then(decode);
    let claims = claims.ok_or("authorization: want a Bearer JSON Web Token")?;
    let claims: Claims =
        serde_json::from_slice(&claims).map_err(|error| format!("authorization: {error}"))?;
    Ok(claims.sub)
}

/// Base64 for URLs without padding (RFC 4648 §5).
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_of_a_token_is_found_and_others_are_refused() {
        // The payload of jwt.io's well-known token.
        let token =
            "Bearer x.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.y";
        assert_eq!(subject(token), Ok("1234567890".into()));
        for strange in ["", "Bearer", "Bearer x", "Bearer x.=.y", "Bearer x.e30.y"] {
            assert!(subject(strange).is_err(), "{strange}");
        }
    }
}
