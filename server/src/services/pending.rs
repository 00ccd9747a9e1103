//! What waits between two requests of one ceremony: in the database, for minutes, and never too many. The second request may
//! reach another server than the first.

use std::marker::PhantomData;

use api_types::{AccountId, UnixMillis};
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    AppState, ServiceError, ServiceResult,
    clock::now_ms,
    group::Work,
    middleware::Address,
    services::throttle,
    storage::{
        DbResult,
        ceremonies::{self, Ceremony, CeremonyKind},
        db::WriteTx,
    },
};

/// Most of a kind that wait; beyond it those of whoever holds most go.
const MAX: u64 = 10_000;

/// What is asked of the table.
#[derive(Debug)]
pub enum Step {
    /// Let it wait.
    Put(CeremonyKind, Vec<u8>, Ceremony),
    /// Take it out.
    Take(CeremonyKind, Vec<u8>),
}

/// Puts and takes, those of many requests at once.
#[derive(Debug)]
pub struct Waiting;

impl Work for Waiting {
    type Asked = Step;
    type Answer = Option<Ceremony>;
    const NAME: &'static str = "what waits between two requests";

    async fn write(tx: &mut WriteTx, _: UnixMillis, group: Vec<Step>) -> ServiceResult<Vec<Option<Ceremony>>> {
        // By the clock that said when they end.
        let now = now_ms();
        let mut answers = Vec::with_capacity(group.len());
        for step in group {
            answers.push(match step {
                Step::Put(kind, id, ceremony) => {
                    ceremonies::insert(tx.conn(), (kind, MAX), &id, ceremony, now).await?;
                    None
                }
                Step::Take(kind, id) => ceremonies::take(tx.conn(), kind, &id, now).await?,
            });
        }
        Ok(answers)
    }
}

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

    /// As [`Pending::put`], for whoever asks from there, of a kind that networks hold.
    pub async fn put_from(&self, state: &AppState, id: &[u8], from: Address, value: &T) -> ServiceResult<()> {
        let network = Some(throttle::keyed(state, "Waiting", &from.network()).to_vec());
        let ceremony = Ceremony { network, ..self.ceremony((None, now_ms() + self.life), value)? };
        state.waiting.ask(Step::Put(self.kind, id.to_vec(), ceremony)).await.map(drop)
    }

    /// As [`Pending::put`], for a value that was taken out and waits on, until the end that it had.
    pub async fn put_until(
        &self,
        state: &AppState,
        id: &[u8],
        until: (Option<AccountId>, UnixMillis),
        value: &T,
    ) -> ServiceResult<()> {
        let ceremony = self.ceremony(until, value)?;
        state.waiting.ask(Step::Put(self.kind, id.to_vec(), ceremony)).await.map(drop)
    }

    /// As [`Pending::put_until`], in the caller's transaction: with what was used up for it.
    pub async fn put_with(
        &self,
        conn: &impl ConnectionTrait,
        id: &[u8],
        until: (Option<AccountId>, UnixMillis),
        value: &T,
    ) -> ServiceResult<()> {
        Ok(ceremonies::insert(conn, (self.kind, MAX), id, self.ceremony(until, value)?, now_ms()).await?)
    }

    fn ceremony(&self, (account, ends_at): (Option<AccountId>, UnixMillis), value: &T) -> ServiceResult<Ceremony> {
        let state = serde_json::to_vec(value).map_err(|error| self.unreadable(&error))?;
        Ok(Ceremony { account, network: None, state, ends_at })
    }

    /// Takes a value out: each serves once, whichever server is asked.
    pub async fn take(&self, state: &AppState, id: &[u8]) -> ServiceResult<Option<Taken<T>>> {
        // Ids are long: what isn't one needs no look.
        if id.len() != 32 {
            return Ok(None);
        }
        let taken = state.waiting.ask(Step::Take(self.kind, id.to_vec())).await?;
        let Some(Ceremony { account, state, ends_at, .. }) = taken else { return Ok(None) };
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
