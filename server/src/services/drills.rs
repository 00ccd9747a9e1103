//! Restore drills: when one is due, and what is told of how it ended.

use api_types::{
    UnixMillis,
    audit::Action,
    backups::{Canary, Drill, DrillPlan},
};

use crate::{
    AppState, ServiceResult,
    audit::{EventDraft, enum_from_name},
    backup::drill::{self, Outcome},
    clock::{AHEAD, MINUTE},
    mail::MailKind,
    random,
    services::backups::tell_administrators,
    storage::{
        backups,
        drills::{self, CanaryState, DrillRow},
        lease_time,
    },
};

/// How long after its last sign of life another may begin.
const HELD: UnixMillis = 2 * MINUTE;

/// Whether one is to begin now. A snapshot of an earlier version can't be restored by this one: the first that was made since
/// this server started is waited for.
pub async fn is_due(state: &AppState, plan: &drill::DrillPlan) -> ServiceResult<bool> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let last = backups::newest(conn, true, now + AHEAD).await?;
    // A clock that was ahead at the start, and was set right since, would keep them away until it is as late as that.
    let started_at = state.started_at.min(now.saturating_sub(state.clock.runs_for()));
    if last.is_none_or(|last| last.began_at < started_at) {
        return Ok(false);
    }
    if drills::is_running(conn, lease_time::now(conn, &state.clock).await?).await? {
        return Ok(false);
    }
    Ok(plan.next(drills::newest(conn, now + AHEAD).await?.as_ref()) <= now)
}

/// Begins one; nothing where another server was faster.
pub async fn begin(state: &AppState, plan: &drill::DrillPlan) -> ServiceResult<Option<String>> {
    let now = state.clock.now();
    let id = hex::encode(random::bytes::<8>()?);
    let tx = state.db.begin_write().await?;
    let next = plan.next(drills::newest(tx.conn(), now + AHEAD).await?.as_ref());
    let taken = lease_time::now(tx.conn(), &state.clock).await?;
    if next > now || drills::is_running(tx.conn(), taken).await? {
        return Ok(None);
    }
    let row = DrillRow {
        id: id.clone(),
        began_at: now,
        leased_until: taken + HELD,
        ended_at: None,
        snapshot: None,
        restored: false,
        canary: CanaryState::None.name(),
        rows: 0,
        objects: 0,
        bytes: 0,
        error: None,
    };
    drills::insert(tx.conn(), row).await?;
    tx.commit().await?;
    Ok(Some(id))
}

/// It goes on.
pub async fn go_on(state: &AppState, id: &str) -> ServiceResult<()> {
    let tx = state.db.begin_write().await?;
    let now = lease_time::now(tx.conn(), &state.clock).await?;
    drills::extend(tx.conn(), id, now + HELD).await?;
    tx.commit().await
}

/// Those of servers that were stopped or killed have shown nothing.
pub async fn end_abandoned(state: &AppState) -> ServiceResult<()> {
    let now = lease_time::now(state.db.read(), &state.clock).await?;
    if !drills::any_abandoned(state.db.read(), now).await? {
        return Ok(());
    }
    let mut tx = state.db.begin_write().await?;
    let count = drills::delete_abandoned(tx.conn(), now).await?;
    tx.record(EventDraft::anonymous(Action::System).with("what", "drill_broke_off").with("count", count)).await?;
    tx.commit().await
}

/// Keeps what it showed; administrators hear of one that failed.
pub async fn end(state: &AppState, id: &str, outcome: &Outcome) -> ServiceResult<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let row = DrillRow {
        id: id.to_owned(),
        began_at: 0,
        leased_until: 0,
        ended_at: Some(state.clock.now()),
        snapshot: outcome.snapshot.as_ref().map(ToString::to_string),
        restored: outcome.restored,
        canary: outcome.canary.name(),
        rows: number(outcome.rows),
        objects: number(outcome.objects),
        bytes: number(outcome.bytes),
        error: outcome.error.clone(),
    };
    let mut tx = state.db.begin_write().await?;
    if !drills::end(tx.conn(), row).await? {
        return Ok(());
    }
    let what = if outcome.error.is_none() { "drill" } else { "drill_failed" };
    let event = EventDraft::anonymous(Action::System).with("what", what).with("restored", outcome.restored);
    let event = event.with("canary", outcome.canary.name()).with("rows", outcome.rows).with("objects", outcome.objects);
    let snapshot = outcome.snapshot.as_ref().map_or("none", |id| id.as_str());
    tx.record(event.with("snapshot", snapshot)).await?;
    match &outcome.error {
        Some(error) => {
            tracing::error!(%error, "a restore drill failed");
            tell_administrators(state, &mut tx, MailKind::DrillFailed).await?;
        }
        None => tracing::info!("a restore drill went well: {outcome}"),
    }
    tx.commit().await
}

/// The newest, for administrators.
pub async fn newest(state: &AppState) -> ServiceResult<Option<Drill>> {
    let row = drills::newest(state.db.read(), state.clock.now() + AHEAD).await?;
    Ok(row.map(shown))
}

fn shown(row: DrillRow) -> Drill {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    Drill {
        ended_at: row.ended_at.unwrap_or(row.began_at),
        began_at: row.began_at,
        snapshot: row.snapshot,
        restored: row.restored,
        canary: match enum_from_name(&row.canary).unwrap_or_default() {
            CanaryState::None => Canary::None,
            CanaryState::Opened => Canary::Opened,
            CanaryState::NotOpened => Canary::NotOpened,
        },
        rows: count(row.rows),
        objects: count(row.objects),
        bytes: count(row.bytes),
        error: row.error,
    }
}

/// What was decided, for administrators.
pub async fn plan(state: &AppState, plan: &drill::DrillPlan) -> ServiceResult<DrillPlan> {
    let newest = drills::newest(state.db.read(), state.clock.now() + AHEAD).await?;
    Ok(DrillPlan {
        every: plan.every.millis(),
        next_at: plan.next(newest.as_ref()).max(state.clock.now()),
        restores: plan.identity.is_some(),
        canary: plan.identity.is_some() && plan.canary.is_some(),
    })
}
