//! Giving access: new entries of a report's access chain, and the rows that the server derives from them.

use std::collections::BTreeSet;

use api_types::{
    AccountId, ErrorCode, GrantId, ReportId, TeamId, UnixMillis,
    accounts::{AccountStatus, Role},
    audit::Action,
    grants::{CreateGrant, GrantKind, Right, Wrap},
    limits::{CODE_TRIES, SHARE_MAX_MS, SHARE_MIN_MS},
    live::LiveKind,
    teams::TeamMemberState,
};
use crypto::{
    encoding::sha256,
    ids,
    report::{AccessEntry, AccessState, Change, GrantState, Recipient, RevisionPlace},
    sign::Signed,
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    live,
    mail::MailKind,
    policy::Actor,
    services::{
        access, notices, standing, teams,
        verify::{self, CLOCK_LEEWAY},
        versions::{self, Loaded},
        versions_check::{self, int},
    },
    storage::{
        self,
        db::WriteTx,
        grants::Grant,
        reports::{Entry, Head},
    },
};

/// Largest sealed or resealed grant seed.
pub const SEED_MAX: usize = 4096;

/// A recipient must be an active doctor or patient: administrators hold no wraps.
pub async fn check_recipient(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<()> {
    let Some(row) = storage::accounts::get(conn, account).await? else {
        let device = storage::devices::exists(conn, account).await?;
        let what = if device { "names a device, which only sends" } else { "names an account that does not exist" };
        return Err(ServiceError::field("/entry", what));
    };
    match row.status {
        AccountStatus::Active => {}
        AccountStatus::Deleted => return Err(ErrorCode::AccountDeleted.into()),
        AccountStatus::Disabled => return Err(ErrorCode::RecipientDisabled.into()),
        AccountStatus::Pending | AccountStatus::Refused => {
            return Err(ServiceError::field("/entry", "names an account that is not active"));
        }
    }
    if row.role == Role::Administrator {
        return Err(ServiceError::field("/entry", "administrators take no part in reports"));
    }
    Ok(())
}

/// Custody passes to patients: a report is its patient's, and no second doctor's.
async fn check_custodian(conn: &impl ConnectionTrait, entry: &AccessEntry) -> ServiceResult<()> {
    let Change::Custody(custody) = &entry.change else { return Ok(()) };
    let row = storage::accounts::get(conn, AccountId(custody.recipient.account.0)).await?;
    let is_patient = row.is_some_and(|row| row.role == Role::Patient);
    if is_patient { Ok(()) } else { Err(ServiceError::field("/entry", "custody passes to patients only")) }
}

/// Parses a new entry and checks that it is the caller's, of this report and of now.
pub fn parse_entry(
    actor: &Actor,
    report: ReportId,
    blob: &[u8],
    now: UnixMillis,
) -> ServiceResult<Signed<AccessEntry>> {
    let entry: Signed<AccessEntry> = verify::parse("/entry", blob)?;
    check_new(actor, report, entry.claimed(), now)?;
    Ok(entry)
}

/// Checks that a new entry is the caller's, of this report and of now.
pub fn check_new(actor: &Actor, report: ReportId, entry: &AccessEntry, now: UnixMillis) -> ServiceResult<()> {
    if entry.report.0 != report.0 {
        return Err(ServiceError::field("/entry", "belongs to another report"));
    }
    if entry.author.0 != actor.account.0 {
        return Err(ServiceError::because(ErrorCode::Forbidden, "the entry names another author"));
    }
    verify::fresh(entry, now)
}

/// Whether this very entry is in the chain already: the answer to the first request was lost.
pub async fn repeated(conn: &impl ConnectionTrait, report: ReportId, blob: &[u8]) -> ServiceResult<bool> {
    Ok(storage::reports::entries(conn, report).await?.iter().any(|entry| entry == blob))
}

/// Whether this very entry was stored since it was checked: the same request was sent twice, and both were on their way.
pub async fn stored_meanwhile(
    conn: &impl ConnectionTrait,
    report: ReportId,
    entry: &Signed<AccessEntry>,
) -> ServiceResult<bool> {
    let there = storage::reports::entry(conn, report, seq(entry.claimed().seq)?).await?;
    Ok(there.is_some_and(|there| there == entry.as_bytes()))
}

/// Makes a grant, or passes custody on.
pub async fn create(state: &AppState, actor: &Actor, report: ReportId, body: CreateGrant) -> ServiceResult<()> {
    let now = state.clock.now();
    let seen = standing::of(state.db.read(), actor, report, now).await?;
    actor.may_share(seen.standing)?;
    let entry: Signed<AccessEntry> = verify::parse("/entry", &body.entry.0)?;
    let named = verify::named_in(entry.claimed());
    let mut loaded = versions::load_seen(state, seen, report, &named).await?;
    if let Some(team) = verify::team_of(entry.claimed()) {
        verify::add_team(state.db.read(), &mut loaded.keys, team).await?;
        teams::not_dissolved(state.db.read(), team).await?;
    }
    if repeated(state.db.read(), report, &body.entry.0).await? {
        return state.audit.record(shared(actor, report).with("repeated", true)).await;
    }
    let entry = parse_entry(actor, report, &body.entry.0, now)?;
    if let Some(recipient) = verify::recipient_of(entry.claimed()) {
        check_recipient(state.db.read(), recipient).await?;
    }
    check_custodian(state.db.read(), entry.claimed()).await?;
    loaded.state.apply(&entry, &loaded.keys).map_err(|error| verify::chain_error(&error))?;
    let made = made_by(&loaded.state, entry.claimed())?;
    check_code(&made, body.sealed_seed.as_ref().map(|seed| &seed.0[..]), now)?;
    commit(state, actor, &loaded, &entry, &made, body, now).await
}

fn shared(actor: &Actor, report: ReportId) -> EventDraft {
    EventDraft::by(actor, Action::Share).on(report)
}

/// The grant that an entry made.
fn made_by(state: &AccessState, entry: &AccessEntry) -> ServiceResult<GrantState> {
    let id = match &entry.change {
        Change::Grant(grant) => grant.id,
        Change::Custody(custody) => custody.grant,
        _ => return Err(ServiceError::field("/entry", "is not a grant")),
    };
    let made = state.grant(&id).cloned();
    made.ok_or_else(|| ServiceError::Internal("a replayed grant is missing".into()))
}

/// A code grant brings its sealed seed and ends within 30 days; no other brings one.
fn check_code(made: &GrantState, sealed_seed: Option<&[u8]>, now: UnixMillis) -> ServiceResult<()> {
    let Recipient::Code { sealed_seed: expected, .. } = &made.grant.recipient else {
        let stray = sealed_seed.is_some();
        return if stray { Err(ServiceError::field("/sealed_seed", "belongs to code grants")) } else { Ok(()) };
    };
    let seed = sealed_seed.ok_or_else(|| ServiceError::field("/sealed_seed", "is missing"))?;
    if seed.len() > SEED_MAX {
        return Err(ServiceError::field("/sealed_seed", format!("has at most {SEED_MAX} bytes")));
    }
    if sha256(seed) != *expected {
        return Err(ServiceError::because(ErrorCode::DigestMismatch, "the sealed seed is not the one the entry names"));
    }
    let life = made.grant.expires_at - now;
    let allowed = SHARE_MIN_MS - CLOCK_LEEWAY..=SHARE_MAX_MS + CLOCK_LEEWAY;
    if made.grant.expires_at == 0 || !allowed.contains(&life) {
        return Err(ServiceError::field("/entry", "a code share lives 1 hour to 30 days"));
    }
    Ok(())
}

async fn commit(
    state: &AppState,
    actor: &Actor,
    loaded: &Loaded,
    entry: &Signed<AccessEntry>,
    made: &GrantState,
    body: CreateGrant,
    now: UnixMillis,
) -> ServiceResult<()> {
    let report = loaded.chain.report();
    let row = row(&loaded.state, made, now)?;
    let (id, kind) = (GrantId(made.grant.id.0), row.kind.clone());
    let mut tx = state.db.begin_write().await?;
    if stored_meanwhile(tx.conn(), report, entry).await? {
        return tx.repeated(shared(actor, report)).await;
    }
    versions::unchanged(state, tx.conn(), actor, loaded).await?;
    // It may have been deleted meanwhile.
    if let Some(recipient) = verify::recipient_of(entry.claimed()) {
        check_recipient(tx.conn(), recipient).await?;
    }
    if let Some(team) = verify::team_of(entry.claimed()) {
        teams::not_dissolved(tx.conn(), team).await?;
    }
    check_wraps(tx.conn(), loaded, made, &body.wraps).await?;
    check_unused(tx.conn(), std::slice::from_ref(&row)).await?;
    append(tx.conn(), &loaded.state, report, entry, now).await?;
    storage::grants::insert(tx.conn(), vec![row]).await?;
    if let Some(seed) = body.sealed_seed {
        storage::grants::put_sealed_seed(tx.conn(), id, seed.0).await?;
    }
    let wraps = body.wraps.into_iter().map(|wrap| versions_check::wrap_row(ids::ReportId(report.0), wrap));
    storage::wraps::insert(tx.conn(), wraps.collect::<ServiceResult<_>>()?).await?;
    sync_rights(tx.conn(), &loaded.state).await?;
    let changed = access::refresh(tx.conn(), report, now).await?;
    tx.record(shared(actor, report).with("grant", id).with("kind", kind)).await?;
    tell(state, actor, &mut tx, &made.grant.recipient).await?;
    changed.tell(&mut tx);
    if let Recipient::Code { account, .. } = &made.grant.recipient {
        tx.tell(AccountId(account.0), live::report_event(LiveKind::ShareArrived, report, Some(id)));
    }
    tx.commit().await
}

/// Whoever is given something by somebody else is told by mail, without what, and from whom.
pub async fn tell(state: &AppState, actor: &Actor, tx: &mut WriteTx, to: &Recipient) -> ServiceResult<()> {
    let account = match to {
        Recipient::Team(team) => return tell_team(state, actor, tx, TeamId(team.team.0)).await,
        Recipient::Account(recipient) => AccountId(recipient.account.0),
        Recipient::Code { account, .. } => AccountId(account.0),
        // Nobody's address is known.
        Recipient::Bearer { .. } => return Ok(()),
    };
    // Nobody is told of what a machine of their own sent.
    if account == actor.account || actor.device_of == Some(account) {
        return Ok(());
    }
    notices::tell_id(state, tx, account, MailKind::ReportShared).await
}

async fn tell_team(state: &AppState, actor: &Actor, tx: &mut WriteTx, team: TeamId) -> ServiceResult<()> {
    for member in storage::team_members::of_team(tx.conn(), team).await? {
        if member.state == TeamMemberState::Member && member.account != actor.account {
            notices::tell_id(state, tx, member.account, MailKind::ReportShared).await?;
        }
    }
    Ok(())
}

/// Exactly one wrap for the current revision of each version that the grant covers.
pub async fn check_wraps(
    conn: &impl ConnectionTrait,
    loaded: &Loaded,
    made: &GrantState,
    wraps: &[Wrap],
) -> ServiceResult<()> {
    let report = loaded.chain.report();
    let revisions = storage::versions::revisions(conn, report).await?;
    let revisions = revisions.iter().map(|(version, revision)| (version.unsigned_abs(), revision.unsigned_abs()));
    let wanted: BTreeSet<_> = revisions.filter(|(version, _)| made.grant.versions.contains(*version)).collect();
    let sent: BTreeSet<_> = wraps.iter().map(|wrap| (wrap.version, wrap.revision)).collect();
    if sent.len() != wraps.len() {
        return Err(ServiceError::field("/wraps", "holds two wraps for one version"));
    }
    if sent != wanted {
        let detail = "there must be one wrap for the current revision of each version that the grant covers";
        return Err(ServiceError::because(ErrorCode::Conflict, detail));
    }
    for wrap in wraps {
        if wrap.grant_id.0 != made.grant.id.0 {
            return Err(ServiceError::field("/wraps", "is for another grant"));
        }
        let place = RevisionPlace { report: ids::ReportId(report.0), version: wrap.version, revision: wrap.revision };
        versions_check::check_wrap(&place, wrap, &loaded.state, &loaded.keys)?;
    }
    Ok(())
}

/// Appends a replayed entry to the stored chain and moves its head.
pub async fn append(
    conn: &impl ConnectionTrait,
    state: &AccessState,
    report: ReportId,
    entry: &Signed<AccessEntry>,
    now: UnixMillis,
) -> ServiceResult<()> {
    storage::reports::insert_entries(conn, vec![entry_row(report, entry, now)?]).await?;
    let entries = seq(state.seq())?;
    let head = Head { hash: state.head().0, entries, owner: AccountId(state.owner().0) };
    storage::reports::set_head(conn, report, head, now).await?;
    Ok(())
}

fn seq(seq: u64) -> ServiceResult<i32> {
    int(u32::try_from(seq).unwrap_or(u32::MAX))
}

/// The row of an entry.
pub fn entry_row(report: ReportId, entry: &Signed<AccessEntry>, now: UnixMillis) -> ServiceResult<Entry> {
    let claimed = entry.claimed();
    Ok(Entry {
        report_id: report.0.to_vec(),
        seq: seq(claimed.seq)?,
        hash: entry.hash().0.to_vec(),
        author: claimed.author.0.to_vec(),
        created_at: now,
        entry: entry.as_bytes().to_vec(),
    })
}

/// The row of a replayed grant that is new.
pub fn row(state: &AccessState, grant: &GrantState, now: UnixMillis) -> ServiceResult<Grant> {
    let (kind, placeholder) = match &grant.grant.recipient {
        Recipient::Account(_) => (GrantKind::Account, None),
        Recipient::Code { .. } => (GrantKind::Code, None),
        Recipient::Bearer { placeholder, .. } => (GrantKind::Bearer, Some(placeholder.0.to_vec())),
        Recipient::Team(_) => (GrantKind::Team, None),
    };
    let team = grant.team.as_ref().map(|team| team.recipient);
    Ok(Grant {
        id: grant.grant.id.0.to_vec(),
        report_id: state.report().0.to_vec(),
        seq: seq(grant.seq)?,
        kind: enum_name(&kind),
        recipient: grant.holder().map(|account| account.0.to_vec()),
        placeholder,
        right: enum_name(&right(worth(state, grant))),
        versions_from: int(grant.grant.versions.from)?,
        versions_to: i32::try_from(grant.grant.versions.to).ok(),
        parent: grant.grant.parent.map(|parent| parent.0.to_vec()),
        granted_by: grant.issued_by.0.to_vec(),
        created_at: now,
        expires_at: grant.grant.expires_at,
        ends_at: ends_at(state, grant),
        tries_left: (kind == GrantKind::Code).then_some(CODE_TRIES as i32),
        proved_at: None,
        redeemed_at: None,
        requested_at: None,
        revoked_at: None,
        team_id: team.map(|team| team.team.0.to_vec()),
        team_epoch: team.map(|team| int(team.key_epoch)).transpose()?,
    })
}

/// The earliest end of a grant and of those it was issued under; 0 for never.
fn ends_at(state: &AccessState, grant: &GrantState) -> UnixMillis {
    let mut end = grant.grant.expires_at;
    let mut parent = grant.grant.parent;
    while let Some(above) = parent.and_then(|id| state.grant(&id)) {
        let other = above.grant.expires_at;
        end = if end == 0 || (other != 0 && other < end) { other } else { end };
        parent = above.grant.parent;
    }
    end
}

/// The wire form of a right.
pub fn right(right: crypto::report::Right) -> Right {
    use crypto::report::Right as Signed;
    match right {
        Signed::View => Right::View,
        Signed::Contribute => Right::Contribute,
        Signed::Reshare => Right::Reshare,
        Signed::Own => Right::Own,
    }
}

/// What a grant is worth to whoever holds it, or will once it is claimed.
fn worth(state: &AccessState, grant: &GrantState) -> crypto::report::Right {
    if grant.holder().is_some() { state.effective_right(grant) } else { grant.grant.right }
}

/// Own grants of people who no longer own the report are worth less.
pub async fn sync_rights(conn: &impl ConnectionTrait, state: &AccessState) -> ServiceResult<()> {
    let changed: Vec<_> = state.grants().filter(|grant| worth(state, grant) != grant.grant.right).collect();
    let Some(first) = changed.first() else { return Ok(()) };
    let right = right(worth(state, first));
    let ids: Vec<_> = changed.iter().map(|grant| GrantId(grant.grant.id.0)).collect();
    storage::grants::set_right(conn, &ids, right).await?;
    Ok(())
}

/// Grant ids are random; one that is taken in another report is refused by name.
pub async fn check_unused(conn: &impl ConnectionTrait, rows: &[Grant]) -> ServiceResult<()> {
    for row in rows {
        let id = GrantId(storage::id("grants", "id", &row.id)?);
        if storage::grants::get(conn, id).await?.is_some() {
            return Err(ServiceError::because(ErrorCode::Conflict, "a grant with this id exists"));
        }
    }
    Ok(())
}
