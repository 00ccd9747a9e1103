//! Recovery shares: how an account splits its recovery among contacts, and the share of each, given to that contact alone.
//!
//! There is no delay: the contacts are the protection, and the owner hears of each share that is given out.

use api_types::{
    AccountId, B64, ErrorCode, WayInId,
    accounts::{AccountStatus, PublicAccount, WayIn, WayInKind},
    audit::Action,
    live::LiveKind,
    recovery_shares::{
        HeldShare, HeldShareList, NamedSplit, NewRecoverySplit, OwnRecoverySplit, RecoverySplit, RemoveRecoverySplit,
        SealedShare, ShareHolder,
    },
};
use crypto::{account, encoding::sha256, sign::Signed};
use sea_orm::ConnectionTrait;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    error::unique,
    live,
    mail::MailKind,
    policy::Actor,
    services::{
        confirmation,
        emergency::keys_of_contact,
        fields, notices,
        passkeys::of_present_key,
        rotation::{self, Rotated},
        second_factors::change,
        signed, verify,
    },
    storage::{
        accounts,
        db::WriteTx,
        recovery_shares::{self, ShareRow, SplitRow},
        ways_in,
    },
};

/// Largest sealed share, bytes.
const SEALED_MAX: usize = 2048;

/// The owner's and the contacts' open pages hear of it.
pub(super) fn tell(tx: &mut WriteTx, owner: AccountId, contacts: impl IntoIterator<Item = AccountId>) {
    for account in std::iter::once(owner).chain(contacts) {
        tx.tell(account, live::event(LiveKind::RecoverySharesChanged));
    }
}

fn shown(people: &[PublicAccount], id: AccountId) -> ServiceResult<PublicAccount> {
    let account = people.iter().find(|account| account.id == id).cloned();
    account.ok_or_else(|| ServiceError::Internal("a recovery share of nobody".into()))
}

/// `GET /account/recovery-split`.
pub async fn own(state: &AppState, actor: &Actor) -> ServiceResult<OwnRecoverySplit> {
    let row = recovery_shares::of_account(state.db.read(), actor.account).await?;
    let shares = match &row {
        Some(row) => recovery_shares::shares(state.db.read(), row.way_in).await?,
        None => Vec::new(),
    };
    let ids: Vec<_> = shares.iter().map(|share| share.contact).collect();
    let event = EventDraft::by(actor, Action::LookUp).with("by", "recovery_split");
    state.audit.record(event.delivered(ids.iter().map(|id| &id.0[..]))).await?;
    let people = accounts::public_by_ids(state.db.read(), &ids).await?;
    let holder =
        |share: ShareRow| Ok(ShareHolder { account: shown(&people, share.contact)?, opened_at: share.opened_at });
    let holders = shares.into_iter().map(holder).collect::<ServiceResult<Vec<_>>>()?;
    let split = row.map(|row| RecoverySplit {
        way_in: row.way_in,
        statement: B64(row.statement),
        holders,
        created_at: row.created_at,
    });
    Ok(OwnRecoverySplit { split })
}

/// `POST /account/recovery-split`.
pub async fn add(state: &AppState, actor: &Actor, body: NewRecoverySplit) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let now = state.clock.now();
    let way = signed::way_in("/way_in", body.way_in, WayInKind::RecoveryShares, &chain, now)?;
    let statement = verify::parse::<account::RecoverySplit>("/statement", &body.statement.0)?;
    let said = statement
        .verify_split(&chain)
        .map_err(|error| ServiceError::because(ErrorCode::InvalidSignature, format!("statement: {error}")))?;
    verify::not_ahead("/statement", said.time, now)?;
    if said.way_in.0 != way.id.0 || said.holders.len() != body.sealed.len() {
        return Err(ServiceError::field("/statement", "it is about another way in or other sealed shares"));
    }
    let mut shares = Vec::with_capacity(body.sealed.len());
    for (holder, sealed) in said.holders.iter().zip(body.sealed) {
        fits(holder, &sealed.0)?;
        may_hold(state.db.read(), holder).await?;
        shares.push(ShareRow {
            way_in: way.id,
            contact: AccountId(holder.contact.0),
            index: i32::from(holder.index),
            sealed: sealed.0,
            opened_at: None,
        });
    }
    let row = SplitRow { way_in: way.id, account: actor.account, statement: body.statement.0, created_at: now };
    store(state, actor, (&row, said), &shares, &way).await
}

/// The share is the one that was signed.
fn fits(holder: &account::ShareHolder, sealed: &[u8]) -> ServiceResult<()> {
    fields::blob("/sealed", sealed, SEALED_MAX)?;
    match holder.sealed_hash == sha256(sealed) {
        true => Ok(()),
        false => Err(ServiceError::field("/statement", "it is about another way in or other sealed shares")),
    }
}

/// The contact exists, may act, and the share is sealed to their newest key.
async fn may_hold(conn: &impl ConnectionTrait, holder: &account::ShareHolder) -> ServiceResult<()> {
    let keys = keys_of_contact(conn, AccountId(holder.contact.0)).await?;
    match keys.epoch() == holder.contact_epoch && holder.names_key_of(&keys) {
        true => Ok(()),
        false => Err(ServiceError::field("/statement", "not the newest key of a contact")),
    }
}

async fn store(
    state: &AppState,
    actor: &Actor,
    (row, said): (&SplitRow, &account::RecoverySplit),
    shares: &[ShareRow],
    way: &WayIn,
) -> ServiceResult<()> {
    let mut tx = confirmation::begin_write(state, actor).await?;
    // They may have been deleted or disabled meanwhile, or have made new keys.
    for holder in &said.holders {
        may_hold(tx.conn(), holder).await?;
    }
    if recovery_shares::of_account(tx.conn(), actor.account).await?.is_some() {
        return Err(ServiceError::because(ErrorCode::Conflict, "the recovery is split already"));
    }
    of_present_key(tx.conn(), actor, way).await?;
    unique(ways_in::insert(tx.conn(), actor.account, way).await)?;
    unique(recovery_shares::insert(tx.conn(), row, shares).await)?;
    let event = change(actor, "recovery_split_made").with("way_in", row.way_in);
    tx.record(event.with("threshold", said.threshold).with("shares", shares.len())).await?;
    notices::tell_id(state, &mut tx, row.account, MailKind::RecoverySplitMade).await?;
    for share in shares {
        let event = change(actor, "recovery_share_given").with("way_in", row.way_in);
        tx.record(event.with("contact", share.contact)).await?;
        notices::tell_id(state, &mut tx, share.contact, MailKind::RecoveryShareGiven).await?;
    }
    tell(&mut tx, row.account, shares.iter().map(|share| share.contact));
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await
}

/// `POST /account/recovery-split/{way_in_id}/remove`.
pub async fn remove(state: &AppState, actor: &Actor, way_in: WayInId, body: RemoveRecoverySplit) -> ServiceResult<()> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let mut tx = state.db.begin_write().await?;
    let row = recovery_shares::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    actor.may_remove_split(row.account)?;
    let shares = recovery_shares::shares(tx.conn(), way_in).await?;
    recovery_shares::delete(tx.conn(), way_in).await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], Some(way_in)).await?;
    let event = change(actor, "recovery_split_removed").with("way_in", way_in);
    tell(&mut tx, row.account, shares.iter().map(|share| share.contact));
    rotation::finish(state, actor, tx, rotated, (event, MailKind::RecoverySplitRemoved)).await
}

/// `GET /trusted/shares`.
pub async fn held(state: &AppState, actor: &Actor) -> ServiceResult<HeldShareList> {
    actor.active()?;
    let rows = recovery_shares::of_contact(state.db.read(), actor.account).await?;
    let ids: Vec<_> = rows.iter().map(|(split, _)| split.account).collect();
    let event = EventDraft::by(actor, Action::LookUp).with("by", "recovery_shares");
    state.audit.record(event.delivered(ids.iter().map(|id| &id.0[..]))).await?;
    let people = accounts::public_by_ids(state.db.read(), &ids).await?;
    let item = |(split, share): (SplitRow, ShareRow)| {
        Ok(HeldShare {
            way_in: split.way_in,
            account: shown(&people, split.account)?,
            statement: B64(split.statement),
            created_at: split.created_at,
            opened_at: share.opened_at,
        })
    };
    Ok(HeldShareList { items: rows.into_iter().map(item).collect::<ServiceResult<_>>()? })
}

/// `POST /trusted/shares/{way_in_id}/open`: to the contact whose share it is, who proved their password lately.
pub async fn open(state: &AppState, actor: &Actor, way_in: WayInId) -> ServiceResult<SealedShare> {
    actor.active()?;
    let mut tx = state.db.begin_write().await?;
    let split = recovery_shares::get(tx.conn(), way_in).await?.ok_or(ErrorCode::NotFound)?;
    let share = recovery_shares::held(tx.conn(), way_in, actor.account).await?.ok_or(ErrorCode::NotFound)?;
    let owner = accounts::get(tx.conn(), split.account).await?.ok_or(ErrorCode::NotFound)?;
    if matches!(owner.status, AccountStatus::Disabled | AccountStatus::Deleted) {
        return Err(ServiceError::because(ErrorCode::Conflict, "that account is disabled"));
    }
    confirmation::confirmed(state, actor).await?;
    let event = EventDraft::by(actor, Action::AccountChange).with("what", "recovery_share_opened");
    tx.record(event.with("account", split.account).with("way_in", way_in)).await?;
    if share.opened_at.is_none() {
        recovery_shares::put_opened(tx.conn(), &share, state.clock.now()).await?;
        notices::tell_id(state, &mut tx, split.account, MailKind::RecoveryShareOpened).await?;
    }
    tell(&mut tx, split.account, [actor.account]);
    tx.commit().await?;
    Ok(SealedShare { sealed: B64(share.sealed) })
}

/// The split of an account that the start of a recovery names by what each of its shares says. Whoever holds none can't name
/// it, and learns nothing: neither whether there is one, nor, as a pseudonym is looked for alike, whether there is such an
/// account.
pub async fn named(conn: &impl ConnectionTrait, account: AccountId, id: &[u8]) -> ServiceResult<NamedSplit> {
    let row = recovery_shares::of_account(conn, account).await?.ok_or(ErrorCode::RecoveryFailed)?;
    let statement = Signed::<account::RecoverySplit>::parse(&row.statement);
    if !statement.is_ok_and(|statement| statement.split_id() == id) {
        return Err(ErrorCode::RecoveryFailed.into());
    }
    let chain = verify::keys_of(conn, account).await?;
    let key_records = chain.records().iter().map(|record| B64::from(record.as_bytes())).collect();
    Ok(NamedSplit { statement: B64(row.statement), key_records })
}
