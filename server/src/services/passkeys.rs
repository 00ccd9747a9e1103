//! Passkeys: add, remove, and check what one answers. A passkey verifies its user, so it stands in for password and second
//! factor at sign-in, and for the second factor beside a password. Where its authenticator has a pseudo-random function it
//! opens a way in as well; the server sees nothing of that secret.

use api_types::{
    AccountId, B64, ErrorCode, SecondFactorId,
    accounts::{WayIn, WayInKind},
    audit::Action,
    passkeys::{NewPasskey, PasskeyAdded, PasskeyAssertion, PasskeyChallenge, PasskeyCreation, RemovePasskey},
};
use sea_orm::ConnectionTrait;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, Uuid};

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    error::unique,
    mail::MailKind,
    middleware::Address,
    policy::Actor,
    random,
    services::{
        account, confirmation, fields, notices,
        rotation::{self, Rotated},
        second_factor,
        second_factors::{self, change, tell_changed},
        sessions, signed, throttle, verify,
        webauthn::{self, CHALLENGES, OWN_CHALLENGES, REGISTRATIONS, Registration},
    },
    storage::{
        self, accounts,
        db::WriteTx,
        passkeys::{self, PasskeyRow},
        ways_in,
    },
};

/// Most that an account has.
const MAX: usize = 20;

/// An account as authenticators keep it.
fn user_id(account: AccountId) -> Uuid {
    let mut id = [0; 16];
    id.copy_from_slice(&account.0[..16]);
    Uuid::from_bytes(id)
}

fn full(passkeys: usize) -> ServiceResult<()> {
    if passkeys < MAX {
        return Ok(());
    }
    Err(ServiceError::because(ErrorCode::Conflict, format!("an account has at most {MAX} passkeys")))
}

fn failed() -> ServiceError {
    ErrorCode::PasskeyFailed.into()
}

/// `POST /account/passkeys/start`.
pub async fn start(state: &AppState, actor: &Actor) -> ServiceResult<PasskeyCreation> {
    confirmation::confirmed_to_secure(state, actor).await?;
    let conn = state.db.read();
    let row = accounts::get(conn, actor.account).await?.ok_or(ErrorCode::SignedOut)?;
    let known = passkeys::of_account(conn, actor.account).await?;
    full(known.len())?;
    let exclude: Vec<_> = known.iter().map(|passkey| passkey.credential.cred_id().clone()).collect();
    let begun = state.relying_party.get()?.start_passkey_registration(
        user_id(actor.account),
        &row.email,
        &row.name,
        Some(exclude.clone()),
    );
    let (options, registration) = begun.map_err(|error| ServiceError::Internal(format!("webauthn: {error}")))?;
    let ceremony_id = random::bytes::<32>()?;
    let waiting = Registration { session: actor.session, state: registration };
    REGISTRATIONS.put(state, &ceremony_id, Some(actor.account), &waiting).await?;
    let options = options.public_key;
    Ok(PasskeyCreation {
        ceremony_id: B64(ceremony_id.to_vec()),
        challenge: B64(options.challenge),
        rp_id: options.rp.id,
        rp_name: options.rp.name,
        user_id: B64(options.user.id),
        user_name: row.email,
        user_display_name: row.name,
        algorithms: options.pub_key_cred_params.iter().map(|parameter| parameter.alg).collect(),
        exclude: exclude.into_iter().map(|id| B64(id.to_vec())).collect(),
    })
}

/// `POST /account/passkeys`.
pub async fn add(state: &AppState, actor: &Actor, body: NewPasskey) -> ServiceResult<PasskeyAdded> {
    let label = fields::short_text("/label", &body.label, 100)?;
    confirmation::confirmed_to_secure(state, actor).await?;
    let credential = webauthn::registered(&body)?;
    let way = match body.way_in {
        Some(way) => Some(check_way(state, actor, way).await?),
        None => None,
    };
    let begun = take(state, actor, &body.ceremony_id.0).await?;
    let made = state.relying_party.get()?.finish_passkey_registration(&credential, &begun.state);
    let credential = made.map_err(|error| refused(&error))?;
    let now = state.clock.now();
    let mut tx = confirmation::begin_write(state, actor).await?;
    let first = !second_factor::has(tx.conn(), actor.account).await?;
    full(passkeys::of_account(tx.conn(), actor.account).await?.len())?;
    let passkey = PasskeyRow {
        id: SecondFactorId(random::bytes()?),
        account: actor.account,
        way_in: way.as_ref().map(|way| way.id),
        label,
        credential,
        stored: String::new(),
        created_at: now,
        last_used_at: None,
    };
    if let Some(way) = &way {
        of_present_key(tx.conn(), actor, way).await?;
        announced(tx.conn(), actor, body.announced_in).await?;
        unique(ways_in::insert(tx.conn(), actor.account, way).await)?;
    }
    unique(passkeys::insert(tx.conn(), &passkey).await)?;
    let codes = if first { second_factors::new_codes(state, actor, &tx).await? } else { Vec::new() };
    storage::sessions::prove_second_factor(tx.conn(), actor.session).await?;
    let ended = storage::sessions::delete_unproved(tx.conn(), actor.account, actor.session).await?;
    storage::api_tokens::delete_unproved(tx.conn(), actor.account).await?;
    let event = change(actor, "passkey_added").with("factor", passkey.id).with("unlocks", passkey.way_in.is_some());
    tx.record(event.with("sessions_ended", ended)).await?;
    notices::tell_id(state, &mut tx, actor.account, MailKind::SecondFactorAdded).await?;
    tell_changed(&mut tx, actor);
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(PasskeyAdded { id: passkey.id, codes })
}

async fn check_way(state: &AppState, actor: &Actor, way: api_types::sign_up::NewWayIn) -> ServiceResult<WayIn> {
    let chain = verify::keys_of(state.db.read(), actor.account).await?;
    let way = signed::way_in("/way_in", way, WayInKind::Passkey, &chain, state.clock.now())?;
    of_present_key(state.db.read(), actor, &way).await?;
    Ok(way)
}

/// By a client that announces it: a page from before clients did so would add one that all others refuse.
async fn announced(conn: &impl ConnectionTrait, actor: &Actor, counter: Option<u64>) -> ServiceResult<()> {
    let account = accounts::get(conn, actor.account).await?.ok_or(ErrorCode::NotFound)?;
    let stored = account.client_state_counter.unsigned_abs();
    if counter.is_some_and(|counter| counter > 0 && counter <= stored) {
        return Ok(());
    }
    let detail = "the way in was not announced in the stored client state: load the page anew, or update the program";
    Err(ServiceError::field("/announced_in", detail))
}

/// Of the account key as it is now: one of an earlier key would open nothing, and stop every rotation to come.
pub(super) async fn of_present_key(conn: &impl ConnectionTrait, actor: &Actor, way: &WayIn) -> ServiceResult<()> {
    let present = account::generation(conn, actor.account).await?;
    let same = Some(account::generation_of(actor.account, way)?) == present;
    if same { Ok(()) } else { Err(ErrorCode::CounterStale.into()) }
}

/// A registration of this session; another's stays.
async fn take(state: &AppState, actor: &Actor, id: &[u8]) -> ServiceResult<Registration> {
    let taken = REGISTRATIONS.take(state, id).await?.ok_or_else(failed)?;
    if taken.value.session != actor.session {
        REGISTRATIONS.put_until(state, id, (taken.account, taken.ends_at), &taken.value).await?;
        return Err(failed());
    }
    Ok(taken.value)
}

/// `POST /account/passkeys/{id}/remove`.
pub async fn remove(state: &AppState, actor: &Actor, id: SecondFactorId, body: RemovePasskey) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let tx = state.db.begin_write().await?;
    let passkey = passkeys::get(tx.conn(), actor.account, id).await?.ok_or(ErrorCode::NotFound)?;
    passkeys::delete(tx.conn(), actor.account, id).await?;
    second_factors::after_removal(&tx, actor).await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], passkey.way_in).await?;
    let event = change(actor, "passkey_removed").with("factor", id);
    rotation::finish(state, actor, tx, rotated, (event, MailKind::SecondFactorRemoved)).await
}

/// `POST /passkeys/challenge`.
pub async fn challenge(state: &AppState, actor: Option<Actor>, from: Address) -> ServiceResult<PasskeyChallenge> {
    let relying_party = state.relying_party.get()?;
    throttle::count_from(state, throttle::Tried::PasskeyFrom, from).await?;
    let begun = relying_party.start_discoverable_authentication();
    let (options, pending) = begun.map_err(|error| ServiceError::Internal(format!("webauthn: {error}")))?;
    let ceremony_id = random::bytes::<32>()?;
    match actor {
        Some(actor) => OWN_CHALLENGES.put(state, &ceremony_id, Some(actor.account), &pending).await?,
        None => CHALLENGES.put_from(state, &ceremony_id, from, &pending).await?,
    }
    Ok(PasskeyChallenge {
        ceremony_id: B64(ceremony_id.to_vec()),
        challenge: B64(options.public_key.challenge),
        rp_id: options.public_key.rp_id,
    })
}

/// Takes a challenge out. Who begins a session may have asked for it in the one before.
async fn challenged(state: &AppState, id: &[u8]) -> ServiceResult<DiscoverableAuthentication> {
    for waiting in [&CHALLENGES, &OWN_CHALLENGES] {
        if let Some(taken) = waiting.take(state, id).await? {
            return Ok(taken.value);
        }
    }
    Err(failed())
}

/// An answer that is right, and not yet taken.
#[derive(Debug)]
pub struct Answered {
    /// Whose passkey.
    pub account: AccountId,
    /// Which.
    pub id: SecondFactorId,
    /// As it was stored.
    before: String,
    after: Passkey,
}

/// Checks what a passkey answered to a challenge, which serves once.
pub async fn check(state: &AppState, given: &PasskeyAssertion) -> ServiceResult<Answered> {
    let challenge = challenged(state, &given.ceremony_id.0).await?;
    let known = passkeys::by_credential(state.db.read(), &given.credential_id.0).await?.ok_or_else(failed)?;
    let verified = verify_answer(state, given, challenge, &known);
    if verified.is_err() {
        // Somebody else's answer in its name, or a clone's.
        let event = EventDraft::anonymous(Action::SignIn).actor(known.account, None).with("way", "passkey");
        state.audit.record(event.with("factor", known.id).denied(ErrorCode::PasskeyFailed)).await?;
    }
    let after = verified?;
    Ok(Answered { account: known.account, id: known.id, before: known.stored, after })
}

fn verify_answer(
    state: &AppState,
    given: &PasskeyAssertion,
    challenge: DiscoverableAuthentication,
    known: &PasskeyRow,
) -> ServiceResult<Passkey> {
    if given.user_handle.0 != user_id(known.account).as_bytes() {
        return Err(failed());
    }
    let credential = webauthn::asserted(given)?;
    let relying_party = state.relying_party.get()?;
    let done = relying_party.finish_discoverable_authentication_v2(&credential, challenge, &known.credential);
    let done = done.map_err(|error| refused(&error))?;
    if !done.user_verified() {
        return Err(failed());
    }
    let mut after = known.credential.clone();
    after.update_credential(&done);
    Ok(after)
}

impl Answered {
    /// Takes it, in the transaction of what it allows.
    pub async fn take(&self, state: &AppState, tx: &WriteTx) -> ServiceResult<()> {
        let both = (self.before.as_str(), &self.after);
        let taken = passkeys::answered(tx.conn(), self.id, both, state.clock.now()).await?;
        if taken { Ok(()) } else { Err(failed()) }
    }
}

/// What webauthn-rs finds wrong is for the operator: whoever asks learns only that it is wrong.
fn refused(error: &webauthn_rs::prelude::WebauthnError) -> ServiceError {
    tracing::info!(%error, "a passkey was refused");
    failed()
}
