//! Writing, and the one number format: LEB128, seven bits a byte, low bits first, in its shortest form.
//!
//! Numbers up to 56 bits are spread over (gathered from) the bytes of one word without a loop, since
//! a record has a dozen of them and every command is encoded while others wait for the same rows.

/// The most bytes of a number.
const SIZE_MAX: usize = 10;

/// The top bit of each byte: "more follows".
const MORE: u64 = 0x8080_8080_8080_8080;

/// Appends a number.
#[inline]
pub fn put(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
    } else if value < 1 << 56 {
        let size = (70 - value.leading_zeros() as usize) / 7;
        let more = MORE & ((1u64 << (8 * (size - 1))) - 1);
        let end = out.len() + size;
        out.extend_from_slice(&(spread(value) | more).to_le_bytes());
        out.truncate(end);
    } else {
        put_slow(out, value);
    }
}

#[cold]
fn put_slow(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number: small ones of either sign are short.
#[inline]
pub fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// The signed number behind its zigzag form.
#[inline]
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Appends length and bytes.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The number at the start of `bytes`, and how many bytes it took: 0 when there is no good one.
///
/// A pair rather than a `Result`, because it fits two registers.
#[inline]
pub(super) fn read(bytes: &[u8]) -> (u64, usize) {
    // Two bytes are the most common, and often stand too near the end for a whole word.
    if let [low, high, ..] = bytes
        && *low >= 0x80
        && matches!(high, 1..0x80)
    {
        return (u64::from(low & 0x7f) | u64::from(*high) << 7, 2);
    }
    let Some(chunk) = bytes.first_chunk::<8>() else {
        return read_slow(bytes);
    };
    let word = u64::from_le_bytes(*chunk);
    let ends = !word & MORE;
    if ends == 0 {
        return read_slow(bytes);
    }
    let bits = ends.trailing_zeros() + 1;
    let word = word & (u64::MAX >> (64 - bits));
    // The last byte adds nothing: the number could have been shorter.
    if bits > 8 && word >> (bits - 8) == 0 {
        return (0, 0);
    }
    (gather(word & !MORE), bits as usize / 8)
}

fn read_slow(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(SIZE_MAX).enumerate() {
        let is_past_64_bits = index == SIZE_MAX - 1 && byte > 1;
        let adds_nothing = index > 0 && byte == 0;
        if is_past_64_bits || adds_nothing {
            return (0, 0);
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return (value, index + 1);
        }
    }
    assert!(bytes.len() < SIZE_MAX, "the tenth byte was judged");
    (0, 0)
}

/// Whether `bytes` end in the middle of a number, and not for another fault.
#[cold]
pub(super) fn is_cut(bytes: &[u8]) -> bool {
    bytes.len() < SIZE_MAX && bytes.iter().all(|byte| *byte >= 0x80)
}

/// Eight groups of seven bits, one to a byte.
#[inline]
const fn spread(value: u64) -> u64 {
    let x = (value & 0x0000_0000_0fff_ffff) | ((value & 0x00ff_ffff_f000_0000) << 4);
    let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x0fff_c000_0fff_c000) << 2);
    (x & 0x007f_007f_007f_007f) | ((x & 0x3f80_3f80_3f80_3f80) << 1)
}

/// The reverse of [`spread`].
#[inline]
const fn gather(word: u64) -> u64 {
    let x = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
    let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x3fff_0000_3fff_0000) >> 2);
    (x & 0x0000_0000_0fff_ffff) | ((x & 0x0fff_ffff_0000_0000) >> 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_comes_back_at_both_of_its_edges() {
        for bits in 0..64 {
            for value in [1u64 << bits, (1u64 << bits) - 1, u64::MAX >> bits] {
                let mut out = Vec::new();
                put(&mut out, value);
                let mut slow = Vec::new();
                put_slow(&mut slow, value);
                assert_eq!(out, slow);
                assert_eq!(read(&out), (value, out.len()));
                assert_eq!(read_slow(&out), (value, out.len()));
                let size = out.len();
                out.extend([0xff; 9]);
                assert_eq!(read(&out), (value, size), "more bytes follow");
                assert_eq!(read(&slow[..size - 1]), (0, 0));
                assert!(is_cut(&slow[..size - 1]));
            }
        }
    }

    #[test]
    fn longer_than_need_be_is_refused() {
        for bytes in [&[0x80, 0][..], &[0xff, 0x80, 0], &[0x80; 11], &[0xff; 10]] {
            assert_eq!(read(bytes), (0, 0));
            assert!(!is_cut(bytes));
            let mut padded = bytes.to_vec();
            padded.extend([1; 9]);
            assert_eq!(read(&padded), (0, 0));
        }
    }

    #[test]
    fn zigzag_keeps_the_sign() {
        for value in [0, -1, 1, i64::MIN, i64::MAX, -1234] {
            let mut out = Vec::new();
            put_zigzag(&mut out, value);
            let (raw, _) = read(&out);
            assert_eq!(unzigzag(raw), value);
        }
    }
}
