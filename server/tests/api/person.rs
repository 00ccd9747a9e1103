//! A person with keys: signs up, in, and recovers by the protocol itself, request by request, so that a test can
//! change any of them.

use api_types::{
    AccountId, B64, WayInId,
    accounts::{ApproveAccount, Role},
    sessions::Carrier,
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
    sign_up::{FinishSignUp, NewOrganisation, NewWayIn, RegistrationStarted, StartSignUp},
};
use crypto::{
    account::{
        self, AccountKey, KeyChain, Keyring, OrganisationKey, RecoveryKit, RoleStatement, WayInSecret, WayInSetup,
        make_way_in, seal_state,
    },
    opaque::{ExportKey, FinishInput, Password, login_finish, login_start, registration_finish, registration_start},
    rand_core::UnwrapErr,
    stretch::KdfParams,
};
use getrandom::SysRng;
use reqwest::Method;
use server::clock::now_ms;

use crate::{
    harness::{Answer, Server},
    sign_up_codes,
};

/// By what the device of the tests is known again.
pub const DEVICE: &str = "dGhlIGRldmljZSB0aGF0IHRoZSB0ZXN0cyBydW4gb24";

/// The request that begins a session, on that device.
async fn begin(server: &Server, path: &str, body: &impl serde::Serialize) -> Answer {
    let request = server.request(Method::POST, &format!("/api/v1{path}"));
    server.send(request.header("healthsecure-device", DEVICE).json(body)).await
}

pub fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Someone who wants an account, with the keys for it.
pub struct Applicant {
    pub name: String,
    pub email: String,
    pub password: String,
    pub role: Role,
    pub keyring: Keyring,
    pub chain: KeyChain,
    pub key: AccountKey,
    pub kit: RecoveryKit,
    pub organisation: Option<OrganisationKey>,
}

/// Someone with an account and a bearer session.
pub struct Person {
    pub id: AccountId,
    pub token: String,
    pub signed_in: SignedIn,
    pub applicant: Applicant,
}

impl Applicant {
    pub fn new(name: &str, role: Role) -> Self {
        let (keyring, record) = Keyring::create(now_ms(), &mut rng());
        Self {
            name: name.to_owned(),
            email: format!("{}@example.org", name.to_lowercase().replace(' ', ".")),
            password: "correct horse battery staple".to_owned(),
            role,
            keyring,
            chain: KeyChain::verify(vec![record]).unwrap(),
            key: AccountKey::generate(&mut rng()),
            kit: RecoveryKit::generate(&mut rng()),
            organisation: None,
        }
    }

    /// The first administrator brings the organisation key.
    pub fn founder() -> Self {
        let organisation = Some(OrganisationKey::generate(&mut rng()));
        Self { organisation, ..Self::new("Ada Founder", Role::Administrator) }
    }

    pub fn id(&self) -> AccountId {
        AccountId(self.chain.account().0)
    }

    pub fn way_in(&self, secret: WayInSecret<'_>, generation: u32) -> NewWayIn {
        let setup = WayInSetup {
            account: self.chain.account(),
            keys: self.keyring.current(),
            account_key: &self.key,
            generation,
            time: now_ms(),
        };
        let way = make_way_in(setup, secret, &mut rng()).unwrap();
        NewWayIn {
            id: WayInId(way.claimed().id.0),
            record: B64::from(way.as_bytes()),
            proof_key: way.claimed().proof_key.map(|key| B64(key.0.to_vec())),
        }
    }

    pub fn statement(&self, server: &Server, key: &OrganisationKey, role: account::Role) -> B64 {
        let statement = RoleStatement {
            instance: server.instance(),
            account: self.chain.account(),
            name: self.name.clone(),
            role,
            time: now_ms(),
        };
        B64::from(key.sign(statement).as_bytes())
    }

    fn brought(&self, server: &Server) -> Option<NewOrganisation> {
        let key = self.organisation.as_ref()?;
        Some(NewOrganisation {
            public_key: B64(key.public().0.to_vec()),
            wrap: B64(key.wrap(&server.instance(), &self.chain, &mut rng()).unwrap()),
            approval: self.statement(server, key, account::Role::Administrator),
        })
    }

    /// The first request, and the body of the second, with the proof of the address where the server asks for one.
    pub async fn prepare(&self, server: &Server, invitation: Option<&str>) -> Result<FinishSignUp, Answer> {
        let email_proof = sign_up_codes::proof(server, &self.email, invitation).await;
        Ok(FinishSignUp { email_proof, ..self.prepare_unproved(server, invitation).await? })
    }

    /// The same without that proof.
    pub async fn prepare_unproved(&self, server: &Server, invitation: Option<&str>) -> Result<FinishSignUp, Answer> {
        let password = Password::new(&self.password).unwrap();
        let start = registration_start(&password, &mut rng()).unwrap();
        let invitation = invitation.map(str::to_owned);
        let request = StartSignUp {
            account_id: self.id(),
            registration_request: B64(start.message.clone()),
            invitation: invitation.clone(),
        };
        let answer = server.post("/sign-up/start", None, &request).await;
        if !answer.status.is_success() {
            return Err(answer);
        }
        let started: RegistrationStarted = answer.body();
        let input = input(server, start.state, password, started.registration_response.0);
        let done = registration_finish(&input, &mut rng()).unwrap();
        Ok(FinishSignUp {
            account_id: self.id(),
            email: self.email.clone(),
            name: self.name.clone(),
            role: self.role,
            key_record: B64::from(self.chain.current().as_bytes()),
            registration_upload: B64(done.upload),
            password: self.way_in(WayInSecret::Password(&done.export_key), 0),
            recovery_kit: self.way_in(WayInSecret::RecoveryKit(&self.kit), 0),
            keyring: B64(self.keyring.seal(&self.key, &self.chain.account(), &mut rng())),
            client_state: B64(seal_state(&self.key, &self.chain.account(), 0, b"{}", &mut rng())),
            invitation,
            organisation: self.brought(server),
            email_proof: None,
            identity: false,
            carrier: Carrier::Bearer,
            device: "test".to_owned(),
        })
    }

    /// Both requests; panics where the server refuses.
    pub async fn sign_up(self, server: &Server, invitation: Option<&str>) -> Person {
        let body = self.prepare(server, invitation).await.unwrap_or_else(|answer| panic!("{answer:?}"));
        let answer = begin(server, "/sign-up", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let signed_in: SignedIn = answer.body();
        Person { id: self.id(), token: signed_in.token.clone().unwrap(), signed_in, applicant: self }
    }
}

pub fn input(
    server: &Server,
    state: crypto::secret::SecretBytes,
    password: Password,
    response: Vec<u8>,
) -> FinishInput {
    FinishInput { state, password, response, instance: server.instance(), kdf: KdfParams::FLOOR }
}

/// The first administrator, by the set-up link.
pub async fn founder(server: &Server) -> Person {
    Applicant::founder().sign_up(server, Some(&server.set_up_token)).await
}

/// Signs in; gives the last answer and, where the password was right, the export key.
pub async fn sign_in(server: &Server, email: &str, password: &str, carrier: Carrier) -> (Answer, Option<ExportKey>) {
    sign_in_by([server, server], (email, password), carrier, ("test", None)).await
}

/// As [`sign_in`], with the second request to another server than the first.
pub async fn sign_in_over(
    servers: [&Server; 2],
    email: &str,
    password: &str,
    carrier: Carrier,
) -> (Answer, Option<ExportKey>) {
    sign_in_by(servers, (email, password), carrier, ("test", None)).await
}

/// The same, by a device of some name, from an address that a proxy says.
pub async fn sign_in_by(
    [server, second]: [&Server; 2],
    (email, password): (&str, &str),
    carrier: Carrier,
    (device, from): (&str, Option<&str>),
) -> (Answer, Option<ExportKey>) {
    let password = Password::new(password).unwrap();
    let start = login_start(&password, &mut rng()).unwrap();
    let request = StartSignIn { email: email.to_owned(), credential_request: B64(start.message.clone()) };
    let answer = server.post("/sign-in/start", None, &request).await;
    if !answer.status.is_success() {
        return (answer, None);
    }
    let started: SignInStarted = answer.body();
    let input = input(server, start.state, password, started.credential_response.0);
    // A wrong password shows on the client already; an attacker would send something all the same.
    let done = login_finish(&input, &mut rng()).ok();
    let finalization = done.as_ref().map_or_else(|| vec![0; 64], |done| done.finalization.clone());
    let request = FinishSignIn {
        sign_in_id: started.sign_in_id,
        credential_finalization: B64(finalization),
        second_factor: None,
        carrier,
        device: device.to_owned(),
    };
    let mut last = second.request(Method::POST, "/api/v1/sign-in/finish").header("healthsecure-device", DEVICE);
    if let Some(from) = from {
        last = last.header("x-forwarded-for", from);
    }
    (second.send(last.json(&request)).await, done.map(|done| done.export_key))
}

/// The approval of an account, by an administrator's organisation key.
pub fn approval(server: &Server, founder: &Person, of: &Applicant, role: account::Role) -> ApproveAccount {
    let key = founder.applicant.organisation.as_ref().unwrap();
    ApproveAccount { approval: of.statement(server, key, role), organisation_key_wrap: None }
}
