//! `/identity-providers`, `/sign-in/identity`, `/account/identities`, and where providers send browsers back to.

use api_types::{
    IdentityId,
    identities::{IdentityList, IdentitySignIn, IdentityStarted, IdentityToLink, StartIdentity, WaitingIdentity},
    sign_in::SignedIn,
};
use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
    routing::get,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path},
    sign_in::answer,
};
use crate::{
    AppState, ServiceResult,
    error::Refusal,
    middleware::{
        Address, Caller, Holder, Visitor,
        identity_cookie::{self, IdentityBrowser},
    },
    oidc,
    services::{
        identities,
        identity_flow::{self, Cookie, FLOW, Returned, TICKET},
        identity_sign_in,
    },
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(start_identity))
        .routes(routes!(get_waiting_identity, sign_in_with_identity))
        .routes(routes!(list_identities, link_identity))
        .routes(routes!(get_identity_to_link))
        .routes(routes!(remove_identity))
}

/// What no client calls: browsers are sent there.
pub fn callback_route() -> Router<AppState> {
    Router::new().route(&oidc::callback("{provider_id}"), get(callback))
}

/// Send this browser to an identity provider (OpenID Connect, code flow with PKCE). To link, the session must be confirmed.
#[utoipa::path(post, path = "/identity-providers/{provider_id}/start", tag = "sign-in",
    params(("provider_id" = String, Path)), request_body = StartIdentity,
    responses((status = 200, body = IdentityStarted)))]
async fn start_identity(
    State(state): State<AppState>,
    from: Address,
    Visitor(actor): Visitor,
    Path(provider): Path<String>,
    Json(body): Json<StartIdentity>,
) -> ServiceResult<Response> {
    let sent = identity_flow::start(&state, actor, from, (&provider, body.purpose)).await?;
    let cookie = identity_cookie::set(&sent.browser, FLOW)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(sent.body)).into_response())
}

/// Whom the identity provider verified in this browser; to prefill an account that is made of it.
#[utoipa::path(get, path = "/sign-in/identity", tag = "sign-in", responses((status = 200, body = WaitingIdentity)))]
async fn get_waiting_identity(
    State(state): State<AppState>,
    IdentityBrowser(browser): IdentityBrowser,
) -> ServiceResult<Json<WaitingIdentity>> {
    identity_sign_in::describe(&state, browser).await.map(Json)
}

/// Sign in as whom the identity provider verified in this browser; a session begins, and serves once.
#[utoipa::path(post, path = "/sign-in/identity", tag = "sign-in", request_body = IdentitySignIn,
    responses((status = 200, body = SignedIn)))]
async fn sign_in_with_identity(
    State(state): State<AppState>,
    Visitor(carried): Visitor,
    caller: Caller,
    IdentityBrowser(browser): IdentityBrowser,
    Json(body): Json<IdentitySignIn>,
) -> ServiceResult<Response> {
    let new = identity_sign_in::sign_in(&state, carried, (caller, browser), body).await?;
    done_with(answer(&state, StatusCode::OK, new)?)
}

/// The identities that sign in to one's own account, oldest first.
#[utoipa::path(get, path = "/account/identities", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = IdentityList)))]
async fn list_identities(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<IdentityList>> {
    identities::list(&state, &actor).await.map(Json)
}

/// Whom the identity provider verified in this browser, to be linked to the account that asked for it.
#[utoipa::path(get, path = "/account/identities/waiting", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = IdentityToLink)))]
async fn get_identity_to_link(
    State(state): State<AppState>,
    Holder(actor): Holder,
    IdentityBrowser(browser): IdentityBrowser,
) -> ServiceResult<Json<IdentityToLink>> {
    identities::describe_to_link(&state, &actor, browser).await.map(Json)
}

/// Link it: it signs in from then on. The session must be confirmed.
#[utoipa::path(post, path = "/account/identities", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Linked")))]
async fn link_identity(
    State(state): State<AppState>,
    Holder(actor): Holder,
    IdentityBrowser(browser): IdentityBrowser,
) -> ServiceResult<Response> {
    identities::link(&state, &actor, browser).await?;
    done_with(StatusCode::NO_CONTENT.into_response())
}

/// Remove an identity: it signs in no more. The session must be confirmed.
#[utoipa::path(delete, path = "/account/identities/{identity_id}", tag = "account",
    params(("identity_id" = IdentityId, Path)), security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Removed")))]
async fn remove_identity(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Path(id): Path<IdentityId>,
) -> ServiceResult<StatusCode> {
    identities::remove(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the cookie: what waited for this browser has served.
pub fn done_with(mut response: Response) -> ServiceResult<Response> {
    let (name, value) = identity_cookie::clear()?;
    response.headers_mut().append(name, value);
    Ok(response)
}

/// Where a provider sends a browser back to. It goes on to a page of ours, which one by nothing that came.
async fn callback(
    State(state): State<AppState>,
    from: Address,
    IdentityBrowser(browser): IdentityBrowser,
    Path(provider): Path<String>,
    returned: Result<Query<Returned>, QueryRejection>,
) -> ServiceResult<Response> {
    let onward =
        identity_flow::callback(&state, from, (&provider, browser), returned.ok().map(|Query(returned)| returned))
            .await;
    let to = format!("{}#identity={}", onward.to, onward.says);
    let cookie = match &onward.cookie {
        Cookie::Stays => None,
        Cookie::Ends => Some(identity_cookie::clear()?),
        Cookie::Becomes(browser) => Some((header::SET_COOKIE, identity_cookie::set(browser, TICKET)?)),
    };
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)], AppendHeaders(cookie)).into_response();
    if let Some(code) = onward.refused {
        response.extensions_mut().insert(Refusal(code));
    }
    Ok(response)
}
