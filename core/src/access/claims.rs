//! What a token says about who holds it (RFC 7519), and what of it is ours.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

use super::binding::Confirmation;

/// The claims that we read. Others are let by; one that comes twice is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it is, and acts: the actor's name in every record, at most 128 bytes.
    pub sub: String,
    /// Roles by name; names that the catalog does not have give nothing.
    pub roles: Vec<String>,
    /// Nine digits: the division that the actor belongs to.
    pub division: String,
    /// The agency's 21 characters, when the actor belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The department, when the actor belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dept: Option<String>,
    /// When the token's time is over: seconds since 1970-01-01 UTC.
    #[serde(deserialize_with = "moment")]
    pub exp: u64,
    /// When its time begins.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "date"
    )]
    pub nbf: Option<u64>,
    /// When it was made.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "date"
    )]
    pub iat: Option<u64>,
    /// Its own name, by which it can be revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// On whose behalf the holder acts with these roles (委托).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated_by: Option<String>,
    /// When that ends: seconds since 1970-01-01 UTC. Goes with `delegated_by`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "date"
    )]
    pub delegated_until: Option<u64>,
    /// Why the glass was broken, where one of the roles is for emergencies (应急).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the token is narrowed to (服务账号).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    pub only: Option<Only>,
    /// The client certificate that has to come with it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    pub cnf: Option<Confirmation>,
}

/// For whom a token was made: one name, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Whether this name is among them.
    pub fn includes(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(all) => all.iter().any(|one| one == name),
        }
    }
}

/// What a token is narrowed to. Each part takes away, none gives; an unknown part refuses the token, since a narrowing that
/// is not understood must not be passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// The operations of the interface that may be asked for, by the names that `/openapi.json` gives them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    pub operations: Option<Vec<String>>,
    /// The document types, by name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    pub types: Option<Vec<String>>,
    /// The divisions, nine digits each; what is below them counts.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "said"
    )]
    pub divisions: Option<Vec<String>>,
    /// Whether it only reads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// What takes away is said, or is not there: `null` would be neither, and give everything.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A moment, or none.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let number = Option::<Number>::deserialize(deserializer)?;
    number.as_ref().map(whole).transpose()
}

/// A moment that has to be there.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    whole(&Number::deserialize(deserializer)?)
}

/// A NumericDate (RFC 7519, 2): some issuers write fractions, which are cut off.
fn whole<E: serde::de::Error>(number: &Number) -> Result<u64, E> {
    let whole = number.as_u64().or_else(|| {
        let seconds = number.as_f64()?;
        (0.0..1e15).contains(&seconds).then_some(seconds as u64)
    });
    whole.ok_or_else(|| E::custom("a date is a number of seconds since 1970"))
}
