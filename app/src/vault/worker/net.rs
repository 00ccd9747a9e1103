//! The worker's own requests: ciphertext goes out as a Blob and comes in as a buffer, never through WASM memory.

use std::ops::Range;

use api_types::audit::READ_REQUEST;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Blob, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect, Response,
    WorkerGlobalScope,
};

use super::Failure;

fn init(method: &str, headers: &[(&str, &str)], signal: Option<&AbortSignal>) -> Result<RequestInit, Failure> {
    let map = Headers::new()?;
    for (name, value) in headers {
        map.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(method);
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_redirect(RequestRedirect::Error);
    init.set_cache(RequestCache::NoStore);
    init.set_signal(signal);
    init.set_headers(&map);
    Ok(init)
}

async fn fetch(path: &str, init: &RequestInit) -> Result<Response, Failure> {
    let scope: WorkerGlobalScope = js_sys::global().dyn_into().map_err(|_| Failure::Broken)?;
    let answer = JsFuture::from(scope.fetch_with_str_and_init(path, init)).await.map_err(|_| Failure::Offline)?;
    answer.dyn_into().map_err(|_| Failure::Broken)
}

async fn body(response: &Response) -> Result<Uint8Array, Failure> {
    let buffer = JsFuture::from(response.array_buffer()?).await.map_err(|_: JsValue| Failure::Offline)?;
    Ok(Uint8Array::new(&buffer))
}

async fn refused(response: &Response) -> Failure {
    match body(response).await {
        Ok(body) => Failure::Refused { status: response.status(), body: body.to_vec() },
        Err(failure) => failure,
    }
}

/// `PUT` of a stored segment, with its digest (RFC 9530).
pub(super) async fn put(
    path: &str,
    bytes: &Uint8Array,
    digest: &str,
    signal: Option<&AbortSignal>,
) -> Result<(), Failure> {
    let headers =
        [("content-type", "application/octet-stream"), ("content-digest", digest), ("accept", "application/json")];
    let init = init("PUT", &headers, signal)?;
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(bytes))?;
    init.set_body(&blob);
    let response = fetch(path, &init).await?;
    if response.ok() { Ok(()) } else { Err(refused(&response).await) }
}

/// `GET` of these bytes, exactly, with what their reader signed.
pub(super) async fn get(
    path: &str,
    request: &str,
    bytes: Range<u64>,
    signal: Option<&AbortSignal>,
) -> Result<Uint8Array, Failure> {
    let range = format!("bytes={}-{}", bytes.start, bytes.end.saturating_sub(1));
    let accept = "application/octet-stream, application/json";
    let init = init("GET", &[("range", &range), ("accept", accept), (READ_REQUEST, request)], signal)?;
    let response = fetch(path, &init).await?;
    if !response.ok() {
        return Err(refused(&response).await);
    }
    let body = body(&response).await?;
    if u64::from(body.length()) == bytes.end - bytes.start {
        Ok(body)
    } else {
        Err(Failure::Forged("the server sent another number of bytes"))
    }
}
