//! `quotas`, `quota_default` and `quota_warnings`: how much accounts may store. What they do store is counted anew each time, so
//! that no counter can part from the rows.

use api_types::{AccountId, UnixMillis};
use entities::{part_segments, quota_default, quota_warnings, quotas, reports, uploads, versions};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, OnConflict, Query, SelectStatement},
};

use super::DbResult;

/// The only row of `quota_default`.
const ONLY: i32 = 1;

/// What was said about a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Inherited,
    /// That there is none.
    Unlimited,
    /// So many bytes.
    Limited(u64),
}

impl Rule {
    fn stored(bytes: Option<i64>) -> Self {
        bytes.map_or(Self::Unlimited, |bytes| Self::Limited(bytes.unsigned_abs()))
    }

    /// As a row has it; none where there is no row.
    fn bytes(self) -> Option<Option<i64>> {
        match self {
            Self::Inherited => None,
            Self::Unlimited => Some(None),
            Self::Limited(bytes) => Some(Some(i64::try_from(bytes).unwrap_or(i64::MAX))),
        }
    }
}

/// What was said of an account.
pub async fn of_account(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<Rule> {
    let row = quotas::Entity::find_by_id(account.0.to_vec()).one(conn).await?;
    Ok(row.map_or(Rule::Inherited, |row| Rule::stored(row.bytes)))
}

/// What was said of all accounts.
pub async fn of_all(conn: &impl ConnectionTrait) -> DbResult<Rule> {
    let row = quota_default::Entity::find_by_id(ONLY).one(conn).await?;
    Ok(row.map_or(Rule::Inherited, |row| Rule::stored(row.bytes)))
}

/// Replaces what was said of an account.
pub async fn set_account(conn: &impl ConnectionTrait, account: AccountId, rule: Rule, now: UnixMillis) -> DbResult<()> {
    quotas::Entity::delete_by_id(account.0.to_vec()).exec(conn).await?;
    let Some(bytes) = rule.bytes() else { return Ok(()) };
    let row = quotas::ActiveModel { account_id: Set(account.0.to_vec()), bytes: Set(bytes), updated_at: Set(now) };
    quotas::Entity::insert(row).exec_without_returning(conn).await.map(drop)
}

/// Replaces what was said of all accounts.
pub async fn set_all(conn: &impl ConnectionTrait, rule: Rule, now: UnixMillis) -> DbResult<()> {
    quota_default::Entity::delete_many().exec(conn).await?;
    let Some(bytes) = rule.bytes() else { return Ok(()) };
    let row = quota_default::ActiveModel { id: Set(ONLY), bytes: Set(bytes), updated_at: Set(now) };
    quota_default::Entity::insert(row).exec_without_returning(conn).await.map(drop)
}

/// The mark, in percent, that an account was told of; 0 where it wasn't.
pub async fn warned(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    let row = quota_warnings::Entity::find_by_id(account.0.to_vec()).one(conn).await?;
    Ok(row.map_or(0, |row| row.percent.unsigned_abs().into()))
}

/// Notes which mark an account was told of.
pub async fn set_warned(
    conn: &impl ConnectionTrait,
    account: AccountId,
    percent: u64,
    now: UnixMillis,
) -> DbResult<()> {
    use quota_warnings::Column;
    if percent == 0 {
        return quota_warnings::Entity::delete_by_id(account.0.to_vec()).exec(conn).await.map(drop);
    }
    let row = quota_warnings::ActiveModel {
        account_id: Set(account.0.to_vec()),
        percent: Set(i32::try_from(percent).unwrap_or(100)),
        warned_at: Set(now),
    };
    let again = OnConflict::column(Column::AccountId).update_columns([Column::Percent, Column::WarnedAt]).to_owned();
    quota_warnings::Entity::insert(row).on_conflict(again).exec_without_returning(conn).await.map(drop)
}

/// Bytes of ciphertext that an account stores: all current revisions of the reports that it owns, their manifests with them, a file
/// that several versions have once, and at their full length the uploads under way for those and for what it, or a device of its, is still writing.
/// What new keys after a revocation are uploaded for takes the place of as much and isn't counted.
pub async fn used(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    use {uploads::Column as Upload, versions::Column as Version};
    let files = files(conn, account).await?;
    let fields = Expr::cust("sum(length(part0) + length(statement) + length(manifest))").cast_as("bigint");
    let fields = versions::Entity::find().select_only().expr(fields);
    let fields = fields.filter(Version::SupersededAt.is_null()).filter(Version::ReportId.in_subquery(owned(account)));
    let fields = total(conn, fields).await?;
    let under_way = || {
        let lengths = Expr::col(Upload::CiphertextLen).sum();
        uploads::Entity::find().select_only().expr(lengths.cast_as("bigint")).filter(Upload::Revision.eq(0))
    };
    let added = total(conn, under_way().filter(Upload::ReportId.in_subquery(owned(account)))).await?;
    // What is uploaded for a report that is there lies in its owner's space, whoever changes it.
    let there = reports::Entity::find()
        .select_only()
        .column(reports::Column::Id)
        .filter(Expr::col((reports::Entity, reports::Column::Id)).eq(Expr::col((uploads::Entity, Upload::ReportId))));
    let begun = under_way().filter(Upload::AccountId.eq(account.0.to_vec()));
    let begun = total(conn, begun.filter(Expr::exists(there.into_query()).not())).await?;
    Ok(files.saturating_add(fields).saturating_add(added).saturating_add(begun))
}

/// The bytes of the files of an account's reports as they are stored: what is carried over has one blob in several versions.
async fn files(conn: &impl ConnectionTrait, account: AccountId) -> DbResult<u64> {
    use part_segments::Column as Segment;
    let blobs = part_segments::Entity::find().select_only().columns([Segment::BlobKey, Segment::Len]).distinct();
    let blobs = blobs.filter(Segment::ReportId.in_subquery(owned(account))).into_query();
    let mut sum = Query::select();
    sum.expr(Expr::col(Segment::Len).sum().cast_as("bigint")).from_subquery(blobs, "blobs");
    let row = conn.query_one(&sum).await?;
    let sum = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?;
    Ok(sum.flatten().unwrap_or(0).unsigned_abs())
}

/// The ids of the reports that an account owns.
fn owned(account: AccountId) -> SelectStatement {
    let found = reports::Entity::find().select_only().column(reports::Column::Id);
    found.filter(reports::Column::Owner.eq(account.0.to_vec())).into_query()
}

async fn total<E: EntityTrait>(conn: &impl ConnectionTrait, sum: Select<E>) -> DbResult<u64> {
    let sum: Option<Option<i64>> = sum.into_tuple().one(conn).await?;
    Ok(sum.flatten().unwrap_or(0).unsigned_abs())
}
