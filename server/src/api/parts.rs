//! `/reports/{report_id}/versions/{version}/revisions/{revision}/parts/{part}`: ciphertext, by range.

use std::ops::Range;

use api_types::{ErrorCode, ReportId};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::extract::{Path, SignedRequest};
use crate::{
    AppState, ServiceError, ServiceResult,
    policy::Actor,
    services::{
        parts::{self, Found, PartId},
        reading::Reading,
    },
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_part))
}

/// The ciphertext of a part, whole or one range of it. Every request is an event in the report's audit.
#[utoipa::path(get, path = "/reports/{report_id}/versions/{version}/revisions/{revision}/parts/{part}",
    tag = "versions",
    params(("report_id" = ReportId, Path), ("version" = u32, Path), ("revision" = u32, Path),
        ("part" = u32, Path, description = "1 or more; part 0 comes with the version"),
        ("range" = Option<String>, Header, description = "One range, bytes=a-b"), SignedRequest),
    security(("bearer" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "Whole", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The entity tag given is the current one")))]
async fn get_part(
    State(state): State<AppState>,
    actor: Actor,
    reading: Reading,
    Path((report, version, revision, part)): Path<(ReportId, u32, u32, u32)>,
    headers: HeaderMap,
) -> ServiceResult<Response> {
    let found = parts::find(&state, &actor, reading, PartId { report, version, revision, part }).await?;
    let etag = format!("\"{}\"", found.etag());
    if lists(&headers, header::IF_NONE_MATCH, &etag) {
        parts::told(&state, found, "not_modified").await?;
        return framed(StatusCode::NOT_MODIFIED.into_response(), &etag);
    }
    let len = found.len();
    let ranged = !headers.contains_key(header::IF_RANGE) || lists(&headers, header::IF_RANGE, &etag);
    let asked = headers.get(header::RANGE).filter(|_| ranged).and_then(|value| value.to_str().ok());
    match asked.map_or(Asked::Whole, |text| parse_range(text, len)) {
        Asked::Whole => send(&state, &actor, found, 0..len, StatusCode::OK, &etag).await,
        Asked::Range(range) => send(&state, &actor, found, range, StatusCode::PARTIAL_CONTENT, &etag).await,
        Asked::Outside => {
            parts::told(&state, found, "outside").await?;
            let mut response = ServiceError::Refused(ErrorCode::RangeNotSatisfiable).into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, value(format!("bytes */{len}"))?);
            Ok(response)
        }
    }
}

async fn send(
    state: &AppState,
    actor: &Actor,
    found: Found,
    range: Range<u64>,
    status: StatusCode,
    etag: &str,
) -> ServiceResult<Response> {
    let (total, len) = (found.len(), range.end - range.start);
    let content_range = format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1));
    let stream = parts::open(state, actor, found, range).await?;
    let mut response = framed((status, Body::from_stream(stream)).into_response(), etag)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.insert(header::CONTENT_RANGE, value(content_range)?);
    }
    Ok(response)
}

fn framed(mut response: Response, etag: &str) -> ServiceResult<Response> {
    let headers = response.headers_mut();
    headers.insert(header::ETAG, value(etag.to_owned())?);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

fn value(text: String) -> ServiceResult<HeaderValue> {
    HeaderValue::from_str(&text).map_err(|error| ServiceError::Internal(error.to_string()))
}

/// Whether a header lists an entity tag.
fn lists(headers: &HeaderMap, name: header::HeaderName, etag: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|tag| tag.trim() == etag)
}

/// What a `Range` header asks for (RFC 9110, section 14.2).
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// No range, several, or none that can be read: the whole.
    Whole,
    /// One range, cut to what there is.
    Range(Range<u64>),
    /// Nothing that there is.
    Outside,
}

fn parse_range(text: &str, len: u64) -> Asked {
    let Some((first, last)) = text.trim().strip_prefix("bytes=").and_then(|spec| spec.split_once('-')) else {
        return Asked::Whole;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return Asked::Whole;
    }
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => return Asked::Whole,
        (Ok(first), Ok(last)) => first..len.min(last.saturating_add(1)),
        (Ok(first), Err(_)) if last.is_empty() => first..len,
        (Err(_), Ok(suffix)) if first.is_empty() => len.saturating_sub(suffix)..len,
        _ => return Asked::Whole,
    };
    if range.is_empty() { Asked::Outside } else { Asked::Range(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        assert_eq!(parse_range("bytes=0-55", 100), Asked::Range(0..56));
        assert_eq!(parse_range("bytes=90-", 100), Asked::Range(90..100));
        assert_eq!(parse_range("bytes=-10", 100), Asked::Range(90..100));
        assert_eq!(parse_range("bytes=-1000", 100), Asked::Range(0..100));
        assert_eq!(parse_range("bytes=50-1000", 100), Asked::Range(50..100));
        assert_eq!(parse_range("bytes=5-18446744073709551615", 100), Asked::Range(5..100));
        for outside in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(parse_range(outside, 100), Asked::Outside, "{outside}");
        }
        for whole in ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=0-1,3-4", "items=0-1"] {
            assert_eq!(parse_range(whole, 100), Asked::Whole, "{whole}");
        }
    }
}
