//! `/accounts`: other people.

use api_types::{
    AccountId, ErrorCode,
    accounts::{AccountList, PublicAccount},
};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Json, Path, Query};
use crate::{
    AppState, ServiceError, ServiceResult,
    policy::Actor,
    services::accounts::{self, Search},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(find_accounts)).routes(routes!(get_account_by_id))
}

/// Exactly one of the three.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FindParams {
    /// Approved doctors one of whose names begins so; at least 2 characters.
    name: Option<String>,
    /// The account with exactly this e-mail.
    email: Option<String>,
    /// The account with this id whose newest key record has this hash, as its QR code says:
    /// `<account id>.<SHA-256 of the record>`, both 64 lower-case hex characters.
    key: Option<String>,
}

/// Look people up: approved doctors by name, anyone by exact e-mail or by the QR code of their key. Counted and audited.
#[utoipa::path(get, path = "/accounts", tag = "accounts", params(FindParams),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = AccountList)))]
async fn find_accounts(
    State(state): State<AppState>,
    actor: Actor,
    Query(params): Query<FindParams>,
) -> ServiceResult<Json<AccountList>> {
    let search = match (params.name, params.email, params.key) {
        (Some(name), None, None) => Search::Name(name),
        (None, Some(email), None) => Search::Email(email),
        (None, None, Some(key)) => Search::Key(key),
        _ => return Err(ServiceError::because(ErrorCode::Malformed, "give one of name, email and key")),
    };
    accounts::find(&state, &actor, search).await.map(Json)
}

/// A person on a report that one shares, or an approved doctor; administrators see everyone.
#[utoipa::path(get, path = "/accounts/{account_id}", tag = "accounts", params(("account_id" = AccountId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = PublicAccount)))]
async fn get_account_by_id(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<AccountId>,
) -> ServiceResult<Json<PublicAccount>> {
    accounts::get(&state, &actor, id).await.map(Json)
}
