//! Creating an account: by the set-up link, by invitation, or openly.

use api_types::{
    AccountId, B64, ErrorCode, UnixMillis,
    accounts::{AccountStatus, Role, WayInKind},
    audit::Action,
    limits::CLIENT_STATE_MAX,
    live::LiveKind,
    sign_up::{FinishSignUp, NewOrganisation, RegistrationStarted, StartSignUp},
};
use tlog::leaf::Label;

use crate::{
    AppState, ServiceError, ServiceResult,
    audit::{EventDraft, enum_name},
    error::{is_unique_violation, unique},
    live,
    middleware::{Address, Caller},
    services::{
        devices, email_verification,
        fields::{self, Email, Name},
        identity_sign_in::{self, ForSignUp},
        invitations, sessions,
        sign_in::NewSession,
        sign_up_codes::{self, Proof},
        signed,
        throttle::{self, Pair, Tried},
    },
    storage::{
        self,
        accounts::{self, AccountRow},
        db::WriteTx,
        former_addresses,
        invitations::InvitationRow,
        key_records, organisation_key_wraps, ways_in,
    },
};

/// `POST /sign-up/start`. An account id that exists is refused: its OPRF answers to sign-in alone, which is counted.
pub async fn start(state: &AppState, from: Address, body: StartSignUp) -> ServiceResult<RegistrationStarted> {
    throttle::count_from(state, Tried::SignUpFrom, from).await?;
    admit(state, body.invitation.as_deref()).await?;
    if accounts::get(state.db.read(), body.account_id).await?.is_some() {
        return Err(ErrorCode::Conflict.into());
    }
    let response = state.opaque.registration_start(body.account_id, &body.registration_request.0)?;
    Ok(RegistrationStarted { registration_response: B64(response) })
}

/// `POST /sign-up`.
pub async fn finish(
    state: &AppState,
    caller: Caller,
    browser: Option<[u8; 32]>,
    body: FinishSignUp,
) -> ServiceResult<NewSession> {
    throttle::count_from(state, Tried::SignUpFrom, caller.from).await?;
    let now = state.clock.now();
    let invitation = admit(state, body.invitation.as_deref()).await?;
    let asked = Asked {
        of_identity: body.identity,
        for_code: sign_up_codes::are_asked(state, invitation.as_ref(), body.invitation.as_deref()),
        secret: body.email_proof.clone(),
    };
    let mut new = NewAccount::check(state, body, invitation, now)?;
    new.prove_address(state, browser, asked).await?;
    let mut tx = state.db.begin_write().await?;
    let row = new.store(&tx, now).await?;
    match &new.proof {
        AddressProof::Identity(identity) => identity.link(state, &tx, row.id).await?,
        AddressProof::Code(proof) => proof.take(&tx).await?,
        AddressProof::None | AddressProof::Invitation => {}
    }
    let caller = caller.beginning(new.carrier)?;
    throttle::succeeded(state, &tx, &Pair::new(&row.email_key, caller)).await?;
    devices::remember(state, &tx, row.id, caller.device).await?;
    if row.email_verified_at.is_none() {
        email_verification::queue(state, &mut tx, &row).await?;
    }
    let begun =
        sessions::begin(state, &tx, row.id, (new.carrier, new.device), caller, sessions::Proved::default()).await?;
    let mut event = EventDraft::anonymous(Action::SignUp)
        .actor(row.id, Some(begun.row.id))
        .with("role", enum_name(&row.role))
        .with("status", enum_name(&row.status));
    if let Some(invitation) = &new.invitation {
        event = event.with("invitation", invitation.id);
    }
    if row.email_verified_at.is_some() {
        event = event.with("email_verified", true);
    }
    if let AddressProof::Identity(identity) = &new.proof {
        event = event.with("provider", identity.provider());
    }
    tx.record(event).await?;
    if row.status == AccountStatus::Pending {
        tell_administrators(&mut tx).await?;
    }
    tx.commit().await?;
    NewSession::new(state, begun, row).await
}

/// Who may sign up: holders of an open invitation, or anyone where sign-up is open. Before the first administrator
/// exists, nobody but the holder of the set-up link.
pub async fn admit(state: &AppState, token: Option<&str>) -> ServiceResult<Option<InvitationRow>> {
    let instance = storage::instance::load(state.db.read()).await?;
    let is_set_up = instance.is_some_and(|row| row.set_up_at.is_some());
    match token {
        Some(token) => {
            let invitation = invitations::open(state, token).await?;
            if is_set_up && invitation.set_up {
                return Err(ErrorCode::AlreadySetUp.into());
            }
            Ok(Some(invitation))
        }
        None if is_set_up && state.config.open_sign_up => Ok(None),
        None if is_set_up => Err(ServiceError::because(ErrorCode::Forbidden, "accounts are made by invitation here")),
        None => Err(ServiceError::because(
            ErrorCode::Unavailable,
            "the first administrator must be created first, with the link that the server printed",
        )),
    }
}

async fn tell_administrators(tx: &mut WriteTx) -> ServiceResult<()> {
    for administrator in accounts::active_with_role(tx.conn(), Role::Administrator).await? {
        tx.tell(administrator, live::event(LiveKind::AccountChanged));
    }
    Ok(())
}

/// What is asked of whoever signs up, to show that they read the address's mail, and what they brought.
struct Asked {
    of_identity: bool,
    for_code: bool,
    secret: Option<String>,
}

/// What shows that whoever signs up reads the address's mail.
enum AddressProof {
    /// Nothing: no mail is sent here, or it is the holder of the set-up link.
    None,
    /// The invitation's token came from the mail to this very address.
    Invitation,
    /// Its provider verified the address.
    Identity(ForSignUp),
    /// The code that was mailed to it.
    Code(Proof),
}

/// A checked sign-up.
struct NewAccount {
    id: AccountId,
    email: Email,
    /// Of the e-mail, in the keys tree.
    label: Label,
    name: Name,
    role: Role,
    status: AccountStatus,
    key_record: Vec<u8>,
    opaque_record: Vec<u8>,
    ways_in: [api_types::accounts::WayIn; 2],
    keyring: Vec<u8>,
    client_state: Vec<u8>,
    organisation: Option<(NewOrganisation, [u8; 32])>,
    invitation: Option<InvitationRow>,
    proof: AddressProof,
    carrier: api_types::sessions::Carrier,
    device: String,
}

impl NewAccount {
    fn check(
        state: &AppState,
        body: FinishSignUp,
        invitation: Option<InvitationRow>,
        now: UnixMillis,
    ) -> ServiceResult<Self> {
        let email = fields::email("/email", &body.email)?;
        let name = fields::name("/name", &body.name)?;
        if let Some(invitation) = &invitation {
            invitations::for_address(invitation, &email)?;
        }
        let by_mail = invitation.as_ref().is_some_and(|row| invitations::came_by_mail(row, body.invitation.as_deref()));
        let (role, status) = standing(invitation.as_ref(), body.role)?;
        let chain = signed::first_key_record(body.account_id, &body.key_record.0, now)?;
        let password = signed::way_in("/password", body.password, WayInKind::Password, &chain, now)?;
        let kit = signed::way_in("/recovery_kit", body.recovery_kit, WayInKind::RecoveryKit, &chain, now)?;
        signed::keyring("/keyring", &body.keyring.0)?;
        fields::blob("/client_state", &body.client_state.0, CLIENT_STATE_MAX)?;
        let first = invitation.as_ref().is_some_and(|i| i.set_up);
        let organisation = organisation(state, first, body.organisation, (body.account_id, &name.shown), now)?;
        Ok(Self {
            id: body.account_id,
            label: state.labels.label(&email.key)?,
            email,
            name,
            role,
            status,
            key_record: body.key_record.0,
            opaque_record: state.opaque.registration_finish(&body.registration_upload.0)?,
            ways_in: [password, kit],
            keyring: body.keyring.0,
            client_state: body.client_state.0,
            organisation,
            invitation,
            proof: if by_mail { AddressProof::Invitation } else { AddressProof::None },
            carrier: body.carrier,
            device: sessions::device(&body.device)?,
        })
    }

    /// Nothing tells here whether the address has an account: only whoever proved it comes to [`Self::store`].
    async fn prove_address(&mut self, state: &AppState, browser: Option<[u8; 32]>, asked: Asked) -> ServiceResult<()> {
        if asked.of_identity {
            self.proof = AddressProof::Identity(identity_sign_in::for_sign_up(state, browser, &self.email).await?);
        } else if asked.for_code {
            let proof = sign_up_codes::proof(state, asked.secret.as_deref(), &self.email).await?;
            self.proof = AddressProof::Code(proof);
        }
        Ok(())
    }

    async fn store(&self, tx: &WriteTx, now: UnixMillis) -> ServiceResult<AccountRow> {
        let row = self.row(now);
        self.refuse_taken(tx).await?;
        match accounts::insert(tx.conn(), row.clone(), self.label.clone()).await {
            Err(error) if is_unique_violation(&error) => return Err(ErrorCode::EmailTaken.into()),
            other => other?,
        }
        key_records::insert(tx.conn(), self.id, 0, &self.key_record, now).await?;
        ways_in::put_opaque_record(tx.conn(), self.id, self.opaque_record.clone(), now).await?;
        for way in &self.ways_in {
            self.store_way_in(tx, way).await?;
        }
        self.store_organisation(tx, now).await?;
        if let Some(invitation) = &self.invitation
            && !storage::invitations::use_up(tx.conn(), invitation.id, self.id, now).await?
        {
            return Err(ErrorCode::InvitationInvalid.into());
        }
        Ok(row)
    }

    async fn refuse_taken(&self, tx: &WriteTx) -> ServiceResult<()> {
        if accounts::by_email(tx.conn(), &self.email.key).await?.is_some() {
            return Err(ErrorCode::EmailTaken.into());
        }
        // The log of keys binds it to whoever left it, for ever: another binding would alarm both.
        if former_addresses::holder(tx.conn(), &self.label).await?.is_some() {
            return Err(ErrorCode::EmailTaken.into());
        }
        if accounts::get(tx.conn(), self.id).await?.is_some() {
            return Err(ErrorCode::Conflict.into());
        }
        Ok(())
    }

    async fn store_way_in(&self, tx: &WriteTx, way: &api_types::accounts::WayIn) -> ServiceResult<()> {
        unique(ways_in::insert(tx.conn(), self.id, way).await)
    }

    async fn store_organisation(&self, tx: &WriteTx, now: UnixMillis) -> ServiceResult<()> {
        let Some((organisation, key)) = &self.organisation else { return Ok(()) };
        if !storage::instance::set_up(tx.conn(), key, now).await? {
            return Err(ErrorCode::AlreadySetUp.into());
        }
        Ok(organisation_key_wraps::put(tx.conn(), self.id, organisation.wrap.0.clone(), now).await?)
    }

    fn row(&self, now: UnixMillis) -> AccountRow {
        AccountRow {
            id: self.id,
            email: self.email.shown.clone(),
            email_key: self.email.key.clone(),
            name: self.name.shown.clone(),
            name_key: self.name.key.clone(),
            role: self.role,
            status: self.status,
            keyring: self.keyring.clone(),
            client_state: self.client_state.clone(),
            client_state_counter: 0,
            approval: self.organisation.as_ref().map(|(organisation, _)| organisation.approval.0.clone()),
            invited_by: self.invitation.as_ref().and_then(|i| i.created_by),
            created_at: now,
            last_seen_at: Some(now),
            email_verified_at: (!matches!(self.proof, AddressProof::None)).then_some(now),
        }
    }
}

/// Role and status of a new account: an invitation's role wins and is active at once; openly, patients are active and
/// doctors wait.
fn standing(invitation: Option<&InvitationRow>, asked: Role) -> ServiceResult<(Role, AccountStatus)> {
    match (invitation, asked) {
        (Some(invitation), _) => Ok((invitation.role, AccountStatus::Active)),
        (None, Role::Patient) => Ok((Role::Patient, AccountStatus::Active)),
        (None, Role::Doctor) => Ok((Role::Doctor, AccountStatus::Pending)),
        (None, Role::Administrator) => Err(ServiceError::field("/role", "administrators come by invitation")),
    }
}

/// The first administrator brings the organisation key, and says by it who they are; nobody else does.
fn organisation(
    state: &AppState,
    first: bool,
    brought: Option<NewOrganisation>,
    (account, name): (AccountId, &str),
    now: UnixMillis,
) -> ServiceResult<Option<(NewOrganisation, [u8; 32])>> {
    let organisation = match (first, brought) {
        (false, None) => return Ok(None),
        (true, Some(organisation)) => organisation,
        (true, None) => return Err(ServiceError::field("/organisation", "the first administrator brings it")),
        (false, Some(_)) => return Err(ServiceError::field("/organisation", "only the first administrator brings it")),
    };
    let key = fields::fixed("/organisation/public_key", &organisation.public_key.0)?;
    signed::organisation_wrap("/organisation/wrap", &organisation.wrap.0)?;
    let said = (account, name, Role::Administrator);
    let instance = &state.instance.instance_id;
    signed::approval("/organisation/approval", &organisation.approval.0, &key, instance, said, now)?;
    Ok(Some((organisation, key)))
}
