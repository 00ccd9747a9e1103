//! A new account key, in one loop for all that need one: with a new password or recovery kit, without a way in, with new keys.
//!
//! What stays gets the new key by its public half, with nobody's secret at hand. What the old key opened is stored no
//! more, but for sealed objects from before, which the new client state's retired keys open.

use std::sync::Arc;

use api_types::{
    B64, ErrorCode, SecondFactorId, WayInId,
    accounts::{ChangePassword, ChangeRecoveryKit, OwnAccount, Rotation, StartPasswordChange, WayInKind},
    limits::{PASSWORD_MIN_CHARS, PASSWORD_MIN_CHARS_WITH_FACTOR},
    passkeys::RemovePasskey,
    sign_up::NewWayIn,
};
use crypto::{
    account::{KeyChain, KeyRecord, RecoveryKit, WayIn, WayInKind as WayKind, WayInSecret, WayInSetup},
    opaque::ExportKey,
    sign::Signed,
};

use super::{Pending, Vault, open_keyring, saving::TRIES};
use crate::{
    content::is_short,
    error::{ClientError, Result},
    ids::ToApi,
    passkey::same_generation,
    platform::Platform,
    refusal::Refusal,
    session::{NextKey, make_way, new_way_in, opaque, other_ways_in, own_chain, way_in},
    state::{ClientState, PasskeysSeen, PasswordSet, shown_passkeys},
};

/// The stored ways in, and the key that comes after the one they hold, with what becomes new with it.
pub(super) struct Next {
    password: Signed<WayIn>,
    kit: Signed<WayIn>,
    /// Passkeys, emergency contacts, recovery shares, escrow.
    others: Vec<Signed<WayIn>>,
    key: NextKey,
    /// In the place of the stored one, as is the new kit.
    new_password: Option<(Signed<WayIn>, PasswordSet)>,
    new_kit: Option<Signed<WayIn>>,
    new_epoch: bool,
}

impl Next {
    fn with_password(mut self, export_key: &ExportKey, short: bool) -> Result<Self> {
        let way = self.key.make(WayInSecret::Password(export_key))?;
        self.new_password = Some((way, PasswordSet { generation: self.key.generation, short }));
        Ok(self)
    }

    fn with_kit(mut self, kit: &RecoveryKit) -> Result<Self> {
        self.new_kit = Some(self.key.make(WayInSecret::RecoveryKit(kit))?);
        Ok(self)
    }

    /// With new keys of the account, and their record.
    pub(super) fn with_epoch(mut self) -> Result<(Self, Signed<KeyRecord>)> {
        let record = self.key.begin_epoch()?;
        self.new_epoch = true;
        Ok((self, record))
    }

    /// Without one of the other ways in.
    fn without(mut self, id: &WayInId) -> Result<Self> {
        let before = self.others.len();
        self.others.retain(|way| way.claimed().id.api() != *id);
        if self.others.len() == before { Err(Refusal::WayInForged.into()) } else { Ok(self) }
    }
}

impl<P: Platform> Vault<P> {
    /// Sets a new password and rotates the account key; the recovery kit stays good. Every other session ends. The session
    /// must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// A password that breaks a limit; `confirmation_required`; [`ClientError::AccountKeyChanged`] where another window of this
    /// session was quicker; refusals of forged answers. After a lost connection the new password may count: the next call that
    /// reaches the server finds out.
    pub async fn change_password(&self, new: &str) -> Result<()> {
        let short = is_short(new);
        // That there is a second factor is the server's word: a lie makes a password shorter, not weaker (`passwords`).
        let beside = short && self.second_factors().await?.items.iter().any(|factor| !factor.weaker);
        let step =
            opaque::start_registration(new, if beside { PASSWORD_MIN_CHARS_WITH_FACTOR } else { PASSWORD_MIN_CHARS })?;
        let start = StartPasswordChange { registration_request: step.message().into() };
        let started = self.api().start_password_change(&start).await?;
        let done = step.finish(self.platform(), self.pinned(), started.registration_response.0).await?;
        let change =
            async |next: Next| -> Result<(Next, ())> { Ok((next.with_password(&done.export_key, short)?, ())) };
        self.rotate(change, async |rotation, ()| {
            let body = ChangePassword { registration_upload: B64(done.upload.clone()), rotation };
            self.api().change_password(&body).await
        })
        .await
    }

    /// Sets a new recovery kit and rotates the account key; the password stays, the old kit opens nothing any more. Every
    /// other session ends. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// As [`Vault::change_password`].
    pub async fn change_recovery_kit(&self, kit: &RecoveryKit) -> Result<()> {
        let change = async |next: Next| -> Result<(Next, ())> { Ok((next.with_kit(kit)?, ())) };
        self.rotate(change, async |rotation, ()| self.api().change_recovery_kit(&ChangeRecoveryKit { rotation }).await)
            .await
    }

    /// Removes a passkey and rotates the account key, also where the passkey only signed in: a way in that was kept from this
    /// client is one of an earlier key then. Every other session ends. The session must be confirmed ([`Vault::confirm`]).
    ///
    /// # Errors
    /// `conflict` where the role needs a second factor; [`ClientError::ShortPassword`]; [`Refusal::WayInForged`] where the account has ways in by passkey that
    /// belong to none in the list; as [`Vault::change_password`].
    pub async fn remove_passkey(&self, id: &SecondFactorId) -> Result<()> {
        let change = async |next: Next| -> Result<(Next, ())> {
            // Listed after: one that was added meanwhile is in the list, too.
            let listed = self.second_factors().await?.items;
            self.stands_without(id, &listed)?;
            let named = |way: &Signed<WayIn>| listed.iter().any(|factor| factor.way_in == Some(way.claimed().id.api()));
            if !next.others.iter().filter(|way| way.claimed().kind == WayKind::Passkey).all(named) {
                return Err(Refusal::WayInForged.into());
            }
            let removed = listed.iter().find(|factor| factor.id == *id).and_then(|factor| factor.way_in);
            Ok((if let Some(removed) = removed { next.without(&removed)? } else { next }, ()))
        };
        self.rotate(change, async |rotation, ()| self.api().remove_passkey(id, &RemovePasskey { rotation }).await).await
    }

    /// Rotates without one of the other ways in, which `send` removes. Every other session ends.
    pub(crate) async fn rotate_without(&self, id: &WayInId, send: impl AsyncFn(Rotation) -> Result<()>) -> Result<()> {
        let change = async |next: Next| -> Result<(Next, ())> { Ok((next.without(id)?, ())) };
        self.rotate(change, async |rotation, ()| send(rotation).await).await
    }

    /// Makes the next account key and has `send` send it, from the beginning again where another device saved meanwhile. `change`
    /// says what else becomes new, or goes, and what is sent beside. Every other session ends.
    pub(super) async fn rotate<T>(
        &self,
        change: impl AsyncFn(Next) -> Result<(Next, T)>,
        send: impl AsyncFn(Rotation, T) -> Result<()>,
    ) -> Result<()> {
        let _no_save_meanwhile = self.0.saving.lock().await;
        for _ in 0..TRIES {
            let (next, beside) = change(self.next_key().await?).await?;
            let rotation = self.rotated(&next)?;
            self.begin_rotation(&next);
            let sent = send(rotation, beside).await;
            if let Some(ended) = self.end_rotation(next.key.generation, sent).await {
                if let (Ok(()), Some((_, set))) = (&ended, &next.new_password) {
                    self.state().password = Some(*set);
                }
                return ended;
            }
        }
        Err(ClientError::Internal("other devices save all the time"))
    }

    /// A new way in to the account key as it is.
    pub(crate) async fn present_way_in(&self, secret: WayInSecret<'_>) -> Result<NewWayIn> {
        self.still_present(&self.own_stored().await?)?;
        let (key, generation) = {
            let keys = self.keys_now();
            (keys.current.clone(), keys.generation)
        };
        let keyring = self.keyring();
        let setup = WayInSetup {
            account: self.id(),
            keys: keyring.current(),
            account_key: &key,
            generation,
            time: self.signing_time(),
        };
        Ok(new_way_in(&make_way(setup, secret)?))
    }

    /// Nothing is saved and no key changes while this is held.
    pub(crate) async fn lock_saving(&self) -> impl Drop + use<'_, P> {
        self.0.saving.lock().await
    }

    /// The ways in that are stored now, signed by this account, none from before an earlier rotation, and no passkey's that the
    /// account's clients don't know: a key wrapped to a voided kit, or to a lost phone, would be its finder's.
    async fn next_key(&self) -> Result<Next> {
        let account = self.own_stored().await?;
        // What other devices saved since is in the new copy too.
        self.merge_stored(&account)?;
        let chain = own_chain(&account)?;
        let (password, kit) = (way_in(&account, WayInKind::Password)?, way_in(&account, WayInKind::RecoveryKit)?);
        let generation = password.claimed().generation;
        self.check_way(&password, &chain)?;
        self.check_way(&kit, &chain)?;
        let others = other_ways_in(&account)?;
        others.iter().try_for_each(|way| self.check_way(way, &chain))?;
        same_generation(others.iter().chain([&kit]), generation)?;
        self.memory().check_way_in(&account.public.id, generation)?;
        if self.state().look_at_passkeys(generation, &shown_passkeys(&others))? {
            self.touch();
        }
        let key = NextKey::after(generation, self.epochs(), self.signing_time());
        Ok(Next { password, kit, others, key, new_password: None, new_kit: None, new_epoch: false })
    }

    fn check_way(&self, way: &Signed<WayIn>, chain: &KeyChain) -> Result<()> {
        crypto::account::verify_way_in(way, chain).map_err(|_| Refusal::WayInForged)?;
        Ok(())
    }

    async fn own_stored(&self) -> Result<OwnAccount> {
        let account = self.api().get_account().await?;
        if account.public.id != self.account_id() {
            return Err(Refusal::OtherThing.into());
        }
        self.state().check_pin(&own_chain(&account)?)?;
        self.settle(&account)?;
        Ok(account)
    }

    fn rotated(&self, next: &Next) -> Result<Rotation> {
        let mut state: ClientState = self.state().clone();
        if next.new_epoch {
            state.pin(&next.key.epochs.chain);
        }
        let (kept_password, kept_kit);
        let password = if let Some((way, set)) = &next.new_password {
            state.password = Some(*set);
            way
        } else {
            kept_password = next.key.rewrap(&next.password)?;
            &kept_password
        };
        let kit = if let Some(way) = &next.new_kit {
            way
        } else {
            kept_kit = next.key.rewrap(&next.kit)?;
            &kept_kit
        };
        next.key.rotation([password, kit], &next.others, self.account_key(), (self.counter(), state))
    }

    /// From here on the next key may be the one that counts, whatever is heard of it.
    fn begin_rotation(&self, next: &Next) {
        let passkeys = PasskeysSeen::of(next.key.generation, &next.others);
        let pending = Pending { key: next.key.key.clone(), epochs: next.key.epochs.clone(), passkeys };
        self.keys_now().next = Some(pending);
    }

    /// How it ended; `None` where another device saved meanwhile, and it is to be done again.
    async fn end_rotation(&self, generation: u32, sent: Result<()>) -> Option<Result<()>> {
        match sent {
            Ok(()) => {
                self.take_next();
                self.set_counter(self.counter().saturating_add(1));
            }
            Err(error) if error.problem().is_some_and(is_refusal) => {
                self.keys_now().next = None;
                return (error.problem() != Some(ErrorCode::CounterStale)).then_some(Err(error));
            }
            Err(error) => {
                // No answer, or none that settles it: the server knows, perhaps only later.
                let Ok(account) = self.own_stored().await else { return Some(Err(error)) };
                if self.keys_now().next.is_some() {
                    return Some(Err(error));
                }
                self.set_counter(account.client_state_counter);
            }
        }
        if let Err(error) = self.memory().check_way_in(&self.account_id(), generation) {
            return Some(Err(error));
        }
        if let Err(error) = self.refresh().await {
            tracing::warn!(code = error.code(), "the account was not fetched anew");
        }
        Some(Ok(()))
    }

    /// Learns from a stored account whether a rotation took place that was not heard of.
    pub(crate) fn settle(&self, account: &OwnAccount) -> Result<()> {
        let next = self.keys_now().next.as_ref().map(|next| next.key.clone());
        let Some(next) = next else { return Ok(()) };
        let chain = own_chain(account)?;
        if open_keyring(&next, &chain, &account.keyring.0).is_ok() {
            self.take_next();
        }
        Ok(())
    }

    /// Tells an honest change elsewhere from a lie, where what is stored doesn't open: a way in of a later account key, signed by
    /// this account, was made by whoever holds its keys, and no server can make one.
    pub(super) fn still_present(&self, account: &OwnAccount) -> Result<()> {
        let password = way_in(account, WayInKind::Password)?;
        self.check_way(&password, &own_chain(account)?)?;
        let later = password.claimed().generation > self.keys_now().generation;
        if later { Err(ClientError::AccountKeyChanged) } else { Ok(()) }
    }

    fn take_next(&self) {
        let (old, epochs, passkeys) = {
            let mut keys = self.keys_now();
            let Some(Pending { key, epochs, passkeys }) = keys.next.take() else { return };
            keys.generation = keys.generation.saturating_add(1);
            (std::mem::replace(&mut keys.current, key), epochs, passkeys)
        };
        self.people().0.insert(self.id(), Arc::clone(&epochs.chain));
        let mut state = self.state();
        state.retired.push(old);
        state.begin_passkeys(passkeys);
        state.pin(&epochs.chain);
        *self.epochs_now() = epochs;
    }
}

/// Whether nothing was changed: a server that failed, or took too long, may have done it all the same.
fn is_refusal(code: ErrorCode) -> bool {
    use ErrorCode::{DatabaseDamaged, DatabaseUnavailable, Internal, Unavailable, Unknown};
    !matches!(code, Internal | Unavailable | DatabaseUnavailable | DatabaseDamaged | Unknown)
}
