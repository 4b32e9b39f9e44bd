//! What is shown instead of a sensitive value (脱敏): enough to tell two apart, not enough to use one.
//!
//! How many characters are hidden does not show: there are always as many stars.

use crate::catalog::document::SensitiveKind;
use hubu_kernel::document::Value;

/// Stands in every masked value, and in no value that is accepted: what was read masked can't be written back.
pub const STARS: &str = "**";

const HIDDEN: &str = "********";

/// The masked value, in words.
pub fn masked(kind: SensitiveKind, value: &Value) -> String {
    let Value::Text(text) = value else {
        return HIDDEN.to_owned();
    };
    let (first, last) = match kind {
        SensitiveKind::Bank => bank(text),
        SensitiveKind::Personal => (usize::from(!text.is_empty()), 0),
        SensitiveKind::Identity => (if text.chars().count() >= 15 { 3 } else { 0 }, 0),
        SensitiveKind::Phone => {
            if text.chars().count() >= 11 {
                (3, 4)
            } else {
                (0, 0)
            }
        }
    };
    let count = text.chars().count();
    let head = text.chars().take(first);
    let tail = text.chars().skip(count - last);
    let stars = if kind == SensitiveKind::Personal {
        STARS
    } else {
        HIDDEN
    };
    head.chain(stars.chars()).chain(tail).collect()
}

/// Whether this is a value that was read masked.
pub fn is_masked(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.contains(STARS))
}

/// The bank's part and the last four digits of a usual account; of a short one the less, the shorter.
fn bank(text: &str) -> (usize, usize) {
    match text.chars().count() {
        0..12 => (0, 0),
        12..16 => (0, 4),
        _ => (4, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: SensitiveKind, text: &str) -> String {
        masked(kind, &Value::Text(text.into()))
    }

    #[test]
    fn each_kind_has_its_mask() {
        use SensitiveKind::*;
        for (kind, plain, shown) in [
            (Bank, "6222020200011234", "6222********1234"),
            (Bank, "6222020200012341234", "6222********1234"),
            (Bank, "420106001234", "********1234"),
            (Bank, "6222", "********"),
            (Bank, "", "********"),
            (Personal, "王小五", "王**"),
            (Personal, "王", "王**"),
            (Personal, "", "**"),
            (Identity, "420106199001011234", "420********"),
            (Identity, "123", "********"),
            (Phone, "13812345678", "138********5678"),
            (Phone, "8765", "********"),
        ] {
            assert_eq!(text(kind, plain), shown, "{plain}");
        }
        assert_eq!(masked(Bank, &Value::Int(6222)), "********");
        assert_eq!(masked(Personal, &Value::Flag(true)), "********");
    }

    #[test]
    fn what_was_read_masked_is_known_again() {
        use SensitiveKind::*;
        for kind in [Bank, Personal, Identity, Phone] {
            for plain in ["", "王", "6222020200011234", "13812345678"] {
                assert!(is_masked(&Value::Text(text(kind, plain).into())), "{plain}");
            }
        }
        assert!(!is_masked(&Value::Text("武汉*商店".into())));
    }
}
