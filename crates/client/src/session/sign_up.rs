//! Creating an account: keys first, so that the id exists before the password is registered.

use std::sync::Arc;

use api_types::{
    B64,
    accounts::Role,
    limits::PASSWORD_MIN_CHARS,
    sign_in::SignedIn as SignedInBody,
    sign_up::{FinishSignUp, NewOrganisation, NewWayIn, StartSignUp},
};
use crypto::{
    account::{
        AccountKey, KeyChain, Keyring, OrganisationKey, RecoveryKit, RoleStatement, WayIn, WayInSecret, WayInSetup,
        seal_state,
    },
    opaque::RegistrationOutput,
    sign::Signed,
};

use super::{Client, Device, ProvedAddress, make_way, opaque};
use crate::{
    content::{check_email, normal_name},
    error::{ClientError, Result},
    ids::{ToApi, role_to_crypto},
    memory::Pinned,
    platform::{Platform, rng},
    refusal::Refusal,
    state::ClientState,
    vault::Vault,
};

/// What a person gives to create an account.
pub struct SignUp<'a> {
    /// Full name.
    pub name: &'a str,
    /// Sign-in e-mail.
    pub email: &'a str,
    /// Password, 15 to 128 characters.
    pub password: &'a str,
    /// Role asked for; an invitation's role wins.
    pub role: Role,
    /// The recovery kit that the person wrote down ([`Client::new_kit`]).
    pub kit: &'a RecoveryKit,
    /// Invitation or set-up token.
    pub token: Option<&'a str>,
    /// How the session is carried.
    pub device: Device,
}

/// What goes with a sign-up to show whose address it is.
enum AddressProof<'a> {
    Nothing,
    Identity,
    Code(&'a ProvedAddress),
}

/// The keys of an account to be.
struct NewKeys {
    keyring: Keyring,
    chain: KeyChain,
    key: AccountKey,
    now: i64,
}

impl NewKeys {
    fn make(now: i64) -> Result<Self> {
        let mut rng = rng();
        let (keyring, record) = Keyring::create(now, &mut rng);
        let chain = KeyChain::verify(vec![record]).map_err(|_| ClientError::Internal("a fresh key record fails"))?;
        Ok(Self { keyring, chain, key: AccountKey::generate(&mut rng), now })
    }

    fn setup(&self) -> WayInSetup<'_> {
        WayInSetup {
            account: self.chain.account(),
            keys: self.keyring.current(),
            account_key: &self.key,
            generation: 0,
            time: self.now,
        }
    }

    fn way_in(&self, secret: WayInSecret<'_>) -> Result<NewWayIn> {
        Ok(new_way_in(&make_way(self.setup(), secret)?))
    }

    /// The organisation key of the first administrator.
    fn organisation(&self, pinned: &Pinned, name: &str, role: Role) -> Result<NewOrganisation> {
        let key = OrganisationKey::generate(&mut rng());
        let wrap = key.wrap(&pinned.instance, &self.chain, &mut rng());
        let statement = RoleStatement {
            instance: pinned.instance,
            account: self.chain.account(),
            name: name.to_owned(),
            role: role_to_crypto(role),
            time: self.now,
        };
        Ok(NewOrganisation {
            public_key: B64(key.public().0.to_vec()),
            wrap: B64(wrap.map_err(|_| ClientError::Internal("the organisation key could not be wrapped"))?),
            approval: B64::from(key.sign(statement).as_bytes()),
        })
    }
}

/// A way in as bodies carry it.
pub(crate) fn new_way_in(way: &Signed<WayIn>) -> NewWayIn {
    NewWayIn {
        id: way.claimed().id.api(),
        record: B64::from(way.as_bytes()),
        proof_key: way.claimed().proof_key.map(|key| B64(key.0.to_vec())),
    }
}

impl<P: Platform> Client<P> {
    /// Creates an account and signs in. With a set-up token it also creates the organisation's key.
    ///
    /// # Errors
    /// A field that breaks a limit, `email_taken`, `invitation_invalid`, `sign_up_code_required`
    /// ([`Client::asks_sign_up_code`]), or no connection. Nothing is created on error.
    pub async fn sign_up(&self, sign_up: SignUp<'_>) -> Result<Vault<P>> {
        self.create(sign_up, AddressProof::Nothing).await
    }

    /// As [`Client::sign_up`], with an address that was proved. The e-mail must be it; it counts as verified.
    ///
    /// # Errors
    /// As [`Client::sign_up`]; `sign_up_code_expired`; `email_taken` only where another account got the address meanwhile.
    pub async fn sign_up_with_code(&self, sign_up: SignUp<'_>, proved: &ProvedAddress) -> Result<Vault<P>> {
        self.create(sign_up, AddressProof::Code(proved)).await
    }

    /// As [`Client::sign_up`], of the identity that waits in this browser ([`Client::waiting_identity`]): it signs in from
    /// then on. The e-mail must be its.
    ///
    /// # Errors
    /// As [`Client::sign_up`]; `identity_expired`, `identity_taken`.
    pub async fn sign_up_with_identity(&self, sign_up: SignUp<'_>) -> Result<Vault<P>> {
        self.create(sign_up, AddressProof::Identity).await
    }

    async fn create(&self, sign_up: SignUp<'_>, proof: AddressProof<'_>) -> Result<Vault<P>> {
        let name = normal_name(sign_up.name)?;
        check_email(sign_up.email)?;
        let step = opaque::start_registration(sign_up.password, PASSWORD_MIN_CHARS)?;
        let (_, pinned) = self.shared.pinned().await?;
        let (role, set_up) = self.role_of(&sign_up).await?;
        // An organisation has one key: whoever knows it already must not be made to sign in the name of another.
        if set_up && pinned.organisation.is_some() {
            return Err(Refusal::OrganisationKeyChanged.into());
        }
        let keys = NewKeys::make(self.shared.now())?;
        let account_id = keys.chain.account().api();
        let token = sign_up.token.map(str::to_owned);
        let start = StartSignUp { account_id, registration_request: step.message().into(), invitation: token.clone() };
        let started = self.api().start_sign_up(&start).await?;
        let done = step.finish(&self.shared.platform, &pinned, started.registration_response.0).await?;
        let organisation = if set_up { Some(keys.organisation(&pinned, &name, role)?) } else { None };
        let pinned = match &organisation {
            Some(new) => self.pin_own(pinned, new)?,
            None => pinned,
        };
        let finish = self.body(&keys, &sign_up, name, &done, &pinned, (role, token, organisation))?;
        let finish = match proof {
            AddressProof::Nothing => finish,
            AddressProof::Identity => FinishSignUp { identity: true, ..finish },
            AddressProof::Code(proved) => FinishSignUp { email_proof: Some(proved.secret.to_string()), ..finish },
        };
        let body = self.api().finish_sign_up(&finish).await?;
        self.accept(body, keys, &pinned)
    }

    async fn role_of(&self, sign_up: &SignUp<'_>) -> Result<(Role, bool)> {
        let Some(token) = sign_up.token else { return Ok((sign_up.role, false)) };
        let info = self.look_up_invitation(token).await?;
        Ok((info.role, info.set_up))
    }

    fn pin_own(&self, pinned: Pinned, new: &NewOrganisation) -> Result<Pinned> {
        let organisation = crate::memory::organisation_key(Some(&new.public_key))?;
        Ok(Pinned { organisation, ..pinned })
    }

    fn body(
        &self,
        keys: &NewKeys,
        sign_up: &SignUp<'_>,
        name: String,
        done: &RegistrationOutput,
        pinned: &Pinned,
        (role, invitation, organisation): (Role, Option<String>, Option<NewOrganisation>),
    ) -> Result<FinishSignUp> {
        let account = keys.chain.account();
        let mut state = ClientState {
            instance: Some(pinned.instance),
            organisation: pinned.organisation,
            ..ClientState::default()
        };
        state.pin(&keys.chain);
        Ok(FinishSignUp {
            account_id: account.api(),
            email: sign_up.email.trim().to_owned(),
            name,
            role,
            key_record: B64::from(keys.chain.current().as_bytes()),
            registration_upload: B64(done.upload.clone()),
            password: keys.way_in(WayInSecret::Password(&done.export_key))?,
            recovery_kit: keys.way_in(WayInSecret::RecoveryKit(sign_up.kit))?,
            keyring: B64(keys.keyring.seal(&keys.key, &account, &mut rng())),
            client_state: B64(seal_state(&keys.key, &account, 0, state.to_bytes().expose(), &mut rng())),
            invitation,
            organisation,
            email_proof: None,
            identity: false,
            carrier: sign_up.device.carrier,
            device: sign_up.device.name.clone(),
        })
    }

    /// The server must have stored exactly the account that was made here.
    fn accept(&self, body: SignedInBody, keys: NewKeys, pinned: &Pinned) -> Result<Vault<P>> {
        use crate::transport::Transport;
        let stored = super::own_chain(&body.account)?;
        if stored != keys.chain {
            return Err(Refusal::OtherThing.into());
        }
        self.shared.platform.transport().set_token(body.token.as_deref());
        if let Some(key) = &pinned.organisation {
            self.shared.memory().organisation_key = Some(B64(key.0.to_vec()));
        }
        let token = body.token.map(zeroize::Zeroizing::new);
        Vault::open(Arc::clone(&self.shared), *pinned, body.account, stored, keys.key, body.session, token)
    }
}
