//! `/account/phone` and `/sign-in/phone`.

use api_types::{
    phones::{
        AddPhone, OwnPhone, PhoneCodeSent, PhoneSignIn, PhoneSignInStarted, StartPhoneSignIn, UsePhone, VerifyPhone,
    },
    second_factors::RecoveryCodes,
    sign_in::SignedIn,
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{extract::Json, sign_in::answer};
use crate::{
    AppState, ServiceResult,
    middleware::{
        Address, Caller, Holder, Visitor,
        phone_cookie::{self, PhoneBrowser},
    },
    services::{phone_codes::LIFE, phone_sign_in, phones},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_phone, add_phone, use_phone, remove_phone))
        .routes(routes!(verify_phone))
        .routes(routes!(start_phone_sign_in))
        .routes(routes!(sign_in_with_phone))
}

/// One's own phone number, and what it is used for.
#[utoipa::path(get, path = "/account/phone", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 200, body = OwnPhone)))]
async fn get_phone(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<Json<OwnPhone>> {
    phones::get(&state, &actor).await.map(Json)
}

/// Send a code to a number that is to become one's own; the session must be confirmed.
#[utoipa::path(post, path = "/account/phone", tag = "account", request_body = AddPhone,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = PhoneCodeSent)))]
async fn add_phone(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<AddPhone>,
) -> ServiceResult<Json<PhoneCodeSent>> {
    phones::add(&state, &actor, body).await.map(Json)
}

/// The code that was sent: the number is one's own from now on, in the place of another. The session must be confirmed.
#[utoipa::path(post, path = "/account/phone/verify", tag = "account", request_body = VerifyPhone,
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Verified")))]
async fn verify_phone(
    State(state): State<AppState>,
    Holder(actor): Holder,
    from: Address,
    Json(body): Json<VerifyPhone>,
) -> ServiceResult<StatusCode> {
    phones::verify(&state, &actor, from, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what one's number is used for; the session must be confirmed. Recovery codes come with the first second factor.
#[utoipa::path(put, path = "/account/phone", tag = "account", request_body = UsePhone,
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = RecoveryCodes)))]
async fn use_phone(
    State(state): State<AppState>,
    Holder(actor): Holder,
    Json(body): Json<UsePhone>,
) -> ServiceResult<Json<RecoveryCodes>> {
    phones::use_for(&state, &actor, body).await.map(Json)
}

/// Remove one's number; the session must be confirmed.
#[utoipa::path(delete, path = "/account/phone", tag = "account", security(("bearer" = []), ("cookie" = [])),
    responses((status = 204, description = "Removed")))]
async fn remove_phone(State(state): State<AppState>, Holder(actor): Holder) -> ServiceResult<StatusCode> {
    phones::remove(&state, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin signing in with a phone. The answer is the same whether or not the number signs in to an account.
#[utoipa::path(post, path = "/sign-in/phone/start", tag = "sign-in", request_body = StartPhoneSignIn,
    responses((status = 200, body = PhoneSignInStarted)))]
async fn start_phone_sign_in(
    State(state): State<AppState>,
    caller: Caller,
    PhoneBrowser(before): PhoneBrowser,
    Json(body): Json<StartPhoneSignIn>,
) -> ServiceResult<Response> {
    let started = phone_sign_in::start(&state, caller, before, body).await?;
    let cookie = phone_cookie::set(&started.browser, LIFE)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(started.body)).into_response())
}

/// Sign in by the code that this browser asked for; a session begins that is locked.
#[utoipa::path(post, path = "/sign-in/phone", tag = "sign-in", request_body = PhoneSignIn,
    responses((status = 200, body = SignedIn)))]
async fn sign_in_with_phone(
    State(state): State<AppState>,
    Visitor(carried): Visitor,
    caller: Caller,
    PhoneBrowser(browser): PhoneBrowser,
    Json(body): Json<PhoneSignIn>,
) -> ServiceResult<Response> {
    let new = phone_sign_in::sign_in(&state, carried, (caller, browser), body).await?;
    let mut response = answer(&state, StatusCode::OK, new)?;
    response.headers_mut().append(header::SET_COOKIE, phone_cookie::set("", 0)?);
    Ok(response)
}
