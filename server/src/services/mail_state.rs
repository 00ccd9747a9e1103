//! Whether mail leaves, for administrators.

use api_types::{audit::Action, mail::MailState};

use crate::{AppState, ServiceResult, audit::EventDraft, policy::Actor, storage::outbox};

/// `GET /admin/mail`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<MailState> {
    actor.may_administer()?;
    let standing = outbox::standing(state.db.read()).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "mail")).await?;
    Ok(MailState {
        sends: state.mailer.is_some(),
        failing_since: standing.failing_since,
        waiting: standing.waiting,
        given_up: standing.given_up,
    })
}
