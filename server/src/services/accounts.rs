//! Looking people up.

use api_types::{
    AccountId, ErrorCode,
    accounts::{AccountList, AccountStatus, PublicAccount},
    audit::Action,
    limits::{NAME_MAX_CHARS, SEARCH_MIN_CHARS},
};

use crypto::ids::Hash32;
use sha2::{Digest, Sha256};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    policy::{AccountStanding, Actor},
    services::{
        account, fields,
        throttle::{self, Tried},
    },
    storage::{
        accounts::{self, AccountRow},
        key_records,
    },
};

/// Most that a search finds.
const FOUND_MAX: u64 = 20;

/// What is looked for.
#[derive(Debug)]
pub enum Search {
    /// Approved doctors by name.
    Name(String),
    /// One account by its exact e-mail.
    Email(String),
    /// One account by its id and the hash of its newest key record.
    Key(String),
}

/// `GET /accounts?name=`, `?email=` or `?key=`.
pub async fn find(state: &AppState, actor: &Actor, search: Search) -> ServiceResult<AccountList> {
    match &search {
        Search::Email(_) => actor.may_look_up()?,
        Search::Name(_) | Search::Key(_) => actor.may_search()?,
    }
    throttle::count(state, Tried::LookUp, &actor.account.0).await?;
    let (by, rows) = match &search {
        Search::Name(text) => ("name", by_name(state, text).await?),
        Search::Email(text) => ("email", by_email(state, text).await?),
        Search::Key(text) => ("key", by_key(state, text).await?),
    };
    // Only who knew the address learns where it stands in the log.
    let binding = match (&search, rows.first()) {
        (Search::Email(_), Some(found)) => account::binding(state, found).await?,
        _ => None,
    };
    let asked_by_email = matches!(search, Search::Email(_)) && state.mailer.is_some();
    let email_verified = rows.first().filter(|_| asked_by_email).map(|row| row.email_verified_at.is_some());
    let items = accounts::public(state.db.read(), &rows).await?;
    let event = EventDraft::by(actor, Action::LookUp).with("by", by);
    state.audit.record(event.delivered(rows.iter().map(|row| &row.id.0[..]))).await?;
    Ok(AccountList { items, binding, email_verified })
}

async fn by_name(state: &AppState, text: &str) -> ServiceResult<Vec<AccountRow>> {
    let name = fields::short_text("/name", text, NAME_MAX_CHARS)?;
    if name.chars().count() < SEARCH_MIN_CHARS {
        return Err(ServiceError::field("/name", format!("at least {SEARCH_MIN_CHARS} characters")));
    }
    Ok(accounts::doctors_by_name(state.db.read(), &fields::search_key(&name), FOUND_MAX).await?)
}

async fn by_email(state: &AppState, text: &str) -> ServiceResult<Vec<AccountRow>> {
    let email = fields::email("/email", text)?;
    let found = accounts::by_email(state.db.read(), &email.key).await?;
    Ok(found.into_iter().filter(|row| row.status == AccountStatus::Active).collect())
}

/// Both rows are read whatever the other says, and every miss is the same empty list: who holds an old code, or only an
/// id, doesn't learn whether the account is there.
async fn by_key(state: &AppState, text: &str) -> ServiceResult<Vec<AccountRow>> {
    let form =
        || ServiceError::field("/key", "an account id, a point and the hash of a key record, each 64 hex digits");
    let (id, record) = text.split_once('.').ok_or_else(form)?;
    let id: AccountId = id.parse().map_err(|_| form())?;
    let hash: Hash32 = record.parse().map_err(|_| form())?;
    let found = accounts::get(state.db.read(), id).await?;
    let newest = key_records::newest(state.db.read(), id).await?;
    let same = newest.is_some_and(|record| Sha256::digest(record)[..] == hash.0);
    Ok(found.into_iter().filter(|row| same && row.status == AccountStatus::Active).collect())
}

/// `GET /accounts/{id}`.
pub async fn get(state: &AppState, actor: &Actor, id: AccountId) -> ServiceResult<PublicAccount> {
    let row = accounts::get(state.db.read(), id).await?.ok_or(ErrorCode::NotFound)?;
    let shares_report = accounts::share_report(state.db.read(), actor.account, (id, row.status)).await?;
    actor.may_see_account(id, AccountStanding { role: row.role, status: row.status, shares_report })?;
    let found = accounts::public(state.db.read(), std::slice::from_ref(&row)).await?;
    state.audit.record(EventDraft::by(actor, Action::LookUp).with("account", id)).await?;
    found.into_iter().next().ok_or_else(|| ErrorCode::NotFound.into())
}
