//! Claiming a bearer grant: whoever arrives with the invitation's secret takes it into their account; where it is the
//! patient's own grant, custody of the report passes with it.

use api_types::{
    AccountId, ErrorCode, GrantId, PlaceholderId, ReportId,
    audit::Action,
    grants::{ClaimGrant, GrantKind, GrantState},
    live::LiveKind,
};
use crypto::report::{AccessEntry, Change};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    live,
    policy::{Actor, WaitingGrant},
    services::{
        access::{self, grant_state},
        fields, grants, quotas, standing, verify, versions,
    },
    storage::{self, grants::Grant},
};

/// The caller's standing towards a grant that waits to be taken.
pub async fn waiting(conn: &impl ConnectionTrait, actor: &Actor, grant: &Grant) -> ServiceResult<WaitingGrant> {
    let named = grant.recipient.as_deref() == Some(&actor.account.0);
    let holds_placeholder = match (&grant.recipient, &grant.placeholder) {
        (None, Some(placeholder)) => {
            let placeholder = PlaceholderId(storage::id("grants", "placeholder", placeholder)?);
            storage::invitations::binds(conn, placeholder, actor.account).await?
        }
        _ => false,
    };
    Ok(WaitingGrant { named, holds_placeholder })
}

/// Takes a bearer grant. Repeating it is harmless.
pub async fn claim(
    state: &AppState,
    actor: &Actor,
    report: ReportId,
    id: GrantId,
    body: ClaimGrant,
) -> ServiceResult<()> {
    let now = state.clock.now();
    let conn = state.db.read();
    let grant = storage::grants::get(conn, id).await?.filter(|grant| grant.report_id == report.0);
    let grant = grant.ok_or(ErrorCode::NotFound)?;
    actor.may_take(waiting(conn, actor, &grant).await?)?;
    if storage::name::<GrantKind>("grants", "kind", &grant.kind)? != GrantKind::Bearer {
        return Err(ErrorCode::NotFound.into());
    }
    fields::blob("/seed", &body.seed.0, grants::SEED_MAX)?;
    let waits = match grant_state(&grant, now)? {
        GrantState::Pending => true,
        GrantState::Live => false,
        GrantState::Expired => return Err(ErrorCode::ShareExpired.into()),
        _ => return Err(ErrorCode::Gone.into()),
    };
    let event = EventDraft::by(actor, Action::Claim).on(report).with("grant", id);
    let seen = standing::of(conn, actor, report, now).await?;
    // Before it is asked whether it was claimed: else the same claim, stored in between, looked like somebody else's entry.
    let mut loaded = versions::load_seen(state, seen, report, &[actor.account]).await?;
    let entry = verify::parse::<AccessEntry>("/entry", &body.entry.0)?;
    if !matches!(&entry.claimed().change, Change::Claim(claim) if claim.grant.0 == id.0) {
        return Err(ServiceError::field("/entry", "does not claim this grant"));
    }
    if grants::repeated(conn, report, &body.entry.0).await? {
        return state.audit.record(event.with("repeated", true)).await;
    }
    if !waits {
        return Err(ErrorCode::Gone.into());
    }
    grants::check_new(actor, report, entry.claimed(), now)?;
    let before = AccountId(loaded.state.owner().0);
    loaded.state.apply(&entry, &loaded.keys).map_err(|error| verify::chain_error(&error))?;

    let mut tx = state.db.begin_write().await?;
    if grants::stored_meanwhile(tx.conn(), report, &entry).await? {
        return tx.repeated(event).await;
    }
    versions::unchanged(state, tx.conn(), actor, &loaded).await?;
    // The account may have been deleted since the request was let in.
    grants::check_recipient(tx.conn(), actor.account).await?;
    grants::append(tx.conn(), &loaded.state, report, &entry, now).await?;
    storage::grants::claimed(tx.conn(), id, actor.account, now).await?;
    storage::grants::put_seed(tx.conn(), id, body.seed.0).await?;
    grants::sync_rights(tx.conn(), &loaded.state).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    let owner = AccountId(loaded.state.owner().0);
    tx.record(event.with("owner", owner)).await?;
    quotas::tell(state, &mut tx, owner).await?;
    changed.tell(&mut tx);
    tx.tell(before, live::report_event(LiveKind::ShareRedeemed, report, Some(id)));
    tx.commit().await
}
