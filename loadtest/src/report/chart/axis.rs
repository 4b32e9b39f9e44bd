//! Where values lie on an axis, and which of them get a tick.

/// How values are laid out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) enum Scale {
    /// Evenly, from zero.
    Even,
    /// By their logarithm: for latencies, which reach from a fraction of a ms to seconds.
    Log,
    /// Percentiles, by the logarithm of what lies above them: 90, 99, 99.9 are as far apart from each other.
    Percentile,
}

/// An axis over a range of values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
}

/// Smallest value of a logarithmic axis.
const LEAST: f64 = 1e-3;

impl Axis {
    /// An axis that holds all values, and a little more at its end.
    pub(super) fn holding(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|v| v.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        match scale {
            Scale::Even => Self {
                scale,
                low: 0.0,
                high: if high > 0.0 { high * 1.08 } else { 1.0 },
            },
            Scale::Log => {
                let low = low.max(LEAST);
                Self {
                    scale,
                    low: low / 1.3,
                    high: high.max(low * 3.0) * 1.3,
                }
            }
            Scale::Percentile => Self {
                scale,
                low: 0.0,
                high,
            },
        }
    }

    /// An even axis that ends exactly there: for time.
    pub(super) fn until(high: f64) -> Self {
        Self {
            scale: Scale::Even,
            low: 0.0,
            high: high.max(1.0),
        }
    }

    /// Where a value lies, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Even => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.max(LEAST) / self.low).ln() / (self.high / self.low).ln(),
            Scale::Percentile => nines(value) / nines(self.high).max(0.1),
        };
        share.clamp(0.0, 1.0)
    }

    /// The values that get a tick, at most about so many.
    pub(super) fn ticks(&self, most: usize) -> Vec<f64> {
        match self.scale {
            Scale::Even => even(self.high, most),
            Scale::Log => log(self.low, self.high, most),
            Scale::Percentile => {
                let known = [0.0, 50.0, 90.0, 99.0, 99.9, 99.99, 99.999, 99.9999];
                known.into_iter().filter(|p| *p <= self.high).collect()
            }
        }
    }
}

/// log₁₀ of one over the share above a percentile: 90 is 1, 99 is 2.
fn nines(percentile: f64) -> f64 {
    -((100.0 - percentile).max(1e-9) / 100.0).log10()
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn even(high: f64, most: usize) -> Vec<f64> {
    let rough = high / most.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|s| s * power);
    let step = steps
        .into_iter()
        .find(|s| *s >= rough - 1e-9)
        .unwrap_or(power * 10.0);
    let count = (high / step + 1e-9).floor() as u32;
    (0..=count).map(|n| f64::from(n) * step).collect()
}

/// Powers of ten, with 2 and 5 times them where there is room.
fn log(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = (high / low).log10().ceil().max(1.0) as usize;
    let parts: &[f64] = match most / decades {
        0 | 1 => &[1.0],
        2 => &[1.0, 3.0],
        _ => &[1.0, 2.0, 5.0],
    };
    let all = (first..=last).flat_map(|p| parts.iter().map(move |part| part * 10f64.powi(p)));
    all.filter(|v| (low..=high).contains(v)).collect()
}

/// A number on an axis: as short as can be.
pub(super) fn number(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        v if v >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{scaled:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let even = Axis::holding(Scale::Even, [0.0, 412.0].into_iter());
        assert_eq!(even.ticks(5), [0.0, 100.0, 200.0, 300.0, 400.0]);
        let log = Axis::holding(Scale::Log, [0.8, 250.0].into_iter());
        assert_eq!(log.ticks(6), [1.0, 3.0, 10.0, 30.0, 100.0, 300.0]);
        assert_eq!(Axis::until(60.0).ticks(6).last(), Some(&60.0));
        let nines = Axis::holding(Scale::Percentile, [0.0, 99.95].into_iter());
        assert_eq!(nines.ticks(9), [0.0, 50.0, 90.0, 99.0, 99.9]);
    }

    #[test]
    fn places_keep_their_order_and_their_range() {
        for scale in [Scale::Even, Scale::Log, Scale::Percentile] {
            let axis = Axis::holding(scale, [0.0, 1.0, 99.9].into_iter());
            let places = [0.0, 0.5, 1.0, 50.0, 99.0, 99.9, 1e9].map(|v| axis.place(v));
            assert!(places.is_sorted(), "{scale:?} {places:?}");
            assert!(places.iter().all(|p| (0.0..=1.0).contains(p)));
        }
        let nines = Axis::holding(Scale::Percentile, [99.9].into_iter());
        assert!((nines.place(99.0) - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!(
            Axis::holding(Scale::Log, std::iter::empty()).ticks(3).len(),
            4
        );
    }

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 0.05, 2.5, 9_000.0, 25_000.0, 2e6].map(number);
        assert_eq!(all.join(" "), "0 0.05 2.5 9000 25k 2M");
    }
}
