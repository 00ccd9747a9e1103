//! One of each kind of people around a report, and a request for every route: what the tables of routes are made of.

use std::collections::BTreeMap;

use api_types::{
    AccountId, ApiTokenId, B64, GrantId, IdentityId, InvitationId, ReportId, SecondFactorId, SessionId, TeamId,
    UploadId, WayInId,
    accounts::{AccountStatus, Role},
    closing::EraseReport,
    drafts::PutDraft,
    grants::{ClaimGrant, CreateGrant, FollowTeam, RedeemGrant, RevokeGrant, StoreGrantSeed},
    invitations::{CreateInvitation, CreatedInvitation},
    reports::{CreateReport, NewVersion},
    teams::{LeaveTeam, NewTeamRoster},
    uploads::{CreateUpload, Upload},
};
use axum::{body::Body, http::Method};
use crypto::{
    grant::{BearerKeys, CodeKeys, InvitationSecret},
    ids,
    report::{Change, Grant, Patient, Right},
};
use serde_json::{Value, json};

use crate::{
    bodies::faulty,
    sealing::{Made, code_grant, grant, own},
    taking::{accept, claim, redeem},
    world::{Answer, Person, World, rng},
};

/// A report in every state of sharing, one whose custody passed, a draft with an upload, and the people.
pub struct Scene {
    pub world: World,
    /// In the order of the access table's columns; the first is nobody.
    pub people: Vec<Option<Person>>,
    pub made: Made,
    /// The report whose custody passed to the custodian.
    kept: Kept,
    /// The code grant that waits.
    waiting: GrantId,
    /// The recipient's grant.
    received: GrantId,
    /// The code grant that was redeemed.
    redeemed: GrantId,
    /// The bearer grant that was claimed.
    claimed: GrantId,
    /// A bearer grant for the same placeholder that waits.
    bearer: GrantId,
    draft: ReportId,
}

/// A report that began without its patient.
struct Kept {
    id: ReportId,
    /// What the patient claimed.
    own: GrantId,
    /// What its author has.
    authors: GrantId,
}

/// Makes a grant by the report's owner and sends it.
async fn give(world: &World, made: &mut Made, owner: &Person, new: Grant, seed: Option<Vec<u8>>) -> ids::GrantId {
    let id = new.id;
    let body = made.share(world.now(), owner, new, seed);
    world.post(owner, &format!("/reports/{}/grants", made.id), &body).await.ok();
    id
}

/// A view grant to an account.
async fn share(world: &World, made: &mut Made, owner: &Person, to: &Person, until: i64) -> ids::GrantId {
    made.knows(to);
    give(world, made, owner, Grant { expires_at: until, ..grant(own(to), Right::View) }, None).await
}

/// A code grant that nobody redeemed yet, with the keys that its code stretches to.
async fn share_by_code(world: &World, made: &mut Made, owner: &Person, to: &Person) -> (Grant, CodeKeys) {
    made.knows(to);
    let (code, seed, keys) = code_grant(world.now(), made, to);
    give(world, made, owner, code.clone(), Some(seed)).await;
    (code, keys)
}

/// A doctor writes about a patient without an account, who arrives and takes the report over.
async fn keep(world: &World, author: &Person, patient: &Person) -> Kept {
    let placeholder = ids::PlaceholderId::random(&mut rng());
    let mut made = Made::begin(world.now(), author, Patient::Placeholder(placeholder));
    let authors = grant(own(author), Right::Own);
    let authors_id = authors.id;
    made.append(world.now(), author, Change::Grant(authors));
    let keys = InvitationSecret::generate(&mut rng()).keys(&ids::ReportId(made.id.0));
    let bearer = grant(keys.recipient(placeholder), Right::Own);
    let id = bearer.id;
    made.append(world.now(), author, Change::Grant(bearer));
    let sealed = world.upload_version(author, &made, 1, 0, &[vec![2; 1000]]).await;
    world.post(author, "/reports", &made.creation(sealed.body.clone())).await.ok();
    made.keep(sealed);
    accept(world, author, patient, placeholder).await;
    claim(world, patient, &mut made, id, &keys).await;
    Kept { id: made.id, own: GrantId(id.0), authors: GrantId(authors_id.0) }
}

impl Scene {
    pub async fn new() -> Self {
        let world = World::new().await;
        let [owner, invited, custodian] = [world.patient().await, world.patient().await, world.patient().await];
        let mut doctors = Vec::new();
        for _ in 0..7 {
            doctors.push(world.doctor().await);
        }
        let doctors = <[Person; 7]>::try_from(doctors).ok().unwrap();
        let [author, waiting, recipient, redeemer, expired, revoked, stranger] = doctors;
        let unapproved = world.person(Role::Doctor, AccountStatus::Pending).await;
        let administrator = world.person(Role::Administrator, AccountStatus::Active).await;

        let mut made = world.report(&author, &owner, &[vec![1; 1000]]).await;
        let received = share(&world, &mut made, &owner, &recipient, 0).await;
        share(&world, &mut made, &owner, &expired, world.now() + 1000).await;
        let gone = share(&world, &mut made, &owner, &revoked, 0).await;
        let body = made.revocation(world.now(), &owner, gone);
        world.post(&owner, &format!("/reports/{}/grants/{gone}/revoke", made.id), &body).await.ok();
        world.state.clock.advance(2000);
        made.state = made.state.clone().at(world.now());

        let (redeemed, keys) = share_by_code(&world, &mut made, &owner, &redeemer).await;
        redeem(&world, &redeemer, &made, redeemed.id, &redeemed.recipient, &keys).await;
        let placeholder = ids::PlaceholderId::random(&mut rng());
        accept(&world, &author, &invited, placeholder).await;
        let [first, second] = [(); 2].map(|()| InvitationSecret::generate(&mut rng()).keys(&ids::ReportId(made.id.0)));
        let bearer = |keys: &BearerKeys| grant(keys.recipient(placeholder), Right::View);
        let claimed = give(&world, &mut made, &owner, bearer(&first), None).await;
        claim(&world, &invited, &mut made, claimed, &first).await;
        let waiting_bearer = give(&world, &mut made, &owner, bearer(&second), None).await;
        let (code, _) = share_by_code(&world, &mut made, &owner, &waiting).await;
        let kept = keep(&world, &author, &custodian).await;

        let people = [
            owner,
            author,
            waiting,
            recipient,
            redeemer,
            invited,
            custodian,
            expired,
            revoked,
            stranger,
            unapproved,
            administrator,
        ];
        let people = std::iter::once(None).chain(people.into_iter().map(Some)).collect();
        let scene = Self {
            world,
            people,
            made,
            kept,
            waiting: GrantId(code.id.0),
            received: GrantId(received.0),
            redeemed: GrantId(redeemed.id.0),
            claimed: GrantId(claimed.0),
            bearer: GrantId(waiting_bearer.0),
            draft: ReportId([0xd; 32]),
        };
        scene.save_draft().await;
        scene
    }

    /// As the author, in a session of its own: the others end in the course of the table.
    pub async fn by_author(&self, method: Method, path: &str, body: impl serde::Serialize) -> Answer {
        let (_, token) = self.world.session(self.people[2].as_ref().unwrap()).await;
        let body = Body::from(serde_json::to_vec(&body).unwrap());
        self.world.send_as(Some(&token), method, path, &[("content-type", "application/json")], body).await
    }

    /// Makes sure of the draft that requests name.
    pub async fn save_draft(&self) {
        let body = PutDraft { sealed: B64(vec![1]), counter: 0, begins: true };
        self.by_author(Method::PUT, &format!("/drafts/{}", self.draft), body).await.ok();
    }

    pub fn create_upload(&self) -> CreateUpload {
        CreateUpload { report_id: self.draft, version: 1, revision: 0, part: 1, ciphertext_len: 172 }
    }

    async fn upload(&self) -> UploadId {
        self.by_author(Method::POST, "/uploads", self.create_upload()).await.json::<Upload>().id
    }

    async fn invitation(&self) -> InvitationId {
        let body = CreateInvitation { role: Role::Patient, email: None, placeholder: None, expires_in: None };
        self.by_author(Method::POST, "/invitations", body).await.json::<CreatedInvitation>().invitation.id
    }
}

/// A request: path without prefix, JSON body if any.
pub type Ask = (String, Option<Value>);

fn body(value: impl serde::Serialize) -> Option<Value> {
    Some(serde_json::to_value(value).unwrap())
}

fn faulty_version() -> NewVersion {
    let (manifest, statement, part0) = (B64(vec![1]), B64(vec![1]), B64(vec![1]));
    let uploads = Vec::new();
    NewVersion { version: 2, revision: 0, manifest, statement, part0, uploads, draft: None, wraps: Vec::new() }
}

/// What is asked of an operation by one of the columns. What a success would use up is made anew. A grant to take is the
/// one that concerns who asks: their own where they took one, else the code grant that waits for somebody.
pub async fn ask(scene: &Scene, who: &str, operation: &str, session: Option<SessionId>) -> Ask {
    let custodian = who == "custodian";
    let report = format!("/reports/{}", if custodian { scene.kept.id } else { scene.made.id });
    let grants = format!("{report}/grants");
    let waiting = match who {
        "redeemed" => scene.redeemed,
        "invited" => scene.claimed,
        "custodian" => scene.kept.own,
        _ => scene.waiting,
    };
    let waiting = format!("/grants/{waiting}");
    let entry = B64(vec![1]);
    match operation {
        "get_instance" => ("/instance".into(), None),
        "ask_sign_up_code" => ("/sign-up/code".into(), Some(json!({}))),
        "check_sign_up_code" => ("/sign-up/code/check".into(), Some(json!({}))),
        "start_sign_up" => ("/sign-up/start".into(), Some(json!({}))),
        "finish_sign_up" => ("/sign-up".into(), Some(json!({}))),
        "start_sign_in" => ("/sign-in/start".into(), Some(json!({}))),
        "finish_sign_in" => ("/sign-in/finish".into(), Some(json!({}))),
        "start_recovery" => ("/recovery/start".into(), Some(json!({}))),
        "verify_recovery" => ("/recovery/verify".into(), Some(json!({}))),
        "finish_recovery" => ("/recovery/finish".into(), Some(json!({}))),
        "get_session" | "sign_out" => ("/session".into(), None),
        "list_sessions" | "end_other_sessions" => ("/sessions".into(), None),
        "end_session" => {
            let id = session.unwrap_or(SessionId([0; 16]));
            (format!("/sessions/{id}"), None)
        }
        "get_account" => ("/account".into(), None),
        "start_confirmation" => ("/session/confirmation/start".into(), faulty(operation)),
        "finish_confirmation" => ("/session/confirmation/finish".into(), faulty(operation)),
        "start_password_change" => ("/account/password/start".into(), faulty(operation)),
        "change_password" => ("/account/password".into(), faulty(operation)),
        "rotate_account_key" => ("/account/key".into(), faulty(operation)),
        "rotate_keys" => ("/account/keys".into(), faulty(operation)),
        "delete_account" => ("/account/deletion".into(), faulty(operation)),
        "check_deletion" => ("/account/deletion/check".into(), Some(json!({"email": "other@example.org"}))),
        "pause_account" => ("/account/disable".into(), Some(json!({"email": "other@example.org"}))),
        "remove_account" => {
            let id = scene.world.person(Role::Patient, AccountStatus::Disabled).await.id;
            (format!("/admin/accounts/{id}/removal"), Some(json!({"statement": "AQ"})))
        }
        "get_erasure" => (format!("{report}/erasure"), None),
        "erase_report" => (format!("{report}/erasure"), body(EraseReport { entry })),
        "change_recovery_kit" => ("/account/recovery-kit".into(), faulty(operation)),
        "send_email_verification" => ("/account/email/verification".into(), None),
        "verify_email" => ("/email-verification".into(), Some(json!({"token": "unknown"}))),
        "get_email_change" | "cancel_email_change" => ("/account/email/change".into(), None),
        "start_email_change" => ("/account/email/change".into(), Some(json!({"email": "new@example.org"}))),
        "answer_email_change" => ("/email-change".into(), Some(json!({"token": "unknown", "side": "new"}))),
        "list_second_factors" => ("/account/second-factors".into(), None),
        "start_totp" => ("/account/second-factors/totp".into(), Some(json!({"label": "Phone"}))),
        "confirm_second_factor" => {
            let id = SecondFactorId([0; 16]);
            (format!("/account/second-factors/{id}/confirm"), Some(json!({"code": "123456"})))
        }
        "remove_second_factor" => (format!("/account/second-factors/{}", SecondFactorId([0; 16])), None),
        "start_passkey" => ("/account/passkeys/start".into(), None),
        "add_passkey" => ("/account/passkeys".into(), faulty(operation)),
        "remove_passkey" => (format!("/account/passkeys/{}/remove", SecondFactorId([0; 16])), faulty(operation)),
        "list_emergency_contacts" => ("/account/emergency-contacts".into(), None),
        "add_emergency_contact" => ("/account/emergency-contacts".into(), faulty(operation)),
        "remove_emergency_contact" => {
            (format!("/account/emergency-contacts/{}/remove", WayInId([0; 16])), faulty(operation))
        }
        "refuse_emergency" => (format!("/account/emergency-contacts/{}/refuse", WayInId([0; 16])), None),
        "list_trusted" => ("/trusted".into(), None),
        "accept_trust" | "decline_trust" | "ask_emergency" | "get_emergency_words" => {
            let verb = operation.split('_').next().unwrap();
            let verb = if verb == "get" { "words" } else { verb };
            (format!("/trusted/{}/{verb}", WayInId([0; 16])), None)
        }
        "get_recovery_split" => ("/account/recovery-split".into(), None),
        "make_recovery_split" => ("/account/recovery-split".into(), faulty(operation)),
        "remove_recovery_split" => (format!("/account/recovery-split/{}/remove", WayInId([0; 16])), faulty(operation)),
        "list_held_shares" => ("/trusted/shares".into(), None),
        "open_held_share" => (format!("/trusted/shares/{}/open", WayInId([0; 16])), None),
        "get_escrow" => ("/account/escrow".into(), None),
        "add_escrow" => ("/account/escrow".into(), faulty(operation)),
        "remove_escrow" => (format!("/account/escrow/{}/remove", WayInId([0; 16])), faulty(operation)),
        "refuse_escrow" => (format!("/account/escrow/{}/refuse", WayInId([0; 16])), None),
        "list_escrows" => ("/admin/escrow".into(), None),
        "make_escrow_key" => ("/admin/escrow/key".into(), Some(json!({"statement": "AQ"}))),
        "end_escrow_key" => ("/admin/escrow/key/end".into(), Some(json!({"statement": "AQ"}))),
        "ask_escrow" | "get_escrow_secret" => {
            let verb = if operation == "ask_escrow" { "ask" } else { "secret" };
            (format!("/admin/escrow/accounts/{}/{verb}", scene.people[1].as_ref().unwrap().id), None)
        }
        "challenge_passkey" => ("/passkeys/challenge".into(), None),
        "sign_in_with_passkey" => ("/sign-in/passkey".into(), Some(json!({}))),
        "confirm_with_passkey" => ("/session/confirmation/passkey".into(), Some(json!({}))),
        "start_identity" => {
            let purpose = if who == "anonymous" { "sign_in" } else { "link" };
            ("/identity-providers/none/start".into(), Some(json!({"purpose": purpose})))
        }
        "get_waiting_identity" => ("/sign-in/identity".into(), None),
        "sign_in_with_identity" => ("/sign-in/identity".into(), Some(json!({"carrier": "bearer", "device": "test"}))),
        "list_identities" | "link_identity" => ("/account/identities".into(), None),
        "get_identity_to_link" => ("/account/identities/waiting".into(), None),
        "remove_identity" => (format!("/account/identities/{}", IdentityId([0; 16])), None),
        "list_api_tokens" => ("/account/tokens".into(), None),
        "create_api_token" => {
            let new = json!({"name": "Backup", "scopes": ["account:read"], "expires_in_days": 1});
            ("/account/tokens".into(), Some(new))
        }
        "remove_api_token" => (format!("/account/tokens/{}", ApiTokenId([0; 16])), None),
        "list_devices" => ("/account/devices".into(), None),
        "add_device" => ("/account/devices".into(), Some(json!({"record": "AQ"}))),
        "remove_device" => (format!("/account/devices/{}/remove", AccountId([0; 32])), Some(json!({"removal": "AQ"}))),
        "get_phone" | "remove_phone" => ("/account/phone".into(), None),
        "add_phone" => ("/account/phone".into(), Some(json!({"number": "+4915123456789"}))),
        "verify_phone" => ("/account/phone/verify".into(), Some(json!({"code": "123456"}))),
        "use_phone" => ("/account/phone".into(), Some(json!({"second_factor": true, "sign_in": false}))),
        "start_phone_sign_in" => ("/sign-in/phone/start".into(), Some(json!({"number": "+4915123456789"}))),
        "sign_in_with_phone" => {
            ("/sign-in/phone".into(), Some(json!({"code": "123456", "carrier": "bearer", "device": "test"})))
        }
        "renew_recovery_codes" => ("/account/recovery-codes".into(), None),
        "disable_account" | "enable_account" => {
            let verb = operation.split('_').next().unwrap();
            let status = if verb == "enable" { AccountStatus::Disabled } else { AccountStatus::Active };
            let id = scene.world.person(Role::Patient, status).await.id;
            (format!("/admin/accounts/{id}/{verb}"), None)
        }
        "remove_account_second_factors" => {
            (format!("/admin/accounts/{}/second-factors", scene.people[1].as_ref().unwrap().id), None)
        }
        "get_mail" => ("/admin/mail".into(), None),
        "get_policies" => ("/admin/policies".into(), None),
        "put_policies" => ("/admin/policies".into(), Some(json!({"second_factor_roles": []}))),
        "get_quota" => ("/account/quota".into(), None),
        "get_default_quota" => ("/admin/quota".into(), None),
        "put_default_quota" => ("/admin/quota".into(), Some(json!({"rule": "inherited"}))),
        "get_account_quota" => (format!("/admin/accounts/{}/quota", scene.people[1].as_ref().unwrap().id), None),
        "put_account_quota" => {
            let id = scene.people[1].as_ref().unwrap().id;
            (format!("/admin/accounts/{id}/quota"), Some(json!({"rule": "inherited"})))
        }
        "get_retention_rules" => ("/retention-rules".into(), None),
        "put_retention_rules" => ("/admin/retention-rules".into(), Some(json!({"statement": "AQ"}))),
        "put_client_state" => {
            ("/account/client-state".into(), Some(json!({"sealed": "AQ", "counter": 99, "generation": 0})))
        }
        "find_accounts" => ("/accounts?name=person".into(), None),
        "get_account_by_id" => (format!("/accounts/{}", scene.people[1].as_ref().unwrap().id), None),
        "list_invitations" => ("/invitations".into(), None),
        "create_invitation" => ("/invitations".into(), Some(json!({"role": "patient"}))),
        "withdraw_invitation" => (format!("/invitations/{}", scene.invitation().await), None),
        "look_up_invitation" => ("/invitations/look-up".into(), Some(json!({"token": "unknown"}))),
        "accept_invitation" => ("/invitations/accept".into(), Some(json!({"token": "unknown"}))),
        "list_accounts" => ("/admin/accounts".into(), None),
        "approve_account" | "refuse_account" => {
            let pending = scene.world.person(Role::Doctor, AccountStatus::Pending).await.id;
            let verb = operation.split('_').next().unwrap();
            let approval = (verb == "approve").then(|| json!({"approval": "AQ"}));
            (format!("/admin/accounts/{pending}/{verb}"), approval)
        }
        "list_events" => ("/admin/events".into(), None),
        "get_backups" => ("/admin/backups".into(), None),
        "get_storage" => ("/admin/storage".into(), None),
        "list_drafts" => ("/drafts".into(), None),
        "get_draft" => (format!("/drafts/{}", scene.draft), None),
        "put_draft" => {
            (format!("/drafts/{}", scene.draft), body(PutDraft { sealed: B64(Vec::new()), counter: 99, begins: true }))
        }
        "delete_draft" => (format!("/drafts/{}", scene.draft), None),
        "create_upload" => ("/uploads".into(), body(scene.create_upload())),
        "get_upload" | "abandon_upload" => (format!("/uploads/{}", scene.upload().await), None),
        "put_segment" => (format!("/uploads/{}/segments/0", scene.upload().await), None),
        "list_reports" => ("/reports".into(), None),
        "create_report" => {
            let version = faulty_version();
            ("/reports".into(), body(CreateReport { genesis: entry, entries: Vec::new(), version }))
        }
        "get_report" => (report, None),
        "get_report_people" => (format!("{report}/people"), None),
        "get_version" => (format!("{report}/versions/1"), None),
        "get_part" => (format!("{report}/versions/1/revisions/0/parts/1"), None),
        "add_version" => (format!("{report}/versions"), body(faulty_version())),
        "rekey_version" => {
            let version = NewVersion { version: 1, revision: 1, ..faulty_version() };
            (format!("{report}/versions/1/revisions"), body(version))
        }
        "list_report_grants" => (grants, None),
        "create_grant" => (grants, body(CreateGrant { entry, wraps: Vec::new(), sealed_seed: None })),
        "revoke_grant" => {
            let anothers = if custodian { scene.kept.authors } else { scene.received };
            (format!("{grants}/{anothers}/revoke"), body(RevokeGrant { entry }))
        }
        "claim_grant" => {
            let bearer = if custodian { scene.kept.own } else { scene.bearer };
            (format!("{grants}/{bearer}/claim"), body(ClaimGrant { entry, seed: B64(vec![1]) }))
        }
        "list_grants" => ("/grants".into(), None),
        "challenge_grant" => (format!("{waiting}/challenge"), None),
        "redeem_grant" => {
            let faulty = RedeemGrant { challenge: B64(vec![0; 32]), signature: B64(vec![1]) };
            (format!("{waiting}/redeem"), body(faulty))
        }
        "store_grant_seed" => (format!("{waiting}/seed"), body(StoreGrantSeed { seed: B64(vec![1]) })),
        "request_grant_again" => (format!("{waiting}/request-again"), None),
        "list_report_events" => (format!("{report}/events"), None),
        "follow_team" => {
            let anothers = if custodian { scene.kept.authors } else { scene.received };
            (format!("{grants}/{anothers}/team-key"), body(FollowTeam { entry, wraps: Vec::new() }))
        }
        "list_teams" => ("/teams".into(), None),
        "create_team" => ("/teams".into(), body(NewTeamRoster { roster: entry, keys: Vec::new() })),
        "get_team" => (format!("/teams/{}", TeamId([0; 32])), None),
        "change_team" => {
            (format!("/teams/{}/rosters", TeamId([0; 32])), body(NewTeamRoster { roster: entry, keys: Vec::new() }))
        }
        "accept_team" => (format!("/teams/{}/accept", TeamId([0; 32])), None),
        "leave_team" => (format!("/teams/{}/leave", TeamId([0; 32])), body(LeaveTeam { statement: entry })),
        "live" => ("/live".into(), None),
        other => panic!("no request is known for {other}"),
    }
}

/// Operation id and method of every route.
pub fn operations() -> BTreeMap<String, Method> {
    let document = serde_json::to_value(server::openapi::document()).unwrap();
    let mut found = BTreeMap::new();
    for item in document["paths"].as_object().unwrap().values() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            found.insert(operation["operationId"].as_str().unwrap().to_owned(), method);
        }
    }
    found
}
