//! Backups as administrators see them, and the alerts about them.

use api_types::{
    UnixMillis,
    accounts::Role,
    audit::Action,
    backups::{BackupPlan, BackupStatus, FailedBackup, GoodBackup},
    instance::ErasedInBackups,
};

use crate::{
    AppState, ServiceResult,
    audit::EventDraft,
    backup::schedule,
    clock::{AHEAD, DAY},
    mail::MailKind,
    policy::Actor,
    services::{drills, notices},
    storage::{
        accounts, audit,
        backups::{self, Backup},
        db::WriteTx,
        lease_time,
    },
};

/// How long it is known that there was one.
pub const LISTED_FOR: UnixMillis = 400 * DAY;
/// What the audit calls it that there has been none for too long.
const OVERDUE: &str = "backup_overdue";
/// Why one has no end of its own.
const BROKE_OFF: &str = "it broke off: the process that made it ended";

/// `GET /admin/backups`.
pub async fn get(state: &AppState, actor: &Actor) -> ServiceResult<BackupStatus> {
    actor.may_administer()?;
    let (conn, now) = (state.db.read(), state.clock.now());
    let last = backups::newest(conn, true, now + AHEAD).await?;
    let failed = backups::newest(conn, false, now + AHEAD).await?;
    // To show it, the difference that was measured last is near enough.
    let running = backups::running(conn, now - state.membership.clock_ahead()).await?;
    let plan = state.config.backup.as_ref().map(|plan| (plan.next(last.as_ref(), failed.as_ref()), plan));
    let drill = state.config.backup.as_ref().and_then(|plan| plan.drill.as_ref());
    let drill_plan = match drill {
        Some(plan) => Some(drills::plan(state, plan).await?),
        None => None,
    };
    let status = BackupStatus {
        drill_plan,
        drill: drills::newest(state).await?,
        next_at: plan.as_ref().map(|(next, _)| (*next).max(now)),
        plan: state.config.backup.as_ref().map(planned),
        overdue: plan.is_some_and(|(_, plan)| plan.is_overdue(last.as_ref(), state.started_at, now)),
        failed: failed.filter(|failed| last.as_ref().is_none_or(|last| last.began_at < failed.began_at)).map(bad),
        last: last.map(good),
        running_since: running.map(|running| running.began_at),
    };
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "backups")).await?;
    Ok(status)
}

/// What backups hold of what is erased from now on. Those that are made by hand, or by another server of this database, have an
/// end that isn't known here.
pub async fn erased(state: &AppState) -> ServiceResult<Option<ErasedInBackups>> {
    if let Some(plan) = &state.config.backup {
        return Ok(Some(ErasedInBackups { days: plan.days_kept() }));
    }
    let known = backups::newest(state.db.read(), true, state.clock.now() + AHEAD).await?;
    Ok(known.map(|_| ErasedInBackups { days: None }))
}

/// As [`erased`] for what is erased now: the time after which this server's backups hold it no more, if there is one.
pub fn erased_until(state: &AppState) -> Option<UnixMillis> {
    let days = state.config.backup.as_ref()?.days_kept()?;
    Some(state.clock.now().saturating_add(DAY.saturating_mul(i64::from(days))))
}

fn planned(plan: &schedule::Schedule) -> BackupPlan {
    let [keep_hours, keep_days, keep_weeks] = plan.keep.map_or([0; 3], |keep| [keep.hours, keep.days, keep.weeks]);
    BackupPlan { every: plan.every.millis(), keep_hours, keep_days, keep_weeks }
}

fn good(row: Backup) -> GoodBackup {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    GoodBackup {
        snapshot: row.id,
        began_at: row.began_at,
        ended_at: row.ended_at.unwrap_or(row.began_at),
        bytes: count(row.bytes),
        new_bytes: count(row.new_bytes),
        blobs: count(row.blobs),
    }
}

fn bad(row: Backup) -> FailedBackup {
    let ended_at = row.ended_at.unwrap_or(row.began_at);
    FailedBackup { began_at: row.began_at, ended_at, error: row.error.unwrap_or_default() }
}

/// One round: whoever made a backup, another process perhaps, its end comes into the audit, and to administrators where there
/// is no snapshot.
pub async fn record_ended(state: &AppState) -> ServiceResult<()> {
    let now = lease_time::now(state.db.read(), &state.clock).await?;
    if !backups::any_to_record(state.db.read(), now).await? {
        return Ok(());
    }
    let mut tx = state.db.begin_write().await?;
    backups::end_abandoned(tx.conn(), now, BROKE_OFF).await?;
    for row in backups::unrecorded(tx.conn()).await? {
        let what = if row.error.is_none() { "backup" } else { "backup_failed" };
        let event = EventDraft::anonymous(Action::System).with("what", what).with("snapshot", &row.id);
        tx.record(event.with("blobs", row.blobs).with("bytes", row.bytes).with("new_bytes", row.new_bytes)).await?;
        backups::set_recorded(tx.conn(), &row.id).await?;
        if let Some(error) = &row.error {
            tracing::error!(%error, "a backup failed");
            tell_administrators(state, &mut tx, MailKind::BackupFailed).await?;
        }
    }
    tx.commit().await
}

/// There has been none for too long. Said once for as long, whichever server sees it first.
pub async fn alert_overdue(state: &AppState) -> ServiceResult<()> {
    let mut tx = state.db.begin_write().await?;
    let now = state.clock.now();
    let last = backups::newest(tx.conn(), true, now + AHEAD).await?;
    let since = last.map_or(0, |last| last.ended_at.unwrap_or(last.began_at));
    let since = since.max(now - schedule::TOLD_EVERY + 1);
    // By a clock that was ahead it was said of another time: rather once too often.
    if audit::is_said(tx.conn(), &format!("what={OVERDUE}"), since..now + AHEAD).await? {
        return Ok(());
    }
    tracing::error!("a backup is overdue");
    tx.record(EventDraft::anonymous(Action::System).with("what", OVERDUE)).await?;
    tell_administrators(state, &mut tx, MailKind::BackupOverdue).await?;
    tx.commit().await
}

/// Tells every administrator.
pub async fn tell_administrators(state: &AppState, tx: &mut WriteTx, kind: MailKind) -> ServiceResult<()> {
    for account in accounts::active_with_role(tx.conn(), Role::Administrator).await? {
        notices::tell_id(state, tx, account, kind).await?;
    }
    Ok(())
}

/// When the newest was begun, if the server is to begin another now.
pub async fn due(state: &AppState, plan: &schedule::Schedule) -> ServiceResult<Option<UnixMillis>> {
    let (conn, now) = (state.db.read(), state.clock.now());
    let last = backups::newest(conn, true, now + AHEAD).await?;
    let failed = backups::newest(conn, false, now + AHEAD).await?;
    let running = backups::running(conn, lease_time::now(conn, &state.clock).await?).await?;
    let is_due = running.is_none() && plan.next(last.as_ref(), failed.as_ref()) <= now;
    let newest = last.iter().chain(&failed).map(|row| row.began_at).max();
    Ok(is_due.then(|| newest.unwrap_or_default()))
}

/// Whether there has been none for too long.
pub async fn is_overdue(state: &AppState, plan: &schedule::Schedule) -> ServiceResult<bool> {
    let now = state.clock.now();
    let last = backups::newest(state.db.read(), true, now + AHEAD).await?;
    Ok(plan.is_overdue(last.as_ref(), state.started_at, now))
}
