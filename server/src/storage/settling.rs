//! What a restored database must not go on with: nobody knows what happened since its snapshot, so nothing that ends or begins
//! by the mere passing of time counts as waited out.

use entities::{account_escrows, closed_accounts, emergency_contacts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{DbResult, sessions};

/// How much of it there was.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Sessions that ended: some were ended since, by people who had a reason.
    pub sessions: u64,
    /// Removals of accounts that were waiting, and are asked for no more.
    pub removals: u64,
    /// Accounts that were asked for out of escrow, and are no more.
    pub escrows: u64,
    /// Accounts that an emergency contact asked for, and asks for no more.
    pub emergencies: u64,
}

/// Ends sessions, and takes back what somebody had asked for and others might have refused since. All of it can be asked for
/// anew, and then the whole delay runs again.
pub async fn settle(conn: &impl ConnectionTrait) -> DbResult<Settled> {
    Ok(Settled {
        sessions: sessions::delete_all(conn).await?,
        removals: withdraw_removals(conn).await?,
        escrows: withdraw_escrows(conn).await?,
        emergencies: withdraw_emergencies(conn).await?,
    })
}

async fn withdraw_removals(conn: &impl ConnectionTrait) -> DbResult<u64> {
    let waiting = closed_accounts::Entity::delete_many().filter(closed_accounts::Column::ClosedAt.is_null());
    Ok(waiting.exec(conn).await?.rows_affected)
}

async fn withdraw_escrows(conn: &impl ConnectionTrait) -> DbResult<u64> {
    use account_escrows::Column as Of;
    let asked = account_escrows::Entity::update_many()
        .col_expr(Of::AskedBy, Expr::value(None::<Vec<u8>>))
        .col_expr(Of::AskedAt, Expr::value(None::<i64>))
        .col_expr(Of::OpensAt, Expr::value(None::<i64>))
        .col_expr(Of::Told, Expr::value(0))
        .filter(Of::AskedAt.is_not_null());
    Ok(asked.exec(conn).await?.rows_affected)
}

async fn withdraw_emergencies(conn: &impl ConnectionTrait) -> DbResult<u64> {
    use emergency_contacts::Column as Of;
    let asked = emergency_contacts::Entity::update_many()
        .col_expr(Of::AskedAt, Expr::value(None::<i64>))
        .col_expr(Of::OpensAt, Expr::value(None::<i64>))
        .col_expr(Of::Told, Expr::value(0))
        .filter(Of::AskedAt.is_not_null());
    Ok(asked.exec(conn).await?.rows_affected)
}
