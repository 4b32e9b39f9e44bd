//! Parameters of a query: each known, at most once, plain ASCII.

use super::error::{HttpError, Reason};
use super::resolve::number;

/// How many items a part of a list has when nobody says.
const LIMIT_USUAL: usize = 100;

/// The values of a query's parameters, in the order of the names that were asked for.
#[derive(Debug)]
pub(super) struct Params<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<&'a str>; N],
}

impl<'a, const N: usize> Params<'a, N> {
    /// Reads a query that may have these parameters.
    ///
    /// # Errors
    /// Another parameter, one that stands twice, or a value that is percent-encoded: no value of ours
    /// needs to be.
    pub(super) fn new(query: Option<&'a str>, names: [&'static str; N]) -> Result<Self, HttpError> {
        let mut values = [None; N];
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let at = names.iter().position(|known| *known == name);
            let Some(at) = at else {
                let known = names.join(", ");
                return Err(HttpError::value("query", Reason::Parameter(known)));
            };
            let is_plain = value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'%');
            if !is_plain || values[at].is_some() {
                return Err(HttpError::value(
                    format!("?{}", names[at]),
                    "once, in plain characters",
                ));
            }
            values[at] = Some(value);
        }
        Ok(Self { names, values })
    }

    /// The value of the parameter at this place; an empty one counts as left out.
    pub(super) fn text(&self, at: usize) -> Option<&'a str> {
        self.values[at].filter(|value| !value.is_empty())
    }

    /// The number at this place.
    ///
    /// # Errors
    /// It is none, or empty.
    pub(super) fn number(&self, at: usize) -> Result<Option<u64>, HttpError> {
        let Some(text) = self.values[at] else {
            return Ok(None);
        };
        let wrong = || HttpError::value(format!("?{}", self.names[at]), "a whole number is wanted");
        number(text).map(Some).ok_or_else(wrong)
    }

    /// The limit at this place: 1 to `max`.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn limit(&self, at: usize, max: usize) -> Result<usize, HttpError> {
        let limit = self
            .number(at)?
            .map_or(LIMIT_USUAL.min(max) as u64, |limit| limit);
        usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=max).contains(limit))
            .ok_or_else(|| HttpError::value(format!("?{}", self.names[at]), Reason::Limit(max)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_what_was_asked_for_and_no_more() {
        let params = Params::new(Some("a=1&limit=5"), ["a", "b", "limit"]).unwrap();
        assert_eq!((params.text(0), params.text(1)), (Some("1"), None));
        assert_eq!(params.limit(2, 10).unwrap(), 5);
        assert!(params.limit(2, 4).is_err());
        for wrong in ["c=1", "a=1&a=2", "a=&a=", "a=%31"] {
            assert!(
                Params::new(Some(wrong), ["a", "b", "limit"]).is_err(),
                "{wrong}"
            );
        }
        for wrong in ["a=x", "a=", "a"] {
            assert!(Params::new(Some(wrong), ["a"]).unwrap().number(0).is_err());
        }
        let empty = Params::new(Some("a="), ["a"]).unwrap();
        assert_eq!(empty.text(0), None);
    }
}
