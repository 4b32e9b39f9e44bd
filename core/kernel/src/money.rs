//! Money in 分 (fen): one amount in an `i64`, sums in an `i128`, and no unchecked arithmetic.

/// An amount in 分. May be negative only where a doc comment says so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[repr(transparent)]
pub struct Cents(pub i64);

/// A sum of many amounts in 分; 2^64 amounts of any size fit.
pub type Total = i128;

impl Cents {
    /// Nothing.
    pub const ZERO: Cents = Cents(0);
    /// The largest amount: 92,233,720,368,547,758.07 yuan.
    pub const MAX: Cents = Cents(i64::MAX);

    /// `self + other`, or `None` past the end of the range.
    #[inline]
    pub const fn plus(self, other: Cents) -> Option<Cents> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Cents(sum)),
            None => None,
        }
    }

    /// `self - other`, or `None` past the end of the range. The result may be negative.
    #[inline]
    pub const fn minus(self, other: Cents) -> Option<Cents> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Cents(rest)),
            None => None,
        }
    }

    /// `self - other` where the result may not be negative, else `None`.
    #[inline]
    pub const fn minus_floor(self, other: Cents) -> Option<Cents> {
        match self.minus(other) {
            Some(rest) if rest.0 >= 0 => Some(rest),
            _ => None,
        }
    }

    /// Whether this is more than nothing, as every amount of a command must be.
    #[inline]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

#[cfg(test)]
mod tests {
    use super::Cents;

    #[test]
    fn the_edges_of_the_range_are_refused() {
        assert_eq!(Cents::MAX.plus(Cents(1)), None);
        assert_eq!(Cents(i64::MIN).minus(Cents(1)), None);
        assert_eq!(Cents(5).minus(Cents(6)), Some(Cents(-1)));
        assert_eq!(Cents(5).minus_floor(Cents(6)), None);
        assert_eq!(Cents(5).minus_floor(Cents(5)), Some(Cents::ZERO));
    }
}
