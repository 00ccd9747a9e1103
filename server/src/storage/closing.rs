//! `closed_accounts`, and what goes with an account: everything but its row, its public keys and what others have of it.

use std::collections::{BTreeSet, HashMap};

use api_types::{
    AccountId, B64, UnixMillis,
    accounts::AccountStatus,
    closing::{ClosedBy, Closing, DELETED_NAME},
};
use entities::{
    account_escrows, accounts, api_tokens, ceremonies,
    closed_accounts::{ActiveModel, Column, Entity},
    drafts, email_changes, email_verifications, emergency_contacts, grant_seeds, grants, identities, identity_tickets,
    invitations, opaque_records, organisation_key_wraps, outbox, passkeys, phone_codes, phones, quota_warnings, quotas,
    recovery_codes, recovery_shares, recovery_splits, report_access, reports, second_factors, sessions, sign_up_codes,
    team_key_wraps, ways_in, wraps,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::Expr,
};

use super::DbResult;
use crate::audit::enum_name;

/// A removal or closing, by whom, and when it takes effect.
#[derive(Debug, Clone)]
pub struct ClosingRow {
    /// Whose account.
    pub account: AccountId,
    /// Who closes it.
    pub by: ClosedBy,
    /// As received.
    pub statement: Vec<u8>,
    /// When it takes effect.
    pub due_at: UnixMillis,
    /// When it did.
    pub closed_at: Option<UnixMillis>,
}

/// Stores it.
pub async fn insert(conn: &impl ConnectionTrait, row: &ClosingRow) -> DbResult<()> {
    let model = ActiveModel {
        account_id: Set(row.account.0.to_vec()),
        closed_by: Set(enum_name(&row.by)),
        statement: Set(row.statement.clone()),
        due_at: Set(row.due_at),
        closed_at: Set(row.closed_at),
    };
    Entity::insert(model).exec_without_returning(conn).await.map(drop)
}

/// What was asked for has been done.
pub async fn done(conn: &impl ConnectionTrait, account: AccountId, now: UnixMillis) -> DbResult<()> {
    let query = Entity::update_many()
        .col_expr(Column::ClosedAt, Expr::value(Some(now)))
        .filter(Column::AccountId.eq(account.0.to_vec()));
    query.exec(conn).await.map(drop)
}

/// Takes a removal back that has not taken effect; whether there was one.
pub async fn withdraw(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<bool> {
    let waiting = Entity::delete_many().filter(Column::AccountId.eq(account.0.to_vec()));
    Ok(waiting.filter(Column::ClosedAt.is_null()).exec(conn).await?.rows_affected > 0)
}

/// Accounts whose removal is due, oldest first.
pub async fn due(conn: &impl ConnectionTrait, now: UnixMillis, limit: u64) -> DbResult<Vec<AccountId>> {
    let waiting = Entity::find().filter(Column::ClosedAt.is_null()).filter(Column::DueAt.lte(now)).limit(limit);
    let found = waiting.all(conn).await?;
    found.iter().map(|row| super::id("closed_accounts", "account_id", &row.account_id).map(AccountId)).collect()
}

/// When the removal of accounts takes effect, where one was asked for.
pub async fn waiting(conn: &impl ConnectionTrait, ids: &[AccountId]) -> DbResult<HashMap<AccountId, UnixMillis>> {
    let mut waiting = HashMap::new();
    for chunk in ids.chunks(500) {
        let some = Entity::find().filter(Column::AccountId.is_in(chunk.iter().map(|id| id.0.to_vec())));
        for row in some.filter(Column::ClosedAt.is_null()).all(conn).await? {
            waiting.insert(AccountId(super::id("closed_accounts", "account_id", &row.account_id)?), row.due_at);
        }
    }
    Ok(waiting)
}

/// What closed accounts, of those that are.
pub async fn statements(conn: &impl ConnectionTrait, ids: &[AccountId]) -> DbResult<HashMap<AccountId, Closing>> {
    let mut closings = HashMap::new();
    for chunk in ids.chunks(500) {
        let some = Entity::find().filter(Column::AccountId.is_in(chunk.iter().map(|id| id.0.to_vec())));
        for row in some.filter(Column::ClosedAt.is_not_null()).all(conn).await? {
            let by = super::name("closed_accounts", "closed_by", &row.closed_by)?;
            let account = AccountId(super::id("closed_accounts", "account_id", &row.account_id)?);
            closings.insert(account, Closing { by, statement: B64(row.statement) });
        }
    }
    Ok(closings)
}

/// Which of some accounts are closed.
pub async fn closed(conn: &impl ConnectionTrait, ids: &BTreeSet<AccountId>) -> DbResult<BTreeSet<AccountId>> {
    let ids: Vec<AccountId> = ids.iter().copied().collect();
    Ok(statements(conn, &ids).await?.into_keys().collect())
}

macro_rules! delete_of {
    ($conn:expr, $account:expr, $($entity:ident),* $(,)?) => {$(
        $entity::Entity::delete_many()
            .filter($entity::Column::AccountId.eq($account.0.to_vec()))
            .exec($conn)
            .await?;
    )*};
}

/// Deletes what an account had for itself, and empties its row. What it holds of others' reports ends; its uploads and its
/// own reports are the caller's.
pub async fn forget(conn: &impl ConnectionTrait, account: AccountId, email_key: &str, now: UnixMillis) -> DbResult<()> {
    forget_tickets(conn, account).await?;
    forget_numbers(conn, account).await?;
    delete_own(conn, account).await?;
    outbox::Entity::delete_many().filter(outbox::Column::AddressKey.eq(email_key)).exec(conn).await?;
    sign_up_codes::Entity::delete_many().filter(sign_up_codes::Column::AddressKey.eq(email_key)).exec(conn).await?;
    decline_trust(conn, account, now).await?;
    forget_invitations(conn, account, email_key).await?;
    super::devices::forget_unused(conn, account).await?;
    end_grants(conn, account, now).await?;
    empty_row(conn, account).await
}

/// Rows that are an account's alone.
async fn delete_own(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    forget_shares(conn, account).await?;
    delete_of!(
        conn,
        account,
        ways_in,
        opaque_records,
        organisation_key_wraps,
        sessions,
        api_tokens,
        second_factors,
        recovery_codes,
        passkeys,
        identities,
        phones,
        phone_codes,
        email_verifications,
        email_changes,
        outbox,
        emergency_contacts,
        account_escrows,
        report_access,
        ceremonies,
        recovery_splits,
        team_key_wraps,
        quotas,
        quota_warnings,
    );
    drafts::Entity::delete_many().filter(drafts::Column::Author.eq(account.0.to_vec())).exec(conn).await.map(drop)
}

/// The shares of its own recovery go. Of those that it held what was sealed to it goes; that it held them is their owners'
/// signed word.
async fn forget_shares(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    use recovery_shares::Column as Of;
    let own = recovery_splits::Entity::find().select_only().column(recovery_splits::Column::WayInId);
    let own = own.filter(recovery_splits::Column::AccountId.eq(account.0.to_vec())).into_query();
    recovery_shares::Entity::delete_many().filter(Of::WayInId.in_subquery(own)).exec(conn).await?;
    recovery_shares::Entity::update_many()
        .col_expr(Of::Sealed, Expr::value(Vec::<u8>::new()))
        .filter(Of::ContactId.eq(account.0.to_vec()))
        .exec(conn)
        .await
        .map(drop)
}

/// Identities that a provider vouched for a moment ago.
async fn forget_tickets(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    let own = identities::Entity::find().filter(identities::Column::AccountId.eq(account.0.to_vec()));
    for identity in own.all(conn).await? {
        identity_tickets::Entity::delete_many()
            .filter(identity_tickets::Column::Issuer.eq(identity.issuer))
            .filter(identity_tickets::Column::Subject.eq(identity.subject))
            .exec(conn)
            .await?;
    }
    Ok(())
}

/// Codes that are on their way to the account's phone.
async fn forget_numbers(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    let Some(phone) = phones::Entity::find_by_id(account.0.to_vec()).one(conn).await? else { return Ok(()) };
    let codes = phone_codes::Entity::delete_many().filter(phone_codes::Column::Number.eq(phone.number));
    codes.exec(conn).await.map(drop)
}

/// Those who trust the account see that it declined; the words that were sealed to it go.
async fn decline_trust(conn: &impl ConnectionTrait, account: AccountId, now: UnixMillis) -> DbResult<()> {
    use emergency_contacts::Column as Of;
    emergency_contacts::Entity::update_many()
        .col_expr(Of::DeclinedAt, Expr::value(Some(now)))
        .col_expr(Of::AskedAt, Expr::value(None::<i64>))
        .col_expr(Of::OpensAt, Expr::value(None::<i64>))
        .col_expr(Of::Sealed, Expr::value(Vec::<u8>::new()))
        .filter(Of::ContactId.eq(account.0.to_vec()))
        .exec(conn)
        .await
        .map(drop)
}

/// Open invitations by the account or to its address go; of used ones the address.
async fn forget_invitations(conn: &impl ConnectionTrait, account: AccountId, email_key: &str) -> DbResult<()> {
    use invitations::Column as Of;
    let theirs = || {
        Condition::any()
            .add(Of::CreatedBy.eq(account.0.to_vec()))
            .add(Of::UsedBy.eq(account.0.to_vec()))
            .add(Of::Email.eq(email_key))
    };
    invitations::Entity::delete_many().filter(theirs()).filter(Of::UsedBy.is_null()).exec(conn).await?;
    invitations::Entity::update_many()
        .col_expr(Of::Email, Expr::value(None::<String>))
        .filter(theirs())
        .exec(conn)
        .await
        .map(drop)
}

/// What the account was granted of others' reports ends; keys that were sealed for it go. The signed entries stay.
async fn end_grants(conn: &impl ConnectionTrait, account: AccountId, now: UnixMillis) -> DbResult<()> {
    use grants::Column as Of;
    let held = || grants::Entity::find().select_only().column(Of::Id).filter(Of::Recipient.eq(account.0.to_vec()));
    let seeds = grant_seeds::Entity::delete_many();
    seeds.filter(grant_seeds::Column::GrantId.in_subquery(held().into_query())).exec(conn).await?;
    let keys = wraps::Entity::delete_many();
    keys.filter(wraps::Column::GrantId.in_subquery(held().into_query())).exec(conn).await?;
    grants::Entity::update_many()
        .col_expr(Of::EndsAt, Expr::value(now))
        .filter(Of::Recipient.eq(account.0.to_vec()))
        .filter(Condition::any().add(Of::EndsAt.eq(0)).add(Of::EndsAt.gt(now)))
        .exec(conn)
        .await
        .map(drop)
}

/// What stays is a place-holder: nobody's name, and an address that none can be equal to, as it has no `@`.
async fn empty_row(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
    use accounts::Column as Of;
    accounts::Entity::update_many()
        .col_expr(Of::Status, Expr::value(enum_name(&AccountStatus::Deleted)))
        .col_expr(Of::Name, Expr::value(DELETED_NAME))
        .col_expr(Of::NameKey, Expr::value(""))
        .col_expr(Of::Email, Expr::value(""))
        .col_expr(Of::EmailKey, Expr::value(format!("deleted:{account}")))
        .col_expr(Of::Keyring, Expr::value(Vec::<u8>::new()))
        .col_expr(Of::ClientState, Expr::value(Vec::<u8>::new()))
        .col_expr(Of::Approval, Expr::value(None::<Vec<u8>>))
        .col_expr(Of::InvitedBy, Expr::value(None::<Vec<u8>>))
        .col_expr(Of::LastSeenAt, Expr::value(None::<i64>))
        .col_expr(Of::EmailVerifiedAt, Expr::value(None::<i64>))
        .filter(Of::Id.eq(account.0.to_vec()))
        .exec(conn)
        .await
        .map(drop)
}

/// The reports that an account owns and that are still there.
pub async fn owned(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Vec<api_types::ReportId>> {
    let found: Vec<Vec<u8>> = reports::Entity::find()
        .select_only()
        .column(reports::Column::Id)
        .filter(reports::Column::Owner.eq(account.0.to_vec()))
        .filter(reports::Column::ErasedAt.is_null())
        .into_tuple()
        .all(conn)
        .await?;
    found.iter().map(|id| super::id("reports", "id", id).map(api_types::ReportId)).collect()
}

/// What a request that was under way stored for an account that was deleted meanwhile, since this time.
pub async fn sweep(conn: &impl ConnectionTrait, since: UnixMillis) -> DbResult<()> {
    for row in Entity::find().filter(Column::ClosedAt.gte(since)).all(conn).await? {
        delete_own(conn, AccountId(super::id("closed_accounts", "account_id", &row.account_id)?)).await?;
    }
    Ok(())
}
