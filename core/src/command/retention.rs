//! Forgets idempotency keys whose retention has passed.
//!
//! Records stand in the order of their times, so the first one to keep is found by halving.

use std::time::Duration;

use hubu_core::engine::Engine;
use hubu_core::engine::error::EngineError;
use hubu_kernel::ident::Seq;

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How often it is looked after.
pub(super) const EVERY: Duration = Duration::from_secs(60 * 60);

/// Forgets the keys of records older than `days`. Returns the first record whose key is kept.
pub(super) fn forget_old_keys(engine: &Engine, days: u32) -> Result<Seq, EngineError> {
    let kept_from_ms = engine
        .clock()
        .now_ms()
        .saturating_sub(u64::from(days) * DAY_MS);
    let (mut low, mut high) = (1, engine.watermark().durable() + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if engine.record(Seq(middle))?.time_ms < kept_from_ms {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if low > 1 {
        engine.forget_keys_before(Seq(low));
    }
    Ok(Seq(low))
}
