//! The handlers, a file per resource. They parse, call a service, and answer; no rules live here.

use utoipa_axum::router::OpenApiRouter;

use crate::AppState;

pub mod extract;

pub mod health;
pub mod instance;
pub mod session;

/// Every resource, without the prefix.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().merge(instance::routes()).merge(session::routes())
}
