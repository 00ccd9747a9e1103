//! The set-up link: whoever holds it becomes the first administrator. A new one at each start until that has happened.

use api_types::{InvitationId, UnixMillis, accounts::Role, audit::Action};

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    clock::DAY,
    random,
    storage::{self, invitations::InvitationRow},
};

/// A new link while the instance isn't set up; the links of earlier starts end. Records the start either way.
pub async fn new_link(state: &AppState) -> ServiceResult<Option<String>> {
    let started = EventDraft::anonymous(Action::System).with("what", "start");
    let mut tx = state.db.begin_write().await?;
    storage::invitations::delete_set_up_links(tx.conn()).await?;
    let is_set_up = storage::instance::load(tx.conn()).await?.is_some_and(|row| row.set_up_at.is_some());
    let link = if is_set_up {
        None
    } else {
        let (token, token_hash) = random::token()?;
        storage::invitations::insert(tx.conn(), &invitation(token_hash, state.clock.now())?).await?;
        Some(format!("{}/sign-up#setup={token}", state.config.origin))
    };
    tx.record(started).await?;
    tx.commit().await?;
    Ok(link)
}

fn invitation(token_hash: [u8; 32], now: UnixMillis) -> ServiceResult<InvitationRow> {
    Ok(InvitationRow {
        id: InvitationId(random::bytes()?),
        token_hash,
        set_up: true,
        role: Role::Administrator,
        email: None,
        placeholder: None,
        created_by: None,
        created_at: now,
        // It ends with the next start at the latest; a link that outlives a month is not wanted.
        expires_at: now + 30 * DAY,
        used_by: None,
        withdrawn_at: None,
        mail_token_hash: None,
    })
}
