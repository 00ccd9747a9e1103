//! What waits between two requests of one ceremony: in the database, for minutes, and never too many. The second request may
//! reach another server than the first.

use std::marker::PhantomData;

use api_types::{AccountId, UnixMillis};
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::now_ms,
    storage::{
        DbResult,
        ceremonies::{self, Ceremony, CeremonyKind},
    },
};

/// Most of a kind that wait; beyond it the one that ends first goes.
const MAX: u64 = 10_000;

/// Values by a random id, each until its time.
#[derive(Debug)]
pub struct Pending<T> {
    kind: CeremonyKind,
    life: UnixMillis,
    of: PhantomData<fn() -> T>,
}

/// What was taken out.
#[derive(Debug)]
pub struct Taken<T> {
    /// The value.
    pub value: T,
    /// Whose it is, if that is an account.
    pub account: Option<AccountId>,
    /// When it ends, for putting it back.
    pub ends_at: UnixMillis,
}

impl<T: Serialize + DeserializeOwned> Pending<T> {
    /// Each value of that kind waits this long.
    pub const fn new(kind: CeremonyKind, life: UnixMillis) -> Self {
        Self { kind, life, of: PhantomData }
    }

    /// Lets a value wait under a random id.
    pub async fn put(&self, state: &AppState, id: &[u8], account: Option<AccountId>, value: &T) -> ServiceResult<()> {
        self.put_until(state, id, (account, now_ms() + self.life), value).await
    }

    /// As [`Pending::put`], for a value that was taken out and waits on, until the end that it had.
    pub async fn put_until(
        &self,
        state: &AppState,
        id: &[u8],
        until: (Option<AccountId>, UnixMillis),
        value: &T,
    ) -> ServiceResult<()> {
        let tx = state.db.begin_write().await?;
        self.put_with(tx.conn(), id, until, value).await?;
        tx.commit().await
    }

    /// As [`Pending::put_until`], in the caller's transaction: with what was used up for it.
    pub async fn put_with(
        &self,
        conn: &impl ConnectionTrait,
        id: &[u8],
        (account, ends_at): (Option<AccountId>, UnixMillis),
        value: &T,
    ) -> ServiceResult<()> {
        let written = serde_json::to_vec(value).map_err(|error| self.unreadable(&error))?;
        let ceremony = Ceremony { account, state: written, ends_at };
        Ok(ceremonies::insert(conn, (self.kind, MAX), id, ceremony, now_ms()).await?)
    }

    /// Takes a value out: each serves once, whichever server is asked.
    pub async fn take(&self, state: &AppState, id: &[u8]) -> ServiceResult<Option<Taken<T>>> {
        // Ids are long: what isn't one needs no look.
        if id.len() != 32 {
            return Ok(None);
        }
        let tx = state.db.begin_write().await?;
        let taken = ceremonies::take(tx.conn(), self.kind, id, now_ms()).await?;
        tx.commit().await?;
        let Some(Ceremony { account, state, ends_at }) = taken else { return Ok(None) };
        let value = serde_json::from_slice(&state).map_err(|error| self.unreadable(&error))?;
        Ok(Some(Taken { value, account, ends_at }))
    }

    /// Forgets those of an account, in the caller's transaction.
    pub async fn forget_of(&self, conn: &impl ConnectionTrait, account: AccountId) -> DbResult<()> {
        ceremonies::forget_of(conn, self.kind, account).await
    }

    /// The text of the error names no value.
    fn unreadable(&self, error: &serde_json::Error) -> ServiceError {
        ServiceError::Internal(format!("what waits of {:?}: {:?}", self.kind, error.classify()))
    }
}
