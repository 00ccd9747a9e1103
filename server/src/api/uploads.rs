//! `/uploads`: ciphertext of a part, segment by segment.

use api_types::{
    ErrorCode, UploadId,
    limits::{PART_HEADER, SEGMENT_CIPHER},
    uploads::{CONTENT_DIGEST, CreateUpload, Upload},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    extract::{Json, Path},
    limits,
};
use crate::{
    AppState, ServiceError, ServiceResult,
    policy::Actor,
    services::uploads::{self, Announced},
};

/// The routes.
pub fn routes() -> OpenApiRouter<AppState> {
    // Streamed, so the service counts; a segment has exactly the length that the upload's says.
    let mut segments = OpenApiRouter::new().routes(routes!(put_segment));
    limits::say(segments.get_openapi_mut(), PART_HEADER + SEGMENT_CIPHER);
    OpenApiRouter::new().routes(routes!(create_upload)).routes(routes!(get_upload, abandon_upload)).merge(segments)
}

/// Begin an upload for a draft of one's own, for the next version, or for a re-key. It ends a week after its last
/// segment unless a report or version names it.
#[utoipa::path(post, path = "/uploads", tag = "uploads", security(("bearer" = []), ("cookie" = [])),
    request_body = CreateUpload, responses((status = 201, body = Upload)))]
async fn create_upload(
    State(state): State<AppState>,
    actor: Actor,
    Json(body): Json<CreateUpload>,
) -> ServiceResult<(StatusCode, Json<Upload>)> {
    let upload = uploads::create(&state, &actor, body).await?;
    Ok((StatusCode::CREATED, Json(upload)))
}

/// Which segments are stored: resume with those that are missing.
#[utoipa::path(get, path = "/uploads/{upload_id}", tag = "uploads", params(("upload_id" = UploadId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 200, body = Upload)))]
async fn get_upload(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<UploadId>,
) -> ServiceResult<Json<Upload>> {
    uploads::get(&state, &actor, id).await.map(Json)
}

/// Give an upload up.
#[utoipa::path(delete, path = "/uploads/{upload_id}", tag = "uploads", params(("upload_id" = UploadId, Path)),
    security(("bearer" = []), ("cookie" = [])), responses((status = 204, description = "Forgotten")))]
async fn abandon_upload(
    State(state): State<AppState>,
    actor: Actor,
    Path(id): Path<UploadId>,
) -> ServiceResult<StatusCode> {
    uploads::abandon(&state, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Store a segment: exactly its bytes, with their SHA-256 in `Content-Digest` (RFC 9530). Answered when durable; in
/// any order; the same again is harmless.
#[utoipa::path(put, path = "/uploads/{upload_id}/segments/{n}", tag = "uploads",
    params(("upload_id" = UploadId, Path), ("n" = u32, Path, description = "From 0"),
        ("content-digest" = String, Header, description = "sha-256=:<base64>:")),
    security(("bearer" = []), ("cookie" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "Durable")))]
async fn put_segment(
    State(state): State<AppState>,
    actor: Actor,
    Path((id, n)): Path<(UploadId, u32)>,
    headers: HeaderMap,
    body: Body,
) -> ServiceResult<StatusCode> {
    let announced = Announced { n, sha256: digest(&headers)?, len: content_length(&headers)? };
    uploads::put_segment(&state, &actor, id, announced, body.into_data_stream()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The SHA-256 of `Content-Digest`; other algorithms beside it are ignored.
fn digest(headers: &HeaderMap) -> ServiceResult<[u8; 32]> {
    let values = headers.get_all(CONTENT_DIGEST).iter().filter_map(|value| value.to_str().ok());
    let mut entries = values.flat_map(|value| value.split(','));
    let found = entries.find_map(|entry| {
        let text = entry.trim().strip_prefix("sha-256=:")?.strip_suffix(':')?;
        STANDARD.decode(text).ok()?.try_into().ok()
    });
    found.ok_or_else(|| ServiceError::because(ErrorCode::Malformed, "send Content-Digest: sha-256=:<base64>:"))
}

fn content_length(headers: &HeaderMap) -> ServiceResult<Option<u64>> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else { return Ok(None) };
    let len = value.to_str().ok().and_then(|text| text.parse().ok());
    len.map(Some).ok_or_else(|| ErrorCode::Malformed.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Option<[u8; 32]> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_DIGEST, axum::http::HeaderValue::from_static(value));
        }
        digest(&headers).ok()
    }

    #[test]
    fn digests_are_read_as_rfc_9530_writes_them() {
        const ZERO: &str = "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:";
        assert_eq!(read(&[ZERO]), Some([0; 32]));
        assert_eq!(read(&["sha-512=:AAAA:, sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"]), Some([0; 32]));
        assert_eq!(read(&["sha-512=:AAAA:", ZERO]), Some([0; 32]));
        for bad in ["", "sha-256=AAAA", "sha-256=:AAAA:", "sha-256=:####:"] {
            assert_eq!(read(&[bad]), None, "{bad}");
        }
    }
}
