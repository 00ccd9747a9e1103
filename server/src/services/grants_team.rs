//! A team's grant goes on under the team's newest key: the entry is appended, and the wraps to the new key take the place of
//! those to the old one. What whoever left could have opened waits to be re-keyed.

use api_types::{GrantId, ReportId, audit::Action, grants::FollowTeam};
use crypto::{ids, report::Change};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::Actor,
    services::{
        access, grants, standing, teams_access, verify, versions,
        versions_check::{self, int},
    },
    storage,
};

/// `POST /reports/{id}/grants/{grant_id}/team-key`. Repeating it is harmless.
pub async fn follow(
    state: &AppState,
    actor: &Actor,
    report: ReportId,
    id: GrantId,
    body: FollowTeam,
) -> ServiceResult<()> {
    let now = state.clock.now();
    let seen = standing::of(state.db.read(), actor, report, now).await?;
    actor.may_read(seen.standing)?;
    let event = EventDraft::by(actor, Action::TeamKey).on(report).with("grant", id);
    // Before it is asked whether it is there: else the same entry, stored in between, looked like somebody else's.
    let mut loaded = versions::load_seen(state, seen, report, &[actor.account]).await?;
    if grants::repeated(state.db.read(), report, &body.entry.0).await? {
        return state.audit.record(event.with("repeated", true)).await;
    }
    let entry = grants::parse_entry(actor, report, &body.entry.0, now)?;
    if !matches!(&entry.claimed().change, Change::TeamKey(key) if key.grant.0 == id.0) {
        return Err(ServiceError::field("/entry", "does not bring this grant under another key"));
    }
    loaded.state.apply(&entry, &loaded.keys).map_err(|error| verify::chain_error(&error))?;
    let made = loaded.state.grant(&ids::GrantId(id.0)).cloned();
    let made = made.ok_or_else(|| ServiceError::Internal("a replayed grant is missing".into()))?;
    let key_epoch = made.team.as_ref().map_or(0, |team| team.recipient.key_epoch);

    let mut tx = state.db.begin_write().await?;
    if grants::stored_meanwhile(tx.conn(), report, &entry).await? {
        return tx.repeated(event).await;
    }
    versions::unchanged(state, tx.conn(), actor, &loaded).await?;
    grants::check_wraps(tx.conn(), &loaded, &made, &body.wraps).await?;
    grants::append(tx.conn(), &loaded.state, report, &entry, now).await?;
    storage::grants::set_team_epoch(tx.conn(), id, int(key_epoch)?).await?;
    storage::wraps::delete_for_grants(tx.conn(), &[id]).await?;
    let wraps = body.wraps.into_iter().map(|wrap| versions_check::wrap_row(ids::ReportId(report.0), wrap));
    storage::wraps::insert(tx.conn(), wraps.collect::<ServiceResult<_>>()?).await?;
    if let Some(grant) = storage::grants::get(tx.conn(), id).await? {
        teams_access::queue_rekey(tx.conn(), report, &grant, now).await?;
    }
    let changed = access::refresh(tx.conn(), report, now).await?;
    tx.record(event.with("epoch", key_epoch)).await?;
    changed.tell(&mut tx);
    tx.commit().await
}
