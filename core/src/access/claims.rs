//! What a token says about who holds it.

use serde::{Deserialize, Serialize};

/// The claims that we read. Others, such as `iat` or `iss`, are let by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it is: the actor's name in every record, at most 128 bytes.
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
    pub exp: u64,
}
