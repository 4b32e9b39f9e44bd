//! A Prometheus histogram: how many values were at most so large, by bound.

use std::collections::BTreeMap;

/// Cumulative counts by bound, in the unit of the metric. Bounds are kept as the bits of their (positive) numbers, whose
/// order is that of the numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Buckets {
    by_bound: BTreeMap<u64, u64>,
    pub(super) sum: f64,
    pub(super) count: u64,
}

impl Buckets {
    /// Adds values at or below a bound; series of several labels add up.
    pub(super) fn add(&mut self, bound: f64, count: u64) {
        if bound >= 0.0 {
            let sum = self.by_bound.entry(bound.to_bits()).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// What came since an earlier look; `None` when it went backwards, as it does where a server was started again.
    pub(super) fn since(&self, earlier: &Self) -> Option<Self> {
        let mut by_bound = BTreeMap::new();
        for (bound, count) in &self.by_bound {
            let before = earlier.by_bound.get(bound).copied().unwrap_or(0);
            by_bound.insert(*bound, count.checked_sub(before)?);
        }
        Some(Self {
            by_bound,
            sum: self.sum - earlier.sum,
            count: self.count.checked_sub(earlier.count)?,
        })
    }

    /// The mean, when there is something.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// A quantile, as `histogram_quantile` of Prometheus gives it: within a bucket values are taken to lie evenly, and
    /// what lies above the last bound counts as that bound.
    pub(super) fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.by_bound.values().copied().max().filter(|n| *n > 0)?;
        let wanted = quantile * total as f64;
        let (mut low, mut below) = (0.0, 0u64);
        for (bound, count) in &self.by_bound {
            let high = f64::from_bits(*bound);
            if *count as f64 >= wanted {
                if high.is_infinite() {
                    return Some(low);
                }
                let within = count.saturating_sub(below).max(1) as f64;
                return Some(
                    low + (high - low) * ((wanted - below as f64) / within).clamp(0.0, 1.0),
                );
            }
            (low, below) = (high, *count);
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let mut all = Buckets::default();
        for (bound, count) in [(1.0, 50), (2.0, 90), (4.0, 100), (f64::INFINITY, 100)] {
            all.add(bound, count);
        }
        (all.sum, all.count) = (130.0, 100);
        assert_eq!(all.quantile(0.5), Some(1.0));
        assert_eq!(all.quantile(0.25), Some(0.5));
        assert_eq!(all.quantile(0.95), Some(3.0));
        assert_eq!(all.mean(), Some(1.3));
        assert_eq!(Buckets::default().quantile(0.5), None);
        let mut later = all.clone();
        later.add(4.0, 20);
        later.add(f64::INFINITY, 30);
        (later.sum, later.count) = (330.0, 130);
        let between = later.since(&all).unwrap();
        assert_eq!(between.count, 30);
        assert_eq!(between.quantile(0.99), Some(4.0), "above the last bound");
        assert_eq!(all.since(&later), None);
    }
}
