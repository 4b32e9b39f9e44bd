//! Requests made ready before the run: what is the same each time is parsed once.

use std::borrow::Cow;
use std::collections::HashMap;

use bytes::Bytes;
use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::plan::{OwnPlan, Step};
use super::text::Template;
use crate::error::{LoadError, WireError};

/// A request of a plan, ready to be filled and sent.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) method: Method,
    pub(super) path: Template,
    headers: Headers,
    body: Body,
}

#[derive(Debug)]
enum Headers {
    Same(Vec<(HeaderName, HeaderValue)>),
    Filled(Vec<(HeaderName, Template)>),
}

#[derive(Debug)]
enum Body {
    Same(Bytes),
    Filled(Template),
}

impl Ready {
    /// All requests of a plan, in the order of its names.
    ///
    /// # Errors
    /// A method or a header that HTTP does not know.
    pub(super) fn of(plan: &OwnPlan) -> Result<Vec<Self>, LoadError> {
        let steps = plan.journeys.iter().flat_map(|j| &j.requests);
        steps.map(|step| Self::new(plan, step)).collect()
    }

    fn new(plan: &OwnPlan, step: &Step) -> Result<Self, LoadError> {
        let bad = |what: &str| LoadError::format("plan", format!("{}: {what}", step.name));
        let mut headers: Vec<(HeaderName, Template)> = Vec::new();
        for (name, value) in plan.headers.iter().chain(&step.headers) {
            let known = HeaderName::from_bytes(name.as_bytes());
            let name = known.map_err(|_| bad(&format!("{name:?} is no header name")))?;
            // A request's own header stands for the plan's.
            headers.retain(|(known, _)| *known != name);
            headers.push((name, Template::new(value)));
        }
        let is_same = headers.iter().all(|(_, value)| value.plain().is_some());
        let headers = if is_same {
            let values = value_of(&headers, &HashMap::new());
            Headers::Same(values.map_err(|_| bad("a header's value has what no header may have"))?)
        } else {
            Headers::Filled(headers)
        };
        let body = Template::new(&step.body);
        Ok(Self {
            method: Method::from_bytes(step.method.as_bytes())
                .map_err(|_| bad("its method is none of HTTP"))?,
            path: Template::new(&step.path),
            headers,
            body: match body.plain() {
                Some(text) => Body::Same(Bytes::copy_from_slice(text.as_bytes())),
                None => Body::Filled(body),
            },
        })
    }

    /// The headers with these values.
    ///
    /// # Errors
    /// A value that no header may have.
    pub(super) fn headers(
        &self,
        values: &HashMap<String, String>,
    ) -> Result<Cow<'_, [(HeaderName, HeaderValue)]>, WireError> {
        match &self.headers {
            Headers::Same(headers) => Ok(Cow::Borrowed(headers)),
            Headers::Filled(headers) => Ok(Cow::Owned(value_of(headers, values)?)),
        }
    }

    /// The body with these values.
    pub(super) fn body(&self, values: &HashMap<String, String>) -> Bytes {
        match &self.body {
            Body::Same(bytes) => bytes.clone(),
            Body::Filled(text) => Bytes::from(text.fill(values).into_owned()),
        }
    }
}

fn value_of(
    headers: &[(HeaderName, Template)],
    values: &HashMap<String, String>,
) -> Result<Vec<(HeaderName, HeaderValue)>, WireError> {
    let filled = |(name, value): &(HeaderName, Template)| {
        let mut value =
            HeaderValue::from_str(&value.fill(values)).map_err(|_| WireError::Garbled)?;
        value.set_sensitive(*name == AUTHORIZATION);
        Ok((name.clone(), value))
    };
    headers.iter().map(filled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(headers: &str) -> OwnPlan {
        let text = format!(
            "name = \"p\"\nusers = 1\nramp_seconds = 0\nduration_seconds = 1\ntimeout_seconds = 1\n\
             [headers]\nx-who = \"all\"\naccept = \"a/b\"\n\
             [[journeys]]\nname = \"j\"\nweight = 1\n[[journeys.requests]]\nname = \"r\"\npath = \"/{{user}}\"\n\
             method = \"POST\"\nbody = '{{\"n\":{{user}}}}'\n[journeys.requests.headers]\n{headers}\n"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn a_requests_own_header_stands_for_the_plans() {
        let values = HashMap::from([("user".into(), "7".into())]);
        for (own, is_same, who) in [
            ("x-who = \"me\"", true, "me"),
            ("x-who = \"{user}\"", false, "7"),
        ] {
            let ready = Ready::of(&plan(own)).unwrap().remove(0);
            let headers = ready.headers(&values).unwrap();
            assert_eq!(matches!(headers, Cow::Borrowed(_)), is_same);
            let found: Vec<_> = headers.iter().filter(|(n, _)| n == "x-who").collect();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].1, who);
            assert_eq!(headers.len(), 2);
            assert_eq!(ready.path.fill(&values), "/7");
            assert_eq!(ready.body(&values), r#"{"n":7}"#);
        }
        assert!(Ready::of(&plan("\"x who\" = \"\"")).is_err());
        assert!(Ready::of(&plan("x-who = \"a\\nb\"")).is_err());
    }
}
