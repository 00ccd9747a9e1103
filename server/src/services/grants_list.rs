//! Who has access, and what waits for the caller.

use std::collections::{BTreeSet, HashMap};

use api_types::{
    AccountId, GrantId, ReportId, TeamId, UnixMillis,
    audit::Action,
    grants::{GrantInfo, GrantKind, GrantList, GrantState},
};
use crypto::audit::what;
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{access::grant_state, reading::Reading, standing},
    storage::{self, grants::Grant},
};

/// Every grant of a report, newest first: whoever reads a report may know who else does.
pub async fn of_report(
    state: &AppState,
    actor: &Actor,
    reading: Reading,
    report: ReportId,
) -> ServiceResult<GrantList> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let seen = standing::of(conn, actor, report, now).await?;
    actor.may_read(seen.standing)?;
    let grants = storage::grants::of_report(conn, report).await?;
    let items = infos(conn, grants, now).await?;
    state.audit.record(reading.event(state, actor, Action::Read, Some(report), what::GRANTS)?).await?;
    Ok(GrantList { items })
}

/// Shares to the caller that wait, have expired or are locked.
pub async fn to_me(state: &AppState, actor: &Actor) -> ServiceResult<GrantList> {
    actor.active()?;
    let (conn, now) = (state.db.read(), state.clock.now());
    let grants = storage::grants::waiting_for(conn, actor.account).await?;
    let items = infos(conn, grants, now).await?;
    let event = EventDraft::by(actor, Action::List).with("of", "grants");
    state.audit.record(event.delivered(items.iter().map(|item| &item.id.0[..]))).await?;
    Ok(GrantList { items })
}

async fn infos(conn: &impl ConnectionTrait, grants: Vec<Grant>, now: UnixMillis) -> ServiceResult<Vec<GrantInfo>> {
    let mut accounts = BTreeSet::new();
    for grant in &grants {
        accounts.insert(AccountId(storage::id("grants", "granted_by", &grant.granted_by)?));
        accounts.extend(recipient(grant)?);
    }
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    let names = storage::accounts::names(conn, &accounts).await?;
    grants.iter().map(|grant| info(grant, &names, now)).collect()
}

fn recipient(grant: &Grant) -> ServiceResult<Option<AccountId>> {
    let id = grant.recipient.as_deref().map(|id| storage::id("grants", "recipient", id));
    Ok(id.transpose()?.map(AccountId))
}

fn info(grant: &Grant, names: &HashMap<AccountId, String>, now: UnixMillis) -> ServiceResult<GrantInfo> {
    let kind = storage::name("grants", "kind", &grant.kind)?;
    let state = grant_state(grant, now)?;
    let granted_by = AccountId(storage::id("grants", "granted_by", &grant.granted_by)?);
    let recipient = recipient(grant)?;
    let name = |id: AccountId| names.get(&id).cloned();
    let counts = kind == GrantKind::Code && matches!(state, GrantState::Pending | GrantState::Locked);
    Ok(GrantInfo {
        id: GrantId(storage::id("grants", "id", &grant.id)?),
        report_id: ReportId(storage::id("grants", "report_id", &grant.report_id)?),
        kind,
        state,
        right: storage::name("grants", "right", &grant.right)?,
        granted_by,
        granted_by_name: name(granted_by).unwrap_or_default(),
        recipient,
        recipient_name: recipient.and_then(name),
        team: grant.team_id.as_deref().map(|id| storage::id("grants", "team_id", id)).transpose()?.map(TeamId),
        created_at: grant.created_at,
        expires_at: grant.expires_at,
        tries_left: grant.tries_left.filter(|_| counts).map(i32::unsigned_abs),
        redeemed_at: grant.redeemed_at,
        revoked_at: grant.revoked_at,
    })
}
