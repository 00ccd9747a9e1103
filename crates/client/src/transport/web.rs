//! `fetch` with the page's own cookies. Works in a page and in a worker.

use bytes::Bytes;
use futures::{
    StreamExt,
    future::{Either, select},
    stream,
};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, RequestCache, RequestCredentials, RequestInit,
    RequestRedirect,
};

use super::{ByteStream, Request, Response, Streaming, Transport, TransportError};
use crate::platform::{Environment, SystemClock};

/// How many milliseconds an answer may take to begin, and then to say more of itself; and how many bytes of a request's body go out
/// in each that is added. A browser waits for ever where a connection died without a word.
const PATIENCE: u32 = 60_000;
const PER_MILLISECOND: u32 = 16;

/// Same-origin `fetch`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FetchTransport;

/// Begins a request and waits for the head of its answer.
async fn fetch(request: Request) -> Result<web_sys::Response, TransportError> {
    let offline = |_: JsValue| TransportError::Offline;
    let headers = Headers::new().map_err(offline)?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(offline)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_credentials(RequestCredentials::SameOrigin);
    init.set_cache(RequestCache::NoStore);
    init.set_headers(&headers);
    if let Some(body) = &request.body {
        init.set_body(&Uint8Array::from(body.as_ref()));
    }
    let body = request.body.as_ref().map_or(0, |body| u32::try_from(body.len()).unwrap_or(u32::MAX));
    within(PATIENCE + body / PER_MILLISECOND, &request.path, &init).await
}

async fn within(milliseconds: u32, path: &str, init: &RequestInit) -> Result<web_sys::Response, TransportError> {
    let controller = AbortController::new().map_err(|_| TransportError::Offline)?;
    init.set_signal(Some(&controller.signal()));
    let (answer, limit) = (Box::pin(start(path, init)), Box::pin(SystemClock.pause(milliseconds)));
    match select(answer, limit).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            controller.abort();
            Err(TransportError::TimedOut)
        }
    }
}

async fn start(path: &str, init: &RequestInit) -> Result<web_sys::Response, TransportError> {
    let offline = |_: JsValue| TransportError::Offline;
    init.set_redirect(RequestRedirect::Error);
    let global = js_sys::global();
    let promise = if let Some(window) = global.dyn_ref::<web_sys::Window>() {
        window.fetch_with_str_and_init(path, init)
    } else if let Some(worker) = global.dyn_ref::<web_sys::WorkerGlobalScope>() {
        worker.fetch_with_str_and_init(path, init)
    } else {
        return Err(TransportError::BadAddress);
    };
    let answer = JsFuture::from(promise).await.map_err(offline)?;
    answer.dyn_into().map_err(offline)
}

fn headers_of(response: &web_sys::Response) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in response.headers().entries().into_iter().flatten() {
        let pair = js_sys::Array::from(&entry);
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            out.push((name, value));
        }
    }
    out
}

async fn next_chunk(
    reader: ReadableStreamDefaultReader,
) -> Option<(Result<Bytes, TransportError>, ReadableStreamDefaultReader)> {
    let (read, limit) = (Box::pin(JsFuture::from(reader.read())), Box::pin(SystemClock.pause(PATIENCE)));
    let read = match select(read, limit).await {
        Either::Left((Ok(read), _)) => read,
        Either::Left((Err(_), _)) => return Some((Err(TransportError::Offline), reader)),
        Either::Right(_) => {
            // Nobody is left to hear what becomes of it.
            let _ = reader.cancel();
            return Some((Err(TransportError::TimedOut), reader));
        }
    };
    let done = Reflect::get(&read, &"done".into()).ok().and_then(|d| d.as_bool()).unwrap_or(true);
    if done {
        return None;
    }
    let value = Reflect::get(&read, &"value".into()).ok()?;
    let bytes = value.dyn_into::<Uint8Array>().ok()?.to_vec();
    Some((Ok(Bytes::from(bytes)), reader))
}

fn chunks(response: &web_sys::Response) -> Result<ByteStream, TransportError> {
    let body = response.body().ok_or(TransportError::Offline)?;
    let reader = body.get_reader().dyn_into::<ReadableStreamDefaultReader>().map_err(|_| TransportError::Offline)?;
    Ok(Box::pin(stream::unfold(reader, next_chunk)))
}

/// The body, up to so many bytes.
async fn whole(response: &web_sys::Response, limit: usize) -> Result<Bytes, TransportError> {
    let mut body = Vec::new();
    let mut chunks = if response.body().is_some() { chunks(response)? } else { Box::pin(stream::empty()) };
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if body.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(body))
}

impl Transport for FetchTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let response = fetch(request).await?;
        let body = whole(&response, usize::MAX).await?;
        Ok(Response { status: response.status(), headers: headers_of(&response), body })
    }

    async fn fetch_public(&self, path: &str, limit: usize) -> Result<Response, TransportError> {
        let init = RequestInit::new();
        init.set_credentials(RequestCredentials::Omit);
        // A damaged tile that a cache kept would be refused long after the server was repaired.
        init.set_cache(RequestCache::NoStore);
        let response = within(PATIENCE, path, &init).await?;
        let body = whole(&response, limit).await?;
        Ok(Response { status: response.status(), headers: headers_of(&response), body })
    }

    async fn stream(&self, request: Request) -> Result<Streaming, TransportError> {
        let response = fetch(request).await?;
        Ok(Streaming { status: response.status(), body: chunks(&response)? })
    }
}
