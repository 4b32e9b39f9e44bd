//! Texts and small maps borrowed from the request, so that a usual body is read without copying.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A text, borrowed wherever it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A value of a field, before its type is known to be what the catalog wants. It may be somebody's name or account:
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A string.
    Text(Text<'a>),
    /// A whole number.
    Int(i64),
    /// True or false.
    Flag(bool),
}

impl fmt::Debug for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Int(_) => "Int(..)",
            Self::Flag(_) => "Flag(..)",
        })
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a whole number, true or false")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        TextVisitor.visit_borrowed_str(text).map(Scalar::Text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        TextVisitor.visit_str(text).map(Scalar::Text)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        i64::try_from(number)
            .map(Scalar::Int)
            .map_err(|_| E::custom("a number out of range"))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// A JSON object as the pairs that it has, in its order. A name that stands twice is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs<'a, V>(pub Vec<(Text<'a>, V)>);

impl<V> Default for Pairs<'_, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct PairsVisitor<V>(PhantomData<V>);

/// The most pairs of one object: more than any catalog has names.
const PAIRS_MAX: usize = 256;

impl<'de, V: Deserialize<'de>> Visitor<'de> for PairsVisitor<V> {
    type Value = Pairs<'de, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs: Vec<(Text<'de>, V)> = Vec::new();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format_args!(
                    "duplicate field `{}`",
                    &*name
                )));
            }
            if pairs.len() == PAIRS_MAX {
                return Err(A::Error::custom("more than 256 fields"));
            }
            pairs.push((name, map.next_value()?));
        }
        Ok(Pairs(pairs))
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Pairs<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_are_borrowed_and_escaped_ones_are_not() {
        let plain: Text = serde_json::from_str(r#""办公""#).unwrap();
        assert!(matches!(plain.0, Cow::Borrowed("办公")));
        let escaped: Text = serde_json::from_str(r#""a\nb""#).unwrap();
        assert!(matches!(escaped.0, Cow::Owned(_)) && &*escaped == "a\nb");
    }

    #[test]
    fn a_name_may_not_stand_twice() {
        let error = serde_json::from_str::<Pairs<Text>>(r#"{"a":"1","a":"2"}"#).unwrap_err();
        assert!(error.to_string().contains("duplicate field `a`"), "{error}");
    }

    #[test]
    fn scalars_are_no_fractions_nor_objects() {
        let pairs: Pairs<Scalar> = serde_json::from_str(r#"{"a":1,"b":true,"c":"x"}"#).unwrap();
        assert_eq!(pairs.0[0].1, Scalar::Int(1));
        for wrong in [
            r#"{"a":1.5}"#,
            r#"{"a":{}}"#,
            r#"{"a":null}"#,
            r#"{"a":9223372036854775808}"#,
        ] {
            assert!(
                serde_json::from_str::<Pairs<Scalar>>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
