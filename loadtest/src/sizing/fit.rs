//! Fitting the law to measured points, and saying how sure it is.
//!
//! The squares of the *relative* residuals are made least (what a rate is off by grows with the rate), with λ > 0,
//! 0 ≤ σ < 1 and κ ≥ 0: a start by linear least squares on N/X, which is linear in 1/λ, σ/λ and κ/λ, then
//! Levenberg-Marquardt on each set of numbers that may differ from 0, and of these fits the best. The intervals are
//! those of a seeded bootstrap of the residuals: what they were at some points is put on others, and the law fitted
//! again, a thousand times.

use serde::{Deserialize, Serialize};

use super::law::Law;
use super::solve::{non_negative, normal, solve};
use crate::seeded::Seeded;

/// One measured point.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Requests under way at once.
    pub n: f64,
    /// Requests a second.
    pub rate: f64,
}

/// An interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// 2.5 %.
    pub low: f64,
    /// 97.5 %.
    pub high: f64,
}

/// A fitted law.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The best.
    pub law: Law,
    /// Those of the bootstrap.
    pub laws: Vec<Law>,
    /// Root of the mean square of the relative residuals.
    pub residual: f64,
}

/// Different loads that a fit needs at least: three numbers, and two points more to see how well they fit.
pub const LOADS_MIN: usize = 5;
/// How often the bootstrap fits again.
const AGAIN: usize = 1_000;
const STEPS_MAX: usize = 200;

/// Fits.
///
/// # Errors
/// Too few points, or numbers that are none.
pub fn fit(points: &[Seen], seed: u64) -> Result<Fit, String> {
    let is_right = |p: &Seen| p.n.is_finite() && p.rate.is_finite() && p.n > 0.0 && p.rate > 0.0;
    if let Some(wrong) = points.iter().find(|p| !is_right(p)) {
        return Err(format!(
            "a point has {} requests under way at {} a second: both must be more than 0",
            wrong.n, wrong.rate
        ));
    }
    let loads = different(points);
    if loads < LOADS_MIN {
        return Err(format!(
            "{loads} different loads were measured, and the law wants {LOADS_MIN}: let search take more steps (a smaller --growth, or --sweep)"
        ));
    }
    let law = best(points).ok_or("no law fits these points")?;
    let residuals: Vec<f64> = points
        .iter()
        .map(|p| p.rate / law.rate(p.n) - 1.0)
        .collect();
    let square = residuals.iter().map(|r| r * r).sum::<f64>() / points.len() as f64;
    // Residuals of a fit are smaller than the errors behind them, since the fit took three degrees of freedom.
    let freedom = points.len().saturating_sub(3).max(1) as f64;
    let wider = (points.len() as f64 / freedom).sqrt();
    let mut choice = Seeded::new(seed, 0x5153_4c00);
    let again = |_| {
        let shaken = points.iter().map(|p| {
            let error = residuals[choice.below(residuals.len() as u64) as usize] * wider;
            Seen {
                n: p.n,
                rate: (law.rate(p.n) * (1.0 + error)).max(law.rate(p.n) * 0.01),
            }
        });
        best(&shaken.collect::<Vec<_>>())
    };
    Ok(Fit {
        laws: (0..AGAIN).filter_map(again).collect(),
        residual: square.sqrt(),
        law,
    })
}

/// Loads that differ by more than a hundredth.
fn different(points: &[Seen]) -> usize {
    let mut all: Vec<f64> = points.iter().map(|p| p.n).collect();
    all.sort_by(f64::total_cmp);
    all.dedup_by(|a, b| *a <= *b * 1.01);
    all.len()
}

impl Fit {
    /// The interval of something that follows from the law.
    pub fn interval(&self, of: impl Fn(&Law) -> f64) -> Interval {
        let mut all: Vec<f64> = self.laws.iter().map(of).filter(|v| !v.is_nan()).collect();
        all.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * (all.len().saturating_sub(1)) as f64).round() as usize;
            all.get(place).copied().unwrap_or(f64::NAN)
        };
        Interval {
            low: at(0.025),
            high: at(0.975),
        }
    }

    /// Whether the points say that κ is more than 0, so that there is a peak and not only a guess at one.
    pub fn is_kappa_bounded(&self) -> bool {
        self.interval(|l| l.kappa).low > 0.0
    }
}

fn best(points: &[Seen]) -> Option<Law> {
    let start = linear(points)?;
    let largest = points.iter().map(|p| p.n).fold(1.0, f64::max);
    // ln λ always; σ and κ where they may differ from 0.
    let sets: [&[usize]; 4] = [&[0], &[0, 1], &[0, 2], &[0, 1, 2]];
    let fits = sets
        .iter()
        .filter_map(|set| descend(points, start, set, largest));
    let allowed = fits.filter(|(_, law)| (0.0..1.0).contains(&law.sigma) && law.kappa >= 0.0);
    allowed
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, law)| law)
}

/// The start: N/X = 1/λ + (σ/λ)(N − 1) + (κ/λ) N(N − 1), each row divided by its left side.
fn linear(points: &[Seen]) -> Option<Law> {
    let row = |p: &Seen| {
        let share = p.rate / p.n;
        vec![share, share * (p.n - 1.0), share * p.n * (p.n - 1.0), 1.0]
    };
    let rows: Vec<Vec<f64>> = points.iter().map(row).collect();
    let answer = non_negative(&rows, 3)?;
    let lambda = 1.0 / answer[0];
    lambda.is_finite().then(|| Law {
        lambda,
        sigma: (answer[1] * lambda).clamp(0.0, 0.99),
        kappa: answer[2] * lambda,
    })
}

/// The sum of squared relative residuals.
fn error(points: &[Seen], law: &Law) -> f64 {
    let all = points
        .iter()
        .map(|p| (law.rate(p.n) / p.rate - 1.0).powi(2));
    let sum: f64 = all.sum();
    let is_wrong = sum.is_nan() || points.iter().any(|p| law.slowing(p.n) <= 0.0);
    if is_wrong { f64::INFINITY } else { sum }
}

/// Levenberg-Marquardt in ln λ, σ and κ N², of which only the chosen move and the others are 0.
fn descend(points: &[Seen], start: Law, chosen: &[usize], largest: f64) -> Option<(f64, Law)> {
    let scale = largest * largest;
    let mut law = Law {
        sigma: if chosen.contains(&1) {
            start.sigma
        } else {
            0.0
        },
        kappa: if chosen.contains(&2) {
            start.kappa
        } else {
            0.0
        },
        ..start
    };
    let (mut least, mut raised) = (error(points, &law), 1e-3);
    for _ in 0..STEPS_MAX {
        let row = |p: &Seen| {
            let (share, slowing) = (law.rate(p.n) / p.rate, law.slowing(p.n));
            let fall = share * (p.n - 1.0) / slowing;
            vec![share, -fall, -fall * p.n / scale, 1.0 - share]
        };
        let rows: Vec<Vec<f64>> = points.iter().map(row).collect();
        let step = solve(normal(&rows, chosen, raised))?;
        let mut next = law;
        for (what, by) in chosen.iter().zip(&step) {
            match what {
                0 => next.lambda *= by.clamp(-3.0, 3.0).exp(),
                1 => next.sigma += by,
                _ => next.kappa += by / scale,
            }
        }
        let now = error(points, &next);
        if now < least {
            let is_done = least - now <= 1e-14 * least.max(1e-30);
            (law, least, raised) = (next, now, (raised * 0.3).max(1e-12));
            if is_done {
                break;
            }
        } else if raised > 1e12 {
            break;
        } else {
            raised *= 4.0;
        }
    }
    least.is_finite().then_some((least, law))
}
