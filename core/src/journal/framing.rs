//! How records lie in a payload: a LEB128 length of at most five bytes, then that many bytes.

/// Largest length prefix in bytes.
const MAX_PREFIX: usize = 5;

/// Appends one record to a payload under construction.
///
/// Records are far below 4 GiB: the engine bounds them long before.
pub fn push_record(payload: &mut Vec<u8>, record: &[u8]) {
    let mut rest = record.len() as u64;
    assert!(u32::try_from(rest).is_ok(), "a record is below 4 GiB");
    while rest >= 0x80 {
        payload.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    payload.push(rest as u8);
    payload.extend_from_slice(record);
}

/// The records of a payload, in order. Ends early at bytes that are no record; [`Records::is_whole`] tells.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// Walks a payload.
    #[must_use]
    pub fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    /// After the last record: whether the payload held whole records only.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, prefix) = split_length(self.rest)?;
        let end = prefix.checked_add(length)?;
        let record = self.rest.get(prefix..end)?;
        self.rest = &self.rest[end..];
        Some(record)
    }
}

/// The record `index` (from 0) of a payload, if there are that many.
#[must_use]
pub fn record_at(payload: &[u8], index: u64) -> Option<&[u8]> {
    Records::new(payload).nth(usize::try_from(index).ok()?)
}

/// Length and size of its prefix.
fn split_length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0u64;
    for (index, byte) in bytes.iter().take(MAX_PREFIX).enumerate() {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(length).ok()?, index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_in_order() {
        let records: Vec<Vec<u8>> = [0, 1, 127, 128, 16_383, 16_384, 70_000]
            .iter()
            .map(|n| vec![*n as u8; *n])
            .collect();
        let mut payload = Vec::new();
        for record in &records {
            push_record(&mut payload, record);
        }
        let mut walk = Records::new(&payload);
        let back: Vec<Vec<u8>> = walk.by_ref().map(<[u8]>::to_vec).collect();
        assert_eq!(back, records);
        assert!(walk.is_whole());
        assert_eq!(record_at(&payload, 3), Some(&records[3][..]));
        assert_eq!(record_at(&payload, 7), None);
    }

    #[test]
    fn half_a_record_is_no_record() {
        let mut payload = Vec::new();
        push_record(&mut payload, b"abc");
        for cut in 1..payload.len() {
            let mut walk = Records::new(&payload[..cut]);
            assert_eq!(walk.next(), None);
            assert!(!walk.is_whole());
        }
        let mut endless = Records::new(&[0xff; 9]);
        assert_eq!(endless.next(), None);
        assert!(!endless.is_whole());
    }
}
