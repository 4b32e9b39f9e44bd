//! How far a figure of a run can be trusted.
//!
//! For figures that each second has: a moving-block bootstrap (Künsch 1989). Seconds are drawn again in blocks, since a
//! slow second seldom comes alone, and the spread of the figure over the drawn runs is its error. For percentiles of one
//! action, which seconds do not have: the binomial error of an order statistic, widened by how much requests of one
//! second share their fate (the design effect of a cluster sample, Kish 1965).

use crate::measure::Second;
use crate::report::{ActionFigures, CurvePoint};
use crate::seeded::Seeded;

/// Seconds below which nothing is judged.
pub(super) const SECONDS_MIN: usize = 10;
/// Runs that are drawn.
const DRAWN: usize = 1_000;
/// Standard errors that count as noise: one in a thousand, since many figures are looked at.
const ERRORS: f64 = 3.29;
/// The same for each of two intervals that must not touch: apart they are as rare.
const ERRORS_EACH: f64 = 2.58;
/// Requests beyond a percentile below which it is not judged.
const BEYOND_MIN: f64 = 10.0;

/// A figure of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    Mean,
    Median,
}

impl Figure {
    pub(super) fn of(self, values: &mut [f64]) -> f64 {
        match self {
            Self::Mean => values.iter().sum::<f64>() / values.len().max(1) as f64,
            Self::Median => {
                let middle = values.len() / 2;
                if values.is_empty() {
                    return 0.0;
                }
                *values.select_nth_unstable_by(middle, f64::total_cmp).1
            }
        }
    }
}

/// How large a change between two series may be and still be noise; `None` when one is too short.
pub(super) fn of_series(figure: Figure, before: &[f64], after: &[f64]) -> Option<f64> {
    if before.len().min(after.len()) < SECONDS_MIN {
        return None;
    }
    let spread = variance_of(figure, before, 1) + variance_of(figure, after, 2);
    let blocks = before.len() / block(before.len()) + after.len() / block(after.len());
    Some(student(blocks.saturating_sub(2)) * spread.sqrt())
}

/// [`ERRORS`] for an error that is itself measured on few blocks: Student's t, by the first term of its expansion
/// (Abramowitz and Stegun 26.7.5).
fn student(freedom: usize) -> f64 {
    ERRORS * (1.0 + (ERRORS * ERRORS + 1.0) / (4.0 * freedom.max(1) as f64))
}

/// The variance of a figure over drawn runs.
fn variance_of(figure: Figure, series: &[f64], stream: u64) -> f64 {
    let length = series.len();
    let block = block(length);
    // A seed of our own: the same two results give the same answer whenever they are compared.
    let mut choice = Seeded::new(0x4E4F_4953_4520_3031, stream);
    let mut drawn = Vec::with_capacity(length + block);
    let mut figures = Vec::with_capacity(DRAWN);
    for _ in 0..DRAWN {
        drawn.clear();
        while drawn.len() < length {
            let from = choice.below((length - block + 1) as u64) as usize;
            drawn.extend_from_slice(&series[from..from + block]);
        }
        drawn.truncate(length);
        figures.push(figure.of(&mut drawn));
    }
    let mean = figures.iter().sum::<f64>() / DRAWN as f64;
    figures.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / (DRAWN - 1) as f64
}

/// Length of a block: grows with the cube root of the series, as its theory asks for.
fn block(length: usize) -> usize {
    let wanted = (2.0 * (length as f64).cbrt()).round() as usize;
    wanted.clamp(3, length.div_ceil(3))
}

/// An interval that holds a percentile of one action, in ms; `None` when there are too few requests to tell.
pub(super) fn interval(action: &ActionFigures, share: f64, crowding: f64) -> Option<(f64, f64)> {
    let count = action.requests as f64;
    if count * (1.0 - share) < BEYOND_MIN {
        return None;
    }
    let half = ERRORS_EACH * (share * (1.0 - share) * crowding / count).sqrt();
    let (low, high) = (share - half, share + half);
    (high < 1.0).then(|| (at(&action.curve, low.max(0.0)), at(&action.curve, high)))
}

/// How much more a percentile of all requests varies than it would if requests were slow each on its own: 1 when they
/// are. `limit_ms` is the percentile.
pub(super) fn crowding(seconds: &[Second], limit_ms: f64, share: f64) -> f64 {
    let all: f64 = seconds.iter().map(|s| s.requests as f64).sum();
    let lone = share * (1.0 - share);
    if seconds.len() < SECONDS_MIN || all == 0.0 || lone == 0.0 {
        return 1.0;
    }
    let slow: Vec<f64> = seconds.iter().map(|s| 1.0 - below(s, limit_ms)).collect();
    (variance_of(Figure::Mean, &slow, 3) * all / lone).max(1.0)
}

/// What an action feels of it: one that has few requests a second shares its bad seconds with few of its own.
pub(super) fn felt(crowding: f64, part: f64) -> f64 {
    1.0 + (crowding - 1.0) * part.clamp(0.0, 1.0)
}

/// The share of a second's requests that took at most so long: straight between the percentiles that are kept.
fn below(second: &Second, ms: f64) -> f64 {
    let known = [
        (0.0, 0.0),
        (second.p50_ms, 0.5),
        (second.p90_ms, 0.9),
        (second.p99_ms, 0.99),
        (second.p999_ms, 0.999),
        (second.max_ms, 1.0),
    ];
    let at = known.partition_point(|(limit, _)| *limit <= ms);
    let ((low, from), Some((high, to))) = (known[at.saturating_sub(1)], known.get(at)) else {
        return 1.0;
    };
    from + (to - from) * ((ms - low) / (high - low).max(1e-9)).clamp(0.0, 1.0)
}

/// A percentile off a curve, straight between its points.
pub(super) fn at(curve: &[CurvePoint], share: f64) -> f64 {
    let wanted = share * 100.0;
    let at = curve.partition_point(|p| p.percentile < wanted);
    match (at.checked_sub(1).and_then(|a| curve.get(a)), curve.get(at)) {
        (Some(low), Some(high)) => {
            let part = (wanted - low.percentile) / (high.percentile - low.percentile).max(1e-12);
            low.ms + (high.ms - low.ms) * part.clamp(0.0, 1.0)
        }
        (_, Some(point)) | (Some(point), None) => point.ms,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values around 100 that follow each other, as seconds do.
    fn series(seed: u64, length: usize, mean: f64) -> Vec<f64> {
        let mut choice = Seeded::new(seed, 9);
        let mut last = 0.0;
        let next = |_| {
            last = 0.6 * last + choice.fraction() - 0.5;
            mean * (1.0 + 0.2 * last)
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn noise_alone_is_seldom_more_than_noise() {
        let mut beyond = 0;
        for seed in 0..100 {
            let (before, after) = (series(seed, 120, 100.0), series(seed + 1_000, 120, 100.0));
            for figure in [Figure::Mean, Figure::Median] {
                let noise = of_series(figure, &before, &after).unwrap();
                let of = |values: &[f64]| figure.of(&mut values.to_vec());
                beyond += usize::from((of(&before) - of(&after)).abs() > noise);
            }
        }
        assert!(beyond <= 2, "{beyond} of 200");
    }

    #[test]
    fn a_change_of_a_fifth_is_more_than_noise() {
        for seed in 0..20 {
            let (before, after) = (series(seed, 120, 100.0), series(seed + 50, 120, 120.0));
            let noise = of_series(Figure::Median, &before, &after).unwrap();
            let of = |values: &[f64]| Figure::Median.of(&mut values.to_vec());
            let more = of(&after) - of(&before);
            assert!(more > noise, "{more} {noise}");
        }
        assert_eq!(of_series(Figure::Mean, &[1.0; 9], &[1.0; 60]), None);
    }

    #[test]
    fn requests_that_are_slow_together_count_for_less() {
        let second = |p99_ms: f64| Second {
            requests: 1_000,
            p50_ms: 1.0,
            p90_ms: 2.0,
            p99_ms,
            p999_ms: p99_ms * 1.2,
            max_ms: p99_ms * 2.0,
            ..Second::default()
        };
        let even: Vec<Second> = (0..120).map(|_| second(5.0)).collect();
        assert_eq!(crowding(&even, 5.0, 0.99), 1.0);
        let stalls = |n: i32| second(if n % 40 < 5 { 500.0 } else { 4.0 });
        let uneven: Vec<Second> = (0..120).map(stalls).collect();
        let whole = crowding(&uneven, 5.0, 0.99);
        assert!(whole > 10.0, "{whole}");
        assert!(felt(whole, 0.1) < whole / 5.0 && felt(whole, 1.0) == whole);
    }
}
