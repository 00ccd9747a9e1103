//! Sign-up, sign-in, recovery, sessions, accounts.

use api_types::{
    AccountId, B64, ErrorCode, SessionId,
    accounts::{
        AccountList, AccountStatus, AdminAccount, AdminAccountList, ApproveAccount, ChangePassword, ChangeRecoveryKit,
        OwnAccount, PublicAccount, PutClientState, Role, RotateKeys, Rotation, StartPasswordChange, WayIn, WayInKind,
    },
    closing::{CheckDeletion, ClosedBy, Closing, DELETED_NAME, DeleteAccount},
    emergency::{self, EmergencyContactList, EmergencyState, EmergencyWords, NewEmergencyContact},
    instance::Instance,
    invitations::{CreateInvitation, CreatedInvitation, Invitation, InvitationInfo, InvitationToken},
    recovery::{FinishRecovery, RecoveryStarted, RecoveryVerified, StartRecovery, VerifyRecovery},
    recovery_shares::{
        self, HeldShare, HeldShareList, NamedSplit, NewRecoverySplit, OwnRecoverySplit, SealedShare, ShareHolder,
    },
    retention::{PutRetentionRules, RetentionRules},
    sessions::{Carrier, CurrentSession, Session, SessionList, WhoAmI},
    sign_in::{FinishSignIn, SignInStarted, SignedIn, StartSignIn},
    sign_up::{FinishSignUp, NewWayIn, RegistrationStarted, StartSignUp},
};
use client::transport::{Method, Request};
use crypto::{
    account::{EmergencyContact, KeyChain, RecoveryProof, RecoverySplit},
    sign::{PublicSigningKey, Signed},
};

use super::{Account, Answer, Db, Fake, SplitRecovery, Trusted, json, no, random, read, rng};

fn id(account: &AccountId) -> crypto::ids::AccountId {
    crypto::ids::AccountId(account.0)
}

pub fn public(account: &AccountId, of: &Account) -> PublicAccount {
    PublicAccount {
        id: *account,
        name: of.name.clone(),
        role: of.role,
        status: of.status,
        key_records: of.key_records.clone(),
        key_leaves: Vec::new(),
        approval: of.approval.clone(),
        closing: of.closing.clone(),
    }
}

/// What `?key=` finds an account by.
fn key_of(account: &AccountId, of: &Account) -> String {
    let chain = KeyChain::parse(&id(account), &of.key_records).unwrap();
    format!("{account}.{}", chain.current().hash())
}

fn own(account: &AccountId, of: &Account) -> OwnAccount {
    OwnAccount {
        public: public(account, of),
        email: of.email.clone(),
        email_verified_at: None,
        second_factor_due: false,
        removal_at: None,
        binding: None,
        ways_in: of.ways_in.clone(),
        keyring: of.keyring.clone(),
        client_state: of.state.clone(),
        client_state_counter: of.counter,
        organisation_key_wrap: of.organisation_wrap.clone(),
        created_at: 0,
    }
}

impl Account {
    pub(super) fn rotate(&mut self, to: Rotation) {
        assert_eq!(to.client_state_counter, self.counter + 1);
        self.ways_in = vec![way(&to.password, WayInKind::Password), way(&to.recovery_kit, WayInKind::RecoveryKit)];
        self.ways_in.extend(to.passkeys.iter().map(|new| way(new, WayInKind::Passkey)));
        self.ways_in.extend(to.emergency_contacts.iter().map(|new| way(new, WayInKind::EmergencyContact)));
        self.ways_in.extend(to.recovery_shares.iter().map(|new| way(new, WayInKind::RecoveryShares)));
        self.ways_in.extend(to.escrow.iter().map(|new| way(new, WayInKind::Escrow)));
        self.keyring = to.keyring;
        (self.state, self.counter) = (to.client_state, to.client_state_counter);
    }
}

impl Trusted {
    /// As the one of the two sees it who is shown this account: always open, as a liar's delay is none.
    fn row(&self, account: PublicAccount) -> emergency::EmergencyContact {
        emergency::EmergencyContact {
            way_in: self.way_in,
            account,
            statement: self.statement.clone(),
            state: EmergencyState::Open,
            created_at: 0,
            asked_at: Some(0),
            opens_at: Some(0),
            given_at: None,
            refused_at: None,
            ask_again_at: None,
        }
    }
}

impl SplitRecovery {
    fn own(&self, db: &Db) -> recovery_shares::RecoverySplit {
        let holder =
            |(id, _): &(AccountId, B64)| ShareHolder { account: public(id, &db.accounts[id]), opened_at: None };
        recovery_shares::RecoverySplit {
            way_in: self.way_in,
            statement: self.statement.clone(),
            holders: self.shares.iter().map(holder).collect(),
            created_at: 0,
        }
    }

    fn held(&self, db: &Db) -> HeldShare {
        HeldShare {
            way_in: self.way_in,
            account: public(&self.owner, &db.accounts[&self.owner]),
            statement: self.statement.clone(),
            created_at: 0,
            opened_at: None,
        }
    }

    /// Shown to whoever asks: a liar doesn't look at what names it.
    fn named(&self, db: &Db) -> NamedSplit {
        NamedSplit { statement: self.statement.clone(), key_records: db.accounts[&self.owner].key_records.clone() }
    }
}

pub(super) fn way(new: &NewWayIn, kind: WayInKind) -> WayIn {
    WayIn {
        id: new.id,
        kind,
        label: String::new(),
        record: new.record.clone(),
        proof_key: new.proof_key.clone(),
        created_at: 0,
    }
}

impl Fake {
    fn begin_session(&self, db: &mut Db, account: &AccountId) -> SignedIn {
        let token = B64(random::<32>().to_vec()).encode();
        let session = Session {
            id: SessionId(random()),
            carrier: Carrier::Bearer,
            device: "test".to_owned(),
            created_at: self.now(),
            last_seen_at: self.now(),
            expires_at: i64::MAX,
            place: None,
            same_network: true,
            current: true,
        };
        db.sessions.insert(token.clone(), (*account, session.clone()));
        SignedIn { session, token: Some(token), account: own(account, &db.accounts[account]) }
    }

    pub(super) fn open_door(&self, request: &Request, parts: &[&str], token: Option<&str>) -> Option<Answer> {
        Some(match (request.method, parts) {
            (Method::Get, ["instance"]) => {
                let organisation_key = self.db().organisation.clone();
                json(&Instance {
                    passkeys: false,
                    phone: false,
                    log_key: self.log_key().unwrap_or_default(),
                    log_keys_key: String::new(),
                    log_vrf_key: B64::default(),
                    keep_events_days: None,
                    keep_drafts_days: None,
                    erased_in_backups: None,
                    instance_id: B64(self.instance.to_vec()),
                    name: "Test clinic".to_owned(),
                    set_up: organisation_key.is_some(),
                    organisation_key,
                    open_sign_up: true,
                    mail: false,
                    identity_providers: Vec::new(),
                    version: "0".to_owned(),
                })
            }
            (Method::Get, ["session"]) => {
                let db = self.db();
                let signed_in = db.sessions.get(token.unwrap_or_default()).map(|(account, session)| WhoAmI {
                    account_id: *account,
                    name: db.accounts[account].name.clone(),
                    email: db.accounts[account].email.clone(),
                    role: db.accounts[account].role,
                    status: db.accounts[account].status,
                    second_factor_due: false,
                    removal_at: None,
                    session: session.clone(),
                });
                json(&CurrentSession { signed_in })
            }
            (Method::Post, ["sign-up", "start"]) => {
                let body: StartSignUp = read(request);
                let response = self.opaque.registration_start(&id(&body.account_id), &body.registration_request.0);
                json(&RegistrationStarted { registration_response: B64(response.unwrap()) })
            }
            (Method::Post, ["sign-up"]) => self.sign_up(read(request)),
            (Method::Post, ["sign-in", "start"]) => self.start_sign_in(read(request)),
            (Method::Post, ["sign-in", "finish"]) => self.finish_sign_in(read(request)),
            (Method::Post, ["recovery", "start"]) => self.start_recovery(read(request)),
            (Method::Post, ["recovery", "verify"]) => self.verify_recovery(read(request)),
            (Method::Post, ["recovery", "finish"]) => self.finish_recovery(read(request)),
            (Method::Post, ["invitations", "look-up"]) => self.look_up(read(request)),
            _ => return None,
        })
    }

    fn look_up(&self, body: InvitationToken) -> Answer {
        if body.token == "set-up" {
            return json(&InvitationInfo {
                set_up: true,
                role: Role::Administrator,
                email: None,
                invited_by: None,
                placeholder: None,
                asks_code: false,
                expires_at: i64::MAX,
            });
        }
        let db = self.db();
        let found = db.invitations.get(&body.token).ok_or(no(ErrorCode::InvitationInvalid))?;
        json(&InvitationInfo {
            set_up: false,
            role: found.role,
            email: None,
            invited_by: None,
            placeholder: found.placeholder,
            asks_code: false,
            expires_at: found.expires_at,
        })
    }

    fn sign_up(&self, body: FinishSignUp) -> Answer {
        let mut db = self.db();
        let account = Account {
            name: body.name,
            email: body.email,
            role: body.role,
            status: AccountStatus::Pending,
            key_records: vec![body.key_record],
            approval: body.organisation.as_ref().map(|o| o.approval.clone()),
            closing: None,
            ways_in: vec![way(&body.password, WayInKind::Password), way(&body.recovery_kit, WayInKind::RecoveryKit)],
            keyring: body.keyring,
            state: body.client_state,
            counter: 0,
            organisation_wrap: body.organisation.as_ref().map(|o| o.wrap.clone()),
            opaque: self.opaque.registration_finish(&body.registration_upload.0).unwrap(),
        };
        if let Some(organisation) = body.organisation {
            db.organisation = Some(organisation.public_key);
        }
        db.accounts.insert(body.account_id, account);
        let placeholder = body.invitation.and_then(|t| db.invitations.get(&t)?.placeholder);
        if let Some(placeholder) = placeholder {
            db.arrived.insert(placeholder, body.account_id);
        }
        json(&self.begin_session(&mut db, &body.account_id))
    }

    fn start_sign_in(&self, body: StartSignIn) -> Answer {
        let mut db = self.db();
        let found = db.accounts.iter().find(|(_, a)| a.email == body.email).map(|(id, a)| (*id, a.opaque.clone()));
        let (account, record) = match found {
            Some((account, record)) => (account, Some(record)),
            None => (AccountId(self.opaque.pseudonym(&body.email).0), None),
        };
        let request = &body.credential_request.0;
        let start = self.opaque.login_start(&id(&account), record.as_deref(), request, &mut rng()).unwrap();
        let login = random::<16>().to_vec();
        db.logins.insert(login.clone(), (account, start.state));
        json(&SignInStarted { sign_in_id: B64(login), credential_response: B64(start.response) })
    }

    fn finish_sign_in(&self, body: FinishSignIn) -> Answer {
        let mut db = self.db();
        let (account, state) = db.logins.remove(&body.sign_in_id.0).ok_or(no(ErrorCode::SignInFailed))?;
        self.opaque.login_finish(&state, &body.credential_finalization.0).map_err(|_| no(ErrorCode::SignInFailed))?;
        json(&self.begin_session(&mut db, &account))
    }

    fn start_recovery(&self, body: StartRecovery) -> Answer {
        let mut db = self.db();
        let account = db
            .accounts
            .iter()
            .find(|(_, a)| a.email == body.email)
            .map_or(AccountId(self.opaque.pseudonym(&body.email).0), |(id, _)| *id);
        let (attempt, challenge) = (random::<16>().to_vec(), random::<32>());
        db.recoveries.insert(attempt.clone(), (account, challenge));
        let split = db.splits.iter().find(|split| body.split.is_some() && split.owner == account);
        let split = split.map(|split| split.named(&db));
        let challenge = B64(challenge.to_vec());
        json(&RecoveryStarted { recovery_id: B64(attempt), pseudonym: account, challenge, split })
    }

    fn verify_recovery(&self, body: VerifyRecovery) -> Answer {
        let db = self.db();
        let failed = || no(ErrorCode::RecoveryFailed);
        let (account, challenge) = db.recoveries.get(&body.recovery_id.0).ok_or_else(failed)?;
        let of = db.accounts.get(account).ok_or_else(failed)?;
        let kit = of.ways_in.iter().find(|w| w.kind == WayInKind::RecoveryKit).unwrap();
        let key = PublicSigningKey(kit.proof_key.as_ref().unwrap().0.clone().try_into().unwrap());
        let proof = Signed::<RecoveryProof>::parse(&body.signature.0).map_err(|_| failed())?;
        let said = proof.verify(&key).map_err(|_| failed())?;
        if said.challenge.0 != *challenge || said.account.0 != account.0 || said.instance.0 != self.instance {
            return Err(failed());
        }
        let response = self.opaque.registration_start(&id(account), &body.registration_request.0).unwrap();
        json(&RecoveryVerified { account: own(account, of), registration_response: B64(response) })
    }

    fn finish_recovery(&self, body: FinishRecovery) -> Answer {
        let mut db = self.db();
        let (account, _) = db.recoveries.remove(&body.recovery_id.0).ok_or(no(ErrorCode::RecoveryFailed))?;
        db.sessions.retain(|_, (of, _)| *of != account);
        let of = db.accounts.get_mut(&account).unwrap();
        of.opaque = self.opaque.registration_finish(&body.registration_upload.0).unwrap();
        of.rotate(body.rotation);
        json(&self.begin_session(&mut db, &account))
    }

    pub(super) fn people(
        &self,
        request: &Request,
        parts: &[&str],
        query: &str,
        (me, session): &(AccountId, Session),
    ) -> Option<Answer> {
        let mut db = self.db();
        Some(match (request.method, parts) {
            (Method::Get, ["account"]) => json(&own(me, &db.accounts[me])),
            (Method::Post, ["account", "deletion", "check"]) => {
                let CheckDeletion { email } = read(request);
                match db.accounts[me].email == email {
                    true => json(&()),
                    false => Err(no(ErrorCode::InvalidField)),
                }
            }
            (Method::Post, ["account", "deletion"]) => {
                let body: DeleteAccount = read(request);
                let of = db.accounts.get_mut(me).unwrap();
                of.closing = Some(Closing { by: ClosedBy::Holder, statement: body.statement });
                (of.status, of.name) = (AccountStatus::Deleted, DELETED_NAME.to_owned());
                json(&())
            }
            (Method::Put, ["account", "client-state"]) => {
                let body: PutClientState = read(request);
                let of = db.accounts.get_mut(me).unwrap();
                if body.counter != of.counter + 1 {
                    return Some(Err(no(ErrorCode::CounterStale)));
                }
                (of.state, of.counter) = (body.sealed, body.counter);
                json(&())
            }
            (Method::Post, ["account", "password", "start"]) => {
                let body: StartPasswordChange = read(request);
                let response = self.opaque.registration_start(&id(me), &body.registration_request.0).unwrap();
                json(&RegistrationStarted { registration_response: B64(response) })
            }
            (Method::Put, ["account", "password"]) => {
                let body: ChangePassword = read(request);
                let of = db.accounts.get_mut(me).unwrap();
                of.opaque = self.opaque.registration_finish(&body.registration_upload.0).unwrap();
                of.rotate(body.rotation);
                json(&())
            }
            (Method::Put, ["account", "recovery-kit"]) => {
                let body: ChangeRecoveryKit = read(request);
                db.accounts.get_mut(me).unwrap().rotate(body.rotation);
                json(&())
            }
            (Method::Post, ["account", "keys"]) => {
                let body: RotateKeys = read(request);
                let of = db.accounts.get_mut(me).unwrap();
                of.key_records.push(body.key_record);
                of.rotate(body.rotation);
                json(&())
            }
            (Method::Get, ["account", "emergency-contacts"]) => {
                let mine = db.trusted.iter().filter(|trusted| trusted.owner == *me);
                let items = mine.map(|trusted| trusted.row(public(&trusted.contact, &db.accounts[&trusted.contact])));
                json(&EmergencyContactList { items: items.collect() })
            }
            (Method::Post, ["account", "emergency-contacts"]) => {
                let body: NewEmergencyContact = read(request);
                let said = Signed::<EmergencyContact>::parse(&body.statement.0).unwrap();
                let contact = AccountId(said.claimed().contact.0);
                let (way_in, sealed) = (body.way_in.id, body.sealed);
                db.trusted.push(Trusted { owner: *me, contact, way_in, statement: body.statement, sealed });
                let of = db.accounts.get_mut(me).unwrap();
                of.ways_in.push(way(&body.way_in, WayInKind::EmergencyContact));
                json(&())
            }
            (Method::Get, ["trusted"]) => {
                let me = db.trusted.iter().filter(|trusted| trusted.contact == *me);
                let items = me.map(|trusted| trusted.row(public(&trusted.owner, &db.accounts[&trusted.owner])));
                json(&EmergencyContactList { items: items.collect() })
            }
            (Method::Post, ["trusted", id, "words"]) => {
                let found = db.trusted.iter().find(|trusted| trusted.way_in.to_string() == *id).unwrap();
                json(&EmergencyWords { sealed: found.sealed.clone() })
            }
            (Method::Get, ["account", "recovery-split"]) => {
                let split = db.splits.iter().find(|split| split.owner == *me).map(|split| split.own(&db));
                json(&OwnRecoverySplit { split })
            }
            (Method::Post, ["account", "recovery-split"]) => {
                let body: NewRecoverySplit = read(request);
                let said = Signed::<RecoverySplit>::parse(&body.statement.0).unwrap();
                let holders = said.claimed().holders.iter().map(|holder| AccountId(holder.contact.0));
                let shares = holders.zip(body.sealed).collect();
                let way_in = body.way_in.id;
                db.splits.push(SplitRecovery { owner: *me, way_in, statement: body.statement, shares });
                let of = db.accounts.get_mut(me).unwrap();
                of.ways_in.push(way(&body.way_in, WayInKind::RecoveryShares));
                json(&())
            }
            (Method::Get, ["trusted", "shares"]) => {
                let mine = db.splits.iter().filter(|split| split.shares.iter().any(|(contact, _)| contact == me));
                json(&HeldShareList { items: mine.map(|split| split.held(&db)).collect() })
            }
            (Method::Post, ["trusted", "shares", id, "open"]) => {
                let split = db.splits.iter().find(|split| split.way_in.to_string() == *id).unwrap();
                let (_, sealed) = split.shares.iter().find(|(contact, _)| contact == me).unwrap();
                json(&SealedShare { sealed: sealed.clone() })
            }
            (Method::Get, ["sessions"]) => json(&SessionList { items: vec![session.clone()] }),
            (Method::Delete, ["session"]) => {
                db.sessions.retain(|_, (_, s)| s.id != session.id);
                json(&())
            }
            (Method::Get, ["accounts"]) => {
                let wanted = query.replace("%40", "@").replace("%20", " ");
                let hit = |id: &AccountId, a: &Account| match wanted.split_once('=') {
                    Some(("email", email)) => a.email == email,
                    Some(("key", key)) => key == key_of(id, a),
                    Some((_, name)) => a.role == Role::Doctor && a.name.contains(name),
                    None => false,
                };
                let items = db.accounts.iter().filter(|(id, a)| hit(id, a)).map(|(id, a)| public(id, a)).collect();
                json(&AccountList { items, binding: None, email_verified: None })
            }
            (Method::Get, ["accounts", id]) => match db.accounts.get(&id.parse().unwrap()) {
                Some(of) => json(&public(&id.parse().unwrap(), of)),
                None => Err(no(ErrorCode::NotFound)),
            },
            (Method::Get, ["admin", "accounts"]) => json(&AdminAccountList {
                items: db
                    .accounts
                    .iter()
                    .map(|(id, a)| AdminAccount {
                        account: public(id, a),
                        email: a.email.clone(),
                        email_verified_at: None,
                        created_at: 0,
                        last_seen_at: None,
                        second_factor: false,
                        invited_by: None,
                        removal_at: None,
                    })
                    .collect(),
                next: None,
            }),
            (Method::Get, ["retention-rules"]) => json(&RetentionRules { statement: db.retention_rules.clone() }),
            (Method::Put, ["admin", "retention-rules"]) => {
                db.retention_rules = Some(read::<PutRetentionRules>(request).statement);
                json(&())
            }
            (Method::Post, ["admin", "accounts", id, "approve"]) => {
                let body: ApproveAccount = read(request);
                let of = db.accounts.get_mut(&id.parse().unwrap()).unwrap();
                (of.status, of.approval) = (AccountStatus::Active, Some(body.approval));
                of.organisation_wrap = body.organisation_key_wrap;
                json(&())
            }
            (Method::Post, ["invitations"]) => {
                let body: CreateInvitation = read(request);
                let invitation = Invitation {
                    id: api_types::InvitationId(random()),
                    role: body.role,
                    email: body.email,
                    placeholder: body.placeholder,
                    created_by: *me,
                    created_by_name: String::new(),
                    created_at: self.now(),
                    expires_at: i64::MAX,
                    used_by: None,
                };
                let token = B64(random::<16>().to_vec()).encode();
                db.invitations.insert(token.clone(), invitation.clone());
                json(&CreatedInvitation { token, mailed: false, invitation })
            }
            _ => return None,
        })
    }
}
