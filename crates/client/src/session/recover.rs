//! The recovery kit opens the account, or an emergency contact's words do, or those out of escrow, or recovery shares
//! together; a new password is set and the account key rotated, in one request.

use std::sync::Arc;

use api_types::{
    B64, ErrorCode,
    accounts::{OwnAccount, WayInKind},
    limits::PASSWORD_MIN_CHARS,
    recovery::{FinishRecovery, RecoveryStarted, StartRecovery, VerifyRecovery},
};
use crypto::{
    account::{
        AccountKey, CombineError, KeyChain, RecoveryKit, RecoveryShare, RecoverySplit, WayIn, WayInKind as CryptoKind,
        WayInSecret, check_together, combine_shares,
    },
    ids::{AccountId, Hash32, WayInId},
    opaque::ExportKey,
    sign::Signed,
};

use super::{AskSecondFactor, Asking, Client, Device, NextKey, opaque, open_way, other_ways_in, own_chain, way_in};
use crate::{
    content::check_email,
    error::{ClientError, Result},
    ids::ToCrypto,
    memory::Pinned,
    passkey::same_generation,
    platform::Platform,
    refusal::Refusal,
    state::{PasswordSet, shown_passkeys},
    vault::{Epochs, Vault, open_client_state, open_keyring},
};

/// What a person gives who forgot the password.
pub struct Recover<'a> {
    /// Sign-in e-mail.
    pub email: &'a str,
    /// The 24 words, of the kit, of an emergency contact or out of escrow.
    pub words: &'a str,
    /// New password.
    pub password: &'a str,
    /// How the session is carried.
    pub device: Device,
}

/// What a person gives who has shares of their contacts.
pub struct RecoverWithShares<'a> {
    /// Sign-in e-mail.
    pub email: &'a str,
    /// The shares as they were read out, in any order.
    pub shares: &'a [String],
    /// New password.
    pub password: &'a str,
    /// How the session is carried.
    pub device: Device,
}

/// The secret that opens the account; whose it is and which way in it opens, if shares gave it.
struct Given {
    secret: RecoveryKit,
    shares_of: Option<(AccountId, WayInId)>,
}

impl Given {
    /// What it means that the server doesn't take it.
    fn failed(&self, e: ClientError) -> ClientError {
        match e.problem() {
            Some(ErrorCode::RecoveryFailed) if self.shares_of.is_some() => ClientError::SharesUnknown,
            Some(ErrorCode::RecoveryFailed) => ClientError::WrongKit,
            _ => e,
        }
    }
}

/// The shares that were typed.
fn read_shares(typed: &[String]) -> Result<Vec<RecoveryShare>> {
    let read =
        |(text, at): (&String, usize)| RecoveryShare::parse(text).map_err(|why| CombineError::Unreadable { at, why });
    Ok(typed.iter().zip(1..).map(read).collect::<std::result::Result<_, _>>()?)
}

/// What shares give together, checked against what the account signed of them: so a wrong one is named.
fn combined(started: &RecoveryStarted, shares: &[RecoveryShare]) -> Result<Given> {
    let named = started.split.as_ref().ok_or(Refusal::SharesForged)?;
    let statement = Signed::<RecoverySplit>::parse(&named.statement.0).map_err(|_| Refusal::SharesForged)?;
    let account = statement.claimed().account;
    let chain = KeyChain::parse(&account, &named.key_records).map_err(|_| Refusal::SharesForged)?;
    let said = statement.verify_split(&chain).map_err(|_| Refusal::SharesForged)?;
    if shares.iter().any(|share| share.split() != statement.split_id()) {
        return Err(Refusal::SharesForged.into());
    }
    Ok(Given { secret: combine_shares(said, shares)?, shares_of: Some((account, said.way_in)) })
}

/// The account as the secret opened it.
struct Opened {
    epochs: Epochs,
    kit: Signed<WayIn>,
    others: Vec<Signed<WayIn>>,
    key: AccountKey,
}

/// The account key, by the emergency contact whose words these are, or by what was in escrow. That way in serves once: it is
/// taken out of those that stay.
fn open_once(others: &mut Vec<Signed<WayIn>>, chain: &KeyChain, words: &RecoveryKit) -> Result<AccountKey> {
    for at in 0..others.len() {
        let secret = match others[at].claimed().kind {
            CryptoKind::EmergencyContact => WayInSecret::EmergencyContact(words),
            CryptoKind::Escrow => WayInSecret::Escrow(words),
            _ => continue,
        };
        match open_way(&others[at], chain, secret) {
            Err(ClientError::WrongKit) => {}
            opened => {
                others.remove(at);
                return opened;
            }
        }
    }
    Err(ClientError::WrongKit)
}

/// The account key, by the way in whose shares gave this. It serves once, too.
fn open_shares(
    others: &mut Vec<Signed<WayIn>>,
    chain: &KeyChain,
    (id, secret): (WayInId, &RecoveryKit),
) -> Result<AccountKey> {
    let at = others.iter().position(|way| way.claimed().id == id).ok_or(Refusal::SharesForged)?;
    open_way(&others.remove(at), chain, WayInSecret::RecoveryShares(secret))
}

impl Opened {
    fn by(account: &OwnAccount, given: &Given) -> Result<Self> {
        let chain = own_chain(account)?;
        let way = way_in(account, WayInKind::RecoveryKit)?;
        let mut others = other_ways_in(account)?;
        let kit = &given.secret;
        let key = match given.shares_of {
            Some((_, id)) => open_shares(&mut others, &chain, (id, kit))?,
            None => match open_way(&way, &chain, WayInSecret::RecoveryKit(kit)) {
                Err(ClientError::WrongKit) => open_once(&mut others, &chain, kit)?,
                opened => opened?,
            },
        };
        let keyring = open_keyring(&key, &chain, &account.keyring.0)?;
        same_generation(&others, way.claimed().generation)?;
        let epochs = Epochs { keyring: Arc::new(keyring), chain: Arc::new(chain) };
        Ok(Self { epochs, kit: way, others, key })
    }

    /// The key that takes its place.
    fn next(&self, now: i64) -> NextKey {
        // Never before the key's own time, whatever this device's clock says.
        let now = now.max(self.epochs.chain.current().claimed().created_at);
        NextKey::after(self.kit.claimed().generation, self.epochs.clone(), now)
    }
}

impl<P: Platform> Client<P> {
    /// Opens the account with the recovery kit, sets a new password, rotates the account key and signs in. Every other
    /// session ends.
    ///
    /// # Errors
    /// [`ClientError::KitWords`] before anything is sent, [`ClientError::WrongKit`], a password that breaks a limit.
    pub async fn recover(&self, recover: Recover<'_>, ask: &impl AskSecondFactor) -> Result<Vault<P>> {
        check_email(recover.email)?;
        let secret = RecoveryKit::parse(recover.words).map_err(ClientError::KitWords)?;
        let step = opaque::start_registration(recover.password, PASSWORD_MIN_CHARS)?;
        let (_, pinned) = self.shared.pinned().await?;
        let start = StartRecovery { email: recover.email.trim().to_owned(), split: None };
        let started = self.api().start_recovery(&start).await?;
        self.recover_by(Given { secret, shares_of: None }, started, (step, pinned), recover.device, ask).await
    }

    /// Opens the account with the shares that contacts read out, as [`Client::recover`] does with the kit. The shares serve
    /// once.
    ///
    /// # Errors
    /// [`ClientError::Shares`], before anything is sent except for a wrong share; [`ClientError::SharesUnknown`] for those of
    /// another account or of a split that was removed; [`Refusal::SharesForged`]; a password that breaks a limit.
    pub async fn recover_with_shares(
        &self,
        recover: RecoverWithShares<'_>,
        ask: &impl AskSecondFactor,
    ) -> Result<Vault<P>> {
        check_email(recover.email)?;
        let shares = read_shares(recover.shares)?;
        let split = check_together(&shares)?;
        let step = opaque::start_registration(recover.password, PASSWORD_MIN_CHARS)?;
        let (_, pinned) = self.shared.pinned().await?;
        let start = StartRecovery { email: recover.email.trim().to_owned(), split: Some(B64(split.to_vec())) };
        let started = self.api().start_recovery(&start).await.map_err(|e| match e.problem() {
            Some(ErrorCode::RecoveryFailed) => ClientError::SharesUnknown,
            _ => e,
        })?;
        let given = combined(&started, &shares)?;
        self.recover_by(given, started, (step, pinned), recover.device, ask).await
    }

    async fn recover_by(
        &self,
        given: Given,
        started: RecoveryStarted,
        (step, pinned): (opaque::Registration, Pinned),
        device: Device,
        ask: &impl AskSecondFactor,
    ) -> Result<Vault<P>> {
        let challenge: [u8; 32] = (&started.challenge.0[..]).try_into().map_err(|_| Refusal::SignInForged)?;
        let proof = given.secret.prove(pinned.instance, started.pseudonym.crypto(), Hash32(challenge));
        let mut verify = VerifyRecovery {
            recovery_id: started.recovery_id.clone(),
            signature: B64::from(proof.as_bytes()),
            registration_request: step.message().into(),
            second_factor: None,
        };
        let mut asking = Asking::new(ask);
        let verified = loop {
            match self.api().verify_recovery(&verify).await {
                Ok(verified) => break verified,
                Err(error) => verify.second_factor = Some(asking.after(error).await.map_err(|e| given.failed(e))?),
            }
        };
        // Whose a kit is shows when it opens; of whom shares are their statement says.
        let id = verified.account.public.id;
        if given.shares_of.is_some_and(|(account, _)| account != id.crypto()) {
            return Err(Refusal::OtherThing.into());
        }
        let opened = Opened::by(&verified.account, &given)?;
        self.shared.memory().check_way_in(&id, opened.kit.claimed().generation)?;
        let done = step.finish(&self.shared.platform, &pinned, verified.registration_response.0).await?;
        let ids = (started.recovery_id, B64(done.upload));
        let next = opened.next(self.shared.now());
        let account = (&verified.account, &pinned);
        let finish = self.rotated(&opened, &next, account, (ids, &done.export_key), device)?;
        let body = self.api().finish_recovery(&finish).await.map_err(|e| given.failed(e))?;
        let NextKey { key, generation, .. } = next;
        let stored = |stored: &KeyChain| {
            if stored == opened.epochs.chain.as_ref() { Ok(key) } else { Err(Refusal::OtherThing.into()) }
        };
        let vault = self.finish(body, &pinned, stored).await?;
        self.shared.memory().check_way_in(&id, generation)?;
        Ok(vault)
    }

    fn rotated(
        &self,
        opened: &Opened,
        next: &NextKey,
        (account, pinned): (&OwnAccount, &Pinned),
        ((recovery_id, registration_upload), export): ((B64, B64), &ExportKey),
        device: Device,
    ) -> Result<FinishRecovery> {
        let seen = self.shared.memory().counter(&account.public.id);
        let (counter, mut state) = open_client_state(&opened.key, account, seen, pinned)?;
        state.look_at_passkeys(opened.kit.claimed().generation, &shown_passkeys(&opened.others))?;
        state.password = Some(PasswordSet { generation: next.generation, short: false });
        let ways = [&next.make(WayInSecret::Password(export))?, &next.rewrap(&opened.kit)?];
        Ok(FinishRecovery {
            recovery_id,
            registration_upload,
            rotation: next.rotation(ways, &opened.others, opened.key.clone(), (counter, state))?,
            carrier: device.carrier,
            device: device.name,
        })
    }
}
