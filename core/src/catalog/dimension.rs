//! A dimension of a row (要素): a name, and what its values look like.

/// The stable code of a dimension; it is journalled inside row keys and lines.
pub type DimensionId = u8;

/// The most dimensions of a catalog: a bag keeps one bit for each.
pub const DIMENSIONS_MAX: usize = 32;

/// The longest value of any dimension, in bytes.
pub const VALUE_MAX: usize = 40;

/// What a value looks like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Format {
    /// Exactly `length` decimal digits; `values`, when not empty, lists those allowed, ascending.
    Digits {
        /// How many digits.
        length: u8,
        /// The allowed values, ascending; empty for any.
        values: Vec<DimensionValue>,
    },
    /// 1 to `max` visible ASCII characters.
    Text {
        /// The most bytes.
        max: u8,
    },
}

/// One allowed value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DimensionValue {
    /// The digits.
    pub code: String,
    /// Its name (名称).
    pub zh: String,
}

/// A dimension.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dimension {
    /// Its stable code.
    pub id: DimensionId,
    /// Its name in the API, such as `agency_code`.
    pub name: String,
    /// Its name in words (中文名).
    pub zh: String,
    /// What its values look like.
    pub format: Format,
    /// Whether rows that differ in it are kept apart when rows are spread over shards.
    pub shard: bool,
    /// The class list in `config/classes` that its values belong to, if any.
    pub class: Option<String>,
}

impl Dimension {
    /// Whether `value` is one of this dimension's.
    pub fn accepts(&self, value: &str) -> bool {
        match &self.format {
            Format::Digits { length, values } => {
                value.len() == usize::from(*length)
                    && value.bytes().all(|byte| byte.is_ascii_digit())
                    && (values.is_empty()
                        || values
                            .binary_search_by(|known| known.code.as_str().cmp(value))
                            .is_ok())
            }
            Format::Text { max } => {
                (1..=usize::from(*max)).contains(&value.len())
                    && value.bytes().all(|byte| byte.is_ascii_graphic())
            }
        }
    }

    /// The most bytes that a value takes inside a row key.
    pub fn key_bytes_max(&self) -> usize {
        match &self.format {
            Format::Digits { length, .. } => usize::from(*length).div_ceil(2),
            Format::Text { max } => 1 + usize::from(*max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimension(format: Format) -> Dimension {
        Dimension {
            id: 1,
            name: "d".into(),
            zh: "要素".into(),
            format,
            shard: false,
            class: None,
        }
    }

    #[test]
    fn a_value_has_the_right_shape() {
        let listed = dimension(Format::Digits {
            length: 1,
            values: vec![
                DimensionValue {
                    code: "1".into(),
                    zh: "一".into(),
                },
                DimensionValue {
                    code: "3".into(),
                    zh: "三".into(),
                },
            ],
        });
        assert!(listed.accepts("1") && listed.accepts("3"));
        assert!(!listed.accepts("2") && !listed.accepts("") && !listed.accepts("11"));
        let digits = dimension(Format::Digits {
            length: 3,
            values: vec![],
        });
        assert!(digits.accepts("007") && !digits.accepts("07a") && !digits.accepts("٠٠٧"));
        let text = dimension(Format::Text { max: 4 });
        assert!(
            text.accepts("HT-1")
                && !text.accepts("")
                && !text.accepts("HT-12")
                && !text.accepts("a b")
        );
    }
}
