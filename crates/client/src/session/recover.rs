//! The recovery kit opens the account; a new password is set and the account key rotated, in one request.

use api_types::{
    B64,
    accounts::{OwnAccount, Rotation, WayInKind},
    recovery::{FinishRecovery, StartRecovery, VerifyRecovery},
};
use crypto::{
    account::{
        AccountKey, KeyChain, Keyring, RecoveryKit, WayIn, WayInSecret, WayInSetup, make_way_in, rewrap_way_in,
        seal_state,
    },
    ids::Hash32,
    opaque::ExportKey,
    sign::Signed,
};

use super::{AskSecondFactor, Asking, Client, Device, opaque, open_way, own_chain, sign_up::new_way_in, way_in};
use crate::{
    content::check_email,
    error::{ClientError, Result},
    ids::ToCrypto,
    memory::Pinned,
    platform::{Platform, rng},
    refusal::Refusal,
    vault::{Vault, open_client_state, open_keyring},
};

/// What a person gives who forgot the password.
pub struct Recover<'a> {
    /// Sign-in e-mail.
    pub email: &'a str,
    /// The 24 words.
    pub words: &'a str,
    /// New password.
    pub password: &'a str,
    /// How the session is carried.
    pub device: Device,
}

/// The account as the kit opened it, with its next account key.
struct Opened {
    chain: KeyChain,
    keyring: Keyring,
    kit: Signed<WayIn>,
    old: AccountKey,
    new: AccountKey,
    now: i64,
}

impl Opened {
    fn begin(account: &OwnAccount, kit: &RecoveryKit, now: i64) -> Result<Self> {
        let chain = own_chain(account)?;
        let way = way_in(account, WayInKind::RecoveryKit)?;
        let old = open_way(&way, &chain, WayInSecret::RecoveryKit(kit))?;
        let keyring = open_keyring(&old, &chain, &account.keyring.0)?;
        // Never before the key's own time, whatever this device's clock says.
        let now = now.max(chain.current().claimed().created_at);
        Ok(Self { chain, keyring, kit: way, old, new: AccountKey::generate(&mut rng()), now })
    }

    fn setup(&self) -> WayInSetup<'_> {
        WayInSetup {
            account: self.chain.account(),
            keys: self.keyring.current(),
            account_key: &self.new,
            generation: self.kit.claimed().generation.saturating_add(1),
            time: self.now,
        }
    }

    fn password(&self, export: &ExportKey) -> Result<Signed<WayIn>> {
        make_way_in(self.setup(), WayInSecret::Password(export), &mut rng())
            .map_err(|_| ClientError::Internal("a way in could not be made"))
    }

    fn rewrapped(&self) -> Result<Signed<WayIn>> {
        Ok(rewrap_way_in(&self.kit, &self.chain, self.setup(), &mut rng()).map_err(|_| Refusal::WayInForged)?)
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
        let kit = RecoveryKit::parse(recover.words).map_err(ClientError::KitWords)?;
        let step = opaque::start_registration(recover.password)?;
        let (_, pinned) = self.shared.pinned().await?;
        let email = recover.email.trim().to_owned();
        let started = self.api().start_recovery(&StartRecovery { email }).await?;
        let challenge: [u8; 32] = (&started.challenge.0[..]).try_into().map_err(|_| Refusal::SignInForged)?;
        let proof = kit.prove(pinned.instance, started.account_id.crypto(), Hash32(challenge));
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
                Err(error) => verify.second_factor = Some(asking.after(error).await.map_err(wrong_kit)?),
            }
        };
        if verified.account.public.id != started.account_id {
            return Err(Refusal::OtherThing.into());
        }
        let rotation = Opened::begin(&verified.account, &kit, self.shared.now())?;
        self.shared.memory().check_way_in(&started.account_id, rotation.kit.claimed().generation)?;
        let done = step.finish(&self.shared.platform, &pinned, verified.registration_response.0).await?;
        let ids = (started.recovery_id, B64(done.upload));
        let finish = self.rotated(&rotation, &verified.account, &pinned, (ids, &done.export_key), recover.device)?;
        let body = self.api().finish_recovery(&finish).await.map_err(wrong_kit)?;
        let generation = rotation.setup().generation;
        let Opened { chain, new, .. } = rotation;
        let stored = |stored: &KeyChain| if *stored == chain { Ok(new) } else { Err(Refusal::OtherThing.into()) };
        let vault = self.finish(body, &pinned, stored)?;
        self.shared.memory().check_way_in(&started.account_id, generation)?;
        Ok(vault)
    }

    fn rotated(
        &self,
        rotation: &Opened,
        account: &OwnAccount,
        pinned: &Pinned,
        ((recovery_id, registration_upload), export): ((B64, B64), &ExportKey),
        device: Device,
    ) -> Result<FinishRecovery> {
        let seen = self.shared.memory().counter(&account.public.id);
        let (counter, mut state) = open_client_state(&rotation.old, account, seen, pinned)?;
        state.retired.push(rotation.old.clone());
        let id = rotation.chain.account();
        let counter = counter + 1;
        Ok(FinishRecovery {
            recovery_id,
            registration_upload,
            rotation: Rotation {
                password: new_way_in(&rotation.password(export)?),
                recovery_kit: new_way_in(&rotation.rewrapped()?),
                keyring: B64(rotation.keyring.seal(&rotation.new, &id, &mut rng())),
                client_state: B64(seal_state(&rotation.new, &id, counter, state.to_bytes().expose(), &mut rng())),
                client_state_counter: counter,
            },
            carrier: device.carrier,
            device: device.name,
        })
    }
}

fn wrong_kit(e: ClientError) -> ClientError {
    match e.problem() {
        Some(api_types::ErrorCode::RecoveryFailed) => ClientError::WrongKit,
        _ => e,
    }
}
