//! The routes, in one table: the dispatcher walks it, the metrics name their series by it, and a test
//! holds the OpenAPI description against it.

use hyper::Method;

use super::error::HttpError;
use crate::catalog::role::Area;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Operation {
    /// Enter a document, with its first step or without.
    Create,
    /// Take a step with a document.
    Act,
    /// Many commands in one request.
    Batch,
    /// One document.
    Document,
    /// What is signed for a step of a document.
    Signing,
    /// Where a document's money came from and went.
    Trace,
    /// One row.
    Quota,
    /// A list of rows.
    Quotas,
    /// What waits for somebody.
    Work,
    /// The sums of a division and all below it.
    Summary,
    /// The journal as a feed.
    Events,
    /// The description of this interface.
    OpenApi,
    /// Whether the process lives.
    Health,
    /// Whether it serves, and if not, why.
    Ready,
}

/// What a route wants of whoever asks, before anything of theirs is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it tells nothing of the budget.
    Nothing,
    /// Somebody with a role that reads this sort of thing. What of it they may read is judged thing by thing.
    Reader(Area),
    /// Somebody; the document type says who, command by command.
    Anybody,
}

impl Operation {
    /// Its name, as OpenAPI and a narrowed token have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "createDocument",
            Self::Act => "act",
            Self::Batch => "batch",
            Self::Document => "document",
            Self::Signing => "signing",
            Self::Trace => "trace",
            Self::Quota => "quota",
            Self::Quotas => "quotas",
            Self::Work => "work",
            Self::Summary => "summary",
            Self::Events => "events",
            Self::OpenApi => "openapi",
            Self::Health => "health",
            Self::Ready => "ready",
        }
    }

    /// Whether it asks for a decision.
    pub fn is_command(self) -> bool {
        self.needs() == Needs::Anybody
    }

    /// What it wants of whoever asks. No route is without an answer here.
    pub fn needs(self) -> Needs {
        match self {
            Self::Create | Self::Act | Self::Batch => Needs::Anybody,
            Self::Document | Self::Signing | Self::Trace => Needs::Reader(Area::Documents),
            Self::Quota | Self::Quotas => Needs::Reader(Area::Quotas),
            Self::Work => Needs::Reader(Area::Work),
            Self::Summary => Needs::Reader(Area::Summary),
            Self::Events => Needs::Reader(Area::Events),
            Self::OpenApi | Self::Health | Self::Ready => Needs::Nothing,
        }
    }
}

/// One route. In a template, `{}` stands for one segment of the path.
#[derive(Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, as OpenAPI writes it.
    pub template: &'static str,
    /// What it asks for.
    pub operation: Operation,
}

const fn route(method: Method, template: &'static str, operation: Operation) -> Route {
    Route {
        method,
        template,
        operation,
    }
}

/// All routes, the busiest first. An operation's number is its place here.
pub static ROUTES: [Route; 14] = [
    route(Method::POST, "/v1/documents", Operation::Create),
    route(
        Method::POST,
        "/v1/documents/{id}/actions/{transition}",
        Operation::Act,
    ),
    route(Method::POST, "/v1/batches", Operation::Batch),
    route(Method::GET, "/v1/documents/{id}", Operation::Document),
    route(
        Method::POST,
        "/v1/documents/{id}/signing/{transition}",
        Operation::Signing,
    ),
    route(Method::GET, "/v1/documents/{id}/trace", Operation::Trace),
    route(Method::GET, "/v1/quotas/{row}", Operation::Quota),
    route(Method::GET, "/v1/quotas", Operation::Quotas),
    route(Method::GET, "/v1/work", Operation::Work),
    route(
        Method::GET,
        "/v1/divisions/{code}/summary",
        Operation::Summary,
    ),
    route(Method::GET, "/v1/events", Operation::Events),
    route(Method::GET, "/openapi.json", Operation::OpenApi),
    route(Method::GET, "/healthz", Operation::Health),
    route(Method::GET, "/readyz", Operation::Ready),
];

/// A request's operation, and the segments that its path fills in: up to two, empty where not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// What is asked for.
    pub operation: Operation,
    /// The values of the template's parameters, in order.
    pub parameters: [&'a str; 2],
}

/// Finds the route of a request.
///
/// # Errors
/// No such path, or none with this method.
pub fn find<'a>(method: &Method, path: &'a str) -> Result<Found<'a>, HttpError> {
    let mut other = None;
    for route in &ROUTES {
        if let Some(parameters) = fits(route.template, path) {
            if route.method == *method {
                return Ok(Found {
                    operation: route.operation,
                    parameters,
                });
            }
            other = Some(if route.method == Method::GET {
                "GET"
            } else {
                "POST"
            });
        }
    }
    Err(other.map_or(HttpError::NoRoute, HttpError::Method))
}

fn fits<'a>(template: &str, path: &'a str) -> Option<[&'a str; 2]> {
    if !template.contains('{') {
        return (template == path).then_some([""; 2]);
    }
    let mut parameters = [""; 2];
    let mut count = 0;
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parameters),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {
                *parameters.get_mut(count)? = value;
                count += 1;
            }
            (Some(name), Some(value)) if name == value => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_its_place_in_the_table() {
        for (place, route) in ROUTES.iter().enumerate() {
            assert_eq!(route.operation as usize, place, "{route:?}");
        }
    }

    #[test]
    fn paths_find_their_routes() {
        let found = find(&Method::POST, "/v1/documents/12/actions/review").unwrap();
        assert_eq!(
            found,
            Found {
                operation: Operation::Act,
                parameters: ["12", "review"]
            }
        );
        assert_eq!(
            find(&Method::GET, "/v1/quotas").unwrap().operation,
            Operation::Quotas
        );
        assert_eq!(
            find(&Method::GET, "/v1/quotas/7").unwrap().parameters,
            ["7", ""]
        );
    }

    #[test]
    fn other_paths_and_methods_are_told_apart() {
        for path in [
            "/",
            "/v1/documents/",
            "/v1/documents/1/actions",
            "/v1/documents/1/actions/a/b",
        ] {
            assert!(
                matches!(find(&Method::GET, path), Err(HttpError::NoRoute)),
                "{path}"
            );
        }
        assert!(matches!(
            find(&Method::GET, "/v1/documents"),
            Err(HttpError::Method("POST"))
        ));
        assert!(matches!(
            find(&Method::DELETE, "/v1/documents/1"),
            Err(HttpError::Method("GET"))
        ));
    }
}
