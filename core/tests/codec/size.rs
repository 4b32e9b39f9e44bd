//! The size that the sizing of disks and networks counts on.

use crate::samples::two_rows;
use hubu_core::journal::codec::encode;
use hubu_kernel::ident::RowId;

#[test]
fn a_one_step_two_row_record_takes_at_most_90_bytes() {
    // Rows as among a million in 64 shards, the ten millionth document of as many shards.
    let record = two_rows(
        RowId(15_624 << 6 | 63),
        RowId(9_000 << 6),
        10_000_000 << 6,
        6_250,
    );
    let mut bytes = Vec::new();
    encode(&record, &mut bytes);
    assert!(bytes.len() <= 90, "{} bytes", bytes.len());
}
