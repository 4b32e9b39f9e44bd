//! A batch as a row: the header's fields in columns, the payload packed or not.

use tokio_postgres::Row;

use crate::journal::chain::Chain;
use crate::journal::header::{Header, u32_at};

/// Payload as the engine gave it.
pub(super) const PLAIN: i16 = 0;
/// Payload as an LZ4 block; the header tells its unpacked length.
pub(super) const LZ4: i16 = 1;
/// Below this size in bytes packing is not worth the time.
const WORTH_PACKING: usize = 256;
/// Where an encoded header keeps its own CRC.
const HEADER_CRC: usize = 56;

/// Both CRCs in one number: the header's above, the payload's below.
pub(super) fn checksum(header: &Header) -> i64 {
    let own = u64::from(u32_at(&header.encode(), HEADER_CRC));
    (own << 32 | u64::from(header.payload_crc)).cast_signed()
}

/// Packs a payload into `room` when that makes it smaller; answers how, and the bytes to store.
pub(super) fn pack<'a>(payload: &'a [u8], room: &'a mut Vec<u8>) -> (i16, &'a [u8]) {
    if payload.len() < WORTH_PACKING {
        return (PLAIN, payload);
    }
    let most = lz4_flex::block::get_maximum_output_size(payload.len());
    if room.len() < most {
        room.resize(most, 0);
    }
    match lz4_flex::block::compress_into(payload, room) {
        Ok(size) if size < payload.len() => (LZ4, &room[..size]),
        _ => (PLAIN, payload),
    }
}

/// The header that a row's columns stand for; `None` when they cannot have been written so.
pub(super) fn header(row: &Row, cell: u64) -> Option<Header> {
    let number = |column| row.try_get::<_, i64>(column).ok().map(i64::cast_unsigned);
    let chain = |column| {
        row.try_get::<_, &[u8]>(column)
            .ok()
            .and_then(|bytes| Chain::try_from(bytes).ok())
    };
    let sum = number("checksum")?;
    let header = Header {
        journal: number("journal")?,
        cell,
        epoch: number("epoch")?,
        first: number("first")?,
        last: number("last")?,
        length: row.try_get::<_, i32>("length").ok()?.cast_unsigned(),
        payload_crc: sum as u32,
        previous: chain("previous")?,
        chain: chain("chain")?,
    };
    (checksum(&header) == sum.cast_signed() && header.first <= header.last).then_some(header)
}

/// The payload of a row, unpacked into `room` where it is packed; `None` when it cannot be.
pub(super) fn payload<'a>(
    row: &'a Row,
    header: &Header,
    room: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let stored: &[u8] = row.try_get("payload").ok()?;
    let length = header.length as usize;
    match row.try_get::<_, i16>("packing").ok()? {
        PLAIN if stored.len() == length => Some(stored),
        LZ4 => {
            if room.len() < length {
                room.resize(length, 0);
            }
            let size = lz4_flex::block::decompress_into(stored, &mut room[..length]).ok()?;
            (size == length).then_some(&room[..length])
        }
        _ => None,
    }
}
