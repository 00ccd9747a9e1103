//! Throttling of what can be guessed: a few free tries, then a delay that doubles; tries are forgiven with time.
//!
//! Counted in the database, so that a restart forgives nothing. Who guesses at an e-mail from one address soon waits
//! long; what they do must not keep its owner out. So what all strangers together may try is handed out in turns
//! (`turn.rs`), one a network, and concerns neither an address from which that account was signed in to lately nor a
//! device that shows it was. Keys are keyed hashes.

mod counter;
mod rule;
mod turn;

use api_types::UnixMillis;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::ConnectionTrait;
use sha2::Sha256;

pub use self::counter::Counting;
use self::{
    counter::{Asked, judge},
    rule::{Count, next},
    turn::Turns,
};
use crate::{
    AppState, ServiceError, ServiceResult,
    clock::{AHEAD, DAY},
    middleware::{Address, Caller},
    storage::{
        db::WriteTx,
        throttle::{self, Tries},
    },
};

pub use self::{rule::Tried, turn::Shared};

/// So long an address or a device is known to an account after a success there.
const KNOWN_FOR: UnixMillis = 30 * DAY;
/// What is remembered then.
const KNOWN: &str = "Known";
/// Devices of a day that an account comes to know by passkeys alone.
const BY_PASSKEY: (&str, u32) = ("KnownByPasskeyDay", 5);

/// An e-mail and who tries it.
#[derive(Debug, Clone)]
pub struct Pair {
    email_key: String,
    caller: Caller,
}

impl Pair {
    /// Of a normalised e-mail.
    pub fn new(email_key: &str, caller: Caller) -> Self {
        Self { email_key: email_key.to_owned(), caller }
    }

    /// The normalised e-mail.
    pub fn email_key(&self) -> &str {
        &self.email_key
    }
}

/// Whether what strangers try concerns somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They show a device that signed in lately, and wait for nobody else at all.
    Device,
    /// They come from an address where that was done, and wait for who shares it.
    Address,
    /// Neither.
    Stranger,
}

/// What of it is known: an e-mail or a number, and who tries it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Whose address or device it may be.
    pub of: &'a [u8],
    /// Who tries.
    pub caller: Caller,
}

impl Known<'_> {
    /// Neither e-mails nor numbers hold a zero byte; what follows it differs in length.
    fn at_address(&self) -> Vec<u8> {
        [self.of, &[0], &self.caller.from.bytes()].concat()
    }

    /// Without a device nobody's: the same is looked for, and not found.
    fn at_device(&self) -> Vec<u8> {
        [self.of, &[0, 0], &self.caller.device.map_or([0; 32], |device| device.hash())].concat()
    }

    fn at_network(&self) -> Vec<u8> {
        [self.of, &[0, 0, 0], &self.caller.from.network()].concat()
    }

    fn keys(&self, state: &AppState) -> [[u8; 32]; 2] {
        [keyed(state, KNOWN, &self.at_device()), keyed(state, KNOWN, &self.at_address())]
    }

    /// What counts for these alone.
    pub fn own(&self, standing: Standing) -> Vec<u8> {
        match standing {
            Standing::Device => self.at_device(),
            Standing::Address | Standing::Stranger => self.at_address(),
        }
    }
}

/// How somebody stands to these: whether any of them knows the device or the address. In one statement.
pub async fn standing(state: &AppState, known: &[Known<'_>]) -> ServiceResult<Standing> {
    let keys: Vec<_> = known.iter().map(|known| known.keys(state)).collect();
    let found = throttle::get_all(state.db.read(), &keys.concat()).await?;
    let now = state.clock.now();
    let lives = |key: &[u8; 32]| found.get(key).is_some_and(|until| now < until.last);
    let any = |which: fn(&[[u8; 32]; 2]) -> &[u8; 32]| keys.iter().map(which).any(lives);
    Ok(match (any(|[device, _]| device), any(|[_, address]| address)) {
        (true, _) => Standing::Device,
        (_, true) => Standing::Address,
        _ => Standing::Stranger,
    })
}

/// From a success on these are known for a while.
pub async fn know(state: &AppState, tx: &WriteTx, known: Known<'_>) -> ServiceResult<()> {
    let until = Tries { last: state.clock.now() + KNOWN_FOR, count: 1 };
    let [device, address] = known.keys(state);
    let with_device = [(address, until), (device, until)];
    let rows = if known.caller.device.is_some() { &with_device[..] } else { &with_device[..1] };
    Ok(throttle::put_all(tx.conn(), rows).await?)
}

/// From a passkey's answer on its device is known for a while. No address is, no tries are forgotten, and few devices a day come to
/// be known so: who stole a passkey would else guess at the password beside it without end. A provider's word or a phone's code,
/// which others can give in the account's name, makes no device known to its e-mail.
pub async fn know_device(state: &AppState, tx: &WriteTx, known: Known<'_>) -> ServiceResult<()> {
    if known.caller.device.is_none() {
        return Ok(());
    }
    let device = known.at_device();
    if !remembers(state, tx.conn(), KNOWN, &device).await? {
        if day_full(state, tx.conn(), BY_PASSKEY, known.of).await?.is_some() {
            return Ok(());
        }
        count_day(state, tx, BY_PASSKEY.0, known.of).await?;
    }
    remember(state, tx, KNOWN, &device, state.clock.now() + KNOWN_FOR).await
}

/// What a try is counted as: all of it lets the try through, or none of it counts.
pub struct Attempt<'a> {
    state: &'a AppState,
    asked: Asked,
}

impl<'a> Attempt<'a> {
    /// Counted as nothing yet.
    pub fn new(state: &'a AppState) -> Self {
        Self { state, asked: Asked::default() }
    }

    /// Counts it for a subject.
    pub fn of(mut self, tried: Tried, subject: &[u8]) -> Self {
        self.asked.counts.push(Count { rule: tried.rule(1), key: key(self.state, &tried, subject) });
        self
    }

    /// Counts it for where it comes from: an address, and for IPv6, where a customer has thousands, the network around it.
    pub fn at(mut self, tried: Tried, from: Address) -> Self {
        let factor = self.state.config.address_factor;
        let counted = Count { rule: tried.rule(factor), key: key(self.state, &tried, &from.bytes()) };
        self.asked.counts.push(counted);
        if let Some(network) = from.wider() {
            let key = keyed(self.state, &format!("{tried:?}Network"), &network);
            self.asked.counts.push(Count { rule: tried.rule(factor).for_network(), key });
        }
        self
    }

    /// Takes its share of what strangers may do to a subject. Whoever is known takes it of their own: the same work in the same
    /// time, or who shares their address could tell from that to whom it is known.
    pub fn share(mut self, shared: Shared, of: &[u8], known: Known<'_>, standing: Standing) -> Self {
        let own = known.own(standing);
        let (of, holder) = match standing {
            // Of what is shared by all e-mails a network has one turn, whatever it tries.
            Standing::Stranger if of.is_empty() => (of, known.caller.from.network()),
            Standing::Stranger => (of, known.at_network()),
            Standing::Device | Standing::Address => (&own[..], own.clone()),
        };
        let (bucket, turn) = (format!("Shared{shared:?}"), format!("Turn{shared:?}"));
        self.asked.turns.push(Turns {
            rule: shared.rule(),
            bucket: keyed(self.state, &bucket, of),
            turn: keyed(self.state, &turn, &holder),
        });
        self
    }

    /// Counts the try, or refuses it with the time at which the next is taken. Refused tries don't count: hammering doesn't lock
    /// anyone out for longer.
    pub async fn count(self) -> ServiceResult<()> {
        let state = self.state;
        // The first look is without the writer: those who are refused don't take its time.
        let found = throttle::get_all(state.db.read(), &self.asked.keys()).await?;
        let judged = judge(&self.asked, &found, state.clock.now());
        let answered = match judged.refused {
            Some(retry_at) if judged.writes.is_empty() => Err(retry_at),
            _ => state.throttle.ask(self.asked).await?,
        };
        answered.map_err(|retry_at| ServiceError::Throttled { retry_at })
    }
}

/// Counts a try at signing in.
pub async fn count_sign_in(state: &AppState, pair: &Pair) -> ServiceResult<()> {
    let here = [Tried::SignInFrom, Tried::SignInPair];
    count_pair(state, pair, here, [Shared::SignIn, Shared::SignInAnywhere]).await
}

/// Counts a try at recovering.
pub async fn count_recovery(state: &AppState, pair: &Pair) -> ServiceResult<()> {
    let here = [Tried::RecoveryFrom, Tried::RecoveryPair];
    count_pair(state, pair, here, [Shared::Recovery, Shared::RecoveryAnywhere]).await
}

async fn count_pair(state: &AppState, pair: &Pair, here: [Tried; 2], shared: [Shared; 2]) -> ServiceResult<()> {
    let known = Known { of: pair.email_key.as_bytes(), caller: pair.caller };
    let standing = standing(state, &[known]).await?;
    let mut attempt = Attempt::new(state).of(here[1], &known.own(standing));
    // Who shares the address of somebody's device must not make them wait there.
    if standing != Standing::Device {
        attempt = attempt.at(here[0], pair.caller.from);
    }
    attempt.share(shared[0], known.of, known, standing).share(shared[1], &[], known, standing).count().await
}

/// Counts a try.
pub async fn count(state: &AppState, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    Attempt::new(state).of(tried, subject).count().await
}

/// Counts a try for where it comes from.
pub async fn count_from(state: &AppState, tried: Tried, from: Address) -> ServiceResult<()> {
    Attempt::new(state).at(tried, from).count().await
}

/// With a success: forgets the tries from there. Address and device are known to the account from now on.
pub async fn succeeded(state: &AppState, tx: &WriteTx, pair: &Pair) -> ServiceResult<()> {
    let known = Known { of: pair.email_key.as_bytes(), caller: pair.caller };
    let mut keys = Vec::new();
    for own in [known.at_device(), known.at_address()] {
        keys.extend([Tried::SignInPair, Tried::RecoveryPair].map(|tried| key(state, &tried, &own)));
        for shared in [Shared::SignIn, Shared::SignInAnywhere, Shared::Recovery, Shared::RecoveryAnywhere] {
            keys.push(keyed(state, &format!("Shared{shared:?}"), &own));
        }
    }
    throttle::delete_all(tx.conn(), &keys).await?;
    know(state, tx, known).await
}

/// With a success: forgets the tries.
pub async fn forget(state: &AppState, tx: &WriteTx, tried: Tried, subject: &[u8]) -> ServiceResult<()> {
    Ok(throttle::delete(tx.conn(), &key(state, &tried, subject)).await?)
}

/// When the next try is free: at the time that is now for whoever asks, or later. Counts nothing.
pub async fn free_at(
    state: &AppState,
    tx: &WriteTx,
    tried: Tried,
    subject: &[u8],
    now: UnixMillis,
) -> ServiceResult<UnixMillis> {
    let before = throttle::get(tx.conn(), &key(state, &tried, subject)).await?;
    Ok(next(&tried.rule(1), before, now).err().unwrap_or(now))
}

/// Counts a try that happens then.
pub async fn book(state: &AppState, tx: &WriteTx, tried: Tried, subject: &[u8], at: UnixMillis) -> ServiceResult<()> {
    let key = key(state, &tried, subject);
    let before = throttle::get(tx.conn(), &key).await?;
    let tries = next(&tried.rule(1), before, at).unwrap_or(Tries { last: at, count: 1 });
    Ok(throttle::put(tx.conn(), &key, tries).await?)
}

/// Whether something is remembered still.
pub async fn remembers(
    state: &AppState,
    conn: &impl ConnectionTrait,
    what: &str,
    subject: &[u8],
) -> ServiceResult<bool> {
    let until = throttle::get(conn, &keyed(state, what, subject)).await?;
    Ok(until.is_some_and(|until| state.clock.now() < until.last))
}

/// Remembers something until then.
pub async fn remember(
    state: &AppState,
    tx: &WriteTx,
    what: &str,
    subject: &[u8],
    until: UnixMillis,
) -> ServiceResult<()> {
    Ok(throttle::put(tx.conn(), &keyed(state, what, subject), Tries { last: until, count: 1 }).await?)
}

/// Whether something happened as often as it may within a day: then when it may again.
pub async fn day_full(
    state: &AppState,
    conn: &impl ConnectionTrait,
    (what, most): (&str, u32),
    subject: &[u8],
) -> ServiceResult<Option<UnixMillis>> {
    let now = state.clock.now();
    let counted = throttle::get(conn, &keyed(state, what, subject)).await?.filter(|day| is_of_today(*day, now));
    Ok(counted.filter(|day| day.count >= i64::from(most)).map(|day| day.last + DAY))
}

/// Counts what happens, for a day from the first time on.
pub async fn count_day(state: &AppState, tx: &WriteTx, what: &str, subject: &[u8]) -> ServiceResult<()> {
    let (now, key) = (state.clock.now(), keyed(state, what, subject));
    let before = throttle::get(tx.conn(), &key).await?.filter(|day| is_of_today(*day, now));
    let day = before.map_or(Tries { last: now, count: 1 }, |day| Tries { count: day.count + 1, ..day });
    Ok(throttle::put(tx.conn(), &key, day).await?)
}

/// Whether a day that was begun then lasts. One that is still to come was begun by a clock that was wrong.
fn is_of_today(day: Tries, now: UnixMillis) -> bool {
    (day.last - AHEAD..day.last + DAY).contains(&now)
}

fn key(state: &AppState, tried: &Tried, subject: &[u8]) -> [u8; 32] {
    keyed(state, &format!("{tried:?}"), subject)
}

/// A keyed hash, for what is to be recognised and not read.
pub fn keyed(state: &AppState, what: &str, subject: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let mut mac = match <Hmac<Sha256> as KeyInit>::new_from_slice(&state.throttle_key) {
        Ok(mac) => mac,
        Err(_) => return [0; 32],
    };
    mac.update(what.as_bytes());
    mac.update(&[0]);
    mac.update(subject);
    mac.finalize().into_bytes().into()
}
