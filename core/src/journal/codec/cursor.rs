//! Reading: a place in a slice of bytes that only moves forward and checks every step.

use super::error::CodecError;
use super::varint;

/// The most elements for which room is made before the first of them was read.
const RESERVE_MAX: usize = 4096;

/// Bytes, and how far they have been read.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Starts at the first of `bytes`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0 }
    }

    /// How many bytes have been read.
    #[inline]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// The bytes not yet read.
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Checks that all was read.
    ///
    /// # Errors
    /// [`CodecError::Trailing`].
    #[inline]
    pub fn finish(&self) -> Result<(), CodecError> {
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(CodecError::Trailing { at: self.at })
        }
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    /// [`CodecError::Truncated`].
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let Some(taken) = self.rest().get(..count) else {
            return Err(CodecError::Truncated { at: self.at });
        };
        self.at += count;
        Ok(taken)
    }

    /// Reads an array.
    ///
    /// # Errors
    /// [`CodecError::Truncated`].
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let Some(taken) = self.rest().first_chunk::<N>() else {
            return Err(CodecError::Truncated { at: self.at });
        };
        self.at += N;
        Ok(*taken)
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`CodecError::Truncated`].
    #[inline]
    pub fn byte(&mut self) -> Result<u8, CodecError> {
        let Some(&byte) = self.bytes.get(self.at) else {
            return Err(CodecError::Truncated { at: self.at });
        };
        self.at += 1;
        Ok(byte)
    }

    /// Reads a LEB128 number in its shortest form.
    ///
    /// # Errors
    /// [`CodecError::Truncated`], [`CodecError::Varint`].
    #[inline]
    pub fn varint(&mut self) -> Result<u64, CodecError> {
        match varint::read(self.rest()) {
            Ok((value, size)) => {
                self.at += size;
                Ok(value)
            }
            Err(varint::Bad::Short) => Err(CodecError::Truncated {
                at: self.bytes.len(),
            }),
            Err(varint::Bad::Form) => Err(CodecError::Varint { at: self.at }),
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
        let most = self.rest().len() / size_min;
        match usize::try_from(count) {
            Ok(count) if count <= most => Ok(count),
            _ => Err(CodecError::Count { count, at: self.at }),
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
        let at = self.at;
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
        let at = self.at;
        CodecError::Number { what, value, at }
    }
}
