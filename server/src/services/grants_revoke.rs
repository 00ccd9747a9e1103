//! Ending access: the entry is appended, wraps go, ciphertext is denied, open pages close, all in one moment.
//!
//! Versions that a fallen grant ever opened wait in the re-key queue for the owner's client. A code that was never
//! redeemed and a bearer grant that was never claimed opened nothing, so they make no re-key due: what they would
//! have opened with is deleted here.

use std::collections::BTreeSet;

use api_types::{
    AccountId, ErrorCode, GrantId, ReportId, UnixMillis, audit::Action, grants::RevokeGrant, live::LiveKind,
};
use crypto::report::Change;
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    live,
    policy::Actor,
    services::{access, grants, rekey_due, standing, standing::covers, uploads_access, verify, versions},
    storage::{self, db::WriteTx, grants::Grant},
};

/// Revokes a grant and what descends from it. Repeating it is harmless.
pub async fn revoke(
    state: &AppState,
    actor: &Actor,
    report: ReportId,
    id: GrantId,
    body: RevokeGrant,
) -> ServiceResult<()> {
    let now = state.clock.now();
    let conn = state.db.read();
    let seen = standing::of(conn, actor, report, now).await?;
    let grant = storage::grants::get(conn, id).await?.filter(|grant| grant.report_id == report.0);
    let named = grant.as_ref().is_some_and(|grant| grant.recipient.as_deref() == Some(&actor.account.0));
    actor.may_revoke(seen.standing, named)?;
    if grant.is_none() {
        return Err(ErrorCode::NotFound.into());
    }
    let event = EventDraft::by(actor, Action::Revoke).on(report).with("grant", id);
    // Before it is asked whether the grant stands: else the same revocation, stored in between, looked like somebody else's entry.
    let mut loaded = versions::load_seen(state, seen, report, &[actor.account]).await?;
    if is_revoked(conn, id).await? {
        return state.audit.record(event.with("repeated", true)).await;
    }
    let entry = grants::parse_entry(actor, report, &body.entry.0, now)?;
    if !matches!(entry.claimed().change, Change::Revoke(revoked) if revoked.0 == id.0) {
        return Err(ServiceError::field("/entry", "does not revoke this grant"));
    }
    loaded.state.apply(&entry, &loaded.keys).map_err(|error| verify::chain_error(&error))?;

    let mut tx = state.db.begin_write().await?;
    if is_revoked(tx.conn(), id).await? {
        return tx.repeated(event).await;
    }
    versions::unchanged(state, tx.conn(), actor, &loaded).await?;
    let fallen = fallen(tx.conn(), report, id).await?;
    grants::append(tx.conn(), &loaded.state, report, &entry, now).await?;
    end(tx.conn(), report, id, &fallen, now).await?;
    uploads_access::end_of_outsiders(state, &mut tx, report).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    tx.record(event.with("fallen", fallen.len())).await?;
    changed.tell(&mut tx);
    tell_waiting(&mut tx, report, &fallen)?;
    tx.commit().await
}

/// Whether a grant was revoked, or fell with one above it.
async fn is_revoked(conn: &impl ConnectionTrait, id: GrantId) -> ServiceResult<bool> {
    Ok(storage::grants::get(conn, id).await?.is_some_and(|grant| grant.revoked_at.is_some()))
}

/// The grant and its descendants, as far as they stand.
async fn fallen(conn: &impl ConnectionTrait, report: ReportId, id: GrantId) -> ServiceResult<Vec<Grant>> {
    let mut ids: BTreeSet<Vec<u8>> = BTreeSet::from([id.0.to_vec()]);
    let mut fallen = Vec::new();
    let mut grants = storage::grants::of_report(conn, report).await?;
    // A child's entry always follows its parent's.
    grants.sort_by_key(|grant| grant.seq);
    for grant in grants {
        let descends = grant.parent.as_ref().is_some_and(|parent| ids.contains(parent));
        if descends {
            ids.insert(grant.id.clone());
        }
        if (descends || grant.id == id.0) && grant.revoked_at.is_none() {
            fallen.push(grant);
        }
    }
    Ok(fallen)
}

/// Takes away what fallen grants could open, and queues what they did.
async fn end(
    conn: &impl ConnectionTrait,
    report: ReportId,
    id: GrantId,
    fallen: &[Grant],
    now: UnixMillis,
) -> ServiceResult<()> {
    let ids = fallen.iter().map(|grant| storage::id("grants", "id", &grant.id).map(GrantId));
    let ids: Vec<GrantId> = ids.collect::<Result<_, _>>()?;
    storage::wraps::delete_for_grants(conn, &ids).await?;
    storage::grants::revoke(conn, &ids, now).await?;
    let opened: Vec<&Grant> = fallen.iter().filter(|grant| versions::was_live(grant)).collect();
    let held = |version: i32| opened.iter().any(|grant| covers(grant.versions_from, grant.versions_to, version));
    let due = rekey_due::after(conn, report, held).await?;
    storage::versions_rekey::add(conn, report, &due, id, now).await?;
    Ok(())
}

/// Recipients whose code still waited learn that there is nothing to wait for.
fn tell_waiting(tx: &mut WriteTx, report: ReportId, fallen: &[Grant]) -> ServiceResult<()> {
    for grant in fallen.iter().filter(|grant| !versions::was_live(grant)) {
        let Some(recipient) = &grant.recipient else { continue };
        let account = AccountId(storage::id("grants", "recipient", recipient)?);
        let id = GrantId(storage::id("grants", "id", &grant.id)?);
        tx.tell(account, live::report_event(LiveKind::AccessEnded, report, Some(id)));
    }
    Ok(())
}
