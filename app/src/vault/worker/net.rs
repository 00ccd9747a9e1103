//! The worker's own requests: ciphertext goes out as a Blob and comes in as a buffer, never through WASM memory. What moves is
//! said to the page, which gives a task up that says nothing for long.

use std::ops::Range;

use api_types::audit::READ_REQUEST;
use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Blob, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect, Response,
    WorkerGlobalScope, XmlHttpRequest, XmlHttpRequestResponseType,
};

use super::{Beat, Failure, reader::Reader};

/// A task's way to the server.
pub(super) struct Line {
    /// Says that the task is given up.
    pub signal: Option<AbortSignal>,
    pub beat: Beat,
}

fn init(headers: &[(&str, &str)], signal: Option<&AbortSignal>) -> Result<RequestInit, Failure> {
    let map = Headers::new()?;
    for (name, value) in headers {
        map.set(name, value)?;
    }
    let init = RequestInit::new();
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

async fn refused(response: &Response) -> Failure {
    let Ok(body) = response.array_buffer() else { return Failure::Broken };
    match JsFuture::from(body).await {
        Ok(body) => Failure::Refused { status: response.status(), body: Uint8Array::new(&body).to_vec() },
        Err(_) => Failure::Offline,
    }
}

impl Line {
    /// `PUT` of a stored segment, with its digest (RFC 9530). Not by `fetch`: that says nothing while a body goes out.
    pub(super) async fn put(&self, path: &str, body: &Blob, digest: &str) -> Result<(), Failure> {
        if self.signal.as_ref().is_some_and(AbortSignal::aborted) {
            return Err(Failure::Broken);
        }
        let request = XmlHttpRequest::new()?;
        request.open("PUT", path)?;
        request.set_response_type(XmlHttpRequestResponseType::Arraybuffer);
        let headers =
            [("content-type", "application/octet-stream"), ("content-digest", digest), ("accept", "application/json")];
        for (name, value) in headers {
            request.set_request_header(name, value)?;
        }
        let beat = self.beat.clone();
        let moved = Closure::<dyn Fn()>::new(move || beat.tell());
        request.upload()?.set_onprogress(Some(moved.as_ref().unchecked_ref()));
        let ended = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
        let given_up = request.clone();
        let give_up = Closure::<dyn Fn()>::new(move || {
            // It has ended by itself then.
            let _ = given_up.abort();
        });
        self.on_abort(Some(&give_up));
        let sent = match request.send_with_opt_blob(Some(body)) {
            Ok(()) => JsFuture::from(ended).await.map(drop),
            Err(error) => Err(error),
        };
        self.on_abort(None);
        request.set_onloadend(None);
        sent?;
        match request.status().unwrap_or_default() {
            // No answer.
            0 => Err(Failure::Offline),
            200..=299 => Ok(()),
            status => Err(Failure::Refused { status, body: Uint8Array::new(&request.response()?).to_vec() }),
        }
    }

    fn on_abort(&self, then: Option<&Closure<dyn Fn()>>) {
        if let Some(signal) = &self.signal {
            signal.set_onabort(then.map(|then| then.as_ref().unchecked_ref()));
        }
    }

    /// `GET` of these bytes, exactly, with what their reader signed, into the front of a buffer that has room for them.
    pub(super) async fn get(
        &self,
        path: &str,
        request: &str,
        bytes: Range<u64>,
        buffer: ArrayBuffer,
    ) -> Result<Uint8Array, Failure> {
        let range = format!("bytes={}-{}", bytes.start, bytes.end.saturating_sub(1));
        let accept = "application/octet-stream, application/json";
        let headers = [("range", &range[..]), ("accept", accept), (READ_REQUEST, request)];
        let response = fetch(path, &init(&headers, self.signal.as_ref())?).await?;
        if !response.ok() {
            return Err(refused(&response).await);
        }
        let asked = u32::try_from(bytes.end - bytes.start).map_err(|_| Failure::Broken)?;
        if asked > buffer.byte_length() {
            return Err(Failure::Broken);
        }
        let other = Failure::Forged("the server sent another number of bytes");
        let Some(body) = response.body() else { return Err(other) };
        let reader = Reader::of(&body)?;
        let offline = |_: JsValue| Failure::Offline;
        let (buffer, came) = reader.fill(buffer, 0, asked, || self.beat.tell()).await.map_err(offline)?;
        if came == asked && reader.is_at_end().await.map_err(offline)? {
            return Ok(Uint8Array::new_with_byte_offset_and_length(&buffer, 0, asked));
        }
        reader.cancel();
        Err(other)
    }
}
