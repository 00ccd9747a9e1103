//! Drafts, uploads, reports, grants, a report's events.

use std::ops::Range;

use api_types::{
    GrantId, ReportId, UploadId,
    audit::{AuditEventList, READ_REQUEST},
    closing::{EraseReport, ErasedReport},
    drafts::{Draft, DraftList, PutDraft},
    grants::{ClaimGrant, CreateGrant, GrantList, RedeemChallenge, RedeemGrant, Redeemed, RevokeGrant, StoreGrantSeed},
    reports::{CreateReport, NewVersion, Report, ReportList, ReportPeople, VersionContent},
    uploads::{CONTENT_DIGEST, CreateUpload, Upload},
};
use bytes::Bytes;
use crypto::ids::Hash32;

use super::{Api, Query, accounts::calls, content_digest};
use crate::{
    error::{ClientError, Result},
    reports::SignedRequest,
    transport::{Method, Request, Transport},
};

/// What `GET /reports` is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Rows older than this cursor.
    pub before: Option<u64>,
    /// Only what changed after this cursor.
    pub since: Option<u64>,
    /// At most so many rows.
    pub limit: Option<u32>,
}

impl<T: Transport> Api<'_, T> {
    calls! {
        /// `GET /drafts`.
        list_drafts() -> DraftList = get "/drafts".to_owned();
        /// `GET /drafts/{report_id}`.
        get_draft(id: &ReportId) -> Draft = get format!("/drafts/{id}");
        /// `PUT /drafts/{report_id}`.
        put_draft(id: &ReportId, body: &PutDraft) -> () = put format!("/drafts/{id}"), body;
        /// `DELETE /drafts/{report_id}`.
        delete_draft(id: &ReportId) -> () = delete format!("/drafts/{id}");
        /// `POST /uploads`.
        create_upload(body: &CreateUpload) -> Upload = post "/uploads".to_owned(), body;
        /// `GET /uploads/{upload_id}`.
        get_upload(id: &UploadId) -> Upload = get format!("/uploads/{id}");
        /// `DELETE /uploads/{upload_id}`.
        abandon_upload(id: &UploadId) -> () = delete format!("/uploads/{id}");
        /// `GET /reports`.
        list_reports(query: &ListQuery, request: &SignedRequest) -> ReportList = read format!("/reports{}", Query::default()
            .add("before", query.before).add("since", query.since).add("limit", query.limit).0), request;
        /// `POST /reports`.
        create_report(body: &CreateReport) -> Report = post "/reports".to_owned(), body;
        /// `GET /reports/{report_id}`.
        get_report(id: &ReportId, request: &SignedRequest) -> Report = read format!("/reports/{id}"), request;
        /// `GET /reports/{report_id}/people`.
        get_report_people(id: &ReportId, request: &SignedRequest) -> ReportPeople
            = read format!("/reports/{id}/people"), request;
        /// `GET /reports/{report_id}/versions/{version}`.
        get_version(id: &ReportId, version: u32, request: &SignedRequest) -> VersionContent
            = read format!("/reports/{id}/versions/{version}"), request;
        /// `POST /reports/{report_id}/versions`.
        add_version(id: &ReportId, body: &NewVersion) -> () = post_unit format!("/reports/{id}/versions"), body;
        /// `POST /reports/{report_id}/versions/{version}/revisions`.
        rekey_version(id: &ReportId, version: u32, body: &NewVersion) -> ()
            = post_unit format!("/reports/{id}/versions/{version}/revisions"), body;
        /// `GET /reports/{report_id}/grants`.
        list_report_grants(id: &ReportId, request: &SignedRequest) -> GrantList
            = read format!("/reports/{id}/grants"), request;
        /// `POST /reports/{report_id}/grants`.
        create_grant(id: &ReportId, body: &CreateGrant) -> () = post_unit format!("/reports/{id}/grants"), body;
        /// `POST /reports/{report_id}/grants/{grant_id}/revoke`.
        revoke_grant(id: &ReportId, grant: &GrantId, body: &RevokeGrant) -> ()
            = post_unit format!("/reports/{id}/grants/{grant}/revoke"), body;
        /// `POST /reports/{report_id}/grants/{grant_id}/claim`.
        claim_grant(id: &ReportId, grant: &GrantId, body: &ClaimGrant) -> ()
            = post_unit format!("/reports/{id}/grants/{grant}/claim"), body;
        /// `GET /reports/{report_id}/erasure`.
        get_erasure(id: &ReportId) -> ErasedReport = get format!("/reports/{id}/erasure");
        /// `POST /reports/{report_id}/erasure`.
        erase_report(id: &ReportId, body: &EraseReport) -> () = post_unit format!("/reports/{id}/erasure"), body;
        /// `GET /grants`.
        list_grants() -> GrantList = get "/grants".to_owned();
        /// `POST /grants/{grant_id}/challenge`.
        challenge_grant(grant: &GrantId) -> RedeemChallenge = post_empty format!("/grants/{grant}/challenge");
        /// `POST /grants/{grant_id}/redeem`.
        redeem_grant(grant: &GrantId, body: &RedeemGrant) -> Redeemed = post format!("/grants/{grant}/redeem"), body;
        /// `PUT /grants/{grant_id}/seed`.
        store_grant_seed(grant: &GrantId, body: &StoreGrantSeed) -> () = put format!("/grants/{grant}/seed"), body;
        /// `POST /grants/{grant_id}/request-again`.
        request_grant_again(grant: &GrantId) -> () = post_nothing format!("/grants/{grant}/request-again");
        /// `GET /reports/{report_id}/events`.
        list_report_events(id: &ReportId, before: Option<u64>, request: &SignedRequest) -> AuditEventList
            = read format!("/reports/{id}/events{}", Query::default().add("before", before).0), request;
    }

    /// `PUT /uploads/{upload_id}/segments/{n}`.
    ///
    /// # Errors
    /// As any call; `digest_mismatch` where the bytes changed on the way.
    pub async fn put_segment(&self, upload: &UploadId, n: u32, bytes: Bytes, sha256: &Hash32) -> Result<()> {
        let headers =
            vec![("content-type", "application/octet-stream".to_owned()), (CONTENT_DIGEST, content_digest(&sha256.0))];
        self.send(Method::Put, format!("/uploads/{upload}/segments/{n}"), headers, Some(bytes)).await.map(drop)
    }

    /// A byte range of a part, by its whole path. The answer may be shorter or longer than asked if the server lies: the
    /// caller checks.
    ///
    /// # Errors
    /// As any call.
    pub async fn get_part(&self, path: &str, range: Range<u64>, request: &SignedRequest) -> Result<Bytes> {
        let last = range.end.checked_sub(1).ok_or(ClientError::Internal("an empty range was asked for"))?;
        let headers =
            vec![("range", format!("bytes={}-{last}", range.start)), (READ_REQUEST, request.as_str().to_owned())];
        let request = Request { method: Method::Get, path: path.to_owned(), headers, body: None };
        let response = self.transport.send(request).await?;
        match response.status {
            206 => Ok(response.body),
            200 if range.start == 0 => Ok(response.body),
            status => Err(super::refusal(status, &response.body)),
        }
    }
}
