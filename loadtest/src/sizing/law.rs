//! The universal scalability law (N. J. Gunther, "Guerrilla Capacity Planning", Springer 2007):
//!
//! ```text
//! X(N) = λ N / (1 + σ (N − 1) + κ N (N − 1))
//! ```
//!
//! X is the throughput at N requests under way at once; λ what one alone does; σ the share that waits for something
//! shared (contention); κ what each costs every other (coherency). With κ > 0 there is a peak, past which more load does
//! less work.
//!
//! N is *requests under way*, not users: a user who thinks is not in the system. A sweep without think time sets N
//! itself; with think time, or arrivals, it is rate times mean latency (Little's law, L = λW).

use serde::{Deserialize, Serialize};

/// The law with its three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Law {
    /// Requests a second of one alone.
    pub lambda: f64,
    /// Contention, 0 to 1.
    pub sigma: f64,
    /// Coherency, from 0.
    pub kappa: f64,
}

impl Law {
    /// Throughput at so many requests under way.
    pub fn rate(&self, n: f64) -> f64 {
        self.lambda * n / self.slowing(n)
    }

    /// How much slower each is than one alone.
    pub(super) fn slowing(&self, n: f64) -> f64 {
        1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0)
    }

    /// Mean time of one in seconds, by Little's law.
    pub fn response(&self, n: f64) -> f64 {
        self.slowing(n) / self.lambda
    }

    /// Where throughput is highest; `None` when it only ever rises.
    pub fn peak(&self) -> Option<f64> {
        (self.kappa > 0.0).then(|| ((1.0 - self.sigma).max(0.0) / self.kappa).sqrt().max(1.0))
    }

    /// The highest throughput: at the peak, or what it rises towards; infinite when nothing bends it.
    pub fn top(&self) -> f64 {
        match self.peak() {
            Some(n) => self.rate(n),
            None if self.sigma > 0.0 => self.lambda / self.sigma,
            None => f64::INFINITY,
        }
    }

    /// The fewest requests under way with which it does so much; `None` when it never does.
    pub fn concurrency(&self, rate: f64) -> Option<f64> {
        if rate.is_nan() || rate < 0.0 || rate > self.top() {
            return None;
        }
        // κX N² + (σX − κX − λ) N + (1 − σ) X = 0, the smaller root, in the form that is exact for κ → 0 too.
        let a = self.kappa * rate;
        let b = self.sigma * rate - self.kappa * rate - self.lambda;
        let c = (1.0 - self.sigma) * rate;
        let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
        let n = 2.0 * c / (root - b);
        n.is_finite().then_some(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAW: Law = Law {
        lambda: 1_000.0,
        sigma: 0.05,
        kappa: 0.001,
    };

    #[test]
    fn by_hand() {
        assert_eq!(LAW.rate(1.0), 1_000.0);
        // 10 000 / (1 + 0.45 + 0.09)
        assert!((LAW.rate(10.0) - 6_493.506).abs() < 0.001);
        let peak = LAW.peak().unwrap();
        assert!((peak - (0.95f64 / 0.001).sqrt()).abs() < 1e-9);
        assert!(LAW.rate(peak) >= LAW.rate(peak * 1.01) && LAW.rate(peak) >= LAW.rate(peak * 0.99));
        let amdahl = Law { kappa: 0.0, ..LAW };
        assert_eq!((amdahl.peak(), amdahl.top()), (None, 20_000.0));
        let linear = Law {
            sigma: 0.0,
            ..amdahl
        };
        assert_eq!(linear.top(), f64::INFINITY);
    }

    #[test]
    fn concurrency_turns_rate_around() {
        for law in [
            LAW,
            Law { kappa: 0.0, ..LAW },
            Law {
                sigma: 0.0,
                kappa: 0.0,
                ..LAW
            },
        ] {
            for n in [0.5, 1.0, 3.0, 20.0] {
                let back = law.concurrency(law.rate(n)).unwrap();
                assert!((back - n).abs() < 1e-6, "{law:?} {n} {back}");
            }
        }
        assert_eq!(LAW.concurrency(LAW.top() * 1.001), None);
        assert_eq!(LAW.concurrency(f64::NAN), None);
    }
}
