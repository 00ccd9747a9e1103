//! Access codes: tries, time, sessions, resealing.

use api_types::{
    ErrorCode,
    accounts::{AccountStatus, Role},
    grants::{GrantList, GrantState, RedeemChallenge, RedeemGrant, Redeemed, StoreGrantSeed},
    live::LiveKind,
    reports::ReportList,
};
use crypto::{
    grant::{CodeKeys, CodeProof, open_code_seed, reseal_grant_seed},
    ids,
    report::Recipient,
};

use crate::{
    live::Told,
    sealing::{Made, code_grant},
    world::{Person, World, rng},
};

struct Shared {
    world: World,
    made: Made,
    patient: Person,
    doctor: Person,
    id: ids::GrantId,
    recipient: Recipient,
    keys: CodeKeys,
}

async fn shared() -> Shared {
    let world = World::new().await;
    let (author, patient, doctor) = (world.doctor().await, world.patient().await, world.doctor().await);
    let mut made = world.report(&author, &patient, &[]).await;
    made.knows(&doctor);
    let (grant, seed, keys) = code_grant(world.now(), &made, &doctor);
    let (id, recipient) = (grant.id, grant.recipient.clone());
    let told = Told::from_now(&world.state, doctor.id).await;
    let body = made.share(world.now(), &patient, grant, Some(seed));
    world.post(&patient, &format!("/reports/{}/grants", made.id), &body).await.ok();
    assert_eq!(told.kinds(&world.state).await, [LiveKind::ShareArrived]);
    Shared { world, made, patient, doctor, id, recipient, keys }
}

impl Shared {
    async fn challenge(&self) -> RedeemChallenge {
        self.world.post(&self.doctor, &format!("/grants/{}/challenge", self.id), &()).await.json()
    }

    fn proof(&self, challenge: &RedeemChallenge, keys: &CodeKeys) -> RedeemGrant {
        let bytes: [u8; 32] = challenge.challenge.0.clone().try_into().unwrap();
        let session = ids::SessionId(self.doctor.session.0);
        let proof = CodeProof::for_grant(ids::Hash32(bytes), self.id, &self.recipient, &self.doctor.chain, session);
        RedeemGrant { challenge: challenge.challenge.clone(), signature: keys.prove(proof.unwrap()).as_bytes().into() }
    }

    async fn redeem(&self, body: &RedeemGrant) -> crate::world::Answer {
        self.world.post(&self.doctor, &format!("/grants/{}/redeem", self.id), body).await
    }

    async fn wrong(&self) -> api_types::Problem {
        let challenge = self.challenge().await;
        self.redeem(&self.proof(&challenge, &CodeKeys::from_bytes(&[9; 64]).unwrap())).await.problem()
    }

    async fn store(&self, seed: Vec<u8>) -> crate::world::Answer {
        let body = StoreGrantSeed { seed: seed.into() };
        self.world.put(&self.doctor, &format!("/grants/{}/seed", self.id), &body).await
    }

    async fn state(&self) -> GrantState {
        let path = format!("/reports/{}/grants", self.made.id);
        self.world.get(&self.patient, &path).await.json::<GrantList>().items[0].state
    }
}

#[tokio::test]
async fn the_right_code_opens_and_the_seed_makes_it_live() {
    let s = shared().await;
    let waiting: GrantList = s.world.get(&s.doctor, "/grants").await.json();
    assert_eq!((waiting.items[0].state, waiting.items[0].tries_left), (GrantState::Pending, Some(5)));
    assert!(s.world.get(&s.doctor, "/reports").await.json::<ReportList>().items.is_empty());
    assert_eq!(s.store(vec![1]).await.code(), ErrorCode::Forbidden, "the code comes first");

    let challenge = s.challenge().await;
    assert_eq!((challenge.tries_left, challenge.entries.len()), (5, 3));
    let answer: Redeemed = s.redeem(&s.proof(&challenge, &s.keys)).await.json();
    let report = ids::ReportId(s.made.id.0);
    let seed = open_code_seed(&report, &s.id, &s.recipient, &s.doctor.keyring, &s.keys, &answer.sealed_seed.0).unwrap();
    // The answer may be lost: until the seed is stored the code can be proved again.
    let challenge = s.challenge().await;
    s.redeem(&s.proof(&challenge, &s.keys)).await.ok();

    let told = Told::from_now(&s.world.state, s.patient.id).await;
    let resealed = reseal_grant_seed(&s.doctor.ak, &s.doctor.chain.account(), &s.id, &seed, &mut rng());
    s.store(resealed.clone()).await.ok();
    // As after a new account key: the one before is gone from everywhere.
    let resealed = reseal_grant_seed(&s.doctor.ak, &s.doctor.chain.account(), &s.id, &seed, &mut rng());
    s.store(resealed.clone()).await.ok();
    s.store(resealed.clone()).await.ok();
    assert_eq!(told.kinds(&s.world.state).await, [LiveKind::ReportChanged, LiveKind::ShareRedeemed]);
    let list: ReportList = s.world.get(&s.doctor, "/reports").await.json();
    assert_eq!(list.items[0].grant.seed.as_ref().map(|s| &s.0), Some(&resealed));
    assert!(s.world.get(&s.doctor, "/grants").await.json::<GrantList>().items.is_empty());
    assert_eq!(s.world.post(&s.doctor, &format!("/grants/{}/challenge", s.id), &()).await.code(), ErrorCode::Conflict);
    assert_eq!(s.state().await, GrantState::Live);
}

#[tokio::test]
async fn five_wrong_codes_lock() {
    let s = shared().await;
    for left in [4, 3, 2, 1] {
        let problem = s.wrong().await;
        assert_eq!((problem.code, problem.tries_left), (ErrorCode::WrongCode, Some(left)));
    }
    assert_eq!(s.wrong().await.code, ErrorCode::CodeLocked);
    let path = format!("/grants/{}/challenge", s.id);
    assert_eq!(s.world.post(&s.doctor, &path, &()).await.code(), ErrorCode::CodeLocked);
    assert_eq!(s.state().await, GrantState::Locked);
    let waiting: GrantList = s.world.get(&s.doctor, "/grants").await.json();
    assert_eq!((waiting.items[0].state, waiting.items[0].tries_left), (GrantState::Locked, Some(0)));
    let told = Told::from_now(&s.world.state, s.patient.id).await;
    let again = format!("/grants/{}/request-again", s.id);
    s.world.post(&s.doctor, &again, &()).await.ok();
    assert_eq!(told.kinds(&s.world.state).await, [LiveKind::CodeRequested]);
    assert_eq!(s.world.post(&s.doctor, &again, &()).await.code(), ErrorCode::Throttled);
}

#[tokio::test]
async fn tries_at_the_same_time_are_all_counted() {
    let s = shared().await;
    let wrong = CodeKeys::from_bytes(&[9; 64]).unwrap();
    for _ in 0..5 {
        let challenge = s.challenge().await;
        let body = s.proof(&challenge, &wrong);
        // One challenge is one try, however often it is sent.
        let (a, b, c) = tokio::join!(s.redeem(&body), s.redeem(&body), s.redeem(&body));
        let codes = [a.code(), b.code(), c.code()];
        let counted = |code: &&ErrorCode| matches!(code, ErrorCode::WrongCode | ErrorCode::CodeLocked);
        assert!(codes.iter().filter(counted).count() >= 1, "{codes:?}");
    }
    assert_eq!(s.state().await, GrantState::Locked);
}

#[tokio::test]
async fn a_challenge_is_good_once_for_a_minute_and_for_its_session() {
    let s = shared().await;
    let challenge = s.challenge().await;
    let body = s.proof(&challenge, &s.keys);
    s.redeem(&body).await.ok();
    assert_eq!(s.redeem(&body).await.code(), ErrorCode::Gone);
    let challenge = s.challenge().await;
    s.world.state.clock.advance(60_001);
    assert_eq!(s.redeem(&s.proof(&challenge, &s.keys)).await.code(), ErrorCode::Gone);
    let old = s.challenge().await;
    let _new = s.challenge().await;
    assert_eq!(s.redeem(&s.proof(&old, &s.keys)).await.code(), ErrorCode::Gone);
    assert_eq!(s.state().await, GrantState::Pending, "none of these counted as a wrong code");
}

#[tokio::test]
async fn an_expired_share_says_so() {
    let s = shared().await;
    let challenge = s.challenge().await;
    s.redeem(&s.proof(&challenge, &s.keys)).await.ok();
    s.world.state.clock.advance(api_types::limits::SHARE_DEFAULT_MS + 1);
    assert_eq!(s.store(vec![1]).await.code(), ErrorCode::ShareExpired);
    let path = format!("/grants/{}/challenge", s.id);
    assert_eq!(s.world.post(&s.doctor, &path, &()).await.code(), ErrorCode::ShareExpired);
    assert_eq!(s.state().await, GrantState::Expired);
    s.world.post(&s.doctor, &format!("/grants/{}/request-again", s.id), &()).await.ok();
}

#[tokio::test]
async fn a_revoked_code_opens_nothing_and_makes_no_re_key_due() {
    let mut s = shared().await;
    let challenge = s.challenge().await;
    let body = s.made.revocation(s.world.now(), &s.patient, s.id);
    let path = format!("/reports/{}/grants/{}/revoke", s.made.id, s.id);
    s.world.post(&s.patient, &path, &body).await.ok();
    assert_eq!(s.redeem(&s.proof(&challenge, &s.keys)).await.code(), ErrorCode::Gone);
    assert!(!s.world.get(&s.patient, "/reports").await.json::<ReportList>().items[0].rekey_pending);
    assert!(s.world.get(&s.doctor, "/grants").await.json::<GrantList>().items.is_empty());
}

#[tokio::test]
async fn a_share_waits_for_its_recipient_alone() {
    let s = shared().await;
    let stranger = s.world.doctor().await;
    let pending = s.world.person(Role::Doctor, AccountStatus::Pending).await;
    let path = format!("/grants/{}/challenge", s.id);
    assert_eq!(s.world.post(&stranger, &path, &()).await.code(), ErrorCode::NotFound);
    assert_eq!(s.world.post(&s.patient, &path, &()).await.code(), ErrorCode::NotFound);
    assert_eq!(s.world.post(&pending, &path, &()).await.code(), ErrorCode::AccountPending);
}
