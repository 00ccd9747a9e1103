//! The OpenAPI document: made from the handlers, so that it can't say anything else.

use std::sync::Arc;

use api_types::limits::JSON_BODY_MAX;
use axum::{Json, Router, http::Method, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, OpenApi as Document, Ref, ResponseBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    AppState,
    api::{self, limits},
    middleware::session::COOKIE,
    router::PREFIX,
    scopes::{self, Reach},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "HealthSecure",
        description = "Share health reports that the server can't read. Everything sealed or signed travels as \
            base64url and is made and opened by clients alone; docs/protocol.md says how. A program can do all \
            that the page can. Errors are application/problem+json (RFC 9457) with a stable `code`.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later"),
    ),
    components(schemas(api_types::Problem, api_types::ErrorCode, api_types::live::LiveEvent)),
    modifiers(&Security),
)]
struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("For programs: the token that sign-up, sign-in or recovery answered with."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("hst_…").description(Some(
            "For programs that run on their own: a personal API token (`POST /account/tokens`), which reaches the operations \
             that name one of its scopes. Never together with the cookie.",
        ));
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
        let cookie = ApiKeyValue::with_description(
            COOKIE,
            "For the page: HttpOnly, Secure, SameSite=Strict. Changes must carry the server's own Origin.",
        );
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The API's routes under their prefix, with their document.
pub fn router() -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::with_openapi(Base::openapi()).nest(PREFIX, api::routes());
    // What `router` layers over every route.
    limits::say(router.get_openapi_mut(), JSON_BODY_MAX as u64);
    add_problems(router.get_openapi_mut());
    add_scopes(router.get_openapi_mut());
    router
}

/// The document alone.
pub fn document() -> Document {
    router().into_openapi()
}

/// Every operation can answer with a problem; said once here instead of at each handler.
fn add_problems(document: &mut Document) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new()
        .description("A problem (RFC 9457); its `code` says which")
        .content("application/problem+json", content)
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), problem.clone().into());
        }
    }
}

/// Names the scope of each operation that API tokens reach, from the table that is asked when one comes.
fn add_scopes(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            (Method::GET, &mut item.get),
            (Method::PUT, &mut item.put),
            (Method::POST, &mut item.post),
            (Method::DELETE, &mut item.delete),
        ];
        for (method, operation) in operations {
            let (Some(operation), Reach::With(scope)) = (operation, scopes::reach(&method, path)) else { continue };
            let needs = SecurityRequirement::new("token", [scope.name()]);
            operation.security.get_or_insert_default().push(needs);
        }
    }
}

/// `GET /api/v1/openapi.json`.
pub fn routes(document: Document) -> Router<AppState> {
    let document = Arc::new(document);
    let handler = move || {
        let document = Arc::clone(&document);
        async move { Json(Document::clone(&document)) }
    };
    Router::new().route("/api/v1/openapi.json", get(handler))
}
