//! Sharing with accounts, re-sharing, revoking, claiming.

use api_types::{
    ErrorCode, GrantId, InvitationId, PlaceholderId,
    accounts::{AccountStatus, Role},
    grants::{ClaimGrant, GrantKind, GrantList, GrantState, RedeemChallenge, Right as WireRight},
    reports::{Report, ReportList, ReportPeople},
};
use crypto::{
    account::AccountKey,
    grant::InvitationSecret,
    ids,
    report::{AccountRecipient, Change, Custody, Patient, Right},
};
use server::storage::invitations::{self, InvitationRow};

use crate::{
    sealing::{Made, blob, grant, own},
    world::{Person, World, rng},
};

async fn share(world: &World, made: &mut Made, by: &Person, to: &Person, right: Right) -> ids::GrantId {
    made.knows(to);
    let mut new = grant(own(to), right);
    if made.state.owner() != by.chain.account() {
        new.parent = made.state.grants_of(by.chain.account()).map(|g| g.grant.id).next();
    }
    let id = new.id;
    let body = made.share(world.now(), by, new, None);
    world.post(by, &format!("/reports/{}/grants", made.id), &body).await.ok();
    id
}

async fn sees(world: &World, who: &Person, made: &Made) -> bool {
    world.get(who, &format!("/reports/{}", made.id)).await.status.is_success()
}

async fn revoke(world: &World, made: &mut Made, by: &Person, id: ids::GrantId) -> crate::world::Answer {
    let body = made.revocation(world.now(), by, id);
    world.post(by, &format!("/reports/{}/grants/{id}/revoke", made.id), &body).await
}

#[tokio::test]
async fn a_share_opens_and_a_revocation_closes_at_once() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[vec![1; 1000]]).await;
    let id = share(&world, &mut made, &patient, &colleague, Right::View).await;
    assert!(sees(&world, &colleague, &made).await);
    let list: ReportList = world.get(&colleague, "/reports").await.json();
    let since = format!("/reports?since={}", list.head);
    assert_eq!(list.items.len(), 1);
    let people: ReportPeople = world.get(&colleague, &format!("/reports/{}/people", made.id)).await.json();
    assert_eq!(people.items.len(), 3);

    revoke(&world, &mut made, &patient, id).await.ok();
    assert!(!sees(&world, &colleague, &made).await);
    let part = format!("/reports/{}/versions/1/revisions/0/parts/1", made.id);
    assert_eq!(world.get(&colleague, &part).await.code(), ErrorCode::NotFound);
    let delta: ReportList = world.get(&colleague, &since).await.json();
    assert_eq!((delta.items.len(), delta.gone), (0, vec![made.id]));
    let grants: GrantList = world.get(&patient, &format!("/reports/{}/grants", made.id)).await.json();
    assert_eq!(grants.items[0].state, GrantState::Revoked);
    let wraps = server::storage::wraps::for_grants(world.state.db.read(), made.id, vec![id.0.to_vec()]).await;
    assert!(wraps.unwrap().is_empty());
}

#[tokio::test]
async fn children_fall_with_their_parent() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let (colleague, second) = (world.doctor().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let parent = share(&world, &mut made, &patient, &colleague, Right::Reshare).await;
    share(&world, &mut made, &colleague, &second, Right::View).await;
    assert!(sees(&world, &second, &made).await);
    revoke(&world, &mut made, &patient, parent).await.ok();
    assert!(!sees(&world, &colleague, &made).await && !sees(&world, &second, &made).await);
    assert!(sees(&world, &doctor, &made).await);
}

#[tokio::test]
async fn a_recipient_may_leave_but_not_share() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let id = share(&world, &mut made, &patient, &colleague, Right::View).await;
    let entry = made.entry(world.now(), &colleague, Change::Grant(grant(own(&doctor), Right::View)));
    let body = api_types::grants::CreateGrant { entry: blob(&entry), wraps: Vec::new(), sealed_seed: None };
    let path = format!("/reports/{}/grants", made.id);
    assert_eq!(world.post(&colleague, &path, &body).await.code(), ErrorCode::Forbidden);
    revoke(&world, &mut made, &colleague, id).await.ok();
    assert!(!sees(&world, &colleague, &made).await);
    let repeated = api_types::grants::RevokeGrant { entry: blob(made.entries.last().unwrap()) };
    world.post(&patient, &format!("{path}/{id}/revoke"), &repeated).await.ok();
}

#[tokio::test]
async fn a_grant_must_continue_the_stored_head_and_bring_its_wraps() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let (colleague, second) = (world.doctor().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    let path = format!("/reports/{}/grants", made.id);
    made.knows(&colleague);
    made.knows(&second);
    let stale = made.entry(world.now(), &patient, Change::Grant(grant(own(&second), Right::View)));
    let new = grant(own(&colleague), Right::View);
    let mut body = made.share(world.now(), &patient, new, None);
    let wraps = std::mem::take(&mut body.wraps);
    assert_eq!(world.post(&patient, &path, &body).await.code(), ErrorCode::Conflict);
    body.wraps = wraps.clone();
    world.post(&patient, &path, &body).await.ok();
    world.post(&patient, &path, &body).await.ok();
    let stale = api_types::grants::CreateGrant { entry: blob(&stale), wraps, sealed_seed: None };
    assert_eq!(world.post(&patient, &path, &stale).await.code(), ErrorCode::AccessHeadMoved);
}

#[tokio::test]
async fn entries_of_another_day_and_recipients_who_cannot_be_are_refused() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let pending = world.person(Role::Doctor, AccountStatus::Pending).await;
    let administrator = world.person(Role::Administrator, AccountStatus::Active).await;
    let made = world.report(&doctor, &patient, &[]).await;
    let path = format!("/reports/{}/grants", made.id);
    let try_share = async |to: &Person, time: i64| {
        let entry = made.entry(time, &patient, Change::Grant(grant(own(to), Right::View)));
        let body = api_types::grants::CreateGrant { entry: blob(&entry), wraps: Vec::new(), sealed_seed: None };
        world.post(&patient, &path, &body).await.code()
    };
    assert_eq!(try_share(&pending, world.now()).await, ErrorCode::InvalidField);
    assert_eq!(try_share(&administrator, world.now()).await, ErrorCode::InvalidField);
    assert_eq!(try_share(&colleague, world.now() + 3_600_000).await, ErrorCode::InvalidField);
    world.state.clock.advance(3_600_000);
    assert_eq!(try_share(&colleague, world.now() - 3_000_000).await, ErrorCode::InvalidField);
}

#[tokio::test]
async fn an_expired_grant_and_its_children_are_dead() {
    let world = World::new().await;
    let (doctor, patient, colleague) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&doctor, &patient, &[]).await;
    made.knows(&colleague);
    let mut new = grant(own(&colleague), Right::View);
    new.expires_at = world.now() + 3_600_000;
    let body = made.share(world.now(), &patient, new, None);
    world.post(&patient, &format!("/reports/{}/grants", made.id), &body).await.ok();
    let list: ReportList = world.get(&colleague, "/reports").await.json();
    world.state.clock.advance(3_600_001);
    assert!(!sees(&world, &colleague, &made).await);
    let delta: ReportList = world.get(&colleague, &format!("/reports?since={}", list.head)).await.json();
    assert_eq!((delta.items.len(), delta.gone), (0, vec![made.id]));
    let grants: GrantList = world.get(&patient, &format!("/reports/{}/grants", made.id)).await.json();
    assert_eq!(grants.items[0].state, GrantState::Expired);
}

/// A report about a patient without account: the creator keeps it, and an invitation's secret opens it.
pub async fn in_custody(world: &World, doctor: &Person) -> (Made, InvitationSecret, ids::PlaceholderId, ids::GrantId) {
    let placeholder = ids::PlaceholderId::random(&mut rng());
    let mut made = Made::begin(world.now(), doctor, Patient::Placeholder(placeholder));
    made.append(world.now(), doctor, Change::Grant(grant(own(doctor), Right::Own)));
    let secret = InvitationSecret::generate(&mut rng());
    let bearer = grant(secret.keys(&ids::ReportId(made.id.0)).recipient(placeholder), Right::Own);
    let id = bearer.id;
    made.append(world.now(), doctor, Change::Grant(bearer));
    let sealed = made.seal(world.now(), doctor, made.place(1, 0), &[]);
    world.post(doctor, "/reports", &made.creation(sealed.body.clone())).await.ok();
    made.keep(sealed);
    (made, secret, placeholder, id)
}

async fn accept(world: &World, doctor: &Person, patient: &Person, placeholder: ids::PlaceholderId) {
    let invitation = InvitationRow {
        id: InvitationId([1; 16]),
        token_hash: [2; 32],
        set_up: false,
        role: Role::Patient,
        email: None,
        placeholder: Some(PlaceholderId(placeholder.0)),
        created_by: Some(doctor.id),
        created_at: world.now(),
        expires_at: world.now() + 1000,
        used_by: None,
        withdrawn_at: None,
        mail_token_hash: None,
    };
    let tx = world.state.db.begin_write().await.unwrap();
    invitations::insert(tx.conn(), &invitation).await.unwrap();
    invitations::use_up(tx.conn(), invitation.id, patient.id, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn custody_passes_to_the_patient_who_arrives_with_the_secret() {
    let world = World::new().await;
    let (doctor, patient, stranger) = (world.doctor().await, world.patient().await, world.patient().await);
    let (mut made, secret, placeholder, id) = in_custody(&world, &doctor).await;
    let list: ReportList = world.get(&doctor, "/reports").await.json();
    assert_eq!((list.items[0].owner, list.items[0].grant.right), (doctor.id, WireRight::Own));
    assert!(world.get(&patient, "/grants").await.json::<GrantList>().items.is_empty());
    accept(&world, &doctor, &patient, placeholder).await;
    let waiting: GrantList = world.get(&patient, "/grants").await.json();
    assert_eq!((waiting.items[0].kind, waiting.items[0].state), (GrantKind::Bearer, GrantState::Pending));
    let chain: RedeemChallenge = world.post(&patient, &format!("/grants/{id}/challenge"), &()).await.json();
    assert_eq!(chain.entries.len(), 2);
    world.get(&patient, &format!("/reports/{}/people", made.id)).await.ok();
    assert!(!sees(&world, &patient, &made).await);

    made.knows(&patient);
    made.knows(&stranger);
    let keys = secret.keys(&ids::ReportId(made.id.0));
    let path = format!("/reports/{}/grants/{id}/claim", made.id);
    let claim = |who: &Person, made: &Made| {
        let change = Change::Claim(keys.claim(&ids::ReportId(made.id.0), id, &who.chain));
        let ak = AccountKey::generate(&mut rng());
        let seed = crypto::grant::reseal_grant_seed(&ak, &who.chain.account(), &id, &keys.kem, &mut rng());
        ClaimGrant { entry: blob(&made.entry(world.now(), who, change)), seed: seed.into() }
    };
    assert_eq!(world.post(&stranger, &path, &claim(&stranger, &made)).await.code(), ErrorCode::NotFound);
    let wrong = InvitationSecret::generate(&mut rng()).keys(&ids::ReportId(made.id.0));
    let change = Change::Claim(wrong.claim(&ids::ReportId(made.id.0), id, &patient.chain));
    let forged = ClaimGrant { entry: blob(&made.entry(world.now(), &patient, change)), seed: vec![1].into() };
    assert_eq!(world.post(&patient, &path, &forged).await.code(), ErrorCode::InvalidSignature);
    let good = claim(&patient, &made);
    world.post(&patient, &path, &good).await.ok();
    world.post(&patient, &path, &good).await.ok();

    let mine: ReportList = world.get(&patient, "/reports").await.json();
    assert_eq!((mine.items[0].owner, mine.items[0].grant.right), (patient.id, WireRight::Own));
    assert_eq!(mine.items[0].grant.seed.as_ref(), Some(&good.seed));
    let theirs: ReportList = world.get(&doctor, "/reports").await.json();
    assert_eq!(theirs.items[0].grant.right, WireRight::Reshare);
    let report: Report = world.get(&patient, &format!("/reports/{}", made.id)).await.json();
    assert_eq!(report.versions[0].wraps.len(), 1);
}

/// Accepting an invitation shows the chain and the people of the report that waits: a reader who was sent away, and
/// whoever gives no care at all, must not come by that with an account of their own making.
#[tokio::test]
async fn for_a_placeholder_only_those_invite_who_gave_to_it() {
    let world = World::new().await;
    let (doctor, colleague) = (world.doctor().await, world.doctor().await);
    let administrator = world.person(Role::Administrator, AccountStatus::Active).await;
    let (mut made, _, placeholder, _) = in_custody(&world, &doctor).await;
    share(&world, &mut made, &doctor, &colleague, Right::View).await;
    let body = api_types::invitations::CreateInvitation {
        role: Role::Patient,
        email: None,
        placeholder: Some(PlaceholderId(placeholder.0)),
        expires_in: None,
    };
    for other in [&colleague, &administrator] {
        assert_eq!(world.post(other, "/invitations", &body).await.code(), ErrorCode::NotFound);
    }
    world.post(&doctor, "/invitations", &body).await.ok();
}

#[tokio::test]
async fn custody_can_be_passed_to_a_verified_account() {
    let world = World::new().await;
    let (doctor, patient) = (world.doctor().await, world.patient().await);
    let (mut made, ..) = in_custody(&world, &doctor).await;
    made.knows(&patient);
    let grant = ids::GrantId::random(&mut rng());
    let recipient = AccountRecipient::current(&patient.chain);
    let entry = made.append(world.now(), &doctor, Change::Custody(Custody { grant, recipient }));
    let wrap = made.wrap(&made.content[&1], made.place(1, 0), made.state.grant(&grant).unwrap());
    let body = api_types::grants::CreateGrant { entry: blob(&entry), wraps: vec![wrap], sealed_seed: None };
    world.post(&doctor, &format!("/reports/{}/grants", made.id), &body).await.ok();
    let mine: ReportList = world.get(&patient, "/reports").await.json();
    assert_eq!((mine.items[0].owner, mine.items[0].grant.id), (patient.id, GrantId(grant.0)));
    let theirs: ReportList = world.get(&doctor, "/reports").await.json();
    assert_eq!(theirs.items[0].grant.right, WireRight::Reshare);
}

#[tokio::test]
async fn custody_passes_to_no_doctor() {
    let world = World::new().await;
    let (doctor, colleague) = (world.doctor().await, world.doctor().await);
    let (mut made, ..) = in_custody(&world, &doctor).await;
    made.knows(&colleague);
    let grant = ids::GrantId::random(&mut rng());
    let recipient = AccountRecipient::current(&colleague.chain);
    let entry = made.append(world.now(), &doctor, Change::Custody(Custody { grant, recipient }));
    let wrap = made.wrap(&made.content[&1], made.place(1, 0), made.state.grant(&grant).unwrap());
    let body = api_types::grants::CreateGrant { entry: blob(&entry), wraps: vec![wrap], sealed_seed: None };
    let answer = world.post(&doctor, &format!("/reports/{}/grants", made.id), &body).await;
    assert_eq!(answer.code(), ErrorCode::InvalidField);
}
