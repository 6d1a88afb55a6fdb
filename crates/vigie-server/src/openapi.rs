//! The description of every route, and a page to browse it that needs nothing from elsewhere.
//!
//! In: what each router says of its routes. Out: one document, `/openapi.json`, and `/docs`.

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::LOCATION;
use axum::response::Response;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_swagger_ui::{Config, SwaggerUi};

use std::collections::HashSet;

/// Where the page is.
const PAGE: &str = "/docs";

/// The page with its slash, as seen from where it has none.
const PAGE_FROM_BESIDE: &str = "docs/";

/// What the document says besides the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Vigie",
        description = "Who is here, since when, and who may know.\n\nFailures of credentials have the bodies of the compatible surface, other errors are problem documents (RFC 9457), those of maintenance routes `{success:false,error,code}`.\nSocket.IO is at `/socket.io/`.",
        license(name = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "presence", description = "Reading presence, which is not an activity, and choosing one's own."),
        (name = "following", description = "Changes as they happen, and what was missed; not an activity."),
        (name = "activity", description = "What people did, as other services saw it."),
        (name = "visibility", description = "What people let others see, and whom they block; not an activity."),
        (name = "directory", description = "Who exists and who shares what."),
        (name = "webhooks", description = "Addresses that are told what changes; by API key."),
        (name = "compatible", description = "What clients of the old system call."),
        (name = "maintenance", description = "The same five routes under each of five mounts."),
        (name = "operations", description = "For whoever runs the server."),
    ),
)]
struct Frame;

/// One document of the parts' routes.
pub(crate) fn document(
    parts: impl IntoIterator<Item = utoipa::openapi::OpenApi>,
) -> utoipa::openapi::OpenApi {
    let mut document = Frame::openapi();
    for mut part in parts {
        part.tags = None;
        document.merge(part);
    }
    let key = |header: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT");
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("jwt", SecurityScheme::Http(bearer.build()));
    components.add_security_scheme("guest", key("X-Session-Token"));
    components.add_security_scheme("api_key", key("X-API-Key"));
    name_operations_once(&mut document);
    document
}

/// A route with several mounts keeps its name at the first: names are unique in a document.
fn name_operations_once(document: &mut utoipa::openapi::OpenApi) {
    let mut named = HashSet::new();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let id = operation.operation_id.take();
        operation.operation_id = id.filter(|id| named.insert(id.clone()));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.head,
        &mut item.options,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// `/openapi.json` and `/docs`.
pub(crate) fn routes() -> Router {
    let page: Router = SwaggerUi::new(PAGE)
        .url("/openapi.json", crate::rest::document())
        // Relative to the page, so that it also works where a host application nests the routes.
        .config(Config::from("../openapi.json"))
        .into();
    page.layer(axum::middleware::map_response(redirect_relatively))
}

/// The page sends whoever forgot its slash to the path at the root; relative, the way also leads there where the routes are nested.
async fn redirect_relatively(mut response: Response) -> Response {
    if let Some(location) = response.headers_mut().get_mut(LOCATION) {
        *location = HeaderValue::from_static(PAGE_FROM_BESIDE);
    }
    response
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::Value;

    const ENVOY: &str = "/v1/auth/forward/{original}";

    /// Each route of the contract that exists today.
    const ROUTES: &[(&str, &str)] = &[
        ("get", "/health"),
        ("get", "/livez"),
        ("get", "/readyz"),
        ("get", "/metrics"),
        ("get", "/api/conversations"),
        ("get", "/users/presence"),
        ("get", "/api/v1/users/presence"),
        ("get", "/v1/presence"),
        ("get", "/v1/presence/{id}"),
        ("get", "/v1/presence/me"),
        ("put", "/v1/presence/me"),
        ("get", "/v1/events"),
        ("get", "/v1/ws"),
        ("get", "/v1/changes"),
        ("post", "/v1/tickets"),
        ("post", "/v1/activity"),
        ("get", "/v1/auth/forward"),
        ("get", ENVOY),
        ("head", ENVOY),
        ("options", ENVOY),
        ("put", ENVOY),
        ("post", ENVOY),
        ("patch", ENVOY),
        ("delete", ENVOY),
        ("put", "/v1/users/{id}"),
        ("get", "/v1/users/{id}"),
        ("delete", "/v1/users/{id}"),
        ("delete", "/v1/users/{id}/sessions"),
        ("get", "/v1/privacy/{who}"),
        ("put", "/v1/privacy/{who}"),
        ("get", "/v1/blocks/{who}"),
        ("put", "/v1/blocks/{who}/{principal}"),
        ("delete", "/v1/blocks/{who}/{principal}"),
        ("post", "/v1/guests"),
        ("delete", "/v1/guests/{id}"),
        ("put", "/v1/conversations/{id}"),
        ("delete", "/v1/conversations/{id}"),
        ("put", "/v1/conversations/{id}/members"),
        ("put", "/v1/conversations/{id}/members/{principal}"),
        ("delete", "/v1/conversations/{id}/members/{principal}"),
        ("post", "/v1/webhooks"),
        ("get", "/v1/webhooks"),
        ("get", "/v1/webhooks/{id}"),
        ("put", "/v1/webhooks/{id}"),
        ("delete", "/v1/webhooks/{id}"),
        ("post", "/v1/webhooks/{id}/resume"),
        ("get", "/v1/conversations/presence"),
        ("get", "/v1/conversations/{id}/presence"),
        ("post", "/v1/guests/{id}/merge"),
    ];

    const MAINTENANCE: &[(&str, &str)] = &[
        ("get", "stats"),
        ("get", "status-metrics"),
        ("post", "status-metrics/reset"),
        ("post", "user-status"),
        ("post", "cleanup"),
    ];

    #[test]
    fn the_document_names_every_route_and_no_other() {
        let document = serde_json::to_value(crate::rest::document()).unwrap();
        let mut expected: Vec<(String, String)> = Vec::new();
        for (method, path) in ROUTES {
            expected.push(((*method).to_owned(), (*path).to_owned()));
        }
        for mount in [
            "/maintenance",
            "/api",
            "/api/maintenance",
            "/api/v1",
            "/api/v1/maintenance",
        ] {
            for (method, route) in MAINTENANCE {
                expected.push(((*method).to_owned(), format!("{mount}/{route}")));
            }
        }
        let mut found: Vec<(String, String)> = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                found.push((method.clone(), path.clone()));
            }
        }
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_reference_leads_somewhere_and_names_are_unique() {
        let document = serde_json::to_value(crate::rest::document()).unwrap();
        let mut ids = Vec::new();
        let mut to_visit = vec![&document];
        while let Some(value) = to_visit.pop() {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(target)) = fields.get("$ref") {
                        let pointer = target.trim_start_matches('#');
                        assert!(
                            document.pointer(pointer).is_some(),
                            "{target} leads nowhere"
                        );
                    }
                    if let Some(Value::String(id)) = fields.get("operationId") {
                        ids.push(id.clone());
                    }
                    to_visit.extend(fields.values());
                }
                Value::Array(items) => to_visit.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let many = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), many);
        assert!(many >= 26, "{many} operations have a name");
    }
}
