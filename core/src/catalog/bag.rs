//! A bag of dimensions (要素集): what one side of a document line says about its rows.
//!
//! Values stand one behind another in one buffer, in the order of the dimensions' codes, so that a
//! bag is one allocation and copying or reading it in order is a walk. Overlaying a value in the
//! middle moves the tail, which is less than a cache line or two.

use super::dimension::{DIMENSIONS_MAX, DimensionId, VALUE_MAX};
use hubu_kernel::document::Dimension as Pair;

/// Room for the values of most bags, in bytes.
const TEXT_USUAL: usize = 112;

/// Values by dimension; a missing value is empty, never a wildcard.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bag {
    /// One bit for each dimension that has a value.
    present: u32,
    /// Where each dimension's value ends in `text`; one that is absent ends where the one before does.
    ends: [u16; DIMENSIONS_MAX],
    /// The values, in the order of the codes.
    text: String,
}

const _: () = assert!(VALUE_MAX * DIMENSIONS_MAX <= u16::MAX as usize);

impl Bag {
    /// An empty bag.
    pub fn new() -> Bag {
        Bag::default()
    }

    /// Whether no dimension has a value.
    pub fn is_empty(&self) -> bool {
        self.present == 0
    }

    /// The value of a dimension.
    #[inline]
    pub fn get(&self, id: DimensionId) -> Option<&str> {
        if self.present & bit(id) == 0 {
            return None;
        }
        self.text.get(self.start(id)..self.end(id))
    }

    /// Sets a value; an empty one takes the dimension out of the bag.
    ///
    /// The value is cut to nothing if it is longer than [`VALUE_MAX`]: callers check it against its
    /// dimension first, whose format allows no such value.
    pub fn set(&mut self, id: DimensionId, value: &str) {
        assert!(
            usize::from(id) < DIMENSIONS_MAX,
            "the checker allows no such code"
        );
        let value = if value.len() <= VALUE_MAX { value } else { "" };
        let (start, end) = (self.start(id), self.end(id));
        if start == self.text.len() {
            if start == 0 {
                self.text.reserve(TEXT_USUAL);
            }
            self.text.push_str(value);
        } else {
            self.text.replace_range(start..end, value);
        }
        let longer = (value.len() as u16).wrapping_sub((end - start) as u16);
        for later in &mut self.ends[usize::from(id)..] {
            *later = later.wrapping_add(longer);
        }
        if value.is_empty() {
            self.present &= !bit(id);
        } else {
            self.present |= bit(id);
        }
    }

    /// Lays values over this bag; an empty value takes its dimension out.
    pub fn overlay(&mut self, pairs: &[Pair]) {
        for pair in pairs {
            self.set(pair.code, &pair.value);
        }
    }

    /// The dimensions that have a value, ascending by code, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (DimensionId, &str)> {
        (0..DIMENSIONS_MAX as u8).filter_map(|id| self.get(id).map(|value| (id, value)))
    }

    /// The bag as a line of a document keeps it, ascending by code.
    pub fn to_pairs(&self) -> Vec<Pair> {
        self.iter()
            .map(|(code, value)| Pair {
                code,
                value: value.into(),
            })
            .collect()
    }

    #[inline]
    fn start(&self, id: DimensionId) -> usize {
        match id {
            0 => 0,
            id => self.end(id - 1),
        }
    }

    #[inline]
    fn end(&self, id: DimensionId) -> usize {
        usize::from(self.ends[usize::from(id)])
    }
}

const fn bit(id: DimensionId) -> u32 {
    1 << id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_in_order_of_code_whatever_the_order_of_setting() {
        let mut bag = Bag::new();
        bag.set(7, "seven");
        bag.set(2, "two");
        bag.set(31, "last");
        bag.set(7, "SEVEN!");
        let all: Vec<_> = bag.iter().collect();
        assert_eq!(all, [(2, "two"), (7, "SEVEN!"), (31, "last")]);
        assert_eq!(bag.get(3), None);
    }

    #[test]
    fn an_empty_value_takes_the_dimension_out() {
        let mut bag = Bag::new();
        bag.set(1, "a");
        bag.set(2, "bb");
        bag.overlay(&[
            Pair {
                code: 1,
                value: "".into(),
            },
            Pair {
                code: 2,
                value: "c".into(),
            },
        ]);
        assert_eq!(
            bag.to_pairs(),
            [Pair {
                code: 2,
                value: "c".into()
            }]
        );
        bag.set(2, "");
        assert!(bag.is_empty());
        assert_eq!(bag, Bag::new());
    }

    #[test]
    fn a_value_longer_than_any_dimension_allows_is_not_kept() {
        let mut bag = Bag::new();
        bag.set(1, &"x".repeat(VALUE_MAX + 1));
        assert!(bag.is_empty());
    }
}
