//! Fetching what is read: each request carries what its reader signed, and the event of it keeps that (`crypto::audit`).

use api_types::{
    ErrorCode, ReportId,
    audit::{Action, AuditEventList},
    grants::GrantList,
    reports::{Report, ReportList, ReportPeople, VersionContent},
};
use crypto::audit::{Asked, ReadRequest, what};

use super::events::json_name;
use crate::{
    api::{ListQuery, b64},
    error::Result,
    ids::ToCrypto,
    platform::{Platform, rng},
    vault::Vault,
};

/// A signed request to read, as a header carries it. Good for one reading, for a day. Empty, where nobody is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignedRequest(String);

impl SignedRequest {
    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<P: Platform> Vault<P> {
    /// Signs a request for exactly this (docs/protocol.md, Audit events). `what` are the words that the event's subject
    /// begins with. For whoever fetches by other means; everything here signs by itself.
    pub fn sign_request(&self, action: Action, report: Option<&ReportId>, what: &str) -> SignedRequest {
        let asked = Asked {
            instance: self.pinned().instance,
            account: self.id(),
            session: self.session().id.crypto(),
            kind: json_name(&action).unwrap_or_default(),
            report: report.map(ToCrypto::crypto),
            what: what.to_owned(),
        };
        let signed = ReadRequest::sign(asked, self.signing_time(), self.keyring().current(), &mut rng());
        SignedRequest(b64(signed.as_bytes()))
    }

    /// The accounts that a report's access chain names, as the server says.
    ///
    /// # Errors
    /// No connection; `not_found`.
    pub async fn report_people(&self, id: &ReportId) -> Result<ReportPeople> {
        let request = self.sign_request(Action::Read, Some(id), what::PEOPLE);
        self.api().get_report_people(id, &request).await
    }

    pub(crate) async fn fetch_report(&self, id: &ReportId) -> Result<Report> {
        match self.api().get_report(id, &self.sign_request(Action::Read, Some(id), what::REPORT)).await {
            Err(error) if error.problem() == Some(ErrorCode::ReportErased) => Err(self.erased(id).await),
            fetched => fetched,
        }
    }

    pub(crate) async fn fetch_version(&self, id: &ReportId, version: u32) -> Result<VersionContent> {
        let request = self.sign_request(Action::Open, Some(id), &what::fields(version));
        self.api().get_version(id, version, &request).await
    }

    pub(crate) async fn fetch_grants(&self, id: &ReportId) -> Result<GrantList> {
        self.api().list_report_grants(id, &self.sign_request(Action::Read, Some(id), what::GRANTS)).await
    }

    pub(crate) async fn fetch_events(&self, id: &ReportId, before: Option<u64>) -> Result<AuditEventList> {
        self.api().list_report_events(id, before, &self.sign_request(Action::AuditRead, Some(id), what::REPORT)).await
    }

    pub(crate) async fn fetch_list(&self, query: &ListQuery) -> Result<ReportList> {
        self.api().list_reports(query, &self.sign_request(Action::List, None, what::REPORTS)).await
    }

    /// For all of a part's pieces.
    pub(crate) fn request_part(&self, id: &ReportId, version: u32, revision: u32, part: u32) -> SignedRequest {
        self.sign_request(Action::Open, Some(id), &what::part(version, part, revision))
    }
}
