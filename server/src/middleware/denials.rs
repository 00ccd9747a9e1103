//! The audit of denials: what was refused is an event before the refusal is sent.
//!
//! A signed-in person's denials are events one by one. Anonymous ones are summed, so that nobody fills the disk:
//! one event a minute names how many there were of each code.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use api_types::{
    ErrorCode, GrantId, ReportId,
    audit::{Action, Outcome},
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::session::ActorSlot;
use crate::{
    AppState, ServiceResult,
    audit::{EventDraft, code_name},
    error::Refusal,
    policy::Actor,
    storage,
};

/// Anonymous denials since the last event.
#[derive(Debug, Default)]
pub struct AnonymousDenials(Mutex<Sums>);

/// How many denials there were of each code.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Sums(BTreeMap<String, u64>);

impl AnonymousDenials {
    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, code: ErrorCode) {
        *self.lock().0.entry(code_name(code)).or_default() += 1;
    }

    /// What was counted; the counting begins anew.
    pub fn take(&self) -> Sums {
        std::mem::take(&mut *self.lock())
    }

    /// Adds back what could not be written, for the next time. Where it isn't known whether it was written, it is
    /// counted twice rather than not at all.
    pub fn put_back(&self, sums: Sums) {
        let mut counted = self.lock();
        for (code, n) in sums.0 {
            *counted.0.entry(code).or_default() += n;
        }
    }
}

impl Sums {
    /// The events that say so; none when there were none. One, unless the codes don't fit its subject.
    pub fn events(&self) -> Vec<EventDraft> {
        let sums: Vec<_> = self.0.iter().collect();
        sums.chunks(CODES_PER_EVENT).map(sum).collect()
    }
}

/// So many `code=number` pairs fit the 200 bytes of a subject.
const CODES_PER_EVENT: usize = 5;

fn sum(sums: &[(&String, &u64)]) -> EventDraft {
    let mut draft = EventDraft::anonymous(Action::SignIn);
    draft.outcome = Outcome::Denied;
    let total: u64 = sums.iter().map(|(_, n)| *n).sum();
    sums.iter().fold(draft.with("denials", total), |draft, (code, n)| draft.with(code, n))
}

/// Records a refusal before it is sent.
pub async fn layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let slot: ActorSlot = Arc::new(OnceLock::new());
    request.extensions_mut().insert(Arc::clone(&slot));
    let route = request.extensions().get::<MatchedPath>().map(|p| p.as_str().to_owned());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let Some(&Refusal(code)) = response.extensions().get::<Refusal>() else { return response };
    if !is_denial(code) && !is_probe(route.as_deref(), code) {
        return response;
    }
    let Some(actor) = slot.get() else {
        state.denials.count(code);
        return response;
    };
    let route = route.as_deref().unwrap_or("-");
    match record(&state, actor, &method, route, &path, code).await {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

/// Whether a refusal is about permission, rather than about a malformed or outdated request.
fn is_denial(code: ErrorCode) -> bool {
    use ErrorCode::*;
    matches!(
        code,
        SignedOut
            | SignInFailed
            | PasskeyFailed
            | ApiTokenMalformed
            | ApiTokenInvalid
            | ApiTokenExpired
            | ApiTokenWithSession
            | BeyondScope
            | IdentityRefused
            | IdentityStateMismatch
            | IdentityNotLinked
            | PhoneCodeWrong
            | PhoneOnlyFactor
            | SignUpCodeWrong
            | RecoveryFailed
            | EmergencyNotOpen
            | EscrowNotOpen
            | WrongCode
            | CodeLocked
            | Forbidden
            | AccountPending
            | AccountDisabled
            | LastAdministrator
            | SoleTeamManager
            | OriginRefused
            | NotFound
            | Gone
            | ShareExpired
            | InvitationInvalid
            | Throttled
            | TooManyAtOnce
            | InvalidSignature
    )
}

/// Whether a refused sign-up told that an address or an account exists.
fn is_probe(route: Option<&str>, code: ErrorCode) -> bool {
    let sign_up = route.is_some_and(|route| route.starts_with("/api/v1/sign-up"));
    sign_up && matches!(code, ErrorCode::EmailTaken | ErrorCode::Conflict | ErrorCode::AlreadySetUp)
}

async fn record(
    state: &AppState,
    actor: &Actor,
    method: &Method,
    route: &str,
    path: &str,
    code: ErrorCode,
) -> ServiceResult<()> {
    let mut draft = EventDraft::by(actor, action(method, route));
    for (key, value) in ids(route, path) {
        match value {
            PathId::Report(id) if storage::audit::report_exists(state.db.read(), id).await? => draft = draft.on(id),
            PathId::Report(id) => draft = draft.with("report", id),
            PathId::Grant(id) => draft = draft.with("grant", id),
            PathId::Other(id) => draft = draft.with(key, id),
        }
    }
    state.audit.record(draft.denied(code)).await
}

enum PathId {
    Report(ReportId),
    Grant(GrantId),
    Other(String),
}

/// The ids in a path, by the names in its route template. What doesn't parse as hexadecimal or a number is left out.
fn ids<'a>(route: &'a str, path: &str) -> Vec<(&'a str, PathId)> {
    let pairs = route.split('/').zip(path.split('/'));
    pairs
        .filter_map(|(name, value)| Some((name.strip_prefix('{')?.strip_suffix('}')?, value)))
        .filter_map(|(name, value)| Some((name.trim_end_matches("_id"), path_id(name, value)?)))
        .collect()
}

fn path_id(name: &str, value: &str) -> Option<PathId> {
    match name {
        "report_id" => value.parse().ok().map(PathId::Report),
        "grant_id" => value.parse().ok().map(PathId::Grant),
        _ => {
            let plain = value.len() <= 64 && value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            plain.then(|| PathId::Other(value.to_owned()))
        }
    }
}

/// What a refused request wanted to do.
fn action(method: &Method, route: &str) -> Action {
    let route = route.strip_prefix("/api/v1").unwrap_or(route);
    let read = matches!(*method, Method::GET | Method::HEAD);
    let has = |part: &str| route.contains(part);
    if has("/events") {
        Action::AuditRead
    } else if has("/approve") {
        Action::Approve
    } else if has("/refuse") && !has("/emergency-contacts") && !has("/escrow") {
        Action::Refuse
    } else if has("/challenge") || has("/redeem") || has("/seed") || has("/request-again") {
        Action::Redeem
    } else if has("/claim") {
        Action::Claim
    } else if has("/revoke") {
        Action::Revoke
    } else if has("/erasure") && !read {
        Action::Erase
    } else if has("/revisions") && !read {
        Action::Rekey
    } else if has("/versions/") && read {
        Action::Open
    } else if has("/versions") {
        Action::Create
    } else if has("/grants") {
        if read { Action::Read } else { Action::Share }
    } else {
        action_by_resource(read, method, route)
    }
}

fn action_by_resource(read: bool, method: &Method, route: &str) -> Action {
    let first = route.split('/').nth(1).unwrap_or_default();
    match first {
        "reports" if route == "/reports" => {
            if read {
                Action::List
            } else {
                Action::Create
            }
        }
        "reports" => Action::Read,
        "drafts" if read => Action::Read,
        "drafts" if *method == Method::DELETE => Action::DraftDelete,
        "drafts" => Action::DraftSave,
        "uploads" => Action::Upload,
        "accounts" => Action::LookUp,
        "teams" if read => Action::LookUp,
        "teams" => Action::TeamRoster,
        "account" | "trusted" => Action::AccountChange,
        "admin" => Action::LookUp,
        "invitations" if *method == Method::POST && route == "/invitations" => Action::Invite,
        "invitations" => Action::InvitationChange,
        "recovery" => Action::Recover,
        "sign-up" => Action::SignUp,
        "session" | "sessions" => Action::SignOut,
        "live" => Action::Read,
        _ => Action::SignIn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_denials_are_one_event() {
        let denials = AnonymousDenials::default();
        assert!(denials.take().events().is_empty());
        denials.count(ErrorCode::SignedOut);
        denials.count(ErrorCode::SignInFailed);
        denials.count(ErrorCode::SignedOut);
        let drafts = denials.take().events();
        assert_eq!(drafts.len(), 1);
        assert_eq!(drafts[0].subject, "denials=3 sign_in_failed=1 signed_out=2");
        assert!(denials.take().events().is_empty());
    }

    #[test]
    fn what_is_put_back_is_added_to_what_came_since() {
        let denials = AnonymousDenials::default();
        denials.count(ErrorCode::SignedOut);
        let taken = denials.take();
        denials.count(ErrorCode::SignedOut);
        denials.count(ErrorCode::NotFound);
        denials.put_back(taken);
        assert_eq!(denials.take().events()[0].subject, "denials=3 not_found=1 signed_out=2");
    }

    #[test]
    fn ids_come_from_the_template() {
        let report = "ab".repeat(32);
        let path = format!("/api/v1/reports/{report}/versions/3");
        let found = ids("/api/v1/reports/{report_id}/versions/{version}", &path);
        assert!(matches!(found[0], ("report", PathId::Report(_))));
        assert!(matches!(&found[1], ("version", PathId::Other(v)) if v == "3"));
        assert!(ids("/api/v1/accounts/{account_id}", "/api/v1/accounts/jane@example.org").is_empty());
    }

    #[test]
    fn a_refused_request_is_named_after_what_it_wanted() {
        let of = |method, route: &str| action(&method, &format!("/api/v1{route}"));
        assert_eq!(of(Method::GET, "/reports/{report_id}"), Action::Read);
        assert_eq!(of(Method::GET, "/reports/{report_id}/events"), Action::AuditRead);
        assert_eq!(of(Method::POST, "/reports/{report_id}/grants/{grant_id}/revoke"), Action::Revoke);
        assert_eq!(of(Method::POST, "/grants/{grant_id}/redeem"), Action::Redeem);
        assert_eq!(of(Method::GET, "/reports/{report_id}/versions/{version}"), Action::Open);
        assert_eq!(of(Method::POST, "/reports/{report_id}/versions/{version}/revisions"), Action::Rekey);
    }
}
