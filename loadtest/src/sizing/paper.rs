//! The formulas that tenders use in place of a measurement, with every number that goes into them. docs/sizing.md says
//! where each was seen.

use serde::{Deserialize, Serialize};

/// Inputs of the formulas, with the values that are commonly written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paper {
    /// Share of the users who work at the same time (并发比例).
    pub online_share: f64,
    /// Transactions of each a minute; `None` for one in each think time.
    pub per_minute: Option<f64>,
    /// Database transactions of one business transaction (每笔交易对应数据库事务数).
    pub database_transactions: f64,
    /// What one of them weighs against one of TPC-C's (基准 TPC 指标值对应的比例).
    pub tpc_ratio: f64,
    /// Share of the processor that is kept free (CPU 冗余).
    pub spare_cpu: f64,
    /// What is kept for growth (预留扩展), in place of years of it; `None` for growth over the years.
    pub reserve: Option<f64>,
    /// tpmC of one core, if a reader has a figure to believe in.
    pub tpmc_per_core: Option<f64>,
    /// Memory of a connection in MB.
    pub connection_mb: f64,
    /// Safety on memory.
    pub memory_safety: f64,
    /// Processor time of a request in seconds.
    pub request_seconds: f64,
}

impl Default for Paper {
    fn default() -> Self {
        Self {
            online_share: 1.0,
            per_minute: None,
            database_transactions: 20.0,
            tpc_ratio: 8.0,
            spare_cpu: 0.3,
            reserve: None,
            tpmc_per_core: None,
            connection_mb: 2.0,
            memory_safety: 1.3,
            request_seconds: 0.1,
        }
    }
}

impl Paper {
    pub(super) fn mistakes(&self, within: &mut dyn FnMut(&str, f64, f64, f64)) {
        within("--paper-online", self.online_share, 0.0, 1.0);
        within(
            "--paper-per-minute",
            self.per_minute.unwrap_or(1.0),
            0.0,
            1e6,
        );
        within("--paper-transactions", self.database_transactions, 0.0, 1e6);
        within("--tpc-ratio", self.tpc_ratio, 0.0, 1e6);
        within("--paper-spare-cpu", self.spare_cpu, 0.0, 0.99);
        within("--paper-reserve", self.reserve.unwrap_or(1.0), 0.0, 1e6);
        within(
            "--tpmc-per-core",
            self.tpmc_per_core.unwrap_or(1.0),
            1.0,
            1e9,
        );
        within("--paper-connection-mb", self.connection_mb, 0.0, 1e6);
        within("--paper-memory-safety", self.memory_safety, 0.0, 1e3);
        within("--paper-request", self.request_seconds, 0.0, 3_600.0);
    }

    /// Business transactions a minute at the peak.
    pub(super) fn per_minute(&self, users: f64, think_seconds: f64, peak: f64) -> f64 {
        let each = self.per_minute.unwrap_or(60.0 / think_seconds);
        users * self.online_share * each * peak
    }

    /// tpmC of the database server.
    pub(super) fn tpmc(&self, per_minute: f64) -> f64 {
        per_minute * self.database_transactions * self.tpc_ratio / (1.0 - self.spare_cpu)
    }

    /// Memory for connections, in bytes.
    pub(super) fn memory(&self, users: f64) -> f64 {
        users * self.connection_mb * 1_048_576.0 * self.memory_safety
    }

    /// Cores by processor time.
    pub(super) fn cores(&self, per_minute: f64) -> f64 {
        per_minute / 60.0 * self.request_seconds / (1.0 - self.spare_cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the formula is handed on with: 67 transactions a minute, 20 database transactions each, ratio
    /// 8, deviation 4, 30 % free: 61,257 tpmC. The deviation is a second ratio, so 32 stands for both.
    #[test]
    fn the_common_example_comes_out() {
        let paper = Paper {
            tpc_ratio: 8.0 * 4.0,
            ..Paper::default()
        };
        assert!((paper.tpmc(67.0) - 61_257.14).abs() < 0.01);
    }

    #[test]
    fn by_hand() {
        let paper = Paper::default();
        // 40,000 users, one transaction in 10 s is 6 a minute, three times that at the peak.
        assert_eq!(paper.per_minute(40_000.0, 10.0, 3.0), 720_000.0);
        // 12,000 a second of 0.1 s each, 70 % of a core used.
        assert!((paper.cores(720_000.0) - 1_714.285).abs() < 0.01);
        assert!((paper.memory(1_000.0) / 1_048_576.0 - 2_600.0).abs() < 1e-9);
    }
}
