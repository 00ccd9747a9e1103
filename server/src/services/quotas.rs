//! How much accounts may store. Asked where an upload begins, in the transaction that begins it, so that two at once can't both
//! take the last room. What is stored stays, whatever the limit becomes.
//!
//! The reports' owner pays: for what others add to an own report as well. What a device uploads is its owner's until the report
//! is there, as if they had written it. Two things are never refused: new keys after a revocation, since access must end whatever
//! is stored, and a finished report by a doctor, or a doctor's device, about a patient whose space is full, since its uploads
//! were admitted as the doctor's own.

use api_types::{
    AccountId, ErrorCode, ReportId,
    accounts::AccountStatus,
    audit::Action,
    limits::{QUOTA_MIN, QUOTA_URGENT_PERCENT, QUOTA_WARN_PERCENT},
    quotas::{AccountQuota, Quota, QuotaDefault, QuotaRule, SetQuota},
};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    mail::MailKind,
    policy::Actor,
    services::{confirmation, notices},
    storage::{
        self, accounts,
        db::WriteTx,
        quotas::{self as store, Rule},
        reports,
        uploads::Upload,
    },
};

/// `GET /account/quota`.
pub async fn own(state: &AppState, actor: &Actor) -> ServiceResult<Quota> {
    actor.active()?;
    let quota = of(state, state.db.read(), actor.account).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "quota")).await?;
    Ok(quota)
}

/// What an account stores and may.
async fn of(state: &AppState, conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<Quota> {
    let limit = limit(state, conn, account).await?;
    Ok(Quota { used: store::used(conn, account).await?, limit })
}

async fn limit(state: &AppState, conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<Option<u64>> {
    Ok(match store::of_account(conn, account).await? {
        Rule::Limited(bytes) => Some(bytes),
        Rule::Unlimited => None,
        Rule::Inherited => limit_of_all(state, store::of_all(conn).await?),
    })
}

fn limit_of_all(state: &AppState, rule: Rule) -> Option<u64> {
    match rule {
        Rule::Limited(bytes) => Some(bytes),
        Rule::Unlimited => None,
        Rule::Inherited => state.config.quota.map(crate::size::Size::bytes),
    }
}

/// In whose space lies what somebody uploads for a report: in that of its owner, and in their own where it isn't there yet.
pub async fn payer(conn: &impl ConnectionTrait, report: ReportId, author: AccountId) -> ServiceResult<AccountId> {
    Ok(match reports::get(conn, report).await? {
        Some(row) => AccountId(storage::id("reports", "owner", &row.owner)?),
        None => author,
    })
}

/// In whose space an upload lies.
pub async fn payer_of(conn: &impl ConnectionTrait, upload: &Upload) -> ServiceResult<AccountId> {
    let report = ReportId(storage::id("uploads", "report_id", &upload.report_id)?);
    payer(conn, report, AccountId(storage::id("uploads", "account_id", &upload.account_id)?)).await
}

/// Whether so many bytes more fit into the space of whoever pays for them; in the transaction that stores them.
pub async fn admit(
    state: &AppState,
    conn: &impl ConnectionTrait,
    actor: &Actor,
    payer: AccountId,
    bytes: u64,
) -> ServiceResult<()> {
    let Some(limit) = limit(state, conn, payer).await? else { return Ok(()) };
    let used = store::used(conn, payer).await?;
    if used.saturating_add(bytes) <= limit {
        return Ok(());
    }
    // How much somebody else stores is theirs to know.
    let quota = (payer == actor.account).then_some(Quota { used, limit: Some(limit) });
    Err(ServiceError::QuotaExceeded { quota })
}

/// Tells an account once when it crosses a mark; in the transaction that stores something for it, or takes something away.
pub async fn tell(state: &AppState, tx: &mut WriteTx, account: AccountId) -> ServiceResult<()> {
    let Some(limit) = limit(state, tx.conn(), account).await? else { return Ok(()) };
    let warned = store::warned(tx.conn(), account).await?;
    let mark = mark(store::used(tx.conn(), account).await?, limit);
    if mark == warned {
        return Ok(());
    }
    store::set_warned(tx.conn(), account, mark, state.clock.now()).await?;
    if mark < warned {
        return Ok(());
    }
    let kind = if mark >= QUOTA_URGENT_PERCENT { MailKind::SpaceNearlyUsed } else { MailKind::SpaceRunsOut };
    notices::tell_id(state, tx, account, kind).await
}

/// The highest mark that is reached.
fn mark(used: u64, limit: u64) -> u64 {
    let reached = |percent: u64| u128::from(used) * 100 >= u128::from(limit) * u128::from(percent);
    [QUOTA_URGENT_PERCENT, QUOTA_WARN_PERCENT].into_iter().find(|percent| reached(*percent)).unwrap_or(0)
}

fn shown(rule: Rule) -> QuotaRule {
    match rule {
        Rule::Inherited => QuotaRule::Inherited,
        Rule::Unlimited => QuotaRule::Unlimited,
        Rule::Limited(_) => QuotaRule::Limited,
    }
}

fn parse(body: &SetQuota) -> ServiceResult<Rule> {
    match (body.rule, body.bytes) {
        (QuotaRule::Inherited, None) => Ok(Rule::Inherited),
        (QuotaRule::Unlimited, None) => Ok(Rule::Unlimited),
        (QuotaRule::Limited, Some(bytes)) if (QUOTA_MIN..=i64::MAX.unsigned_abs()).contains(&bytes) => {
            Ok(Rule::Limited(bytes))
        }
        (QuotaRule::Limited, _) => {
            Err(ServiceError::field("/bytes", format!("a limit has at least {QUOTA_MIN} bytes")))
        }
        (QuotaRule::Inherited | QuotaRule::Unlimited, Some(_)) => {
            Err(ServiceError::field("/bytes", "goes with the rule limited alone"))
        }
    }
}

fn said(event: EventDraft, rule: Rule) -> EventDraft {
    match rule {
        Rule::Inherited => event.with("rule", "inherited"),
        Rule::Unlimited => event.with("rule", "unlimited"),
        Rule::Limited(bytes) => event.with("rule", "limited").with("bytes", bytes),
    }
}

/// `GET /admin/quota`.
pub async fn of_all(state: &AppState, actor: &Actor) -> ServiceResult<QuotaDefault> {
    actor.may_administer()?;
    let rule = store::of_all(state.db.read()).await?;
    state.audit.record(EventDraft::by(actor, Action::Read).with("what", "default_quota")).await?;
    Ok(QuotaDefault { rule: shown(rule), limit: limit_of_all(state, rule) })
}

/// `PUT /admin/quota`.
pub async fn set_of_all(state: &AppState, actor: &Actor, body: SetQuota) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let rule = parse(&body)?;
    let mut tx = state.db.begin_write().await?;
    store::set_all(tx.conn(), rule, state.clock.now()).await?;
    tx.record(said(EventDraft::by(actor, Action::System).with("what", "default_quota"), rule)).await?;
    tx.commit().await
}

/// `GET /admin/accounts/{id}/quota`.
pub async fn of_account(state: &AppState, actor: &Actor, account: AccountId) -> ServiceResult<AccountQuota> {
    actor.may_administer()?;
    let conn = state.db.read();
    there(conn, account).await?;
    let rule = store::of_account(conn, account).await?;
    let Quota { used, limit } = of(state, conn, account).await?;
    let event = EventDraft::by(actor, Action::LookUp).with("by", "quota").delivered([&account.0[..]]);
    state.audit.record(event).await?;
    Ok(AccountQuota { rule: shown(rule), used, limit })
}

/// `PUT /admin/accounts/{id}/quota`.
pub async fn set_of_account(state: &AppState, actor: &Actor, account: AccountId, body: SetQuota) -> ServiceResult<()> {
    actor.may_administer()?;
    confirmation::confirmed(state, actor).await?;
    let rule = parse(&body)?;
    let mut tx = state.db.begin_write().await?;
    there(tx.conn(), account).await?;
    store::set_account(tx.conn(), account, rule, state.clock.now()).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "quota").with("account", account);
    tx.record(said(event, rule)).await?;
    tell(state, &mut tx, account).await?;
    tx.commit().await
}

async fn there(conn: &impl ConnectionTrait, account: AccountId) -> ServiceResult<()> {
    let row = accounts::get(conn, account).await?.ok_or(ErrorCode::NotFound)?;
    if row.status == AccountStatus::Deleted { Err(ErrorCode::AccountDeleted.into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_at_eighty_and_ninety_five_percent() {
        let of_thousand = [0, 799, 800, 949, 950, 1000, 4000].map(|used| mark(used, 1000));
        assert_eq!(of_thousand, [0, 0, 80, 80, 95, 95, 95]);
        assert_eq!(mark(u64::MAX, u64::MAX), 95, "no product is too large");
    }

    #[test]
    fn a_limit_is_said_whole_or_not_at_all() {
        let said = |rule, bytes| parse(&SetQuota { rule, bytes });
        assert_eq!(said(QuotaRule::Limited, Some(QUOTA_MIN)).unwrap(), Rule::Limited(QUOTA_MIN));
        assert_eq!(said(QuotaRule::Unlimited, None).unwrap(), Rule::Unlimited);
        assert_eq!(said(QuotaRule::Inherited, None).unwrap(), Rule::Inherited);
        for (rule, bytes) in [
            (QuotaRule::Limited, None),
            (QuotaRule::Limited, Some(QUOTA_MIN - 1)),
            (QuotaRule::Limited, Some(u64::MAX)),
            (QuotaRule::Unlimited, Some(QUOTA_MIN)),
            (QuotaRule::Inherited, Some(QUOTA_MIN)),
        ] {
            assert!(matches!(said(rule, bytes), Err(ServiceError::Field { .. })), "{rule:?} {bytes:?}");
        }
    }
}
