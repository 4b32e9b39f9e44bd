//! Reading: a place in a slice of bytes that only moves forward and checks every step.

use super::error::CodecError;
use super::varint;

/// The most elements for which room is made before the first of them was read.
const RESERVE_MAX: usize = 4096;

/// Bytes, and how far they have been read.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    size: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first of `bytes`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor {
            rest: bytes,
            size: bytes.len(),
        }
    }

    /// How many bytes have been read.
    #[inline]
    pub const fn position(&self) -> usize {
        self.size - self.rest.len()
    }

    /// Leaves out all that was not read.
    #[inline]
    pub const fn skip_rest(&mut self) {
        self.rest = &[];
    }

    /// Checks that all was read.
    ///
    /// # Errors
    /// [`CodecError::Trailing`].
    #[inline]
    pub const fn finish(&self) -> Result<(), CodecError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CodecError::Trailing {
                at: self.position(),
            })
        }
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    /// [`CodecError::Truncated`].
    #[inline]
    pub const fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let Some((taken, rest)) = self.rest.split_at_checked(count) else {
            return Err(self.truncated());
        };
        self.rest = rest;
        Ok(taken)
    }

    /// Reads an array.
    ///
    /// # Errors
    /// [`CodecError::Truncated`].
    #[inline]
    pub const fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated());
        };
        self.rest = rest;
        Ok(*taken)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`CodecError::Truncated`].
    #[inline]
    pub const fn byte(&mut self) -> Result<u8, CodecError> {
        let Some((byte, rest)) = self.rest.split_first() else {
            return Err(self.truncated());
        };
        self.rest = rest;
        Ok(*byte)
    }

    #[cold]
    const fn truncated(&self) -> CodecError {
        CodecError::Truncated {
            at: self.position(),
        }
    }

    /// Reads a LEB128 number in its shortest form.
    ///
    /// # Errors
    /// [`CodecError::Truncated`], [`CodecError::Varint`].
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.varint_long(),
        }
    }

    #[inline]
    fn varint_long(&mut self) -> Result<u64, CodecError> {
        let (value, size) = varint::read(self.rest);
        match self.rest.get(size..) {
            Some(rest) if size > 0 => {
                self.rest = rest;
                Ok(value)
            }
            _ => Err(self.no_varint()),
        }
    }

    #[cold]
    fn no_varint(&self) -> CodecError {
        if varint::is_cut(self.rest) {
            CodecError::Truncated { at: self.size }
        } else {
            CodecError::Varint {
                at: self.position(),
            }
        }
    }

    /// Reads a LEB128 number that must fit `T`.
    ///
    /// # Errors
    /// As [`Cursor::varint`], and [`CodecError::Number`].
    #[inline]
    pub fn narrow<T: TryFrom<u64>>(&mut self, what: &'static str) -> Result<T, CodecError> {
        let value = self.varint()?;
        T::try_from(value).map_err(|_| self.no_number(what, value))
    }

    /// Reads a zigzag LEB128 number.
    ///
    /// # Errors
    /// As [`Cursor::varint`].
    #[inline]
    pub fn zigzag(&mut self) -> Result<i64, CodecError> {
        Ok(varint::unzigzag(self.varint()?))
    }

    /// Reads a count of elements of which each takes at least `size_min` bytes.
    ///
    /// # Errors
    /// [`CodecError::Count`] when the rest could not hold so many.
    #[inline]
    pub fn count(&mut self, size_min: usize) -> Result<usize, CodecError> {
        let count = self.varint()?;
        self.fits(count, size_min)
    }

    /// `count` as a size, when the rest can hold so many elements of at least `size_min` bytes.
    ///
    /// # Errors
    /// [`CodecError::Count`].
    #[inline]
    pub fn fits(&self, count: u64, size_min: usize) -> Result<usize, CodecError> {
        assert!(size_min > 0, "an element takes room");
        let most = self.rest.len() / size_min;
        match usize::try_from(count) {
            Ok(count) if count <= most => Ok(count),
            _ => Err(CodecError::Count {
                count,
                at: self.position(),
            }),
        }
    }

    /// Reads length and bytes.
    ///
    /// # Errors
    /// As [`Cursor::count`].
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], CodecError> {
        let size = self.count(1)?;
        self.take(size)
    }

    /// Reads length and words.
    ///
    /// # Errors
    /// As [`Cursor::bytes`], and [`CodecError::Text`].
    #[inline]
    pub fn text(&mut self) -> Result<&'a str, CodecError> {
        let size = self.count(1)?;
        let at = self.position();
        core::str::from_utf8(self.take(size)?).map_err(|_| CodecError::Text { at })
    }

    /// Reads a count, then so many elements, each of at least `size_min` bytes.
    ///
    /// # Errors
    /// As [`Cursor::count`] and `element`.
    #[inline]
    pub fn list<T>(
        &mut self,
        size_min: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let count = self.count(size_min)?;
        let mut list = Vec::with_capacity(count.min(RESERVE_MAX));
        for _ in 0..count {
            list.push(element(self)?);
        }
        Ok(list)
    }

    /// The error for a number just read that is no `what`.
    #[cold]
    pub fn no_number(&self, what: &'static str, value: impl Into<u64>) -> CodecError {
        let value = value.into();
        let at = self.position();
        CodecError::Number { what, value, at }
    }
}
