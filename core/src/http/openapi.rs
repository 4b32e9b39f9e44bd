//! The description of the interface, derived from the handlers and the types on the wire.

use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::wire::command::{ActBody, BatchBody, CreateBody};
use super::{batch, document, event, health, quota, signing, submit, work};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hubu",
        description = "The execution core of a public budget (预算执行核心). Amounts are decimal strings exact to 0.01; ids are decimal strings. Every answer names its request in X-Request-Id. Any request may be answered 429 with Retry-After where the server limits clients, people or routes, and 400 (header_repeated, host) where its head could be read in two ways. A server that another one may have overtaken (a standby) says so on every answer, in the header Hubu-Stale: age_ms=40, seq=812 - the answer shows all that was answered 40 ms before the request, and every record up to 812.",
    ),
    paths(
        submit::create,
        submit::act,
        batch::batch,
        document::document,
        signing::signing,
        quota::quota,
        quota::quotas,
        event::trace,
        event::events,
        work::work,
        work::summary,
        description,
        health::health,
        health::ready,
    ),
    components(schemas(CreateBody, ActBody, BatchBody)),
    modifiers(&Bearer),
)]
struct Description;

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// This description.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"))
)]
#[allow(dead_code)] // It stands for the route; the worker answers it from bytes.
fn description() {}

/// The description as JSON.
pub(super) fn document() -> Bytes {
    // The description is texts and lists: it always has a form in JSON.
    Bytes::from(Description::openapi().to_json().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::route::ROUTES;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn routes_and_description_are_one() {
        let described: serde_json::Value = serde_json::from_slice(&document()).unwrap();
        let described: BTreeSet<String> = described["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(move |(method, of)| {
                        let name = of["operationId"].as_str().unwrap();
                        format!("{} {path} {name}", method.to_uppercase())
                    })
            })
            .collect();
        let routed: BTreeSet<String> = ROUTES
            .iter()
            .map(|route| {
                let name = route.operation.name();
                format!("{} {} {name}", route.method, route.template)
            })
            .collect();
        assert_eq!(described, routed);
    }
}
