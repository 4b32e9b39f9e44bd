//! What is compared: four systems and three loads.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A way to make a payment durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum System {
    /// Hubu, journal in files.
    #[value(name = "a")]
    HubuFile,
    /// Hubu, journal in PostgreSQL.
    #[value(name = "b")]
    HubuPostgres,
    /// A transaction a command, rows locked by `SELECT … FOR UPDATE`.
    #[value(name = "c")]
    RowLock,
    /// A batched function in PostgreSQL.
    #[value(name = "d")]
    Batched,
}

impl System {
    /// As options and tables name it.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            System::HubuFile => "a",
            System::HubuPostgres => "b",
            System::RowLock => "c",
            System::Batched => "d",
        }
    }

    /// In a few words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            System::HubuFile => "Hubu, file journal",
            System::HubuPostgres => "Hubu, PostgreSQL journal",
            System::RowLock => "row locks (hyper + deadpool-postgres)",
            System::Batched => "batched SQL function",
        }
    }

    /// In a few words of Chinese.
    pub(crate) fn name_zh(self) -> &'static str {
        match self {
            System::HubuFile => "户部，文件日志",
            System::HubuPostgres => "户部，PostgreSQL 日志",
            System::RowLock => "行锁，一笔一事务（常见做法）",
            System::Batched => "批量 SQL 函数",
        }
    }

    /// Whether it is ours: then it has goals.
    pub(crate) fn is_hubu(self) -> bool {
        matches!(self, System::HubuFile | System::HubuPostgres)
    }
}

/// Which rows are paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Load {
    /// Any row, each as likely as the others.
    Uniform,
    /// One of ten rows.
    Hot10,
    /// One row.
    Hot1,
}

impl Load {
    /// As options and tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Load::Uniform => "uniform",
            Load::Hot10 => "hot10",
            Load::Hot1 => "hot1",
        }
    }

    /// In a few words of Chinese.
    pub(crate) fn name_zh(self) -> &'static str {
        match self {
            Load::Uniform => "均匀",
            Load::Hot10 => "十个热点额度",
            Load::Hot1 => "一个热点额度",
        }
    }

    /// How many rows; `None` for all.
    pub(crate) fn rows(self) -> Option<usize> {
        match self {
            Load::Uniform => None,
            Load::Hot10 => Some(10),
            Load::Hot1 => Some(1),
        }
    }

    /// How many times the rate of row locks is wanted of Hubu.
    pub(crate) fn goal(self) -> f64 {
        match self {
            Load::Uniform => 10.0,
            Load::Hot10 | Load::Hot1 => 20.0,
        }
    }
}

/// How many times the users of row locks are wanted of Hubu.
pub(crate) const USERS_GOAL: f64 = 20.0;
