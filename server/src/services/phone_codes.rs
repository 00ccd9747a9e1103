//! Codes for phones: who may have one sent, and whether what was typed is one. A code counts once, for ten minutes and five
//! tries, and a new one voids the old.
//!
//! Messages cost money and wake people, so they are counted before one is sent: with growing delays for number, account and
//! network, and so many a day for a number, for an account, and in all. A number that signs in to no account is counted like
//! one that does.
//!
//! The first few of a day are a number's own, for each use of it, and an account's own to add one: whoever holds a dozen other
//! numbers and accounts takes them from nobody. A message goes to a number of an account, or to one that an account adds, so
//! accounts bound what these cost, and a ceiling far above that does. What is asked for beyond them comes out of what all have
//! in common. Of that a quarter each may go to whoever types a number to sign in, to those of them who show a device that is
//! known, and to sessions that add a number: none of them uses up what the others need, and below the ceiling a quarter at least
//! is left for second factors.
//!
//! A number's messages are counted for who asks for them first, and then for all strangers together: one address gets half of
//! a day's, and where somebody is known, what strangers asked for doesn't keep them out. Nor does it void their code: that is
//! its browser's, or its sign-in's.

use api_types::{AccountId, ErrorCode, UnixMillis, audit::Action};
use sea_orm::ConnectionTrait;
use sha2::{Digest, Sha256};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    clock::MINUTE,
    policy::Actor,
    random,
    services::{
        second_factor::Asks,
        throttle::{self, Attempt, Known, Standing, Tried},
    },
    sms::{CodePurpose, Number, SmsConfig},
    storage::{
        db::WriteTx,
        phone_codes::{self as rows, CodeRow},
        phones::{self, PhoneRow},
    },
};

/// Life of a code.
pub const LIFE: UnixMillis = 10 * MINUTE;
/// Wrong tries that end it.
const TRIES: i32 = 5;
/// Messages of a day to a number, of a purpose, that strangers asked for.
const TO_NUMBER: &str = "PhoneDay";
/// Those that one of them asked for, or who is known.
const TO_NUMBER_BY: &str = "PhoneOwnDay";
/// Messages of a day that an account asked for, to become its number's.
const BY_ACCOUNT: &str = "PhoneAccountDay";
/// The first messages of a day: a number's for a use of it, or an account's to add one.
const FIRST: &str = "PhoneFirstDay";
/// So many of them nobody else's use up.
const OWN: u32 = 3;
/// Messages of a day.
const ALL: &str = "PhonesDay";
/// That there are no more than so many times what is in common bounds the bill of an instance that anybody may join. An account
/// that changes its number has up to forty of its own, so that it takes about a hundred of them to get there where the limit is
/// the usual one.
const CEILING: u32 = 10;
/// Messages of a day but the first; also those that weren't sent, of this and of its parts: how many are left, and since when,
/// would tell whose numbers get any.
const COMMON: &str = "PhonesCommonDay";
/// Those of them to sign in, on devices that aren't known.
const OTHERS: &str = "PhonesOtherDay";
/// Those to sign in, on devices that are.
const DEVICES: &str = "PhonesDeviceDay";
/// Those to sessions that add a number.
const ADDED: &str = "PhonesAddedDay";
/// Each of these gets one of so many parts of a day; what they leave is for second factors.
const PARTS: u32 = 4;
/// Messages of a day that were not sent, as their numbers sign in to no account: counted for the same work.
const UNSENT: &str = "PhonesUnsentDay";

/// What is configured; without a gateway there are no phones here.
pub fn config(state: &AppState) -> ServiceResult<&SmsConfig> {
    Ok(state.config.sms.as_ref().ok_or(ErrorCode::NotFound)?)
}

/// A number that was typed.
pub fn number(text: &str) -> ServiceResult<Number> {
    Number::parse(text).map_err(|error| ServiceError::field("/number", error.to_string()))
}

/// The account's phone, where its codes are a second factor and can be sent.
pub async fn factor(
    state: &AppState,
    conn: &impl ConnectionTrait,
    account: AccountId,
) -> ServiceResult<Option<PhoneRow>> {
    let Some(config) = &state.config.sms else { return Ok(None) };
    Ok(phones::factor(conn, account).await?.filter(|phone| config.reaches(&phone.number)))
}

fn subject(purpose: CodePurpose, number: &Number) -> Vec<u8> {
    format!("{}\0{}", enum_name(&purpose), number.as_str()).into_bytes()
}

fn code(state: &AppState, purpose: CodePurpose, number: Number) -> ServiceResult<CodeRow> {
    let now = state.clock.now();
    Ok(CodeRow {
        id: random::bytes()?,
        purpose,
        number,
        account: None,
        browser: None,
        tries: 0,
        expires_at: now + LIFE,
        send_at: Some(now),
        attempts: 0,
    })
}

/// Who has messages sent to a number, of a purpose.
#[derive(Debug)]
pub struct Asker {
    standing: Standing,
    /// What counts for the number.
    number: Vec<u8>,
    /// What counts for the number and who asks.
    own: Vec<u8>,
    /// Whose first messages of a day it takes.
    first: Vec<u8>,
}

/// What a message is taken out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purse {
    /// The number's own, or the account's.
    Own,
    /// What all have.
    Common,
}

impl Asker {
    /// Somebody, as they are known where they try.
    pub fn new(purpose: CodePurpose, number: &Number, (known, standing): (Known<'_>, Standing)) -> Self {
        let number = subject(purpose, number);
        let own = [&number[..], &[0], &known.own(standing)].concat();
        let apart = [u8::from(is_apart(purpose, standing))];
        let first = [&number[..], &[0], &apart].concat();
        Self { standing, number, own, first }
    }

    /// A session of an account.
    fn session(purpose: CodePurpose, number: &Number, account: AccountId) -> Self {
        let number = subject(purpose, number);
        let own = [&number[..], &[0], &account.0].concat();
        // However many numbers it adds.
        let first = account.0.to_vec();
        Self { standing: Standing::Stranger, number, own, first }
    }

    /// What strangers share; whoever is known takes it of their own, with the same work.
    fn shared(&self) -> &[u8] {
        if self.standing == Standing::Stranger { &self.number } else { &self.own }
    }

    /// The share of a day that one of them may have sent.
    fn own_day(&self, purpose: CodePurpose, config: &SmsConfig) -> u32 {
        match (purpose, self.standing) {
            // Who may be asked for a code again and again proved a password before each.
            (CodePurpose::SecondFactor, Standing::Address | Standing::Device) => config.daily_per_number,
            _ => config.daily_per_number.div_ceil(2),
        }
    }

    /// Of which part of a day's messages it is, if it is no second factor. A known address is no device: once strangers have used
    /// theirs up, whoever shares it would see whose numbers are known there.
    fn part(&self, purpose: CodePurpose) -> Option<&'static str> {
        match (purpose, self.standing) {
            (CodePurpose::SecondFactor, _) => None,
            (CodePurpose::Verify, _) => Some(ADDED),
            (CodePurpose::SignIn, Standing::Device) => Some(DEVICES),
            (CodePurpose::SignIn, Standing::Address | Standing::Stranger) => Some(OTHERS),
        }
    }

    /// Counts a try at having one sent.
    pub fn counted<'a>(&self, attempt: Attempt<'a>) -> Attempt<'a> {
        attempt.of(Tried::PhonePair, &self.own).of(Tried::PhoneNumber, self.shared())
    }
}

/// Whether who asks has first messages of their own, apart from strangers': where they are known. To sign in a known address is
/// nothing of the kind, for the reason that [`Asker::part`] gives; who needs a second factor has proved a password.
fn is_apart(purpose: CodePurpose, standing: Standing) -> bool {
    match standing {
        Standing::Device => true,
        Standing::Address => purpose == CodePurpose::SecondFactor,
        Standing::Stranger => false,
    }
}

/// Refuses what would be more than a day has. Gives what the message is taken out of.
async fn room(state: &AppState, tx: &WriteTx, purpose: CodePurpose, asker: &Asker) -> ServiceResult<Purse> {
    let config = config(state)?;
    let days = [
        (TO_NUMBER_BY, asker.own_day(purpose, config), &asker.own[..]),
        (TO_NUMBER, config.daily_per_number, asker.shared()),
        (ALL, config.daily.saturating_mul(CEILING), &[][..]),
    ];
    for (what, most, subject) in days {
        refuse_full(state, tx, (what, most), subject).await?;
    }
    if throttle::day_full(state, tx.conn(), (FIRST, OWN), &asker.first).await?.is_none() {
        return Ok(Purse::Own);
    }
    refuse_full(state, tx, (COMMON, config.daily), &[]).await?;
    if let Some(part) = asker.part(purpose) {
        refuse_full(state, tx, (part, (config.daily / PARTS).max(1)), &[]).await?;
    }
    Ok(Purse::Common)
}

async fn refuse_full(state: &AppState, tx: &WriteTx, day: (&str, u32), subject: &[u8]) -> ServiceResult<()> {
    match throttle::day_full(state, tx.conn(), day, subject).await? {
        Some(retry_at) => {
            tracing::warn!(what = day.0, most = day.1, "as many codes were asked for as a day has");
            Err(ServiceError::Throttled { retry_at })
        }
        None => Ok(()),
    }
}

/// Counts a message. One that isn't sent takes the same steps, and counts for all but the bill.
async fn count(state: &AppState, tx: &WriteTx, code: &CodeRow, (asker, purse): (&Asker, Purse)) -> ServiceResult<()> {
    throttle::count_day(state, tx, TO_NUMBER_BY, &asker.own).await?;
    throttle::count_day(state, tx, TO_NUMBER, asker.shared()).await?;
    throttle::count_day(state, tx, FIRST, &asker.first).await?;
    throttle::count_day(state, tx, if code.send_at.is_some() { ALL } else { UNSENT }, &[]).await?;
    if purse == Purse::Own {
        return Ok(());
    }
    throttle::count_day(state, tx, COMMON, &[]).await?;
    match asker.part(code.purpose) {
        Some(part) => throttle::count_day(state, tx, part, &[]).await,
        None => Ok(()),
    }
}

/// Sends a code to a number that is to become an account's. Gives when it ends.
pub async fn send_verification(state: &AppState, actor: &Actor, number: Number) -> ServiceResult<UnixMillis> {
    let purpose = CodePurpose::Verify;
    let account = actor.account;
    let asker = Asker::session(purpose, &number, account);
    asker.counted(Attempt::new(state).of(Tried::PhoneAccount, &account.0)).count().await?;
    let code = CodeRow { account: Some(account), ..code(state, purpose, number)? };
    let mut tx = state.db.begin_write().await?;
    let purse = room(state, &tx, purpose, &asker).await?;
    refuse_full(state, &tx, (BY_ACCOUNT, config(state)?.daily_per_number), &account.0).await?;
    throttle::count_day(state, &tx, BY_ACCOUNT, &account.0).await?;
    rows::void_of_account(tx.conn(), account, purpose).await?;
    queue(state, &mut tx, &code, (&asker, purse)).await?;
    tx.record(EventDraft::by(actor, Action::AccountChange).with("what", "phone_code_sent")).await?;
    tx.commit().await?;
    Ok(code.expires_at)
}

/// Sends a code to the phone that is an account's second factor, if it has one. It is good for what it was asked for in alone,
/// and voids none but that one's.
pub async fn send_factor(
    state: &AppState,
    account: AccountId,
    asks: Asks<'_>,
    who: (Known<'_>, Standing),
) -> ServiceResult<()> {
    let purpose = CodePurpose::SecondFactor;
    let Some(phone) = factor(state, state.db.read(), account).await? else { return Ok(()) };
    let asker = Asker::new(purpose, &phone.number, who);
    asker.counted(Attempt::new(state)).count().await?;
    let bound = bound_to(asks.attempt);
    let code = CodeRow { account: Some(account), browser: Some(bound), ..code(state, purpose, phone.number)? };
    let mut tx = state.db.begin_write().await?;
    let purse = room(state, &tx, purpose, &asker).await?;
    rows::void_bound(tx.conn(), purpose, Some(bound)).await?;
    queue(state, &mut tx, &code, (&asker, purse)).await?;
    let event = EventDraft::anonymous(asks.action).actor(account, None);
    tx.record(event.with("step", "code_sent").with("factor", "phone")).await?;
    tx.commit().await
}

/// What a code is kept under that is good in one attempt.
fn bound_to(attempt: &[u8]) -> [u8; 32] {
    Sha256::digest(attempt).into()
}

async fn queue(state: &AppState, tx: &mut WriteTx, code: &CodeRow, from: (&Asker, Purse)) -> ServiceResult<()> {
    count(state, tx, code, from).await?;
    Ok(tx.queue_code(code).await?)
}

/// Sends a code to whoever signs in with a number, if it does to that account; the same is done where it does to none. Gives when
/// the code ends. The tries of number and network were counted. It voids the one that the browser had before, and no other.
pub async fn send_sign_in(
    state: &AppState,
    (number, account): (Number, Option<AccountId>),
    asker: &Asker,
    (browser, before): ([u8; 32], Option<[u8; 32]>),
) -> ServiceResult<UnixMillis> {
    let reaches = config(state)?.reaches(&number);
    let account = account.filter(|_| reaches);
    let mut code = CodeRow { account, browser: Some(browser), ..code(state, CodePurpose::SignIn, number)? };
    code.send_at = code.send_at.filter(|_| account.is_some());
    let mut tx = state.db.begin_write().await?;
    let purse = room(state, &tx, code.purpose, asker).await?;
    rows::void_bound(tx.conn(), code.purpose, before).await?;
    queue(state, &mut tx, &code, (asker, purse)).await?;
    tx.commit().await?;
    Ok(code.expires_at)
}

/// Whether what was typed is the code of that id; a wrong one is counted. It isn't taken yet.
pub async fn check(state: &AppState, id: &[u8; 16], typed: &str) -> ServiceResult<CodeRow> {
    // The writer's: of several tries at once each is counted before the next is looked at.
    let tx = state.db.begin_write().await?;
    let found = rows::get(tx.conn(), id).await?;
    let lives = |row: &CodeRow| row.lives(state.clock.now()) && row.tries < TRIES;
    let row = found.filter(lives).ok_or(ErrorCode::PhoneCodeExpired)?;
    let right = state.sms_key.is_code(&row, typed)?;
    if right && row.account.is_some() {
        return Ok(row);
    }
    rows::count_try(tx.conn(), id).await?;
    tx.commit().await?;
    Err(ErrorCode::PhoneCodeWrong.into())
}

/// The id of the code that an account's phone was sent as a second factor for this attempt, where what was typed is that code.
pub async fn check_factor(
    state: &AppState,
    account: AccountId,
    attempt: &[u8],
    typed: &str,
) -> ServiceResult<Option<[u8; 16]>> {
    let sent = rows::bound(state.db.read(), CodePurpose::SecondFactor, bound_to(attempt)).await?;
    let Some(row) = sent.filter(|row| row.account == Some(account)) else { return Ok(None) };
    match check(state, &row.id, typed).await {
        Ok(row) => Ok(Some(row.id)),
        Err(ServiceError::Refused(ErrorCode::PhoneCodeWrong | ErrorCode::PhoneCodeExpired)) => Ok(None),
        Err(error) => Err(error),
    }
}
