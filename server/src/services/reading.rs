//! Requests to read: whoever reads a report, or lists reports, signs what they ask for, and the event of it keeps that.

use api_types::{ErrorCode, ReportId, audit::Action};
use crypto::{
    audit::{Asked, ReadRequest, RequestError},
    ids::{self, InstanceId},
    sign::Signed,
};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    policy::Actor,
};

/// What came with a request: the signed bytes, not verified yet.
#[derive(Debug, Clone, Default)]
pub struct Reading(Option<Vec<u8>>);

impl Reading {
    /// The content of the header, if there was one.
    pub fn new(signed: Option<Vec<u8>>) -> Self {
        Self(signed)
    }

    /// The event of this reading, once its request verified: signed by the actor, in this session, for exactly this.
    /// `what` begins the event's subject.
    pub fn event(
        self,
        state: &AppState,
        actor: &Actor,
        action: Action,
        report: Option<ReportId>,
        what: &str,
    ) -> ServiceResult<EventDraft> {
        let bytes = self.0.ok_or(ErrorCode::UnsignedRead)?;
        let request = Signed::<ReadRequest>::parse(&bytes).map_err(|error| unsigned(&error.into()))?;
        let asked = Asked {
            instance: InstanceId(state.instance.instance_id),
            account: ids::AccountId(actor.account.0),
            session: ids::SessionId(actor.session.0),
            kind: enum_name(&action),
            report: report.map(|report| ids::ReportId(report.0)),
            what: what.to_owned(),
        };
        let key = actor.reading_key.ok_or_else(|| ServiceError::Internal("an account without a key record".into()))?;
        request.verify_now(&asked, state.clock.now(), key.epoch, &key.signing).map_err(|error| unsigned(&error))?;
        let draft = EventDraft::by(actor, action).saying(what).requested(bytes);
        Ok(match report {
            Some(report) => draft.on(report),
            None => draft,
        })
    }
}

fn unsigned(error: &RequestError) -> ServiceError {
    match error {
        RequestError::Time => ErrorCode::ClockWrong.into(),
        error => ServiceError::because(ErrorCode::UnsignedRead, error.to_string()),
    }
}
