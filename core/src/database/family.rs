//! The families of databases that speak PostgreSQL's protocol, as data: how each is told, and where it differs from the others.
//!
//! Statements are not in here on purpose: the product sends only SQL that all of them share, so there is no form of upsert, lock,
//! type or COPY to choose (`core/tests/database_sql.rs` holds every statement against the list of shared words). What does
//! differ is how commits can be kept from waiting for a standby, whether storage is shared, and what helps when a password is
//! refused. `docs/databases.md` shows this table; a test compares the two.

use serde::{Deserialize, Serialize};

/// What differs in one family.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name in settings, log and figures.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What `SELECT version()` says in it, one of these; empty for the one that is taken when nothing else fits.
    pub marks: &'static [&'static str],
    /// Whether its nodes share one durable storage, so that a lone primary loses nothing with its machine.
    pub has_shared_storage: bool,
    /// A setting that, when on, lets commits go on without the synchronous standby that they were promised to.
    pub standby_waiver: Option<&'static str>,
    /// What helps when a password is not accepted though it is right.
    pub password_advice: &'static str,
    /// What was run and what was only read about, with versions.
    pub evidence: &'static str,
}

/// Advice for the databases that ask for a password as PostgreSQL does.
const PLAIN: &str = "pg_hba.conf: scram-sha-256 or md5 for this host and user";

/// All families; the first is PostgreSQL itself, which is taken when nothing else fits.
pub static FAMILIES: [Family; 5] = [
    Family {
        name: "postgresql",
        title: "PostgreSQL",
        marks: &[],
        has_shared_storage: false,
        standby_waiver: None,
        password_advice: PLAIN,
        evidence: "run: 15, all tests",
    },
    Family {
        name: "opengauss",
        title: "openGauss",
        marks: &["openGauss", "GaussDB", "MogDB", "Vastbase"],
        has_shared_storage: false,
        standby_waiver: Some("most_available_sync"),
        password_advice: "set password_encryption_type = 1 and the role's password anew (it is then kept for both kinds of clients), or 0 with md5 in pg_hba.conf",
        evidence: "read: source of 7.0.0-RC2; its SHA-256 request run against a double of ours",
    },
    Family {
        name: "kingbase",
        title: "KingbaseES",
        marks: &["KingbaseES", "Kingbase"],
        has_shared_storage: false,
        standby_waiver: None,
        password_advice: "sys_hba.conf: scram-sha-256 or md5 for this host and user (sm3 and scram-sm3 are not spoken here)",
        evidence: "read: documentation of V8R6 and V9R1; its source is not public",
    },
    Family {
        name: "polardb",
        title: "PolarDB for PostgreSQL",
        marks: &["PolarDB", "POLARDB"],
        has_shared_storage: true,
        standby_waiver: None,
        password_advice: PLAIN,
        evidence: "read: documentation of 11 and 15, which keep PostgreSQL's SQL",
    },
    Family {
        name: "opentenbase",
        title: "OpenTenBase",
        marks: &["OpenTenBase", "TBase", "TDSQL", "Postgres-XL"],
        has_shared_storage: false,
        standby_waiver: None,
        password_advice: PLAIN,
        evidence: "read: source of 2.6 (PostgreSQL 10, Postgres-XL)",
    },
];

impl Family {
    /// The family of which this is the answer to `SELECT version()`.
    #[must_use]
    pub fn told_by(version: &str) -> &'static Self {
        let says = |family: &&Self| family.marks.iter().any(|mark| version.contains(mark));
        FAMILIES.iter().find(says).unwrap_or(&FAMILIES[0])
    }
}

/// Which family the settings name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FamilyChoice {
    /// The one that the database tells itself to be.
    #[default]
    Auto,
    /// PostgreSQL.
    Postgresql,
    /// openGauss, and what is built on it.
    Opengauss,
    /// KingbaseES.
    Kingbase,
    /// PolarDB for PostgreSQL.
    Polardb,
    /// OpenTenBase.
    Opentenbase,
}

impl FamilyChoice {
    /// The family, if it is named.
    #[must_use]
    pub fn named(self) -> Option<&'static Family> {
        let at = match self {
            Self::Auto => return None,
            Self::Postgresql => 0,
            Self::Opengauss => 1,
            Self::Kingbase => 2,
            Self::Polardb => 3,
            Self::Opentenbase => 4,
        };
        Some(&FAMILIES[at])
    }

    /// The family that is named, or else the one that the database tells itself to be.
    #[must_use]
    pub fn or_told_by(self, version: &str) -> &'static Family {
        self.named().unwrap_or_else(|| Family::told_by(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_is_told_by_its_version() {
        for (version, name) in [
            (
                "PostgreSQL 15.13 (Debian 15.13-0+deb12u1) on x86_64-pc-linux-gnu",
                "postgresql",
            ),
            (
                "(openGauss 6.0.0 build aee4abd5) compiled at 2024-09-29 18:39:00 on aarch64-unknown-linux-gnu",
                "opengauss",
            ),
            (
                "KingbaseES V008R006C008B0020 on x86_64-pc-linux-gnu, compiled by gcc (GCC) 4.8.5",
                "kingbase",
            ),
            (
                "PostgreSQL 15.8 (PolarDB 15.8.2.0 build unknown) on x86_64-linux-gnu",
                "polardb",
            ),
            ("PostgreSQL 11.9 (POLARDB 11.9)", "polardb"),
            (
                "PostgreSQL 10beta3 (Postgres-XL 10alpha2) on x86_64-pc-linux-gnu, compiled by gcc",
                "opentenbase",
            ),
        ] {
            assert_eq!(Family::told_by(version).name, name, "{version}");
        }
    }

    #[test]
    fn what_the_settings_name_wins() {
        let told = "PostgreSQL 9.2.4 (something) on x86_64";
        assert_eq!(FamilyChoice::Auto.or_told_by(told).name, "postgresql");
        for (choice, family) in [
            (FamilyChoice::Postgresql, "postgresql"),
            (FamilyChoice::Opengauss, "opengauss"),
            (FamilyChoice::Kingbase, "kingbase"),
            (FamilyChoice::Polardb, "polardb"),
            (FamilyChoice::Opentenbase, "opentenbase"),
        ] {
            assert_eq!(choice.or_told_by(told).name, family);
        }
    }
}
