//! `/sign-in`: OPAQUE login, and the answer that begins a session.

use api_types::{
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::Json;
use crate::{
    AppState, ServiceResult,
    middleware::{Caller, Visitor, session::set_cookie},
    services::sign_in::{self, NewSession},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(start_sign_in)).routes(routes!(finish_sign_in))
}

/// Begin signing in. The answer looks the same whether the account exists or not.
#[utoipa::path(post, path = "/sign-in/start", tag = "sign-in", request_body = StartSignIn,
    responses((status = 200, body = SignInStarted)))]
async fn start_sign_in(
    State(state): State<AppState>,
    caller: Caller,
    Json(body): Json<StartSignIn>,
) -> ServiceResult<Json<SignInStarted>> {
    sign_in::start(&state, caller, body).await.map(Json)
}

/// Finish signing in; a session begins. A program that shows a token of its own, 32 random bytes in base64url, in the header
/// `healthsecure-device` is known again on its next sign-in; a browser gets a cookie for that.
#[utoipa::path(post, path = "/sign-in/finish", tag = "sign-in", request_body = FinishSignIn,
    responses((status = 200, body = SignedIn)))]
async fn finish_sign_in(
    State(state): State<AppState>,
    Visitor(carried): Visitor,
    caller: Caller,
    Json(body): Json<FinishSignIn>,
) -> ServiceResult<Response> {
    answer(&state, StatusCode::OK, sign_in::finish(&state, carried, caller, body).await?)
}

/// A new session: the token goes into the cookie for the page, into the body for programs, never into both. Beside the
/// cookie goes the one by which the device is known again.
pub fn answer(state: &AppState, status: StatusCode, new: NewSession) -> ServiceResult<Response> {
    let NewSession { mut signed_in, token, device } = new;
    match signed_in.session.carrier {
        Carrier::Bearer => {
            signed_in.token = Some(token);
            Ok((status, Json(signed_in)).into_response())
        }
        Carrier::Cookie => {
            let cookie = set_cookie(&token, state.config.sessions.cookie_absolute)?;
            let mut response = (status, Json(signed_in)).into_response();
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            if let Some(device) = device {
                response.headers_mut().append(header::SET_COOKIE, device.cookie()?);
            }
            Ok(response)
        }
    }
}
