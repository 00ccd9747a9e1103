//! A new account key, by itself or with a new password or recovery kit: what the old one opened opens nothing stored any more.

use std::collections::BTreeSet;

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis, WayInId,
    accounts::{ChangePassword, ChangeRecoveryKit, RotateAccountKey, Rotation, StartPasswordChange, WayIn, WayInKind},
    limits::CLIENT_STATE_MAX,
    live::LiveKind,
    sign_up::RegistrationStarted,
};
use crypto::account::KeyChain;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::EventDraft,
    error::unique,
    live,
    mail::MailKind,
    policy::Actor,
    services::{
        account, api_tokens, confirmation, fields, notices, recovery, second_factors::change, sessions, signed, verify,
    },
    storage::{self, accounts, db::WriteTx, ways_in},
};

/// A checked rotation.
pub struct Rotated {
    account: AccountId,
    password: WayIn,
    recovery_kit: WayIn,
    /// Passkeys, emergency contacts, recovery shares, escrow.
    others: Vec<WayIn>,
    keyring: Vec<u8>,
    client_state: Vec<u8>,
    counter: i64,
}

impl Rotated {
    /// Checks what a client sent, signed by the keys that the account has.
    pub async fn check(state: &AppState, account: AccountId, sent: Rotation) -> ServiceResult<Self> {
        let chain = verify::keys_of(state.db.read(), account).await?;
        Self::check_under(&chain, state.clock.now(), sent)
    }

    /// The same, signed by these keys.
    pub fn check_under(chain: &KeyChain, now: UnixMillis, sent: Rotation) -> ServiceResult<Self> {
        signed::keyring("/rotation/keyring", &sent.keyring.0)?;
        fields::blob("/rotation/client_state", &sent.client_state.0, CLIENT_STATE_MAX)?;
        let passkeys = sent.passkeys.into_iter();
        let passkeys = passkeys.map(|way| signed::way_in("/rotation/passkeys", way, WayInKind::Passkey, chain, now));
        let contacts = sent
            .emergency_contacts
            .into_iter()
            .map(|way| signed::way_in("/rotation/emergency_contacts", way, WayInKind::EmergencyContact, chain, now));
        let shares = sent
            .recovery_shares
            .into_iter()
            .map(|way| signed::way_in("/rotation/recovery_shares", way, WayInKind::RecoveryShares, chain, now));
        let escrow =
            sent.escrow.into_iter().map(|way| signed::way_in("/rotation/escrow", way, WayInKind::Escrow, chain, now));
        Ok(Self {
            account: AccountId(chain.account().0),
            others: passkeys.chain(contacts).chain(shares).chain(escrow).collect::<ServiceResult<_>>()?,
            password: signed::way_in("/rotation/password", sent.password, WayInKind::Password, chain, now)?,
            recovery_kit: signed::way_in(
                "/rotation/recovery_kit",
                sent.recovery_kit,
                WayInKind::RecoveryKit,
                chain,
                now,
            )?,
            keyring: sent.keyring.0,
            client_state: sent.client_state.0,
            counter: account::counter("/rotation/client_state_counter", sent.client_state_counter)?,
        })
    }

    /// Of password and recovery kit these stay, the other is new: a client that mixed them up would leave its person with
    /// neither. The others stay, but for the one that is removed.
    pub async fn keeps(&self, tx: &WriteTx, kinds: &[WayInKind], removed: Option<WayInId>) -> ServiceResult<()> {
        let ways = [(&self.password, "/rotation/password"), (&self.recovery_kit, "/rotation/recovery_kit")];
        let stored = ways_in::of(tx.conn(), self.account).await?;
        for (way, pointer) in ways {
            let is_stored = stored.iter().any(|stored| stored.id == way.id && stored.kind == way.kind);
            if kinds.contains(&way.kind) && !is_stored {
                return Err(ServiceError::field(pointer, "not the stored way in under the new account key"));
            }
            if !kinds.contains(&way.kind) && stored.iter().any(|stored| stored.id == way.id) {
                return Err(ServiceError::field(pointer, "a new way in has a new id"));
            }
        }
        self.keeps_others(&stored, removed)
    }

    /// Another device may have added or removed one since the client looked.
    pub fn keeps_others(&self, stored: &[WayIn], removed: Option<WayInId>) -> ServiceResult<()> {
        let others = stored.iter().filter(|way| !matches!(way.kind, WayInKind::Password | WayInKind::RecoveryKit));
        let kept: BTreeSet<_> = others.map(|way| (way.kind, way.id)).filter(|(_, id)| Some(*id) != removed).collect();
        let sent: BTreeSet<_> = self.others.iter().map(|way| (way.kind, way.id)).collect();
        if kept != sent || sent.len() != self.others.len() {
            return Err(ErrorCode::CounterStale.into());
        }
        self.is_new(stored)
    }

    /// All of them hold one account key, later than the stored ones: whoever has none of them could else send back what is stored,
    /// which is signed, beside a keyring that nothing opens.
    fn is_new(&self, stored: &[WayIn]) -> ServiceResult<()> {
        let generation = |way: &WayIn| account::generation_of(self.account, way);
        let new = generation(&self.password)?;
        for way in std::iter::once(&self.recovery_kit).chain(&self.others) {
            if generation(way)? != new {
                return Err(ServiceError::field("/rotation", "its ways in hold different account keys"));
            }
        }
        for way in stored {
            if generation(way)? >= new {
                return Err(ErrorCode::CounterStale.into());
            }
        }
        Ok(())
    }

    /// Replaces everything under the old account key, in one transaction. The counter makes sure that of two at once one
    /// is refused.
    pub async fn store(self, tx: &WriteTx) -> ServiceResult<()> {
        let account = self.account;
        if !accounts::put_client_state(tx.conn(), account, self.client_state, self.counter).await? {
            return Err(ErrorCode::CounterStale.into());
        }
        accounts::put_keyring(tx.conn(), account, self.keyring).await?;
        ways_in::delete_all(tx.conn(), account).await?;
        for way in [&self.password, &self.recovery_kit].into_iter().chain(&self.others) {
            unique(ways_in::insert(tx.conn(), account, way).await)?;
        }
        Ok(())
    }
}

/// `POST /account/password/start`.
pub async fn start_password(
    state: &AppState,
    actor: &Actor,
    body: StartPasswordChange,
) -> ServiceResult<RegistrationStarted> {
    confirmation::confirmed(state, actor).await?;
    let response = state.opaque.registration_start(actor.account, &body.registration_request.0)?;
    Ok(RegistrationStarted { registration_response: B64(response) })
}

/// `PUT /account/password`.
pub async fn change_password(state: &AppState, actor: &Actor, body: ChangePassword) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let record = state.opaque.registration_finish(&body.registration_upload.0)?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let tx = state.db.begin_write().await?;
    rotated.keeps(&tx, &[WayInKind::RecoveryKit], None).await?;
    ways_in::put_opaque_record(tx.conn(), actor.account, record, state.clock.now()).await?;
    finish(state, actor, tx, rotated, (change(actor, "password"), MailKind::PasswordChanged)).await
}

/// `PUT /account/recovery-kit`.
pub async fn change_recovery_kit(state: &AppState, actor: &Actor, body: ChangeRecoveryKit) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let tx = state.db.begin_write().await?;
    rotated.keeps(&tx, &[WayInKind::Password], None).await?;
    finish(state, actor, tx, rotated, (change(actor, "recovery_kit"), MailKind::RecoveryKitChanged)).await
}

/// `POST /account/key`: where a way in went without a new account key, as an administrator takes passkeys off.
pub async fn rotate_account_key(state: &AppState, actor: &Actor, body: RotateAccountKey) -> ServiceResult<()> {
    confirmation::confirmed(state, actor).await?;
    let rotated = Rotated::check(state, actor.account, body.rotation).await?;
    let tx = state.db.begin_write().await?;
    rotated.keeps(&tx, &[WayInKind::Password, WayInKind::RecoveryKit], None).await?;
    finish(state, actor, tx, rotated, (change(actor, "account_key"), MailKind::AccountKeyRotated)).await
}

/// Stores it; every other session ends, and every API token.
pub async fn finish(
    state: &AppState,
    actor: &Actor,
    mut tx: WriteTx,
    rotated: Rotated,
    (event, kind): (EventDraft, MailKind),
) -> ServiceResult<()> {
    confirmation::still(tx.conn(), actor).await?;
    rotated.store(&tx).await?;
    let ended = storage::sessions::delete_others(tx.conn(), actor.account, Some(actor.session)).await?;
    let tokens = api_tokens::end_all(&tx, actor.account).await?;
    tx.record(event.with("sessions_ended", ended).with("tokens_ended", tokens)).await?;
    notices::tell_id(state, &mut tx, actor.account, kind).await?;
    recovery::forget_of(&tx, actor.account).await?;
    sessions::tell_changed(&mut tx, actor.account);
    tx.tell(actor.account, live::event(LiveKind::AccountChanged));
    tx.commit().await?;
    sessions::changed(state, actor.account);
    Ok(())
}
